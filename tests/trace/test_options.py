import pytest

from flasktrace.trace.options import OptionError, Options


def test_without_anything_the_defaults_hold():
    made = Options.of({}, {})

    assert made == Options()
    assert (made.path, made.enabled, made.sample) == ("/_trace", None, 1.0)


def test_arguments_win_over_the_configuration_and_that_over_the_environment(monkeypatch):
    monkeypatch.setenv("FLASKTRACE_PATH", "/env")
    monkeypatch.setenv("FLASKTRACE_TOKEN", "env")
    monkeypatch.setenv("FLASKTRACE_STORE", "memory:")
    config = {"FLASKTRACE_PATH": "/config", "FLASKTRACE_TOKEN": "config"}

    made = Options.of({"path": "/given"}, config)

    assert (made.path, made.token, made.store) == ("/given", "config", "memory:")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("enabled", "1", True),
        ("enabled", "off", False),
        ("enabled", "", False),
        ("dashboard", " Yes ", True),
        ("capture_body", "true", True),
        ("response_headers", "no", False),
        ("sample", "0.25", 0.25),
        ("exclude", "/static/*, /health,", ("/static/*", "/health")),
        ("redact", "note", ("note",)),
        ("trusted_hosts", "a.example,.b.example", ("a.example", ".b.example")),
        ("limits", "value=200, spans=5", {"value": 200, "spans": 5}),
        ("path", "/debug/", "/debug"),
    ],
)
def test_each_option_is_read_from_the_environment(name, text, value, monkeypatch):
    monkeypatch.setenv(f"FLASKTRACE_{name.upper()}", text)

    assert getattr(Options.of({}, {}), name) == value


def test_false_is_a_value_and_none_is_not(monkeypatch):
    monkeypatch.setenv("FLASKTRACE_ENABLED", "1")

    assert Options.of({"enabled": False}, {}).enabled is False
    assert Options.of({"enabled": None}, {"FLASKTRACE_ENABLED": None}).enabled is True


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("enabled", "maybe", "say 1 or 0"),
        ("path", "trace", "plain path"),
        ("path", "/", "plain path"),
        ("path", "/a b", "plain path"),
        ("path", 7, "give text"),
        ("sample", 2, "from 0 to 1"),
        ("sample", "all", "from 0 to 1"),
        ("sample", float("nan"), "from 0 to 1"),
        ("exclude", 7, "list of texts"),
        ("exclude", [1], "list of texts"),
        ("limits", "value:1", "value=200"),
        ("limits", 7, "dict of limits"),
    ],
)
def test_a_value_that_will_not_do_is_named_with_the_remedy(name, value, remedy):
    with pytest.raises(OptionError, match=remedy) as caught:
        Options.of({name: value}, {})

    assert caught.value.name == name
    assert f"{name}=" in str(caught.value)


def test_an_option_that_there_is_not_is_refused_with_those_there_are():
    with pytest.raises(TypeError, match="no option 'colour'; there are store, path"):
        Options.of({"colour": "red"}, {})
