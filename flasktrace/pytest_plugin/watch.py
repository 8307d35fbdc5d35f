"""What is watched in one run of pytest."""

from typing import TYPE_CHECKING

import pytest

from flasktrace.pytest_plugin.entry import line
from flasktrace.pytest_plugin.settings import Settings

if TYPE_CHECKING:
    from flasktrace.trace.everywhere import Everywhere
    from flasktrace.trace.model import Trace
    from flasktrace.trace.traces import Traces

KEY = pytest.StashKey["Watch"]()
TITLE = "flasktrace"
_WIDEST = 100
_LONGEST = 2000
"""Characters of a property of JUnit."""


class Watch:
    """Collects the traces of the running test and puts them into its reports."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.settings = settings
        self._config = config
        #: The running test.
        self.test = ""
        #: The traces of the running test; None when nobody asked for them.
        self.traces: Traces | None = None
        #: Ids of the traces that the report shows elsewhere.
        self.told: set[str] = set()
        self._everywhere: Everywhere | None = None

    @property
    def everywhere(self) -> "Everywhere":
        """What watches the apps; made when it is first needed."""
        if self._everywhere is None:
            from flasktrace.trace.everywhere import Everywhere

            self._everywhere = Everywhere(lambda: self.test)
        return self._everywhere

    @property
    def watched(self) -> "Everywhere | None":
        """What watches the apps; None when nothing was needed so far."""
        return self._everywhere

    @property
    def width(self) -> int:
        """Cells of a tree."""
        return min(self._config.get_terminal_writer().fullwidth, _WIDEST)

    def begin(self, test: str) -> None:
        """Turn to the test with the id *test*."""
        self.test = test
        self.told.clear()

    def add_to(self, report: pytest.TestReport) -> None:
        """Put into *report* what was asked for: trees, and properties for JUnit."""
        shown = [trace for trace in self._due(report) if trace.id not in self.told]
        if shown:
            report.sections.append((TITLE, self._text(shown)))
        if self.settings.junit and report.when == "teardown":
            report.user_properties += [(TITLE, _sentence(trace)) for trace in self.traces or ()]

    def _due(self, report: pytest.TestReport) -> "list[Trace]":
        """Return the traces that are to be printed with *report*."""
        mode, called = self.settings.mode, report.when == "call"
        wanted = mode is not None and (report.failed or (called and mode in {"all", "slow"}))
        found = list(self.traces or ()) if wanted else []
        if report.failed or mode == "all":
            return found
        return [trace for trace in found if trace.duration_ns >= self.settings.slow_ns]

    def _text(self, traces: "list[Trace]") -> str:
        from flasktrace.trace.show.terminal import render, tree

        return "\n".join(render(tree(item), width=self.width) for item in traces)

    def stop(self) -> None:
        """Leave all apps as they were."""
        if self._everywhere is not None:
            self._everywhere.stop()


def _sentence(trace: "Trace") -> str:
    """Return the request and why it was answered so, as one line."""
    from flasktrace.trace.show.sanitize import clean

    return f"{line(trace)}: {clean(trace.verdict)}"[:_LONGEST]
