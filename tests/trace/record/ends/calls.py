"""Async functions, receivers of signals, the user's own spans."""

import flasktrace
from tests.trace.record.ends.registry import end


@end("/", "/crash")
def async_functions(lib):
    app = lib.Flask("shop")

    @app.before_request
    async def load_user():
        lib.g.user = "ada"

    @app.errorhandler(KeyError)
    async def no_key(error):
        return "no key", 400

    @app.route("/")
    async def index():
        lib.g.shown = True
        return "index"

    @app.route("/crash")
    async def crash():
        return {}["gold"]

    return app


def kept(app, *receivers):
    """Keep the receivers of signals alive as long as the app."""
    app.extensions["receivers"] = receivers
    return app


@end("/", differs="real flask sends its signals itself: who listened is told, not timed")
def receivers_listen(lib):
    app = lib.Flask("shop")

    def began(sender, **extra):
        lib.g.began = True

    def ended(sender, response, **extra):
        response.headers["X-Ended"] = "yes"

    def torn_down(sender, exc, **extra):
        pass

    lib.request_started.connect(began, app)
    lib.request_finished.connect(ended, app)
    lib.request_tearing_down.connect(torn_down, app)

    @app.route("/")
    def index():
        return "index"

    return kept(app, began, ended, torn_down)


@end("/", differs="real flask sends its signals itself: who listened is told, not timed")
def receiver_raises_at_the_start(lib):
    app = lib.Flask("shop")

    def check_licence(sender, **extra):
        raise PermissionError("the licence is over")

    lib.request_started.connect(check_licence, app)

    @app.before_request
    def load_user():
        lib.g.user = "ada"

    @app.route("/")
    def index():
        return "index"

    return kept(app, check_licence)


@end("/", differs="real flask sends its signals itself: who listened is told, not timed")
def receiver_raises_at_the_end(lib):
    app = lib.Flask("shop")

    def count(sender, **extra):
        raise ZeroDivisionError("no requests yet")

    lib.request_finished.connect(count, app)

    @app.route("/")
    def index():
        return "index"

    return kept(app, count)


@end("/", differs="real flask sends its signals itself: who listened is told, not timed")
def receiver_hears_of_an_exception(lib):
    app = lib.Flask("shop")

    def report(sender, exception, **extra):
        lib.g.reported = type(exception).__name__

    lib.got_request_exception.connect(report, app)

    @app.route("/")
    def index():
        return {}["gold"]

    return kept(app, report)


@end("/", "/crash")
def spans_of_the_user(lib):
    app = lib.Flask("shop")

    @flasktrace.span("price", items=3)
    def price():
        flasktrace.event("cache miss", key="gold")
        return 100

    @app.route("/")
    def index():
        with flasktrace.span("load cart"):
            lib.g.total = price()
        return "index"

    @app.route("/crash")
    def crash():
        with flasktrace.span("load cart"):
            return {}["gold"]

    return app
