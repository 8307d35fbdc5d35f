"""The WSGI layer around an app: where a recording begins and ends (PEP 3333)."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import chain
from operator import itemgetter
from typing import Any

from flasktrace.trace.record.body import (
    Body,
    BodyReader,
    IteratorBody,
    SizedBody,
    SizedIteratorBody,
    WholeBody,
    content_length,
    count_odd,
    outcome_of,
)
from flasktrace.trace.record.chance import drawn
from flasktrace.trace.record.describe import plain
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.recording import CURRENT, Recording
from flasktrace.trace.record.tracebacks import hide_watchers

_FACTS = (
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "wsgi.url_scheme",
    "HTTP_HOST",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "REMOTE_ADDR",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
)
_OF_BODY = "CONTENT_TYPE", "CONTENT_LENGTH"
_SHORT, _MOST = 300, 500
"""Characters and number of the headers that are remembered."""
_SHORT_KEYS = 3000
"""Characters of the keys of an environ that are remembered: clients name their headers."""
_SHORT_REQUEST = 3000
"""Characters of what a client sent, and of the keys, that are remembered."""


_TEXT, _PAIR, _TWO = {str}, {tuple}, {2}
_ODD = "?", "?"
"""What is shown of a header that is none."""
Getter = Callable[[dict[str, Any]], tuple[Any, ...]]
Shape = tuple[tuple[str, ...], Getter, int]
"""The keys of an environ that are of interest, what gives their values, and how many of them are
facts; the others are headers."""
Asked = tuple[dict[str, str], tuple[tuple[str, str], ...]]
"""Facts and headers of a request, as they are shown."""
Started = tuple[int | None, str, tuple[tuple[str, str], ...]]
"""Status, reason and headers of a response, as they are shown."""


class Gateway:
    """Calls *app* as the server would, and lets *recorder* watch.

    *exclude* are globs of paths that are not recorded, *sample* the share of requests that are.
    The app sees the server's own ``environ`` and gets what it would get without the gateway.
    """

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        recorder: Recorder,
        *,
        exclude: Iterable[str] = (),
        sample: float = 1.0,
        response_headers: bool = False,
    ) -> None:
        self.app = app
        self.recorder = recorder
        self.exclude = tuple(exclude)
        self.sample = sample
        #: Whether there are requests that it leaves out.
        self._chooses = bool(self.exclude) or sample < 1.0
        self.response_headers = response_headers
        #: False once the app is unwrapped, should somebody still hold the gateway.
        self.on = True
        #: Requests that were not recorded, by reason.
        self.skipped = {"excluded": 0, "sampled_out": 0}
        #: Headers in which nothing is secret, as the environ has them: how they are shown.
        self._headers: dict[tuple[str, str], tuple[str, str]] = {}
        #: Requests in which nothing is secret.
        self._asked: dict[tuple[tuple[str, ...], tuple[str, ...]], Asked] = {}
        #: Keys of an environ: how it is read.
        self._shapes: dict[tuple[str, ...], Shape] = {}
        #: Status lines and headers of responses in which nothing is secret.
        self._started: dict[tuple[str, tuple[tuple[str, str], ...]], Started] = {}

    # Each request comes through the following: what can be done without a call is.

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer one request."""
        recording = self._begin(environ)
        if recording is None:
            return self.app(environ, start_response)
        token = CURRENT.set(recording)
        try:
            result = self.app(environ, self._starter(recording, start_response))
        except BaseException as error:
            self._escaped(recording, error)
            raise
        finally:
            CURRENT.reset(token)
        return self._body(recording, environ, result)

    def _begin(self, environ: dict[str, Any]) -> Recording | None:
        """Return a recording of this request, None when there shall be none."""
        recording = None
        try:
            outer = CURRENT.get()
            if not self.on or (outer is not None and self._is_in(outer, environ)):
                return None  # wrapped twice: one request, one trace
            if self._chooses and not self._wanted(environ):
                return None
            recording = self.recorder.begin(environ)
            self._note_request(recording, environ)
            if self.recorder.capture_body:
                _tap(recording, environ)
            recording.start()
        except Exception as error:  # noqa: BLE001
            self.recorder.guard.failed("begin", error)
            if recording is not None:
                self.recorder.abandon(recording)
            return None
        return recording

    def _is_in(self, outer: Recording, environ: dict[str, Any]) -> bool:
        """Tell whether *outer* is of this very request and app; one that is mounted is another."""
        if outer.environ is not environ:
            return False
        app = self.recorder.app()
        return outer.recorder is self.recorder or app is None or outer.recorder.app() is app

    def _wanted(self, environ: dict[str, Any]) -> bool:
        if self.exclude:
            path = text_of(environ.get("PATH_INFO", ""))
            if any(fnmatchcase(path, pattern) for pattern in self.exclude):
                self.skipped["excluded"] += 1
                return False
        if not drawn(self.sample):
            self.skipped["sampled_out"] += 1
            return False
        return True

    def _note_request(self, recording: Recording, environ: dict[str, Any]) -> None:
        """Note what the client sent, before the app can change it."""
        keys = tuple(environ)
        # A key of a class of the user's must not be asked for its hash.
        shape = self._shapes.get(keys) if _TEXT.issuperset(map(type, keys)) else None
        if shape is None:
            shape = self._shape(keys)
        names, values_of, _ = shape
        values = values_of(environ)
        if not _TEXT.issuperset(map(type, values)):
            texts = [key for key in keys if type(key) is str and type(environ[key]) is str]
            shape = self._shape(tuple(texts))
            names, values_of, _ = shape
            values = values_of(environ)
        known = self._asked.get((names, values)) or self._new_request(shape, values)
        recording.request, recording.request_headers = known

    def _new_request(self, shape: Shape, values: tuple[str, ...]) -> Asked:
        """Return facts and headers as they are shown; remember harmless ones.

        Many requests are like one before: of the same client, for the same path.
        """
        names, _, count = shape
        facts = dict(zip(names[:count], values, strict=False))
        path, query = facts.get("PATH_INFO", ""), facts.get("QUERY_STRING")
        if not path.isascii() or facts.get("SCRIPT_NAME"):
            path = f"{text_of(facts.get('SCRIPT_NAME', ''))}{text_of(path)}"
        facts["path"] = self.recorder.redactor.text(path) or "/"
        if query:
            facts["QUERY_STRING"] = plain(self.recorder.redactor.query(text_of(query)))
        pairs = [*zip(names[count:], values[count:], strict=True)]
        if "CONTENT_TYPE" in facts or "CONTENT_LENGTH" in facts:
            pairs += [(key, facts[key]) for key in _OF_BODY if facts.get(key)]
        known = [*map(self._headers.get, pairs)]
        found = tuple(
            [shown or self._header(*pair) for shown, pair in zip(known, pairs, strict=True)]
        )
        harmless = facts["path"] == (path or "/") and facts.get("QUERY_STRING") == query
        if harmless and None not in known and sum(map(len, names + values)) < _SHORT_REQUEST:
            if len(self._asked) >= _MOST:
                self._asked.clear()
            self._asked[names, values] = facts, found
        return facts, found

    def _shape(self, keys: tuple[Any, ...]) -> Shape:
        """Return how an environ with those keys is read; clients and servers have few."""
        texts = [key for key in keys if type(key) is str]
        present = [name for name in _FACTS if name in texts]
        names = (*present, *[key for key in texts if key[:5] == "HTTP_"])
        made = names, _getter(names), len(present)
        if len(texts) == len(keys) and sum(map(len, texts)) < _SHORT_KEYS:
            if len(self._shapes) >= _MOST:
                self._shapes.clear()
            self._shapes[keys] = made
        return made

    def _header(self, key: str, value: str) -> tuple[str, str]:
        """Return the header that is *key* in the environ, without secrets; remember harmless ones.

        Clients send the same few again and again.
        """
        name = key.removeprefix("HTTP_").replace("_", "-").title()
        pair = self.recorder.describe.header(name, value)
        if pair[1] == value and len(value) < _SHORT:
            if len(self._headers) >= _MOST:
                self._headers.clear()
            self._headers[key, value] = pair
        return pair

    def _starter(
        self, recording: Recording, start_response: Callable[..., Any]
    ) -> Callable[..., Any]:
        clock, start_of = recording.clock, self._start_of

        def start(*args: Any, **named: Any) -> Any:
            noted = None
            try:
                base, entered = recording.base, clock()
                noted = start_of(*args, **named)
                recording.base = base + clock() - entered
                if self.response_headers:
                    args, named = _with_id(recording, args, named)
            except Exception as error:  # noqa: BLE001
                self.recorder.failed(recording, "start_response", error)
            write = start_response(*args, **named)
            if noted is not None:  # and not what the server has refused
                recording.status, recording.reason, recording.headers = noted
            return None if write is None else _counting(write, recording)

        return start

    def _start_of(
        self,
        status: Any = "",
        response_headers: Any = (),
        *_exc_info: Any,
        **_named: Any,
    ) -> Started:
        """Return status, reason and headers as they are shown."""
        if not issubclass(type(response_headers), list):
            return *self._status(status), ()
        pairs = tuple(list.copy(response_headers))
        if (
            type(status) is str
            and _PAIR.issuperset(map(type, pairs))
            and _TEXT.issuperset(map(type, chain(*pairs)))
        ):
            return self._started.get((status, pairs)) or self._new_start(status, pairs)
        return *self._status(status), self._shown(pairs)

    def _new_start(self, status: str, pairs: tuple[tuple[str, str], ...]) -> Started:
        """Return what a response began with, as it is shown; remember harmless ones."""
        whole = _TWO.issuperset(map(len, pairs))
        shown = self.recorder.describe.headers(pairs) if whole else self._shown(pairs)
        made = *self._status(status), shown
        if shown == pairs and sum(map(len, chain([status], *pairs))) < _SHORT:
            if len(self._started) >= _MOST:
                self._started.clear()
            self._started[status, pairs] = made
        return made

    def _shown(self, pairs: Iterable[Any]) -> tuple[tuple[str, str], ...]:
        shown = self.recorder.describe.header
        return tuple([shown(*item) if _is_pair(item) else _ODD for item in pairs])

    def _status(self, status: Any) -> tuple[int | None, str]:
        """Return code and reason of a status line."""
        # str.__str__, since a class of the app may stand between.
        text = plain(str.__str__(status)) if issubclass(type(status), str) else ""
        code, _, reason = text.partition(" ")
        return int(code) if code.isdecimal() else None, reason

    def _escaped(self, recording: Recording, error: BaseException) -> None:
        recording.outcome = outcome_of(error)
        self.recorder.returned(recording)
        self.recorder.see_escape(recording, error)
        hide_watchers(error)
        self.recorder.finish(recording)

    def _body(self, recording: Recording, environ: dict[str, Any], result: Any) -> Any:
        recorder = self.recorder
        recorder.returned(recording)
        try:
            recording.returned = True
            recording.wary = True  # code of the body may run before what comes now
            chunks = recorder.host.chunks_of(result)
            if chunks is not None and len(chunks) == 1 and recording.response_body is None:
                return WholeBody(result, recording, chunks)
            kind = type(result)
            if _is_file_for_server(environ.get("wsgi.file_wrapper"), kind):
                # The server recognises this very object and may send the file by itself.
                recording.bytes = content_length(recording) or 0
                recorder.finish(recording)
                return result
            return _body_class(kind)(result, recording)
        except Exception as error:  # noqa: BLE001
            recorder.failed(recording, "body", error)
            recorder.finish(recording)
            return result


def _with_id(
    recording: Recording, args: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of ``start_response`` with the trace's id among the headers."""
    own = ("X-Flasktrace-Id", recording.id)
    if len(args) > 1:
        return (args[0], [*args[1], own], *args[2:]), named
    return args, {**named, "response_headers": [*named["response_headers"], own]}


def _tap(recording: Recording, environ: dict[str, Any]) -> None:
    """Keep the beginning of what the app reads and of what it answers."""
    recording.request_body = bytearray()
    recording.response_body = bytearray()
    if environ.get("wsgi.input") is not None:
        environ["wsgi.input"] = BodyReader(environ["wsgi.input"], recording)


def _getter(names: Sequence[str]) -> Getter:
    """Return what gives the values under *names*, in their order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda environ: tuple([environ[name] for name in names])


def _body_class(kind: type) -> type[Body]:
    """Return the class of body that can do what one of the class *kind* can."""
    if hasattr(kind, "__len__"):
        return SizedIteratorBody if hasattr(kind, "__next__") else SizedBody
    return IteratorBody if hasattr(kind, "__next__") else Body


def _is_file_for_server(wrapper: Any, kind: type) -> bool:
    """Tell whether the app has wrapped a file for the server (PEP 3333).

    Most wrappers are classes. That of uWSGI is a function and gives the very file back.
    """
    if isinstance(wrapper, type):
        return issubclass(kind, wrapper)
    return wrapper is not None and hasattr(kind, "read")


def _is_pair(item: Any) -> bool:
    return type(item) is tuple and len(item) == 2 and _TEXT.issuperset(map(type, item))  # noqa: PLR2004


def text_of(value: Any) -> str:
    """Return a path of the environ, which is bytes in disguise, as the text it stands for."""
    if type(value) is not str or value.isascii():
        return value if type(value) is str else ""
    return value.encode("latin-1", "replace").decode("utf-8", "replace")


def _counting(write: Any, recording: Recording) -> Any:
    """Return the ``write`` of PEP 3333, for the few apps that use it, with a count."""

    def counted(data: bytes) -> Any:
        if type(data) is bytes:
            recording.chunks += 1
            recording.bytes += len(data)
        else:
            count_odd(recording, data)
        return write(data)

    return counted
