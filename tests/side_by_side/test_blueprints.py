"""Parts of an app: their rules, hooks, handlers, files and names."""

import pytest
from werkzeug.routing import BuildError

from tests.side_by_side.harness import part, same, same_value

PLACES = [
    ({}, {}),
    ({"url_prefix": "/p"}, {}),
    ({"url_prefix": "/p/"}, {}),
    ({"url_prefix": "p"}, {}),
    ({"url_prefix": "/"}, {}),
    ({"url_prefix": ""}, {}),
    ({"url_prefix": "/p"}, {"url_prefix": "/q"}),
    ({}, {"url_prefix": "/q/<int:n>"}),
    ({"url_prefix": "/<lang>", "url_defaults": {"x": 1}}, {}),
    ({"url_defaults": {"x": 1}}, {"url_defaults": {"x": 2, "y": 3}}),
    ({"url_prefix": "/p"}, {"name": "other"}),
    ({"subdomain": "a"}, {}),
    ({"subdomain": "a"}, {"subdomain": "b"}),
    ({}, {"subdomain": "<who>", "url_prefix": "/w"}),
]


REFUSED = [{"url_prefix": "p"}, {"url_prefix": ""}]
SPOKEN = [place for place in PLACES if place[0] not in REFUSED]


def spoken(f, *args, **options):
    """A blueprint whose views say how they were reached."""
    made = f.Blueprint(*args, **options)

    def view(**values):
        r = f.request
        rule = str(r.url_rule)
        return repr([r.endpoint, r.blueprint, r.blueprints, rule, sorted(values.items())])

    made.add_url_rule("/", "root", view)
    made.add_url_rule("", "empty", view)
    made.add_url_rule("/x/", "x", view, methods=["GET", "POST"])
    made.add_url_rule("y/<y>", "y", view) if options.get("url_prefix") else None
    made.add_url_rule("/d", "d", view, defaults={"x": 9})
    return made


def rules(app):
    found = app.url_map.iter_rules()
    return [(r.rule, r.endpoint, sorted(r.methods), r.subdomain, r.defaults) for r in found]


@pytest.mark.parametrize(("own", "given"), PLACES, ids=str)
def test_rules_go_to_the_same_place(own, given):
    def work(f):
        app = f.Flask("app")
        app.register_blueprint(spoken(f, "part", "app", **own), **given)
        return rules(app), list(app.blueprints), sorted(app.view_functions)

    same_value(work)


@pytest.mark.parametrize(("own", "given"), SPOKEN, ids=str)
def test_rules_answer_alike(own, given):
    def build(f):
        app = f.Flask("app", subdomain_matching=True)
        app.config["SERVER_NAME"] = "h.test"
        app.register_blueprint(spoken(f, "part", "app", **{"url_prefix": "/p", **own}), **given)
        return app

    paths = ("/", "/p", "/p/", "/p/x", "/p/x/", "/p/y/z", "/p/d", "/q", "/q/3/", "/de/x/", "/w/d")
    hosts = ("h.test", "a.h.test", "b.h.test")
    sent = [{"path": path, "base_url": f"http://{host}"} for path in paths for host in hosts]
    same(build, *sent, "OPTIONS /p/x/", "PUT /p/x/")


def family(f, *, outer=None, inner=None, outer_given=None, inner_given=None):
    app = f.Flask("app", subdomain_matching=True)
    app.config["SERVER_NAME"] = "h.test"
    parent = spoken(f, "parent", "app", **(outer or {"url_prefix": "/o"}))
    child = spoken(f, "child", "app", **(inner or {"url_prefix": "/i"}))
    grandchild = spoken(f, "grand", "app", url_prefix="/g")
    child.register_blueprint(grandchild)
    parent.register_blueprint(child, **(inner_given or {}))
    app.register_blueprint(parent, **(outer_given or {}))
    return app


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"outer": {"url_prefix": "/o/"}, "inner": {"url_prefix": "i/"}},
        {"outer": {"url_prefix": "/o"}, "inner": {"url_prefix": ""}},
        {"outer": {"subdomain": "a", "url_prefix": "/o"}},
        {"outer": {"subdomain": "a", "url_prefix": "/o"}, "inner": {"subdomain": "b"}},
        {"inner": {"subdomain": "b", "url_prefix": "/i"}},
        {"inner_given": {"url_prefix": "/k"}},
        {"inner_given": {"name": "kid"}, "outer_given": {"name": "mum"}},
        {"inner_given": {"subdomain": "c"}, "outer_given": {"subdomain": "d"}},
        {"inner_given": {"url_defaults": {"z": 1}}, "outer_given": {"url_defaults": {"w": 2}}},
        {"outer_given": {"url_prefix": "/<lang>"}},
    ],
    ids=str,
)
def test_nested_rules_go_to_the_same_place(options):
    def work(f):
        app = family(f, **options)
        return rules(app), list(app.blueprints), sorted(app.view_functions)

    same_value(work)


def test_nested_blueprints_answer_alike():
    def build(f):
        return family(f)

    same(
        build,
        *("/o/", "/o/i/", "/o/i/g/", "/o/i/g/x", "/o/i/g/d", "/o/i/y/1", "/i/g", "/g/"),
    )


def test_hooks_run_in_the_same_order_around_a_request():
    def build(f, said):
        app = f.Flask("app")
        child, parent, other = (f.Blueprint(n, "app") for n in ("child", "parent", "other"))

        def hooked(owner, label):
            for number in (1, 2):
                name = f"{label}{number}"
                owner.before_request(lambda name=name: said.append(f"before {name}"))
                owner.after_request(lambda r, name=name: said.append(f"after {name}") or r)
                owner.teardown_request(lambda e, name=name: said.append((f"end {name}", repr(e))))
                owner.url_value_preprocessor(
                    lambda e, v, name=name: said.append((f"values {name}", e, v and dict(v)))
                )
                owner.context_processor(
                    lambda name=name: said.append(f"context {name}") or {"by": name, name: 1}
                )
                owner.url_defaults(lambda e, v, name=name: said.append(f"defaults {name} {e}"))

        def hooked_for_all(owner, label):
            owner.before_app_request(lambda: said.append(f"before-app {label}"))
            owner.after_app_request(lambda r: said.append(f"after-app {label}") or r)
            owner.teardown_app_request(lambda e: said.append(f"end-app {label}"))
            owner.app_url_value_preprocessor(lambda e, v: said.append(f"values-app {label} {e}"))
            owner.app_context_processor(lambda: {"by": f"app {label}"})
            owner.app_url_defaults(lambda e, v: said.append(f"defaults-app {label}"))

        for owner, label in ((app, "app"), (parent, "parent"), (child, "child"), (other, "other")):
            hooked(owner, label)
            if owner is not app:
                hooked_for_all(owner, label)

        def view(**values):
            url = f.url_for("parent.child.inner", x=1)
            return f"{url} {f.url_for('.outer') if f.request.blueprint else ''}" + (
                f.render_template_string("{{ by }} {{ app1 }} {{ parent1 }} {{ child2 }}")
            )

        @child.route("/crash")
        def crash():
            raise ZeroDivisionError

        app.add_url_rule("/top", "top", view)
        child.add_url_rule("/inner", "inner", view)
        child.add_url_rule("/outer", "outer", view)
        parent.add_url_rule("/outer", "outer", view)
        other.add_url_rule("/other/<n>", "outer", view)
        parent.register_blueprint(child, url_prefix="/child")
        app.register_blueprint(parent, url_prefix="/parent")
        app.register_blueprint(other)
        return app

    same(
        build,
        *("/top", "/parent/outer", "/parent/child/inner", "/other/5", "/parent/child/crash"),
        *("/parent/nowhere", "/nowhere", "POST /parent/outer", "OPTIONS /parent/child/inner"),
    )


@pytest.mark.parametrize("where", ["app", "parent", "child"])
def test_a_hook_that_answers_ends_the_others(where):
    def build(f, said):
        app, parent, child = f.Flask("app"), f.Blueprint("parent", "app"), f.Blueprint("c", "app")
        for label, owner in (("app", app), ("parent", parent), ("child", child)):
            owner.before_request(
                lambda label=label: said.append(label) or (label if label == where else None)
            )
            owner.after_request(lambda r, label=label: said.append(f"after {label}") or r)
            owner.add_url_rule(f"/{label}", "view", lambda: "the view")
        parent.register_blueprint(child)
        app.register_blueprint(parent)
        return app

    same(build, "/app", "/parent", "/child", "/nowhere")


class Base(Exception):
    pass


class Derived(Base):
    pass


@pytest.mark.parametrize(
    "handlers",
    [
        {"app": [404], "child": []},
        {"app": [404], "child": [404]},
        {"app": [404, Derived], "parent": [404, Base]},
        {"app": [Derived], "child": [Base]},
        {"app": [Exception], "parent": [Base], "child": [Derived]},
        {"app": [500], "child": [Exception]},
        {"child": [500]},
        {"child": [500], "app": [Base]},
        {"parent": [403], "app": [403]},
        {"app-by-child": [404, 500, Base]},
        {"app-by-child": [403], "child": [403], "app": [403]},
    ],
    ids=str,
)
def test_the_same_handler_answers(handlers):
    def build(f):
        app, parent, child = f.Flask("app"), f.Blueprint("parent", "app"), f.Blueprint("c", "app")
        owners = {"app": app, "parent": parent, "child": child}
        for label, kinds in handlers.items():
            for kind in kinds:

                def handler(error, label=label, kind=kind):
                    return f"{label} {kind} {type(error).__name__}", 400

                if label == "app-by-child":
                    child.app_errorhandler(kind)(handler)
                else:
                    owners[label].register_error_handler(kind, handler)

        def view(what):
            if what.isdigit():
                f.abort(int(what))
            raise {"base": Base, "derived": Derived, "key": KeyError}[what]

        for label, owner in owners.items():
            owner.add_url_rule(f"/{label}/<what>", "view", view)
        parent.register_blueprint(child)
        app.register_blueprint(parent)
        return app

    names = ("app", "parent", "child")
    raised = ("404", "403", "500", "base", "derived", "key")
    same(build, *(f"/{name}/{what}" for name in names for what in raised), "/lost", "POST /child/1")


def test_a_blueprint_has_its_own_files(tmp_path):
    for folder, text in (("static", "app"), ("part/static", "part"), ("part/assets", "assets")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.txt").write_text(text)

    def build(f):
        app = f.Flask("app", root_path=str(tmp_path))
        place = str(tmp_path / "part")
        one = f.Blueprint("one", "app", static_folder="static", url_prefix="/1", root_path=place)
        two = f.Blueprint(
            "two", "app", static_folder="assets", static_url_path="/files", root_path=place
        )
        bare = f.Blueprint("bare", "app", static_folder="static", root_path=place)
        one.get_send_file_max_age = lambda name: 7

        @one.route("/urls")
        def urls():
            return " ".join(f.url_for(e, filename="a.txt") for e in (".static", "static"))

        app.register_blueprint(one)
        app.register_blueprint(two, url_prefix="/2")
        app.register_blueprint(bare)
        return app

    paths = ("/static/a.txt", "/1/static/a.txt", "/2/files/a.txt", "/2/assets/a.txt")
    same(build, *paths, "/1/static/b.txt", "/1/urls", "/1/static/../a.txt", "HEAD /1/static/a.txt")


def test_resources_of_a_blueprint_are_opened(tmp_path):
    (tmp_path / "a.txt").write_text("\u00e9", encoding="utf-8")

    def work(f):
        made = f.Blueprint("part", "app", root_path=str(tmp_path), static_folder="s/")
        with made.open_resource("a.txt") as raw, made.open_resource("a.txt", "r") as text:
            facts = [raw.read(), text.read(), made.static_folder, made.static_url_path]
        return facts, made.has_static_folder, made.jinja_loader, repr(made)

    same_value(work)


def test_templates_of_the_app_come_first(tmp_path):
    folders = {"templates": "app", "one/templates": "one", "two/pages": "two"}
    for folder, label in folders.items():
        (tmp_path / folder).mkdir(parents=True)
        for name in ("all.html", f"{label}.html"):
            (tmp_path / folder / name).write_text(f"{label} {{{{ by }}}} {{{{ 'x' | twice }}}}")

    def build(f):
        app = f.Flask("app", root_path=str(tmp_path))
        one = f.Blueprint(
            "one", "app", template_folder="templates", root_path=str(tmp_path / "one")
        )
        two = f.Blueprint("two", "app", template_folder="pages", root_path=str(tmp_path / "two"))
        two.context_processor(lambda: {"by": "two"})
        one.app_template_filter("twice")(lambda text: text * 2)

        def view(name):
            return f.render_template(name) + ",".join(sorted(app.jinja_env.list_templates()))

        for label, owner in (("app", app), ("one", one), ("two", two)):
            owner.add_url_rule(f"/{label}/<name>", "view", view)
        app.register_blueprint(two)
        app.register_blueprint(one)
        return app

    names = ("all.html", "app.html", "one.html", "two.html", "none.html")
    same(build, *(f"/{owner}/{name}" for owner in ("app", "one", "two") for name in names))


def test_parts_of_templates_are_for_the_whole_app():
    def build(f):
        app, made = f.Flask("app"), f.Blueprint("part", "app")

        @made.app_template_filter()
        def shout(text):
            return text.upper()

        @made.app_template_test("odd_one")
        def odd(number):
            return number % 2 == 1

        @made.app_template_global()
        def seven():
            return 7

        made.add_app_template_filter(lambda t: t[::-1], "back")
        made.add_app_template_test(lambda n: n > 1, "big")
        made.add_app_template_global(lambda: 8, "eight")
        app.register_blueprint(made)

        @app.route("/")
        def index():
            return f.render_template_string(
                "{{ 'ab' | shout | back }} {{ 3 is odd_one }} {{ 3 is big }}{{ seven() + eight() }}"
            )

        return app

    same(build, "/")


def test_what_is_recorded_is_called_at_each_registration():
    def work(f):
        said = []
        made = f.Blueprint("part", "app", url_prefix="/p")

        def note(what):
            return lambda s: said.append(
                (
                    what,
                    s.first_registration,
                    s.url_prefix,
                    s.subdomain,
                    dict(s.options),
                    s.name,
                    s.name_prefix,
                    s.url_defaults,
                    s.blueprint is made,
                    s.app.name,
                )
            )

        made.record(note("each"))
        made.record_once(note("once"))
        made.record(lambda s: s.add_url_rule("/r", "r", lambda: ""))
        outer = f.Blueprint("outer", "app", url_prefix="/o")
        outer.register_blueprint(made, url_prefix="/n")
        app, other = f.Flask("app"), f.Flask("other")
        app.register_blueprint(made)
        app.register_blueprint(made, name="again", url_prefix="/again", url_defaults={"a": 1})
        app.register_blueprint(outer)
        other.register_blueprint(made)
        return said, rules(app), rules(other)

    same_value(work)


def test_a_blueprint_may_be_registered_twice():
    def build(f, said):
        app = f.Flask("app")
        made = spoken(f, "part", "app")
        made.before_request(lambda: said.append(("part", f.request.blueprint)))
        made.before_app_request(lambda: said.append("app"))
        made.register_error_handler(405, lambda e: ("handled " + f.request.path, 405))
        app.register_blueprint(made, url_prefix="/a")
        app.register_blueprint(made, url_prefix="/b", name="b")
        return app

    same(build, "/a/", "/b/", "/a/d", "/b/d", "PUT /a/", "PUT /b/", "POST /nowhere")


def test_urls_of_blueprints_are_found():
    def build(f):
        app = f.Flask("app")
        parent, child = f.Blueprint("parent", "app"), f.Blueprint("child", "app")

        def view():
            names = ("view", ".view", "parent.view", "parent.child.view", ".child.view", "..view")
            return " ".join(found(name) for name in names)

        def found(name):
            try:
                return f.url_for(name)
            except BuildError:
                return f"{name}: none"

        for owner, path in ((app, "/a"), (parent, "/p"), (child, "/c")):
            owner.add_url_rule(path, "view", view)
        parent.register_blueprint(child)
        app.register_blueprint(parent)
        return app

    same(build, "/a", "/p", "/c")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda f, app, bp: f.Blueprint("", "app"),
        lambda f, app, bp: f.Blueprint("a.b", "app"),
        lambda f, app, bp: bp.add_url_rule("/", "a.b", print),
        lambda f, app, bp: bp.add_url_rule("/", view_func=type("V", (), {"__name__": "a.b"})()),
        lambda f, app, bp: bp.register_blueprint(bp),
        lambda f, app, bp: (app.register_blueprint(bp), app.register_blueprint(bp)),
        lambda f, app, bp: (
            app.register_blueprint(bp),
            app.register_blueprint(f.Blueprint("part", "other")),
        ),
        lambda f, app, bp: (app.register_blueprint(bp), bp.add_url_rule("/", "x", print)),
        lambda f, app, bp: (app.register_blueprint(bp), bp.before_request(print)),
        lambda f, app, bp: (app.register_blueprint(bp), bp.record(print)),
        lambda f, app, bp: (app.register_blueprint(bp), bp.app_errorhandler(404)(print)),
        lambda f, app, bp: (
            app.register_blueprint(bp),
            bp.register_blueprint(f.Blueprint("late", "app")),
        ),
        lambda f, app, bp: (app.test_client().get("/"), app.register_blueprint(bp)),
        lambda f, app, bp: bp.send_static_file("x"),
        lambda f, app, bp: bp.open_resource("x", "w"),
        lambda f, app, bp: bp.get("/", methods=["POST"]),
        lambda f, app, bp: bp.register_error_handler("404", print),
        lambda f, app, bp: bp.app_errorhandler(999)(print),
        lambda f, app, bp: app.register_blueprint(bp, name="x.y"),
        lambda f, app, bp: (
            bp.add_url_rule("no-slash", "x", print),
            app.register_blueprint(bp),
        ),
        lambda f, app, bp: f.Blueprint("part", "app", nonsense=1),
    ],
)
def test_setup_errors_are_alike(wrong):
    def work(f):
        return wrong(f, f.Flask("app"), f.Blueprint("part", "app")) is None

    same_value(work)


def test_the_app_lists_its_blueprints():
    def work(f):
        app = family(f)
        return (
            [b.name for b in app.iter_blueprints()],
            list(app.blueprints),
            [type(b).__name__ for b in app.iter_blueprints()],
        )

    same_value(work)


def test_a_setup_state_of_ones_own_is_used():
    def work(f):
        class State(part(f, "blueprints").BlueprintSetupState):
            def add_url_rule(self, rule, endpoint=None, view_func=None, **options):
                super().add_url_rule(f"/own{rule}", endpoint, view_func, **options)

        class Own(f.Blueprint):
            def make_setup_state(self, app, options, first_registration=False):
                return State(self, app, options, first_registration)

        app = f.Flask("app")
        app.register_blueprint(spoken(f, "plain", "app", url_prefix="/1"))
        made = Own("own", "app")
        made.add_url_rule("/x", "x", print)
        app.register_blueprint(made)
        return rules(app)

    same_value(work)


def test_views_are_added_by_endpoint_too():
    def build(f):
        app, made = f.Flask("app"), f.Blueprint("part", "app")
        made.add_url_rule("/late", endpoint="late")

        @made.endpoint("late")
        def late():
            return "late " + f.request.endpoint

        app.register_blueprint(made)
        return app

    same(build, "/late")


@pytest.mark.parametrize("group", ["default", None, "", "tools"])
@pytest.mark.parametrize("given", [{}, {"cli_group": None}, {"cli_group": "given"}, {"name": "n"}])
def test_commands_are_in_the_same_group(group, given):
    def work(f):
        made = f.Blueprint("part", "app", **({} if group == "default" else {"cli_group": group}))

        @made.cli.command("hello")
        def hello():
            print("hello from", f.current_app.name)  # noqa: T201

        app = f.Flask("app")
        app.register_blueprint(made, **given)
        runner = app.test_cli_runner()
        groups = (["hello"], ["part", "hello"], ["tools", "hello"], ["given", "hello"])
        results = [runner.invoke(args=list(args)) for args in (*groups, ["n", "hello"])]
        return [(r.exit_code, r.exit_code == 0 and r.output) for r in results]

    same_value(work)
