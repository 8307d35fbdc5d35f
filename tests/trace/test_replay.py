"""Sending a recorded request again: off unless told, and only when it is whole."""

import json

import pytest
from werkzeug.test import Client

import flasktrace
from flasktrace.trace.replay import HEADER, ReplayError
from flasktrace.trace.tracer import Tracer

TOKEN = "token-of-the-test"
JSON = {"Content-Type": "application/json", "X-Flasktrace": "1"}
PROGRAM = {**JSON, "Authorization": f"Bearer {TOKEN}"}
SURE = json.dumps({"confirm": True})


def shop(**options: object) -> tuple[flasktrace.Flask, Tracer, list[object]]:
    app = flasktrace.Flask("shop")
    seen: list[object] = []

    @app.route("/sub/<name>", methods=["GET", "POST"])
    def page(name: str) -> str:
        request = flasktrace.request
        seen.append((request.method, name, request.args.get("q"), request.get_data(as_text=True)))
        seen.append(flasktrace.has_app_context() and flasktrace.current_app.name)
        return "ok"

    given = {"store": "memory:", "enabled": True, "token": TOKEN, "capture_body": True}
    tracer = Tracer(app, announce=False, **{**given, **options})
    return app, tracer, seen


def newest(tracer: Tracer) -> str:
    tracer.flush()
    return tracer.store.page(limit=1).summaries[0].id


def test_it_is_sent_as_it_was_and_recorded_as_a_repetition() -> None:
    app, tracer, seen = shop(replay="all")
    headers = {"X-Kind": "a", "X-Token": "secret", "Content-Type": "text/plain"}
    app.test_client().post("/sub/é x?q=1%262", data="b=1", headers=headers)
    first = newest(tracer)
    answer = Client(app).post(f"/_trace/api/traces/{first}/replay", data=SURE, headers=PROGRAM)
    second = tracer.store.get(answer.json["id"])

    assert answer.status_code == 200
    assert seen == [("POST", "é x", "1&2", "b=1"), "shop"] * 2
    assert second
    assert second.id != first
    assert second.parent is None
    sent = dict(second.request.headers)
    assert sent["X-Kind"] == "a"
    assert sent[HEADER].startswith(first)
    assert "X-Token" not in sent
    tracer.uninstall()


@pytest.mark.parametrize(
    ("options", "method", "status", "why"),
    [
        ({}, "GET", 403, "switched off"),
        ({"replay": "1"}, "POST", 409, "replay='all'"),
        ({"replay": "all", "capture_body": False}, "POST", 409, "not kept"),
    ],
)
def test_it_is_refused_unless_allowed_and_whole(
    options: dict[str, object], method: str, status: int, why: str
) -> None:
    app, tracer, seen = shop(**options)
    app.test_client().open("/sub/x", method=method, data="b=1")
    asked = len(seen)
    answer = Client(app).post(
        f"/_trace/api/traces/{newest(tracer)}/replay", data=SURE, headers=PROGRAM
    )

    assert (answer.status_code, why in answer.json["error"]) == (status, True), answer.text
    assert len(seen) == asked
    tracer.uninstall()


def test_secrets_in_the_address_stop_it() -> None:
    app, tracer, _ = shop(replay="1")
    app.test_client().get("/sub/x?token=abcdef")
    trace = tracer.store.get(newest(tracer))

    assert trace
    with pytest.raises(ReplayError, match="secret"):
        tracer.replay(trace)
    tracer.uninstall()


@pytest.mark.parametrize("path", ["/_trace/api/clear", "/_trace/api/traces/{id}/replay"])
def test_changes_need_a_login_our_own_page_and_a_confirmation(path: str) -> None:
    app, tracer, seen = shop(replay="all")
    app.test_client().get("/sub/x")
    address = path.format(id=newest(tracer))
    asked = len(seen)
    browser = Client(app)
    browser.get(tracer.login_link(), headers={"Sec-Fetch-Site": "none"})
    csrf = {"X-Flasktrace-Token": "wrong", "Origin": "http://localhost"}

    for client, status, headers, body in (
        (Client(app), 401, JSON, SURE),
        (browser, 403, JSON, SURE),
        (browser, 403, {**JSON, **csrf}, SURE),
        (browser, 403, {**JSON, "Origin": "http://evil.test"}, SURE),
        (browser, 403, {**PROGRAM, "Content-Type": "text/plain"}, SURE),
        (Client(app), 400, PROGRAM, "{}"),
        (Client(app), 400, PROGRAM, "[]"),
        (Client(app), 400, PROGRAM, "no json"),
    ):
        answer = client.post(address, data=body, headers=headers)
        assert answer.status_code == status, (headers, body)
    assert browser.get(address).status_code == 405
    assert tracer.store.count() == 1
    assert len(seen) == asked
    page = browser.get("/_trace/clear").text
    token = page.partition('data-csrf="')[2].partition('"')[0]
    own = {**JSON, "X-Flasktrace-Token": token, "Origin": "http://localhost"}
    assert browser.post(address, data=SURE, headers=own).status_code == 200
    assert tracer.store.count() in {0, 2}
    tracer.uninstall()
