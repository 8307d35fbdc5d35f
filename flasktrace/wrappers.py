"""Request and Response: werkzeug's, plus what a routed request of an app knows.

The two are made, and a response is sent, at a lower price than werkzeug's when they are of the
usual kind; with the same outcome, which is compared once, when this module is imported.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import methodcaller
from typing import Any, NoReturn

from werkzeug.datastructures import EnvironHeaders, Headers, ImmutableMultiDict
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.routing import MapAdapter, Rule
from werkzeug.sansio.http import parse_cookie
from werkzeug.utils import get_content_type
from werkzeug.wrappers import Request as RequestBase
from werkzeug.wrappers import Response as ResponseBase

from flasktrace import json
from flasktrace.advice import FormParser
from flasktrace.globals import top_context
from flasktrace.kept_property import KeptProperty
from flasktrace.routing import match

_WITH_BODY = frozenset(range(200, 600)) - {204, 304}
_TO_BE_ENCODED = {"location", "content-location"}
_lower = methodcaller("lower")
_new_headers = Headers.__new__


class Request(RequestBase):
    """One HTTP request.

    It is matched with the url rules when somebody first asks for `url_rule`, `endpoint`,
    `view_args`, `blueprint` or `routing_exception`, at the latest just before dispatch.
    """

    json_module: Any = json
    form_data_parser_class = FormParser

    #: Matches the path with the rules; None when the request belongs to no app.
    url_adapter: MapAdapter | None = None
    #: Whether the match was done.
    matched = False

    _url_rule: Rule | None = None
    _view_args: dict[str, Any] | None = None
    _routing_exception: HTTPException | None = None
    #: Whether ``__init__`` may do what those of the classes above do.
    _fills = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """See whether another class has come between this one and werkzeug's."""
        super().__init_subclass__(**kwargs)
        between = super().__init__ is not RequestBase.__init__
        cls._fills = Request._fills and not between

    def __init__(
        self, environ: dict[str, Any], populate_request: bool = True, shallow: bool = False
    ) -> None:
        if not self._fills:
            super().__init__(environ, populate_request, shallow)
            return
        try:
            # What werkzeug takes, but the headers, which are made when somebody asks.
            root, path = environ["SCRIPT_NAME"], environ["PATH_INFO"]
            if not (root + path).isascii():
                root, path = _text(root), _text(path)
            self.environ = environ
            self.method = environ["REQUEST_METHOD"].upper()
            self.scheme = environ["wsgi.url_scheme"]
            self.server = environ["SERVER_NAME"], int(environ["SERVER_PORT"])
            self.root_path = root.rstrip("/")
            self.path = "/" + path.lstrip("/")
            self.query_string = environ["QUERY_STRING"].encode("latin1")
            self.remote_addr = environ.get("REMOTE_ADDR")
        except (KeyError, AttributeError, TypeError, ValueError):
            # Something is missing, or no text; werkzeug knows what to make of that.
            super().__init__(environ, populate_request, shallow)
            return
        self.shallow = shallow
        if populate_request and not shallow:
            environ["werkzeug.request"] = self

    def close(self) -> None:
        """Close the files that were sent with the request, if anybody has asked for them."""
        if "files" in self.__dict__:
            super().close()

    host: Any = KeptProperty(RequestBase.host.fget)  # type: ignore[attr-defined]

    @KeptProperty
    def headers(self) -> EnvironHeaders:  # type: ignore[override]
        """Give the headers that the client sent."""
        return EnvironHeaders(self.environ)

    @KeptProperty
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """Read the cookies that the client sent."""
        if type(self.headers) is EnvironHeaders:
            sent = self.environ.get("HTTP_COOKIE", "")
        else:  # somebody has put others there
            sent = ";".join(self.headers.getlist("Cookie"))
        return parse_cookie(sent, self.dict_storage_class)  # type: ignore[return-value]

    def match(self) -> None:
        """Match the path with the url rules, once; an error is kept for dispatch to raise."""
        if self.matched:
            return
        context = top_context()
        try:
            if context is not None and context.request is self and context.stage != "match":
                context.app.match_request(context)
        finally:
            if not self.matched:  # no stage, a receiver failed, or an override left it to us
                self.match_now()

    def match_now(self) -> None:
        """Match without telling anybody."""
        self.matched = True
        if self.url_adapter is None:
            return
        try:
            self._url_rule, self._view_args = match(self.url_adapter)
        except HTTPException as error:
            self._routing_exception = error

    @property
    def url_rule(self) -> Rule | None:
        """The rule that matched the path, or None."""
        if not self.matched:
            self.match()
        return self._url_rule

    @url_rule.setter
    def url_rule(self, rule: Rule | None) -> None:
        self.matched = True
        self._url_rule = rule

    @property
    def view_args(self) -> dict[str, Any] | None:
        """The values that the rule took from the path, or None when none matched."""
        if not self.matched:
            self.match()
        return self._view_args

    @view_args.setter
    def view_args(self, values: dict[str, Any] | None) -> None:
        self.match()
        self._view_args = values

    @property
    def routing_exception(self) -> HTTPException | None:
        """What the match raised: NotFound, MethodNotAllowed, a redirect; or None."""
        if not self.matched:
            self.match()
        return self._routing_exception

    @routing_exception.setter
    def routing_exception(self, error: HTTPException | None) -> None:
        self.matched = True
        self._routing_exception = error

    @property
    def endpoint(self) -> str | None:
        """The endpoint of the rule that matched, or None."""
        rule = self.url_rule
        return None if rule is None else rule.endpoint

    @property
    def blueprint(self) -> str | None:
        """The name of the blueprint that the endpoint belongs to, or None."""
        endpoint = self.endpoint
        return endpoint.rpartition(".")[0] if endpoint and "." in endpoint else None

    @property
    def blueprints(self) -> list[str]:
        """The blueprint of the endpoint and those around it, innermost first."""
        name = self.blueprint
        parts = name.split(".") if name else []
        return [".".join(parts[:end]) for end in range(len(parts), 0, -1)]

    def _limit(self, own: str, key: str) -> Any:
        """Return the limit set on this request, else the app's."""
        if own in self.__dict__:
            return self.__dict__[own]
        context = top_context()
        return None if context is None else context.app.config[key]

    @property
    def max_content_length(self) -> int | None:
        """Most bytes of a body that are read; ``MAX_CONTENT_LENGTH`` unless set here."""
        value: int | None = self._limit("_max_content_length", "MAX_CONTENT_LENGTH")
        return value

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        self.__dict__["_max_content_length"] = value

    @property
    def max_form_memory_size(self) -> int | None:
        """Most bytes of one form field that is no file; ``MAX_FORM_MEMORY_SIZE`` unless set."""
        value: int | None = self._limit("_max_form_memory_size", "MAX_FORM_MEMORY_SIZE")
        return value

    @max_form_memory_size.setter
    def max_form_memory_size(self, value: int | None) -> None:
        self.__dict__["_max_form_memory_size"] = value

    @property  # type: ignore[override]
    def max_form_parts(self) -> int | None:
        """Most parts of a multipart form; ``MAX_FORM_PARTS`` unless set."""
        value: int | None = self._limit("_max_form_parts", "MAX_FORM_PARTS")
        return value

    @max_form_parts.setter
    def max_form_parts(self, value: int | None) -> None:
        self.__dict__["_max_form_parts"] = value

    def on_json_loading_failed(self, e: ValueError | None) -> NoReturn:
        """Answer 400 to a body that is no JSON; only in debug mode say what is wrong with it."""
        context = top_context()
        try:
            raise super().on_json_loading_failed(e)
        except BadRequest as error:
            if context is not None and context.app.debug:
                raise
            raise BadRequest from error


class Response(ResponseBase):
    """One HTTP response; HTML unless told otherwise."""

    default_mimetype = "text/html"
    json_module: Any = json
    autocorrect_location_header = False

    #: Whether ``__init__`` may do what those of the classes above do.
    _fills = True
    #: Whether ``__call__`` may do what those of the classes above do.
    _sends = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """See whether what is skipped by the short ways is still werkzeug's."""
        super().__init_subclass__(**kwargs)
        between = super().__init__ is not ResponseBase.__init__
        cls._fills = Response._fills and not between and _keeps(cls, _FILLING)
        between = super().__call__ is not ResponseBase.__call__
        cls._sends = Response._sends and not between and _keeps(cls, _SENDING)

    def __init__(
        self,
        response: Any = None,
        status: Any = None,
        headers: Any = None,
        mimetype: str | None = None,
        content_type: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        kind = type(response)
        code = self.default_status if status is None else status
        sort = self.default_mimetype if mimetype is None else mimetype
        if (
            not self._fills
            or not (kind is str or kind is bytes)
            or (status is not None and type(status) is not int)
            or type(sort) is not str
            or headers is not None
            or content_type is not None
            or direct_passthrough
        ):
            super().__init__(response, status, headers, mimetype, content_type, direct_passthrough)
            return
        body = response.encode() if kind is str else response
        listed = [_content_type(sort)]
        if self.automatically_set_content_length:
            listed.append(("Content-Length", str(len(body))))
        self.headers = made = _new_headers(Headers)
        made._list = listed  # noqa: SLF001
        self._status, self._status_code = _status(code)
        self.direct_passthrough = False
        self._on_close: list[Callable[[], Any]] = []
        self.response = [body]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Send the response, as a WSGI application (PEP 3333)."""
        if (
            self._sends
            and environ["REQUEST_METHOD"] != "HEAD"
            and type(chunks := self.response) is list
            and len(chunks) == 1
            and type(chunks[0]) is bytes
            and self._status_code in _WITH_BODY
            and not self.direct_passthrough
            and (headers := _sendable(self.headers))
        ):
            start_response(self._status, headers)
            return SentBody(chunks, self.close)
        return super().__call__(environ, start_response)

    @property
    def max_cookie_size(self) -> int:  # type: ignore[override]
        """Length of a cookie from which on a warning is given; ``MAX_COOKIE_SIZE``."""
        context = top_context()
        size: int = 4093 if context is None else context.app.config["MAX_COOKIE_SIZE"]
        return size


class SentBody:
    """What the server gets: the chunks, and a way to close the response."""

    __slots__ = ("_rest", "chunks", "close")

    def __init__(self, chunks: list[bytes], close: Callable[[], None]) -> None:
        self.chunks = chunks
        self._rest = iter(chunks)
        self.close = close

    def __iter__(self) -> Iterator[bytes]:
        return self._rest

    def __next__(self) -> bytes:
        return next(self._rest)


def _sendable(headers: Headers) -> list[tuple[str, str]] | None:
    """Return the headers as a list when they can be sent just as they are."""
    if type(headers) is not Headers:
        return None
    listed = headers._list.copy()  # noqa: SLF001
    names = {*map(_lower, dict(listed))}
    return listed if "content-length" in names and _TO_BE_ENCODED.isdisjoint(names) else None


def _text(raw: str) -> str:
    """Return what bytes in disguise (PEP 3333) stand for."""
    return raw if raw.isascii() else raw.encode("latin1").decode(errors="replace")


@lru_cache(128)
def _content_type(mimetype: str) -> tuple[str, str]:
    """Return the header; ValueError for a line break in it."""
    (header,) = Headers([("Content-Type", get_content_type(mimetype, "utf-8"))])
    return header


@lru_cache(128)
def _status(code: int) -> tuple[str, int]:
    made = ResponseBase(status=code)
    return made.status, made.status_code


_FILLING = ("headers", "response", "status", "status_code", "_clean_status", "set_data")
_SENDING = (
    *("status", "status_code", "headers", "response", "is_sequence", "iter_encoded"),
    *("get_wsgi_response", "get_wsgi_headers", "get_app_iter"),
)


def _keeps(cls: type, names: tuple[str, ...]) -> bool:
    """Tell whether a class of responses has left these attributes as werkzeug made them."""
    return all(getattr(cls, name, None) is getattr(ResponseBase, name, None) for name in names)


def _requests_agree() -> bool:
    """Tell whether `Request` knows all that werkzeug keeps of a request."""
    environ = {
        "REQUEST_METHOD": "post",
        "SCRIPT_NAME": "/\xc3\xa4/",
        "PATH_INFO": "//\xc3\xb6",
        "QUERY_STRING": "q=\xfc",
        "SERVER_NAME": "name",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "::1",
        "wsgi.url_scheme": "https",
    }
    usual, filled = RequestBase(environ, False), Request(environ, False)
    return vars(usual) == {**vars(filled), "headers": filled.headers}


def _responses_agree() -> bool:
    """Tell whether `Response` knows all that werkzeug keeps of a response."""
    given: Any = "\xe4", 404, None, "text/x"
    usual, filled = ResponseBase(*given), Response(*given)
    return vars(usual) == vars(filled) and vars(usual.headers) == vars(filled.headers)


Request._fills = _requests_agree()  # noqa: SLF001
Response._fills = Response._sends = _responses_agree()  # noqa: SLF001
