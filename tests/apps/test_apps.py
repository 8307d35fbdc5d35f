"""Two whole apps, driven through the same visits on flask and on flasktrace, watched and not."""

import shutil
import sqlite3
from contextlib import ExitStack

import flask
import pytest

import flasktrace
from tests.apps.loading import load
from tests.flasks import SINCE_3_2
from tests.side_by_side.harness import KEY, same

FRAMEWORKS = [flask, flasktrace]
WATCHED = [(), (flask,), (flasktrace,), (flask, flasktrace)]
STAGES = ["push", "preprocess", "match", "dispatch", "make_response", "postprocess", "pop"]


def sent(method, path, /, headers=None, base_url=None, **form):
    """The arguments of one request with a form."""
    made = {"method": method, "path": path, "data": form, "headers": headers}
    return made if base_url is None else {**made, "base_url": base_url}


ADA, BOB = {"name": "ada", "word": "lace"}, {"name": "bob", "word": "builder"}

JOURNAL = [
    "/",
    "/entries",
    "/entries/?page=2",
    "/entries/?page=9",
    "/entries/?page=x",
    "/entries/1",
    "/entries/3.json",
    "/entries/99",
    "/entries/one",
    "/entries/all.txt",
    "HEAD /entries/1",
    "OPTIONS /entries/1",
    "PATCH /entries/1",
    "/look/journal.css",
    "/look/none.css",
    "/nowhere?x=1",
    "/entries/new?draft=1",
    "/auth/enter?back=/entries/new?draft=1",
    sent("POST", "/auth/join", name="", word="x"),
    sent("POST", "/auth/join", **ADA),
    "/auth/enter",
    sent("POST", "/auth/join", **ADA),
    sent("POST", "/auth/join", **BOB),
    sent("POST", "/auth/join", name="ada"),
    sent("POST", "/auth/enter", name="ada", word="wrong"),
    sent("POST", "/auth/enter?back=/entries/new", stay="on", **ADA),
    "/entries/new",
    sent("POST", "/entries/new", head=" ", body="kept"),
    sent("POST", "/entries/new", head="Mine <i>", body="A text that is longer than the list shows"),
    "/",
    "/entries/5",
    "/entries/5/change",
    "/entries/1/change",
    "/entries/99/change",
    sent("POST", "/entries/5/change", head="Changed", body="to this"),
    "/entries/5",
    sent("POST", "/entries/1/remove"),
    sent("POST", "/entries/5/remove"),
    "/",
    sent("POST", "/entries/new", head="Again", body=""),
    "DELETE /entries/5",
    "/entries/5",
    "/auth/leave",
    "POST /auth/leave",
    "/",
    "POST /entries/1/remove",
    {"path": "/", "headers": {"Cookie": "session=forged"}},
    {"path": "/entries/3.json", "base_url": "https://journal.test:8443/below"},
]

CHIRP = [
    "/",
    "/public",
    "/join",
    sent("POST", "/join", mail="none", again="lace", **ADA),
    sent("POST", "/join", mail="ada@site.test", again="other", **ADA),
    sent("POST", "/join", mail="ada@site.test", again="lace", **ADA),
    "/enter",
    sent("POST", "/join", mail="ada@site.test", again="lace", **ADA),
    sent("POST", "/join", mail="Bob@Site.test ", again="builder", **BOB),
    sent("POST", "/join", name="eve"),
    sent("POST", "/say", text="too early"),
    "POST /@bob/follow",
    sent("POST", "/enter", name="zoe", word="x"),
    sent("POST", "/enter", name="ada", word="x"),
    sent("POST", "/enter", **ADA),
    "/",
    "/enter",
    sent("POST", "/say", text="<script>hello</script>"),
    "/",
    sent("POST", "/say", text=""),
    sent("POST", "/say", text="x" * 41),
    sent("POST", "/say", words="no text"),
    *(sent("POST", "/say", text=f"number {number}") for number in range(6)),
    "/public",
    "/@ada",
    "/@zoe",
    "/leave",
    "/public",
    sent("POST", "/enter", **BOB),
    "/",
    "/@ada",
    "POST /@ada/follow",
    "/@ada",
    "/",
    "GET /@ada/follow",
    "POST /@zoe/follow",
    sent("POST", "/say", text="Ünïcödé ✓"),
    "/",
    "POST /@ada/unfollow",
    "/@ada",
    "/",
    "/@bob",
    "/feed/ada/bob",
    "/feed/bob",
    {"path": "/feed/ada/bob", "headers": {"If-None-Match": "*"}},
    "/feed/",
    "/break",
    "/@ada/",
    "/static/none.css",
    "/leave",
    "/",
    {"path": "/", "headers": {"Cookie": "session=forged"}},
]


class Journal:
    visits = JOURNAL
    statuses = frozenset({200, 302, 303, 308, 400, 403, 404, 405})

    def __init__(self, folder):
        self.folder = folder
        self.parts = {}

    def __call__(self, framework):
        folder = self.folder / framework.__name__
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "settings.py").write_text("TITLE = 'A journal'\n")
        package = load("journal", framework)
        app = package.create_app(folder, SECRET_KEY=KEY)
        ran = app.test_cli_runner().invoke(args=["init-db", "--sample"])

        assert (0, "journal: ready, 4 entries.\n") == (ran.exit_code, ran.output)
        self.parts[framework] = package
        return app


class Chirp:
    visits = CHIRP
    statuses = frozenset({200, 302, 304, 400, 401, 404, 405, 413, 503})

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, framework):
        package = load("chirp", framework)
        package.make_tables(self.folder / f"{framework.__name__}.sqlite")
        package.app.secret_key = KEY
        return package.app


def redirect(status):
    """Return the status; Flask 3.2 redirects by 303 where nothing else is said."""
    return {"303": "302"}.get(status, status) if SINCE_3_2 else status


@pytest.mark.parametrize("kind", [Journal, Chirp])
@pytest.mark.parametrize(
    "watched", WATCHED, ids=lambda found: " and ".join(each.__name__ for each in found) or "none"
)
def test_the_app_answers_the_same_on_both_watched_or_not(kind, watched, tmp_path):
    make = kind(tmp_path)
    traces = {}
    with ExitStack() as watching:

        def build(framework):
            app = make(framework)
            if framework in watched:
                capture = flasktrace.capture(app)
                traces[framework.__name__] = watching.enter_context(capture)
            return app

        answers = same(build, *make.visits)

    assert kind.statuses == {int(answer.status[:3]) for answer in answers}
    assert {framework.__name__ for framework in watched} == set(traces)
    for seen in traces.values():
        assert [redirect(answer.status[:3]) for answer in answers] == [
            redirect(str(trace.status)) for trace in seen
        ]
        assert all(sorted(STAGES) == sorted(each.name for each in trace.stages) for trace in seen)


@pytest.mark.parametrize("kind", [Journal, Chirp])
def test_a_visit_is_told_alike_for_both(kind, tmp_path):
    make = kind(tmp_path)
    told = []
    with ExitStack() as watching:

        def build(framework):
            app = make(framework)
            told.append(watching.enter_context(flasktrace.capture(app)))
            return app

        same(build, *make.visits)

    for theirs, ours in zip(*told, strict=True):
        assert (theirs.method, theirs.path, theirs.query) == (ours.method, ours.path, ours.query)
        assert (theirs.endpoint, theirs.rule) == (ours.endpoint, ours.rule)
        assert theirs.view_args == ours.view_args
        assert theirs.outcome == ours.outcome


def test_the_journal_closes_its_database_after_each_request(tmp_path):
    make = Journal(tmp_path)
    same(make, *make.visits)
    theirs, ours = (make.parts[framework].database.closed for framework in FRAMEWORKS)

    assert theirs == ours
    assert len(ours) > len(make.visits) / 2


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda found: found.__name__)
def test_the_journals_command_can_be_asked_for_help_and_for_nonsense(framework, tmp_path):
    runner = Journal(tmp_path)(framework).test_cli_runner()
    helped = runner.invoke(args=["init-db", "--help"])
    wrong = runner.invoke(args=["init-db", "--nonsense"])
    emptied = runner.invoke(args=["init-db"])

    assert "Empty the database and make the tables." in helped.output
    assert (0, 2) == (helped.exit_code, wrong.exit_code)
    assert "journal: ready, 0 entries.\n" == emptied.output
    with sqlite3.connect(tmp_path / framework.__name__ / "journal.sqlite") as db:
        assert [(0,)] == db.execute("SELECT count(*) FROM writer").fetchall()
    db.close()
