"""Connects an app with record, keep and show."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import ref

from flasktrace.app import Flask
from flasktrace.trace import ending
from flasktrace.trace.keep.deferred import Deferred
from flasktrace.trace.keep.store import DEFAULT_URL, Store, StoreError, open_store
from flasktrace.trace.model import Trace
from flasktrace.trace.mount import Mount
from flasktrace.trace.options import Options
from flasktrace.trace.record.assemble import assemble, can_wait
from flasktrace.trace.record.collectors.collector import chosen
from flasktrace.trace.record.collectors.installed import hold
from flasktrace.trace.record.gateway import Gateway
from flasktrace.trace.record.hosts.flask import FlaskHost, is_flask
from flasktrace.trace.record.hosts.native import NativeHost
from flasktrace.trace.record.hosts.wsgi import WsgiHost
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.place import place_of
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.recording import Recording
from flasktrace.trace.record.redact import Redactor
from flasktrace.trace.record.running import in_flight, sweep
from flasktrace.trace.traces import Traces

if TYPE_CHECKING:
    from flasktrace.trace.keep.writer import Writer
    from flasktrace.trace.show.access import Access

App = TypeVar("App", bound=Callable[..., Any])
Listener = Callable[[Trace], None]
Unfinished = Callable[[], Iterable[Trace]]

_EXTENSION = "flasktrace"
_BYTES, _BYTES_OF_NOTE = 4000, 500
"""What a trace takes in memory, about."""
_log = logging.getLogger("flasktrace")


class Tracer:
    """Watches one app.

    ``Tracer(app, store="memory:")`` or, as an extension, ``tracer = Tracer()`` and later
    ``tracer.init_app(app)``. The options are those of `Options`. *listeners* get each trace once
    it is stored, in another thread. *keep* False stores nothing, for those who only collect.
    """

    def __init__(
        self,
        app: Any = None,
        *,
        listeners: Iterable[Listener] = (),
        keep: bool = True,
        label: Callable[[], str] = str,
        announce: bool = True,
        **options: Any,
    ) -> None:
        self._given = options
        self._listeners = list(listeners)
        self._keep = keep
        self._label = label
        self._announce = announce
        self._collectors: dict[int, tuple[Callable[[Recording], None], Unfinished]] = {}
        self._original: Callable[..., Any] | None = None
        self._host: Any = None
        self._gateway: Gateway | None = None
        self._options: Options | None = None
        self._let_go: Callable[[], None] | None = None
        #: The app that is watched.
        self.app: Any = None
        #: What the server has to call; for Flask apps it is already their ``wsgi_app``.
        self.wsgi: Callable[..., Any] | None = None
        self.recorder: Recorder | None = None
        if app is not None:
            self.init_app(app)

    # Installing

    def init_app(self, app: Any) -> None:
        """Watch *app*, or leave it alone when recording is off; see `Options.enabled`."""
        if self.app is app:
            return
        if self.app is not None:
            raise RuntimeError(f"This tracer watches {self.app!r} already; make another Tracer.")
        config = app.config if _is_flask_app(app) else {}
        self._options = Options.of(self._given, config)
        Limits.of(self._options.limits)
        self.app = app
        self._original = app.wsgi_app if _is_flask_app(app) else app
        self.wsgi = self._original
        if _is_flask_app(app):
            app.extensions[_EXTENSION] = self
        if self._options.enabled is True or (self._options.enabled is None and _debug(app)):
            self._turn_on()
        elif self._options.enabled is None:
            self._install(Undecided(self))

    def _install(self, wsgi: Callable[..., Any]) -> None:
        if _is_flask_app(self.app):
            if self.app.wsgi_app == self.wsgi:  # bound methods are new each time
                self.app.wsgi_app = wsgi
            elif isinstance(self.wsgi, Undecided):
                self.wsgi.app = wsgi  # middleware was put around it; stay inside
                return
        self.wsgi = wsgi

    def decide(self) -> Callable[..., Any]:
        """Turn recording on if the app is in debug mode by now, else leave the app alone.

        Return what has to answer from now on.
        """
        waiting: Any = self.wsgi
        if _debug(self.app):
            self._turn_on()
            decided: Any = self.wsgi
            return decided.app if decided is waiting else decided  # type: ignore[no-any-return]
        self._say_off()
        if self.app.__dict__.get("wsgi_app") is waiting:
            _restore(self.app, self._original)
        return self._original  # type: ignore[return-value]

    def _say_off(self) -> None:
        _log.warning(
            "flasktrace: %s is wrapped but not traced, because it is not in debug mode. "
            "Trace it with FLASKTRACE_ENABLED=1, wrap(app, enabled=True) or 'flasktrace run'; "
            "enabled=False keeps this line away.",
            _name(self.app),
        )

    def _turn_on(self) -> None:
        options = self.options
        collectors = chosen(options.collectors)
        self._host = _host_for(self.app)
        self.recorder = Recorder(
            self._host,
            _name(self.app),
            self._sink,
            limits=Limits.of(options.limits),
            redactor=Redactor(options.redact),
            capture_body=options.capture_body,
            label=self._label,
            collects=[item.name for item in collectors],
        )
        self._let_go = hold(collectors, self.recorder)
        ending.watch(self)
        self._host.install(self.app, self.recorder)
        self._gateway = Gateway(
            self._original,  # type: ignore[arg-type]
            self.recorder,
            exclude=options.exclude,
            sample=options.sample,
            response_headers=options.response_headers,
        )
        self._install(self._mounted(self._gateway) if self.shows_dashboard else self._gateway)

    def _mounted(self, gateway: Gateway) -> Mount:
        tell = self._tell_link if self._announce else None
        return Mount(gateway, self.options.path, self._make_dashboard, tell)

    def uninstall(self) -> None:
        """Leave the app as it was, and write what is still to be written."""
        app = self.app
        if app is None:
            return
        self._switch_off()
        if self._let_go is not None:
            self._let_go()
        if self.recorder is not None:
            self.recorder.disconnect()
        if self._host is not None:
            self._host.uninstall(app)
        if _is_flask_app(app):
            app.extensions.pop(_EXTENSION, None)
            if app.__dict__.get("wsgi_app") is self.wsgi:
                _restore(app, self._original)
        self.close()
        self.app = self.wsgi = self._original = self._gateway = self._host = None

    def put_back(self) -> None:
        """Be the app's tracer again, after another one has watched it for a while."""
        if self.app is not None:
            self.app.extensions[_EXTENSION] = self

    def _switch_off(self) -> None:
        """Make what middleware may still hold hand everything on to the app."""
        if self._gateway is not None:
            self._gateway.on = False
        if isinstance(self.wsgi, Undecided):
            self.wsgi.settle(self._original)  # type: ignore[arg-type]
        if isinstance(self.wsgi, Mount):
            self.wsgi.on = False

    # Facts

    @property
    def options(self) -> Options:
        """The options in force; RuntimeError before `init_app`."""
        if self._options is None:
            raise RuntimeError("The tracer has no app yet; call init_app(app) first.")
        return self._options

    @property
    def on(self) -> bool:
        """Whether it records."""
        return self.recorder is not None

    @property
    def shows_dashboard(self) -> bool:
        """Whether the dashboard is served."""
        chosen = self.options.dashboard
        if not self._keep or chosen is False:
            return False
        return _debug(self.app) or bool(self.options.token)

    # Recordings

    def _sink(self, recording: Recording) -> None:
        if self._collectors:
            for collect, _ in list(self._collectors.values()):
                collect(recording)
        if not self._keep:
            return
        if self.writer is not None:
            self.writer.submit(partial(assemble, recording))
        elif can_wait(recording):
            size = _BYTES + _BYTES_OF_NOTE * len(recording.notes)
            store: Any = self.store  # in memory, see `writer`
            store.put((Deferred(recording.id, size, assemble, recording),))
        else:
            self.store.put([assemble(recording)])

    @cached_property
    def store(self) -> Store:
        """Where the traces are kept."""
        return open_store(self.options.store or DEFAULT_URL)

    @cached_property
    def writer(self) -> Writer | None:
        """What stores the traces in another thread; None when they are only kept in memory."""
        if self.store.url == "memory:" and not self._listeners:
            return None
        from flasktrace.trace.keep.writer import Writer

        return Writer(self.store, listeners=self._listeners, busy=_at_work(self.recorder))

    def attach(self, traces: Traces) -> None:
        """Put the traces of requests that begin from now on into *traces* too."""
        recorder = self.recorder
        if recorder is None:
            raise RuntimeError("The tracer does not record; give it enabled=True.")
        before = set(recorder.live)
        known = ref(recorder)  # *traces* may outlive the app

        def unfinished() -> list[Trace]:
            alive = known()
            if alive is not None:
                alive.finish_late()
            running = list(alive.live.values()) if alive else []
            return [assemble(item) for item in running if item.returned and item.id not in before]

        def collect(recording: Recording) -> None:
            if recording.id not in before:
                traces.add(assemble(recording))

        traces.sources.append(unfinished)
        self._collectors[id(traces)] = collect, unfinished
        recorder.host.follow_bodies(wanted=True)

    def detach(self, traces: Traces) -> None:
        """Undo `attach`; what is answered by now stays in *traces*."""
        _, unfinished = self._collectors.pop(id(traces), (None, tuple))
        if self.recorder is not None and not self._collectors:
            self.recorder.host.follow_bodies(wanted=False)
        for item in unfinished():
            traces.add(item)
        if unfinished in traces.sources:
            traces.sources.remove(unfinished)

    @contextmanager
    def collect(self) -> Iterator[Traces]:
        """Collect the traces of the requests that begin in the block."""
        traces = Traces()
        self.attach(traces)
        try:
            yield traces
        finally:
            self.detach(traces)

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until all finished traces are stored, at most *timeout* seconds."""
        if self.recorder is not None:
            self.recorder.finish_late()
        return self.writer is None or self.writer.flush(timeout)

    def close(self) -> None:
        """Store what is left, and let go of the store."""
        if "writer" in self.__dict__ and self.writer is not None:
            self.writer.close()
        if "store" in self.__dict__:
            self.store.close()

    def health(self) -> dict[str, Any]:
        """Return versions, counters and errors, for the dashboard's ``/health``."""
        from flasktrace.trace.version import version_of

        recorder = self.recorder
        self._sweep()
        return {
            "flasktrace": version_of("flasktrace"),
            "python": sys.version.split()[0],
            "app": _name(self.app),
            "host": self._host.name if self._host else None,
            "store": self._store_health(),
            "counters": self.writer.counters() if self.writer else {},
            "skipped": dict(self._gateway.skipped) if self._gateway else {},
            "in_flight": len(recorder.live) if recorder else 0,
            "internal_errors": dict(recorder.guard.errors) if recorder else {},
            "switched_off": sorted(recorder.guard.off) if recorder else [],
        }

    def _store_health(self) -> dict[str, Any]:
        """Return what store and writer say; of two states the worse one."""
        told: dict[str, Any] = dict(self.store.health())
        if self.writer is None:
            return told
        written = self.writer.health()
        state = told["state"] if written["state"] == "ok" else written["state"]
        return {**told, **written, "state": state}

    def in_flight(self) -> list[dict[str, Any]]:
        """Return the requests of this process that are not over, as plain data.

        For each ``id``, ``method``, ``path``, ``since`` (ISO 8601, UTC), ``for_ns``, ``stage``
        (also ``body``, or None), ``doing`` (``view index (shop.py:12)`` or None), ``thread``,
        ``ident``, ``pid`` and ``stack``: lines of its Python stack, outermost first.
        """
        self._sweep()
        return in_flight(self.recorder) if self.recorder else []

    def describe(self) -> list[dict[str, Any]]:
        """Return what will run for each endpoint of the app, see `describe_map`."""
        from flasktrace.trace.record.map import describe_map

        return describe_map(self.app)

    def settings(self) -> dict[str, Any]:
        """Return the options in force; of the token only whether there is one."""
        told = {item.name: getattr(self.options, item.name) for item in fields(self.options)}
        told["store"] = self.store.url
        told["collectors"] = [item.name for item in chosen(self.options.collectors)]
        told["dashboard"] = self.shows_dashboard
        told["enabled"] = self.on
        told["token"] = "set, not shown" if self.options.token else None
        return told

    def _sweep(self) -> None:
        if self.recorder is not None:
            self.recorder.finish_late()
            sweep(self.recorder)

    # The dashboard

    @cached_property
    def access(self) -> Access:
        """Who may see the dashboard."""
        from flasktrace.trace.keep.ledger import ledger_for
        from flasktrace.trace.show.access import Access

        return Access(
            mount=self.options.path,
            token=self.options.token,
            trusted_hosts=self.options.trusted_hosts,
            ledger=ledger_for(self.store.url),
            app_name=_name(self.app),
        )

    def login_link(self) -> str:
        """Return a path that signs one browser in, once."""
        return self.access.launch_link()

    def replay(self, trace: Trace) -> str:
        """Send the request of *trace* to the app once more; return the id of the new trace.

        `ReplayError` when it cannot be sent again, or was not recorded this time.
        """
        from flasktrace.trace.replay import HEADER, ReplayError, environ_of, refusal, send

        why = refusal(trace, all_methods=self.options.replay == "all")
        if why or self._gateway is None:
            raise ReplayError(why or "The app is not watched any more.")
        environ, token = environ_of(trace)
        with self.collect() as traces:
            send(self._gateway, environ)
        self.flush()
        for made in traces:
            if (HEADER, token) in made.request.headers:
                return made.id
        raise ReplayError("It was sent, but not recorded: the path is excluded, or sampled out.")

    def _make_dashboard(self) -> Callable[..., Any]:
        from flasktrace.trace.show.web import create_app

        return create_app(
            self.store,
            self.access,
            mount=self.options.path,
            health=self.health,
            in_flight=self.in_flight,
            describe=self.describe,
            settings=self.settings,
            editor=self.options.editor,
            replay=self.replay if self.options.replay else None,
        )

    def _tell_link(self, environ: dict[str, Any]) -> None:
        host, port = environ.get("SERVER_NAME", "127.0.0.1"), environ.get("SERVER_PORT", "80")
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)  # noqa: S104
        try:
            link = f"{environ.get('wsgi.url_scheme', 'http')}://{host}:{port}{self.login_link()}"
        except StoreError as error:  # the app's own request goes on
            sys.stderr.write(f"flasktrace: tracing is on; nobody can sign in: {error}\n")
        else:
            sys.stderr.write(f"flasktrace: tracing is on; sign in once at {link}\n")


class Undecided:
    """Stands in for the app's ``wsgi_app`` until the first request shows whether to record."""

    def __init__(self, tracer: Tracer) -> None:
        # Of several first requests at once one takes the tracer out; a list does that atomically.
        self._waiting = [tracer]
        self.app: Callable[..., Any] = tracer.wsgi  # type: ignore[assignment]

    def settle(self, app: Callable[..., Any]) -> None:
        """Hand all requests to *app* from now on, without asking the tracer."""
        self._waiting.clear()
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer one request."""
        try:
            tracer = self._waiting.pop()
        except IndexError:
            pass
        else:
            self.settle(tracer.decide())
        return self.app(environ, start_response)


class WatchedApp:
    """Any WSGI app that is watched: call it in the app's place."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer one request."""
        wsgi = self.tracer.wsgi
        assert wsgi is not None  # noqa: S101
        return wsgi(environ, start_response)


def wrap(app: App, **options: Any) -> App:
    """Watch *app*; return the same object for Flask apps, a callable to use instead for others.

    The options are those of `Options`. Recording is on in debug mode or with ``enabled=True``;
    otherwise the app is left alone, and the log says so once. Wrapped a second time, an app stays
    as it is. TypeError when *app* is no WSGI callable.
    """
    if not callable(app):
        raise TypeError(f"{app!r} is no WSGI app; wrap what a server calls, such as a Flask app.")
    if isinstance(app, WatchedApp) or tracer_of(app) is not None:
        return app
    tracer = Tracer(app, **options)
    return app if _is_flask_app(app) else WatchedApp(tracer)  # type: ignore[return-value]


def unwrap(app: App) -> App:
    """Undo `wrap`: return the app as it was; one that is not wrapped is returned as it is."""
    tracer = tracer_of(app)
    if tracer is None:
        return app
    original: App = tracer.app
    tracer.uninstall()
    return original


def tracer_of(app: Any) -> Tracer | None:
    """Return the tracer that watches *app*, or None."""
    if isinstance(app, WatchedApp):
        return app.tracer
    if not _is_flask_app(app):
        return None
    found = app.extensions.get(_EXTENSION)
    return found if isinstance(found, Tracer) else None


@contextmanager
def capture(app: Any, **options: Any) -> Iterator[Traces]:
    """Collect, in memory, the traces of the requests to *app* made inside the block.

    The app need not be wrapped, and is afterwards as it was. A WSGI callable that is no Flask app
    must be wrapped first, since nothing can be put in its place. The options are those of `wrap`.
    """
    tracer = tracer_of(app)
    if tracer is not None and tracer.on:
        with tracer.collect() as traces:
            yield traces
        return
    if not _is_flask_app(app):
        message = f"{app!r} is no Flask app; capture what wrap(app, enabled=True) gave."
        raise TypeError(message)
    made = Tracer(app, keep=False, **{"enabled": True, **options})
    try:
        with made.collect() as traces:
            yield traces
    finally:
        made.uninstall()
        if tracer is not None:  # wrapped, but off
            tracer.put_back()


def _at_work(recorder: Recorder | None) -> Callable[[], bool]:
    """Return what tells whether requests are being answered, without keeping the recorder."""
    if recorder is None:
        return bool
    known = ref(recorder)

    def busy() -> bool:
        alive = known()
        return alive is not None and bool(alive.live)

    return busy


def _is_flask_app(app: Any) -> bool:
    return isinstance(app, Flask) or is_flask(app)


def _host_for(app: Any) -> NativeHost | FlaskHost | WsgiHost:
    if isinstance(app, Flask):
        return NativeHost()
    return FlaskHost() if is_flask(app) else WsgiHost()


def _debug(app: Any) -> bool:
    return _is_flask_app(app) and bool(app.debug)


def _name(app: Any) -> str:
    if _is_flask_app(app):
        return str(app.name)
    return place_of(app).name.rpartition(".")[2]


def _restore(app: Any, original: Any) -> None:
    """Put back what was there: nothing, when it was the method of the class."""
    if getattr(original, "__func__", None) is getattr(type(app), "wsgi_app", None):
        del app.__dict__["wsgi_app"]
    else:
        app.wsgi_app = original
