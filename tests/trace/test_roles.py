"""Roles of spans; hooks and answers are tried in test_contracts."""

import pytest

from flasktrace.trace.roles import shape


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM a WHERE id = 1", "SELECT * FROM a WHERE id = ?"),
        (
            "SELECT  *\n FROM a WHERE n='it''s' AND x = -1.5e3",
            "SELECT * FROM a WHERE n=? AND x = ?",
        ),
        ("DELETE FROM t1 WHERE id IN (1, 2,3)", "DELETE FROM t1 WHERE id IN (?)"),
        ("INSERT INTO a VALUES (?, ?), (?, ?)", "INSERT INTO a VALUES (?)"),
        ("SELECT a.b2, now()::date FROM a", "SELECT a.b2, now()::date FROM a"),
        ("SELECT :name, %(id)s, %s, $1, ?2", "SELECT ?, ?, ?, ?, ?"),
        ("", ""),
    ],
)
def test_shape_of_a_query(query, expected):
    assert shape(query) == expected
    assert shape(expected) == expected
