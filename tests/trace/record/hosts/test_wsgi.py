import flasktrace
from flasktrace.trace.record.hosts.wsgi import WsgiHost
from tests.trace.record.same import Ask, ask


def test_nothing_inside_is_visible_but_what_the_user_writes():
    def app(environ, start_response):
        start_response("200 OK", [])
        with flasktrace.span("work"):
            flasktrace.event("point")
        return [b"x"]

    wrapped = flasktrace.wrap(app, enabled=True, store="memory:")
    with flasktrace.capture(wrapped) as traces:
        ask(wrapped, Ask())

    trace = traces.last
    assert not WsgiHost().contexts()
    assert all(item.skipped for item in trace.stages)
    assert [item.name for item in trace.spans] == ["work", "response body"]
    assert [item.name for item in trace.events] == ["point"]
    assert trace.response.chunks == 1


def test_unwrap_gives_the_very_app():
    def app(environ, start_response):
        return []

    assert flasktrace.unwrap(flasktrace.wrap(app, enabled=True, store="memory:")) is app
