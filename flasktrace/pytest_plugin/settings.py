"""What the plugin was asked to do: on the command line, else in the ini file."""

from argparse import ArgumentTypeError
from dataclasses import dataclass
from typing import Self

import pytest

MARKER = "trace_budget"
_MODES = ("failed", "slow", "all", "off")
_SLOW = 500.0
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}

_HELP = {
    "flasktrace": "Print the trace of each request of the tests that fail; with 'slow' also of "
    "requests that take long, with 'all' of all tests. 'off' overrides the ini file.",
    "flasktrace_slow": f"What 'slow' means, in milliseconds. [{_SLOW:.0f}] Implies "
    "--flasktrace=slow when no mode is given.",
    "flasktrace_html": "Write one page with the traces of the run.",
    "flasktrace_junit": "Add why each response was given to the properties in the JUnit file.",
    "flasktrace_summary": "At the end, tell the slowest requests, the hooks that no test has run "
    "and the endpoints that none has requested. Modes slow and all do so anyway.",
}


def add_options(parser: pytest.Parser) -> None:
    """Add all options; each but ``--flasktrace-update`` has an ini option of the same name."""
    add = parser.getgroup("flasktrace").addoption
    add(
        "--flasktrace",
        nargs="?",
        const="failed",
        type=_mode,
        metavar="failed|slow|all",
        help=_HELP["flasktrace"],
    )
    add("--flasktrace-slow", type=_milliseconds, metavar="MS", help=_HELP["flasktrace_slow"])
    add("--flasktrace-html", metavar="FILE", help=_HELP["flasktrace_html"])
    add("--flasktrace-junit", action="store_true", help=_HELP["flasktrace_junit"])
    add("--flasktrace-summary", action="store_true", help=_HELP["flasktrace_summary"])
    add(
        "--flasktrace-update",
        action="store_true",
        help="Store the lifecycles that assert_lifecycle sees, instead of comparing them.",
    )
    for name, text in _HELP.items():
        parser.addini(name, text, type="string", default="")


def _mode(text: str) -> str:
    if text in _MODES:
        return text
    # An option whose value may be left out takes a path that follows it.
    message = f"{text!r} is none of {', '.join(_MODES)}; before a path write --flasktrace=failed"
    raise ArgumentTypeError(message)


def _milliseconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ArgumentTypeError(f"{text!r} is no number of milliseconds, such as 250")
    return number


def _flag(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() in _TRUE


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one run."""

    mode: str | None
    """``failed``, ``slow``, ``all`` or None."""
    slow_ns: int
    """From which duration on a request is slow."""
    html: str
    """The file for the page; empty for none."""
    junit: bool
    summary: bool
    update: bool

    @classmethod
    def of(cls, config: pytest.Config) -> Self:
        """Return what *config* says; `pytest.UsageError` for an ini value that will not do."""
        given = config.getoption
        try:
            ini = {name: str(config.getini(name)).strip() for name in _HELP}
            slow = given("--flasktrace-slow")
            if slow is None and ini["flasktrace_slow"]:
                slow = _milliseconds(ini["flasktrace_slow"])
            mode = given("--flasktrace") or (_mode(ini["flasktrace"]) if ini["flasktrace"] else "")
            if not mode and given("--flasktrace-slow") is not None:
                mode = "slow"
            junit, summary = (
                given(f"--flasktrace-{name}") or _flag(ini[f"flasktrace_{name}"])
                for name in ("junit", "summary")
            )
        except ArgumentTypeError as error:
            raise pytest.UsageError(f"the ini file's flasktrace options: {error}") from None
        return cls(
            mode=None if mode in {"", "off"} else mode,
            slow_ns=int((_SLOW if slow is None else slow) * 1_000_000),
            html=str(given("--flasktrace-html") or ini["flasktrace_html"]),
            junit=junit,
            summary=summary or mode in {"slow", "all"},
            update=bool(given("--flasktrace-update")),
        )

    @property
    def prints_passing(self) -> bool:
        """Whether traces of tests that pass are printed."""
        return self.mode in {"slow", "all"}

    @property
    def keeps_run(self) -> bool:
        """Whether something is told of the run as a whole."""
        return bool(self.html) or self.summary

    @property
    def watches(self) -> bool:
        """Whether the requests of every test are traced."""
        return self.mode is not None or self.junit or self.keeps_run
