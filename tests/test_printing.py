"""The rows that commands print."""

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
