"""The smallest app: open /, then /hello/Ada, then /hallo/Ada, and read their traces at /_trace."""

import os

from flasktrace import Flask, wrap

app = Flask(__name__)


@app.route("/")
@app.route("/hello/<name>")
def hello(name: str = "World") -> str:
    return f"Hello, {name}!\n"


wrap(app)

if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "5000")), debug=True)
