"""The dashboard: a small app below the mount path that shows what the store holds."""

import json
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlencode

from werkzeug.exceptions import BadRequest, Conflict, Forbidden, HTTPException, NotFound
from werkzeug.routing import BaseConverter

from flasktrace.app import Flask
from flasktrace.globals import request
from flasktrace.templating import render_template
from flasktrace.trace.model import Page, Trace
from flasktrace.trace.query import Query, QueryError
from flasktrace.trace.show import assets, words
from flasktrace.trace.show.about import about
from flasktrace.trace.show.access import HEADERS, Access, fixed_answer
from flasktrace.trace.show.compare_page import compared
from flasktrace.trace.show.digest import MOST, Digest
from flasktrace.trace.show.editor import Editor
from flasktrace.trace.show.endpoints import endpoints
from flasktrace.trace.show.export import FORMATS, export
from flasktrace.trace.show.feed import Feed
from flasktrace.trace.show.filters import FILTERS
from flasktrace.trace.show.map import app_map
from flasktrace.trace.show.one_page import one
from flasktrace.trace.show.pace import Source
from flasktrace.trace.show.row import BAR, rows, running
from flasktrace.trace.show.sanitize import clean
from flasktrace.trace.show.scatter import MOST as POINTS
from flasktrace.trace.show.scatter import scatter
from flasktrace.trace.show.vocabulary import vocabulary
from flasktrace.trace.show.waterfall import LENGTH
from flasktrace.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LIMIT = 50
"""Requests on one page of the list."""
HIGHEST_LIMIT = 500
"""Requests in one answer of the API."""
_CURSOR_DIGITS = 18
_NOT_THERE = "There is no such trace. Old traces are removed when the store is full."


class Store(Source, Protocol):
    """The part of a store that the dashboard reads."""

    def page(
        self,
        *,
        limit: int = 50,
        query: Query | None = None,
        before: int | None = None,
        points: int = 0,
    ) -> Page:
        """Return summaries, newest first; ``next`` is the ``before`` of the following page.

        Its ``points`` are times and durations of the newest *points* that fit.
        """

    def get(self, trace_id: str, /) -> Trace | None:
        """Return the trace, None when it is not there (any more)."""

    def find(self, prefix: str, /, limit: int = 10) -> list[str]:
        """Return the ids that begin with *prefix*, newest first."""

    def count(self) -> int:
        """Return how many traces there are."""

    def clear(self) -> int:
        """Remove all traces and return how many there were."""


InFlight = Callable[[], list[dict[str, Any]]]
"""Gives the requests that are not over, see `Tracer.in_flight`."""


Replay = Callable[[Trace], str]
"""Sends a request again and returns the id of the new trace; ValueError says why it cannot."""


def create_app(
    store: Store,
    access: Access,
    *,
    mount: str,
    health: Callable[[], dict[str, Any]],
    in_flight: InFlight = list,
    **more: Any,
) -> "WSGIApplication":
    """Return the dashboard as a WSGI app that is called with SCRIPT_NAME ending in *mount*.

    *more* are further arguments of `Dashboard`.
    """
    return Dashboard(store, access, mount=mount, health=health, in_flight=in_flight, **more)


class TraceId(BaseConverter):
    """The id of a trace in a URL; anything else is not found."""

    regex = "[0-9a-f]{32}"


class ShortId(BaseConverter):
    """The beginning of the id of a trace, as the terminal's lines have it."""

    regex = "[0-9a-f]{8,31}"


class Dashboard:
    """The gate, the routes behind it and the headers of every answer."""

    def __init__(
        self,
        store: Store,
        access: Access,
        *,
        mount: str,
        health: Callable[[], dict[str, Any]],
        in_flight: InFlight = list,
        describe: InFlight = list,
        settings: Callable[[], dict[str, Any]] = dict,
        editor: str = "",
        replay: Replay | None = None,
        alone: str = "",
    ) -> None:
        self.replay = replay
        #: URL of the store, when no app is behind the dashboard: pages say so then.
        self.alone = alone
        self.store = store
        self.editor = Editor(editor)
        self.access = access
        self.feed = Feed(store)
        self.digest = Digest(store)
        #: Gives the map of the app, see `describe_map`.
        self.describe = describe
        self.settings = settings
        self.health = health
        self.in_flight = in_flight
        self.app = Flask(
            __name__, static_folder=None, template_folder=str(assets.folder() / "templates")
        )
        self.app.config["APPLICATION_ROOT"] = mount or "/"
        self._set_up_pages()
        self._add_routes()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request; whatever goes wrong in here stays in here."""
        answer = self.access.check(environ)
        if answer is None:
            try:
                body: Iterable[bytes] = self.app.wsgi_app(environ, _with_headers(start_response))
            except Exception:  # noqa: BLE001 - never to the traced app
                answer = fixed_answer(HTTPStatus.INTERNAL_SERVER_ERROR)
            else:
                return body
        status, headers, content = answer
        start_response(status, headers)
        return [content]

    def _set_up_pages(self) -> None:
        self.app.jinja_options = {"bytecode_cache": assets.COMPILED}
        self.app.jinja_env.filters.update(FILTERS)
        self.app.jinja_env.trim_blocks = True
        self.app.jinja_env.lstrip_blocks = True
        self.app.context_processor(self._page_values)
        self.app.register_error_handler(HTTPException, self._problem)

    def _add_routes(self) -> None:
        self.app.url_map.converters.update(trace_id=TraceId, short_id=ShortId)
        for rule, view in (
            ("/", self.list_page),
            ("/<trace_id:trace_id>", self.trace_page),
            ("/<short_id:prefix>", self.whole_id),
            ("/<trace_id:trace_id>/export/<name>", self.export_page),
            ("/<trace_id:before>/compare/<trace_id:after>", self.compare_page),
            ("/api/traces", self.list_data),
            ("/api/traces/<trace_id>", self.trace_data),
            ("/clear", self.clear_page),
            ("/running", self.running_page),
            ("/api/in-flight", self.in_flight_data),
            ("/events", self.events),
            ("/health", self.health_data),
            ("/endpoints", self.endpoints_page),
            ("/api/endpoints", self.endpoints_data),
            ("/map", self.map_page),
            ("/api/map", self.map_data),
            ("/about", self.about_page),
            ("/api/words", self.words_data),
            ("/static/<name>", self.static),
        ):
            self.app.add_url_rule(rule, view.__name__, view, methods=["GET"])
        for rule, change in (
            ("/api/traces/<trace_id:trace_id>/replay", self.replay_now),
            ("/api/clear", self.clear_now),
        ):
            self.app.add_url_rule(rule, change.__name__, change, methods=["POST"])

    def list_page(self) -> Response:
        """Show the newest requests, or those that ``q`` asks for."""
        text, before = request.args.get("q", ""), request.args.get("before", "")
        try:
            query, cursor = _query(text), _cursor("before", before)
        except (BadRequest, QueryError) as error:
            return _page("list.html", HTTPStatus.BAD_REQUEST, q=text, problem=_text(error), rows=())
        # First where "now" is, then the page: a request in between comes twice, not never.
        since = self.store.since(None, 1).next
        page = self.store.page(limit=LIMIT, query=query, before=cursor, points=POINTS)
        self.feed.pace.look()
        return _page(
            "list.html",
            q=text,
            rows=rows(page.summaries, self.feed.pace.usual),
            scatter=scatter(page.points),
            skipped=words.skipped(self.health().get("skipped") or {}),
            total=self.store.count(),
            running=len(self.in_flight()),
            since=since,
            is_live=cursor is None,
            older=_older(text, page.next),
        )

    def trace_page(self, trace_id: str) -> Response:
        """Show one request, opened at the stage that was asked for."""
        trace = self._trace(trace_id)
        can_replay = self.replay is not None
        return _page(
            "trace.html", can_replay=can_replay, **one(self.store, trace, request.args, self.editor)
        )

    def whole_id(self, prefix: str) -> Response:
        """Lead to the request whose id begins so."""
        found = self.store.find(prefix, limit=2)
        if len(found) != 1:
            why = "Several traces begin so." if found else _NOT_THERE
            raise NotFound(why)
        return Response(
            status=302, headers={"Location": f"{quote(request.script_root)}/{found[0]}"}
        )

    def export_page(self, trace_id: str, name: str) -> Response:
        """Give one request in a format for other programs: short ones as text, others as files."""
        if name not in FORMATS:
            raise NotFound(f"There is no such format; there are {', '.join(FORMATS)}.")
        return _export(self._trace(trace_id), name)

    def compare_page(self, before: str, after: str) -> Response:
        """Show two requests side by side."""
        return _page("compare.html", **compared(self._trace(before), self._trace(after)))

    def clear_page(self) -> Response:
        """Ask whether to remove all requests."""
        return _page("clear.html", total=self.store.count())

    def clear_now(self) -> Response:
        """Remove all requests."""
        _check_confirmed()
        return _json({"removed": self.store.clear()})

    def replay_now(self, trace_id: str) -> Response:
        """Send one request to the app again."""
        _check_confirmed()
        trace = self._trace(trace_id)
        if self.replay is None:
            raise Forbidden("Sending again is switched off; the option replay=1 allows it.")
        try:
            return _json({"id": self.replay(trace)})
        except ValueError as error:
            raise Conflict(str(error)) from error

    def running_page(self) -> Response:
        """Show the requests that are not over."""
        return _page("running.html", items=[running(item) for item in self.in_flight()])

    def in_flight_data(self) -> Response:
        """Give the requests that are not over."""
        return _json({"in_flight": self.in_flight()})

    def endpoints_page(self) -> Response:
        """Show what the requests of each endpoint have in common."""
        sort = request.args.get("sort", "time")
        return _page("endpoints.html", **endpoints(self.digest, sort), sort=sort, most=MOST)

    def endpoints_data(self) -> Response:
        """Give what the requests of each endpoint have in common."""
        return _json(endpoints(self.digest, request.args.get("sort", "time")))

    def map_page(self) -> Response:
        """Show what will run for each endpoint."""
        return _page("map.html", **app_map(self.describe(), self.digest))

    def map_data(self) -> Response:
        """Give what will run for each endpoint."""
        return _json(app_map(self.describe(), self.digest))

    def about_page(self) -> Response:
        """Show how the tracer itself is doing."""
        return _page("about.html", **about(self.health(), self.settings(), self.digest))

    def words_data(self) -> Response:
        """Give what can be written into a filter: names, and the values that are there."""
        return _json(vocabulary(self.digest))

    def list_data(self) -> Response:
        """Give summaries, newest first."""
        page = self.store.page(
            limit=_limit(request.args.get("limit", str(LIMIT))),
            query=_query(request.args.get("q", "")),
            before=_cursor("before", request.args.get("before", "")),
        )
        return _json({"traces": [item.to_dict() for item in page.summaries], "next": page.next})

    def trace_data(self, trace_id: str) -> Response:
        """Give one trace, whole."""
        return _json(self._trace(trace_id).to_dict())

    def events(self) -> Response:
        """Give new summaries as they come."""
        seen = request.headers.get("Last-Event-ID") or request.args.get("after", "")
        cursor = _cursor("after", seen)
        query = _query(request.args.get("q", ""))
        once = not request.environ.get("wsgi.multithread")
        stream = _until_it_breaks(self.feed.stream(cursor, query, once=once))
        # Proxies must not collect a stream before they pass it on.
        return Response(stream, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})

    def health_data(self) -> Response:
        """Say how the tracer itself is doing."""
        return _json(self.health())

    def static(self, name: str) -> Response:
        """Give one of the files that were read at the start."""
        found = assets.static().get(name)
        if found is None:
            return self._problem(NotFound("There is no such file."))
        response = Response(found.content, content_type=found.content_type)
        response.set_etag(found.etag)
        return response.make_conditional(request.environ)  # type: ignore[return-value]

    def _trace(self, trace_id: str) -> Trace:
        trace = self.store.get(trace_id)
        if trace is None:
            raise NotFound(_NOT_THERE)
        return trace

    def _page_values(self) -> dict[str, Any]:
        """Return what every page may use."""
        return {
            "root": quote(request.script_root),
            "request_path": request.path,
            "app_name": self.access.app_name,
            "alone": clean(self.alone),
            "csrf": self.access.csrf_token(request.environ),
            "BAR": BAR,
            "modules": assets.modules,
            "LENGTH": LENGTH,
            "SHOWN": words.CANDIDATES,
        }

    def _problem(self, error: Exception) -> Response:
        """Say what is wrong: as JSON to a program, as a page to a person."""
        status = HTTPStatus(getattr(error, "code", None) or HTTPStatus.INTERNAL_SERVER_ERROR)
        if request.path.startswith("/api/") or request.path in {"/events", "/health"}:
            return _json({"error": _text(error)}, status)
        return _page("problem.html", status, status=status, problem=_text(error))


def _page(name: str, code: HTTPStatus = HTTPStatus.OK, /, **values: Any) -> Response:
    # Half a surrogate pair in a traced text must not cost the whole page.
    content = render_template(name, **values).encode(errors="backslashreplace")
    return Response(content, code, mimetype="text/html")


def _json(data: Any, code: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(json.dumps(data).replace("<", "\\u003c"), code, mimetype="application/json")


def _check_confirmed() -> None:
    """Stop what nobody has confirmed; who sent it was looked at by the gate."""
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict) or sent.get("confirm") is not True:
        raise BadRequest('Send {"confirm": true}.')


def _export(trace: Trace, name: str) -> Response:
    kind = FORMATS[name]
    content = export(trace, name).encode(errors="backslashreplace")
    # Only what cannot become a page is shown in the browser.
    made = Response(content, mimetype="text/plain" if kind.is_short else kind.media_type)
    if not kind.is_short:
        file = f"trace-{trace.id[:8]}{kind.suffix}"
        made.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return made


def _query(text: str) -> Query | None:
    try:
        return Query.parse(text) if text.strip() else None
    except QueryError as error:
        raise BadRequest(str(error)) from error


def _cursor(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _CURSOR_DIGITS):
        raise BadRequest(f"{name}: {text[:40]!r} is no cursor; take it from 'next' of a page")
    return int(text)


def _limit(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= _CURSOR_DIGITS
    if not is_number or not 0 < int(text) <= HIGHEST_LIMIT:
        raise BadRequest(f"limit: {text[:40]!r} is no number from 1 to {HIGHEST_LIMIT}")
    return int(text)


def _older(text: str, cursor: int | None) -> str:
    """Return the query string of the next page, empty at the end."""
    if cursor is None:
        return ""
    return urlencode(({"q": text} if text else {}) | {"before": str(cursor)})


def _text(error: Exception) -> str:
    return clean(str(getattr(error, "description", None) or error))


def _until_it_breaks(stream: Iterator[str]) -> Iterator[str]:
    """Yield the events; when the store fails the stream ends, and the browser comes again."""
    try:
        yield from stream
    except Exception:  # noqa: BLE001 - the status has been sent, nothing is left to answer
        return


def _with_headers(start_response: "StartResponse") -> "StartResponse":
    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
        return start_response(status, [*headers, *HEADERS], *more)

    return start
