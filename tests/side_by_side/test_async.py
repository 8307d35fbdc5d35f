"""Coroutine functions wherever a function of the user may be."""

import asyncio

import pytest

from tests.side_by_side.harness import same, same_value


def everywhere(f, said):
    """An app whose functions are all coroutine functions, and say that they ran."""
    app, made = f.Flask("app"), f.Blueprint("part", "app", url_prefix="/p")

    async def say(what):
        await asyncio.sleep(0)
        said.append((what, f.request.path))

    def hooked(owner, label):
        @owner.before_request
        async def before():
            await say(f"before {label}")
            f.g.setdefault("by", []).append(label)
            f.session["seen"] = label
            return "answered" if "answer" in f.request.args else None

        @owner.after_request
        async def after(response):
            await say(f"after {label}")
            response.headers[f"X-{label}"] = str(f.g.by)
            return response

        @owner.teardown_request
        async def teardown(error):
            await say(f"teardown {label} {error!r}")

        @owner.context_processor
        async def variables():
            await say(f"variables {label}")
            return {"by": label}

        @owner.errorhandler(KeyError)
        async def handled(error):
            await say(f"handled {label} {error!r}")
            return "handled", 400

        @owner.route("/")
        async def view():
            await say("view")
            await asyncio.gather(say("one"), say("two"))
            return {"path": f.request.path, "by": f.g.by}

        @owner.route("/page")
        def page():
            return f.render_template_string("{{ by }}")

        @owner.route("/key")
        async def key():
            raise KeyError("k")

        @owner.route("/crash")
        async def crash():
            raise ZeroDivisionError

        @owner.route("/abort/<int:code>")
        async def aborted(code):
            f.abort(code)

        @owner.route("/mine")
        async def mine():
            @f.after_this_request
            async def each(response):
                response.headers["X-Each"] = "1"
                return response

            return f.redirect(f.url_for(".view" if f.request.blueprint else "view"))

    hooked(app, "app")
    hooked(made, "part")

    @app.teardown_appcontext
    async def ended(error):
        said.append(f"ended {error!r}")

    @app.errorhandler(404)
    async def lost(error):
        return f"lost {f.request.path}", 404

    @app.errorhandler(500)
    async def crashed(error):
        return f"crashed {type(error.original_exception).__name__}", 500

    app.secret_key = "the same key for both"
    app.register_blueprint(made)
    return app


@pytest.mark.parametrize(
    "path", ["/", "/page", "/key", "/crash", "/abort/404", "/abort/503", "/mine", "/?answer=1"]
)
def test_async_functions_run_alike(path):
    same(everywhere, path, f"/p{path}", f"POST {path}", f"OPTIONS {path}")


def test_async_errors_leave_the_app_alike():
    def build(f, said):
        app = everywhere(f, said)
        app.testing = True
        return app

    same(build, "/crash", "/key", "/nowhere")


def test_async_functions_are_told_from_others():
    def work(f):
        app = f.Flask("app")

        def sync():
            return "sync"

        async def coroutine(x=1):
            return f"async {x}"

        class Callable:
            def __call__(self):
                return "called"

        kept = app.ensure_sync(sync) is sync
        made = [app.ensure_sync(one)() for one in (sync, coroutine, Callable())]
        return kept, made, app.async_to_sync(coroutine)(x=2)

    same_value(work)


def test_an_app_may_run_coroutines_in_its_own_way():
    def build(f, said):
        class Own(f.Flask):
            def async_to_sync(self, func):
                said.append(func.__name__)
                return lambda *args, **values: asyncio.run(func(*args, **values))

        app = Own("app")

        @app.route("/<name>")
        async def view(name):
            return f"hello {name} {f.request.path}"

        @app.before_request
        async def before():
            return None

        return app

    same(build, "/a")


def test_a_copied_context_takes_a_coroutine_function():
    def build(f):
        app = f.Flask("app")

        @app.route("/")
        def view():
            @f.copy_current_request_context
            async def job():
                return f.request.path

            return job()

        return app

    same(build, "/")


def test_a_view_that_is_an_async_generator_is_refused():
    def build(f):
        app = f.Flask("app")

        @app.route("/")
        async def view():
            yield "x"

        return app

    same(build, "/")
