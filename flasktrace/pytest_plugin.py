"""The pytest plugin: prints the traces of a failing test's requests, and gives them to tests.

It does nothing unless ``--flasktrace`` is given or a test asks for the fixture ``traces``, and
imports nothing of flasktrace before that: plugins are imported before coverage is measured.
"""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flasktrace.trace.everywhere import Everywhere
    from flasktrace.trace.traces import Traces

_KEY = pytest.StashKey["Watch"]()
_WIDTH = 100


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("flasktrace")
    group.addoption(
        "--flasktrace",
        nargs="?",
        const="failed",
        choices=("failed", "all"),
        help="Print the trace of each request of the tests that fail (or of all tests).",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch when asked to."""
    config.stash[_KEY] = Watch(config.getoption("--flasktrace"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave everything as it was."""
    watch = config.stash.get(_KEY, None)
    if watch is not None:
        watch.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Collect the traces of a test, its fixtures included."""
    watch = item.config.stash[_KEY]
    watch.test = item.nodeid
    if watch.mode is None and "traces" not in getattr(item, "fixturenames", ()):
        return (yield)
    with watch.everywhere.collect() as watch.traces:
        try:
            return (yield)
        finally:
            watch.traces = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Add the traces to the report of a test that failed."""
    report: pytest.TestReport = yield
    watch = item.config.stash[_KEY]
    if watch.mode and watch.traces and (report.failed or _is_due(watch.mode, report)):
        report.sections.append(("flasktrace", watch.text()))
    return report


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> None:
    """Print the traces of a test that passed, when all are asked for."""
    watch = config.stash.get(_KEY, None)
    if watch is None or watch.mode != "all" or not report.passed or report.when != "call":
        return
    for title, text in report.sections:
        if title == "flasktrace":
            watch.write(config, report.nodeid, text)


@pytest.fixture
def traces(request: pytest.FixtureRequest) -> "Traces":
    """Return the traces of this test's requests: list-like, with ``last`` and ``find``."""
    found: Traces = request.config.stash[_KEY].traces
    return found


class Watch:
    """What is watched in this run of pytest."""

    def __init__(self, mode: str | None) -> None:
        self.mode = mode
        #: The running test.
        self.test = ""
        #: The traces of the running test; None when nobody asked for them.
        self.traces: Traces | None = None
        self._everywhere: Everywhere | None = None

    @property
    def everywhere(self) -> "Everywhere":
        """What watches the apps; made when it is first needed."""
        if self._everywhere is None:
            from flasktrace.trace.everywhere import Everywhere

            self._everywhere = Everywhere(lambda: self.test)
        return self._everywhere

    def text(self) -> str:
        """Return the trees of the running test's traces."""
        from flasktrace.trace.show.terminal import render, tree

        return "\n".join(render(tree(item), width=_WIDTH) for item in self.traces or ())

    def write(self, config: pytest.Config, test: str, text: str) -> None:
        """Write the traces of a test that passed."""
        terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.write_line("")
            terminal.write_sep("-", f"flasktrace {test}")
            terminal.write_line(text)

    def stop(self) -> None:
        """Leave all apps as they were."""
        if self._everywhere is not None:
            self._everywhere.stop()


def _is_due(mode: str, report: pytest.TestReport) -> bool:
    return mode == "all" and report.when == "call"
