"""Contexts within contexts, and apps that look into themselves."""

import contextvars
import importlib

from tests.flasks import old_signatures
from tests.trace.record.apps.registry import app_for_both
from tests.trace.record.same import BOOM, Ask


@app_for_both
def fault_23_client_in_a_view(lib, notes):
    app = lib.Flask("nested")

    @app.route("/<int:depth>")
    def index(depth):
        inner = app.test_client().get(f"/{depth - 1}").text if depth else "end"
        return f"{depth} {inner}"

    return app, [Ask("/5", children=5)]


def a_receiver_raises(names):
    """Make an app with a receiver of somebody else's that raises, for each signal of *names*."""

    def make(lib, notes):
        app = lib.Flask("receivers")

        @app.route("/")
        def index():
            return lib.render_template_string("hi {{ 1 }}")

        @app.before_request
        def noted():
            notes.append(lib.request.args["at"])

        def fails(sender, **_named):
            raise BOOM

        def wsgi(original):
            def run(environ, start_response):
                name = environ["QUERY_STRING"].partition("=")[2]
                with getattr(lib.signals, name).connected_to(fails, sender=app):
                    return original(environ, start_response)

            return run

        app.wsgi_app = wsgi(app.wsgi_app)
        return app, [
            Ask(f"/?at={name}", status=status, outcome="error") for name, status in names.items()
        ]

    return make


@app_for_both
def fault_57_another_receiver_raises(lib, notes):
    return a_receiver_raises({"template_rendered": 500, "request_tearing_down": 200})(lib, notes)


@app_for_both
def fault_57_a_receiver_outside_the_stages_raises(lib, notes):
    return a_receiver_raises({"request_started": 500, "request_finished": 500})(lib, notes)


@app_for_both
def contexts_by_hand(lib, notes):
    app, other = lib.Flask("outer"), lib.Flask("other")

    @app.route("/")
    def index():
        lib.g.mine = 1
        with other.app_context():
            lib.g.theirs = 2
            with app.test_request_context("/made-up"):
                notes.append(lib.request.path)
        return lib.request.path

    return app, [Ask()]


@app_for_both
def overridden_stages(lib, notes):
    with old_signatures():
        return overridden(stages_of_before_3_2(lib, notes))


def stages_of_before_3_2(lib, notes):
    class App(lib.Flask):
        def make_response(self, rv):
            notes.append("make_response")
            return super().make_response(rv)

        def preprocess_request(self, *args):
            notes.append("preprocess")
            return super().preprocess_request(*args)

        def dispatch_request(self, *args):
            notes.append("dispatch")
            return super().dispatch_request(*args)

        def full_dispatch_request(self, *args):
            notes.append("full")
            return super().full_dispatch_request(*args)

        def process_response(self, *args):
            notes.append("process")
            return super().process_response(*args)

        def do_teardown_request(self, *args):
            notes.append("teardown")
            return super().do_teardown_request(*args)

    return App


def overridden(kind):
    app = kind("overridden")
    app.add_url_rule("/", "index", lambda: "fine")
    app.add_url_rule("/crash", "crash", lambda: 1 / 0)
    app.url_value_preprocessor(lambda endpoint, values: None)
    app.ensure_sync = app.ensure_sync  # an attribute of the user's own
    return app, [Ask(), Ask("/none", status=404), Ask("/crash", status=500, outcome="error")]


@app_for_both
def overridden_stages_with_a_context(lib, notes):
    """As Flask 3.2 calls them; before that there is nothing to be handed on."""

    class App(lib.Flask):
        def preprocess_request(self, ctx=None):
            notes.append(("preprocess", ctx is None or ctx.request.path))
            return super().preprocess_request(*with_context(ctx))

        def dispatch_request(self, ctx=None):
            notes.append(("dispatch", ctx is None or ctx.request.path))
            return super().dispatch_request(*with_context(ctx))

        def process_response(self, ctx, response=None):
            if response is None:
                notes.append(("process", ctx.status))
                return super().process_response(ctx)
            notes.append(("process", response.status, ctx.request.path))
            return super().process_response(ctx, response)

    return overridden(App)


def with_context(ctx):
    return () if ctx is None else (ctx,)


@app_for_both
def fault_23_a_client_in_every_hook(lib, notes):
    app, other = lib.Flask("asking"), lib.Flask("asked")

    @other.route("/")
    def answer():
        return f"{lib.current_app.name} {lib.request.path}"

    app.before_request(lambda: notes.append(other.test_client().get("/").text))

    @app.teardown_request
    def end(error):
        notes.append(other.test_client().get("/none").status_code)

    @app.route("/")
    def index():
        with other.test_client() as client:
            client.get("/")
            notes.append(lib.request.path)
        return lib.current_app.name

    return app, [Ask()]


@app_for_both
def fault_57_receivers_come_and_go(lib, notes):
    app = lib.Flask("coming and going")

    def late(sender, **_named):
        notes.append("late")

    def early(sender, **_named):
        notes.append("early")
        lib.request_started.disconnect(early, sender=app)
        lib.request_finished.connect(late, sender=app)

    def muted(sender, **_named):
        notes.append("never")

    @app.before_request
    def connect():
        lib.request_started.connect(early, sender=app)

    @app.route("/")
    def index():
        with lib.template_rendered.connected_to(muted, app), lib.template_rendered.muted():
            return lib.render_template_string("x")

    @app.teardown_request
    def end(error):
        lib.request_started.disconnect(early, sender=app)
        lib.request_finished.disconnect(late, sender=app)

    return app, [Ask(), Ask()]


@app_for_both
def fault_57_receivers_of_everything(lib, notes):
    app = lib.Flask("listening")
    names = ["request_started", "request_finished", "request_tearing_down", "template_rendered"]
    names += ["appcontext_pushed", "appcontext_popped", "before_render_template", "message_flashed"]
    app.kept = []
    for name in names:

        def listen(sender, name=name, **named):
            notes.append((name, sorted(named)))

        app.kept.append(listen)
        getattr(lib, name).connect(listen, sender=app)

    app.secret_key = "key"

    @app.route("/")
    def index():
        lib.flash("hello")
        return lib.render_template_string("hi")

    return app, [Ask()]


@app_for_both
def a_variable_of_the_context(lib, notes):
    app = lib.Flask("variables")
    color = contextvars.ContextVar("color", default="none")

    @app.before_request
    def paint():
        lib.g.token = color.set("red")

    @app.teardown_request
    def end(error):
        notes.append(color.get())
        color.reset(lib.g.token)

    @app.route("/")
    def index():
        return color.get()

    return app, [Ask(), Ask()]


@app_for_both
def contexts_of_classes_of_the_apps(lib, notes):
    app = lib.Flask("own contexts")
    made = app.request_context

    def request_context(environ):
        notes.append("made")
        return made(environ)

    app.request_context = request_context
    app.add_url_rule("/", "index", lambda: "own")
    return app, [Ask()]


@app_for_both
def the_stack_is_seen_from_inside(lib, notes):
    app = lib.Flask("seen")

    def look(where):
        notes.append((where, lib.has_request_context(), lib.has_app_context()))

    app.before_request(lambda: look("before"))
    app.teardown_request(lambda error: look("request's end"))
    app.teardown_appcontext(lambda error: look("app's end"))

    @app.route("/")
    def index():
        look("view")
        notes.append(sorted(vars(lib.g._get_current_object())))
        response = lib.make_response("x")
        response.call_on_close(lambda: look("closed"))
        return response

    return app, [Ask(), Ask("/none", status=404)]


@app_for_both
def urls_built_everywhere(lib, notes):
    app = lib.Flask("urls")
    app.config["APPLICATION_ROOT"] = "/root"

    @app.url_defaults
    def add(endpoint, values):
        notes.append(endpoint)
        values.setdefault("lang", "en")

    @app.route("/<lang>/")
    def index(lang):
        return lib.url_for("index", _external=True) + lib.url_for("index", _anchor="a", x=1)

    @app.route("/fail")
    def fail():
        return lib.url_for("nowhere")

    return app, [Ask("/de/"), Ask("/fail", status=500, outcome="error")]


@app_for_both
def views_of_classes(lib, notes):
    app = lib.Flask("classes")

    class Show(importlib.import_module(f"{lib.__name__}.views").MethodView):
        init_every_request = False
        decorators = (lambda view: lambda **named: notes.append("decorated") or view(**named),)

        def get(self, number):
            return f"shown {number}"

        def delete(self, number):
            lib.abort(409)

    app.add_url_rule("/<int:number>", view_func=Show.as_view("show"), endpoint="show")
    return app, [
        Ask("/1"),
        Ask("/1", "DELETE", status=409),
        Ask("/1", "HEAD"),
        Ask("/1", "PATCH", status=405),
    ]
