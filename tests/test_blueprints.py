"""Blueprints: what is said about mistakes; what they do is compared side by side."""

import pytest

from flasktrace import Blueprint, Flask


@pytest.fixture
def app():
    return Flask("app")


@pytest.fixture
def part():
    return Blueprint("part", "app")


def test_a_name_is_needed_and_has_no_dot():
    with pytest.raises(ValueError, match="needs a name"):
        Blueprint("", "app")
    with pytest.raises(ValueError, match=r"name of a blueprint .* 'a\.b'"):
        Blueprint("a.b", "app")


def test_an_endpoint_has_no_dot(part):
    with pytest.raises(ValueError, match=r"endpoint of a blueprint .* 'a\.b'"):
        part.add_url_rule("/", "a.b", print)


def test_it_cannot_be_put_into_itself(part):
    with pytest.raises(ValueError, match="'part' cannot be put into itself"):
        part.register_blueprint(part)


def test_two_of_one_name_are_refused(app, part):
    app.register_blueprint(part)
    with pytest.raises(ValueError, match="this blueprint under the name 'part'"):
        app.register_blueprint(part)
    with pytest.raises(ValueError, match="another blueprint under the name 'part'"):
        app.register_blueprint(Blueprint("part", "app"))


@pytest.mark.parametrize(
    ("what", "register"),
    [
        ("record", lambda part: part.add_url_rule("/", "x", print)),
        ("before_request", lambda part: part.before_request(print)),
        ("register_blueprint", lambda part: part.register_blueprint(Blueprint("late", "app"))),
    ],
)
def test_what_comes_too_late_is_named(what, register, app, part):
    app.register_blueprint(part)

    with pytest.raises(AssertionError, match=f"'{what}' was called .* after it was registered"):
        register(part)


def test_a_blueprint_says_its_name(part):
    assert "<Blueprint 'part'>" == repr(part)
