"""Links that open a line of source in an editor on the reader's machine."""

import re
from urllib.parse import quote

from flasktrace.trace.model import Span, Trace

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_SCRIPTS = frozenset({"javascript", "data", "vbscript", "blob", "about", "http", "https", "ws"})
"""What would run or fetch something in the browser instead."""


class Editor:
    """Makes links by a *pattern* such as ``vscode://file/{path}:{line}``; without one, none.

    ValueError when the pattern is no address of another program.
    """

    def __init__(self, pattern: str = "") -> None:
        scheme = _SCHEME.match(pattern)
        if pattern and (not scheme or scheme[1].lower() in _SCRIPTS or "{path}" not in pattern):
            raise ValueError(
                f"editor={pattern!r} will not do: write an address with {{path}} and {{line}}, "
                "as vscode://file/{path}:{line}"
            )
        self.pattern = pattern

    def link(self, path: object, line: object = 1) -> str:
        """Return the link to *line* of the file *path*; empty when there is none to give."""
        if not self.pattern or not isinstance(path, str) or not path or path.startswith("<"):
            return ""
        number = line if isinstance(line, int) else 1
        quoted = quote(path, safe="/:\\", errors="replace")
        return self.pattern.replace("{path}", quoted).replace("{line}", str(number))

    def span(self, span: Span) -> str:
        """Return the link to the function that *span* ran."""
        attributes = span.attributes
        return self.link(attributes.get("code.file.path"), attributes.get("code.line.number"))

    def spans(self, trace: Trace) -> dict[int, str]:
        """Return the links of those spans that have one, by their ids."""
        if not self.pattern:
            return {}
        found = {span.id: self.span(span) for span in trace.spans}
        return {number: link for number, link in found.items() if link}
