"""An app that was wrapped is as it was, also when middleware or another tracer came between."""

import flask
import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

import flasktrace
from flasktrace.trace.everywhere import Everywhere
from flasktrace.trace.tracer import tracer_of


@pytest.fixture(params=[flask, flasktrace], ids=["flask", "flasktrace"])
def app(request):
    app = request.param.Flask("app")
    app.add_url_rule("/", "index", lambda: "hi")
    return app


def test_middleware_around_an_undecided_app_goes_on_after_unwrap(app):
    flasktrace.wrap(app)
    app.wsgi_app = ProxyFix(app.wsgi_app)
    flasktrace.unwrap(app)

    assert b"hi" == app.test_client().get("/").data


def test_the_dashboard_is_gone_after_unwrap_below_middleware(app):
    flasktrace.wrap(app, enabled=True, token="secret", store="memory:")
    app.wsgi_app = ProxyFix(app.wsgi_app)
    before = app.test_client().get("/_trace/").status_code
    flasktrace.unwrap(app)

    assert (401, 404) == (before, app.test_client().get("/_trace/").status_code)


def test_an_app_left_alone_has_its_own_method_again(app, caplog):
    flasktrace.wrap(app)
    app.test_client().get("/")
    app.test_client().get("/")

    assert "wsgi_app" not in vars(app)
    assert 1 == len(caplog.records)


def test_capture_records_an_app_that_is_wrapped_with_tracing_off(app):
    flasktrace.wrap(app)
    tracer = tracer_of(app)
    with flasktrace.capture(app) as traces:
        app.test_client().get("/")
    app.test_client().get("/")

    assert [200] == [trace.status for trace in traces]
    assert tracer_of(app) is tracer


def test_everywhere_gives_a_wrapped_app_back_to_its_tracer(app):
    flasktrace.wrap(app, enabled=False)
    tracer = tracer_of(app)
    everywhere = Everywhere()
    with everywhere.collect() as traces:
        app.test_client().get("/")
    everywhere.stop()

    assert [200] == [trace.status for trace in traces]
    assert tracer_of(app) is tracer


def test_everywhere_never_fails_an_app_whose_options_are_wrong(app, caplog):
    app.config["FLASKTRACE_SAMPLE"] = "often"
    everywhere = Everywhere()
    with everywhere.collect() as traces:
        data = app.test_client().get("/").data
    everywhere.stop()

    assert (b"hi", 0) == (data, len(traces))
    assert "sample='often'" in caplog.text


def test_a_callable_with_an_attribute_config_is_no_flask_app():
    def plain(environ, start_response):
        start_response("200 OK", [])
        return [b"plain"]

    plain.config = 7
    wrapped = flasktrace.wrap(plain, enabled=True, store="memory:")
    said = []

    assert [b"plain"] == list(
        wrapped({"PATH_INFO": "/"}, lambda status, headers: said.append(status))
    )
    assert ["200 OK"] == said
