"""The body of a response on its way to the server, and of a request on its way to the app."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import length_hint
from typing import TYPE_CHECKING, Any

from flasktrace.trace.record import notes
from flasktrace.trace.record.born import BIRTH
from flasktrace.trace.record.recording import CURRENT, Recording
from flasktrace.trace.record.tracebacks import hide_watchers

if TYPE_CHECKING:
    from flasktrace.trace.record.recorder import Recorder

_BODILESS = {204, 304}


class Body:
    """Hands on what the app returned, chunk by chunk, and notes when and how much.

    A class and not a generator: the server may call ``close`` before the first chunk, and the
    app's own ``close`` must run then too.
    """

    __slots__ = (
        "__weakref__", "_begun", "_clock", "_end_at", "_exhausted", "_next", "_recording",
        "_result",
    )  # fmt: skip

    def __init__(self, result: Iterable[bytes], recording: Recording) -> None:
        self._result = result
        self._recording = recording
        self._clock = recording.clock
        self._next: Callable[[], bytes] | None = None
        #: Whether the span of the body is open: None before it, False after it.
        self._begun: bool | None = None
        self._exhausted = False
        #: When the span of the body ended.
        self._end_at: int | None = None

    # Each request comes through the next three: what can be done without a call is.

    def __iter__(self) -> Iterator[bytes]:
        result, token = self._result, CURRENT.set(self._recording)
        try:
            chunks = iter(result)
            if chunks is not result:  # a list begins anew each time, and what it gives does not
                return Chunks(self, chunks)
            self._next = chunks.__next__
        except BaseException as error:
            self._ended(error, "body")
            hide_watchers(error)
            raise
        finally:
            CURRENT.reset(token)
        return self  # type: ignore[return-value]  # an iterator like what it hands on

    def take(self, next_chunk: Callable[[], bytes]) -> bytes:
        """Return the next chunk, and note when it came and how long it is."""
        recording, clock = self._recording, self._clock
        if self._begun is None:
            self._begin(recording)
        asked = None if recording.first_byte is None else clock() - recording.base
        token = CURRENT.set(recording)
        try:
            chunk = next_chunk()
        except BaseException as error:
            self._ended(error, "body")
            raise
        finally:
            CURRENT.reset(token)
        if not recording.finished:
            recording.last_byte = came = clock() - recording.base
            if asked is None:
                recording.first_byte = came
            elif recording.longest_gap is None or came - asked > recording.longest_gap:
                recording.longest_gap = came - asked
            if type(chunk) is bytes:
                recording.chunks += 1
                recording.bytes += len(chunk)
                if recording.response_body is not None:
                    keep(recording, recording.response_body, chunk)
            else:
                self._safely(count_odd, recording, chunk)
        return chunk

    def close(self) -> None:
        """Close what the app returned, and end the recording."""
        recording, begin, clock = self._recording, None, self._clock
        if not recording.finished:
            recording.closed = True
            if not self._exhausted and recording.outcome == "ok":
                self._safely(self._note_close)
        try:
            if hasattr(self._result, "close"):  # calling it may fail, as it would for the server
                begin = clock() - recording.base
                token = CURRENT.set(recording)
                try:
                    self._result.close()
                except BaseException as error:
                    self._ended(error, "close")
                    hide_watchers(error)
                    raise
                finally:
                    CURRENT.reset(token)
        finally:
            if not recording.finished:
                at = clock() - recording.base
                if begin is not None:
                    recording.close_ns = at - begin
                if self._begun:
                    self._end(at)
                if not self._exhausted:  # else it was left when it came to its end
                    self._safely(recording.rest)
                recording.recorder.finish(recording, at)

    def _begin(self, recording: Recording) -> None:
        """Note that the server asks for the first chunk."""
        self._begun = True
        if recording.room > 0 and not recording.finished:
            recording.room -= 1
            recording.notes.append((notes.BODY, self._clock() - recording.base))
        else:
            self._safely(recording.drop, "spans")

    def _ended(self, error: BaseException, what: str) -> None:
        """Note that the body is at its end, or that a step of it failed."""
        if type(error) is StopIteration:
            self._exhausted = True
            self._safely(self._end, self._clock() - self._recording.base)
            self._safely(self._recording.rest)
        else:
            self._safely(self._broke, error, what)

    def _safely(self, step: Callable[..., None], *args: Any) -> None:
        """Do a step of the tracer's, unless the recording is over; it can not fail."""
        recording = self._recording
        if recording.finished:
            return
        try:
            step(*args)
        except Exception as error:  # noqa: BLE001
            recording.recorder.failed(recording, "body", error)

    def _note_close(self) -> None:
        if self._has_more():
            self._recording.outcome = "client_disconnected"

    def _end(self, at: int) -> None:
        if self._begun:
            self._begun = False
            self._end_at = at
            self._note_end(at)

    def _note_end(self, at: int) -> None:
        recording = self._recording
        recording.notes.append((notes.BODY_END, at, recording.chunks, recording.bytes))

    def _broke(self, error: BaseException, what: str) -> None:
        recording = self._recording
        if recording.outcome in {"ok", "client_disconnected"}:
            interrupts = not issubclass(type(error), Exception)
            recording.outcome = outcome_of(error) if interrupts else "error_in_stream"
        recording.recorder.see_escape(recording, error, what)
        self._end(self._clock() - recording.base)
        recording.rest()

    def _has_more(self) -> bool:
        """Tell whether the server stopped early; a whole body needs no last look for its end."""
        recording = self._recording
        if recording.request.get("REQUEST_METHOD") == "HEAD" or recording.status in _BODILESS:
            return False
        length = content_length(recording)
        if length is not None:
            return recording.bytes < length
        result: Any = self._result
        return not (type(result) in {list, tuple} and recording.chunks >= len(result))

    def __del__(self) -> None:
        # A server always closes; a test client's response is often just dropped.
        recording = self._recording
        if not recording.finished:
            try:
                self._safely(self._note_drop)
                # Python is about to end a generator in it, which may hold a context on the stack.
                self._result, self._next = (), None
                recording.recorder.finish(recording, self._end_at or recording.last_byte)
            except RecursionError:
                recording.recorder.late.append((recording, self._end_at or recording.last_byte))

    def give_up(self, recorder: Recorder) -> None:
        """End the recording, if it is one of *recorder*: the program ends before the body does."""
        recording = self._recording
        if recording.recorder is recorder and is_left(recording):
            self._safely(self._note_drop)
            recorder.finish(recording, self._end_at or recording.last_byte)

    def _note_drop(self) -> None:
        recording = self._recording
        if not self._exhausted and recording.outcome == "ok" and self._has_more():
            recording.outcome = "abandoned"
        if self._begun:
            self._note_end(recording.last_byte or recording.clock() - recording.base)


class IteratorBody(Body):
    """A body that gives its chunks by itself, as a generator does; a list does not."""

    __slots__ = ()

    def __next__(self) -> bytes:
        try:
            if self._next is None:
                self._next = iter(self._result).__next__
            return self.take(self._next)
        except StopIteration:
            raise
        except BaseException as error:
            hide_watchers(error)
            raise


class Chunks:
    """One way through a body that may be gone through several times, such as a list."""

    __slots__ = ("_body", "_next")

    def __init__(self, body: Body, chunks: Iterator[bytes]) -> None:
        self._body = body
        self._next = chunks.__next__

    def __iter__(self) -> Chunks:
        return self

    def __next__(self) -> bytes:
        try:
            return self._body.take(self._next)
        except StopIteration:
            raise
        except BaseException as error:
            hide_watchers(error)
            raise


class SizedBody(Body):
    """A body whose length in chunks the server may ask for, since the app's own has one."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._result)  # type: ignore[arg-type]


class SizedIteratorBody(IteratorBody, SizedBody):
    """Both."""

    __slots__ = ()


class WholeBody(Body):
    """A body of which each chunk is there already: nothing of the app's runs until it is closed."""

    __slots__ = ("_asked", "_chunks", "_rest")

    def __init__(self, result: Iterable[bytes], recording: Recording, chunks: list[bytes]) -> None:
        super().__init__(result, recording)
        self._chunks = chunks
        self._rest = iter(chunks)
        #: When the server asked for the first chunk.
        self._asked: int | None = None

    def __iter__(self) -> Iterator[bytes]:
        if self._asked is None:
            recording = self._recording
            self._begun = True
            self._asked = at = self._clock() - recording.base
            if recording.room > 0 and not recording.finished:
                recording.room -= 1
                recording.notes.append((notes.BODY, at))
            else:
                self._safely(recording.drop, "spans")
        return self._rest

    def __next__(self) -> bytes:
        return next(iter(self))

    def close(self) -> None:
        """Close what the app returned, and end the recording."""
        recording = self._recording
        if self._asked is not None and not recording.finished:
            self._count(recording)
        super().close()

    def _count(self, recording: Recording) -> None:
        """Note which chunks the server has taken."""
        chunks, left = self._chunks, length_hint(self._rest)
        if left:
            chunks = chunks[:-left]
        else:
            self._exhausted = True
        if chunks:
            recording.chunks, recording.bytes = len(chunks), sum(map(len, chunks))
            recording.first_byte = recording.last_byte = self._asked

    def _note_drop(self) -> None:
        if self._asked is not None:
            self._count(self._recording)
        super()._note_drop()


def count_odd(recording: Recording, chunk: Any) -> None:
    """Count a chunk that is not just bytes; of what kind it may be is the server's business."""
    recording.chunks += 1
    for kind in (bytes, bytearray):
        if issubclass(type(chunk), kind):  # it may have a length of its own making
            recording.bytes += kind.__len__(chunk)


def is_left(recording: Recording) -> bool:
    """Tell whether this process has returned a response, and nobody has closed it yet."""
    return recording.returned and not recording.finished and recording.pid == BIRTH.pid


def content_length(recording: Recording) -> int | None:
    """Return the length of the body that the headers tell, None when they do not."""
    for name, value in recording.headers:
        if name.lower() == "content-length" and value.isdecimal():
            return int(value)
    return None


def outcome_of(error: BaseException) -> str:
    """Return the word for a request that ended with *error*."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, SystemExit):
        return "exit"
    if isinstance(error, GeneratorExit):
        return "client_disconnected"
    return "error"


class BodyReader:
    """The request's body as the app reads it; a copy of the beginning is kept."""

    def __init__(self, stream: Any, recording: Recording) -> None:
        self._stream = stream
        self._recording = recording

    def _keep(self, data: Any) -> Any:
        recording = self._recording
        if type(data) in {bytes, bytearray} and not recording.finished:
            recording.bytes_read += len(data)
            if recording.request_body is not None:
                keep(recording, recording.request_body, data)
        return data

    def read(self, *size: int) -> bytes:
        """Read as the server's stream does."""
        data: bytes = self._keep(self._stream.read(*size))
        return data

    def readline(self, *size: int) -> bytes:
        """Read a line as the server's stream does."""
        data: bytes = self._keep(self._stream.readline(*size))
        return data

    def readlines(self, *hint: int) -> list[bytes]:
        """Read lines as the server's stream does."""
        return [self._keep(line) for line in self._stream.readlines(*hint)]

    def __iter__(self) -> Iterator[bytes]:
        for line in self._stream:
            yield self._keep(line)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._stream, name)
        if name in {"readinto", "readinto1"}:
            return self._reading_into(found)
        return self._reading(found) if name == "read1" else found

    def _reading(self, read: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *size: self._keep(read(*size))

    def _reading_into(self, read: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def readinto(buffer: Any) -> Any:
            count = read(buffer)
            if type(count) is int and count > 0:
                self._keep(bytes(memoryview(buffer).cast("B")[:count]))
            return count

        return readinto


def keep(recording: Recording, kept: bytearray, data: bytes) -> None:
    """Add *data* to what is kept of a body, as far as the limit allows; count the rest."""
    room = max(recording.recorder.limits.body - len(kept), 0)
    kept += data[:room]
    if len(data) > room:
        recording.drop("body", len(data) - room)
