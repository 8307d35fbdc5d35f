"""Flask: the app, and the seven stages of a request."""

from __future__ import annotations

import inspect
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import cached_property
from itertools import chain
from pathlib import Path
from types import FunctionType, MethodType, TracebackType
from typing import IO, Any, NoReturn, TypeVar
from urllib.parse import quote

import werkzeug.utils
from werkzeug.datastructures import Headers, ImmutableDict
from werkzeug.exceptions import (
    Aborter,
    BadRequest,
    BadRequestKeyError,
    HTTPException,
    InternalServerError,
)
from werkzeug.routing import BuildError, MapAdapter, RoutingException, Rule
from werkzeug.routing import Map as WerkzeugMap
from werkzeug.wrappers import Response as WerkzeugResponse
from werkzeug.wsgi import get_host

from flasktrace import signals
from flasktrace.advice import FormDataLostError, loses_form_data
from flasktrace.blueprints import Blueprint
from flasktrace.commands import debug_by_environment
from flasktrace.commands import load_dotenv as read_dotenv
from flasktrace.config import DEFAULTS, Config, ConfigAttribute
from flasktrace.context import MISSING, AppGlobals, Context, Ending, current_error
from flasktrace.flashing import get_flashed_messages
from flasktrace.globals import g, request, request_context, session, top_context
from flasktrace.json.provider import DefaultJSONProvider, JSONProvider
from flasktrace.logging import create_logger
from flasktrace.registry import Registry, SetupError, scopes
from flasktrace.routing import Map, bind
from flasktrace.sessions import SecureCookieSessionInterface, SessionInterface, SessionMixin
from flasktrace.signals import (
    appcontext_tearing_down,
    begin_call,
    call_finished,
    call_started,
    end_call,
    request_finished,
    request_started,
    request_tearing_down,
    send,
    stage,
)
from flasktrace.templating import (
    DispatchingJinjaLoader,
    Environment,
    default_variables,
    select_jinja_autoescape,
)
from flasktrace.testing import EnvironBuilder, FlaskClient, FlaskCliRunner
from flasktrace.wrappers import Request, Response

Function = TypeVar("Function", bound=Callable[..., Any])

_NOTHING: dict[str, Any] = {}
_SAFE_IN_ANCHOR = "%!#$&'()*+,/:;=?@"
_COROUTINE = inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE
_STAGE_METHODS = {
    "push_context": "push",
    "preprocess_request": "preprocess",
    "match_request": "match",
    "dispatch_request": "dispatch",
    "make_response": "make_response",
    "process_response": "postprocess",
    "pop_context": "pop",
}
_ANSWERING = ("handle_user_exception", "handle_exception")
_IS_ANSWERING = "__flasktrace_answering__"


class Flask(Registry):
    """An app: url rules, views and hooks, and a WSGI callable that answers with them.

    *import_name* is usually ``__name__``: templates, static files and resources are found beside
    that module.
    """

    request_class: type[Request] = Request
    response_class: type[Response] = Response
    #: Class of ``g``.
    app_ctx_globals_class: type[AppGlobals] = AppGlobals
    #: Class of the contexts.
    context_class: type[Context] = Context
    config_class: type[Config] = Config
    url_rule_class: type[Rule] = Rule
    url_map_class: type[WerkzeugMap] = Map
    aborter_class: type[Aborter] = Aborter
    jinja_environment: type[Environment] = Environment
    jinja_options: dict[str, Any] = {}  # noqa: RUF012
    json_provider_class: type[JSONProvider] = DefaultJSONProvider
    test_client_class: type[FlaskClient] | None = None
    test_cli_runner_class: type[FlaskCliRunner] | None = None
    session_interface: SessionInterface = SecureCookieSessionInterface()
    default_config = ImmutableDict(DEFAULTS)

    #: Like ``TESTING``: exceptions are raised instead of answered.
    testing = ConfigAttribute("TESTING")
    #: Like ``SECRET_KEY``: signs the session.
    secret_key = ConfigAttribute("SECRET_KEY")
    #: Like ``PERMANENT_SESSION_LIFETIME``.
    permanent_session_lifetime = ConfigAttribute(
        "PERMANENT_SESSION_LIFETIME",
        lambda value: value if isinstance(value, timedelta) else timedelta(seconds=value),
    )

    def __init__(
        self,
        import_name: str,
        static_url_path: str | None = None,
        static_folder: str | Path | None = "static",
        static_host: str | None = None,
        host_matching: bool = False,
        subdomain_matching: bool = False,
        template_folder: str | Path | None = "templates",
        instance_path: str | None = None,
        instance_relative_config: bool = False,
        root_path: str | None = None,
    ) -> None:
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        self.cli.name = self.name
        #: Folder for what belongs to one installation: configuration, databases.
        self.instance_path = _checked(instance_path) or self.auto_find_instance_path()
        #: The configuration.
        self.config: Config = self.make_config(instance_relative_config)
        #: The url rules.
        self.url_map: WerkzeugMap = self.url_map_class(host_matching=host_matching)
        #: Whether rules may name a subdomain of ``SERVER_NAME``.
        self.subdomain_matching = subdomain_matching
        #: Turns values into JSON.
        self.json: JSONProvider = self.json_provider_class(self)
        #: Raises HTTP errors by code.
        self.aborter: Aborter = self.make_aborter()
        #: Called when `url_for` finds no rule.
        self.url_build_error_handlers: list[Callable[[Exception, str, dict[str, Any]], str]] = []
        #: Called when a context ends, in the reverse order.
        self.teardown_appcontext_funcs: list[Callable[[BaseException | None], Any]] = []
        #: Functions that give names to `flasktrace shell`.
        self.shell_context_processors: list[Callable[[], dict[str, Any]]] = []
        #: The blueprints that are registered, by the name that they have here.
        self.blueprints: dict[str, Blueprint] = {}
        #: State of extensions, by their name.
        self.extensions: dict[str, Any] = {}
        self.template_context_processors[None].append(default_variables)
        self._got_first_request = False
        if self.has_static_folder:
            self._add_static_rule(static_host, host_matching)

    def make_config(self, instance_relative: bool = False) -> Config:
        """Return the first configuration; relative files are below `instance_path` or the root."""
        root = self.instance_path if instance_relative else self.root_path
        return self.config_class(root, {**self.default_config, "DEBUG": debug_by_environment()})

    def make_aborter(self) -> Aborter:
        """Return what raises HTTP errors by code."""
        return self.aborter_class()

    def auto_find_instance_path(self) -> str:
        """Return the folder ``instance`` beside the package, or below the prefix it is in."""
        prefix, package = _place_of_package(self.import_name, self.root_path)
        if prefix is None:
            return str(package / "instance")
        return str(prefix / "var" / f"{self.name}-instance")

    def open_instance_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = "utf-8"
    ) -> IO[Any]:
        """Open a file below `instance_path`, also for writing."""
        text = None if "b" in mode else encoding
        return (Path(self.instance_path) / resource).open(mode, encoding=text)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make the overrides of stage methods send the signals of their stage."""
        super().__init_subclass__(**kwargs)
        for method, name in _STAGE_METHODS.items():
            override = getattr(cls, method)  # its own, or that of a mixin before Flask
            if not hasattr(override, "__flasktrace_stage__"):
                setattr(cls, method, stage(name)(override))
        for method in _ANSWERING:
            override = getattr(cls, method)
            if override is not getattr(Flask, method) and not hasattr(override, _IS_ANSWERING):
                setattr(cls, method, signals.answering(method, override))

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a function that replaces a stage method sends its signals, too."""
        if name in _STAGE_METHODS and not hasattr(value, "__flasktrace_stage__"):
            value = signals.stage_of(self, _STAGE_METHODS[name], value)
        elif name in _ANSWERING and not _is_frameworks(value, name):
            value = signals.answering(name, value)
        super().__setattr__(name, value)

    def _add_static_rule(self, host: str | None, host_matching: bool) -> None:
        if bool(host) != host_matching:
            message = (
                f"static_host={host!r} and host_matching={host_matching!r} do not go together: "
                "give both, or neither."
            )
            raise ValueError(message)

        def static(filename: str) -> Any:
            return self.send_static_file(filename)

        rule = f"{self.static_url_path}/<path:filename>"
        self.add_url_rule(rule, endpoint="static", host=host, view_func=static)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    # Facts

    @cached_property
    def name(self) -> str:
        """The import name; for a script the name of its file."""
        if self.import_name != "__main__":
            return self.import_name
        file = getattr(sys.modules["__main__"], "__file__", None)
        return Path(file).stem if file else "__main__"

    @property
    def debug(self) -> bool:
        """Whether the app is in debug mode; also sets how templates are reloaded."""
        return self.config["DEBUG"]  # type: ignore[no-any-return]

    @debug.setter
    def debug(self, value: bool) -> None:
        self.config["DEBUG"] = value
        if self.config["TEMPLATES_AUTO_RELOAD"] is None and "jinja_env" in self.__dict__:
            self.jinja_env.auto_reload = value

    @cached_property
    def logger(self) -> logging.Logger:
        """The logger named after the app."""
        return create_logger(self)

    @property
    def got_first_request(self) -> bool:
        """Whether a request was handled, so that it is too late to register."""
        return self._got_first_request

    def _check_setup(self, what: str) -> None:
        if self._got_first_request:
            raise SetupError(what)

    # Registration

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Add a url rule for *endpoint*, by default the name of *view_func*.

        *options* are those of ``werkzeug.routing.Rule``; ``methods`` is ``["GET"]`` unless given
        or an attribute of the view. The app adds OPTIONS and answers it, unless it is among them or
        ``PROVIDE_AUTOMATIC_OPTIONS`` is off; *provide_automatic_options* chooses for this rule, and
        adds no method. AssertionError when the endpoint has another view.
        """
        self._check_setup("add_url_rule")
        endpoint = endpoint or _endpoint_of(view_func)
        methods = _methods(options.pop("methods", None), view_func)
        required = {name.upper() for name in getattr(view_func, "required_methods", ())}
        automatic = _automatic_options(provide_automatic_options, view_func)
        if automatic is None:
            automatic = "OPTIONS" not in methods and self.config["PROVIDE_AUTOMATIC_OPTIONS"]
            required |= {"OPTIONS"} if automatic else set()
        methods |= required
        made = self.url_rule_class(rule, endpoint=endpoint, methods=methods, **options)
        made.provide_automatic_options = automatic  # type: ignore[attr-defined]
        self.url_map.add(made)
        if view_func is not None:
            self._add_view(endpoint, view_func)

    def _add_view(self, endpoint: str, view: Callable[..., Any]) -> None:
        there = self.view_functions.setdefault(endpoint, view)
        if there is not view:
            message = (
                f"The endpoint {endpoint!r} has a view already, {there!r}; "
                f"give {view!r} another endpoint= or another name."
            )
            raise AssertionError(message)

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Put *blueprint* into the app.

        *options* change what it says of itself, this time: ``url_prefix``, ``subdomain``,
        ``name``, ``url_defaults``, ``cli_group``. ValueError when there is one of that name.
        """
        self._check_setup("register_blueprint")
        blueprint.register(self, options)

    def iter_blueprints(self) -> Iterable[Blueprint]:
        """Return the blueprints in the order of their registration."""
        return self.blueprints.values()

    def teardown_appcontext(self, f: Function) -> Function:
        """Call *f* when a context ends, with the exception that ended it, or None."""
        self._check_setup("teardown_appcontext")
        self.teardown_appcontext_funcs.append(f)
        return f

    def shell_context_processor(self, f: Function) -> Function:
        """Call *f* for names that a shell shall have."""
        self._check_setup("shell_context_processor")
        self.shell_context_processors.append(f)
        return f

    def template_filter(self, name: str | None = None) -> Callable[[Function], Function]:
        """Make the function below a filter of the templates."""
        return self._template_part("filters", name)

    def template_test(self, name: str | None = None) -> Callable[[Function], Function]:
        """Make the function below a test of the templates."""
        return self._template_part("tests", name)

    def template_global(self, name: str | None = None) -> Callable[[Function], Function]:
        """Make the function below a global function of the templates."""
        return self._template_part("globals", name)

    def add_template_filter(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Make *f* a filter of the templates."""
        self._template_part("filters", name)(f)

    def add_template_test(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Make *f* a test of the templates."""
        self._template_part("tests", name)(f)

    def add_template_global(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Make *f* a global function of the templates."""
        self._template_part("globals", name)(f)

    def _template_part(self, table: str, name: str | None) -> Callable[[Function], Function]:
        def register(function: Function) -> Function:
            self._check_setup("template_" + table.removesuffix("s"))
            getattr(self.jinja_env, table)[name or function.__name__] = function
            return function

        return register

    # Contexts

    def app_context(self) -> Context:
        """Return a context without a request, to use with ``with``."""
        return self.context_class(self)

    def request_context(self, environ: dict[str, Any]) -> Context:
        """Return the context of the request that *environ* (PEP 3333) describes."""
        return self.context_class(self, self.request_class(environ))

    def test_request_context(self, *args: Any, **kwargs: Any) -> Context:
        """Return the context of a made-up request; the arguments are those of EnvironBuilder."""
        builder = EnvironBuilder(self, *args, **kwargs)
        try:
            return self.request_context(builder.get_environ())
        finally:
            builder.close()

    def current_request_context(self) -> Context | None:
        """Return the context on top of the stack when it has a request, else None."""
        context = top_context()
        return None if context is None or context.request is None else context

    # The seven stages

    def wsgi_app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer one request: the stages, in order. ``__call__`` calls it.

        It is apart from ``__call__`` so that middleware can be put around it, with
        ``app.wsgi_app = Middleware(app.wsgi_app)``, and ``app`` stays the app.
        """
        context = self.request_context(environ)
        with Ending(context) as ending:  # pop, the last stage
            try:
                context.push()
                try:
                    self._begin()
                    value = self.preprocess_request(context)
                    if value is None:
                        context.match()  # lazy: a hook may have asked before
                        value = self.dispatch_request(context)
                except Exception as error:  # noqa: BLE001
                    value = self.handle_user_exception(error)
                response = self.process_response(context, self.make_response(value))
                if request_finished.receivers:
                    send(request_finished, self, context, response=response)
            except Exception as error:  # noqa: BLE001
                ending.error = error
                response = self.handle_exception(error)
            return response(environ, start_response)

    @stage("push")
    def push_context(self, context: Context) -> None:
        """Put the context on top of the stack and open the session."""
        context.enter()

    @stage("preprocess")
    def preprocess_request(self, context: Context) -> Any:
        """Run the hooks before the view; return the first answer, or None for none."""
        if self.url_value_preprocessors and any(self.url_value_preprocessors.values()):
            self._preprocess_url_values(context)
        if self.before_request_funcs:
            for function in _functions(context, self.before_request_funcs):
                value = self._call(context, "before_request", function)
                if value is not None:
                    return value
        return None

    @stage("match")
    def match_request(self, context: Context) -> None:
        """Find the url rule for the path; dispatch raises what went wrong."""
        context.request.match_now()  # type: ignore[union-attr]

    @stage("dispatch")
    def dispatch_request(self, context: Context) -> Any:
        """Call the view of the rule that matched and return its value."""
        found: Request = context.request  # type: ignore[assignment]
        if found.routing_exception is not None:
            self.raise_routing_exception(found)
        rule: Any = found.url_rule
        if found.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
            return self.make_default_options_response()
        view = self.view_functions[rule.endpoint]
        return self._call(context, "view", view, **(found.view_args or _NOTHING))

    @stage("make_response")
    def make_response(self, rv: Any) -> Response:
        """Turn the value of a view into a response.

        ======================== ====================================================
        ``str``, ``bytes``       the body
        ``dict``, ``list``       the body, as JSON
        an iterator of either    the body, streamed
        a response               itself
        a WSGI callable          called, its answer is the response
        ``(body, status)``       a body of any of these kinds, and a status
        ``(body, headers)``      …, and headers: a dict, a list of pairs, ``Headers``
        ``(body, status, headers)``
        ======================== ====================================================

        TypeError for anything else, None above all.
        """
        kind = type(rv)
        if kind is str or kind is bytes:
            return self.response_class(rv, status=None, headers=None)
        if kind is dict or kind is list:
            return self.json.response(rv)  # type: ignore[no-any-return]
        return self._response_of(*_unpacked(rv), rv)

    @stage("postprocess")
    def process_response(self, context: Context, response: Response) -> Response:
        """Run the hooks after the view, and save the session; return the response to send."""
        for function in context.after_functions:
            response = self._call(context, "after_this_request", function, response)
        if self.after_request_funcs:
            for function in _reversed(context, self.after_request_funcs):
                response = self._call(context, "after_request", function, response)
        saved = context._session  # noqa: SLF001
        if not self.session_interface.is_null_session(saved):
            save = self.session_interface.save_session
            self._call_inside("session_save", save, self, saved, response)
        return response

    @stage("pop")
    def pop_context(self, context: Context, exc: BaseException | None = None) -> None:
        """Run the teardown functions and take the context off the stack."""
        context.leave(exc)

    def _begin(self) -> None:
        if not self._got_first_request:
            self._got_first_request = True
        if request_started.receivers:
            send(request_started, self, top_context())

    def do_teardown_request(self, exc: BaseException | None = MISSING) -> None:
        """Run the functions of `teardown_request`, the last registered first."""
        if exc is MISSING:
            exc = current_error(exc)
        context = top_context()
        if context is None or context.request is None:
            return
        if self.teardown_request_funcs:
            for function in _reversed(context, self.teardown_request_funcs):
                self._call(context, "teardown_request", function, exc)
        if request_tearing_down.receivers:
            send(request_tearing_down, self, context, exc=exc)

    def do_teardown_appcontext(self, exc: BaseException | None = MISSING) -> None:
        """Run the functions of `teardown_appcontext`, the last registered first."""
        if exc is MISSING:
            exc = current_error(exc)
        for function in reversed(self.teardown_appcontext_funcs):
            self._call(top_context(), "teardown_appcontext", function, exc)
        if appcontext_tearing_down.receivers:
            send(appcontext_tearing_down, self, top_context(), exc=exc)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer as a WSGI application (PEP 3333)."""
        return self.wsgi_app(environ, start_response)

    def full_dispatch_request(self) -> Response:
        """Run the stages between push and pop, for who has pushed a context by hand.

        `wsgi_app` names them itself and does not call this; override the stages instead.
        """
        context = request_context()
        try:
            self._begin()
            value = self.preprocess_request(context)
            if value is None:
                context.match()
                value = self.dispatch_request(context)
        except Exception as error:  # noqa: BLE001
            value = self.handle_user_exception(error)
        return self.finalize_request(value)

    # What the stages use

    def _call(
        self, context: Any, kind: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        """Call a function of the user: hook, view, handler, processor."""
        run, begun = self.ensure_sync(function), None
        if (
            context.stage is None
            or context.watcher is not None
            or call_started.receivers
            or call_finished.receivers
        ):
            begun = begin_call(context, kind, function)
        # In one place for both: a warning for the caller of the function has to name the same.
        try:
            value = run(*args, **kwargs)
        except BaseException as error:
            if begun is not None:
                end_call(context, kind, function, begun, error, None)
            raise
        if begun is not None:
            end_call(context, kind, function, begun, None, value)
        return value

    def _call_inside(self, kind: str, method: Callable[..., Any], /, *args: Any) -> Any:
        """Call a method of what the app works with, such as its session interface."""
        context, begun = top_context(), None
        if context is not None and (
            context.watcher is not None or call_started.receivers or call_finished.receivers
        ):
            if type(method) is MethodType and type(method.__self__) is SecureCookieSessionInterface:
                return signals.own(context, kind, method, *args)
            begun = begin_call(context, kind, method)
        try:
            value = method(*args)
        except BaseException as error:
            if begun is not None:
                end_call(context, kind, method, begun, error, None)
            raise
        if begun is not None:
            end_call(context, kind, method, begun, None, value)
        return value

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return *func*, or, when it is a coroutine function, one that waits for its result."""
        if type(func) is FunctionType and not func.__code__.co_flags & _COROUTINE:
            return func  # the usual case, at the least price
        return self.async_to_sync(func) if inspect.iscoroutinefunction(func) else func

    def async_to_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that runs the coroutine function *func* to its end."""
        try:
            from asgiref.sync import async_to_sync
        except ImportError:
            message = (
                f"{func!r} is async; for async views and hooks install asgiref: "
                "pip install 'flasktrace[async]'."
            )
            raise RuntimeError(message) from None
        made: Callable[..., Any] = async_to_sync(func)
        return made

    def open_session(self, found: Request) -> SessionMixin:
        """Return the session of a request; a stand-in when it cannot be opened."""
        opened = self._call_inside("session_open", self.session_interface.open_session, self, found)
        return self.session_interface.make_null_session(self) if opened is None else opened

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what matches and builds urls; None without a request and ``SERVER_NAME``."""
        if request is None:
            return self._adapter_without_request()
        rules = self.url_map
        trusted = self.config["TRUSTED_HOSTS"]
        if trusted is not None:
            request.trusted_hosts = trusted
        if not rules.host_matching and not self.subdomain_matching:
            usual = bind(rules, request, self.config["SERVER_NAME"])
            if usual is not None:
                return usual
        return self._adapter_of_host(request)

    def _adapter_of_host(self, request: Request) -> MapAdapter:
        rules = self.url_map
        server_name = None if rules.host_matching else self.config["SERVER_NAME"]
        of_host = rules.host_matching or self.subdomain_matching
        subdomain = None if of_host else rules.default_subdomain or ""
        # SecurityError (400) when the host is not trusted.
        request.host = get_host(request.environ, request.trusted_hosts)
        return rules.bind_to_environ(request.environ, server_name=server_name, subdomain=subdomain)

    def _adapter_without_request(self) -> MapAdapter | None:
        if self.config["SERVER_NAME"] is None:
            return None
        return self.url_map.bind(
            self.config["SERVER_NAME"],
            script_name=self.config["APPLICATION_ROOT"],
            url_scheme=self.config["PREFERRED_URL_SCHEME"],
        )

    def _preprocess_url_values(self, context: Context) -> None:
        found: Request = context.request  # type: ignore[assignment]
        for function in _functions(context, self.url_value_preprocessors):
            self._call(context, "url_value_preprocessor", function, found.endpoint, found.view_args)

    def raise_routing_exception(self, request: Request) -> NoReturn:
        """Raise what the match of *request* raised; in debug mode, what a form would lose by it."""
        error: Any = request.routing_exception
        if self.debug and loses_form_data(error, request.method):
            raise FormDataLostError(request.url, error)
        raise error

    def make_default_options_response(self) -> Response:
        """Return the answer to OPTIONS: the methods that the url allows."""
        response = self.response_class()
        adapter: Any = top_context().url_adapter  # type: ignore[union-attr]
        response.allow.update(adapter.allowed_methods())
        return response

    def _response_of(self, body: Any, status: Any, headers: Any, rv: Any) -> Response:
        response: Any
        if body is None:
            raise TypeError(_no_value(rv))
        if isinstance(body, str | bytes | bytearray):
            # Status and headers go with it, so that they take part in the defaults.
            return self.response_class(body, status=status, headers=headers)
        if isinstance(body, Iterator):
            return self.response_class(body, status=status, headers=headers)
        if isinstance(body, dict | list):
            response = self.json.response(body)
        elif isinstance(body, self.response_class):
            response = body
        elif isinstance(body, WerkzeugResponse) or callable(body):
            response = self._response_of_callable(body)
        else:
            raise TypeError(_no_response(body))
        made: Response = _with(response, status, headers)
        return made

    def _response_of_callable(self, body: Any) -> Any:
        context: Any = top_context()
        try:
            return self.response_class.force_type(body, context.request.environ)
        except TypeError as error:
            message = f"{_no_response(body)} Called as a WSGI application, it failed: {error}"
            raise TypeError(message).with_traceback(sys.exception().__traceback__) from None  # type: ignore[union-attr]

    # Errors

    def handle_user_exception(self, e: Exception) -> Any:
        """Return the answer of the handler for *e*; raise it again when there is none."""
        self._tell_missing_key(e)
        if isinstance(e, HTTPException) and not self.trap_http_exception(e):
            return self.handle_http_exception(e)
        handler = self._find_error_handler(e)
        if handler is None:
            raise e
        return self._call(top_context(), "error_handler", handler, e)

    def _tell_missing_key(self, e: Exception) -> None:
        """Let the answer to a missing form key name the key, for a developer."""
        wanted = self.debug or self.config["TRAP_BAD_REQUEST_ERRORS"]
        if wanted and isinstance(e, BadRequestKeyError):
            e.show_exception = True

    def handle_http_exception(self, e: HTTPException) -> Any:
        """Return the answer of the handler for *e*, or *e*, which is a response itself."""
        if e.code is None or isinstance(e, RoutingException):
            return e
        handler = self._find_error_handler(e)
        return e if handler is None else self._call(top_context(), "error_handler", handler, e)

    def handle_exception(self, e: Exception) -> Response:
        """Answer 500 for an exception that nobody handled; raise it in debug mode and tests."""
        if signals.exception_unhandled.receivers:
            signals.exception_unhandled.send(self, exception=e)
        if signals.got_request_exception.receivers:
            send(signals.got_request_exception, self, top_context(), exception=e)
        if self._propagates():
            raise e
        self.log_exception((type(e), e, e.__traceback__))
        error = InternalServerError(original_exception=e)
        handler = self._find_error_handler(error)
        value: Any = error
        if handler is not None:
            value = self._call(top_context(), "error_handler", handler, error)
        return self.finalize_request(value, from_error_handler=True)

    def finalize_request(self, rv: Any, from_error_handler: bool = False) -> Response:
        """Make and postprocess the response; an error page goes out even when hooks fail."""
        response = self.make_response(rv)
        try:
            response = self.process_response(response)  # type: ignore[call-arg, arg-type]
            if request_finished.receivers:
                send(request_finished, self, top_context(), response=response)
        except Exception:
            if not from_error_handler:
                raise
            self.logger.exception("A hook failed on the response of an error.")
        return response

    def _propagates(self) -> bool:
        configured = self.config["PROPAGATE_EXCEPTIONS"]
        return bool(self.testing or self.debug) if configured is None else bool(configured)

    def log_exception(
        self,
        exc_info: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> None:
        """Log an exception that nobody handled."""
        found: Request = top_context().request  # type: ignore[union-attr, assignment]
        self.logger.error("Exception on %s [%s]", found.path, found.method, exc_info=exc_info)

    def trap_http_exception(self, e: Exception) -> bool:
        """Tell whether an HTTP error is treated like any other exception."""
        if self.config["TRAP_HTTP_EXCEPTIONS"]:
            return True
        trap = self.config["TRAP_BAD_REQUEST_ERRORS"]
        if trap is None and self.debug and isinstance(e, BadRequestKeyError):
            return True
        return bool(trap) and isinstance(e, BadRequest)

    def should_ignore_error(self, error: BaseException | None) -> bool:  # noqa: ARG002
        """Tell whether teardown functions shall not hear of *error*."""
        return False

    def _find_error_handler(self, e: Exception) -> Callable[..., Any] | None:
        """Return the handler for *e*: by code before by class, blueprint before app, then MRO."""
        code = e.code if isinstance(e, HTTPException) else None
        names = _blueprints(top_context(), self.error_handler_spec)
        for group in (None,) if code is None else (code, None):
            for scope in (*names, None):
                table: dict[Any, Callable[..., Any]] | None
                table = self.error_handler_spec.get(scope, {}).get(group)
                for kind in type(e).__mro__ if table else ():
                    if table and kind in table:
                        return table[kind]
        return None

    # Urls

    def url_for(
        self, /, endpoint: str, *,
        _anchor: str | None = None, _method: str | None = None,
        _scheme: str | None = None, _external: bool | None = None,
        **values: Any,
    ) -> str:  # fmt: skip
        """Return the url of *endpoint* with *values* in it; those that no rule has, as query.

        An endpoint that begins with a dot is one of the current blueprint. *_external* asks for
        scheme and host too (without a request they are always there, from ``SERVER_NAME``),
        *_anchor* is put behind ``#``. ``werkzeug.routing.BuildError`` when no rule fits,
        RuntimeError when there is neither a request nor ``SERVER_NAME``.
        """
        adapter, endpoint, _external = self._url_context(endpoint, _scheme, _external)
        self.inject_url_defaults(endpoint, values)
        try:
            url = adapter.build(
                endpoint, values, method=_method, url_scheme=_scheme, force_external=_external
            )
        except BuildError as error:
            values.update(_anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external)
            return self.handle_url_build_error(error, endpoint, values)
        if _anchor is None:
            return url
        return f"{url}#{quote(_anchor, safe=_SAFE_IN_ANCHOR)}"

    def _url_context(
        self, endpoint: str, scheme: str | None, external: bool | None
    ) -> tuple[MapAdapter, str, bool]:
        context = top_context()
        if context is not None and context.request is not None:
            external = scheme is not None if external is None else external
            if endpoint.startswith("."):
                name = context.request.blueprint
                endpoint = f"{name}{endpoint}" if name else endpoint[1:]
            adapter = context.url_adapter
        else:
            external = True if external is None else external
            adapter = self.create_url_adapter(None)
        if adapter is None:
            message = (
                f"The url of {endpoint!r} needs a host, and there is no request to take it from. "
                "Set SERVER_NAME (and, where they differ, APPLICATION_ROOT and "
                "PREFERRED_URL_SCHEME)."
            )
            raise RuntimeError(message)
        if scheme is not None and not external:
            raise ValueError(f"_scheme={scheme!r} needs a url with host; leave out _external.")
        return adapter, endpoint, external

    def inject_url_defaults(self, endpoint: str, values: dict[str, Any]) -> None:
        """Let the functions of `url_defaults` add to *values*."""
        if not self.url_default_functions:
            return
        parts = endpoint.split(".")[:-1]
        names = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
        for scope in scopes(names):
            for function in self.url_default_functions.get(scope, ()):
                function(endpoint, values)

    def handle_url_build_error(
        self, error: BuildError, endpoint: str, values: dict[str, Any]
    ) -> str:
        """Return the first url that a handler gives; raise *error* when none does."""
        for handler in self.url_build_error_handlers:
            try:
                url = handler(error, endpoint, values)
            except BuildError as other:
                error = other
            else:
                if url is not None:
                    return url
        raise error

    def redirect(self, location: str, code: int = 302) -> WerkzeugResponse:
        """Return a redirect to *location*."""
        return werkzeug.utils.redirect(location, code, Response=self.response_class)

    # Templates

    @cached_property
    def jinja_env(self) -> Environment:
        """The jinja2 environment, made when it is first used."""
        return self.create_jinja_environment()

    def create_jinja_environment(self) -> Environment:
        """Return a jinja2 environment with the names that every template has."""
        options = dict(self.jinja_options)
        options.setdefault("autoescape", self.select_jinja_autoescape)
        reload = self.config["TEMPLATES_AUTO_RELOAD"]
        options.setdefault("auto_reload", self.debug if reload is None else reload)
        made = self.jinja_environment(self, **options)
        made.globals.update(
            url_for=self.url_for,
            get_flashed_messages=get_flashed_messages,
            config=self.config,
            request=request,
            session=session,
            g=g,
        )
        made.policies["json.dumps_function"] = self.json.dumps
        return made

    def create_global_jinja_loader(self) -> DispatchingJinjaLoader:
        """Return what finds templates in the app and its blueprints."""
        return DispatchingJinjaLoader(self)

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        """Tell whether a template is escaped."""
        return select_jinja_autoescape(filename)

    def update_template_context(self, context: dict[str, Any]) -> None:
        """Add to *context* what the context processors give; what is there stays."""
        top = top_context()
        given = dict(context)
        for function in _functions(top, self.template_context_processors):
            context.update(self._variables(top, function))
        context.update(given)

    def _variables(self, top: Context | None, function: Callable[..., Any]) -> dict[str, Any]:
        if top is None or function is default_variables:
            made: dict[str, Any] = self.ensure_sync(function)()
        else:
            made = self._call(top, "context_processor", function)
        return made

    # Running and testing

    def test_client(self, use_cookies: bool = True, **kwargs: Any) -> FlaskClient:
        """Return a client that sends requests to the app without a server."""
        kind = self.test_client_class or FlaskClient
        return kind(self, self.response_class, use_cookies=use_cookies, **kwargs)

    def test_cli_runner(self, **kwargs: Any) -> FlaskCliRunner:
        """Return what runs the app's commands in a test."""
        kind = self.test_cli_runner_class or FlaskCliRunner
        return kind(self, **kwargs)

    def make_shell_context(self) -> dict[str, Any]:
        """Return the names of an interactive shell."""
        names: dict[str, Any] = {"app": self, "g": g}
        for function in self.shell_context_processors:
            names.update(function())
        return names

    def run(
        self, host: str | None = None, port: int | None = None,
        debug: bool | None = None, load_dotenv: bool = True, **options: Any,
    ) -> None:  # fmt: skip
        """Serve the app with werkzeug's development server, on this machine, until stopped.

        *options* are those of ``werkzeug.serving.run_simple``: ``threaded`` (on by default),
        ``processes``, ``use_reloader`` and ``use_debugger`` (as *debug*), ``ssl_context``, ….
        With *load_dotenv* the files ``.env`` and ``.flaskenv`` set environment variables first,
        and ``FLASK_DEBUG`` the debug mode.
        Not for production. With ``FLASK_RUN_FROM_CLI`` set it does nothing: a command serves
        the app already.
        """
        if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
            return
        if _dotenv_wanted(load_dotenv):
            read_dotenv()
            if "FLASK_DEBUG" in os.environ:
                self.debug = debug_by_environment()
        if debug is not None:
            self.debug = debug
        name, _, number = (self.config["SERVER_NAME"] or "").partition(":")
        options.setdefault("use_reloader", self.debug)
        options.setdefault("use_debugger", self.debug)
        options.setdefault("threaded", True)

        from werkzeug.serving import run_simple

        try:
            run_simple(
                host or name or "127.0.0.1",
                int(number or 5000) if port is None else port,
                self,
                **options,
            )
        finally:
            # A reloader in an interactive session runs this once more.
            self._got_first_request = False


def _is_frameworks(method: Any, name: str) -> bool:
    """Tell whether *method* is the framework's, or one that is told of already."""
    function = getattr(method, "__func__", method)
    return function is getattr(Flask, name) or hasattr(function, _IS_ANSWERING)


def _dotenv_wanted(asked: bool) -> bool:
    skip = os.environ.get("FLASK_SKIP_DOTENV", "").lower()
    return skip in {"0", "false", "no"} if skip else asked


def _checked(instance_path: str | None) -> str | None:
    if instance_path is not None and not Path(instance_path).is_absolute():
        raise ValueError(f"instance_path={instance_path!r} must be absolute.")
    return instance_path


def _place_of_package(import_name: str, root_path: str) -> tuple[Path | None, Path]:
    """Return the prefix that a package is installed in (None: it is not) and its parent folder."""
    folder = _folder_of_package(import_name.partition(".")[0])
    parent = Path(root_path) if folder is None else folder.parent
    prefix = Path(sys.prefix).resolve()
    if parent.resolve().is_relative_to(prefix):
        return prefix, parent
    return None, parent


def _folder_of_package(name: str) -> Path | None:
    from importlib.util import find_spec

    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    folders = list((spec and spec.submodule_search_locations) or ())
    return Path(folders[0]) if folders else None


def _endpoint_of(view: Callable[..., Any] | None) -> str:
    if view is None:
        raise ValueError("A url rule needs a view, or the endpoint= of one that is added later.")
    return view.__name__


def _methods(given: Any, view: Any) -> set[str]:
    methods = given if given is not None else getattr(view, "methods", None) or ("GET",)
    if isinstance(methods, str):
        message = f"methods={methods!r} is text; give a list, such as methods=[{methods!r}]."
        raise TypeError(message)
    return {name.upper() for name in methods}


def _automatic_options(given: bool | None, view: Any) -> bool | None:
    """Tell whether the app answers OPTIONS for the view; None when nobody has said."""
    return getattr(view, "provide_automatic_options", None) if given is None else given


def _functions(
    context: Context | None, table: dict[Any, list[Callable[..., Any]]]
) -> Iterable[Callable[..., Any]]:
    """Return the functions of *table* for a request: the app's, then those of its blueprints."""
    if len(table) == (None in table):
        return table[None] if table else ()
    names = scopes(_blueprints(context, table))
    return chain.from_iterable(table.get(name, ()) for name in names)


def _reversed(
    context: Context, table: dict[Any, list[Callable[..., Any]]]
) -> Iterable[Callable[..., Any]]:
    """Return those of *table* for what comes after the view: the last registered first."""
    if len(table) == (None in table):
        return reversed(table[None]) if table else ()
    names = (*_blueprints(context, table), None)
    return chain.from_iterable(reversed(table.get(name, ())) for name in names)


def _blueprints(context: Context | None, table: dict[Any, Any]) -> list[str]:
    """Return the blueprints of the request, innermost first, if *table* has more than the app's.

    Otherwise none: they need not be known, and the request need not be matched to know them.
    """
    if len(table) == (None in table) or context is None or context.request is None:
        return []
    return context.request.blueprints


def _unpacked(rv: Any) -> tuple[Any, Any, Any]:
    """Split the value of a view into body, status and headers."""
    if not isinstance(rv, tuple):
        return rv, None, None
    match rv:
        case (body, status, headers):
            return body, status, headers
        case (body, Headers() | dict() | tuple() | list() as headers):
            return body, None, headers
        case (body, status):
            return body, status, None
    message = (
        f"A view returned a tuple of {len(rv)}. A tuple is (body, status, headers), "
        "(body, status) or (body, headers)."
    )
    raise TypeError(message)


def _with(response: Any, status: Any, headers: Any) -> Any:
    if status is not None:
        if isinstance(status, str | bytes | bytearray):
            response.status = status
        else:
            response.status_code = status
    if headers:
        response.headers.update(headers)
    return response


def _viewed() -> str:
    context = top_context()
    endpoint = context.request.endpoint if context is not None and context.request else None
    return f"The view of {endpoint!r}" if endpoint else "The view"


def _no_value(rv: Any) -> str:
    what = f"{rv!r}, which has no body" if isinstance(rv, tuple) else "None"
    return (
        f"{_viewed()} returned {what}. It must return a response; perhaps it ends without a "
        "return statement."
    )


def _no_response(body: Any) -> str:
    return (
        f"{_viewed()} returned a {type(body).__name__}. It must return a string, bytes, dict, "
        "list, iterator, response or WSGI callable, or a tuple of one of these with status and "
        "headers."
    )
