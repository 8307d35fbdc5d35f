"""One HTML page with the traces of a run: no scripts, nothing from elsewhere."""

import os
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from flasktrace.pytest_plugin.entry import Entry
from flasktrace.trace.show.sanitize import clean

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 80rem; padding: 0 1rem }
h2 { font-size: 1rem; margin: 1.5rem 0 .3rem; overflow-wrap: anywhere }
.failed { color: light-dark(#b3001b, #ff8f8f) }
summary { cursor: pointer; overflow-wrap: anywhere }
summary span { opacity: .75; display: block; padding-left: 1.1rem }
pre { font: 12.5px/1.35 ui-monospace, monospace; overflow-x: auto; padding: .8rem;
  border: 1px solid light-dark(#ccc, #444); border-radius: .3rem }
"""


def write(
    path: Path, tests: Mapping[str, Sequence[Entry]], outcomes: Mapping[str, str], left: int
) -> None:
    """Write the page to *path*, readable by its owner alone; OSError when that cannot be.

    *tests* and *outcomes* are by the test's id; *left* requests are only counted.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.writelines(_page(tests, outcomes, left))


def _page(
    tests: Mapping[str, Sequence[Entry]], outcomes: Mapping[str, str], left: int
) -> Iterator[str]:
    count = sum(map(len, tests.values()))
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>flasktrace: the traces of a run</title><style>{_STYLE}</style></head><body>"
        f"<h1>The traces of a run</h1><p>Requests: {count}. Tests with requests: {len(tests)}.</p>"
    )
    for test, entries in tests.items():
        outcome = outcomes.get(test, "passed")
        kind = ' class="failed"' if outcome == "failed" else ""
        yield f"<h2{kind}>{_text(test)}: {_text(outcome)}</h2>"
        yield from map(_request, entries)
    if left:
        yield f"<p>… and {left} more requests that are not shown.</p>"
    yield "</body></html>\n"


def _request(item: Entry) -> str:
    head = f"{_text(item['line'])}<span>{_text(item['verdict'])}</span>"
    tree = escape(clean(item["tree"], multiline=True))
    return f"<details><summary>{head}</summary><pre>{tree}</pre></details>"


def _text(value: str) -> str:
    return escape(clean(value))
