"""Contexts within contexts, and apps that look into themselves."""

from tests.trace.record.apps.registry import app_for_both, bug
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
@bug(
    "What a receiver of request_started or request_finished raises is in no stage and no call, so "
    "that the trace of the 500 has outcome 'ok', no exception, and a false verdict."
)
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
    class App(lib.Flask):
        def make_response(self, rv):
            notes.append("make_response")
            return super().make_response(rv)

        def full_dispatch_request(self, *args):
            notes.append("full")
            return super().full_dispatch_request(*args)

    app = App("overridden")
    app.add_url_rule("/", "index", lambda: "fine")
    app.ensure_sync = app.ensure_sync  # an attribute of the user's own
    return app, [Ask(), Ask("/none", status=404)]
