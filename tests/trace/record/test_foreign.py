import pytest

from flasktrace.trace.model import NOT_VISIBLE
from tests.trace.record.apps import WSGI_APPS
from tests.trace.record.same import assert_same

WORKING = {
    "a_view_of_django": "django",
    "a_view_of_bottle": "bottle",
    "a_resource_of_falcon": "falcon",
    "a_view_of_pyramid": "pyramid",
}


@pytest.mark.parametrize("name", WORKING)
def test_stages_of_another_framework_are_not_visible_but_the_users_own_marks_are(name):
    trace = assert_same(WSGI_APPS[name])[0]

    work = next(item for item in trace.spans if item.name == f"work of {WORKING[name]}")
    point = next(item for item in trace.events if item.span == work.id)
    assert {item.skipped for item in trace.stages} == {NOT_VISIBLE}
    assert {item.start_ns for item in trace.stages} == {None}
    assert trace.host == "wsgi"
    assert work.kind == "user"
    assert work.duration_ns > 0
    assert point.attributes == {"name": repr(WORKING[name])}
    assert NOT_VISIBLE.partition(" in")[0] in trace.verdict
