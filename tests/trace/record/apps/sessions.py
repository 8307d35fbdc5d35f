"""Sessions of all kinds."""

from tests.trace.record.apps.hostile import HostileDict
from tests.trace.record.apps.registry import app_for_both
from tests.trace.record.same import BOOM, Ask


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


@app_for_both
def fault_16_session_that_is_only_opened(lib, notes):
    app = lib.Flask("opened")
    app.secret_key = "key"
    app.before_request(lambda: notes.append(lib.request.path))

    @app.route("/")
    def index():
        lib.g.user = "ada"
        return "no Vary"

    cookie = {"Cookie": "session=eyJhIjoxfQ.aaaa.bbbb; other=1"}
    return app, [Ask(headers=cookie), Ask("/none", headers=cookie, status=404)]


@app_for_both
def fault_17_session_that_is_renewed(lib, notes):
    app = lib.Flask("renewed")
    app.secret_key = "key"

    @app.route("/<way>")
    def index(way):
        lib.session.permanent = way == "permanent"
        lib.session.setdefault("seen", []).append(way)
        lib.session.modified = way == "modified"
        notes.append((lib.session.accessed, lib.session.modified, lib.session.new))
        return way

    return app, [Ask(f"/{way}") for way in ("permanent", "modified", "plain")]


@app_for_both
def fault_17_session_with_flags(lib, notes):
    app = lib.Flask("flags")
    app.secret_key = "key"

    def flags():
        session = lib.session._get_current_object()
        return session.accessed, session.modified, dict.copy(session)

    @app.after_request
    def after(response):
        notes.append(flags())
        return response

    @app.route("/look")
    def look():
        notes.append("user" in lib.session)
        return "looked"

    @app.route("/change")
    def change():
        lib.session["user"] = {"name": "ada"}
        return "changed"

    app.add_url_rule("/leave", "leave", lambda: "left alone")
    return app, [Ask("/look"), Ask("/change"), Ask("/leave")]


@app_for_both
def fault_17_session_kept_by_the_server(lib, notes):
    kept = {}
    base = type(lib.Flask.session_interface).__mro__[1]

    class Session(dict):
        accessed = modified = False

        def __getitem__(self, key):
            notes.append(f"read {key}")
            self.accessed = True
            return super().__getitem__(key)

        def __setitem__(self, key, value):
            self.modified = True
            super().__setitem__(key, value)

    class Interface(base):
        def open_session(self, app, request):
            notes.append("opened")
            return Session(kept.get(request.cookies.get("sid"), {"count": 0}))

        def save_session(self, app, session, response):
            notes.append(("saved", session.accessed, session.modified))
            kept["1"] = dict(session)
            response.set_cookie("sid", "1")

    app = lib.Flask("kept")
    app.session_interface = Interface()

    @app.route("/")
    def index():
        lib.session["count"] += 1
        return str(lib.session["count"])

    return app, [Ask(), Ask(headers={"Cookie": "sid=1"})]


@app_for_both
def fault_17_opening_or_saving_the_session_fails(lib, notes):
    base = type(lib.Flask.session_interface)

    class Interface(base):
        def open_session(self, app, request):
            if request.path == "/open":
                raise BOOM
            return super().open_session(app, request)

        def save_session(self, app, session, response):
            raise BOOM

    app = lib.Flask("failing")
    app.secret_key = "key"
    app.session_interface = Interface()
    app.add_url_rule("/<path:path>", "index", lambda path: path)
    failed = {"outcome": "error"}
    return app, [Ask("/open", status=500, **failed), Ask("/save", status=500, **failed)]


@app_for_both
def messages_that_are_flashed(lib, notes):
    app = lib.Flask("flashes")
    app.secret_key = "key"

    @app.route("/")
    def index():
        lib.flash("one")
        lib.flash("two", "warning")
        notes.append(lib.get_flashed_messages(with_categories=True))
        return lib.render_template_string("{{ get_flashed_messages()|length }}")

    return app, [Ask()]
