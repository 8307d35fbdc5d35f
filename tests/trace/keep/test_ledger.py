"""The ledger: what it keeps, for how long, and who gets it."""

import stat

import pytest

from flasktrace.trace.keep import ledger as ledgers
from flasktrace.trace.keep.errors import StoreRefusedError
from flasktrace.trace.keep.ledger import MemoryLedger, SqliteLedger, ledger_for
from tests.trace.keep.processes import exit_code, forked

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request, tmp_path, clock):
    kept = MemoryLedger(clock) if request.param == "memory" else SqliteLedger(tmp_path / "l", clock)
    yield kept
    kept.close()


def test_a_value_is_kept_until_it_expires(ledger, clock):
    ledger.add("session", "key", 60, "ada")
    clock.now += 59.9
    before = ledger.get("session", "key")
    clock.now += 0.1

    assert (before, ledger.get("session", "key")) == ("ada", None)


def test_kinds_and_keys_are_told_apart(ledger):
    ledger.add("session", "key", 60, "ada")

    assert ledger.get("link", "key") is None
    assert ledger.get("session", "KEY") is None
    assert ledger.get("session", "") is None


def test_an_entry_without_a_value_is_there(ledger):
    ledger.add("link", "key", 60)

    assert ledger.get("link", "key") == ""


def test_a_later_entry_replaces_the_first(ledger, clock):
    ledger.add("session", "key", 60, "one")
    ledger.add("session", "key", 120, "two")
    clock.now += 100

    assert ledger.get("session", "key") == "two"
    assert ledger.count("session", 0) == 1


def test_what_is_taken_is_gone(ledger):
    ledger.add("link", "key", 60, "x")

    assert [ledger.take("link", "key") for _ in range(2)] == ["x", None]


def test_what_has_expired_cannot_be_taken(ledger, clock):
    ledger.add("link", "key", 60, "x")
    clock.now += 61

    assert ledger.take("link", "key") is None


def test_what_is_removed_is_gone_and_removing_it_again_is_no_error(ledger):
    ledger.add("session", "key", 60, "x")
    ledger.remove("session", "key")
    ledger.remove("session", "key")

    assert ledger.get("session", "key") is None


def test_recent_entries_of_a_kind_are_counted(ledger, clock):
    for n in range(5):
        ledger.add("failure", str(n), 10, "")
        clock.now += 2
    ledger.add("session", "key", 60, "x")

    assert ledger.count("failure", 1004.0) == 3
    assert ledger.count("failure", 0) == 4
    assert ledger.count("nothing", 0) == 0


def test_odd_texts_are_kept_as_they_are(ledger):
    ledger.add("k\0\ud800", "\udcff\0", 60, "\ud800\0é")

    assert ledger.get("k\0\ud800", "\udcff\0") == "\ud800\0é"


def test_a_flood_of_one_kind_does_not_push_out_another(ledger, monkeypatch):
    monkeypatch.setattr(ledgers, "MAX_ENTRIES", 5)
    ledger.add("session", "key", 60, "x")
    for n in range(20):
        ledger.add("failure", str(n), 60, "")

    assert ledger.count("failure", 0) == 5
    assert ledger.get("failure", "19") == ""
    assert ledger.get("failure", "14") is None
    assert ledger.get("session", "key") == "x"


def test_keys_are_not_in_the_file_and_only_the_owner_can_read_it(tmp_path):
    ledger = SqliteLedger(tmp_path / "folder" / "ledger")
    ledger.add("link", "very-secret-key", 60, "x")
    files = list((tmp_path / "folder").iterdir())

    assert not [file for file in files if b"very-secret-key" in file.read_bytes()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    ledger.close()


def test_asking_creates_no_file(tmp_path):
    ledger = SqliteLedger(tmp_path / "ledger")
    ledger.get("a", "b"), ledger.take("a", "b"), ledger.count("a", 0), ledger.remove("a", "b")

    assert not list(tmp_path.iterdir())


def test_of_several_processes_only_one_can_take(tmp_path):
    ledger = SqliteLedger(tmp_path / "ledger")
    keys = [str(n) for n in range(20)]
    for key in keys:
        ledger.add("link", key, 60, "x")

    def work(n: int) -> None:
        for key in keys:
            if ledger.take("link", key):
                (tmp_path / f"{key}-{n}").touch()

    codes = [exit_code(pid) for pid in [forked(lambda n=n: work(n)) for n in range(4)]]
    taken = [path.name.split("-")[0] for path in tmp_path.iterdir() if path.name[0].isdigit()]
    ledger.close()

    assert codes == [0] * 4
    assert sorted(taken) == sorted(keys)


def test_a_link_in_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "ledger").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreRefusedError):
        SqliteLedger(tmp_path / "ledger").add("a", "b", 60)

    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("ask", [SqliteLedger.get, SqliteLedger.take])
def test_a_damaged_one_is_set_aside_by_who_asks(tmp_path, ask):
    ledger = SqliteLedger(tmp_path / "ledger")
    ledger.add("a", "b", 60)
    ledger.close()
    damaged = (tmp_path / "ledger").read_bytes()[:100] + b"\xff" * 3996
    (tmp_path / "ledger").write_bytes(damaged)
    later = SqliteLedger(tmp_path / "ledger")

    assert ask(later, "a", "b") is None
    later.add("a", "b", 60, "x")
    assert ask(later, "a", "b") == "x"
    assert [file.read_bytes() for file in tmp_path.glob("ledger.corrupt-*Z")] == [damaged]
    later.close()


def test_each_store_has_its_own_ledger_beside_it(tmp_path):
    ledger = ledger_for(f"sqlite:///{tmp_path}/traces.db")

    assert isinstance(ledger, SqliteLedger)
    assert ledger.path == tmp_path / "traces.db.ledger"
    assert isinstance(ledger_for("memory:"), MemoryLedger)


def test_a_ledger_and_a_store_do_not_take_each_others_files(tmp_path):
    from flasktrace.trace.keep.sqlite import SqliteStore

    ledger = SqliteLedger(tmp_path / "file")
    ledger.add("a", "b", 60)
    ledger.close()
    with pytest.raises(StoreRefusedError, match="another program"):
        SqliteStore(tmp_path / "file").count()
