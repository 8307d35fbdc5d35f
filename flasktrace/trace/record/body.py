"""The body of a response on its way to the server, and of a request on its way to the app."""

from collections.abc import Iterable, Iterator
from typing import Any

from flasktrace.trace.record.recording import CURRENT, OpenSpan, Recording


class Body:
    """Hands on what the app returned, chunk by chunk, and notes when and how much.

    A class and not a generator: the server may call ``close`` before the first chunk, and the
    app's own ``close`` must run then too.
    """

    def __init__(self, result: Iterable[bytes], recording: Recording) -> None:
        self._result = result
        self._iterator: Iterator[bytes] | None = None
        self._recording = recording
        self._span: OpenSpan | None = None
        self._exhausted = False
        self._last = 0

    def __iter__(self) -> "Body":
        return self

    def __next__(self) -> bytes:
        recording = self._recording
        token = CURRENT.set(recording)
        try:
            if self._iterator is None:
                self._begin()
                self._iterator = iter(self._result)
            chunk = next(self._iterator)
        except StopIteration:
            self._exhausted = True
            self._end()
            raise
        except BaseException as error:
            self._broke(error)
            raise
        finally:
            CURRENT.reset(token)
        self._note(chunk)
        return chunk

    def _begin(self) -> None:
        recording = self._recording
        recording.enter()
        recording.open_spans.clear()
        self._span = recording.open_span("body", "response body", {})
        recording.leave()

    def _note(self, chunk: bytes) -> None:
        recording = self._recording
        if recording.finished:
            return
        if recording.first_byte is None:
            recording.enter()
            recording.first_byte = recording.at
            recording.leave()
        recording.chunks += 1
        recording.bytes += len(chunk)
        self._last = recording.clock() - recording.origin - recording.tracer_ns
        if recording.response_body is not None:
            room = recording.recorder.limits.body - len(recording.response_body)
            recording.response_body += chunk[: max(room, 0)]

    def _end(self) -> None:
        recording = self._recording
        if self._span is not None and self._span.duration is None:
            recording.enter()
            recording.close_span(self._span)
            self._span.attributes = {"chunks": recording.chunks, "bytes": recording.bytes}
            recording.leave()

    def _broke(self, error: BaseException) -> None:
        recording = self._recording
        if not recording.finished:
            recording.outcome = "error_in_stream"
            recording.recorder.see_escape(recording, error)
            recording.escaped = False
        self._end()

    def close(self) -> None:
        """Close what the app returned, once, and end the recording."""
        recording = self._recording
        recording.closed = True
        if not self._exhausted and recording.outcome == "ok" and self._has_more():
            recording.outcome = "client_disconnected"
        token = CURRENT.set(recording)
        try:
            close = getattr(self._result, "close", None)
            if close is not None:
                close()
        finally:
            CURRENT.reset(token)
            self._end()
            recording.recorder.finish(recording)

    def _has_more(self) -> bool:
        """Tell whether the server stopped early; a whole body needs no last look for its end."""
        recording = self._recording
        if recording.request.get("method") == "HEAD" or recording.status in {204, 304}:
            return False
        for name, value in recording.headers:
            if name.lower() == "content-length" and value.isdigit():
                return recording.bytes < int(value)
        return not _is_whole(self._result, recording.chunks)

    def __del__(self) -> None:
        # A server always closes; a test client's response is often just dropped.
        recording = self._recording
        if not recording.finished:
            if self._span is not None and self._span.duration is None:
                self._span.duration = self._last - self._span.start
            recording.recorder.finish(recording, self._last or None)


class SizedBody(Body):
    """A body whose length in chunks the server may ask for, since the app's own has one."""

    def __len__(self) -> int:
        return len(self._result)  # type: ignore[arg-type]


class BodyReader:
    """The request's body as the app reads it; a copy of the beginning is kept."""

    def __init__(self, stream: Any, recording: Recording) -> None:
        self._stream = stream
        self._recording = recording

    def _keep(self, data: bytes) -> bytes:
        recording = self._recording
        recording.bytes_read += len(data)
        if recording.request_body is not None:
            room = recording.recorder.limits.body - len(recording.request_body)
            recording.request_body += data[: max(room, 0)]
        return data

    def read(self, *size: int) -> bytes:
        """Read as the server's stream does."""
        return self._keep(self._stream.read(*size))

    def readline(self, *size: int) -> bytes:
        """Read a line as the server's stream does."""
        return self._keep(self._stream.readline(*size))

    def readlines(self, *hint: int) -> list[bytes]:
        """Read lines as the server's stream does."""
        return [self._keep(line) for line in self._stream.readlines(*hint)]

    def __iter__(self) -> Iterator[bytes]:
        for line in self._stream:
            yield self._keep(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _is_whole(result: Any, chunks: int) -> bool:
    return type(result) in {list, tuple} and chunks >= len(result)
