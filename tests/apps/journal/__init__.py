"""A journal that several people write: a factory, two blueprints and a database."""

from pathlib import Path

from framework import Flask, g, render_template

from . import auth, blog, database


def create_app(folder, **settings):
    """Make the app; what belongs to this installation is below *folder*."""
    app = Flask(__name__, instance_path=str(folder), instance_relative_config=True)
    app.config.from_mapping(DATABASE=str(Path(folder) / "journal.sqlite"), PER_PAGE=3)
    app.config.from_pyfile("settings.py", silent=True)
    app.config.update(settings)

    database.put_into(app)
    app.register_blueprint(auth.part)
    app.register_blueprint(blog.part)
    app.add_url_rule("/", endpoint="front", view_func=blog.entries)

    @app.context_processor
    def names():
        return {"title": app.config.get("TITLE", "Journal"), "writer": g.get("writer")}

    @app.errorhandler(404)
    @app.errorhandler(403)
    def refused(error):
        return render_template("error.html", error=error), error.code

    @app.after_request
    def count_queries(response):
        response.headers["X-Queries"] = str(g.get("queries", 0))
        return response

    return app
