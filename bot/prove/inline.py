"""The store without threads, for the virtual loop: the same transactions, savepoints and group commits, in one thread.

Only how a job gets to the writer and back is replaced; how it is run, undone and committed is the engine room's own.
`Troubles` says what goes wrong with the disk.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from queue import Empty
from random import Random
from typing import Any, ClassVar, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import OperationalError

from bot.prove.virtual import LIVING, Life
from bot.store import engine, keyring, opening
from bot.store.driver import sqlite3
from bot.store.engine import Store, _Job, _Writer
from bot.store.errors import StoreClosed

P = ParamSpec("P")
T = TypeVar("T")
Connect = Callable[[Path, bool], sqlite3.Connection]
CACHED = 2000  # queries of which an engine knows how they are said
FULL, IO = sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR


class Troubles:
    """What goes wrong with the disk, how long a commit takes, and what waits for a kill at a commit."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.until = float("-inf")  # by the loop's time
        self.code = FULL
        self.share = 1.0
        self.struck = 0
        self.slow = 0.0  # seconds that each group of transactions waits longer
        self.before_commit: Callable[[], None] | None = None
        self.after_commit: Callable[[], None] | None = None
        self.around: Callable[[_Writer, list[_Job]], None] = lambda writer, jobs: writer._commit_together(jobs)

    def begin(self, code: int, share: float, until: float) -> None:
        """From now until then this share of all statements that write fails."""
        self.code, self.share, self.until = code, share, until

    def strike(self) -> None:
        """Raise what the driver would raise, if there is trouble now."""
        if asyncio.get_running_loop().time() < self.until and self._random.random() < self.share:
            self.struck += 1
            words = "database or disk is full" if self.code == FULL else "disk I/O error"
            error = sqlite3.OperationalError(words)
            error.sqlite_errorcode = self.code
            raise error

    def pause(self) -> float:
        """How long a group of transactions takes to get its turn."""
        return self._random.random() * 0.01 + self.slow


class Disk(Store):
    """A store whose transactions run in the event loop."""

    troubles: Troubles
    told: Callable[[Callable[..., Any]], None] = lambda fn: None  # noqa: ARG005
    saw: Callable[[Callable[..., Any], Any], None] = lambda fn, value: None  # noqa: ARG005
    connect: Connect | None = None
    """How to open the file, where it is not the driver's own way: for writing, then for reading."""

    def __init__(self, path: Path, copied: Path | None = None) -> None:
        self.copied = copied
        self._loop = asyncio.get_running_loop()
        self._life = LIVING.get() or Life()
        connect = type(self).connect
        self._writer = _InLoop(path, self._loop, self.troubles, self._life, connect)
        self._reading = _Kept(_reading(connect is None), _Place(path, None, connect))
        self._view: Connection | None = None
        self._closed = False

    @classmethod
    async def open(
        cls, path: Path | str, *, now: Callable[[], datetime], migrate: bool = True, encrypt: bool | None = None
    ) -> Self:
        """As the store does. Over another library the file is not touched by the driver's own any more: two of them in
        one process do not see each other's locks, and the one would take away the other's log.
        """
        if cls.connect is None or not Path(path).exists():  # noqa: ASYNC240
            return await super().open(path, now=now, migrate=migrate, encrypt=encrypt)
        return cls(Path(path))

    async def write(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """One transaction; of a process that is dead it never happens."""
        self._life.check()
        value = await super().write(fn, *args, **kwargs)
        self._life.check()
        type(self).told(fn)
        return value

    async def write_in_turn(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same: here all go in the order in which they came."""
        return await self.write(fn, *args, **kwargs)

    async def read(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """One consistent view."""
        self._life.check()
        if self._closed:
            raise StoreClosed("the database is closed")
        await asyncio.sleep(0)
        if self._view is None or self._view.invalidated:
            self._view = self._reading.connect()
        driver = engine._driver(self._view)
        driver.execute("BEGIN")
        try:
            value = fn(self._view, *args, **kwargs)
        finally:
            driver.execute("ROLLBACK")
        type(self).saw(fn, value)
        return value

    def __del__(self) -> None:
        """Who is killed closes nothing, and nobody needs to be told."""

    async def close(self) -> None:
        """Finish what is queued, unless this process is dead."""
        if not self._closed:
            self._closed = True
            if self._view is not None:
                self._view.close()
            await self._writer.stop()


class _InLoop(_Writer):
    """The writer, without its thread: a group is committed in a callback of the loop."""

    def __init__(
        self, path: Path, loop: asyncio.AbstractEventLoop, troubles: Troubles, life: Life, connect: "Connect | None"
    ) -> None:
        self.queue = _Line(self)  # type: ignore[assignment]
        self._engine = _Kept(_writing(connect is None), _Place(path, troubles, connect))  # type: ignore[assignment]
        self._loop, self._life, self._troubles = loop, life, troubles
        self._stopping = False
        self._connection: Connection | None = None

    def ring(self) -> None:
        """There is something to do."""
        self._loop.call_later(self._troubles.pause(), self._work)

    def _work(self) -> None:
        jobs: list[_Job] = []
        self._take_next(jobs)
        if not self._life.alive:
            self._disconnect()
        elif jobs:
            self._troubles.around(self, jobs)

    async def stop(self) -> None:
        """Finish what is queued."""
        self._work()
        self._disconnect()


class _Line:
    """The queue in front of the writer."""

    def __init__(self, writer: _InLoop) -> None:
        self._jobs: deque[_Job] = deque()
        self._writer = writer

    def put(self, job: _Job | None) -> None:
        """Queue a job."""
        if job is not None:
            self._jobs.append(job)
            self._writer.ring()

    def get(self, wait: bool = True) -> _Job:  # noqa: ARG002
        """The next one: nobody waits for a thread here."""
        if not self._jobs:
            raise Empty
        return self._jobs.popleft()

    @property
    def somebody_waits(self) -> bool:
        """Whether one is queued: here they go in the order in which they came."""
        return bool(self._jobs)


class _Faulty(engine._Owned):
    """The driver's connection, on a disk in trouble."""

    troubles: Troubles

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """BEGIN, SAVEPOINT and COMMIT; a commit may be the last thing a process did."""
        if sql == "COMMIT":
            return self._commit(sql)
        if sql.startswith(("SAVEPOINT", "BEGIN")):
            self.troubles.strike()
        return super().execute(sql, *values)

    def _commit(self, sql: str) -> sqlite3.Cursor:
        if self.troubles.before_commit is not None:
            self.troubles.before_commit()
        self.troubles.strike()
        cursor = super().execute(sql)
        if self.troubles.after_commit is not None:
            self.troubles.after_commit()
        return cursor


class _Place:
    """Where a connection leads to: a file, its keys, and the disk's troubles (None: it only reads)."""

    def __init__(self, path: Path, troubles: Troubles | None, connect: Connect | None) -> None:
        self.troubles, self.keyring = troubles, keyring.ring(path)
        self._path, self._connect = path, connect

    def open(self) -> sqlite3.Connection:
        """A connection of the driver."""
        if self._connect is not None:
            return self._connect(self._path, self.troubles is not None)
        if self.troubles is None:
            return opening.connect(self._path, isolation_level=None, cached_statements=CACHED)
        opened = opening.connect(self._path, isolation_level=None, cached_statements=CACHED, factory=_Faulty)
        assert isinstance(opened, _Faulty)
        opened.troubles = self.troubles
        return opened


class _Kept:
    """An engine that all worlds of a process share, for the file of one of them: each new engine would work out anew
    how every query is said in SQL, and a month has a hundred starts of the bot.
    """

    place: ClassVar[_Place]  # of the connection that is opened just now

    def __init__(self, shared: Engine, place: _Place) -> None:
        self._shared, self._place = shared, place

    def connect(self) -> Connection:
        """A connection to that file."""
        _Kept.place = self._place
        return self._shared.connect()


def _engine(pragmas: Iterable[str]) -> Engine:
    """The engine's own, over the connections of the worlds."""
    made = create_engine(
        "sqlite+pysqlite://", module=sqlite3, creator=lambda: _Kept.place.open(), poolclass=NullPool,
        hide_parameters=True, query_cache_size=CACHED,
    )  # fmt: skip
    engine._set_up(made, pragmas)

    @event.listens_for(made, "connect")
    def _whose(connection: Any, record: Any) -> None:  # noqa: ARG001
        record.info |= {"keyring": _Kept.place.keyring, "troubles": _Kept.place.troubles}

    return made


@cache
def _writing(own: bool) -> Engine:  # noqa: ARG001
    """The one that writes, over connections that fail on request; another one for another library (not `own`)."""
    made = _engine(engine._WRITING)

    @event.listens_for(made, "before_cursor_execute")
    def _may_fail(conn: Any, cursor: Any, statement: str, *_: object) -> None:  # noqa: ARG001
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            try:
                conn.info["troubles"].strike()
            except sqlite3.OperationalError as error:
                raise OperationalError(statement, None, error) from error

    return made


@cache
def _reading(own: bool) -> Engine:  # noqa: ARG001
    """The one that reads."""
    return _engine(engine._READING)
