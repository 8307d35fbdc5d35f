"""The url map: what it remembers is what werkzeug would find."""

import pytest
from werkzeug.exceptions import HTTPException
from werkzeug.routing import EndpointPrefix, Rule, Subdomain
from werkzeug.routing import Map as WerkzeugMap
from werkzeug.test import create_environ

from flasktrace import Flask, Request
from flasktrace.routing import Map, bind, match


def rules():
    return [
        Rule("/", endpoint="index"),
        Rule("/only-post", endpoint="post", methods=["POST"]),
        Rule("/both", endpoint="get", methods=["GET"]),
        Rule("/both", endpoint="put", methods=["PUT"]),
        Rule("/any", endpoint="any"),
        Rule("/branch/", endpoint="branch", methods=["GET"]),
        Rule("/loose/", endpoint="loose", strict_slashes=False, methods=["GET"]),
        Rule("/leaf", endpoint="leaf", strict_slashes=False, methods=["GET"]),
        Rule("/two//slashes", endpoint="slashes", merge_slashes=False, methods=["GET"]),
        Rule("/plain/x", endpoint="plain", methods=["GET"]),
        Rule("/plain/<name>", endpoint="named", methods=["GET", "POST"]),
        Rule("/n/<int:n>", endpoint="number", methods=["GET"]),
        Rule("/pages/", endpoint="pages", defaults={"page": 1}, methods=["GET"]),
        Rule("/pages/<int:page>", endpoint="pages", methods=["GET"]),
        Rule("/new", endpoint="moved", methods=["GET"]),
        Rule("/old", endpoint="moved", alias=True, methods=["GET"]),
        Rule("/away", endpoint="away", redirect_to="/new", methods=["GET"]),
        Rule("/build", endpoint="build", build_only=True),
        Rule("/socket", endpoint="socket", websocket=True),
        Rule("/ä", endpoint="umlaut", methods=["GET"]),
        Subdomain("sub", [Rule("/", endpoint="sub", methods=["GET"])]),
        EndpointPrefix("pre.", [Rule("/pre", endpoint="fixed", methods=["GET"])]),
    ]


PATHS = [
    *("/", "", "//", "/only-post", "/both", "/any", "/branch", "/branch/", "/loose", "/loose/"),
    *("/leaf", "/leaf/", "/two//slashes", "/two/slashes", "/plain/x", "//plain/x", "/plain//x"),
    *("/plain/y", "/n/1", "/n/x", "/pages/", "/pages/1", "/pages/2", "/new", "/old", "/away"),
    *("/build", "/socket", "/ä", "/pre", "/lost"),
]


def outcome(call, *args, **kwargs):
    try:
        rule, values = call(*args, **kwargs)
    except HTTPException as error:
        allowed = sorted(getattr(error, "valid_methods", None) or ())
        return type(error).__name__, getattr(error, "new_url", None), allowed
    return rule.endpoint, rule.rule, dict(values)


@pytest.mark.parametrize("options", [{}, {"redirect_defaults": False}, {"merge_slashes": False}])
@pytest.mark.parametrize("method", ["GET", "get", "POST", "HEAD", "PUT", "BREW"])
@pytest.mark.parametrize("place", [{}, {"subdomain": "sub"}, {"url_scheme": "wss"}])
def test_a_path_matches_again_as_it_did_the_first_time(options, method, place):
    ours, theirs = Map(rules(), **options), WerkzeugMap(rules(), **options)
    for path in PATHS * 2:
        asked = {"default_method": method, "path_info": path, "query_args": "q=1", **place}
        adapter = ours.bind("example.org", "/root", **asked)
        expected = theirs.bind("example.org", "/root", **asked)

        assert outcome(expected.match, return_rule=True) == outcome(match, adapter)


def test_hosts_are_matched_by_werkzeug():
    rule = Rule("/", endpoint="one", host="one.example", methods=["GET"])
    url_map = Map([rule], host_matching=True)
    for _ in range(2):
        assert rule is match(url_map.bind("one.example", default_method="GET"))[0]
        assert "NotFound" == outcome(match, url_map.bind("two.example"))[0]
    assert {} == url_map.known


def test_a_rule_that_is_added_later_may_win():
    leaf = Rule("/leaf", endpoint="leaf", strict_slashes=False, methods=["GET"])
    branch = Rule("/leaf/", endpoint="branch", methods=["GET"])
    url_map = Map([leaf])
    adapter = url_map.bind("localhost", path_info="/leaf/")

    assert [leaf, leaf] == [match(adapter)[0] for _ in range(2)]
    url_map.add(branch)
    assert [branch, branch] == [match(adapter)[0] for _ in range(2)]


def test_the_values_of_a_remembered_rule_are_nobody_elses():
    url_map = Map([Rule("/", endpoint="index", methods=["GET"])])
    for _ in range(3):
        _, values = match(url_map.bind("localhost"))
        assert {} == values
        values["mine"] = 1


def test_a_method_that_is_taken_from_a_rule_is_gone():
    rule = Rule("/", endpoint="index", methods=["GET", "POST"])
    url_map = Map([rule])
    adapter = url_map.bind("localhost", default_method="POST")
    assert rule is match(adapter)[0]
    rule.methods.discard("POST")

    assert "MethodNotAllowed" == outcome(match, adapter)[0]


def test_nobody_can_fill_the_memory():
    url_map = Map([Rule("/a", endpoint="a", strict_slashes=False), Rule("/n/<n>", endpoint="n")])
    url_map.add(Rule("/b", endpoint="b", methods=["GET"]))
    for number in range(50):
        for path in ("/" * number + "b", f"/n/{number}", "/a"):
            for method in ("GET", f"M{number}"):
                outcome(match, url_map.bind("x", None, None, "http", method, path))

    assert {("", "/b", "GET", False)} == set(url_map.known)


def test_maps_and_adapters_of_other_classes_are_asked_each_time():
    class Own(Map):
        pass

    rule = Rule("/", endpoint="index", methods=["GET"])
    url_map = Own([rule])

    assert [rule, rule] == [match(url_map.bind("localhost"))[0] for _ in range(2)]
    assert {} == url_map.known


ENVIRONS = [
    {},
    {"HTTP_HOST": "Example.ORG"},
    {"HTTP_HOST": "example.org:80"},
    {"HTTP_HOST": "example.org:443", "wsgi.url_scheme": "https"},
    {"HTTP_HOST": "example.org:8080"},
    {"HTTP_HOST": "münchen.example".encode().decode("latin1")},
    {"HTTP_HOST": "xn--mnchen-3ya.example"},
    {"HTTP_HOST": ""},
    {"HTTP_HOST": "[::1]:80"},
    {"HTTP_HOST": "a..b"},
    {"HTTP_HOST": "x" * 300},
    {"HTTP_HOST": "no host"},
    {"HTTP_HOST": None},
    {"PATH_INFO": "", "SCRIPT_NAME": "/root"},
    {"PATH_INFO": None, "SCRIPT_NAME": None, "QUERY_STRING": None},
    {"PATH_INFO": "/\xc3\xa4", "QUERY_STRING": "q=\xfc"},
    {"SCRIPT_NAME": "/\xe4"},
    {"REQUEST_METHOD": "brew"},
    {"HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "Keep-Alive, Upgrade"},
    {"HTTP_UPGRADE": "h2c"},
]


@pytest.mark.parametrize("server_name", [None, "Example.org:80", "other.example:443"])
@pytest.mark.parametrize("given", ENVIRONS)
def test_an_adapter_is_bound_as_werkzeug_binds_it(given, server_name):
    environ = {**create_environ("/path?x=1", "http://localhost/"), **given}
    environ = {key: value for key, value in environ.items() if value is not None}
    url_map = WerkzeugMap()

    def bound(binder):
        try:
            facts = vars(binder())
        except HTTPException as error:
            return type(error).__name__
        return {key: value for key, value in facts.items() if key != "map"}

    app = Flask("app")
    app.config["SERVER_NAME"] = server_name
    request = Request(environ)
    expected = bound(lambda: url_map.bind_to_environ(environ, server_name, ""))

    assert expected == bound(lambda: app.create_url_adapter(request))
    assert Request(environ).host == request.host


def test_what_is_unusual_is_left_to_werkzeug():
    environ = create_environ("/", "http://localhost/")
    trusting = Request(environ)
    trusting.trusted_hosts = ["localhost"]

    assert bind(Map(), Request(environ), None) is not None
    assert bind(WerkzeugMap(), Request(environ), None) is None
    assert bind(Map(), trusting, None) is None
    assert bind(Map(), Request({**environ, "HTTP_UPGRADE": "websocket"}), None) is None
