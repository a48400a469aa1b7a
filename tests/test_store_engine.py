"""The engine room: what is acknowledged is on the disk, and nobody is hurt by a neighbour, a crash or a full disk."""

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from bot.store import engine, migrating
from bot.store.driver import sqlite3
from bot.store.engine import Store
from bot.store.errors import CannotOpen, NotDrained, NotStored, OlderDatabase, StoreClosed
from bot.store.lock import AlreadyHeld, acquire
from bot.store.tables import clinic, person
from tests.conftest import copied

ADD = insert(clinic)
NAMES = select(clinic.c.name).order_by(clinic.c.id)
COUNT = select(func.count()).select_from(clinic)


def now() -> datetime:
    return datetime(2026, 11, 3, 10, 15, tzinfo=UTC)


def add(connection: Connection, name: str) -> str:
    connection.execute(ADD, {"name": name, "zone": "UTC"})
    return name


def names(connection: Connection) -> list[str]:
    return list(connection.scalars(NAMES))


def count(connection: Connection) -> int:
    return connection.execute(COUNT).scalar_one()


def add_then_fail(connection: Connection, name: str) -> None:
    add(connection, name)
    raise LookupError(name)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy: making one takes Alembic a while."""
    path = tmp_path_factory.mktemp("made") / "accord.db"
    migrating.bring_up_to_date(path, now)
    return path


@pytest.fixture
def path(tmp_path: Path, made: Path) -> Path:
    return copied(made, tmp_path)


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    async with await Store.open(path, now=now) as store:
        yield store


def seen_by_another_process(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as other:
        return [name for (name,) in other.execute("SELECT name FROM clinic ORDER BY id")]


class Gate:
    """A transaction that stays open until it is told to go on, so that others queue behind it."""

    def __init__(self) -> None:
        self._entered, self._open = threading.Event(), threading.Event()

    def __call__(self, _: Connection) -> None:
        self._entered.set()
        assert self._open.wait(60)

    async def entered(self) -> None:
        await asyncio.to_thread(self._entered.wait, 60)

    def open(self) -> None:
        self._open.set()


async def queued_together(store: Store, *coroutines: Coroutine[None, None, object]) -> list[object]:
    """Start all of them while the writer is held, so that they end up in one group with what holds it."""
    gate = Gate()
    holding = asyncio.create_task(store.write(gate))
    await gate.entered()
    tasks = [asyncio.create_task(one) for one in coroutines]
    await asyncio.sleep(0)
    gate.open()
    return (await asyncio.gather(holding, *tasks, return_exceptions=True))[1:]


# One transaction


async def test_what_is_acknowledged_is_committed_and_read(store: Store, path: Path) -> None:
    assert await store.write(add, "North") == "North"
    assert seen_by_another_process(path) == ["North"]
    assert await store.read(names) == ["North"]


async def test_a_function_that_raises_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(LookupError, match="South"):
        await store.write(add_then_fail, "South")
    assert await store.read(names) == []


async def test_a_broken_rule_arrives_as_sqlalchemy_calls_it_and_without_the_words(store: Store) -> None:
    secret = {"clinic_id": 99, "role": "patient", "code": "my words", "zone": "UTC", "lang": "en", "state": "active",
              "key_id": "own"}  # fmt: skip
    with pytest.raises(IntegrityError, match="FOREIGN KEY") as raised:
        await store.write(lambda connection: connection.execute(insert(person), secret).rowcount)
    assert "my words" not in str(raised.value)


async def test_a_function_may_undo_a_part_of_its_own_work(store: Store) -> None:
    def first_or_second(connection: Connection) -> None:
        add(connection, "kept")
        with pytest.raises(LookupError), connection.begin_nested():
            add_then_fail(connection, "undone")

    await store.write(first_or_second)
    assert await store.read(names) == ["kept"]


async def test_a_function_cannot_end_the_transaction_it_shares(store: Store) -> None:
    def commits(connection: Connection) -> None:
        add(connection, "committed")
        connection.commit()

    def rolls_back(connection: Connection) -> None:
        add(connection, "rolled back")
        connection.rollback()

    def leaves_a_savepoint_open(connection: Connection) -> None:
        connection.begin_nested()
        add(connection, "in a savepoint")

    culprits = (commits, rolls_back, leaves_a_savepoint_open)
    results = await queued_together(
        store, store.write(add, "a"), *(store.write(culprit) for culprit in culprits), store.write(add, "b")
    )
    for result, reason in zip(results[1:4], ("does not commit", "does not roll back", "savepoint open"), strict=True):
        assert reason in str(result)
    assert await store.read(names) == ["a", "b"]


async def test_a_result_cannot_leave_the_transaction(store: Store) -> None:
    with pytest.raises(TypeError, match="return rows"):
        await store.write(lambda connection: connection.execute(NAMES))
    with pytest.raises(TypeError, match="return rows"):
        await store.write(lambda connection: connection.scalars(NAMES))


async def test_an_error_that_a_future_refuses_still_arrives(store: Store) -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        await store.write(lambda connection: next(iter(names(connection))))


async def test_nobody_writes_between_what_a_transaction_reads_and_what_it_writes(store: Store, path: Path) -> None:
    def reads_then_writes(connection: Connection) -> None:
        before = count(connection)
        with (
            closing(sqlite3.connect(path, timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("INSERT INTO clinic (name, zone) VALUES ('between', 'UTC')")
        add(connection, f"{before + 1}")

    await store.write(reads_then_writes)
    assert await store.read(names) == ["1"]


async def test_a_commit_is_on_the_disk_also_after_a_power_cut(store: Store) -> None:
    def pragma(connection: Connection, name: str) -> object:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

    full = 2
    assert await store.write(pragma, "synchronous") == full
    assert await store.write(pragma, "journal_mode") == "wal"


# Commits in groups


async def statements_of(store: Store) -> list[str]:
    """What the writer sends from now on."""
    statements: list[str] = []
    await store.write(lambda connection: engine._driver(connection).set_trace_callback(statements.append))
    statements.clear()
    return statements


async def test_what_queues_meanwhile_shares_one_commit(store: Store) -> None:
    statements = await statements_of(store)
    added = await queued_together(store, *(store.write(add, f"{number}") for number in range(50)))
    assert added == [f"{number}" for number in range(50)]
    assert statements.count("COMMIT") == 1


async def test_a_group_has_a_limit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "GROUP", 4)
    statements = await statements_of(store)
    await queued_together(store, *(store.write(add, f"{number}") for number in range(50)))
    assert statements.count("COMMIT") == 13
    assert await store.read(count) == 50


async def test_what_nobody_waits_for_lets_others_pass(store: Store) -> None:
    statements = await statements_of(store)
    later = [store.write_in_turn(add, f"later {number}") for number in range(9)]
    await queued_together(store, *later, store.write(add, "a tap"), store.write(add, "another"))
    assert (await store.read(names))[:2] == ["a tap", "another"]
    assert statements.count("COMMIT") == 2, "whoever taps does not wait for the end of the others either"


async def test_however_many_tap_the_others_have_their_turn(store: Store) -> None:
    later = [store.write_in_turn(add, f"later {number}") for number in range(2)]
    await queued_together(store, *later, *(store.write(add, f"{number}") for number in range(12)))
    added = await store.read(names)
    assert [added.index("later 0"), added.index("later 1")] == [5, 11]


async def test_a_failing_transaction_does_not_hurt_its_neighbours(store: Store) -> None:
    results = await queued_together(
        store, store.write(add, "before"), store.write(add_then_fail, "bad"), store.write(add, "after")
    )
    assert [type(result) for result in results] == [str, LookupError, str]
    assert await store.read(names) == ["before", "after"]


async def test_whoever_stops_waiting_disturbs_nobody(store: Store) -> None:
    gate = Gate()
    held = asyncio.create_task(store.write(gate))
    await gate.entered()
    gone, stays = asyncio.create_task(store.write(add, "gone")), asyncio.create_task(store.write(add, "stays"))
    await asyncio.sleep(0)
    held.cancel()
    gone.cancel()
    gate.open()
    assert await stays == "stays"
    assert await store.write(names) == ["gone", "stays"], "the transaction of one who left is whole all the same"


# Others at the same file


async def test_two_stores_write_to_one_file(store: Store, path: Path) -> None:
    async with await Store.open(path, now=now) as second:
        writes = [which.write(add, f"{number}") for number in range(50) for which in (store, second)]
        await asyncio.gather(*writes)
        assert await store.read(count) == await second.read(count) == 100


CHILD = """
import asyncio, sys
from datetime import UTC, datetime
from sqlalchemy import insert
from bot.store.engine import Store
from bot.store.tables import clinic

async def main():
    async with await Store.open(sys.argv[1], now=lambda: datetime(2026, 11, 3, tzinfo=UTC), migrate=False) as store:
        for number in range(int(sys.argv[2])):
            await store.write(lambda c: c.execute(insert(clinic), {"name": f"child {number}", "zone": "UTC"}).rowcount)
            print(number, flush=True)

asyncio.run(main())
"""


def child(path: Path, writes: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", CHILD, str(path), str(writes)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def test_another_process_writes_at_the_same_time(store: Store, path: Path) -> None:
    with child(path, 100) as other:
        assert other.stdout is not None
        await asyncio.to_thread(other.stdout.readline)
        for number in range(100):
            await store.write(add, f"{number}")
        other.stdout.read()
    assert other.returncode == 0
    assert await store.read(count) == 200


@pytest.mark.proof
def test_a_killed_process_loses_nothing_it_acknowledged(path: Path) -> None:
    for _ in range(5):
        before = len(seen_by_another_process(path))
        with child(path, 100_000) as other:
            assert other.stdout is not None
            acknowledged = [int(other.stdout.readline()) for _ in range(200)][-1] + 1
            other.send_signal(signal.SIGKILL)
            acknowledged += len([line for line in other.stdout.readlines() if line.endswith("\n")])
        kept = len(seen_by_another_process(path)) - before
        assert acknowledged <= kept <= acknowledged + 1


async def test_a_write_waits_for_another_process(store: Store, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(store.write(add, "patient"))
        await asyncio.sleep(0)
        assert await store.read(names) == [], "reading waits for nobody"
        other.execute("COMMIT")
    assert await waiting == "patient"


async def test_a_write_that_waited_too_long_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_MS", 1)
    async with await Store.open(path, now=now) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(NotStored, match="nothing was stored: database is locked"):
                await store.write(add, "late")
        assert await store.write(add, "next") == "next"


async def test_rows_left_unread_by_a_function_that_raised_do_not_hold_an_old_view(store: Store, path: Path) -> None:
    def begins(connection: Connection) -> None:
        rows = connection.execute(NAMES)
        raise KeyError(next(rows))

    def stops_in_the_middle(connection: Connection) -> None:
        try:
            begins(connection)
        except KeyError as error:
            raise LookupError("stopped") from error

    await store.write(lambda connection: [add(connection, f"{number}") for number in range(3)])
    with pytest.raises(LookupError) as stopped:
        await store.write(stops_in_the_middle)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("INSERT INTO clinic (name, zone) VALUES ('other', 'UTC')")
    assert await store.write(add, "next") == "next"
    assert stopped.value.__cause__ is not None, "it still says where it came from"


# Reading


async def test_reading_cannot_write(store: Store) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        await store.read(add, "never")


async def test_one_read_sees_one_moment(store: Store, path: Path) -> None:
    def twice(connection: Connection) -> tuple[int, int]:
        before = count(connection)
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("INSERT INTO clinic (name, zone) VALUES ('meanwhile', 'UTC')")
        return before, count(connection)

    assert await store.read(twice) == (0, 0)
    assert await store.read(count) == 1


async def test_more_readers_than_connections_take_turns(store: Store) -> None:
    await store.write(add, "North")
    assert await asyncio.gather(*(store.read(count) for _ in range(20))) == [1] * 20


async def test_a_reader_who_stops_waiting_leaves_the_pool_whole(store: Store) -> None:
    for _ in range(3 * engine.READERS):
        reading = asyncio.create_task(store.read(count))
        for _ in range(3):
            await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert await asyncio.gather(*(store.read(count) for _ in range(engine.READERS))) == [0] * engine.READERS


# The disk


@contextmanager
def full_disk(path: Path, spare: int = 0) -> Iterator[None]:
    """No file may grow past what the write-ahead log holds by now, plus `spare`."""
    wal = path.with_name(f"{path.name}-wal")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (wal.stat().st_size + spare, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


async def test_a_commit_that_fails_is_told_to_everybody_in_it(store: Store, path: Path) -> None:
    await store.write(add, "before")
    with full_disk(path):
        results = await queued_together(store, store.write(add, "a"), store.write(add_then_fail, "b"))
    assert [type(result) for result in results] == [NotStored, LookupError]
    assert await store.write(add, "after") == "after"
    assert seen_by_another_process(path) == ["before", "after"]


async def test_a_write_that_fills_the_disk_takes_no_half_of_a_group_with_it(store: Store, path: Path) -> None:
    def too_much(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA cache_size=1")  # so that pages reach the disk before the commit
        statement = insert(clinic).values(zone="UTC", name=bindparam("words"))
        for _ in range(40):
            connection.execute(statement, {"words": "x" * 4000})

    await store.write(add, "before")
    with full_disk(path, spare=20_000):
        results = await queued_together(store, store.write(add, "a"), store.write(too_much), store.write(add, "b"))
    assert isinstance(results[1], NotStored)
    told_stored = ["before", *(result for result in results if isinstance(result, str))]
    assert seen_by_another_process(path) == told_stored
    assert await store.write(add, "after") == "after"


async def test_what_sqlite_undid_by_itself_is_told_to_all_of_the_group(store: Store, path: Path) -> None:
    def as_with_a_full_disk(connection: Connection) -> None:
        connection.exec_driver_sql("ROLLBACK")
        raise NotStored("nothing was stored: disk full")

    results = await queued_together(store, store.write(add, "a"), store.write(as_with_a_full_disk))
    assert [str(result) for result in results] == ["nothing was stored: disk full"] * 2
    assert await store.write(add, "after") == "after"
    assert seen_by_another_process(path) == ["after"]


async def test_a_lost_connection_is_opened_anew(store: Store) -> None:
    with pytest.raises(NotStored):
        await store.write(lambda connection: engine._driver(connection).close())
    assert await store.write(add, "next") == "next"


# Opening and closing


async def test_a_missing_database_is_made(tmp_path: Path) -> None:
    async with await Store.open(str(tmp_path / "new.db"), now=now) as store:
        assert await store.write(add, "North") == "North"


async def test_a_database_is_not_made_for_one_who_may_not_migrate(tmp_path: Path) -> None:
    with pytest.raises(OlderDatabase):
        await Store.open(tmp_path / "new.db", now=now, migrate=False)
    assert not (tmp_path / "new.db").exists()


async def test_closing_finishes_what_is_queued(path: Path) -> None:
    store, gate = await Store.open(path, now=now), Gate()
    holding = asyncio.create_task(store.write(gate))
    await gate.entered()
    tasks = [asyncio.create_task(store.write(add, f"{number}")) for number in range(100)]
    later = [asyncio.create_task(store.write_in_turn(add, "later")) for _ in range(3)]
    reading = asyncio.create_task(store.read(count))
    await asyncio.sleep(0)
    closing = asyncio.create_task(store.close())
    await asyncio.wait([reading])
    gate.open()
    await closing
    assert await asyncio.gather(holding, *tasks, *later) == [None, *map(str, range(100)), *["later"] * 3]
    assert len(seen_by_another_process(path)) == 103
    assert not path.with_name("accord.db-wal").exists(), "every connection is closed"


async def test_a_closed_store_is_closed(path: Path) -> None:
    store = await Store.open(path, now=now)
    await store.close()
    await store.close()
    with pytest.raises(StoreClosed):
        await store.write(count)
    with pytest.raises(StoreClosed):
        await store.read(count)


async def test_closing_has_a_deadline(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CLOSING_S", 0.01)
    store, gate = await Store.open(path, now=now), Gate()
    stuck = asyncio.create_task(store.write(gate))
    await gate.entered()
    with pytest.raises(NotDrained, match=r"still busy 0\.01 seconds after"):
        await store.close()
    gate.open()
    await stuck


async def test_a_store_that_nobody_closed_is_complained_about(path: Path) -> None:
    store = await Store.open(path, now=now)
    thread = store._writer._thread
    with pytest.warns(ResourceWarning, match="never closed"):
        del store
    await asyncio.to_thread(thread.join, 60)
    assert not thread.is_alive()


LIGHT = """
import asyncio, sys
from datetime import UTC, datetime
from bot.store.engine import Store

async def main():
    global store
    store = await Store.open(sys.argv[1], now=lambda: datetime(2026, 11, 3, tzinfo=UTC))
    await store.write(lambda connection: None)
    await store.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())

asyncio.run(main())
print([name for name in ("alembic", "mako", "telegram") if name in sys.modules])
"""


def test_a_process_that_closed_nothing_ends_and_has_imported_nothing_heavy(path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", LIGHT, path], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "[]\n"


# One poller for one database

HOLDER = """
import sys
from bot.store.lock import acquire
lock = acquire(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_is_held_until_it_is_closed(path: Path) -> None:
    path.with_name("accord.db.lock").write_text("99 a host whose name was longer than ours\n" * 3)
    with acquire(path) as lock:
        with pytest.raises(AlreadyHeld, match=r"is already running the bot on .*accord\.db: stop that one") as held:
            acquire(path)
        assert (held.value.pid, held.value.host) == (os.getpid(), socket.gethostname())
        lock.close()
        acquire(path).close()


def test_a_lock_sees_through_another_name_of_the_file(path: Path) -> None:
    alias = path.with_name("alias.db")
    alias.symlink_to(path)
    with acquire(path), pytest.raises(AlreadyHeld):
        acquire(alias)


def test_a_holder_who_has_not_written_its_name_yet_is_another_process(path: Path) -> None:
    with acquire(path):
        path.with_name("accord.db.lock").write_text("")
        with pytest.raises(AlreadyHeld, match="another process is already running") as held:
            acquire(path)
    assert (held.value.pid, held.value.host) == (0, "")


def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match=r"accord\.db\.lock cannot be opened"):
        acquire(tmp_path / "missing" / "accord.db")


def test_a_lock_dies_with_its_process(path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AlreadyHeld) as held:
            acquire(path)
        assert held.value.pid == holder.pid
        holder.kill()
        holder.wait()
        acquire(path).close()
