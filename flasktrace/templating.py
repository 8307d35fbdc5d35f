"""Templates: jinja2 with the app's variables in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from jinja2 import BaseLoader, Template, TemplateNotFound
from jinja2 import Environment as JinjaEnvironment

from flasktrace.globals import contexts, current_context
from flasktrace.signals import before_render_template, template_rendered

if TYPE_CHECKING:
    from flasktrace.app import Flask

_HTML = (".html", ".htm", ".xml", ".xhtml", ".svg")


class Environment(JinjaEnvironment):
    """The jinja2 environment of an app."""

    def __init__(self, app: Flask, **options: Any) -> None:
        options.setdefault("loader", AppLoader(app))
        super().__init__(**options)
        self.app = app


class AppLoader(BaseLoader):
    """Finds a template in the folder of the app."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def get_source(self, environment: JinjaEnvironment, template: str) -> Any:
        """Return source, file name and freshness check; TemplateNotFound."""
        loader = self.app.jinja_loader
        if loader is None:
            raise TemplateNotFound(template)
        return loader.get_source(environment, template)

    def list_templates(self) -> list[str]:
        """Return the names of all templates."""
        loader = self.app.jinja_loader
        return sorted(loader.list_templates()) if loader is not None else []


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
    before_render_template.send(app, template=template, context=context)
    text = template.render(context)
    template_rendered.send(app, template=template, context=context)
    return text


def _stream(app: Flask, template: Template, context: dict[str, Any]) -> Iterable[str]:
    from flasktrace.streaming import stream_with_context

    app.update_template_context(context)
    before_render_template.send(app, template=template, context=context)

    def pieces() -> Iterable[str]:
        yield from template.generate(context)
        template_rendered.send(app, template=template, context=context)

    top = contexts.top
    if top is None or top.request is None:
        return pieces()
    held: Iterable[str] = stream_with_context(pieces())
    return held
