"""WSGI apps around WSGI apps."""

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tests.trace.record.apps.registry import raw
from tests.trace.record.apps.wsgi import plain_list
from tests.trace.record.same import Ask


@raw(Ask("/a/x"), Ask("/b/x"), Ask("/c"))
def fault_24_two_apps_under_one(environ, start_response):
    inner = DispatcherMiddleware(_echo, {"/a": _echo, "/b": plain_list})
    return inner(environ, start_response)


def _echo(environ, start_response):
    start_response("200 OK", [])
    return [f"{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}".encode()]
