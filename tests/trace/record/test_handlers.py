"""Why an error handler was chosen."""

import flask
import pytest

import flasktrace
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)


class Special(KeyError):
    pass


def failing(lib, error):
    """Return an app with a blueprint whose view raises *error*, or aborts with that code."""
    app, shop = lib.Flask("x"), lib.Blueprint("shop", "x")

    @shop.route("/")
    def index():
        if isinstance(error, int):
            lib.abort(error)
        raise error

    return app, shop


def handler(name, status=400):
    def handle(_error):
        return name, status

    handle.__name__ = name
    return handle


def why(app, shop, path="/"):
    """Return name and reason of the handler that ran."""
    app.register_blueprint(shop)
    with flasktrace.capture(app) as traces:
        ask(app, Ask(path))
    assert not traces.last.partial
    found = [item for item in traces.last.spans if item.kind == "error_handler"]
    return [(item.name, item.attributes.get("why")) for item in found]


@both
def test_the_app_handles_what_the_blueprint_does_not(lib):
    app, shop = failing(lib, 404)
    app.register_error_handler(404, handler("missing"))
    shop.register_error_handler(410, handler("gone"))

    assert why(app, shop) == [
        ("missing", "handles 404 of the app; blueprint shop has none for 404"),
    ]


@both
def test_the_blueprint_comes_before_the_app(lib):
    app, shop = failing(lib, KeyError("k"))
    app.register_error_handler(KeyError, handler("apps"))
    shop.register_error_handler(LookupError, handler("shops"))

    [(name, told)] = why(app, shop)

    assert name == "shops"
    assert told.startswith(
        "handles LookupError of blueprint shop, a base of KeyError; before apps (test_handlers.py:"
    )
    assert told.endswith(" for KeyError of the app")


@both
def test_the_nearest_class_comes_first(lib):
    app, shop = failing(lib, Special("k"))
    app.register_error_handler(Exception, handler("any"))
    app.register_error_handler(KeyError, handler("key"))
    app.register_error_handler(ValueError, handler("value"))

    [(name, told)] = why(app, shop)

    assert name == "key"
    assert told.startswith(
        "handles KeyError of the app, a base of Special; blueprint shop has none that fits; "
    )
    assert "before any (" in told
    assert "value" not in told


@both
def test_the_code_comes_before_the_class(lib):
    from werkzeug.exceptions import HTTPException

    app, shop = failing(lib, 404)
    shop.register_error_handler(HTTPException, handler("any_of_shop"))
    app.register_error_handler(404, handler("missing"))

    [(name, told)] = why(app, shop)

    assert name == "missing"
    assert told.startswith(
        "handles 404 of the app; blueprint shop has none for 404; before any_of_sh"
    )
    assert told.endswith("for HTTPException of blueprint shop")


@both
def test_an_unhandled_exception_becomes_a_500(lib):
    app, shop = failing(lib, OSError("x"))
    app.register_error_handler(500, handler("sorry", 500))

    [(name, told)] = why(app, shop)

    assert name == "sorry"
    assert told.startswith("handles 500 of the app; blueprint shop has none for 500; ")
    assert told.endswith("; an exception that nobody handles becomes a 500")


@both
def test_without_a_match_there_is_no_blueprint(lib):
    app, shop = failing(lib, 404)
    app.register_error_handler(404, handler("missing"))

    assert why(app, shop, "/none") == [("missing", "handles 404 of the app")]


@both
def test_many_that_would_fit_are_counted(lib):
    class A(Exception): ...

    class B(A): ...

    class C(B): ...

    class D(C): ...

    app, shop = failing(lib, D())
    for kind in (Exception, A, B, C, D):
        app.register_error_handler(kind, handler(kind.__name__))

    [(_, told)] = why(app, shop)

    assert told.endswith(" for A of the app and 1 more")


@both
def test_an_app_that_chooses_by_itself_is_not_explained(lib):
    own = handler("own")

    class App(lib.Flask):
        def _find_error_handler(self, *_args):
            return own

    app, shop = failing(lib, KeyError("k"))
    app.__class__ = App
    app.register_error_handler(KeyError, handler("other"))

    assert why(app, shop) == [("own", None)]


@both
def test_classes_are_not_compared_by_methods_of_theirs(lib):
    class Meta(type):
        def __eq__(cls, other):
            if touched is not None:
                touched.append(other)
            return cls is other

        def __hash__(cls):
            return 1

    touched = None

    class Odd(Exception, metaclass=Meta): ...

    class Odder(Exception, metaclass=Meta): ...

    def asked(trace):
        nonlocal touched
        app, shop = failing(lib, Odd())
        app.register_error_handler(Odder, handler("odder"))
        app.register_error_handler(Odd, handler("odd"))
        app.register_blueprint(shop)
        touched = []
        if trace:
            with flasktrace.capture(app):
                ask(app, Ask())
        else:
            ask(app, Ask())
        return len(touched)

    assert asked(trace=True) == asked(trace=False)
