"""The engine room: how a transaction gets to the disk. No query lives here, and nobody else opens the database.

Two verbs are the whole surface: `write(fn)` runs a synchronous function of a Core `Connection` as ONE transaction and
answers after it is on the disk; `read(fn)` runs one on a connection that cannot write. Whoever writes queries knows
nothing of threads, pools or SQLite, so this room can be rebuilt over PostgreSQL behind the same two verbs.

Writing goes through one thread with one connection and commits in groups: whatever was queued meanwhile goes into one
BEGIN IMMEDIATE … COMMIT, a savepoint for each, so that sixty-four taps cost one sync of the disk. There is no timer: a
lone write waits for nobody. What somebody at a phone waits for goes before what nobody waits for (`write_in_turn`).
Reading goes through a small pool of aiosqlite connections.
"""

import asyncio
import contextlib
import warnings
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, Concatenate, NoReturn, ParamSpec, Self, TypeVar

from sqlalchemy import URL, AdaptedConnection, Connection, Engine, NullPool, Result, create_engine, event
from sqlalchemy.engine import FilterResult
from sqlalchemy.util import greenlet_spawn

from bot.store import keyring, migrating, opening
from bot.store.as_told import as_told, forget_frames, not_stored
from bot.store.driver import asynchronous, sqlite3
from bot.store.errors import NotDrained, StoreClosed

P = ParamSpec("P")
T = TypeVar("T")

BUSY_MS = 5000  # how long a write waits for another process, such as the clinic's command line
GROUP = 64  # transactions in one commit at most: about 15 ms of work, so that the first does not wait long for the last
KNOWN = 500  # statements that a connection keeps ready; the bot has some three hundred, the driver's own is 128
READERS = 4  # connections for reading
CLOSING_S = 10.0  # how long close() waits for what is queued

_WRITING = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
_READING = ("foreign_keys=ON", "query_only=ON")


class Store:
    """An open database. Its owner closes it: `async with await Store.open(...) as store`."""

    def __init__(self, path: Path, copied: Path | None = None) -> None:
        self.copied = copied  # an older database as it was, before it was brought up to date
        self._loop = asyncio.get_running_loop()
        self._writer = _Writer(path, self._loop)
        self._readers = _reading_engine(path)
        self._seats = asyncio.Semaphore(READERS)  # whoever holds all of them knows that nobody reads
        self._closed = False

    @classmethod
    async def open(
        cls, path: Path | str, *, now: Callable[[], datetime], migrate: bool = True, encrypt: bool | None = None
    ) -> Self:
        """Open the database at `path`, first making, migrating and encrypting it if that is due (None: as it is).

        With `migrate=False` a database that is missing or older is refused with OlderDatabase. Raises NewerDatabase,
        NotADatabase, CannotOpen, BackupFailed, MigrationFailed, KeyMissing or NeedsCipher, all of them StoreError.
        """
        path = Path(path)
        if migrate:
            return cls(path, await asyncio.to_thread(migrating.bring_up_to_date, path, now, encrypt=encrypt))
        await asyncio.to_thread(migrating.require_newest, path)
        return cls(path)

    async def write(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn(connection, *args, **kwargs)` as one transaction and return its value once it is on the disk.

        `fn` is synchronous, runs in another thread, returns plain values (rows are fine, a Result is not) and neither
        commits nor rolls back: if it raises, all it did is undone and the error arrives here. Cancelling the wait does
        not stop the transaction. Raises NotStored if the disk or another process is in the way, StoreClosed.
        """
        value: T = await self._queued(_Job(fn, args, kwargs, self._loop.create_future()))
        return value

    async def write_in_turn(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for what nobody waits for: all that somebody does wait for goes first."""
        value: T = await self._queued(_Job(fn, args, kwargs, self._loop.create_future(), in_turn=True))
        return value

    async def _queued(self, job: "_Job") -> Any:
        if self._closed:
            raise StoreClosed("the database is closed")
        self._writer.queue.put(job)
        return await job.future

    async def read(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn(connection, *args, **kwargs)` on one consistent view of all that was committed before.

        `fn` cannot write, and returns plain values. Raises StoreClosed, and what SQLAlchemy raises.
        """
        if self._closed:
            raise StoreClosed("the database is closed")
        async with self._seats:
            # What sqlalchemy.ext.asyncio is made of; that package would bring the whole ORM along at every start.
            return await greenlet_spawn(_in_one_view, self._readers, fn, args, kwargs)

    async def close(self) -> None:
        """Finish what is queued, then close every connection; doing it twice does nothing.

        Raises NotDrained if that is not done after `CLOSING_S` seconds; the process can still end.
        """
        if self._closed:
            return
        self._closed = True
        try:
            async with asyncio.timeout(CLOSING_S):
                await self._close_readers()
                await self._writer.stop()
        except TimeoutError as error:
            raise NotDrained(f"the database was still busy {CLOSING_S:g} seconds after it was to close") from error

    async def _close_readers(self) -> None:
        """A connection that is in use would outlive its pool, and its thread with it: wait for every reader first."""
        for _ in range(READERS):
            await self._seats.acquire()
        await greenlet_spawn(self._readers.dispose)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            warnings.warn(f"{self!r} was never closed", ResourceWarning, stacklevel=1, source=self)
            self._writer.queue.put(None)


@dataclass(slots=True, eq=False)
class _Job:
    """One transaction on its way: what to run, who waits, and what came of it."""

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    future: asyncio.Future[Any]
    in_turn: bool = False
    value: Any = None
    error: BaseException | None = None


class _Lanes:
    """The queue in front of the writer: what somebody waits for goes first; after `FAIR` of these one of the rest."""

    FAIR = 5

    def __init__(self) -> None:
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._first: deque[_Job] = deque()
        self._in_turn: deque[_Job | None] = deque()
        self._passed = 0  # how many went before what waits in turn

    def put(self, job: _Job | None) -> None:
        """Queue a job; None: nothing comes after it."""
        if job is None or job.in_turn:
            self._in_turn.append(job)
        else:
            self._first.append(job)
        self._bell.put(None)

    def get(self, wait: bool = True) -> _Job | None:
        """The next one. Raises Empty if there is none, and it is not to be waited for."""
        self._bell.get(wait)
        rest = bool(self._in_turn) and self._in_turn[0] is not None
        if self._first and not (rest and self._passed == self.FAIR):
            self._passed += rest
            return self._first.popleft()
        self._passed = 0
        return self._in_turn.popleft()

    @property
    def somebody_waits(self) -> bool:
        """Whether one is queued for which somebody waits."""
        return bool(self._first)


class _Writer:
    """The one thread that writes. Everything below `_serve` runs in it, and only there."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.queue = _Lanes()
        self._engine = _writing_engine(path)
        self._loop = loop
        self._stopped = loop.create_future()
        self._stopping = False
        self._connection: Connection | None = None
        # A daemon: a store that nobody closed must not keep the process from ending.
        self._thread = Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Finish what is queued, then end the thread."""
        self.queue.put(None)
        await self._stopped
        self._thread.join()

    def _serve(self) -> None:
        while not self._stopping:
            self._commit_together(self._wait_for_jobs())
        self._disconnect()
        self._tell(_resolve_stopped, self._stopped)

    def _wait_for_jobs(self) -> list[_Job]:
        """The next job, however long it takes; those behind it join it one by one."""
        first = self.queue.get()
        self._stopping = first is None
        return [] if first is None else [first]

    def _take_next(self, jobs: list[_Job]) -> None:
        """One more for this group, unless it is full: once it holds one that somebody waits for, only such join it."""
        hurried = not all(job.in_turn for job in jobs)
        if len(jobs) == GROUP or self._stopping or (hurried and not self.queue.somebody_waits):
            return
        with contextlib.suppress(Empty):
            job = self.queue.get(wait=False)
            self._stopping = job is None
            jobs.extend([] if job is None else [job])

    def _commit_together(self, jobs: list[_Job]) -> None:
        """Run the jobs and those that arrive meanwhile, commit them all, then tell who waits."""
        if not jobs:
            return
        try:
            connection = self._begin()
            self._run_each(connection, jobs)
            _driver(connection).execute("COMMIT")
        except BaseException as error:
            # No job of this group is on the disk, not even those that went well.
            self._disconnect()
            for job in jobs:
                job.error = job.error or not_stored(error)
        self._tell(_resolve, jobs)

    def _begin(self) -> Connection:
        """A connection inside a transaction that already holds the right to write.

        IMMEDIATE: a transaction that first reads and then wants to write would fail, not wait, if somebody wrote
        in between.
        """
        if self._connection is None:
            self._connection = self._engine.connect()
        _driver(self._connection).execute("BEGIN IMMEDIATE")
        return self._connection

    def _run_each(self, connection: Connection, jobs: list[_Job]) -> None:
        """Run every job in a savepoint of its own; a job that raises undoes only itself."""
        driver = _driver(connection)
        for job in jobs:  # the list grows while it is walked
            driver.execute("SAVEPOINT job")
            if not _run(job, connection):
                _undo(job, driver)
            driver.execute("RELEASE job")
            self._take_next(jobs)

    def _disconnect(self) -> None:
        """Close the connection, whatever state it is in: SQLite rolls back, and the next group opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.invalidate()
            with contextlib.suppress(Exception):
                connection.close()

    def _tell(self, what: Callable[..., None], about: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it everybody who waited
            self._loop.call_soon_threadsafe(what, about)


def _undo(job: _Job, driver: sqlite3.Connection) -> None:
    """Undo one job, and leave those before it in place; raise if SQLite has already undone everything."""
    if not driver.in_transaction and job.error is not None:  # what it does when the disk is full
        raise job.error
    driver.execute("ROLLBACK TO job")


def _run(job: _Job, connection: Connection) -> bool:
    """Run one job and keep its value or its error on it; whether it went well."""
    try:
        job.value = job.fn(connection, *job.args, **job.kwargs)
        if isinstance(job.value, Result | FilterResult):
            raise TypeError("return rows, not the Result: its connection belongs to the writing thread")
        if connection.in_nested_transaction():
            raise RuntimeError("a function given to write() left a savepoint open")
    except BaseException as error:
        forget_frames(error)
        job.error = as_told(error)
        _settle(connection)
        return False
    return True


def _settle(connection: Connection) -> None:
    """Bring SQLAlchemy's own idea of what is open back in line, or it would refuse to run the next job."""
    while (nested := connection.get_nested_transaction()) is not None:
        nested.rollback()
    whole = connection.get_transaction()
    if whole is not None and not whole.is_active:
        whole.rollback()  # of an inactive one, so nothing is sent


def _in_one_view(engine: Engine, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    """Run `fn` inside a transaction, so that all its queries see the same moment."""
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, AdaptedConnection)
        driver.run_async(lambda aiosqlite: aiosqlite.execute("BEGIN"))  # two hops between threads fewer than in Core
        return fn(connection, *args, **kwargs)


def _resolve(jobs: Iterable[_Job]) -> None:
    """In the event loop: hand out the values and errors of a whole group."""
    for job in jobs:
        if job.future.done():  # cancelled while it waited
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.value)


def _resolve_stopped(stopped: asyncio.Future[None]) -> None:
    if not stopped.done():
        stopped.set_result(None)


class _Owned(sqlite3.Connection):
    """A connection whose transactions belong to the writer: a function it runs cannot end them for its neighbours."""

    def commit(self) -> NoReturn:
        """Refuse; the writer sends COMMIT itself."""
        raise RuntimeError("a function given to write() does not commit: it is one transaction")

    def rollback(self) -> None:
        """Refuse inside a transaction; SQLAlchemy also calls this when it opens a connection, outside of one."""
        if self.in_transaction:
            raise RuntimeError("a function given to write() does not roll back: it raises")


def _driver(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection: BEGIN, SAVEPOINT and COMMIT through Core would cost as much as the queries."""
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _writing_engine(path: Path) -> Engine:
    engine = create_engine(
        "sqlite+pysqlite://",
        module=sqlite3,
        creator=lambda: opening.connect(path, isolation_level=None, factory=_Owned, cached_statements=KNOWN),
        poolclass=NullPool,
        hide_parameters=True,  # an error's text must not carry what a patient said
    )
    _prepare(engine, _WRITING, path)
    return engine


def _reading_engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        module=asynchronous(opening.connect),
        pool_size=READERS,
        max_overflow=0,
        connect_args={"isolation_level": None, "cached_statements": KNOWN},
        hide_parameters=True,
    )
    _prepare(engine, _READING, path)
    return engine


def _prepare(engine: Engine, pragmas: Iterable[str], path: Path) -> None:
    keyring.attach(engine, path)
    _set_up(engine, pragmas)


def _set_up(engine: Engine, pragmas: Iterable[str]) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, record: object) -> None:  # noqa: ARG001
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={BUSY_MS}", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "handle_error")
    def _on_error(context: Any) -> None:
        """SQLCipher reads nothing more on a connection that has met a damaged page: the next one gets a new one."""
        code = getattr(context.original_exception, "sqlite_errorcode", 0)
        context.is_disconnect = context.is_disconnect or code & 0xFF == sqlite3.SQLITE_CORRUPT
