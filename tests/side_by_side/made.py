"""Apps and requests that Hypothesis makes: first as plain data, then, of either module, for real.

What is meant to differ (see `harness`) cannot come up: no hook tells whether the match was done
before it asks, no converter crashes, no view calls its own app, no context of the same app stands
when a request begins. Errors that the framework words itself are seen by their type alone.
"""

import io
import re

from hypothesis import strategies as st
from werkzeug.exceptions import Forbidden, HTTPException, NotFound

from tests.flasks import SINCE_3_2
from tests.side_by_side.harness import KEY


class Own(LookupError):
    pass


class Gone(HTTPException):
    code = 410


# What a function of the user does: (what, with what).

VALUES = {
    "text": lambda f: "text \u00e9",
    "empty": lambda f: "",
    "bytes": lambda f: b"\xff\x00",
    "bytearray": lambda f: bytearray(b"array"),
    "dict": lambda f: {"b": [1, None], "a": "\u00e9"},
    "list": lambda f: [1, {"x": 2.5}],
    "status": lambda f: ("created", 201),
    "status line": lambda f: ("odd", "299 Odd"),
    "headers": lambda f: ("x", {"X-A": "1", "Content-Type": "text/plain"}),
    "pairs": lambda f: ("x", [("X-A", "1"), ("X-A", "2")]),
    "triple": lambda f: ({"a": 1}, 203, {"X-T": "t"}),
    "response": lambda f: f.Response("r", 202, {"X-R": "1"}),
    "changed response": lambda f: (f.Response("r", 202, {"X-R": "1"}), 205, {"X-R": "2"}),
    "made": lambda f: f.make_response("made", 206, {"X-M": "m"}),
    "generator": lambda f: (piece for piece in ("a", "", "\u00e9")),
    "generator of bytes": lambda f: (iter([b"a", b"b"]), 200, {"Content-Length": "2"}),
    "generator that fails": lambda f: (1 / left and "x" for left in (1, 0)),
    "stream": lambda f: f.stream_with_context(f.request.path for _ in range(2)),
    "jsonify": lambda f: (f.jsonify(a=1, b=(2,)), 418),
    "redirect": lambda f: f.redirect("/a?x=1", 307),
    "file": lambda f: f.send_file(io.BytesIO(b"0123456789"), "text/x", etag=False),
    "template": lambda f: f.render_template_string("{{ x }}{{ request.path }}", x="<&>"),
    "page as value": lambda f: Forbidden("no <b>"),
    "wsgi": lambda f: lambda environ, start: start("207 W", [("X-W", environ["PATH_INFO"])]) or [],
    "none": lambda f: None,
    "none with status": lambda f: (None, 204),
    "number": lambda f: 7,
    "set": lambda f: {1},
    "four": lambda f: ("a", 200, {}, "b"),
    "unfit json": lambda f: {"a": object()},
    "zero status": lambda f: ("x", 0),
}
if SINCE_3_2:
    del VALUES["stream"]  # teardown runs once for it since then, and no more twice
ERRORS = {
    "key": KeyError,
    "own": Own,
    "type": TypeError,
    "zero": ZeroDivisionError,
    "gone": Gone,
    "not found": lambda: NotFound("not <here>"),
    "forbidden": lambda: Forbidden(response=None),
    "no code": lambda: HTTPException("?"),
}
CODES = (400, 403, 404, 405, 410, 413, 415, 418, 500, 503)
CLASSES = {
    "Exception": Exception,
    "HTTPException": HTTPException,
    "NotFound": NotFound,
    "Gone": Gone,
    "LookupError": LookupError,
    "KeyError": KeyError,
    "TypeError": TypeError,
}

keys = st.sampled_from(["a", "b", "_permanent", "\u00e9"])
stored = st.sampled_from([1, None, "x", "\u2603", [1, 2], {"k": (1,)}, b"\x00", True])
raising = st.one_of(
    st.tuples(st.just("raise"), st.sampled_from(sorted(ERRORS))),
    st.tuples(st.just("abort"), st.sampled_from(CODES)),
)
common = st.one_of(
    raising,
    raising,
    st.tuples(st.just("answer"), st.sampled_from(sorted(VALUES))),
)
touches = st.one_of(
    st.tuples(st.just("look"), st.just("")),
    st.tuples(st.just("read"), keys),
    st.tuples(st.just("write"), st.tuples(keys, stored)),
    st.tuples(st.just("remove"), keys),
    st.tuples(st.just("clear"), st.just("")),
    st.tuples(st.just("flash"), st.sampled_from(["hi", "<b>"])),
    st.tuples(st.just("flashes"), st.just("")),
    st.tuples(st.just("after"), st.sampled_from(["1", "2"])),
    st.tuples(st.just("json"), st.booleans()),
    st.tuples(st.just("form"), st.sampled_from(["a", "b"])),
    st.tuples(st.just("data"), st.just("")),
)
bodies = st.lists(touches, max_size=3)
answers = st.one_of(st.just(("echo", "")), st.just(("echo", "")), common)
passes = st.just(("pass", ""))
views = st.tuples(bodies, answers)
hooks = st.tuples(bodies, st.one_of(*[passes] * 6, common))
# An error of the answer itself, when it is no response, ends the request for our teardown
# functions; flask tells them that all went well.
responses = st.tuples(st.just("answer"), st.sampled_from(["response", "made", "redirect", "file"]))
afters = st.tuples(
    bodies, st.one_of(*[passes] * 4, st.just(("header", "X-After")), raising, responses)
)
endings = st.sampled_from([("pass", "")] * 29 + [("raise", "zero")])  # leaves the app
teardowns = st.tuples(st.just([]), endings)
# Since Flask 3.2 the others run too when one teardown function fails.
last_ones = st.tuples(st.just([]), passes if SINCE_3_2 else endings)

# The app.

segments = st.sampled_from(
    [
        "a",
        "b",
        "f.html",
        "é",
        "<@>",
        "<int:@>",
        "<int(signed=True,max=5):@>",
        "<float:@>",
        "<path:@>",
        "<any(a,red):@>",
        "<uuid:@>",
        "<string(length=2):@>",
        "<@>.<int:@>",
        "x-<@>",
    ]
)


@st.composite
def rules(draw):
    parts = draw(st.lists(segments, max_size=3))
    slash = "/" if parts and draw(st.booleans()) else ""
    rule = "/" + "/".join(parts) + slash
    for number in range(rule.count("@")):
        rule = rule.replace("@", f"v{number}", 1)
    return rule


methods = st.one_of(
    st.none(),
    st.lists(st.sampled_from(["GET", "POST", "PUT", "options", "HEAD", "BREW"]), max_size=3),
)
choices = st.sampled_from([None, None, True, False])
routes = st.fixed_dictionaries(
    {"rule": rules(), "view": views},
    optional={
        "methods": methods,
        "strict_slashes": choices,
        "merge_slashes": choices,
        # Since Flask 3.2 True adds OPTIONS to the methods that a 405 tells of.
        "provide_automatic_options": st.none() if SINCE_3_2 else choices,
        "defaults": st.sampled_from([{}, {}, {"v0": "7"}, {"d": 1}]),
    },
)
owners = st.sampled_from(["app", "app", "part", "part", "inner"])
kinds = st.one_of(st.sampled_from(CODES), st.sampled_from(sorted(CLASSES)))
registrations = st.one_of(
    st.tuples(st.just("route"), owners, routes),
    st.tuples(st.just("route"), owners, routes),
    st.tuples(st.just("before_request"), owners, hooks),
    st.tuples(st.just("after_request"), owners, afters),
    st.tuples(st.just("teardown_request"), owners, last_ones),
    st.tuples(st.just("before_app_request"), st.sampled_from(["part", "inner"]), hooks),
    st.tuples(st.just("teardown_appcontext"), st.just("app"), last_ones),
    st.tuples(st.just("url_value_preprocessor"), owners, teardowns),
    st.tuples(st.just("context_processor"), owners, teardowns),
    st.tuples(st.just("errorhandler"), owners, st.tuples(kinds, views)),
    st.tuples(st.just("app_errorhandler"), st.just("part"), st.tuples(kinds, views)),
)
rarely = st.sampled_from([False] * 7 + [True])
configs = st.fixed_dictionaries(
    {},
    optional={
        "DEBUG": rarely,
        "TESTING": rarely,
        "PROPAGATE_EXCEPTIONS": st.one_of(rarely, st.none()),
        "TRAP_HTTP_EXCEPTIONS": rarely,
        "TRAP_BAD_REQUEST_ERRORS": choices,
        "SECRET_KEY": st.sampled_from([KEY, KEY, KEY, None]),
        "SERVER_NAME": st.sampled_from([None, "h.test", "localhost"]),
        "APPLICATION_ROOT": st.sampled_from(["/", "/root"]),
        "MAX_CONTENT_LENGTH": st.sampled_from([None, 0, 5]),
        "MAX_FORM_PARTS": st.sampled_from([None, 1]),
        "MAX_FORM_MEMORY_SIZE": st.sampled_from([None, 3]),
        "TRUSTED_HOSTS": st.sampled_from([None, None, None, ["h.test", ".h.test"]]),
        "SESSION_COOKIE_NAME": st.sampled_from(["session", "s"]),
        "SESSION_COOKIE_DOMAIN": st.sampled_from([None, "h.test"]),
        "SESSION_COOKIE_PATH": st.sampled_from([None, "/a"]),
        "SESSION_COOKIE_SAMESITE": st.sampled_from([None, "Lax"]),
        "SESSION_COOKIE_SECURE": st.booleans(),
        "SESSION_COOKIE_PARTITIONED": st.booleans(),
        "SESSION_REFRESH_EACH_REQUEST": st.booleans(),
        "PROVIDE_AUTOMATIC_OPTIONS": st.booleans(),
    },
)
apps = st.fixed_dictionaries(
    {
        "config": configs,
        "parts": st.lists(registrations, min_size=1, max_size=10),
        "part": st.fixed_dictionaries(
            {},
            optional={
                "url_prefix": st.sampled_from(["/a", "/p", "/<lang>", "/p/"]),
                "subdomain": st.sampled_from(["sub", "<who>"]),
            },
        ),
        "inner": st.sampled_from([{}, {"url_prefix": "/i"}, {"url_prefix": "i/"}]),
        "subdomain_matching": st.booleans(),
        "twice": st.booleans(),
    }
)


def build(spec):
    """Return what makes the app of *spec* with a module."""

    def make(f, said):
        app = f.Flask("app", subdomain_matching=spec["subdomain_matching"])
        app.config.update({"SECRET_KEY": KEY, **spec["config"]})
        part = f.Blueprint("part", "app", **spec["part"])
        inner = f.Blueprint("inner", "app", **spec["inner"])
        places = {"app": app, "part": part, "inner": inner}
        for number, (what, owner, given) in enumerate(spec["parts"]):
            refused(register, f, said, places[owner], what, given, f"{owner}{number}", said=said)
        part.register_blueprint(inner)
        if refused(app.register_blueprint, part, said=said):
            return f.Flask("app")  # the one above may be half registered
        if spec["twice"]:
            app.register_blueprint(part, name="again", url_prefix="/again")
        return app

    return make


def refused(work, *args, said):
    """Whether the setup of an app goes wrong, which is compared too."""
    try:
        work(*args)
    except (ValueError, TypeError, AssertionError, LookupError) as error:
        said.append(f"refused: {isinstance(error, AssertionError)}")
        return True
    return False


def register(f, said, owner, what, given, label):
    if what == "route":
        options = {key: value for key, value in given.items() if key not in {"rule", "view"}}
        owner.add_url_rule(given["rule"], label, function(f, said, label, given["view"]), **options)
    elif what.endswith("errorhandler"):
        kind, does = given
        getattr(owner, what)(CLASSES.get(kind, kind))(function(f, said, label, does))
    elif what == "context_processor":
        owner.context_processor(lambda: {"x": f"{label}>"})
    else:
        getattr(owner, what)(function(f, said, label, given))


def function(f, said, label, does):
    """A function that does what the data say, for any of the places a function may have."""
    body, (end, given) = does

    def run(*args, **values):
        told = [type(arg).__name__ for arg in args if not isinstance(arg, str)]
        said.append((label, told, sorted(values.items())))
        for what, detail in body:
            touch(f, said, label, what, detail)
        if end == "raise":
            error = ERRORS[given]()
            raise error
        if end == "abort":
            f.abort(given)
        if end == "answer":
            return VALUES[given](f)
        if end == "echo":
            return f"{label} {f.request.method} {f.request.path} {values} {told}"
        if end == "header":
            args[0].headers.add(given, label)
        return args[0] if args and isinstance(args[0], f.Response) else None

    return run


def touch(f, said, label, what, detail):
    r = f.request
    match what:
        case "look":
            said.append((r.endpoint, r.view_args, r.blueprints, str(r.url_rule)))
        case "read":
            said.append(repr(f.session.get(detail)))
        case "write":
            f.session[detail[0]] = detail[1]
        case "remove":
            f.session.pop(detail, None)
        case "clear":
            f.session.clear()
        case "flash":
            f.flash(detail, label)
        case "flashes":
            said.append(f.get_flashed_messages(with_categories=True))
        case "after":
            f.after_this_request(
                lambda response: response.headers.add("X-Each", detail) or response
            )
        case "json":
            said.append(repr(r.get_json(silent=detail)))
        case "form":
            said.append(repr((r.form[detail], r.args, r.files)))
        case "data":
            said.append(repr((r.get_data(), r.url, sorted(r.cookies), r.values)))


# The requests.

pieces = st.sampled_from(
    [
        "a",
        "b",
        "p",
        "i",
        "again",
        "red",
        "f.html",
        "7",
        "-2",
        "1.5",
        "de",
        "x-1",
        "é",
        "",
        ".",
        "..",
        "%2F",
        "a%20b",
        "12345678-1234-5678-1234-567812345678",
        "x.5",
        "a b",
        "+",
        "☃",
    ]
)
paths = st.builds(
    lambda parts, end: "/" + "/".join(parts).lstrip("/") + end,
    st.lists(pieces, max_size=5),
    st.sampled_from(["", "", "/", "?", "?a=1&a=2&b", "?a=%ff&%20=%00", "?\u00e9=\u2603", "#x"]),
)
raw_paths = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=8)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=8).map(str.strip)
headers = st.dictionaries(
    st.sampled_from(["X-Forwarded-For", "Range", "If-None-Match", "Accept", "Authorization"]),
    st.one_of(texts, st.sampled_from(["bytes=0-3", "*", "Basic x", "text/html;q=0.1"])),
    max_size=2,
)
cookies = st.sampled_from(
    [
        "",
        "a=1; a=2",
        "session=broken",
        "session=.eJw.x.y; s=1",
        'a="q\\073"; b',
        "\u00e9=\u00ff; =; ;",
    ]
)
types = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/x",
        "",
        "multipart/form-data; boundary=x",
        "application/problem+json; charset=latin1",
        "é/;;",
    ]
)
bodies_sent = st.one_of(
    st.fixed_dictionaries({"json": st.sampled_from([None, 1, {"a": [1, "\u00e9"]}])}),
    st.fixed_dictionaries({"data": st.dictionaries(keys, texts, max_size=3)}),
    st.fixed_dictionaries(
        {
            # not empty: a made-up multipart form has another boundary each time
            "data": st.sampled_from([b"a=1&b=2&a=%ff", b'{"a": 1}', b"{", b"\xff\xfe"])
            | st.just(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nv\r\n--x--\r\n')
            | st.binary(min_size=1, max_size=12),
            "content_type": types,
        }
    ),
    st.just({}),
)


WORDS = {
    "int": "7",
    "float": "1.5",
    "path": "a/b",
    "any": "red",
    "uuid": "12345678-1234-5678-1234-567812345678",
    "string": "de",
    "lang": "de",
}


def aimed(spec):
    """Paths that one of the rules, with what is put before it, may match."""
    prefix = {"app": "", "part": spec["part"].get("url_prefix", "")}
    prefix["inner"] = f"{prefix['part']}/{spec['inner'].get('url_prefix', '')}"
    found = [
        re.sub(r"/+", "/", prefix[owner] + given["rule"])
        for what, owner, given in spec["parts"]
        if what == "route"
    ]
    filled = [re.sub(r"<(\w+)[^>]*>", lambda m: WORDS.get(m[1], "x"), rule) for rule in found]
    return st.builds(
        lambda path, end: path + end,
        st.sampled_from(filled),
        st.sampled_from(["", "", "/", "?a=1"]),
    )


@st.composite
def cases(draw):
    """An app and requests to it, most of them to one of its rules."""
    spec = draw(apps)
    routed = any(what == "route" for what, _, _ in spec["parts"])
    where = st.one_of(aimed(spec), aimed(spec), aimed(spec), paths) if routed else paths
    return spec, draw(st.lists(requests(where), min_size=1, max_size=5))


@st.composite
def requests(draw, where):
    made = {
        "path": draw(where),
        "method": draw(st.sampled_from(["GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "BREW"])),
        "base_url": draw(
            st.sampled_from(
                [
                    "http://localhost/",
                    "http://localhost/",
                    "https://h.test:8443/root",
                    "http://sub.h.test/",
                    "http://h.test",
                    "http://x.localhost:80/",
                ]
            )
        ),
        "headers": draw(headers),
        **draw(bodies_sent),
    }
    environ = {}
    if draw(st.integers(0, 3)) == 0:
        environ["HTTP_COOKIE"] = draw(cookies)
    if draw(st.integers(0, 7)) == 0:
        environ["PATH_INFO"] = draw(raw_paths)
    if draw(st.integers(0, 15)) == 0:
        environ["HTTP_HOST"] = draw(st.sampled_from(["", "bad host", "h.test:x", "[::1]:5000"]))
    if draw(st.integers(0, 15)) == 0:
        environ["CONTENT_LENGTH"] = draw(st.sampled_from(["", "-1", "x", "3", "99"]))
    made["environ_overrides"] = environ
    return made
