"""The apps that are measured, made with either framework."""

from typing import Any

from jinja2 import DictLoader

_PAGE = """<!doctype html><title>{{ title }}</title><h1>Hello {{ g.user.name }}</h1>
<table>{% for row in rows %}<tr><td>{{ row.id }}</td><td>{{ row.name }}</td>
<td>{{ "%.2f"|format(row.price) }}</td></tr>{% endfor %}</table>
<p>{{ session.visits }} visits</p>"""


def hello(module: Any) -> Any:
    app = module.Flask("hello")

    @app.route("/")
    def index() -> dict[str, str]:
        return {"hello": "world"}

    return app


def page(module: Any) -> Any:
    app = module.Flask("page")
    app.secret_key = "benchmark"
    app.jinja_env.loader = DictLoader({"page.html": _PAGE})
    rows = [{"id": n, "name": f"thing <{n}>", "price": n * 1.1} for n in range(50)]

    @app.before_request
    def load_user() -> None:
        module.g.user = {"id": 1, "name": "Ada"}

    @app.before_request
    def count_visits() -> None:
        module.session["visits"] = module.session.get("visits", 0) + 1

    @app.before_request
    def nothing() -> None:
        pass

    @app.after_request
    def add_header(response: Any) -> Any:
        response.headers["X-Page"] = "1"
        return response

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        module.g.pop("user", None)

    @app.route("/")
    def index() -> str:
        return str(module.render_template("page.html", rows=rows, title="Things"))

    return app
