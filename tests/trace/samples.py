"""Traces made by hand, for the tests of stores and views."""

from dataclasses import replace

from flasktrace.trace.model import (
    Candidate,
    Card,
    Change,
    Event,
    Failure,
    Frame,
    RequestFacts,
    ResponseFacts,
    Routing,
    Run,
    Snapshot,
    Span,
    Stage,
    Trace,
)

MS = 1_000_000


def code(function: str, file: str, line: int, **more: object) -> dict[str, object]:
    return {
        "code.function.name": function,
        "code.file.path": file,
        "code.line.number": line,
        **more,
    }


def card(user: str | None = None, **session: str) -> Card:
    return Card(
        kind="request",
        name="shop",
        sections={
            "request": {"method": "'GET'", "path": "'/cart'", "endpoint": "'cart'"},
            "session": session,
            "g": {"db": "<sqlite3.Connection 0x7f01>"} | ({"user": user} if user else {}),
            "flashes": {},
            "url_adapter": {"host": "'localhost:5000'"},
        },
    )


def stage(name: str, start: int | None, length: int = 0, **more: object) -> Stage:
    if start is None:
        return Stage(name=name, start_ns=None, duration_ns=0, **more)  # type: ignore[arg-type]
    run = Run(start_ns=start, duration_ns=length, exception=None)
    given = {"skipped": None, "runs": (run,), **more}
    return Stage(name=name, start_ns=start, duration_ns=length, **given)  # type: ignore[arg-type]


def cart() -> Trace:
    """A page of the shop: a hook puts the user into g, the view answers with a template."""
    user = Change(
        at_ns=1 * MS,
        depth=0,
        section="g",
        key="user",
        before=None,
        after="'ada'",
        author="load_user (shop.py:41)",
        span=1,
    )
    empty = Snapshot(at_ns=200_000, cards=(card(user_id="1"),))
    full = Snapshot(at_ns=1 * MS, cards=(card("'ada'", user_id="1"),))
    return Trace(
        id="0af7651916cd43dd8448eb211c80319c",
        started="2026-11-23T10:20:30.123456+00:00",
        duration_ns=12 * MS,
        method="GET",
        path="/cart",
        query="page=2&token=••• str(9)",
        status=200,
        endpoint="cart",
        rule="/cart",
        view_args={},
        outcome="ok",
        verdict="200 from the view cart (shop.py:88).",
        stages=(
            stage("push", 0, 200_000, snapshot=empty),
            stage("preprocess", 250_000, 900_000, spans=(1,), snapshot=full, changes=(user,)),
            stage("match", 1_200_000, 40_000, snapshot=full),
            stage("dispatch", 1_250_000, 9 * MS, spans=(2, 3, 4), snapshot=full),
            stage("make_response", 10_300_000, 30_000, snapshot=full),
            stage("postprocess", 10_400_000, 300_000, spans=(5,), snapshot=full),
            stage("pop", 10_800_000, 200_000, spans=(6,), snapshot=Snapshot(11 * MS, ())),
        ),
        spans=(
            Span(
                1,
                None,
                "preprocess",
                "before_request",
                "load_user",
                300_000,
                700_000,
                code(
                    "load_user",
                    "/app/shop.py",
                    41,
                    **{"code.module.name": "shop"},
                    order="1 of 1",
                    why="the only one",
                    outcome="returned None",
                ),
            ),
            Span(
                2,
                None,
                "dispatch",
                "view",
                "cart",
                1_300_000,
                8_900_000,
                code("cart", "/app/shop.py", 88, outcome="answered: str"),
            ),
            Span(3, 2, "dispatch", "user", "price cart", 2 * MS, 3 * MS, {"items": "3"}),
            Span(4, 2, "dispatch", "template", "cart.html", 6 * MS, 4 * MS, {}),
            Span(
                5,
                None,
                "postprocess",
                "after_request",
                "add_headers",
                10_450_000,
                100_000,
                code(
                    "add_headers",
                    "/app/shop.py",
                    60,
                    order="2 of 2",
                    why="the app's, in reverse: registered 1st of 2",
                    outcome="returned the response",
                ),
            ),
            Span(
                6,
                None,
                "pop",
                "teardown_request",
                "close_db",
                10_850_000,
                100_000,
                code("close_db", "/app/shop.py", 70, outcome="returned None"),
            ),
            Span(7, None, None, "body", "response body", 11_100_000, 800_000, {"chunks": 1}),
        ),
        events=(Event(3 * MS, "cache miss", 3, "dispatch", {"key": "'cart:1'"}),),
        exception=None,
        request=RequestFacts(
            method="GET",
            root_path="",
            path="/cart",
            query="page=2&token=••• str(9)",
            scheme="http",
            host="localhost:5000",
            http_version="HTTP/1.1",
            remote_addr="127.0.0.1",
            headers=(("Host", "localhost:5000"), ("Cookie", "session=••• str(60)")),
            bytes_read=0,
        ),
        response=ResponseFacts(
            status=200,
            reason="OK",
            headers=(("Content-Type", "text/html; charset=utf-8"), ("Content-Length", "2048")),
            chunks=1,
            bytes=2048,
            first_byte_ns=11_200_000,
            closed=True,
        ),
        tracer_ns=310_000,
        dropped={},
        app="shop",
        host="flasktrace",
        pid=4242,
        thread="Thread-1",
        changes=(user,),
    )


def crash() -> Trace:
    """The view raises and nobody handles it; postprocess still runs, for the error page."""
    base = cart()
    frames = (
        Frame("/lib/flasktrace/app.py", 300, "wsgi_app", ((300, "    value = …"),), in_app=False),
        Frame(
            "/app/shop.py",
            120,
            "crash",
            ((119, "def crash():"), (120, '    return PRICES["gold"]'), (121, "")),
            in_app=True,
        ),
    )
    failure = Failure(
        at_ns=2 * MS,
        type="KeyError",
        module="builtins",
        message="'gold'",
        frames=frames,
        stage="dispatch",
        raised_by="crash (shop.py:119)",
        span=2,
        handled_by=None,
    )
    spans = (
        base.spans[0],
        replace(
            base.spans[1],
            name="crash",
            attributes=code("crash", "/app/shop.py", 119, outcome="raised KeyError"),
        ),
        *base.spans[4:],
    )
    stages = tuple(
        replace(item, exception="KeyError", spans=(2,)) if item.name == "dispatch" else item
        for item in base.stages
    )
    return replace(
        base,
        id="1" * 32,
        path="/crash",
        endpoint="crash",
        rule="/crash",
        status=500,
        outcome="error",
        exception=failure,
        spans=spans,
        stages=stages,
        events=(),
        verdict="500: KeyError: 'gold' raised by the view crash (shop.py:119), no handler.",
        marks=("exception",),
        request=replace(base.request, path="/crash"),
        response=replace(base.response, status=500, reason="INTERNAL SERVER ERROR"),
    )


def early() -> Trace:
    """A hook answers first: no match, no dispatch."""
    base = cart()
    spans = (
        replace(
            base.spans[0],
            name="require_login",
            attributes=code("require_login", "/app/shop.py", 50, outcome="answered: Response"),
        ),
        *base.spans[4:],
    )
    why = "before_request require_login answered first"
    stages = tuple(
        stage(item.name, None, skipped=why) if item.name in {"match", "dispatch"} else item
        for item in base.stages
    )
    return replace(
        base,
        id="2" * 32,
        path="/account",
        endpoint=None,
        rule=None,
        status=302,
        spans=spans,
        stages=stages,
        events=(),
        marks=("answered by a hook",),
        verdict="302 from before_request require_login (shop.py:50); the view never ran.",
    )


def missing() -> Trace:
    """No rule takes the path; the rules that were refused are told."""
    base = cart()
    refused = (
        ("/user/<int:id>", "user", "the int converter does not take '7x'"),
        ("/user/<int:id>/orders", "orders", "the int converter does not take '7x'"),
        ("/user/", "users", "the path goes on with '7x'"),
        ("/users/search", "search", "segment 1 is 'user', not 'users'"),
        ("/", "index", "the path goes on with 'user/7x'"),
        ("/static/<path:filename>", "static", "segment 1 is 'user', not 'static'"),
        ("/cart", "cart", "segment 1 is 'user', not 'cart'"),
        ("/account", "account", "segment 1 is 'user', not 'account'"),
        ("/login", "login", "segment 1 is 'user', not 'login'"),
    )
    methods = ("GET", "HEAD", "OPTIONS")
    candidates = tuple(Candidate(rule, endpoint, methods, why) for rule, endpoint, why in refused)
    stages = tuple(
        replace(item, exception="NotFound", spans=()) if item.name == "dispatch" else item
        for item in base.stages
    )
    return replace(
        base,
        id="3" * 32,
        endpoint=None,
        rule=None,
        spans=(base.spans[0], *base.spans[4:]),
        events=(),
        path="/user/7x",
        query="",
        status=404,
        stages=stages,
        marks=("no route",),
        verdict="404: no route matches GET /user/7x "
        "(/user/<int:id>: the int converter does not take '7x').",
        routing=Routing("none", candidates, others=12, near=("/user/<int:id>", "/user/")),
        request=replace(base.request, path="/user/7x", query=""),
        response=replace(base.response, status=404, reason="NOT FOUND"),
    )


def many(count: int) -> list[Trace]:
    """*count* traces, oldest first, each with an id of its own."""
    kinds = (cart(), crash(), early())
    return [
        replace(kinds[n % 3], id=f"{n:032x}", duration_ns=(n % 50 + 1) * MS) for n in range(count)
    ]


def big(spans: int = 5000) -> Trace:
    """A page that did very much: *spans* spans in its view, at 5,000 about 1 MB as JSON."""
    base = cart()
    more = [
        replace(
            base.spans[2],
            id=100 + n,
            parent=2 if n % 50 == 0 else 100 + n - n % 50,
            name=f"work {n % 7}",
            start_ns=1_300_000 + n * 1700,
            duration_ns=1500 if n % 50 else 80_000,
            attributes={"text": "x" * 100},
        )
        for n in range(spans)
    ]
    return replace(base, id="b" * 32, duration_ns=12 * MS, spans=(*base.spans, *more))
