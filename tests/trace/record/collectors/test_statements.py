import pytest

from flasktrace.trace.record.collectors.statements import Statements
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.redact import Redactor


def read(text, **limits):
    return Statements(Limits(**limits), Redactor()).of(text)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("SELECT * FROM users WHERE id = ?", [False]),
        ("SELECT password FROM users WHERE id = ?", [False]),
        ("SELECT id FROM users WHERE name = ? AND password = ?", [False, True]),
        ("SELECT id FROM users WHERE lower(u.password) = lower(?) AND id = ?", [True, False]),
        ('SELECT id FROM "users" WHERE "password" = %s LIMIT %s', [True, False]),
        ("SELECT 1 FROM a WHERE token IN (?, ?,?) AND n IN (?, ?)", [True] * 3 + [False] * 2),
        ("SELECT 1 FROM a WHERE pin BETWEEN ? AND ? AND n = ?", [True, True, False]),
        ("SELECT 1 FROM a WHERE coalesce(`password`, ?) = ?", [True, False]),
        ("UPDATE users SET password = ?, name = ? WHERE id = ?", [True, False, False]),
        ("INSERT INTO users (name, password) VALUES (?, ?)", [False, True]),
        ("INSERT INTO users (name, password) VALUES (?, ?), (?, ?)", [False, True] * 2),
        ("insert into u (a, b, api_key) values (?, now(1, 2), ?)", [False, True]),
        ("INSERT OR REPLACE INTO u ([token], n) VALUES ($1, $2)", [True, False]),
        (
            "INSERT INTO u (n, pwd) VALUES (?, hash(?, 'x')) ON CONFLICT DO UPDATE SET n = ?",
            [False, True, False],
        ),
        ("SELECT 'WHERE password = ' || ?", [False]),
        ("SELECT 1 -- password = \n WHERE n = ?", [False]),
        ("SELECT a::password_type FROM b WHERE n = ?", [False]),
    ],
)
def test_it_is_known_which_values_are_secret(text, secret):
    assert list(read(text).secret) == secret


def test_named_placeholders_are_known_by_their_column():
    known = read("SELECT 1 FROM a WHERE password = :given AND n = :n AND token = %(t)s AND b = @b")

    assert known.secret_names == {"given", "t"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SELECT 1 FROM a WHERE n = 'x'", "SELECT 1 FROM a WHERE n = 'x'"),
        ("SELECT 1 WHERE password = 'it''s'", "SELECT 1 WHERE password = ••• str(7)"),
        ('SELECT 1 WHERE password = "hunter2"', "SELECT 1 WHERE password = ••• str(9)"),
        ("SELECT 1 WHERE pin = 1234 AND n = 5", "SELECT 1 WHERE pin = ••• str(4) AND n = 5"),
        (
            "INSERT INTO u (name, password) VALUES ('ada', 'hunter2')",
            "INSERT INTO u (name, password) VALUES ('ada', ••• str(9))",
        ),
        ("SELECT 'eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.abc'", "SELECT '••• str(35)'"),
        ("SELECT 1 WHERE password = 'cut", "SELECT 1 WHERE password = ••• str(4)"),
    ],
)
def test_secret_literals_are_not_shown(text, shown):
    assert read(text).text == shown


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("SELECT * FROM users WHERE id IN (SELECT 1 FROM b)", "SELECT users"),
        ("insert into users values (1)", "INSERT users"),
        ("UPDATE users SET a = 1", "UPDATE users"),
        ("DELETE FROM users", "DELETE users"),
        ("CREATE TABLE IF NOT EXISTS users (id INTEGER)", "CREATE users"),
        ('SELECT 1 FROM "my users"', "SELECT my users"),
        ("PRAGMA foreign_keys", "PRAGMA"),
        ("COMMIT", "COMMIT"),
        ("", "query"),
    ],
)
def test_a_summary_names_verb_and_table(text, summary):
    assert read(text).summary == summary


def test_a_long_statement_is_cut_and_then_every_value_is_taken_for_a_secret():
    known = read("SELECT 1 WHERE n IN (" + "?, " * 1000 + "?)", statement=50)

    assert len(known.text) == 51
    assert known.secret == ()
    assert known.has_secrets


@pytest.mark.parametrize(
    "part", ["'", "(", "((a", '"', "--", "/*", "$$", "a = ", "?", "''", "::", "["]
)
def test_reading_is_linear(part):
    read(part * 20_000, statement=100_000)
