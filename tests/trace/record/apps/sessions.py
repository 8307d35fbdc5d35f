"""Sessions of all kinds."""

from tests.trace.record.apps.hostile import HostileDict
from tests.trace.record.apps.registry import app_for_both
from tests.trace.record.same import Ask


@app_for_both
def fault_16_session_is_not_read(lib, notes):
    app = lib.Flask("session")
    app.secret_key = "key"

    @app.route("/")
    def index():
        return "no cookie, no Vary"

    @app.route("/in")
    def log_in():
        lib.session["user"] = "ada"
        return "in"

    @app.route("/who")
    def who():
        return str(lib.session.get("user"))

    return app, [Ask(), Ask("/in"), Ask("/who")]


@app_for_both
def session_without_a_key(lib, notes):
    app = lib.Flask("no key")

    @app.route("/")
    def index():
        notes.append(len(lib.session))
        lib.session["a"] = 1
        return "not reached"

    return app, [Ask(status=500, outcome="error")]


@app_for_both
def fault_17_session_of_another_class(lib, notes):
    base = type(lib.Flask.session_interface).__mro__[1]

    class Strange(HostileDict):
        accessed = modified = False

    class Interface(base):
        def open_session(self, app, request):
            notes.append("opened")
            return Strange(a=1)

        def is_null_session(self, session):
            return False

        def save_session(self, app, session, response):
            notes.append("saved")

    app = lib.Flask("own session")
    app.session_interface = Interface()
    app.add_url_rule("/", "index", lambda: "fine")
    return app, [Ask()]
