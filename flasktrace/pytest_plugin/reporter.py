"""What is told of the run as a whole: the summary at its end, and the page."""

from typing import Any

import pytest

from flasktrace.pytest_plugin.entry import ATTRIBUTE, Entry, entry
from flasktrace.pytest_plugin.inventory import Inventory, add, inventory
from flasktrace.pytest_plugin.settings import Settings
from flasktrace.pytest_plugin.watch import TITLE, Watch

_SLOWEST = 5
_LISTED = 20
_MOST = 5000
"""Requests that are kept; of a longer run the later ones are only counted."""


class Reporter:
    """Gathers the requests of all tests, from all workers of xdist."""

    def __init__(self, config: pytest.Config, settings: Settings, watch: Watch) -> None:
        self._config = config
        self._settings = settings
        self._watch = watch
        self._inventory: Inventory = {}
        self._tests: dict[str, list[Entry]] = {}
        self._outcomes: dict[str, str] = {}
        self._used: set[tuple[str, str]] = set()
        self._requested: set[tuple[str, str]] = set()
        self._count = 0
        self._told = ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Any:
        """Put the requests of a test into its last report."""
        report = yield
        traces = self._watch.traces
        if report.when == "teardown" and traces:
            made = [entry(trace, tree=bool(self._settings.html)) for trace in traces]
            setattr(report, ATTRIBUTE, made)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the requests out of a report."""
        if report.when == "call" or report.outcome != "passed":
            self._outcomes[report.nodeid] = report.outcome
        for item in getattr(report, ATTRIBUTE, ()):
            self._count += 1
            self._used.update((item["app"], function) for function in item["functions"])
            self._requested.add((item["app"], item["endpoint"]))
            if self._count <= _MOST:
                self._tests.setdefault(report.nodeid, []).append(item)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what the apps of a worker of xdist have."""
        add(self._inventory, getattr(node, "workeroutput", {}).get(TITLE, {}))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Hand the inventory on, or write the page."""
        if self._watch.watched is not None:
            add(self._inventory, inventory(self._watch.watched.apps))
        output: Any = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[TITLE] = self._inventory

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the summary."""
        self._write_page()
        lines = [*self._summary()] if self._settings.summary else []
        if self._told or lines:
            terminalreporter.write_sep("=", f"{TITLE} summary")
        for line in (*lines, self._told):
            if line:
                terminalreporter.write_line(line)

    def pytest_unconfigure(self) -> None:
        """Write the page of a run that had no terminal."""
        if not hasattr(self._config, "workeroutput"):
            self._write_page()

    def _write_page(self) -> None:
        if not self._settings.html or self._told:
            return
        from flasktrace.pytest_plugin.page import write

        path = self._config.invocation_params.dir / self._settings.html
        kept = sum(map(len, self._tests.values()))
        try:
            write(path, self._tests, self._outcomes, left=self._count - kept)
        except OSError as error:
            self._told = f"The page {self._settings.html} could not be written: {error.strerror}."
        else:
            self._told = f"The traces of this run: {self._settings.html}"

    def _summary(self) -> list[str]:
        from flasktrace.trace.show import words

        tests = words.number(len(self._tests), "test")
        lines = [f"{words.number(self._count, 'request')} in {tests}."]
        lines += self._slowest()
        functions, endpoints = self._missed("functions"), self._missed("endpoints")
        lines += _listed("Hooks and error handlers that never ran:", functions)
        lines += _listed("Endpoints never requested:", endpoints)
        return lines

    def _slowest(self) -> list[str]:
        from flasktrace.trace.show.sanitize import clean

        every = [(item, test) for test, items in self._tests.items() for item in items]
        every.sort(key=lambda pair: -pair[0]["duration_ns"])
        lines = [f"  {item['line']}  in {clean(test)}" for item, test in every[:_SLOWEST]]
        return ["Slowest requests:", *lines] if lines else []

    def _missed(self, kind: str) -> list[str]:
        """Return what apps have and no test has used, with the app's name when there are more."""
        found = []
        for app, kinds in self._inventory.items():
            told = f", of {app}" if len(self._inventory) > 1 else ""
            for name in kinds[kind]:
                used = (
                    (app, name) in self._used
                    if kind == "functions"
                    else (app, name.partition(" ")[0]) in self._requested
                )
                if not used:
                    found.append(name + told)
        return found


def _listed(title: str, names: list[str]) -> list[str]:
    if not names:
        return []
    left = [f"  … and {len(names) - _LISTED} more"] if len(names) > _LISTED else []
    return [title, *(f"  {name}" for name in names[:_LISTED]), *left]
