"""An app of the real flask package, watched without a change to it.

Open /, then /members, then /members?key=open: the second is answered by the hook
``ask_for_key``, so its stages match and dispatch have little or nothing to show.
"""

import os
import time

from flask import Flask, Response, g, request

from flasktrace import wrap

app = Flask(__name__)


@app.before_request
def start_clock() -> None:
    g.started = time.perf_counter()


@app.before_request
def ask_for_key() -> tuple[str, int] | None:
    if request.path == "/members" and request.args.get("key") != "open":
        return "Members only.\n", 403
    return None


@app.after_request
def tell_time(response: Response) -> Response:
    response.headers["X-Seconds"] = f"{time.perf_counter() - g.started:.6f}"
    return response


@app.route("/")
def home() -> str:
    return "Hello from Flask!\n"


@app.route("/members")
def members() -> str:
    return "Welcome inside.\n"


wrap(app)

if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "5000")), debug=True)
