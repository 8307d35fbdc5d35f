"""Flask-SQLAlchemy: a model stored, listed, changed back; the session ends with the context."""
# ruff: noqa: T201 - what is printed is compared

from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.record_queries import get_recorded_queries
from show import show
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class Bird(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


def create_app():
    app = Flask("birds")
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", SQLALCHEMY_RECORD_QUERIES=True)
    db.init_app(app)
    with app.app_context():
        db.create_all()
    return app


app = create_app()


@app.get("/")
def birds():
    found = db.session.execute(db.select(Bird).order_by(Bird.name)).scalars()
    return jsonify([bird.name for bird in found])


@app.post("/")
def add():
    bird = Bird(name=request.form["name"])
    db.session.add(bird)
    if "break" in request.form:
        db.session.flush()
        raise LookupError("before the commit")
    db.session.commit()
    return {"id": bird.id}, 201


@app.get("/<int:number>")
def one(number):
    return {"name": db.get_or_404(Bird, number).name}


@app.get("/pages")
def pages():
    page = db.paginate(db.select(Bird).order_by(Bird.id), per_page=2)
    return {"page": page.page, "of": page.pages, "names": [bird.name for bird in page]}


@app.get("/queries")
def queries():
    db.session.execute(db.select(Bird))
    return [info.statement.split()[0] for info in get_recorded_queries()]


@app.errorhandler(IntegrityError)
def there_already(_error):
    db.session.rollback()
    return "there already", 409


@app.errorhandler(LookupError)
def broken(error):
    return str(error), 500


ended = []
remove = db.session.remove


def noted_remove():
    ended.append(db.session.registry.has())
    remove()


db.session.remove = noted_remove

client = app.test_client()
show("none", client.get("/"))
show("stored", client.post("/", data={"name": "wren"}))
show("another", client.post("/", data={"name": "crow"}))
show("twice", client.post("/", data={"name": "wren"}))
show("broken off", client.post("/", data={"name": "dodo", "break": "1"}))
show("so it is not there", client.get("/"))
show("one", client.get("/1"))
show("no such", client.get("/99"))
client.post("/", data={"name": "kite"})
show("first page", client.get("/pages"))
show("second page", client.get("/pages?page=2"))
show("page that is not there", client.get("/pages?page=9"))
show("queries", client.get("/queries"))
print("sessions at the end of each request:", ended)

with app.app_context():
    outer = db.session()
    with app.app_context():
        print("a context within has a session of its own:", db.session() is not outer)
    print("and the outer one is still there:", db.session() is outer)
    db.session.add(Bird(name="gull"))
    db.session.rollback()
    print(db.session.query(Bird).count())
try:
    db.session.execute(db.select(Bird))
except RuntimeError:
    print("no session outside of a context")
with app.app_context():
    print("in a shell:", sorted(app.make_shell_context()))
