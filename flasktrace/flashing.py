"""Flashed messages: said in one request, shown in the next."""

from collections.abc import Iterable

from flasktrace.globals import contexts, current_app, request_context, session
from flasktrace.signals import message_flashed, send

_KEY = "_flashes"


def flash(message: str, category: str = "message") -> None:
    """Keep *message* in the session until `get_flashed_messages` takes it."""
    waiting = [*session.get(_KEY, ()), (category, message)]
    session[_KEY] = waiting
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    if message_flashed.receivers:
        send(message_flashed, app, contexts.top, message=message, category=category)


def get_flashed_messages(
    with_categories: bool = False, category_filter: Iterable[str] = ()
) -> list[str] | list[tuple[str, str]]:
    """Take the messages out of the session; asked again in this request, it gives them again.

    With *with_categories*, pairs of category and message; with *category_filter*, only those.
    """
    context = request_context()
    if context.flashes is None:
        found = context.session.pop(_KEY) if _KEY in context.session else []
        context.flashes = [(category, message) for category, message in found]
    wanted = set(category_filter)
    pairs = [pair for pair in context.flashes if not wanted or pair[0] in wanted]
    return pairs if with_categories else [message for _, message in pairs]
