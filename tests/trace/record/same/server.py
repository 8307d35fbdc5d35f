"""A server for one request at a time, which notes all that an app does to it."""

import contextvars
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from werkzeug.test import EnvironBuilder

from tests.trace.record.same.notes import BOOM, Notes

TESTS = str(Path(__file__).parents[3])


LEFT, BROKE = "client_disconnected", "error_in_stream"


@dataclass
class Ask:
    """One request, how the server treats the answer, and what the trace has to say of it."""

    path: str = "/"
    method: str = "GET"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    environ: dict[str, Any] = field(default_factory=dict)
    chunks: int | None = None
    """How many chunks the server takes before it closes; None: all."""
    close: bool = True
    again: bool = False
    """Whether the server goes on after ``close``: asks for a chunk, and closes once more."""
    status: int | None = 200
    """What the trace has to tell; None: the app never started a response."""
    outcome: str = "ok"
    children: int = 0
    """How many requests the app makes to itself while it answers."""
    traced: bool = True


class Input(io.BytesIO):
    """Notes how the app reads the request's body."""

    def __init__(self, body: bytes, notes: Notes) -> None:
        super().__init__(body)
        self._notes = notes

    def _note(self, name, sizes, got):
        self._notes.append(("input", name, sizes, got))
        return got

    def read(self, *size):
        return self._note("read", size, super().read(*size))

    def readline(self, *size):
        return self._note("readline", size, super().readline(*size))

    def readlines(self, *hint):
        return self._note("readlines", hint, super().readlines(*hint))

    def readinto(self, buffer):
        return self._note("readinto", len(buffer), super().readinto(buffer))

    def __next__(self):
        return self._note("next", (), super().__next__())

    def seek(self, *place):
        self._notes.append(("input", "seek"))
        return super().seek(*place)

    def __del__(self):
        """Do not close: when it is collected is no note."""

    def close(self):
        self._notes.append(("input", "close"))
        super().close()


class Server:
    """Asks *wsgi* once, as PEP 3333 wants it."""

    def __init__(self, wanted: Ask, notes: Notes) -> None:
        self.wanted = wanted
        self.notes = notes
        self.input = Input(wanted.body, notes)
        self.errors = io.StringIO()
        self.environ = notes.environ = self._environ()
        self.given = dict(self.environ)
        self.starts: list[Any] = []
        self.headers: list[Any] = []
        self.chunks: list[Any] = []
        self.sent = False
        self.inside = True
        self.seen: dict[str, Any] = {"starts": self.starts, "chunks": self.chunks, "error": None}
        self.context = contextvars.copy_context()

    def _environ(self):
        wanted = self.wanted
        builder = EnvironBuilder(wanted.path, method=wanted.method, headers=wanted.headers)
        environ = builder.get_environ() | {"wsgi.errors": self.errors}
        environ |= {"wsgi.input": self.input, "CONTENT_LENGTH": str(len(wanted.body))}
        return {key: value for key, value in (environ | wanted.environ).items() if value is not ...}

    def start_response(self, *args, **named):
        began = bool(self.starts)
        given = args[2] if len(args) > 2 else named.get("exc_info")
        headers = args[1] if len(args) > 1 else named["response_headers"]
        status = args[0] if args else named["status"]
        self.starts.append((status, steady(headers), len(args), sorted(named)))
        self.notes.append(("start", *self.starts[-1], _shown_info(given)))
        if given and self.sent:
            raise given[1].with_traceback(given[2])
        if began and not given:
            raise AssertionError("the response has started already")
        self.seen["status"], self.headers = status, headers
        return self.write

    def write(self, data):
        self._take("write", data)
        return len(data)

    def _take(self, how, data):
        if not self.sent and self.starts and steady(self.headers) != self.starts[-1][1]:
            self.notes.append(("headers sent", steady(self.headers)))  # the app changed its list
        self.sent = self.sent or bool(data)
        self.notes.append((how, data))
        self.chunks.append(data)
        self._look_at_the_context()

    def _look_at_the_context(self):
        """Note which context variables differ from what the server had set."""
        now = contextvars.copy_context()
        differing = {var.name for var in now if var not in self.context}
        differing |= {var.name for var in self.context if now.get(var) is not self.context[var]}
        if self.inside:
            differing.discard("flasktrace.recording")  # the server is called from within the app
        if differing:
            self.notes.append(("context", sorted(differing)))

    def run(self, wsgi) -> dict[str, Any]:
        result = None
        try:
            result = wsgi(self.environ, self.start_response)
            self.inside, self.seen["returned"] = False, True
            self._look_at_the_context()
            self._note_result(result)
            self._take_all(result)
        except BaseException as error:  # noqa: BLE001
            self.seen["error"] = error
        if self.wanted.close:
            self._close(result, "close error")
        if self.wanted.again:
            self._go_on(result)
        self._look_at_the_context()
        self._note_environ()
        self.notes.environ = None
        return self.seen

    def _note_result(self, result):
        kind = type(result)
        self.seen["sized"] = len(result) if hasattr(kind, "__len__") else None
        wrapper = self.environ.get("wsgi.file_wrapper")
        if wrapper is not None:
            is_class = isinstance(wrapper, type)
            self.seen["is a file"] = isinstance(result, wrapper if is_class else io.IOBase)
            self.seen["handed"] = self.notes.handed is not None and result is self.notes.handed

    def _take_all(self, result):
        if self.wanted.chunks == 0:
            return
        steps = iter(result)
        while self.wanted.chunks is None or len(self.chunks) < self.wanted.chunks:
            try:
                chunk = self._next(steps)
            except StopIteration:
                self.notes.append("end")
                return
            self._take("chunk", chunk)

    def _next(self, steps):
        self.inside = True
        try:
            return next(steps)
        finally:
            self.inside = False

    def _close(self, result, name):
        try:
            if hasattr(result, "close"):
                result.close()
        except BaseException as error:  # noqa: BLE001
            self.seen[name] = error

    def _go_on(self, result):
        if not hasattr(result, "close"):
            return  # what is wrapped has a close, so that only bodies that have one compare
        try:
            self.seen["after close"] = next(iter(result), "end")
        except BaseException as error:  # noqa: BLE001
            self.seen["error after close"] = error
        self._close(result, "second close error")

    def _note_environ(self):
        own = {key for key in self.environ if str(key).startswith("werkzeug.")}
        left = {key: value for key, value in self.environ.items() if key not in own}
        self.seen["environ"] = {
            "new": {key: type(value) for key, value in left.items() if key not in self.given},
            "gone": [key for key in self.given if key not in left],
            "changed": [key for key in left if left[key] is not self.given.get(key, left[key])],
        }
        self.seen["errors"] = self.errors.getvalue()
        moved = self.input.closed or ("input", "seek") in self.notes
        self.seen["taken"] = None if moved else self.input.tell()


def steady(headers) -> list[Any]:
    """Return a copy of *headers* in which moments, which pass between two runs, do not stand."""
    return [_steady_pair(pair) for pair in headers]


def _steady_pair(pair):
    if type(pair) is tuple and pair[:1] == ("Date",):
        return "Date", "now"
    if type(pair) is tuple and pair[:1] == ("Expires",):  # of files, counted from now
        return "Expires", "then"
    if type(pair) is tuple and pair[:1] == ("Set-Cookie",):
        return pair[0], re.sub(r"Expires=[^;]+", "Expires=then", pair[1])
    return pair


def _shown_info(given):
    """Return what stands in an ``exc_info``, in words."""
    if not given:
        return given
    kind, error, traceback = given
    return kind.__name__, error is BOOM, traceback is not None


def ask(wsgi, wanted: Ask, notes: Notes | None = None) -> dict[str, Any]:
    """Be the server for one request; return all that the server saw."""
    BOOM.__traceback__ = BOOM.__context__ = None  # else they grow with each raise
    return Server(wanted, Notes() if notes is None else notes).run(wsgi)


def told(error: BaseException | None, notes: Notes) -> Any:
    """Return what can be compared of an exception that reached the server."""
    if error is None:
        return None
    which = "BOOM" if error is BOOM else "handed" if error is notes.handed else ""
    chain = [type(item).__name__ for item in (error.__cause__, error.__context__)]
    return (
        type(error).__qualname__,
        which,
        repr(error.args),
        chain,
        getattr(error, "__notes__", None),
        lines(error),
    )


def lines(error: BaseException) -> list[tuple[str, int]]:
    """Return the lines of the tests in the traceback of *error*: the app's own."""
    found, step = [], error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if code.co_filename.startswith(TESTS) and code.co_filename != __file__:
            found.append((code.co_name, step.tb_lineno))
        step = step.tb_next
    return found
