"""The notes of a recording: small tuples of plain values, cheap to take.

Each begins with one of the words below and the time in nanoseconds since the begin of the request.
What follows is listed here; `Story` reads it.
"""

from typing import Any

from flasktrace import signals

Note = tuple[Any, ...]

WSGI = "wsgi"
"""Name of the host of an app that is no Flask app."""
NO_RESPONSE = "returned None instead of a response"
"""Outcome of a hook after the view that forgot to return one."""

STAGE = signals.STAGE
"""name, who asked for it (or None)"""
STAGE_END = signals.STAGE_END
"""name, the `Look` at its end (None: as at the latest `LOOK`; before the first one, that tells of
it), name of the exception's type (or None)"""
OVERRIDDEN = "overridden"
"""the `Place` of the method of the stage that has just begun: it is not the framework's"""
CALL = "call"
"""address of the function, kind, its `Place`; of the user's functions"""
CALL_END = "call end"
"""address, kind, place (or None, when its begin was noted), outcome in words, what it means for the
verdict (a word below, or "")"""
BEYOND = "beyond"
"""the `Place` of a function beyond the limit of spans, the end of which is seen next"""
TAKEN = "taken"
"""the `Place` of a method of the app's own that has answered an exception"""
WHY = "why"
"""why the function of the call that has just begun was chosen"""
SIGNAL = "signal"
"""name, the places of its receivers, how many more there are, whether each is a call, `Lane` (or
None)"""
HEARD = "heard"
"""name of the signal of a stage whose receivers have done what is seen next, their places, how many
more there are; no name when all of that was seen"""
LOOK = "look"
"""`Look` before, `Look` after, whether it is the framework's doing"""
RESPONSE = "response"
"""what changed of the response, as `response_look.differences`, whether by the framework, whether
by receivers of ``request_finished`` that were not seen to run"""
FAILED = "failed"
"""`Failure`, who raised it (a word below, or ""), through which wrapper of that one (empty for
none, None when nobody can tell)"""
ABORTED = "aborted"
"""status code, name of the HTTP error, who raised it (a word below, or ""), the function of the app
that is nearest to where it was raised (or None), through which wrapper, as for `FAILED`"""
TEMPLATE = "template"
"""name"""
TEMPLATE_END = "template end"
SPAN = "span"
"""number, kind, name, attributes, `Lane` (or None); of the user's own spans, and of all that run in
another lane than the request's"""
SPAN_END = "span end"
"""number, outcome in words (or None), more attributes (not always)"""
EVENT = "event"
"""name, attributes, `Lane` (or None)"""
FOUND = "found"
"""each context that stood there before the request, as a `Remnant`"""
GONE = "gone"
"""each of those that the request has taken away"""
LEFT = "left"
"""each context that the request has left behind"""
HEED = "heed"
"""what, as `signals.Watcher.heed` has it, the name of the lane (or None), its contexts, each as a
`Remnant`"""
BODY = "body"
BODY_END = "body end"
"""chunks, bytes"""

ANSWERED = "answered"
"""A hook before the view answered."""
HANDLED = "handled"
"""An error handler answered."""
REPLACED = "replaced"
"""A hook after the view gave another response."""

BY_CALL = "call"
"""The call that has just ended raised it."""
BY_LATE_CALL = "late call"
"""The same, of an HTTP error that came when the framework makes no answer of it any more."""
BY_ABORTED = "aborted"
"""It is the HTTP error that was noted before."""
