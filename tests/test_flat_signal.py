"""A flat signal does what blinker's does, only faster."""

import gc
import weakref

import pytest
from blinker import ANY, NamedSignal

from flasktrace.flat_signal import FlatSignal


class Sender:
    pass


@pytest.fixture(params=[NamedSignal, FlatSignal])
def signal(request):
    return request.param("tested")


def test_receivers_get_the_sender_and_the_arguments(signal):
    sender, seen = Sender(), []

    def receiver(sender, **given):
        seen.append((sender, given))
        return "done"

    signal.connect(receiver)

    assert [(receiver, "done")] == signal.send(sender, a=1)
    assert [(receiver, "done")] == signal.send(sender, a=2)
    assert [(sender, {"a": 1}), (sender, {"a": 2})] == seen


def test_a_receiver_of_one_sender_is_not_called_for_another(signal):
    sender, seen = Sender(), []
    signal.connect(seen.append, sender=sender, weak=False)
    for _ in range(2):
        signal.send(Sender())
        signal.send(sender)

    assert [sender, sender] == seen


def test_a_new_sender_at_an_old_address_is_another_sender(signal):
    seen = []
    signal.connect(lambda sender: seen.append("any"), sender=ANY, weak=False)
    for _ in range(50):
        sender = Sender()
        signal.connect(lambda sender: seen.append("own"), sender=sender, weak=False)
        signal.send(sender)
        del sender
    seen.clear()
    signal.send(Sender())

    assert ["any"] == seen


def test_connecting_and_disconnecting_count_from_the_next_send_on(signal):
    sender, seen = Sender(), []

    def one(sender):
        seen.append("one")

    def two(sender):
        seen.append("two")

    signal.connect(one)
    signal.send(sender)
    signal.connect(two)
    signal.send(sender)
    signal.disconnect(one)
    signal.send(sender)

    assert ["one", "one", "two", "two"] == [seen[0], *sorted(seen[1:3]), seen[3]]


def test_a_receiver_held_weakly_is_not_kept_alive(signal):
    class Receiver:
        def method(self, sender):
            seen.append("called")

    seen, sender, receiver = [], Sender(), Receiver()
    signal.connect(receiver.method)
    signal.send(sender)
    alive = weakref.ref(receiver)
    del receiver
    gc.collect()
    signal.send(sender)

    assert None is alive()
    assert ["called"] == seen


def test_a_sender_is_not_kept_alive(signal):
    sender = Sender()
    signal.connect(lambda sender: None, weak=False)
    signal.send(sender)
    alive = weakref.ref(sender)
    del sender
    gc.collect()

    assert None is alive()


def test_a_muted_signal_calls_nobody(signal):
    sender, seen = Sender(), []
    signal.connect(seen.append, weak=False)
    signal.send(sender)
    with signal.muted():
        signal.send(sender)

    assert [sender] == seen


def test_a_sender_may_be_missing(signal):
    seen = []
    signal.connect(seen.append, weak=False)
    signal.send()

    assert [None] == seen


def test_an_exception_of_a_receiver_goes_on(signal):
    def receiver(sender):
        raise LookupError("from the receiver")

    signal.connect(receiver)

    with pytest.raises(LookupError, match="from the receiver"):
        signal.send(Sender())


def test_coroutine_functions_are_refused_as_blinker_refuses_them(signal):
    async def receiver(sender):
        pass

    signal.connect(receiver)

    with pytest.raises(RuntimeError):
        signal.send(Sender())


def test_a_coroutine_function_may_be_wrapped(signal):
    async def receiver(sender):
        pass

    signal.connect(receiver)
    sender = Sender()

    for _ in range(2):
        found = signal.send(sender, _async_wrapper=lambda function: lambda sender: "wrapped")
        assert [(receiver, "wrapped")] == found


def test_a_wrapper_for_coroutine_functions_is_nothing_for_others(signal):
    seen = []
    signal.connect(lambda sender, **given: seen.append(given), weak=False)
    sender = Sender()
    for _ in range(2):
        signal.send(sender, _async_wrapper=None, a=1)

    assert [{"a": 1}, {"a": 1}] == seen


def test_of_a_sender_that_is_gone_nothing_is_remembered():
    signal, sender = FlatSignal("tested"), Sender()
    signal.connect(lambda sender: None, weak=False)
    signal.send(sender)
    assert 1 == len(signal.known) == len(signal._senders)
    del sender
    gc.collect()

    assert {} == signal.known == signal._senders
