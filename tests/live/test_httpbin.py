"""A real Flask app that nobody here wrote, with and without flasktrace: the same answers."""

import gzip
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from flasktrace.cli import main
from tests.live.process import Server, flasktrace, python

PLAIN = """
import httpbin
from werkzeug.serving import make_server

server = make_server("127.0.0.1", 0, httpbin.app, threaded=True)
print(f"http://127.0.0.1:{server.port}", flush=True)
server.serve_forever()
"""

FLASK_ORDER = ["push", "match", "preprocess", "dispatch", "make_response", "postprocess", "pop"]

# Werkzeug makes the header Allow from a set.
SEED = {"PYTHONHASHSEED": "1"}
LOGIN = {"Authorization": f"Basic {b64encode(b'u:p').decode()}"}
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

REQUESTS = [
    ("GET", "/get", None, {}),
    ("GET", "/get?a=1&a=2&b=%C3%A4", None, {"X-More": "yes"}),
    ("POST", "/post", b"a=1&b=2", FORM),
    ("POST", "/post", b'{"a": [1, 2]}', JSON),
    ("POST", "/post", b"\x00\xff" * 5000, {}),
    ("PUT", "/anything/here", b"text", {"Content-Type": "text/plain"}),
    ("GET", "/status/418", None, {}),
    ("GET", "/status/500", None, {}),
    ("GET", "/redirect/2", None, {}),
    ("GET", "/relative-redirect/1", None, {}),
    ("GET", "/stream/5", None, {}),
    ("GET", "/drip?numbytes=5&duration=1", None, {}),
    ("GET", "/basic-auth/u/p", None, {}),
    ("GET", "/basic-auth/u/p", None, LOGIN),
    ("GET", "/headers", None, {"Accept-Language": "de"}),
    ("GET", "/cookies/set?fruit=apple", None, {}),
    ("GET", "/cookies", None, {"Cookie": "fruit=apple"}),
    ("GET", "/gzip", None, {"Accept-Encoding": "gzip"}),
    ("GET", "/bytes/100?seed=1", None, {}),
    ("GET", "/range/64", None, {"Range": "bytes=8-15"}),
    ("GET", "/image/png", None, {}),
    ("HEAD", "/image/png", None, {}),
    ("GET", "/xml", None, {}),
    ("GET", "/deny", None, {}),
    ("GET", "/cache", None, {"If-None-Match": "x"}),
    ("GET", "/etag/x", None, {"If-None-Match": "x"}),
    ("GET", "/etag/x", None, {}),
    ("GET", "/delay/1", None, {}),
    ("GET", "/response-headers?a=b&a=c", None, {}),
    ("OPTIONS", "/get", None, {}),
    ("GET", "/not-there", None, {}),
    ("POST", "/get", b"", {}),
]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Give httpbin under flasktrace and as it is, and what each answered to all requests."""
    folder = tmp_path_factory.mktemp("httpbin")
    traced_command = python("-m", "flasktrace", "run", "httpbin:app", "--port", "0")
    with ExitStack() as running:
        traced = Server(traced_command, folder, "traced", SEED)
        running.callback(traced.end)
        plain = Server(python("-c", PLAIN), folder, "plain", SEED)
        running.callback(plain.end)
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(ask_all, [traced, plain]))
        yield SimpleNamespace(traced=traced, plain=plain, answers=answers, folder=folder)


def ask_all(server):
    return [ask(server, *request) for request in REQUESTS]


def ask(server, method, path, body, headers):
    # One Host for both, so that the pages that echo it can be compared byte by byte.
    return server.ask(path, method, body, {"Host": "localhost:8000", **headers})


def stable(answer):
    return [(name, value) for name, value in answer.headers if name != "Date"]


def unzipped(body):
    """The body; of a gzip stream what is in it, since its header has the time of day."""
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


@pytest.fixture(scope="module")
def summaries(both):
    # By their begin: a client that has got all may ask again before the body is closed.
    found = sorted(both.traced.traces(len(REQUESTS)), key=lambda item: item["started"])
    return found[: len(REQUESTS)]


@pytest.mark.parametrize("number", range(len(REQUESTS)), ids=lambda n: " ".join(REQUESTS[n][:2]))
def test_page_answers_as_without_flasktrace(both, number):
    traced, plain = (answers[number] for answers in both.answers)

    assert (traced.status, traced.reason) == (plain.status, plain.reason)
    assert stable(traced) == stable(plain)
    assert unzipped(traced.body) == unzipped(plain.body)


def test_the_answers_are_those_of_httpbin(both):
    got = {request[:2]: answer for request, answer in zip(REQUESTS, both.answers[0], strict=True)}

    assert got["GET", "/get"].json["url"] == "http://localhost:8000/get"
    assert got["GET", "/status/418"].status == 418
    assert got["GET", "/redirect/2"].header("Location") == "/relative-redirect/1"
    assert len(got["GET", "/stream/5"].text.splitlines()) == 5
    assert got["GET", "/drip?numbytes=5&duration=1"].body == b"*****"
    assert got["POST", "/get"].status == 405


def test_redirects_can_be_followed_to_the_same_end(both):
    ways = []
    for server in (both.traced, both.plain):
        way = ["/redirect/2"]
        while (answer := ask(server, "GET", way[-1], None, {})).status in {302, 303}:
            way.append(answer.header("Location"))
        ways.append((way, answer.status, answer.body))

    assert ways[0] == ways[1]
    assert ways[0][0] == ["/redirect/2", "/relative-redirect/1", "/get"]


def test_page_that_is_never_the_same_answers_too(both):
    traced, plain = (ask(server, "GET", "/uuid", None, {}) for server in (both.traced, both.plain))

    assert traced.status == plain.status == 200
    assert traced.json.keys() == plain.json.keys()


def test_each_request_has_one_trace_in_order(summaries):
    asked = [(method, path.partition("?")[0]) for method, path, _, _ in REQUESTS]
    seen = [(item["method"], item["path"].replace("••• str(1)", "p")) for item in summaries]

    assert asked == seen


def test_password_in_the_url_is_not_in_the_store(both, summaries):
    path = next(item["path"] for item in summaries if item["rule"] == "/basic-auth/<user>/<passwd>")

    assert path == "/basic-auth/u/••• str(1)"


def test_traces_have_the_status_that_was_sent(both, summaries):
    assert [answer.status for answer in both.answers[0]] == [item["status"] for item in summaries]


def test_each_trace_has_the_stages_in_the_order_of_flask_with_their_times(both, summaries):
    for summary in summaries:
        trace = both.traced.api(f"/api/traces/{summary['id']}")
        stages = trace["stages"]
        starts = [stage["start_ns"] for stage in stages]

        assert [stage["name"] for stage in stages] == FLASK_ORDER
        assert all(early <= late for early, late in pairwise(starts)), starts
        assert all(stage["duration_ns"] >= 0 for stage in stages)
        assert not any(stage["skipped"] for stage in stages)
        assert (trace["host"][:6], trace["partial"]) == ("flask ", False)


def test_each_trace_has_a_page_in_the_browser(both, summaries):
    bearer = {"Authorization": f"Bearer {both.traced.token}"}
    for summary in summaries:
        page = both.traced.ask(f"/_trace/{summary['id']}", headers=bearer)

        assert page.status == 200
        assert summary["id"] in page.text


def test_each_trace_can_be_shown_in_the_terminal(both, summaries):
    store = ("--store", f"sqlite:///{both.folder / '.flasktrace' / 'traces.db'}")
    for summary in summaries:
        shown = CliRunner().invoke(main, ["show", summary["id"], *store])

        assert (shown.exit_code, shown.stderr) == (0, "")
        assert summary["id"] in shown.stdout
        assert shown.stdout.startswith(f"{summary['method']} ")

    for summary in summaries[::10]:  # each is a process, which takes its time
        shown = flasktrace(both.folder, "show", summary["id"])

        assert (shown.returncode, shown.stderr) == (0, "")
        assert summary["id"] in shown.stdout


def test_each_request_has_one_line_in_the_terminal(both, summaries):
    lines = [line.split() for line in both.traced.lines(len(summaries))]

    for summary in summaries:
        assert any(
            line[1] == summary["method"] and str(summary["status"]) in line for line in lines
        )


def test_drip_is_seen_as_it_was_sent(both, summaries):
    drip = next(item for item in summaries if item["path"] == "/drip")
    trace = both.traced.api(f"/api/traces/{drip['id']}")

    assert (trace["response"]["chunks"], trace["response"]["bytes"]) == (5, 5)
    assert trace["duration_ns"] > 500_000_000
