"""The test client: requests to an app without a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import werkzeug.test
from click.testing import CliRunner
from werkzeug.test import Client
from werkzeug.wrappers import Request as WerkzeugRequest

from flasktrace.commands import ScriptInfo

if TYPE_CHECKING:
    from flasktrace.app import Flask
    from flasktrace.context import Context
    from flasktrace.sessions import SessionMixin


class EnvironBuilder(werkzeug.test.EnvironBuilder):
    """Makes the environ of a request to *app*: its host, root and scheme are the app's."""

    def __init__(
        self, app: Flask, path: str = "/", base_url: str | None = None,
        subdomain: str | None = None, url_scheme: str | None = None, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        if base_url is not None and (subdomain or url_scheme):
            raise ValueError("Give base_url, or subdomain and url_scheme, but not both.")
        self.app = app
        if base_url is None:
            base_url, path = _urls(app, path, subdomain, url_scheme)
        super().__init__(path, base_url, *args, **kwargs)

    def json_dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return *obj* as the app's JSON."""
        return self.app.json.dumps(obj, **kwargs)


def _urls(app: Flask, path: str, subdomain: str | None, scheme: str | None) -> tuple[str, str]:
    """Return base url and path with query for a request to *path* of *app*."""
    parts = urlsplit(path)
    host = app.config["SERVER_NAME"] or "localhost"
    if subdomain:
        host = f"{subdomain}.{host}"
    scheme = parts.scheme or scheme or app.config["PREFERRED_URL_SCHEME"]
    root = app.config["APPLICATION_ROOT"].lstrip("/")
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{parts.netloc or host}/{root}", f"{parts.path}{query}"


class FlaskCliRunner(CliRunner):
    """Runs the app's commands; see ``click.testing.CliRunner``."""

    def __init__(self, app: Flask, **kwargs: Any) -> None:
        self.app = app
        super().__init__(**kwargs)

    def invoke(  # type: ignore[override]
        self, cli: Any = None, args: Any = None, **kwargs: Any
    ) -> Any:
        """Run a command, by default the group of the app's own, and return its result."""
        if "obj" not in kwargs:
            kwargs["obj"] = ScriptInfo(create_app=lambda: self.app)
        return super().invoke(self.app.cli if cli is None else cli, args, **kwargs)


class FlaskClient(Client):
    """Sends requests to the app; as a context manager it keeps the last request's context."""

    application: Flask

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Values for the environ of every request.
        self.environ_base: dict[str, Any] = {
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_USER_AGENT": f"Werkzeug/{_werkzeug_version()}",
        }
        self.preserve_context = False
        self._met: list[Context] = []
        self._held = ExitStack()

    @contextmanager
    def session_transaction(self, *args: Any, **kwargs: Any) -> Iterator[SessionMixin]:
        """Open the session as the next request will see it; it is saved at the end of the block."""
        if self._cookies is None:
            raise TypeError("A client without cookies has no session; pass use_cookies=True.")
        app = self.application
        context = app.test_request_context(*args, **kwargs)
        self._add_cookies_to_wsgi(context.request.environ)  # type: ignore[union-attr]
        with context:
            opened = app.open_session(context.request)  # type: ignore[arg-type]
        yield opened
        if app.session_interface.is_null_session(opened):
            opened["_"] = None  # says what is missing
        response = app.response_class()
        with context:
            app.session_interface.save_session(app, opened, response)
        self._update_cookies_from_response(
            context.request.host.partition(":")[0],  # type: ignore[union-attr]
            context.request.path,  # type: ignore[union-attr]
            response.headers.getlist("Set-Cookie"),
        )

    def open(
        self,
        *args: Any,
        buffered: bool = False,
        follow_redirects: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Send a request; the arguments are those of `EnvironBuilder`, or a request or environ."""
        request = self._request(args, kwargs)
        self._held.close()  # the context of the request before
        response = super().open(request, buffered=buffered, follow_redirects=follow_redirects)
        response.json_module = self.application.json  # type: ignore[assignment]
        while self._met:
            self._held.enter_context(self._met.pop(0))
        return response

    def _request(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> WerkzeugRequest:
        first = args[0] if args else None
        if isinstance(first, werkzeug.test.EnvironBuilder):
            return self._built(first)
        if isinstance(first, dict):
            return self._built(EnvironBuilder.from_environ(first, app=self.application))
        if isinstance(first, WerkzeugRequest):
            first.environ = self._environ(first.environ)
            return first
        kwargs["environ_base"] = self._environ(kwargs.get("environ_base", {}))
        builder = EnvironBuilder(self.application, *args, **kwargs)
        try:
            return builder.get_request()
        finally:
            builder.close()

    def _built(self, builder: werkzeug.test.EnvironBuilder) -> WerkzeugRequest:
        builder.environ_base = self._environ(builder.environ_base or {})
        try:
            return builder.get_request()
        finally:
            builder.close()

    def _environ(self, given: Mapping[str, Any]) -> dict[str, Any]:
        made = {**self.environ_base, **given}
        if self.preserve_context:
            made["werkzeug.debug.preserve_context"] = self._met.append
        return made

    def __enter__(self) -> Self:
        if self.preserve_context:
            raise RuntimeError("The client is entered already; 'with client:' cannot be nested.")
        self.preserve_context = True
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        self.preserve_context = False
        self._held.close()


def _werkzeug_version() -> str:
    from importlib.metadata import version

    return version("werkzeug")
