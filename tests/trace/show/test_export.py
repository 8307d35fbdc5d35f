"""What leaves the dashboard: formats that other programs read, without secrets."""

import json
import shlex
import shutil
import subprocess
import threading
from dataclasses import replace

import pytest
from werkzeug.serving import make_server

import flasktrace
from flasktrace.trace.model import Trace
from flasktrace.trace.show.export import FORMATS, export
from tests.trace.samples import MS, cart, crash, early, missing


def asked(app: flasktrace.Flask, *args: object, **more: object) -> Trace:
    """The trace of one request to *app*."""
    with flasktrace.capture(app, capture_body=True) as traces:
        app.test_client().open(*args, **more)
    return traces[-1]


def echo() -> flasktrace.Flask:
    app = flasktrace.Flask("echo")

    @app.route("/écho (x)/", methods=["GET", "POST"])
    def again() -> dict[str, object]:
        return {
            "args": {**flasktrace.request.args},
            "body": flasktrace.request.get_data(as_text=True),
            "kind": flasktrace.request.headers.get("X-Kind"),
        }

    return app


ODD = {
    "method": "POST",
    "query_string": "a=1&b=%C3%A9+x'y",
    "data": 'it\'s "two"\nlines & $HOME `id`',
    "headers": {"X-Kind": "a'b $(id)", "X-Token": "abc", "Content-Type": "text/plain"},
}


def seen_again(trace: Trace, data: object) -> None:
    assert data == {
        "args": {"a": "1", "b": "é x'y"},
        "body": ODD["data"],
        "kind": "a'b $(id)",
    }
    assert trace.status == 200


def test_the_test_code_asks_the_same_of_the_app() -> None:
    app = echo()
    trace = asked(app, "/écho (x)/", **ODD)
    code = export(trace, "test")
    names: dict[str, object] = {}
    exec(code, names)
    (test,) = [value for name, value in names.items() if name.startswith("test_")]
    with flasktrace.capture(app, capture_body=True) as traces:
        test(app.test_client())  # type: ignore[operator]

    seen_again(traces[-1], json.loads(traces[-1].response.body or ""))
    assert "# left out, the values are secret: X-Token" in code
    assert "status_code == 418" in export(replace(trace, status=418), "test")


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_command_asks_the_same_of_the_server() -> None:
    app = echo()
    trace = asked(app, "/écho (x)/", **ODD)
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    here = replace(trace.request, host=f"127.0.0.1:{server.port}", bytes_read=0)
    try:
        command = export(replace(trace, request=here), "curl").replace("curl ", "curl -s ", 1)
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    seen_again(trace, json.loads(done.stdout))


def test_a_command_reads_no_file_and_runs_nothing() -> None:
    base = cart()
    headers = (
        ("@/etc/passwd", "x"),
        ("X-Ok", "1\r\nX-More: 2\x1b]0;x\x07"),
        ("X-Empty", ""),
        ("Content-Length", "5"),
    )
    request = replace(base.request, headers=headers, host="evil'; id #", body="@/etc/passwd")
    trace = replace(base, request=request, method="PO$(id)", path="/a/../[b]{c}\x1b\n' x", query="")

    assert shlex.split(export(trace, "curl").replace("\\\n", ""), comments=True) == [
        "curl",
        *("--request", "GET", "--path-as-is"),
        "http://evil%27%3B%20id%20%23/a/../%5Bb%5D%7Bc%7D%1B%0A'%20x",
        *("--header", r"X-Ok: 1\x0d\x0aX-More: 2\x1b]0;x\x07"),
        *("--header", "X-Empty;"),
        *("--data-raw", "@/etc/passwd"),
    ]
    ipv6 = replace(base, request=replace(base.request, host="[::1]:80"), method="HEAD")
    assert export(ipv6, "curl").startswith(
        "curl \\\n  --head \\\n  --globoff \\\n  'http://[::1]:80/"
    )


def test_the_archive_is_har_1_2() -> None:
    (entry,) = json.loads(export(early(), "har"))["log"]["entries"]

    assert entry["request"]["url"].startswith("http://localhost:5000/account?page=2&token=")
    assert entry["request"]["queryString"][0] == {"name": "page", "value": "2"}
    assert {"name": "Host", "value": "localhost:5000"} in entry["request"]["headers"]
    assert entry["response"]["status"] == 302
    assert entry["response"]["content"] == {"size": 2048, "mimeType": "text/html; charset=utf-8"}
    assert entry["timings"] == {"send": 0, "wait": 11.2, "receive": pytest.approx(0.8)}
    assert entry["time"] == sum(entry["timings"].values())
    unanswered = json.loads(export(replace(cart(), status=None), "har"))
    assert unanswered["log"]["entries"][0]["response"]["status"] == 0


def test_slices_of_a_lane_lie_inside_of_each_other() -> None:
    base = cart()
    lane = replace(base.spans[2], id=9, attributes={"lane": "thread Worker-1"}, start_ns=8 * MS)
    data = json.loads(export(replace(base, spans=(*base.spans, lane)), "chrome"))
    slices = [event for event in data["traceEvents"] if event["ph"] == "X"]
    threads = [
        event["args"]["name"] for event in data["traceEvents"] if event["name"] == "thread_name"
    ]

    assert ["Thread-1", "thread Worker-1"] == threads
    assert [1, 2] == sorted({event["tid"] for event in slices})
    assert {"push", "dispatch", "load_user (shop.py:41)", "cart.html"} <= {
        event["name"] for event in slices
    }
    points = {event["name"] for event in data["traceEvents"] if event["ph"] == "i"}
    assert points == {"cache miss", "g.user = 'ada', set by load_user (shop.py:41)"}


def test_json_is_the_trace_and_text_is_what_the_terminal_says() -> None:
    assert Trace.from_dict(json.loads(export(crash(), "json"))) == crash()
    assert crash().verdict in export(crash(), "text")


def test_the_page_needs_nothing_else() -> None:
    for trace in (cart(), crash(), early(), missing()):
        text = export(trace, "html")

        assert "<script" not in text
        assert not [
            word for word in ("src=", "url(", "@import", 'href="http', "<link") if word in text
        ]
        assert "default-src 'none'" in text
        assert trace.verdict.replace("'", "&#39;").replace("<", "&lt;")[:40] in text
        assert " hidden>" not in text


@pytest.mark.parametrize("name", FORMATS)
def test_secrets_are_taken_out_once_more(name: str) -> None:
    base = cart()
    headers = (
        ("Cookie", "session=s3cret-a; theme=s3cret-b"),
        ("Authorization", "Bearer s3cret-c"),
        ("X-Api-Key", "s3cret-d"),
        ("X-Note", "Bearer s3cret-ee"),
    )
    answer = (("Set-Cookie", "session=s3cret-f; Path=/"),)
    trace = replace(
        base,
        query="q=1&token=s3cret-g",
        request=replace(base.request, headers=headers, query="q=1&token=s3cret-g"),
        response=replace(base.response, headers=answer),
        verdict="see http://ada:s3cret-h@example.test/",
    )

    assert "s3cret" not in export(trace, name)
