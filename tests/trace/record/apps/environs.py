"""WSGI apps that look at the environ, and change it."""

from tests.trace.record.apps.hostile import Hostile
from tests.trace.record.apps.registry import raw, wsgi
from tests.trace.record.same import Ask


@raw()
def looking_at_the_environ(environ, start_response):
    start_response("200 OK", [])
    kinds = sorted((key, type(value).__name__) for key, value in environ.items())
    environ["changed"] = True
    return [repr(kinds).encode()]


@wsgi
def the_environ_is_the_servers_own(notes):
    def app(environ, start_response):
        notes.append(environ is notes.environ)
        notes.append(list(environ))
        start_response("200 OK", [])
        return []

    return app, [Ask()]


@wsgi
def the_environ_is_emptied(notes):
    def app(environ, start_response):
        environ.clear()
        start_response("200 OK", [])
        yield b"empty"
        environ["late"] = 1

    return app, [Ask("/path")]


@wsgi
def the_environ_gets_strange_keys(notes):
    def app(environ, start_response):
        environ.update({1: 2, None: 3, ("a",): "b", b"HTTP_X": "c", "PATH_INFO": 4})
        start_response("200 OK", [])
        return []

    return app, [Ask("/path", environ={5: "given", None: "given"})]


@wsgi
def the_environ_holds_hostile_values(notes):
    def app(environ, start_response):
        start_response("200 OK", [])
        return []

    names = ("HTTP_X", "CONTENT_TYPE", "QUERY_STRING", "PATH_INFO", "SCRIPT_NAME", "SERVER_NAME")
    return app, [Ask(environ={name: Hostile() for name in names})]


@wsgi
def the_environ_lacks_what_it_should_have(notes):
    def app(environ, start_response):
        notes.append(sorted(environ))
        start_response("200 OK", [])
        return []

    names = ("PATH_INFO", "SCRIPT_NAME", "QUERY_STRING", "SERVER_NAME", "HTTP_HOST", "wsgi.version")
    return app, [Ask(environ=dict.fromkeys(names, ...)), Ask(environ={"REQUEST_METHOD": ...})]


@raw(*(Ask(environ={"REQUEST_METHOD": name}) for name in ("get", "", "PROPFIND", "A B", "É")))
def methods_of_all_kinds(environ, start_response):
    start_response("200 OK", [])
    return [environ["REQUEST_METHOD"].encode()]


ODD = "\xff\x00\xe9 %ff %zz & = ; \u0130\ud800"


PLACES = ("PATH_INFO", "SCRIPT_NAME", "QUERY_STRING", "HTTP_COOKIE", "HTTP_X", "HTTP_HOST")


@raw(*(Ask(environ={name: ODD}) for name in PLACES))
def fault_22_odd_text_everywhere(environ, start_response):
    start_response("200 OK", [("X-Odd", ODD), (ODD, "1")])
    return [repr(sorted(environ)).encode()]


@raw(Ask(environ={f"HTTP_X_{number}": "x" * 1000 for number in range(1000)}))
def fault_22_a_thousand_headers(environ, start_response):
    start_response("200 OK", [(f"X-{number}", "y" * 1000) for number in range(1000)])
    return [str(len(environ)).encode()]


@wsgi
def fault_23_the_app_asks_itself(notes):
    def app(environ, start_response):
        depth = int(environ["PATH_INFO"][1:])
        if depth:
            inner = {**environ, "PATH_INFO": f"/{depth - 1}"}
            notes.append(list(notes.called(inner, lambda *_args: None)))
        start_response("200 OK", [])
        return [b"%d" % depth]

    return app, [Ask("/3", children=3)]


@wsgi
def fault_23_the_app_hands_its_own_request_on_to_itself(notes):
    def app(environ, start_response):
        depth = int(environ["PATH_INFO"][1:])
        if depth:
            environ["PATH_INFO"] = f"/{depth - 1}"
            return notes.called(environ, start_response)
        start_response("200 OK", [])
        return [b"end"]

    return app, [Ask("/3")]
