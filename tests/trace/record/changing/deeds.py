"""Changes of all kinds that a function may make."""

from tests.trace.record.changing.truth import GIVEN

KEYS = "abc"
CONTAINERS = (
    lambda: [1],
    lambda: {"k": 1},
    lambda: [[1], {"k": 1}],
    lambda: {"k": {"z": [1]}},
    lambda: ([1],),
)


class Attributes:
    """The attributes of an object under the names that begin with *begin*, as a dict."""

    def __init__(self, owner, begin=""):
        self._owner, self._begin = owner, begin

    def __iter__(self):
        names = [name for name in vars(self._owner) if name.startswith(self._begin)]
        return iter([name.removeprefix(self._begin) for name in names])

    def __getitem__(self, key):
        return getattr(self._owner, self._begin + key)

    def __setitem__(self, key, value):
        setattr(self._owner, self._begin + key, value)

    def __delitem__(self, key):
        delattr(self._owner, self._begin + key)


def put(values, pick):
    number = pick.randint(1, 9)
    values[pick.choice(KEYS)] = pick.choice([number, f"v{number}", number + 0.5, None, True])


def put_container(values, pick):
    values["l" + pick.choice(KEYS)] = pick.choice(CONTAINERS)()


def change_inside(values, pick):
    """Change a container in place, at any depth."""
    found = [key for key in values if isinstance(values[key], list | dict | tuple)]
    if not found:
        put_container(values, pick)
        return
    inside = values[pick.choice(found)]
    while True:
        items = list(inside.values()) if isinstance(inside, dict) else inside
        deeper = [item for item in items if isinstance(item, list | dict | tuple)]
        if deeper and (isinstance(inside, tuple) or pick.random() < 0.7):
            inside = deeper[0]
        elif isinstance(inside, dict):
            inside[pick.choice("kxy")] = pick.randint(2, 9)
            return
        elif isinstance(inside, list):
            inside.append(pick.randint(2, 9))
            return
        else:
            return


def take(values, pick):
    for key in list(values)[:1]:
        del values[key]
    pick.random()


def put_again(values, pick):
    """Put the same value there once more, at the end of the keys: no change."""
    for key in list(values)[:1]:
        kept = values[key]
        if pick.random() < 0.5:
            del values[key]
        values[key] = kept


def put_and_take(values, pick):
    values["brief"] = pick.randint(1, 9)
    del values["brief"]


DEEDS = put, put, put_container, change_inside, change_inside, take, put_again, put_and_take


def status(response, pick):
    response.status = pick.choice([200, 201, "299 FINE", "404 NOT FOUND"])


def header(response, pick):
    response.headers[pick.choice(["X-A", "X-B"])] = f"v{pick.randint(1, 4)}"


def one_more(response, pick):
    response.headers.add(pick.choice(["X-A", "X-B"]), f"v{pick.randint(1, 4)}")


def without(response, pick):
    response.headers.pop(pick.choice(["X-A", "X-B"]), None)


def cookie(response, pick):
    response.set_cookie(f"c{pick.randint(1, 3)}", "v")


def data(response, pick):
    text = "ü" * pick.randint(0, 5)
    if not response.is_streamed:
        response.set_data(text)


def chunk(response, pick):
    if isinstance(response.response, list):
        response.response.append(pick.choice([b"more", b"x"]))


def kind(response, pick):
    response.mimetype = pick.choice(["text/plain", "text/html"])


RESPONSE_DEEDS = status, header, one_more, without, cookie, data, chunk, kind


def do(lib, pick, response=None, *, reads=True):
    """Make some changes; *reads* tells whether there is a request with a session."""
    for _ in range(pick.randint(1, 3)):
        what = pick.choice(["g", "g", "request", "session", "flash", "response"])
        if what == "g":
            pick.choice(DEEDS)(Attributes(lib.g._get_current_object()), pick)
        elif what == "response" and response is not None:
            pick.choice(RESPONSE_DEEDS)(response, pick)
        elif not reads:
            continue
        elif what == "request":
            pick.choice(DEEDS)(Attributes(lib.request._get_current_object(), GIVEN), pick)
        elif what == "session":
            pick.choice(DEEDS)(lib.session, pick)
        elif what == "flash":
            lib.flash(f"m{pick.randint(1, 9)}")
