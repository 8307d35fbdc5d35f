"""Prints a response so that two runs of one program can be compared line by line."""
# ruff: noqa: T201 - what is printed is compared

import base64
import re
import zlib


def show(what, response):
    """Print status, headers in order and body; the time of day and signatures are left out."""
    print(f"== {what}: {response.status}")
    for name, value in response.headers:
        print(f"{name}: {plain(name, value)}")
    print(response.get_data(as_text=True))


def plain(name, value):
    if name == "Date":
        return "now"
    if name != "Set-Cookie":
        return value
    value = re.sub(r"(?<=Expires=)(?!Thu, 01 Jan 1970)[^;]+", "later", value)
    return re.sub(r"^session=([^;]+)", lambda found: f"session={payload(found[1])}", value)


def payload(cookie):
    """Return what a session cookie says, without time and signature."""
    text = cookie.removeprefix(".").partition(".")[0]
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    data = zlib.decompress(data) if cookie.startswith(".") else data
    # Tokens and identifiers are random, or depend on the random.
    return re.sub(r'("(?:csrf_token|_id)":)"[0-9a-f]+"', r'\1"..."', data.decode())
