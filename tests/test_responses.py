"""Making a response by hand."""

import flasktrace
from flasktrace import Flask


def test_a_response_is_made_of_what_a_view_may_return():
    with Flask("app").test_request_context("/"):
        empty, text = flasktrace.make_response(), flasktrace.make_response("x", 201, {"X-A": "1"})

        assert (200, b"") == (empty.status_code, empty.data)
        assert (201, b"x", "1") == (text.status_code, text.data, text.headers["X-A"])
        assert [1] == flasktrace.make_response([1]).json
