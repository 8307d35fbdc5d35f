"""How each agent is put on an app, and what it then says that it saw."""

from collections.abc import Callable
from typing import Any

import flask


def opentelemetry(app: flask.Flask) -> Callable[[], Any]:
    from opentelemetry.instrumentation.flask import FlaskInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    FlaskInstrumentor().instrument_app(app, tracer_provider=provider)

    def saw():
        spans = kept.get_finished_spans()
        return [(item.name, item.status.status_code.name, len(item.events)) for item in spans]

    return saw


def opentelemetry_of_wsgi(app: flask.Flask) -> Callable[[], Any]:
    from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    app.wsgi_app = OpenTelemetryMiddleware(app.wsgi_app, tracer_provider=provider)

    def saw():
        spans = kept.get_finished_spans()
        return [(item.name, item.status.status_code.name, len(item.events)) for item in spans]

    return saw


def sentry(app: flask.Flask) -> Callable[[], Any]:
    import sentry_sdk
    from sentry_sdk.integrations.flask import FlaskIntegration
    from sentry_sdk.transport import Transport

    sent = []

    class Dummy(Transport):
        def capture_envelope(self, envelope):
            sent.extend(item.payload.json for item in envelope.items)

    sentry_sdk.init(
        dsn="http://key@localhost/1",
        transport=Dummy,
        default_integrations=False,
        integrations=[FlaskIntegration()],
        traces_sample_rate=1.0,
        auto_session_tracking=False,
    )

    def saw():
        return [_event(item) for item in sent]

    return saw


def _event(sent: dict[str, Any]) -> Any:
    errors = [item["type"] for item in sent.get("exception", {}).get("values", ())]
    status = sent.get("contexts", {}).get("trace", {}).get("status")
    return sent.get("type", "error"), sent.get("transaction"), errors, status


def debug_toolbar(app: flask.Flask) -> Callable[[], Any]:
    from flask_debugtoolbar import DebugToolbarExtension

    app.config["DEBUG_TB_ENABLED"] = True
    app.config["DEBUG_TB_HOSTS"] = ("elsewhere",)  # a toolbar in the page differs each time
    DebugToolbarExtension(app)
    return list


AGENTS = {
    "opentelemetry": opentelemetry,
    "opentelemetry of wsgi": opentelemetry_of_wsgi,
    "sentry": sentry,
    "debug toolbar": debug_toolbar,
}
