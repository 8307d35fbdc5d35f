"""Makes an app of many functions, some of which change things; each run of it does the same."""

import functools
import random
from importlib import import_module

from jinja2 import DictLoader

from tests.trace.record.changing import deeds

PLACES = (
    "preprocessor", "preprocessor_bp", "before", "before_bp", "decorator", "view", "block",
    "processor", "template", "after_this", "after", "after_bp", "handler", "teardown",
    "teardown_bp", "teardown_app", "open_session", "save_session", "body", "request_started",
    "request_finished", "request_tearing_down", "got_request_exception",
)  # fmt: skip
SHAPES = "plain", "class", "async", "template", "stream", "raises", "aborts"
SIGNALS = PLACES[-4:]


class Maker:
    """Makes the app of one number. *truth* gets what its functions do."""

    def __init__(self, lib, truth, number):
        pick = random.Random(number)
        self.lib, self.truth = lib, truth
        self.changes = {place for place in PLACES if pick.random() < 0.35}
        self.shape = pick.choice(SHAPES)
        self.fails = {pick.choice(["before", "before_bp", "after", *PLACES[5:9], "", ""])}
        self.answers = pick.choice(["before", "before_bp", "", "", "", ""])
        self.replaces = pick.choice(["after", "after_this", "after_bp", "", ""])
        if self.shape == "stream":  # a body that nobody reads would keep its context
            self.fails, self.replaces = set(), ""
        self.pick = random.Random(number)
        self.app = lib.Flask("changing")
        self.app.secret_key = "key"
        self.app.logger.disabled = True
        self.app.jinja_loader = DictLoader({"page": "<p>{{ mark() }}</p>"})
        self.receivers = []

    def run(self, place, response=None, *, reads=True, who=""):
        """Do what the function at a place does, if it does anything there."""
        with self.truth.by(who or place, response):
            self.do(place, response, reads=reads)

    def do(self, place, response=None, *, reads=True):
        if place in self.changes:
            deeds.do(self.lib, self.pick, response, reads=reads)

    def fail(self, place):
        if place in self.fails:
            self.fails.clear()
            raise LookupError(place)

    # The functions

    def named(self, place, function):
        function.__name__ = place
        return function

    def before(self, place):
        def hook():
            self.run(place)
            self.fail(place)
            return "answered" if place == self.answers else None

        return self.named(place, hook)

    def after(self, place):
        def hook(response):
            with self.truth.by(place, response):
                self.do(place, response)
                self.fail(place)
                if place == self.replaces:
                    return self.truth.give(self.lib.Response("another", 203))
                return response

        return self.named(place, hook)

    def teardown(self, place):
        reads = place != "teardown_app"
        return self.named(place, lambda _error: self.run(place, reads=reads))

    def receiver(self, place):
        def receive(_app, response=None, **_more):
            self.run(place, response)

        return self.named(place, receive)

    def preprocessor(self, place):
        return self.named(place, lambda _endpoint, _values: self.run(place))

    def handler(self, _error):
        self.run("handler")
        return "handled", 500

    def processor(self):
        self.run("processor")
        return {}

    def mark(self):
        self.run("template", who="the template page")
        return ""

    def body(self):
        yield "1"
        self.run("body", who="response body")
        yield "2"

    def answer(self):
        lib, parts = self.lib, self.shape != "async"  # what is in a task is not looked at
        with self.truth.by("view"):
            self.do("view")
            if parts and "block" in self.changes:
                import flasktrace

                with flasktrace.span("block"):
                    self.run("block", who="the block 'block'")
            if "after_this" in self.changes:
                lib.after_this_request(self.after("after_this"))
            if self.shape == "raises":
                raise LookupError
            if self.shape == "aborts":
                lib.abort(418)
            if self.shape == "stream":
                return lib.Response(lib.stream_with_context(self.body()))
            return lib.render_template("page") if self.shape == "template" else "fine"

    def view(self):
        if self.shape == "async":

            async def view():
                return self.answer()

            return view
        if self.shape == "class":
            views = import_module(f"{self.lib.__name__}.views")
            space = {"dispatch_request": lambda _view: self.answer()}
            space["dispatch_request"].__name__ = "dispatch_request"
            return type("View", (views.View,), space).as_view("view")

        def view():
            return self.answer()

        return self.decorated(view) if "decorator" in self.changes else view

    def decorated(self, view):
        @functools.wraps(view)
        def wrapper():
            with self.truth.by("view"):
                self.do("decorator")
                return view()

        return wrapper

    def interface(self):
        maker, sessions = self, import_module(f"{self.lib.__name__}.sessions")

        class Interface(sessions.SecureCookieSessionInterface):
            pass

        def open_session(interface, app, request):
            found = sessions.SecureCookieSessionInterface.open_session(interface, app, request)
            maker.run("open_session", reads=False)
            return found

        def save_session(interface, app, session, response):
            with maker.truth.by("save_session", response):
                maker.do("save_session", response)
                save = sessions.SecureCookieSessionInterface.save_session
                save(interface, app, session, response)

        for function in (open_session, save_session):
            if function.__name__ in self.changes:
                setattr(Interface, function.__name__, function)
        return Interface()

    # The app

    def make(self):
        lib, app, blueprint = self.lib, self.app, self.lib.Blueprint("bp", "x")
        register = {
            "preprocessor": (app.url_value_preprocessor, self.preprocessor),
            "preprocessor_bp": (blueprint.url_value_preprocessor, self.preprocessor),
            "before": (app.before_request, self.before),
            "before_bp": (blueprint.before_request, self.before),
            "after": (app.after_request, self.after),
            "after_bp": (blueprint.after_request, self.after),
            "teardown": (app.teardown_request, self.teardown),
            "teardown_bp": (blueprint.teardown_request, self.teardown),
            "teardown_app": (app.teardown_appcontext, self.teardown),
        }
        for place, (registered, function) in register.items():
            if place in self.changes:
                registered(function(place))
        if "handler" in self.changes:
            app.register_error_handler(Exception, self.handler)
        if "processor" in self.changes:
            app.context_processor(self.processor)
        app.template_global("mark")(self.mark)
        app.session_interface = self.interface()
        blueprint.add_url_rule("/", "view", self.view())
        app.register_blueprint(blueprint)
        signals = import_module(f"{lib.__name__}.signals")
        for place in SIGNALS:
            if place in self.changes:
                self.receivers.append(self.receiver(place))
                getattr(signals, place).connect(self.receivers[-1], app)
        app.kept = self.receivers  # signals hold them weakly
        return app


def make(lib, truth, number):
    """Return the app of a number; it does the same each time that it is made."""
    return Maker(lib, truth, number).make()
