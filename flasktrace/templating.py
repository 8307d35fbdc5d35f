"""Templates: jinja2 with the app's variables in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from blinker import Signal
from jinja2 import BaseLoader, Template, TemplateNotFound
from jinja2 import Environment as JinjaEnvironment

from flasktrace.globals import contexts, current_context
from flasktrace.signals import (
    before_render_template,
    send,
    template_finished,
    template_rendered,
    template_started,
)

if TYPE_CHECKING:
    from flasktrace.app import Flask

_OF_DICTS = frozenset(dir(dict))
_HTML = (".html", ".htm", ".xml", ".xhtml", ".svg")


class Environment(JinjaEnvironment):
    """The jinja2 environment of an app."""

    def __init__(self, app: Flask, **options: Any) -> None:
        options.setdefault("loader", app.create_global_jinja_loader())
        super().__init__(**options)
        self.app = app

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return ``obj.attribute``, or else ``obj["attribute"]``, or else an undefined value.

        A dict has no attributes but its methods, and to ask it for others costs an exception.
        """
        if type(obj) is dict and attribute not in _OF_DICTS and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


class DispatchingJinjaLoader(BaseLoader):
    """Finds a template in the folder of the app, or else of its blueprints.

    With ``EXPLAIN_TEMPLATE_LOADING`` the log says where each template was looked for.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app

    def get_source(self, environment: JinjaEnvironment, template: str) -> Any:
        """Return source, file name and freshness check; TemplateNotFound."""
        attempts = []
        found = None
        for owner, loader in self._loaders():
            source = _source(loader, environment, template)
            attempts.append((owner, loader, source))
            found = found or source
            if found and not self.app.config["EXPLAIN_TEMPLATE_LOADING"]:
                break
        if self.app.config["EXPLAIN_TEMPLATE_LOADING"]:
            _explain(self.app, template, attempts)
        if found is None:
            raise TemplateNotFound(template)
        return found

    def _loaders(self) -> Iterator[tuple[Any, BaseLoader]]:
        for owner in (self.app, *self.app.iter_blueprints()):
            if owner.jinja_loader is not None:
                yield owner, owner.jinja_loader

    def list_templates(self) -> list[str]:
        """Return the names of all templates."""
        return sorted({name for _, loader in self._loaders() for name in loader.list_templates()})


def _source(loader: BaseLoader, environment: JinjaEnvironment, template: str) -> Any:
    try:
        return loader.get_source(environment, template)
    except TemplateNotFound:
        return None


def _explain(app: Flask, template: str, attempts: list[tuple[Any, BaseLoader, Any]]) -> None:
    """Log where *template* was looked for, and what is wrong when it is not just one place."""
    lines = [f"Looking for the template {template!r}:"]
    for number, (owner, loader, source) in enumerate(attempts, 1):
        result = f"found ({source[1] or '<string>'})" if source else "not there"
        lines += [f"{number:5}: {owner!r}", f"       {_places(loader)}: {result}"]
    count = sum(source is not None for _, _, source in attempts)
    if count == 0:
        lines.append("No loader has it; is it in the template folder of the app or a blueprint?")
    elif count > 1:
        lines.append(f"{count} loaders have it; the first one counts.")
    app.logger.info("\n".join(lines))


def _places(loader: BaseLoader) -> str:
    folders = getattr(loader, "searchpath", None)
    return ", ".join(folders) if folders else type(loader).__name__


def select_jinja_autoescape(filename: str | None) -> bool:
    """Tell whether a template is escaped: by its ending, and always when it has no name."""
    return filename is None or filename.endswith(_HTML)


def default_variables() -> dict[str, Any]:
    """Return the variables that every template has: g, and in a request request and session.

    The session is the proxy, so that only a template that uses it has looked at it.
    """
    from flasktrace.globals import session

    context = contexts.top
    if context is None:
        return {}
    if context.request is None:
        return {"g": context.g}
    return {"g": context.g, "request": context.request, "session": session}


def get_template_attribute(template_name: str, attribute: str) -> Any:
    """Return a macro or variable that a template exports, to use it in Python."""
    template = current_context().app.jinja_env.get_template(template_name)
    return getattr(template.module, attribute)


def render_template(
    template_name_or_list: str | Template | list[str | Template], **context: Any
) -> str:
    """Return the text of a template, the first of a list that exists, with *context* in it.

    ``jinja2.TemplateNotFound`` when there is none.
    """
    app = current_context().app
    return _render(app, app.jinja_env.get_or_select_template(template_name_or_list), context)


def render_template_string(source: str, **context: Any) -> str:
    """Return the text of the template *source* with *context* in it."""
    app = current_context().app
    return _render(app, app.jinja_env.from_string(source), context)


def stream_template(
    template_name_or_list: str | Template | list[str | Template], **context: Any
) -> Iterable[str]:
    """Return the text of a template piece by piece, made while it is sent."""
    app = current_context().app
    return _stream(app, app.jinja_env.get_or_select_template(template_name_or_list), context)


def stream_template_string(source: str, **context: Any) -> Iterable[str]:
    """Return the text of the template *source* piece by piece, made while it is sent."""
    app = current_context().app
    return _stream(app, app.jinja_env.from_string(source), context)


def _render(app: Flask, template: Template, context: dict[str, Any]) -> str:
    app.update_template_context(context)
    if template_started.receivers:
        template_started.send(app, template=template)
    try:
        _tell(before_render_template, app, template, context)
        text = template.render(context)
        _tell(template_rendered, app, template, context)
    finally:
        if template_finished.receivers:
            template_finished.send(app, template=template)
    return text


def _tell(signal: Signal, app: Flask, template: Template, variables: dict[str, Any]) -> None:
    if signal.receivers:
        send(signal, app, contexts.top, template=template, context=variables)


def _stream(app: Flask, template: Template, context: dict[str, Any]) -> Iterable[str]:
    from flasktrace.streaming import stream_with_context

    app.update_template_context(context)
    _tell(before_render_template, app, template, context)

    def pieces() -> Iterable[str]:
        if template_started.receivers:
            template_started.send(app, template=template)
        try:
            yield from template.generate(context)
            _tell(template_rendered, app, template, context)
        finally:
            if template_finished.receivers:
                template_finished.send(app, template=template)

    top = contexts.top
    if top is None or top.request is None:
        return pieces()
    held: Iterable[str] = stream_with_context(pieces())
    return held
