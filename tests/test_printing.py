"""The rows that commands print."""

import re
from dataclasses import replace

import pytest

from flasktrace.cli.printing import line_printer, summary_printer
from tests.trace.samples import cart


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "180")


def test_the_process_is_named_as_soon_as_there_are_several(capsys):
    show = summary_printer()
    for pid in (71, 71, 72, 71):
        show(replace(cart(), pid=pid).summary())

    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[1] for row in rows] == ["GET", "GET", "72", "71"]


def test_a_row_of_a_server_leads_to_its_page(capsys):
    trace = cart()
    line_printer(lambda: "/watch")(trace)

    row = capsys.readouterr().out.rstrip()
    assert row.endswith(f"http://{trace.request.host}/watch/{trace.id[:8]}")


def test_a_terminal_is_told_once_what_the_bars_mean(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes what is captured for a terminal
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    show = summary_printer()
    for _ in range(2):
        show(cart().summary())

    first, *rows = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out).splitlines()
    assert first.startswith("▒push ▓preprocess ░match █dispatch ")
    assert first.rstrip().endswith("▒pop ─body")
    assert ["GET", "GET"] == [row.split()[1] for row in rows]
