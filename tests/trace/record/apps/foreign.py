"""Apps of other frameworks, which are WSGI apps like any other to the tracer."""

import importlib
import io
import types
import warnings

import flasktrace
from tests.trace.record.apps.registry import wsgi
from tests.trace.record.same import BOOM, BROKE, LEFT, Ask

FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
UPLOAD = {"method": "POST", "body": b"name=ada&color=red", "environ": FORM}


def worked(name):
    """Do what a user may do anywhere: open a span, and note an event."""
    with flasktrace.span(f"work of {name}"):
        flasktrace.event("point", name=name)
    return name


# Django


def django(*patterns, middleware=()):
    """Return an app of Django that answers by *patterns*."""
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.test.utils import override_settings

    if not settings.configured:
        import django as package

        settings.configure(SECRET_KEY="key", ALLOWED_HOSTS=["*"], USE_TZ=True, LOGGING_CONFIG=None)
        package.setup(set_prefix=False)
    urls = types.ModuleType("urls")
    urls.urlpatterns = list(patterns)
    with override_settings(MIDDLEWARE=list(middleware)):
        handler = WSGIHandler()

    def app(environ, start_response):
        with override_settings(ROOT_URLCONF=urls):
            return handler(environ, start_response)

    return app


def upper(get_response):
    """Be a middleware of Django."""

    def run(request):
        response = get_response(request)
        response.headers["X-Upper"] = worked("middleware").upper()
        return response

    return run


@wsgi
def a_view_of_django(notes):
    from django import http, urls

    def index(request):
        notes.append((request.path, request.GET.dict(), request.resolver_match.route))
        return http.HttpResponse(worked("django"), headers={"X-One": "1"})

    app = django(urls.path("shop/", index), middleware=[f"{__name__}.upper"])
    return app, [Ask("/shop/?a=1"), Ask("/shop/", "HEAD"), Ask("/none", status=404)]


@wsgi
def a_view_of_django_that_raises(notes):
    from django import urls
    from django.core.exceptions import PermissionDenied

    def fail(request):
        worked("django")
        raise BOOM

    def deny(request):
        raise PermissionDenied

    app = django(urls.path("fail", fail), urls.path("deny", deny))
    return app, [Ask("/fail", status=500), Ask("/deny", status=403)]


@wsgi
def a_stream_of_django(notes):
    from django import http, urls

    def parts():
        try:
            yield worked("one")
            yield worked("two")
        finally:
            notes.append("ended")

    app = django(urls.path("", lambda request: http.StreamingHttpResponse(parts())))
    return app, [Ask(), Ask(chunks=1, outcome=LEFT)]


@wsgi
def a_file_of_django(notes):
    from django import http, urls

    def send(request):
        return http.FileResponse(io.BytesIO(b"file"), filename=worked("file"))

    return django(urls.path("", send)), [Ask()]


@wsgi
def an_upload_to_django(notes):
    from django import http, urls

    def take(request):
        notes.append(request.body if "raw" in request.GET else request.POST.dict())
        return http.JsonResponse({"name": worked("form"), "rest": request.read().decode()})

    return django(urls.path("", take)), [Ask(**UPLOAD), Ask("/?raw=1", **UPLOAD)]


@wsgi
def signals_of_django(notes):
    from django import http, urls
    from django.core import signals

    def begun(sender, environ, **_named):
        notes.append(("begun", environ is notes.environ))

    def ended(sender, **_named):
        notes.append("ended")

    def index(request):
        return http.HttpResponse("x")

    inner = django(urls.path("", index))
    kept = (begun, ended)  # django holds receivers weakly

    def app(environ, start_response):
        signals.request_started.connect(kept[0])
        signals.request_finished.connect(kept[1])
        try:
            body = inner(environ, start_response)
            chunks = list(body)
            body.close()
            return chunks
        finally:
            signals.request_started.disconnect(kept[0])
            signals.request_finished.disconnect(kept[1])

    return app, [Ask()]


# Bottle


@wsgi
def a_view_of_bottle(notes):
    import bottle

    app = bottle.Bottle()

    @app.hook("before_request")
    def before():
        notes.append(bottle.request.path)

    @app.get("/<name>")
    def index(name):
        bottle.response.set_header("X-One", worked("bottle"))
        return {"name": name}

    return app, [Ask("/ada"), Ask("/ada", "HEAD"), Ask("/a/b", status=404)]


@wsgi
def a_view_of_bottle_that_raises(notes):
    import bottle

    app = bottle.Bottle()

    @app.get("/fail")
    def fail():
        raise BOOM

    @app.get("/abort")
    def abort():
        bottle.abort(418, "no tea")

    @app.error(418)
    def on_teapot(error):
        return f"sorry: {error.body}"

    app.config["catchall"] = True
    return app, [Ask("/fail", status=500), Ask("/abort", status=418)]


@wsgi
def a_view_of_bottle_whose_error_leaves_the_app(notes):
    import bottle

    app = bottle.Bottle()
    app.config["catchall"] = False
    app.get("/")(lambda: 1 / 0)
    return app, [Ask(status=None, outcome="error")]


@wsgi
def a_stream_of_bottle(notes):
    import bottle

    app = bottle.Bottle()

    @app.get("/")
    def index():
        try:
            yield "one"
            yield worked("two")
        finally:
            notes.append("ended")

    return app, [Ask(), Ask(chunks=1, outcome=LEFT)]


@wsgi
def an_upload_to_bottle(notes):
    import bottle

    app = bottle.Bottle()

    @app.post("/")
    def take():
        notes.append(dict(bottle.request.forms))
        return bottle.request.body.read()

    return app, [Ask(**UPLOAD)]


# Falcon


class Resource:
    """A resource of Falcon that does what its path says."""

    def __init__(self, notes):
        self.notes = notes

    def on_get(self, request, response):
        self.notes.append(request.params)
        response.set_header("X-One", "1")
        response.media = {"name": worked("falcon")}

    def on_post(self, request, response):
        response.text = repr(request.get_media())

    def on_get_fail(self, request, response):
        raise BOOM

    def on_get_stream(self, request, response):
        response.stream = self.parts()

    def on_get_breaks(self, request, response):
        response.stream = self.parts(breaks=True)

    def parts(self, *, breaks=False):
        yield b"one"
        if breaks:
            raise BOOM
        yield worked("two").encode()


def falcon(notes):
    """Return an app of Falcon."""
    import falcon as package

    app, resource = package.App(), Resource(notes)
    for suffix in ("fail", "stream", "breaks"):
        app.add_route(f"/{suffix}", resource, suffix=suffix)
    app.add_route("/", resource)
    return app


@wsgi
def a_resource_of_falcon(notes):
    return falcon(notes), [
        Ask("/?a=1&a=2"),
        Ask("/none", status=404),
        Ask(method="DELETE", status=405),
        Ask(method="OPTIONS"),
    ]


@wsgi
def a_resource_of_falcon_that_raises(notes):
    return falcon(notes), [Ask("/fail", status=500)]


@wsgi
def a_stream_of_falcon(notes):
    return falcon(notes), [
        Ask("/stream"),
        Ask("/stream", chunks=1, outcome=LEFT),
        Ask("/breaks", outcome=BROKE),
    ]


@wsgi
def an_upload_to_falcon(notes):
    kind = {"CONTENT_TYPE": "application/json"}
    return falcon(notes), [
        Ask(method="POST", body=b'{"a": 1}', environ=kind),
        Ask(method="POST", body=b"{", environ=kind, status=400),
    ]


# Pyramid


def imported(name):
    """Return a module of Pyramid, which imports cgi; Python warns of that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(f"pyramid.{name}")


def pyramid(notes, views, tweens=()):
    """Return an app of Pyramid with *views* by path."""
    with imported("config").Configurator() as config:
        for tween in tweens:
            config.add_tween(tween)
        for path, view in views.items():
            config.add_route(path, path)
            config.add_view(view, route_name=path)
        return config.make_wsgi_app()


def noting(handler, registry):
    """Be a tween of Pyramid."""

    def tween(request):
        response = handler(request)
        response.headers.add("X-Tween", worked("tween"))
        return response

    return tween


@wsgi
def a_view_of_pyramid(notes):
    def index(request):
        notes.append((request.path, dict(request.params)))
        request.add_finished_callback(lambda request: notes.append("finished"))
        return imported("response").Response(worked("pyramid"))

    app = pyramid(notes, {"/": index}, [f"{__name__}.noting"])
    return app, [Ask("/?a=1"), Ask("/none", status=404)]


@wsgi
def a_view_of_pyramid_that_raises(notes):
    def fail(request):
        raise BOOM

    def deny(request):
        raise imported("httpexceptions").HTTPForbidden

    app = pyramid(notes, {"/fail": fail, "/deny": deny})
    return app, [Ask("/fail", status=None, outcome="error"), Ask("/deny", status=403)]


@wsgi
def a_stream_of_pyramid(notes):
    def index(request):
        return imported("response").Response(
            app_iter=(worked(name).encode() for name in ("one", "two"))
        )

    return pyramid(notes, {"/": index}), [Ask(), Ask(chunks=1, outcome=LEFT)]


@wsgi
def an_upload_to_pyramid(notes):
    def take(request):
        notes.append(dict(request.POST))
        return imported("response").Response(request.body)

    return pyramid(notes, {"/": take}), [Ask(**UPLOAD)]
