"""Links to the source: only to an editor, never to a script."""

import pytest

from flasktrace.trace.options import OptionError, Options
from flasktrace.trace.show.editor import Editor
from tests.trace.samples import cart


def test_a_link_names_file_and_line() -> None:
    editor = Editor("vscode://file/{path}:{line}")

    assert editor.link("/app/a b?#.py", 12) == "vscode://file//app/a%20b%3F%23.py:12"
    assert editor.link("C:\\app\\x.py", 1) == "vscode://file/C:\\app\\x.py:1"
    assert editor.link('"><script>', "7;x") == "vscode://file/%22%3E%3Cscript%3E:1"
    assert editor.link("<stdin>", 1) == editor.link(None, 1) == editor.link("", 1) == ""
    assert editor.spans(cart())[1] == "vscode://file//app/shop.py:41"


def test_without_a_pattern_there_are_no_links() -> None:
    assert Editor().link("/app/x.py", 1) == ""
    assert Editor().spans(cart()) == {}


@pytest.mark.parametrize(
    "pattern",
    ["javascript:{path}", "JavaScript:{path}", "data:{path}", "{path}", "vscode://x"],
)
def test_what_is_no_editor_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="vscode"):
        Editor(pattern)
    with pytest.raises(OptionError, match="vscode"):
        Options.of({"editor": pattern}, {})


def test_replay_is_off_safe_or_all() -> None:
    told = [Options.of({"replay": value}, {}).replay for value in (None, "0", True, "1", "ALL")]

    assert told == ["", "", "safe", "safe", "all"]
