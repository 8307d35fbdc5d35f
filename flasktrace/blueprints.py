"""Blueprints: a part of an app that is put into it as a whole, perhaps more than once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from flasktrace.registry import Registry

if TYPE_CHECKING:
    from flasktrace.app import Flask

Function = TypeVar("Function", bound=Callable[..., Any])

_BY_NAME: Any = object()
"""The group of the commands has the name of the blueprint."""
_HOOKS = (
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "template_context_processors",
    "url_value_preprocessors",
    "url_default_functions",
)


class BlueprintSetupState:
    """One registration of a blueprint with an app: what deferred functions are given."""

    def __init__(
        self, blueprint: Blueprint, app: Flask, options: dict[str, Any], first_registration: bool
    ) -> None:
        self.blueprint = blueprint
        self.app = app
        #: What `Flask.register_blueprint` was told.
        self.options = options
        #: Whether this blueprint is registered with this app for the first time.
        self.first_registration = first_registration
        #: The subdomain of its rules.
        self.subdomain = _first(options.get("subdomain"), blueprint.subdomain)
        #: What is put before its rules.
        self.url_prefix = _first(options.get("url_prefix"), blueprint.url_prefix)
        #: Its name in this app, without those around it.
        self.name = options.get("name", blueprint.name)
        #: The names around it.
        self.name_prefix = options.get("name_prefix", "")
        #: Defaults of all its rules.
        self.url_defaults = {**blueprint.url_values_defaults, **options.get("url_defaults", {})}

    @property
    def full_name(self) -> str:
        """Its name in this app, with those around it: ``admin.users``."""
        return f"{self.name_prefix}.{self.name}".lstrip(".")

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        """Add a rule to the app, under the blueprint's prefix, subdomain and name."""
        if self.url_prefix is not None:
            rule = _joined(self.url_prefix, rule) if rule else self.url_prefix
        options.setdefault("subdomain", self.subdomain)
        defaults = {**self.url_defaults, **(options.pop("defaults", None) or {})}
        if endpoint is None:
            endpoint = view_func.__name__ if view_func is not None else ""
        self.app.add_url_rule(
            rule, f"{self.full_name}.{endpoint}", view_func, defaults=defaults, **options
        )


Deferred = Callable[[BlueprintSetupState], Any]


class Blueprint(Registry):
    """A part of an app: rules, hooks, handlers, templates and static files under one name.

    ``app.register_blueprint(blueprint)`` puts it in; what is registered on it for its own requests
    is called for those alone, and what is registered with an ``app_`` in the name for all.
    """

    def __init__(
        self,
        name: str,
        import_name: str,
        static_folder: str | Path | None = None,
        static_url_path: str | None = None,
        template_folder: str | Path | None = None,
        url_prefix: str | None = None,
        subdomain: str | None = None,
        url_defaults: dict[str, Any] | None = None,
        root_path: str | None = None,
        cli_group: str | None = _BY_NAME,
    ) -> None:
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        if not name:
            raise ValueError("A blueprint needs a name; its endpoints begin with it.")
        _check_dots("name of a blueprint", name)
        self.name = name
        self.url_prefix = url_prefix
        self.subdomain = subdomain
        #: Values that all its rules have as defaults.
        self.url_values_defaults: dict[str, Any] = dict(url_defaults or {})
        #: Functions called at each registration.
        self.deferred_functions: list[Deferred] = []
        #: The group of its commands: its name unless set, None for the app's own commands.
        self.cli_group = cli_group
        self._nested: list[tuple[Blueprint, dict[str, Any]]] = []
        self._registered = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def _check_setup(self, what: str) -> None:
        if self._registered:
            message = (
                f"{what!r} was called on the blueprint {self.name!r} after it was registered, "
                "so the app would miss it. Set the blueprint up first, then register it."
            )
            raise AssertionError(message)

    # Recording

    def record(self, func: Deferred) -> None:
        """Call *func* with the `BlueprintSetupState` at each registration."""
        self._check_setup("record")
        self.deferred_functions.append(func)

    def record_once(self, func: Deferred) -> None:
        """Call *func* at the first registration with an app."""

        def once(state: BlueprintSetupState) -> None:
            if state.first_registration:
                func(state)

        self.record(functools.update_wrapper(once, func))

    def make_setup_state(
        self, app: Flask, options: dict[str, Any], first_registration: bool = False
    ) -> BlueprintSetupState:
        """Return what deferred functions are given."""
        return BlueprintSetupState(self, app, options, first_registration)

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Put *blueprint* into this one; it is registered together with it."""
        self._check_setup("register_blueprint")
        if blueprint is self:
            raise ValueError(f"The blueprint {self.name!r} cannot be put into itself.")
        self._nested.append((blueprint, options))

    # Registering

    def register(self, app: Flask, options: dict[str, Any]) -> None:
        """Put everything into *app*; `Flask.register_blueprint` calls it.

        ValueError when the app has a blueprint of that name.
        """
        first = not any(known is self for known in app.blueprints.values())
        state = self.make_setup_state(app, options, first)
        name = state.full_name
        _check_new(app, name, self)
        app.blueprints[name] = self
        self._registered = True
        if self.has_static_folder:
            state.add_url_rule(
                f"{self.static_url_path}/<path:filename>",
                view_func=self._static_view(),
                endpoint="static",
            )
        self._merge_into(app, name)
        for function in self.deferred_functions:
            function(state)
        self._register_commands(app, state, options)
        for nested, given in self._nested:
            nested.register(app, _nested_options(state, nested, given))

    def _static_view(self) -> Callable[..., Any]:
        def static(filename: str) -> Any:
            return self.send_static_file(filename)

        return static

    def _merge_into(self, app: Flask, name: str) -> None:
        """Give the app what is registered for this blueprint's own requests."""
        for table in _HOOKS:
            for scope, functions in getattr(self, table).items():
                getattr(app, table).setdefault(_scope(name, scope), []).extend(functions)
        for scope, by_code in self.error_handler_spec.items():
            for code, by_class in by_code.items():
                app.error_handler_spec[_scope(name, scope)][code].update(by_class)
        app.view_functions.update(self.view_functions)

    def _register_commands(
        self, app: Flask, state: BlueprintSetupState, options: dict[str, Any]
    ) -> None:
        commands = self.cli.commands
        if not commands:
            return
        group = options.get("cli_group", self.cli_group)
        if group is None:
            app.cli.commands.update(commands)
        else:
            self.cli.name = state.name if group is _BY_NAME else group
            app.cli.add_command(self.cli)

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Add a rule at each registration; ValueError for an endpoint with a dot in it."""
        if endpoint:
            _check_dots("endpoint of a blueprint", endpoint)
        if view_func is not None:
            _check_dots("name of a view of a blueprint", getattr(view_func, "__name__", ""))
        options["provide_automatic_options"] = provide_automatic_options
        self.record(lambda state: state.add_url_rule(rule, endpoint, view_func, **options))

    # For the whole app

    def _for_app(self, table: str, function: Function) -> Function:
        def put(state: BlueprintSetupState) -> None:
            getattr(state.app, table).setdefault(None, []).append(function)

        self.record_once(put)
        return function

    def before_app_request(self, f: Function) -> Function:
        """Call *f* before every request of the app; see `before_request`."""
        return self._for_app("before_request_funcs", f)

    def after_app_request(self, f: Function) -> Function:
        """Call *f* after every request of the app; see `after_request`."""
        return self._for_app("after_request_funcs", f)

    def teardown_app_request(self, f: Function) -> Function:
        """Call *f* at the end of every request of the app; see `teardown_request`."""
        return self._for_app("teardown_request_funcs", f)

    def app_context_processor(self, f: Function) -> Function:
        """Give variables to every template of the app; see `context_processor`."""
        return self._for_app("template_context_processors", f)

    def app_url_value_preprocessor(self, f: Function) -> Function:
        """Call *f* for every request of the app; see `url_value_preprocessor`."""
        return self._for_app("url_value_preprocessors", f)

    def app_url_defaults(self, f: Function) -> Function:
        """Call *f* for every url of the app; see `url_defaults`."""
        return self._for_app("url_default_functions", f)

    def app_errorhandler(self, code: type[Exception] | int) -> Callable[[Function], Function]:
        """Let the function below answer for errors of the whole app; see `errorhandler`."""

        def register(function: Function) -> Function:
            self.record_once(lambda state: state.app.register_error_handler(code, function))
            return function

        return register

    def _template_part(self, table: str, name: str | None, function: Function) -> Function:
        def put(state: BlueprintSetupState) -> None:
            getattr(state.app.jinja_env, table)[name or function.__name__] = function

        self.record_once(put)
        return function

    def app_template_filter(self, name: str | None = None) -> Callable[[Function], Function]:
        """Make the function below a filter of all templates."""
        return lambda function: self._template_part("filters", name, function)

    def app_template_test(self, name: str | None = None) -> Callable[[Function], Function]:
        """Make the function below a test of all templates."""
        return lambda function: self._template_part("tests", name, function)

    def app_template_global(self, name: str | None = None) -> Callable[[Function], Function]:
        """Make the function below a global function of all templates."""
        return lambda function: self._template_part("globals", name, function)

    def add_app_template_filter(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Make *f* a filter of all templates."""
        self._template_part("filters", name, f)

    def add_app_template_test(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Make *f* a test of all templates."""
        self._template_part("tests", name, f)

    def add_app_template_global(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Make *f* a global function of all templates."""
        self._template_part("globals", name, f)


def _first(given: Any, else_: Any) -> Any:
    return else_ if given is None else given


def _joined(prefix: str, rule: str) -> str:
    return f"{prefix.rstrip('/')}/{rule.lstrip('/')}"


def _scope(name: str, scope: str | None) -> str:
    return name if scope is None else f"{name}.{scope}"


def _check_dots(what: str, text: str) -> None:
    if "." in text:
        raise ValueError(f"The {what} may not have a dot in it, as {text!r} has: dots join names.")


def _check_new(app: Flask, name: str, blueprint: Blueprint) -> None:
    known = app.blueprints.get(name)
    if known is None:
        return
    whose = "this" if known is blueprint else "another"
    message = (
        f"The app has {whose} blueprint under the name {name!r} already. "
        "Register it with another name=."
    )
    raise ValueError(message)


def _nested_options(
    state: BlueprintSetupState, nested: Blueprint, given: dict[str, Any]
) -> dict[str, Any]:
    """Return the options of a nested blueprint: its own below those of the one around it."""
    options = dict(given)
    subdomain = _first(given.get("subdomain"), nested.subdomain)
    around = [part for part in (subdomain, state.subdomain) if part is not None]
    if around:
        options["subdomain"] = ".".join(around)
    prefix = _first(given.get("url_prefix"), nested.url_prefix)
    if state.url_prefix is not None and prefix is not None:
        options["url_prefix"] = _joined(state.url_prefix, prefix)
    elif prefix is not None or state.url_prefix is not None:
        options["url_prefix"] = _first(prefix, state.url_prefix)
    options["name_prefix"] = state.full_name
    return options
