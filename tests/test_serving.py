"""Addresses, ports, and what an app was wrapped with before it is served."""

import socket

import flask
import pytest

import flasktrace
from flasktrace.serving import AddressError, PortTakenError, free_port, watched
from flasktrace.trace.tracer import WatchedApp, tracer_of


@pytest.fixture
def watch(tmp_path):
    """Watch an app as the commands do; everything is undone afterwards."""
    made = []

    def start(app, host="127.0.0.1", **options):
        store = f"sqlite:///{tmp_path / 'traces.db'}"
        app, tracer = watched(app, show=made.append, host=host, store=store, **options)
        made.append(tracer)
        return app, tracer

    yield start
    for tracer in made:
        tracer.uninstall()


def plain(_environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"plain"]


def test_free_port_is_free():
    port = free_port("127.0.0.1")

    assert free_port("127.0.0.1", port) == port


def test_port_of_somebody_else_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(PortTakenError, match=f"Port {port} of 127.0.0.1 is taken.*--port 0"):
            free_port("127.0.0.1", port)
        with pytest.raises(PortTakenError):
            free_port("0.0.0.0", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "not a host name", "2001:db8::1"])
def test_address_that_is_not_of_this_machine_is_not_called_taken(host):
    with pytest.raises(AddressError, match=f"Cannot listen on port 5000 of {host}: ") as caught:
        free_port(host, 5000)

    assert not isinstance(caught.value, PortTakenError)


def test_port_of_the_other_internet_protocol_is_another_one():
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]

        assert free_port("127.0.0.1", port) == port
        with pytest.raises(PortTakenError):
            free_port("::1", port)


@pytest.mark.parametrize("kind", [flask.Flask, flasktrace.Flask])
def test_flask_app_is_watched_in_place(watch, kind):
    app = kind(__name__)

    served, tracer = watch(app)

    assert served is app
    assert tracer_of(app) is tracer
    assert tracer.on
    assert tracer.shows_dashboard


def test_other_app_is_watched_in_a_callable(watch):
    served, tracer = watch(plain)

    assert isinstance(served, WatchedApp)
    assert tracer.app is plain


@pytest.mark.parametrize("kind", [flask.Flask, flasktrace.Flask])
def test_options_of_wrap_stay_in_force(watch, kind):
    app = kind(__name__)
    flasktrace.wrap(
        app, redact=("iban",), exclude=("/ping",), path="/_mine", token="own", limits={"value": 50}
    )

    _, tracer = watch(app)

    assert tracer.options.redact == ("iban",)
    assert tracer.options.exclude == ("/ping",)
    assert tracer.options.path == "/_mine"
    assert tracer.options.token == "own"
    assert tracer.options.limits == {"value": 50}


def test_command_line_wins_over_wrap(watch):
    app = flasktrace.Flask(__name__)
    flasktrace.wrap(app, enabled=False, dashboard=False, path="/_mine", capture_body=True)

    _, tracer = watch(app, path="/_theirs", capture_body=None)

    assert tracer.options.path == "/_theirs"
    assert tracer.options.capture_body
    assert tracer.on
    assert tracer.shows_dashboard


def test_token_of_the_configuration_or_the_environment_is_used(watch, monkeypatch):
    configured = flasktrace.Flask(__name__)
    configured.config["FLASKTRACE_TOKEN"] = "configured"
    monkeypatch.setenv("FLASKTRACE_TOKEN", "environment")

    assert watch(configured)[1].options.token == "configured"
    assert watch(flasktrace.Flask(__name__))[1].options.token == "environment"


def test_every_start_has_a_token_of_its_own(watch):
    tokens = {watch(flasktrace.Flask(__name__))[1].options.token for _ in range(3)}

    assert len(tokens) == 3
    assert min(map(len, tokens)) >= 32


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("192.168.1.5", ("192.168.1.5",)),
        ("2001:db8::1", ("2001:db8::1",)),
        ("0.0.0.0", ()),
        ("::", ()),
        ("shop.example", ()),
    ],
)
def test_dashboard_answers_under_the_address_that_is_listened_on(watch, host, trusted):
    _, tracer = watch(flasktrace.Flask(__name__), host=host)

    assert tracer.options.trusted_hosts == trusted
    assert tracer.login_link()
