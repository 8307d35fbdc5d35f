"""The pytest plugin: prints the traces of a failing test's requests, and gives them to tests.

It does nothing unless ``--flasktrace`` is given or a test asks for the fixture ``traces``, and
imports nothing of flasktrace before that: plugins are imported before coverage is measured.
"""

from argparse import ArgumentTypeError
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flasktrace.trace.everywhere import Everywhere
    from flasktrace.trace.traces import Traces

_KEY = pytest.StashKey["Watch"]()
_MODES = ("failed", "all")
_TITLE = "flasktrace"
_WIDEST = 100


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("flasktrace")
    group.addoption(
        "--flasktrace",
        nargs="?",
        const="failed",
        type=_mode,
        metavar="failed|all",
        help="Print the trace of each request of the tests that fail (or of all tests).",
    )


def _mode(text: str) -> str:
    if text in _MODES:
        return text
    # An option whose value may be left out takes a path that follows it.
    message = f"{text!r} is none of failed, all; before a path write --flasktrace=failed"
    raise ArgumentTypeError(message)


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch when asked to."""
    watch = config.stash[_KEY] = Watch(config, config.getoption("--flasktrace"))
    if watch.mode == "all":
        config.pluginmanager.register(Printer(config))


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
    with watch.everywhere.collect() as found:
        watch.traces = found
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
        report.sections.append((_TITLE, watch.text()))
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
        for text in (text for title, text in report.sections if title == _TITLE):
            terminal.write_line("")
            terminal.write_sep("-", f"{_TITLE} {report.nodeid}")
            terminal.write_line(text)


@pytest.fixture
def traces(request: pytest.FixtureRequest) -> Generator["Traces", None, None]:
    """Return the traces of this test's requests: list-like, with ``last`` and ``find``."""
    watch = request.config.stash[_KEY]
    if watch.traces is not None:
        yield watch.traces
        return
    with watch.everywhere.collect() as found:  # asked for by getfixturevalue, while the test runs
        yield found


class Watch:
    """What is watched in this run of pytest."""

    def __init__(self, config: pytest.Config, mode: str | None) -> None:
        self.mode = mode
        self._config = config
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

        width = min(self._config.get_terminal_writer().fullwidth, _WIDEST)
        return "\n".join(render(tree(item), width=width) for item in self.traces or ())

    def stop(self) -> None:
        """Leave all apps as they were."""
        if self._everywhere is not None:
            self._everywhere.stop()


def _is_due(mode: str, report: pytest.TestReport) -> bool:
    return mode == "all" and report.when == "call"
