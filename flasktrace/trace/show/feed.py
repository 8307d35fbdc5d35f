"""The live feed: new summaries as server-sent events."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from flasktrace.trace.model import Page, Summary
from flasktrace.trace.query import Query
from flasktrace.trace.show.pace import Pace, Source
from flasktrace.trace.show.row import row

PAUSE = 0.25
"""Seconds between two looks at the store."""
HEARTBEAT = 15
"""Seconds of silence after which a comment goes out, so that a gone client is noticed."""
LONGEST = 600
"""Seconds after which a stream ends; the browser comes back by itself."""
MOST = 60
"""Summaries in one message, and in a second; what came beside them is counted in the message."""
RETRY = "retry: 2000\n\n"
_STREAMS = 4


class Feed:
    """Makes the streams of one process; *clock* and *sleep* work in seconds."""

    def __init__(
        self,
        source: Source,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = source
        self._clock = clock
        self._sleep = sleep
        self._open = 0
        #: What is usual for each endpoint.
        self.pace = Pace(source)

    def stream(self, cursor: int | None, query: Query | None, *, once: bool) -> Iterator[str]:
        """Yield events from *cursor* on; *once* sends what there is and ends."""
        yield RETRY
        self._open += 1
        try:
            # Each open stream holds a thread of the server, and the traced app needs some too.
            only_once = once or self._open > _STREAMS
            yield from self._messages(self._known(cursor), query, 0 if only_once else LONGEST)
        finally:
            self._open -= 1

    def _known(self, cursor: int | None) -> int | None:
        """Return *cursor*; None when the store has been emptied since and counts from 0 again."""
        now = self._source.since(None, 1).next
        return None if cursor is None or now is None or cursor > now else cursor

    def _messages(self, cursor: int | None, query: Query | None, seconds: float) -> Iterator[str]:
        begin = last = self._clock()
        while True:
            pause = PAUSE
            page = self._source.since(cursor, MOST, query)
            if page.next != cursor:
                cursor, message = self._message(page, cursor, query)
                last = self._clock()
                # Rows cost the browser and the app's process: many are rarer.
                pause = max(PAUSE, len(page.summaries) / MOST)
                yield message
            elif self._clock() - last >= HEARTBEAT:
                last = self._clock()
                yield ": still here\n\n"
            if self._clock() - begin >= seconds:
                return
            self._sleep(pause)

    def _message(
        self, page: Page, before: int | None, query: Query | None
    ) -> tuple[int | None, str]:
        """Return the cursor to go on with and the event; one without data still moves the id."""
        if not page.summaries:
            return page.next, f"id: {page.next}\n\n"
        cursor, shown, unseen = page.next, page.summaries, 0
        if len(shown) >= MOST:
            end = self._source.since(None, 1).next or 0
            if query is None:  # then the newest are at hand
                shown = self._source.since(max(end - MOST, before or 0), MOST).summaries
            cursor, unseen = end, end - (before or 0) - len(shown)
        self.pace.look()
        # What did not come may not have fitted, either: with a query its number is not known.
        data = {
            "traces": [live(item, self.pace.usual(item)) for item in shown],
            "skipped": unseen > 0,
            "unseen": None if query else unseen,
        }
        return cursor, f"id: {cursor}\nevent: traces\ndata: {json.dumps(data)}\n\n"


def live(item: Summary, usual: int | None = None) -> dict[str, Any]:
    """Return a summary with the words of its row, which the browser shows as they are."""
    return item.to_dict() | {"row": row(item, usual)}
