"""What apps and blueprints both register: rules, hooks, error handlers, processors."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import IO, Any, TypeVar

from jinja2 import BaseLoader, FileSystemLoader
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.utils import send_from_directory

from flasktrace.commands import AppGroup
from flasktrace.globals import current_app, request

Function = TypeVar("Function", bound=Callable[..., Any])
Scope = str | None
"""The name of a blueprint, or None for the whole app."""


class SetupError(AssertionError):
    """Something was registered after the app had handled its first request."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"{what!r} was called after the app had handled its first request, so earlier "
            "requests would have missed it. Register everything while the app is set up."
        )


class Registry:
    """Rules, hooks, error handlers and processors, each with the scope it is for."""

    #: Name of the folder that rules of `static_url_path` serve.
    _static_folder: str | None = None
    _static_url_path: str | None = None

    def __init__(
        self,
        import_name: str,
        static_folder: str | Path | None = None,
        static_url_path: str | None = None,
        template_folder: str | Path | None = None,
        root_path: str | None = None,
    ) -> None:
        #: Name of the module or package that it belongs to.
        self.import_name = import_name
        #: Folder of that module: where templates, static files and resources are found.
        self.root_path = root_path or _root_of(import_name)
        #: Folder of the templates, relative to `root_path`.
        self.template_folder = template_folder
        self.static_folder = static_folder
        self.static_url_path = static_url_path
        #: Commands of the command line.
        self.cli = AppGroup()
        #: Endpoint to view.
        self.view_functions: dict[str, Callable[..., Any]] = {}
        #: Scope to code (None for exceptions that are no HTTP errors) to class to handler.
        self.error_handler_spec: dict[
            Scope, dict[int | None, dict[type[Exception], Callable[..., Any]]]
        ] = defaultdict(lambda: defaultdict(dict))
        #: Scope to functions called before the view; the first that answers ends it.
        self.before_request_funcs: dict[Scope, list[Callable[..., Any]]] = defaultdict(list)
        #: Scope to functions that get the response, called in the reverse order.
        self.after_request_funcs: dict[Scope, list[Callable[..., Any]]] = defaultdict(list)
        #: Scope to functions called at the end whatever happened, in the reverse order.
        self.teardown_request_funcs: dict[Scope, list[Callable[..., Any]]] = defaultdict(list)
        #: Scope to functions that give variables to every template.
        self.template_context_processors: dict[Scope, list[Callable[..., Any]]] = defaultdict(list)
        #: Scope to functions that may change endpoint and view arguments.
        self.url_value_preprocessors: dict[Scope, list[Callable[..., Any]]] = defaultdict(list)
        #: Scope to functions that fill in values for `url_for`.
        self.url_default_functions: dict[Scope, list[Callable[..., Any]]] = defaultdict(list)

    def _check_setup(self, what: str) -> None:
        """Raise `SetupError` when it is too late to register."""

    # Resources

    @property
    def static_folder(self) -> str | None:
        """Absolute path of the folder with static files, or None."""
        if self._static_folder is None:
            return None
        return str(Path(self.root_path) / self._static_folder)

    @static_folder.setter
    def static_folder(self, value: str | Path | None) -> None:
        self._static_folder = None if value is None else str(value).rstrip("/\\")

    @property
    def has_static_folder(self) -> bool:
        """Whether there is a folder with static files."""
        return self._static_folder is not None

    @property
    def static_url_path(self) -> str | None:
        """Where the static files are served; ``/`` and the folder's name unless set."""
        if self._static_url_path is not None:
            return self._static_url_path
        return f"/{Path(self._static_folder).name}" if self._static_folder else None

    @static_url_path.setter
    def static_url_path(self, value: str | None) -> None:
        self._static_url_path = None if value is None else value.rstrip("/")

    def get_send_file_max_age(self, filename: str | None) -> int | None:  # noqa: ARG002
        """Return for how many seconds a browser may keep a file; None to ask each time."""
        age = current_app.config["SEND_FILE_MAX_AGE_DEFAULT"]
        seconds: int | None = int(age.total_seconds()) if hasattr(age, "total_seconds") else age
        return seconds

    def send_static_file(self, filename: str) -> Any:
        """Return the response with a static file; NotFound when there is none."""
        if not self.static_folder:
            raise RuntimeError("There is no static folder; set static_folder to serve from one.")
        return send_from_directory(
            self.static_folder,
            filename,
            request.environ,
            max_age=self.get_send_file_max_age(filename),
            response_class=current_app.response_class,
            use_x_sendfile=current_app.config["USE_X_SENDFILE"],
            _root_path=current_app.root_path,
        )

    def open_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = "utf-8"
    ) -> IO[Any]:
        """Open a file below `root_path` for reading; ValueError for any other *mode*."""
        if mode not in {"r", "rt", "rb"}:
            raise ValueError(f"Resources are opened for reading ('r' or 'rb'), not {mode!r}.")
        path = Path(self.root_path) / resource
        return path.open(mode, encoding=None if mode == "rb" else encoding)

    @cached_property
    def jinja_loader(self) -> BaseLoader | None:
        """What loads the templates of `template_folder`; may be replaced by another loader."""
        if self.template_folder is None:
            return None
        return FileSystemLoader(Path(self.root_path) / self.template_folder)

    # Rules and views

    def route(self, rule: str, **options: Any) -> Callable[[Function], Function]:
        """Make the function below the view of the url *rule*, such as ``/users/<int:id>``.

        *options* are those of `add_url_rule`: ``methods`` (``["GET"]``), ``endpoint`` (the
        function's name), ``defaults``, ``strict_slashes``, ``redirect_to``, ….
        """

        def register(function: Function) -> Function:
            endpoint = options.pop("endpoint", None)
            self.add_url_rule(rule, endpoint, function, **options)
            return function

        return register

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Add a url rule; see `Flask.add_url_rule`."""
        raise NotImplementedError

    def _route_for(self, method: str, rule: str, options: dict[str, Any]) -> Any:
        if "methods" in options:
            raise TypeError(f"{method.lower()}() is for {method} alone; give methods to route().")
        return self.route(rule, methods=[method], **options)

    def get(self, rule: str, **options: Any) -> Callable[[Function], Function]:
        """`route` for GET."""
        return self._route_for("GET", rule, options)  # type: ignore[no-any-return]

    def post(self, rule: str, **options: Any) -> Callable[[Function], Function]:
        """`route` for POST."""
        return self._route_for("POST", rule, options)  # type: ignore[no-any-return]

    def put(self, rule: str, **options: Any) -> Callable[[Function], Function]:
        """`route` for PUT."""
        return self._route_for("PUT", rule, options)  # type: ignore[no-any-return]

    def delete(self, rule: str, **options: Any) -> Callable[[Function], Function]:
        """`route` for DELETE."""
        return self._route_for("DELETE", rule, options)  # type: ignore[no-any-return]

    def patch(self, rule: str, **options: Any) -> Callable[[Function], Function]:
        """`route` for PATCH."""
        return self._route_for("PATCH", rule, options)  # type: ignore[no-any-return]

    def endpoint(self, endpoint: str) -> Callable[[Function], Function]:
        """Make the function below the view of *endpoint*, whose rule is added elsewhere."""

        def register(function: Function) -> Function:
            self._check_setup("endpoint")
            self.view_functions[endpoint] = function
            return function

        return register

    # Hooks

    def _hook(
        self, what: str, table: dict[Scope, list[Callable[..., Any]]], function: Function
    ) -> Function:
        self._check_setup(what)
        table.setdefault(None, []).append(function)
        return function

    def before_request(self, f: Function) -> Function:
        """Call *f* before the view; what it returns, other than None, answers the request."""
        return self._hook("before_request", self.before_request_funcs, f)

    def after_request(self, f: Function) -> Function:
        """Call *f* with the response; it returns the response to send."""
        return self._hook("after_request", self.after_request_funcs, f)

    def teardown_request(self, f: Function) -> Function:
        """Call *f* at the end of the request with the exception that ended it, or None."""
        return self._hook("teardown_request", self.teardown_request_funcs, f)

    def context_processor(self, f: Function) -> Function:
        """Call *f* for each template; the dict it returns are variables of the template."""
        return self._hook("context_processor", self.template_context_processors, f)

    def url_value_preprocessor(self, f: Function) -> Function:
        """Call *f* with endpoint and view arguments before the hooks; it may change the latter."""
        return self._hook("url_value_preprocessor", self.url_value_preprocessors, f)

    def url_defaults(self, f: Function) -> Function:
        """Call *f* with endpoint and values in `url_for`; it may add values."""
        return self._hook("url_defaults", self.url_default_functions, f)

    # Errors

    def errorhandler(
        self, code_or_exception: type[Exception] | int
    ) -> Callable[[Function], Function]:
        """Let the function below answer for an HTTP status code or a class of exceptions."""

        def register(function: Function) -> Function:
            self.register_error_handler(code_or_exception, function)
            return function

        return register

    def register_error_handler(
        self, code_or_exception: type[Exception] | int, f: Callable[..., Any]
    ) -> None:
        """Let *f* answer for an HTTP status code or a class of exceptions.

        ValueError for a code that is no HTTP error and for a class that is no ``Exception``,
        TypeError for anything else.
        """
        self._check_setup("register_error_handler")
        kind, code = handled_class(code_or_exception)
        self.error_handler_spec[None][code][kind] = f


def handled_class(code_or_exception: Any) -> tuple[type[Exception], int | None]:
    """Return the class of exceptions and the code that an error handler is for."""
    if isinstance(code_or_exception, int):
        return _class_of_code(code_or_exception), code_or_exception
    if not isinstance(code_or_exception, type):
        message = (
            f"An error handler is for a class of exceptions or a code, not for the object "
            f"{code_or_exception!r}."
        )
        raise TypeError(message)
    if not issubclass(code_or_exception, Exception):
        message = f"{code_or_exception.__name__} is not a subclass of Exception."
        raise ValueError(message)  # noqa: TRY004, as Flask has it
    if issubclass(code_or_exception, HTTPException):
        return code_or_exception, code_or_exception.code
    return code_or_exception, None


def _class_of_code(code: int) -> type[Exception]:
    try:
        return default_exceptions[code]
    except KeyError:
        known = ", ".join(str(number) for number in sorted(default_exceptions))
        message = (
            f"{code} is no HTTP error code that an error handler can be for. Known are {known}; "
            "for another one, handle a subclass of HTTPException with that code."
        )
        raise ValueError(message) from None


def scopes(names: Iterable[str]) -> tuple[Scope, ...]:
    """Return the scopes of a request in the order for hooks before it: app, then blueprints."""
    return (None, *reversed(list(names)))


def _root_of(import_name: str) -> str:
    """Return the folder of a module, the working folder when it has none."""
    module = sys.modules.get(import_name)
    file = getattr(module, "__file__", None)
    if file is None:
        file = _file_of(import_name)
    return str(Path(file).resolve().parent) if file else str(Path.cwd())


def _file_of(import_name: str) -> str | None:
    from importlib.util import find_spec

    try:
        spec = find_spec(import_name)
    except (ImportError, ValueError):
        return None
    return spec.origin if spec is not None and spec.has_location else None
