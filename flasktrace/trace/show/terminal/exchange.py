"""What was sent and what was answered."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from flasktrace.trace.show import words
from flasktrace.trace.show.sanitize import clean
from flasktrace.trace.show.terminal.sheet import Sheet
from flasktrace.trace.show.terminal.text import cell, one_row, row_of, safe

_HEADERS = 8  # headers shown of a request or a response
_BODY_LINES = 6


def exchange_rows(sheet: Sheet) -> Iterator[Text]:
    """Yield what was sent and what was answered."""
    request, response = sheet.trace.request, sheet.trace.response
    sent = f"{request.http_version} from {request.remote_addr or 'unknown'}"
    read = f"{words.size(request.bytes_read)} of the body read"
    yield from _section(sheet, "request", (sent, read), request.headers, request.body)
    answer = words.status(response.status, response.reason)
    told = any(span.kind == "body" for span in sheet.trace.spans)
    body = words.size(response.bytes) if told else words.body_sentence(response)
    yield from _section(sheet, "response", (answer, body), response.headers, response.body)


def _section(
    sheet: Sheet,
    name: str,
    facts: Sequence[str],
    headers: Sequence[tuple[str, str]],
    body: str | None,
) -> Iterator[Text]:
    yield from sheet.rows(cell(safe(name, "bold"), 10), safe(", ".join(facts)))
    column = min(max((cell_len(clean(key)) for key, _ in headers), default=0), 24) + 2
    for key, value in headers[:_HEADERS]:
        label = cell(safe(key, "dim"), column)
        yield one_row(row_of("  ", label, safe(value)), sheet.width)
    if len(headers) > _HEADERS:
        more = words.number(len(headers) - _HEADERS, "more header")
        yield from sheet.paragraph(safe(more, "dim"), indent=2)
    for text in (body or "").splitlines()[:_BODY_LINES]:
        yield one_row(row_of(safe("  │ ", "dim"), safe(text.expandtabs(4))), sheet.width)
