"""Request and Response: werkzeug's, plus what a routed request of an app knows."""

from typing import Any, NoReturn

from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.routing import MapAdapter, Rule
from werkzeug.wrappers import Request as WerkzeugRequest
from werkzeug.wrappers import Response as WerkzeugResponse

from flasktrace import json
from flasktrace.advice import FormParser
from flasktrace.globals import contexts


class Request(WerkzeugRequest):
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

    def match(self) -> None:
        """Match the path with the url rules, once; an error is kept for dispatch to raise."""
        if self.matched:
            return
        context = contexts.top
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
            self._url_rule, values = self.url_adapter.match(return_rule=True)
            self._view_args = values  # type: ignore[assignment]  # a dict, says werkzeug elsewhere
        except HTTPException as error:
            self._routing_exception = error

    @property
    def url_rule(self) -> Rule | None:
        """The rule that matched the path, or None."""
        self.match()
        return self._url_rule

    @url_rule.setter
    def url_rule(self, rule: Rule | None) -> None:
        self.matched = True
        self._url_rule = rule

    @property
    def view_args(self) -> dict[str, Any] | None:
        """The values that the rule took from the path, or None when none matched."""
        self.match()
        return self._view_args

    @view_args.setter
    def view_args(self, values: dict[str, Any] | None) -> None:
        self.match()
        self._view_args = values

    @property
    def routing_exception(self) -> HTTPException | None:
        """What the match raised: NotFound, MethodNotAllowed, a redirect; or None."""
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
        context = contexts.top
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
        context = contexts.top
        try:
            raise super().on_json_loading_failed(e)
        except BadRequest as error:
            if context is not None and context.app.debug:
                raise
            raise BadRequest from error


class Response(WerkzeugResponse):
    """One HTTP response; HTML unless told otherwise."""

    default_mimetype = "text/html"
    json_module: Any = json
    autocorrect_location_header = False

    @property
    def max_cookie_size(self) -> int:  # type: ignore[override]
        """Length of a cookie from which on a warning is given; ``MAX_COOKIE_SIZE``."""
        context = contexts.top
        size: int = 4093 if context is None else context.app.config["MAX_COOKIE_SIZE"]
        return size
