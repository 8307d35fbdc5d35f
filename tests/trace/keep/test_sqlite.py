"""The file: who may read it, how large it gets, and what it survives."""

import os
import signal
import sqlite3
import stat
import subprocess
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from flasktrace.trace.keep import database, sqlite
from flasktrace.trace.keep.errors import (
    StoreBusyError,
    StoreFullError,
    StoreLostError,
    StoreNewerError,
    StoreRefusedError,
)
from flasktrace.trace.keep.sqlite import SqliteStore
from flasktrace.trace.keep.store import open_store
from flasktrace.trace.query import Query
from tests.cases import long
from tests.trace.keep.processes import exit_code, forked, python
from tests.trace.samples import cart, many

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "traces.db"


@pytest.fixture
def store(path):
    opened = SqliteStore(path, patience=0.3)
    yield opened
    opened.close()


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def sound(path) -> bool:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()


def test_nothing_is_created_before_the_first_put(tmp_path):
    store = SqliteStore(tmp_path / "deep" / "traces.db")
    store.page(), store.get("0"), store.since(None), store.count(), store.clear(), store.health()
    store.put([])

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
def test_folder_and_files_are_for_their_owner_alone_whatever_the_umask(tmp_path, mask):
    store = SqliteStore(tmp_path / ".flasktrace" / "traces.db")
    before = os.umask(mask)
    try:
        store.put(many(1))
    finally:
        os.umask(before)
    folder = tmp_path / ".flasktrace"

    assert mode(folder) == 0o700
    assert {p.name for p in folder.iterdir() if mode(p) == 0o600} >= {
        "traces.db", "traces.db-wal", "traces.db-shm",
    }  # fmt: skip
    store.close()


def test_the_default_folder_keeps_itself_out_of_git(tmp_path):
    store = SqliteStore(tmp_path / ".flasktrace" / "traces.db")
    store.put(many(1))
    store.close()

    assert (tmp_path / ".flasktrace" / ".gitignore").read_text() == "*\n"


def test_a_folder_that_was_there_stays_as_it_was(tmp_path):
    tmp_path.chmod(0o755)
    store = SqliteStore(tmp_path / "traces.db")
    store.put(many(1))
    store.close()

    assert mode(tmp_path) == 0o755
    assert [file.name for file in tmp_path.iterdir()] == ["traces.db"]


def test_a_file_of_ours_that_others_could_read_is_closed_to_them(path, store):
    store.put(many(1))
    store.close()
    path.chmod(0o644)
    store.page()

    assert mode(path) == 0o600


@pytest.mark.parametrize("name", ["traces.db", "traces.db-wal"])
@pytest.mark.parametrize("target", ["there", "missing"])
def test_a_symbolic_link_is_refused(tmp_path, path, store, name, target):
    (tmp_path / "there").write_bytes(b"")
    (tmp_path / name).symlink_to(tmp_path / target)
    with pytest.raises(StoreRefusedError, match="symbolic link"):
        store.put(many(1))

    assert not (tmp_path / "missing").exists()
    assert (tmp_path / "there").read_bytes() == b""


def test_a_folder_in_place_of_the_file_is_refused(path, store):
    path.mkdir()
    with pytest.raises(StoreRefusedError, match="regular file"):
        store.put(many(1))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_what_belongs_to_somebody_else_is_refused(tmp_path, path, store):
    path.write_bytes(b"")
    os.chown(path, 12345, -1)
    with pytest.raises(StoreRefusedError, match="somebody else"):
        store.put(many(1))
    folder = tmp_path / ".flasktrace"
    folder.mkdir()
    os.chown(folder, 12345, -1)
    with pytest.raises(StoreRefusedError, match="somebody else"):
        SqliteStore(folder / "traces.db").put(many(1))


def test_the_database_of_another_program_is_left_alone(path, store):
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE users (name)")
    other.commit()
    other.close()
    path.chmod(0o644)
    before = path.read_bytes()
    with pytest.raises(StoreRefusedError, match="another program"):
        store.put(many(1))
    with pytest.raises(StoreRefusedError, match="another program"):
        store.page()

    assert path.read_bytes() == before
    assert mode(path) == 0o644


def test_an_empty_file_is_filled(path, store):
    path.write_bytes(b"")

    assert store.count() == 0
    assert path.read_bytes() == b""
    store.put(many(2))
    assert store.count() == 2


def test_the_file_says_what_it_is(path, store):
    store.put(many(1))
    connection = sqlite3.connect(path)
    facts = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("user_version", "application_id", "auto_vacuum", "journal_mode")
    ]
    connection.close()

    assert facts == [2, sqlite.SCHEMA.application_id, 2, "wal"]


def test_a_newer_file_is_read_and_never_written(path, store):
    store.put(many(3))
    store.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=7")
    connection.close()
    with pytest.raises(StoreNewerError, match="schema 7"):
        store.put(many(5))
    with pytest.raises(StoreNewerError):
        store.clear()

    assert store.count() == 3
    assert "update flasktrace" in str(store.health()["state"])
    assert not [p for p in path.parent.iterdir() if "corrupt" in p.name]


def test_the_oldest_leave_when_there_are_too_many(path):
    store = SqliteStore(path, max_traces=100)
    for n in range(0, 640, 64):
        store.put(many(640)[n : n + 64])
    newest = [int(s.id, 16) for s in store.page(limit=1000).summaries]
    store.close()

    assert newest == list(range(639, 539, -1))


def test_the_oldest_leave_when_the_file_is_too_large(path):
    store = SqliteStore(path, max_bytes=2**20, max_traces=10**6)
    noise = os.urandom(20_000).hex()
    for n in range(100):
        body = replace(cart().response, body=noise)
        store.put([replace(cart(), id=f"{n:032x}", response=body)])
    count = store.count()
    newest = store.page(limit=1).summaries[0].id
    store.close()

    assert path.stat().st_size <= 2**20
    assert 20 < count < 60
    assert int(newest, 16) == 99


def test_the_oldest_leave_when_they_are_a_day_old(path):
    clock = {"now": 0.0}
    store = SqliteStore(path, now=lambda: clock["now"])
    store.put(many(90))
    clock["now"] = 86_401.0
    store.put([replace(cart(), id="f" * 32)])
    left = [s.id for s in store.page().summaries]
    store.close()

    assert left == ["f" * 32]


def test_clear_gives_the_space_back(path, store):
    store.put(many(400))
    full = path.stat().st_size + path.with_name("traces.db-wal").stat().st_size
    store.clear()

    assert path.stat().st_size + path.with_name("traces.db-wal").stat().st_size < full / 10


def test_a_stuck_reader_cannot_make_the_log_grow_without_end(path, monkeypatch):
    monkeypatch.setattr(sqlite, "WAL_TRUNCATE", 100_000)
    monkeypatch.setattr(sqlite, "WAL_MAX", 400_000)
    store = SqliteStore(path, max_traces=50)
    store.put(many(1))
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM trace").fetchall()
    with pytest.raises(StoreBusyError, match="reader"):
        put_often(store)
    stuck = path.with_name("traces.db-wal").stat().st_size
    reader.close()
    store._next_cut = 0.0
    store.put(many(20))
    cut = path.with_name("traces.db-wal").stat().st_size
    store.close()

    assert 400_000 <= stuck < 1_000_000
    assert cut < 200_000


def put_often(store) -> None:
    for _ in range(500):
        store.put(many(20))


def test_a_bad_trace_leaves_nothing_of_its_batch(store):
    with pytest.raises(TypeError):
        store.put([*many(2), replace(cart(), view_args={"x": object()})])

    assert store.count() == 0


@pytest.mark.parametrize("spot", ["header", "page", "text", "short"])
def test_a_damaged_file_is_set_aside_once_and_begun_anew(path, store, spot):
    store.put(many(30))
    store.close()
    good = path.read_bytes()
    damage = {
        "header": b"\0" * 100 + good[100:],
        "page": good[:4096] + b"\xff" * 40_000 + good[44_096:],
        "text": b"this is no database, it is a text\n" * 500,
        "short": good[:6000],
    }
    path.write_bytes(damage[spot])
    store.put(many(3))
    aside = [p for p in path.parent.iterdir() if ".corrupt-" in p.name and p.name[-1] == "Z"]

    assert store.count() == 3
    assert [p.read_bytes() for p in aside] == [damage[spot]]
    assert store.health()["set_aside"] == str(aside[0])


def test_a_file_damaged_for_the_second_time_is_given_up(path, store):
    store.put(many(1))
    for _ in range(2):
        store.close()
        path.write_bytes(b"no database" * 1000)
        try:
            store.put(many(1))
        except StoreLostError as error:
            message = str(error)

    assert "damaged again" in message
    assert len([p for p in path.parent.iterdir() if ".corrupt-" in p.name]) == 1


TEXT = b"this is no database, it is a text\n"


@pytest.mark.parametrize("text", [TEXT * 500, TEXT, b"xy", b"SQLite format 2\0" + TEXT * 40])
@pytest.mark.parametrize("use", [SqliteStore.count, SqliteStore.clear, lambda s: s.put(many(1))])
def test_a_file_that_is_no_database_is_left_alone(tmp_path, path, store, text, use):
    path.write_bytes(text)
    path.chmod(0o644)
    with pytest.raises(StoreRefusedError, match="no SQLite database, and so no trace store"):
        use(store)

    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("traces.db", text)]
    assert mode(path) == 0o644


def test_the_damaged_database_of_another_program_is_left_alone(tmp_path, path, store):
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE users (name)")
    damaged = path.read_bytes()[:100] + b"\xff" * 3996
    path.write_bytes(damaged)
    with pytest.raises(StoreRefusedError, match="does not say that it is a trace store"):
        store.put(many(1))

    assert [file.read_bytes() for file in tmp_path.iterdir()] == [damaged]


def test_a_damaged_store_of_an_earlier_process_is_set_aside_by_its_header(tmp_path, path, store):
    store.put(many(30))
    store.close()
    damaged = path.read_bytes()[:100] + b"\xff" * 3996
    path.write_bytes(damaged)
    with closing(SqliteStore(path)) as later:
        later.put(many(2))
        count = later.count()

    assert count == 2
    assert [p.read_bytes() for p in tmp_path.glob("*.corrupt-*Z")] == [damaged]


@pytest.mark.parametrize("use", [SqliteStore.count, SqliteStore.page, SqliteStore.clear])
def test_who_puts_nothing_in_leaves_a_damaged_store_where_it_is(tmp_path, path, store, use):
    store.put(many(30))
    store.close()
    damaged = path.read_bytes()[:100] + b"\xff" * 3996
    path.write_bytes(damaged)
    for reader in (store, SqliteStore(path)):
        with pytest.raises(StoreLostError, match="will set it aside"):
            use(reader)

    assert [file.read_bytes() for file in tmp_path.iterdir()] == [damaged]


def test_two_stores_that_see_the_damage_move_the_file_once(path):
    stores = [SqliteStore(path) for _ in range(2)]
    for one in stores:
        one.put(many(2))
        one.close()
    path.write_bytes(b"no database" * 1000)
    for n, one in enumerate(stores):
        one.put([replace(cart(), id=f"{n:032x}")])
    counts = [one.count() for one in stores]
    for one in stores:
        one.close()

    assert counts == [2, 2]
    assert len([p for p in path.parent.iterdir() if ".corrupt-" in p.name]) == 1


def test_a_file_that_is_removed_while_open_is_made_anew(path, store):
    store.put(many(5))
    for file in path.parent.iterdir():
        file.unlink()

    assert store.count() == 0
    store.put(many(2))
    assert store.count() == 2
    assert sound(path)


def test_a_file_that_is_replaced_while_open_is_read_instead(tmp_path, path, store):
    other = SqliteStore(tmp_path / "other.db")
    other.put(many(7))
    other.close()
    store.put(many(2))
    for ending in ("", "-wal", "-shm"):
        (tmp_path / f"traces.db{ending}").unlink()
    (tmp_path / "other.db").rename(path)

    assert store.count() == 7


def test_a_full_disk_is_told_apart_and_nothing_is_lost(path, store):
    store.put(many(10))
    store.close()
    store._database.pragmas = (*database.PRAGMAS, "max_page_count=20")
    with pytest.raises(StoreFullError, match="full"):
        store.put(many(2000)[100:])

    assert store.count() == 10
    store.close()
    store._database.pragmas = database.PRAGMAS
    store.put(many(20))
    assert store.count() == 20


@long
@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount")
def test_a_real_full_disk_is_survived(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount here")
    try:
        store = SqliteStore(tmp_path / "traces.db", patience=0.3)
        store.put(many(5))
        with pytest.raises(StoreLostError):
            store.put(many(5000))
        filler = tmp_path / "filler"
        with pytest.raises(OSError, match="space"):
            filler.write_bytes(b"x" * 10**6)
        with pytest.raises(StoreLostError):
            store.put(many(500))
        filler.unlink()
        store.put(many(6))
        assert store.count() == 6
        store.close()
        assert sound(tmp_path / "traces.db")
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_lock_that_ends_is_waited_for(path):
    store = SqliteStore(path, patience=5)
    store.put(many(1))
    holder = python(HOLD, path)
    holder.stdout.readline()
    threading.Timer(0.5, holder.stdin.close).start()
    store.put(many(3))
    holder.wait()
    count = store.count()
    store.close()
    holder.stdout.close()

    assert count == 3


def test_a_lock_that_does_not_end_is_reported_and_the_file_stays(path, store):
    store.put(many(2))
    holder = python(HOLD, path)
    holder.stdout.readline()
    start = time.monotonic()
    with pytest.raises(StoreBusyError, match="locked"):
        store.put(many(3))
    waited = time.monotonic() - start
    readable = store.count()
    holder.communicate()
    store.put(many(4))

    assert readable == 2
    assert waited < 2
    assert store.count() == 4
    assert not [p for p in path.parent.iterdir() if "corrupt" in p.name]


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


def test_four_processes_write_at_once_and_nothing_is_missing(path):
    def work(n: int) -> None:
        own = SqliteStore(path, max_traces=10**6, patience=20)
        for m in range(50):
            own.put([replace(cart(), id=f"{n:016x}{m * 4 + k:016x}") for k in range(4)])

    children = [forked(lambda n=n: work(n)) for n in range(4)]
    codes = [exit_code(pid) for pid in children]
    store = SqliteStore(path)
    cursor, seen = 0, []
    while len(page := store.since(cursor, limit=150).summaries):
        seen += [s.id for s in page]
        cursor = store.since(cursor, limit=150).next
    store.close()

    assert codes == [0, 0, 0, 0]
    assert len(seen) == len(set(seen)) == 800
    assert sound(path)


def test_processes_that_meet_at_a_missing_file_make_one(tmp_path):
    for attempt in range(5):
        path = tmp_path / str(attempt) / "traces.db"

        def work(n: int, path=path) -> None:
            SqliteStore(path, patience=20).put([replace(cart(), id=f"{n:032x}")])

        codes = [exit_code(pid) for pid in [forked(lambda n=n: work(n)) for n in range(4)]]
        store = SqliteStore(path)
        count = store.count()
        store.close()

        assert (codes, count) == ([0] * 4, 4)


def test_a_writer_killed_at_any_moment_leaves_a_sound_file(path):
    for attempt in range(12):
        ready, tell = os.pipe()

        def work(tell=tell) -> None:
            store = SqliteStore(path, max_traces=40)
            store.put(many(1))
            os.write(tell, b"x")
            while True:
                store.put(many(30))

        pid = forked(work)
        os.read(ready, 1)
        time.sleep(0.003 * attempt)
        os.kill(pid, signal.SIGKILL)
        exit_code(pid)
        os.close(ready)
        os.close(tell)
        assert sound(path)
    store = SqliteStore(path)
    store.put(many(50))

    assert store.count() == 50
    assert not [p for p in path.parent.iterdir() if "corrupt" in p.name]
    store.close()


def test_parent_and_forked_child_both_go_on_writing(path, store):
    store.put(many(3))

    def work() -> None:
        for n in range(20):
            store.put([replace(cart(), id=f"{n:031x}c")])
        assert store.count() >= 23

    pid = forked(work)
    for n in range(20):
        store.put([replace(cart(), id=f"{n:031x}b")])

    assert exit_code(pid) == 0
    assert store.count() == 43
    assert sound(path)


def test_no_connection_is_open_while_the_process_forks(path, store):
    store.put(many(3))
    assert store._database._idle

    def work() -> None:
        assert not store._database._idle
        assert not [fd for fd in Path("/proc/self/fd").iterdir() if opened(fd, path)]

    assert exit_code(forked(work)) == 0
    assert store.count() == 3


def opened(descriptor: Path, path: Path) -> bool:
    try:
        return str(path) in str(descriptor.readlink())
    except OSError:
        return False


def test_a_child_forked_in_the_middle_of_a_transaction_never_touches_the_file(
    path, store, monkeypatch
):
    monkeypatch.setattr(database, "FORK_WAIT", 0.05)
    store.put(many(3))
    inside, go_on = threading.Event(), threading.Event()

    def stay(connection: sqlite3.Connection) -> None:
        inside.set()
        go_on.wait(10)

    thread = threading.Thread(target=store._database.write, args=(stay,))
    thread.start()
    inside.wait(10)

    def work() -> None:
        with pytest.raises(StoreLostError, match="forked"):
            store.count()

    code = exit_code(forked(work))
    go_on.set()
    thread.join()
    store.put(many(5))

    assert code == 0
    assert store.count() == 5
    assert sound(path)


def test_a_write_has_the_lock_before_it_reads_anything(path, store):
    store.put(many(1))
    other = sqlite3.connect(path, timeout=0, isolation_level=None)

    def work(connection: sqlite3.Connection) -> None:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")

    store._database.write(work)
    other.close()


def test_threads_share_a_store(path):
    store = SqliteStore(path, max_traces=10**6, patience=20)
    failures = []

    def work(n: int) -> None:
        try:
            for m in range(20):
                store.put([replace(cart(), id=f"{n:016x}{m:016x}")])
                store.page(limit=5)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count = store.count()
    store.close()

    assert (failures, count) == ([], 120)


def test_a_damaged_row_is_left_out_and_the_others_are_shown(path, store):
    store.put(many(3))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE trace SET summary = '{', trace = x'00' WHERE seq = 2")
    connection.commit()
    connection.close()

    assert [int(s.id, 16) for s in store.page().summaries] == [2, 0]
    assert store.get(f"{1:032x}") is None


def test_a_reader_can_share_a_file_with_a_writer(path, store):
    reader = open_store(f"sqlite:///{path}")
    store.put(many(3))
    first = reader.count()
    store.put(many(6))

    assert (first, reader.count()) == (3, 6)
    reader.close()


def test_a_file_of_the_first_schema_is_brought_up_to_date(path, monkeypatch):
    first = replace(sqlite.SCHEMA, steps=sqlite.SCHEMA.steps[:1])
    columns = ["id", "stored", "status", "method", "path", "endpoint", "outcome", "exc", "dur"]
    columns += ["marks", "words", "app", "pid", "label", "summary", "trace"]
    marks = ", ".join(f":{name}" for name in columns)
    insert = f"INSERT INTO trace ({', '.join(columns)}) VALUES ({marks})"
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "SCHEMA", first)
        patch.setattr(sqlite, "_INSERT", insert)
        old = SqliteStore(path)
        old.put(many(5))
        old.close()

    store = SqliteStore(path)
    store.put([cart()])

    assert store.count() == 6
    by_minute = Query.parse("time:2026-11-23T10:20:30.123456")
    assert len(store.page(query=by_minute).summaries) == 6
    assert len(store.page(points=9).points) == 6
    store.close()
