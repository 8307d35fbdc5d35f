"""Flask-CORS: who may read from where, and what a browser is told when it asks first."""

from flask import Blueprint, Flask, abort, jsonify
from flask_cors import CORS, cross_origin
from show import show

app = Flask("birds")
CORS(
    app,
    resources={
        r"/api/*": {"origins": ["https://one.test", r"https://.*\.two\.test"], "max_age": 60},
        r"/open": {"origins": "*", "send_wildcard": True},
    },
    supports_credentials=False,
)
part = Blueprint("part", __name__, url_prefix="/part")
CORS(part, origins="https://part.test", supports_credentials=True, expose_headers=["X-Count"])


@app.route("/api/birds", methods=["GET", "PUT"])
def birds():
    return jsonify(["wren"])


@app.route("/api/broken")
def broken():
    abort(404)


@app.route("/open")
def wide():
    return "open"


@app.route("/closed")
def closed():
    return "closed"


@app.route("/one")
@cross_origin(origins="https://only.test", methods=["GET"], allow_headers=["X-Key"])
def one():
    return "one"


@part.route("/")
def of_part():
    return "part", {"X-Count": "1"}


app.register_blueprint(part)


def ask(path, origin, method=None, headers=None):
    sent = {"Origin": origin}
    if method is None:
        return app.test_client().get(path, headers=sent)
    sent["Access-Control-Request-Method"] = method
    if headers:
        sent["Access-Control-Request-Headers"] = headers
    return app.test_client().options(path, headers=sent)


show("no origin", app.test_client().get("/api/birds"))
show("simple", ask("/api/birds", "https://one.test"))
show("by pattern", ask("/api/birds", "https://a.two.test"))
show("not allowed", ask("/api/birds", "https://evil.test"))
show("preflight", ask("/api/birds", "https://one.test", "PUT", "X-Key, X-Other"))
show("preflight, not allowed", ask("/api/birds", "https://evil.test", "PUT"))
show("an error", ask("/api/broken", "https://one.test"))
show("no such page", ask("/api/nowhere", "https://one.test"))
show("open to all", ask("/open", "https://evil.test"))
show("closed", ask("/closed", "https://one.test"))
show("decorated", ask("/one", "https://only.test"))
show("decorated, preflight", ask("/one", "https://only.test", "GET", "X-Key, X-Other"))
show("blueprint", ask("/part/", "https://part.test"))
show("blueprint, preflight", ask("/part/", "https://part.test", "GET"))
