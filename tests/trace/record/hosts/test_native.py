import flasktrace
from flasktrace.trace.record.describe import Describer
from flasktrace.trace.record.hosts.native import NativeHost, adapter_facts
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.redact import Redactor
from flasktrace.trace.record.snapshot import Looker
from tests.trace.record.same import Ask, ask


def test_the_cards_are_the_contexts_from_the_bottom():
    app = flasktrace.Flask("x")
    app.secret_key = "key"

    with app.app_context():
        flasktrace.g.a = 1
        with app.test_request_context("/page"):
            flasktrace.g.b = 2
            cards = Looker(Describer(Limits(), Redactor())).look(NativeHost()).cards

    assert [item.kind for item in cards] == ["app", "request"]
    assert [item.sections["g"] for item in cards] == [{"a": "1"}, {"b": "2"}]
    assert cards[1].sections["request"] == {"method": "'GET'", "path": "'/page'"}


def test_a_look_neither_matches_nor_reads_anything():
    app = flasktrace.Flask("x")
    app.secret_key = "key"

    with app.test_request_context("/page", method="POST", data={"a": "1"}) as context:
        Looker(Describer(Limits(), Redactor())).look(NativeHost())

        assert not context.request.matched
        assert not context._session.accessed
        assert flasktrace.request.form["a"] == "1"


def test_nothing_is_put_on_the_app():
    app = flasktrace.Flask("x")
    before = dict(vars(app))
    tracer = flasktrace.Tracer(app, enabled=True, store="memory:", dashboard=False)

    assert {key for key, value in vars(app).items() if before.get(key) is not value} <= {
        "wsgi_app",
        "name",
    }
    tracer.uninstall()


def test_properties_of_a_request_class_are_not_asked():
    class Request(flasktrace.Request):
        asked = 0

        @property
        def method(self):
            Request.asked += 1
            return "ODD"

        @method.setter
        def method(self, value):
            pass

    app = flasktrace.Flask("x")
    app.request_class = Request
    app.add_url_rule("/", "index", lambda: "x", methods=["ODD"])

    def asked():
        Request.asked = 0
        ask(app, Ask())
        return Request.asked

    plain = asked()
    with flasktrace.capture(app):
        assert asked() == plain


def test_a_request_shows_what_the_match_made_of_it():
    app = flasktrace.Flask("x")
    app.add_url_rule("/<int:a>", "index", lambda a: f"{a}")

    def request_of(path):
        with app.test_request_context(path) as context:
            context.match()
            [card] = Looker(Describer(Limits(), Redactor())).look(NativeHost()).cards
            return card.sections["request"]

    assert request_of("/1") == {
        "method": "'GET'",
        "path": "'/1'",
        "endpoint": "'index'",
        "rule": "'/<int:a>'",
        "view_args": "{'a': 1}",
    }
    assert request_of("/x")["routing_exception"] == "'NotFound'"
    assert adapter_facts(None) == ()
