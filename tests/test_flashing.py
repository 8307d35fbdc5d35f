"""Flashed messages."""

import flasktrace
from flasktrace import Flask, signals


def flashing():
    app = Flask("app")
    app.secret_key = "key"

    @app.route("/say")
    def say():
        flasktrace.flash("one")
        flasktrace.flash("two", "error")
        return "said"

    @app.route("/show")
    def show():
        first = flasktrace.get_flashed_messages(with_categories=True)
        only = flasktrace.get_flashed_messages(category_filter=["error"])
        return [first, only]

    return app


def test_messages_are_shown_in_the_next_request_and_then_gone():
    client = flashing().test_client()
    client.get("/say")

    assert [[["message", "one"], ["error", "two"]], ["two"]] == client.get("/show").json
    assert [[], []] == client.get("/show").json


def test_messages_are_told_to_those_who_listen():
    app = flashing()
    heard = []

    def flashed(sender, message, category):
        heard.append((sender, message, category))

    with signals.message_flashed.connected_to(flashed, app):
        app.test_client().get("/say")

    assert [(app, "one", "message"), (app, "two", "error")] == heard


def test_messages_of_this_request_are_shown_once_asked():
    app = flashing()
    with app.test_request_context("/"):
        flasktrace.flash("now")
        assert ["now"] == flasktrace.get_flashed_messages()
        flasktrace.flash("later")
        assert ["now"] == flasktrace.get_flashed_messages()
        assert [["message", "later"]] == [list(pair) for pair in flasktrace.session["_flashes"]]
