"""The WSGI layer around an app: where a recording begins and ends (PEP 3333)."""

import random
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from flasktrace.trace.record.body import Body, BodyReader, SizedBody
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.recording import CURRENT, Recording

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
        self.response_headers = response_headers
        #: False once the app is unwrapped, should somebody still hold the gateway.
        self.on = True
        #: Requests that were not recorded, by reason.
        self.skipped = {"excluded": 0, "sampled_out": 0}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer one request."""
        outer = CURRENT.get()
        if outer is not None and outer.environ is environ:
            return self.app(environ, start_response)  # wrapped twice: one request, one trace
        if not self._wanted(environ):
            return self.app(environ, start_response)
        recording = self._begin(environ)
        if recording is None:
            return self.app(environ, start_response)
        return self._watched(recording, environ, start_response)

    def _wanted(self, environ: dict[str, Any]) -> bool:
        if not self.on:
            return False
        path = environ.get("PATH_INFO", "")
        if any(fnmatchcase(path, pattern) for pattern in self.exclude):
            self.skipped["excluded"] += 1
            return False
        if self.sample < 1.0 and random.random() >= self.sample:  # noqa: S311
            self.skipped["sampled_out"] += 1
            return False
        return True

    def _begin(self, environ: dict[str, Any]) -> Recording | None:
        try:
            recording = self.recorder.begin(environ)
            recording.enter()
            recording.request = _facts(environ)
            if self.recorder.capture_body:
                recording.request_body = bytearray()
                recording.response_body = bytearray()
                reader = BodyReader(environ.get("wsgi.input"), recording)
                environ["wsgi.input"] = reader
            recording.leave()
        except Exception as error:  # noqa: BLE001
            self.recorder.guard.failed("begin", error)
            return None
        return recording

    def _watched(
        self, recording: Recording, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Any:
        token = CURRENT.set(recording)
        try:
            result = self.app(environ, self._starter(recording, start_response))
        except BaseException as error:
            self._escaped(recording, error)
            raise
        finally:
            CURRENT.reset(token)
        return self._body(recording, environ, result)

    def _starter(
        self, recording: Recording, start_response: Callable[..., Any]
    ) -> Callable[..., Any]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            try:
                recording.enter()
                code, _, recording.reason = status.partition(" ")
                recording.status = int(code)
                recording.headers = list(headers)
                recording.leave()
                if self.response_headers:
                    headers = [*headers, ("X-Flasktrace-Id", recording.id)]
            except Exception as error:  # noqa: BLE001
                self.recorder.guard.failed("start_response", error)
            write = start_response(status, headers, *exc_info)
            return _counting(write, recording)

        return start

    def _escaped(self, recording: Recording, error: BaseException) -> None:
        recording.outcome = outcome_of(error)
        self.recorder.see_escape(recording, error)
        self.recorder.finish(recording)

    def _body(self, recording: Recording, environ: dict[str, Any], result: Any) -> Any:
        recording.returned = True
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and issubclass(type(result), wrapper):
            # The server recognises this very object and may send the file by itself.
            recording.bytes = _content_length(recording)
            self.recorder.finish(recording)
            return result
        sized = hasattr(type(result), "__len__")
        return (SizedBody if sized else Body)(result, recording)


def outcome_of(error: BaseException) -> str:
    """Return the word for a request that ended with *error*."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, SystemExit):
        return "exit"
    if isinstance(error, GeneratorExit):
        return "client_disconnected"
    return "error"


def _facts(environ: dict[str, Any]) -> dict[str, Any]:
    """Return what the client sent, before the app can change it."""
    facts: dict[str, Any] = {name: environ.get(name, "") for name in _FACTS}
    facts["headers"] = list(_headers(environ))
    root, path = text_of(facts["SCRIPT_NAME"]), text_of(facts["PATH_INFO"])
    facts["method"] = facts["REQUEST_METHOD"]
    facts["path"] = f"{root}{path}" or "/"
    return facts


def _headers(environ: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in environ.items():
        if type(key) is str and type(value) is str:
            if key.startswith("HTTP_"):
                yield key[5:].replace("_", "-").title(), value
            elif key in {"CONTENT_TYPE", "CONTENT_LENGTH"} and value:
                yield key.replace("_", "-").title(), value


def text_of(value: Any) -> str:
    """Return a path of the environ, which is bytes in disguise, as the text it stands for."""
    return value.encode("latin-1", "replace").decode("utf-8", "replace") if value else ""


def _content_length(recording: Recording) -> int:
    for name, value in recording.headers:
        if name.lower() == "content-length" and value.isdigit():
            return int(value)
    return 0


def _counting(write: Any, recording: Recording) -> Any:
    """Return the ``write`` of PEP 3333, for the few apps that use it, with a count."""

    def counted(data: bytes) -> Any:
        recording.chunks += 1
        recording.bytes += len(data)
        return write(data)

    return counted
