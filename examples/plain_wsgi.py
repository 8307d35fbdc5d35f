"""A WSGI callable without any framework, served by wsgiref.

Its stages are not visible, but the answer is: look at the time to the first byte, the chunks
and the seconds that the body took. Stop the download (curl -N, then Ctrl-C) to see it left.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING
from wsgiref.simple_server import make_server

from flasktrace import wrap

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


def countdown(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    if environ["PATH_INFO"] != "/":
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"Only / counts down.\n"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return numbers(5)


def numbers(start: int) -> Iterator[bytes]:
    for number in range(start, 0, -1):
        yield f"{number}\n".encode()
        time.sleep(0.1)
    yield b"Go!\n"


app = wrap(countdown, enabled=True)

if __name__ == "__main__":
    with make_server("127.0.0.1", int(os.environ.get("PORT", "5000")), app) as server:
        print(f"Counting down on http://127.0.0.1:{server.server_port}/")
        with suppress(KeyboardInterrupt):
            server.serve_forever()
