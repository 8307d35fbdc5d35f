from flasktrace.trace.record.guard import Guard


def test_errors_are_counted_by_part():
    guard = Guard()

    guard.failed("a", ValueError())
    guard.failed("a", ValueError())
    guard.failed("b", ValueError())

    assert guard.errors == {"a": 2, "b": 1}
    assert guard.off == set()


def test_ten_errors_within_a_minute_switch_a_part_off_and_say_so_once(caplog):
    guard = Guard(clock=lambda: 0.0)

    for _ in range(15):
        guard.failed("part", KeyError("secret"))

    assert guard.off == {"part"}
    assert len(caplog.messages) == 1
    assert "part failed 10 times within a minute" in caplog.text
    assert "secret" not in caplog.text


def test_ten_errors_in_a_longer_time_do_not():
    times = iter(range(0, 1000, 7))
    guard = Guard(clock=lambda: float(next(times)))

    for _ in range(15):
        guard.failed("part", ValueError())

    assert guard.off == set()
