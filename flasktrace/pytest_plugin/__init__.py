"""The pytest plugin: prints the traces of tests, gives them to tests, holds budgets.

It does nothing unless an option of it is given, a test has the marker ``trace_budget`` or asks for
a fixture of it, and imports nothing of flasktrace before that: plugins are imported before coverage
is measured.
"""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

from flasktrace.pytest_plugin.settings import MARKER, Settings, add_options
from flasktrace.pytest_plugin.watch import KEY, TITLE, Watch

if TYPE_CHECKING:
    from flasktrace.trace.model import Trace
    from flasktrace.trace.traces import Traces

_MARKER_HELP = (
    "trace_budget(ms=None, sql=None, spans=None): no request of the test may take more than *ms* "
    "milliseconds, *sql* queries or *spans* spans."
)
_FIXTURES = {"traces", "assert_lifecycle"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and the same for the ini file."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch when asked to."""
    config.addinivalue_line("markers", _MARKER_HELP)
    settings = Settings.of(config)
    watch = config.stash[KEY] = Watch(config, settings)
    if settings.prints_passing:
        config.pluginmanager.register(Printer(config))
    if settings.keeps_run:
        from flasktrace.pytest_plugin.reporter import Reporter

        config.pluginmanager.register(Reporter(config, settings, watch))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave everything as it was."""
    watch = config.stash.get(KEY, None)
    if watch is not None:
        watch.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Collect the traces of a test, its fixtures included."""
    watch = item.config.stash[KEY]
    watch.begin(item.nodeid)
    wanted = watch.settings.watches or not _FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
    if not wanted and item.get_closest_marker(MARKER) is None:
        return (yield)
    with watch.everywhere.collect() as found:
        watch.traces = found
        try:
            return (yield)
        finally:
            watch.traces = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test that passed, but whose requests went over their budget."""
    watch, marker = item.config.stash[KEY], item.get_closest_marker(MARKER)
    if marker is None or watch.traces is None:
        return (yield)
    before = {trace.id for trace in watch.traces}
    result = yield
    from flasktrace.pytest_plugin.budget import Budget

    made = [trace for trace in watch.traces if trace.id not in before]
    complaint = Budget.of(marker).complaint(made, watch.width)
    if complaint:
        watch.told |= {trace.id for trace in made}
        pytest.fail(complaint, pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, Any, Any]:
    """Add the traces to the report of a test that failed, or is slow."""
    report: pytest.TestReport = yield
    watch = item.config.stash[KEY]
    if call.excinfo is not None and type(call.excinfo.value) is AssertionError:
        watch.told.add(getattr(call.excinfo.value, "flasktrace_shown", ""))
    if watch.traces is not None and watch.settings.watches:
        watch.add_to(report)
    return report


class Printer:
    """Prints the traces of tests that passed; pytest itself prints those of the others."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Print the traces below the line of the test."""
        terminal: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is None or not report.passed or report.when != "call":
            return
        for text in (text for title, text in report.sections if title == TITLE):
            terminal.write_line("")
            terminal.write_sep("-", f"{TITLE} {report.nodeid}")
            terminal.write_line(text)


@pytest.fixture
def traces(request: pytest.FixtureRequest) -> Generator["Traces", None, None]:
    """Return the traces of this test's requests: list-like, with ``last`` and ``find``."""
    watch = request.config.stash[KEY]
    if watch.traces is not None:
        yield watch.traces
        return
    with watch.everywhere.collect() as found:  # asked for by getfixturevalue, while the test runs
        yield found


@pytest.fixture
def assert_lifecycle(request: pytest.FixtureRequest) -> "Callable[..., None]":
    """Return ``assert_lifecycle(trace, name="")``: the trace's lifecycle is the stored one."""
    from flasktrace.pytest_plugin.snapshots import Snapshots

    settings = request.config.stash[KEY].settings
    snapshots = Snapshots(request.path, request.node.nodeid, update=settings.update)

    def check(trace: "Trace", name: str = "") -> None:
        __tracebackhide__ = True
        snapshots.check(trace, name)

    return check
