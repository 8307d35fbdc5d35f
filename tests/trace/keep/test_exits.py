"""Processes that end without what atexit knows."""

import os
import socketserver

from flasktrace.trace.keep import exits
from tests.trace.keep.processes import exit_code, forked


def test_a_usual_process_ends_in_order():
    assert not exits.comes_suddenly()


def test_a_forked_one_may_go_on_for_long():
    def work():
        assert not exits.comes_suddenly()

    assert exit_code(forked(work)) == 0


def test_one_forked_for_a_connection_is_known_by_whoever_serves_it():
    told, tell = os.pipe()

    class Server(socketserver.ForkingMixIn, socketserver.BaseServer):
        block_on_close = True

        def finish_request(self, request, client_address):
            os.write(tell, b"yes" if exits.comes_suddenly() else b"no")

        def shutdown_request(self, request):
            """There is no connection."""

    server = Server(("", 0), None)
    server.process_request(None, ("", 0))
    server.server_close()

    assert os.read(told, 3) == b"yes"
    assert not exits.comes_suddenly()
    os.close(told)
    os.close(tell)


def test_nothing_is_registered_in_a_process_that_nobody_else_ends():
    from multiprocessing import util

    before = len(util._finalizer_registry)

    exits.watch(print)

    assert len(util._finalizer_registry) == before
