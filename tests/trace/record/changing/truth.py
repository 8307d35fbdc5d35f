"""What was changed, and by whom: found by reading everything before and after each function."""

from collections import Counter, defaultdict
from contextlib import contextmanager
from itertools import zip_longest

import flask.globals

import flasktrace
from flasktrace.globals import context_stack

FRAMEWORK = "the framework"
GIVEN = "x_"
"""How the names of those attributes of a request begin that the functions of an app give it."""


class Truth:
    """Writes down what differs between two readings, as the doing of who ran in between."""

    def __init__(self, lib):
        self.lib = lib
        #: Who, section, key, before and after.
        self.told = []
        self._running = [FRAMEWORK]
        self._known = {}
        self._response = self._head = None

    @contextmanager
    def by(self, who, response=None):
        """Let what changes in here be the doing of *who*, but for what others do in turn."""
        self._look()
        if response is not None and response is not self._response:
            self._response, self._head = response, _head(response)
        self._running.append(who)
        try:
            yield
        finally:
            self._look()
            self._running.pop()

    def give(self, response):
        """Give another response than that before; what differs is changed."""
        self._response = response
        return response

    def _look(self):
        for section, (owner, values) in _contexts(self.lib).items():
            before = self._known.get((section, id(owner)))
            if before is None:  # what a session brings is no change
                before = {} if section != "session" else values
            self._tell(section, before, values)
            # With its owner, lest another get the address.
            self._known[section, id(owner)] = values
            self._known[section, id(owner), "owner"] = owner
        if self._response is not None:
            before, self._head = self._head, _head(self._response)
            for name in {**before, **self._head}:
                was, now = Counter(before.get(name, ())), Counter(self._head.get(name, ()))
                pairs = zip_longest((was - now).elements(), (now - was).elements())
                self.told += [(self._running[-1], "response", name, *pair) for pair in pairs]

    def _tell(self, section, before, after):
        who = self._running[-1]
        for key in {**before, **after}:
            if before.get(key) != after.get(key):
                self.told.append((who, section, key, before.get(key), after.get(key)))


def _contexts(lib):
    """Return what the contexts on top hold: section to owner and texts; nothing is opened."""
    found = {}
    if lib is flasktrace:
        for context in context_stack()[-1:]:
            found["g"] = context.g, vars(context.g)
            found["session"] = context._session, context._session
            found["request"] = context.request, vars(context.request or found)
    else:
        app = flask.globals._cv_app.get(None)
        above = vars(flask.globals).get("_cv_request", flask.globals._cv_app).get(None)
        if app is not None:
            found["g"] = app.g, vars(app.g)
        if above is not None:
            kept = vars(above)
            session = kept.get("_session", kept.get("session"))
            request = kept.get("_request", kept.get("request"))
            found["session"] = session, session
            found["request"] = request, vars(request or above)
    return {
        section: (owner, _texts(values, GIVEN if section == "request" else ""))
        for section, (owner, values) in found.items()
        if owner is not None
    }


def _texts(values, begin):
    # dict.items, since the session notes who reads it.
    return {key: repr(value) for key, value in dict.items(values) if key.startswith(begin)}


def _head(response):
    """Return what is told of a response: key to texts."""
    kept, found = vars(response), defaultdict(list)
    for name, value in response.headers:
        found[f"header {name.lower()}"].append(hidden(name, value))
    body = kept.get("response")
    found["length"] = [_length(body) if isinstance(body, list) else "unknown"]
    found["status"] = [kept["_status"]]
    return found


def _length(chunks):
    length = sum(len(item.encode() if isinstance(item, str) else item) for item in chunks)
    return "1 byte" if length == 1 else f"{length} bytes"


def hidden(name, value):
    """Return the value of a header; of a cookie only that there is one."""
    return "a cookie" if name.lower() == "set-cookie" and value is not None else value


def merged(told):
    """Return, for each section and key, who has changed it in turn; what one does at once is one.

    Several headers may have one name: those are one only where one value became another.
    """
    found = defaultdict(list)
    for who, section, key, before, after in told:
        deeds = found[section, key]
        follows = deeds and deeds[-1][0] == who
        if follows and (section != "response" or deeds[-1][2] == before is not None):
            deeds[-1] = who, deeds[-1][1], after
        else:
            deeds.append((who, before, after))
    kept = {at: [deed for deed in deeds if deed[1] != deed[2]] for at, deeds in found.items()}
    return {at: deeds for at, deeds in kept.items() if deeds}
