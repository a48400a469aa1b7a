"""The driver's interface over apsw, as far as the store uses it: so the bot's own transactions run on a disk of ours.

apsw brings an SQLite of its own, whose file layer (VFS) can be written in Python; the driver in Python's library has
none. What goes wrong is raised as that driver would raise it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw

from bot.store.driver import sqlite3

CODES = {apsw.FullError: sqlite3.SQLITE_FULL, apsw.IOError: sqlite3.SQLITE_IOERR, apsw.BusyError: sqlite3.SQLITE_BUSY,
         apsw.CantOpenError: sqlite3.SQLITE_CANTOPEN, apsw.CorruptError: sqlite3.SQLITE_CORRUPT,
         apsw.ReadOnlyError: sqlite3.SQLITE_READONLY, apsw.NotADBError: sqlite3.SQLITE_NOTADB}  # fmt: skip
Values = Sequence[Any] | dict[str, Any]


class Shim(sqlite3.Connection):
    """A connection over apsw that passes for the driver's; its own in-memory database stays unused."""

    def __init__(self, path: Path, vfs: str = "") -> None:
        super().__init__(":memory:", isolation_level=None)
        self._apsw = _told(lambda: apsw.Connection(str(path), vfs=vfs or None))

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return bool(self._apsw.in_transaction)

    def cursor(self, factory: object = None) -> "Cursor":  # type: ignore[override]  # noqa: ARG002
        """A new cursor."""
        return Cursor(self._apsw)

    def execute(self, sql: str, values: Values = (), /) -> "Cursor":  # type: ignore[override]
        """Run one statement."""
        return Cursor(self._apsw).execute(sql, values)

    def create_function(self, *_: Any, **__: Any) -> None:
        """SQLAlchemy offers a regexp, which nobody here uses."""

    def commit(self) -> None:
        """Transactions are begun and ended by statements."""

    def rollback(self) -> None:
        """The same; outside of one there is nothing to do."""
        if self.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        """Close both."""
        self._apsw.close(True)
        super().close()


class Cursor:
    """A cursor with the driver's manners."""

    arraysize = 1

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._rows: Iterator[tuple[Any, ...]] = iter(())
        self.description: tuple[tuple[Any, ...], ...] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    def execute(self, sql: str, values: Values = ()) -> "Cursor":
        """Run one statement, to its end."""
        cursor = self._connection.cursor()
        cursor.exec_trace = self._describe
        before = self._connection.total_changes()
        # Rows are fetched at once: a statement that is not finished would hold its view of the file.
        rows = _told(lambda: list(cursor.execute(sql, values)))
        self._rows = iter(rows)
        changes = sql.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE")
        self.rowcount = self._connection.total_changes() - before if changes else -1
        self.lastrowid = self._connection.last_insert_rowid()
        return self

    def executemany(self, sql: str, many: Sequence[Values]) -> "Cursor":
        """Run it for each."""
        changed = 0
        for values in many:
            changed += max(self.execute(sql, values).rowcount, 0)
        self.rowcount = changed
        return self

    def _describe(self, cursor: Any, sql: str, values: Any) -> bool:  # noqa: ARG002
        columns = cursor.get_description()
        self.description = tuple((name, *[None] * 6) for name, _ in columns) or None
        return True

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row."""
        return next(self._rows, None)

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        """The next rows."""
        return [row for _, row in zip(range(size), self._rows, strict=False)]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows

    def close(self) -> None:
        """Nothing is open."""


def _told(work: Any) -> Any:
    """Do it; an error is raised as the driver would."""
    try:
        return work()
    except apsw.ConstraintError as error:
        raise _as(sqlite3.IntegrityError, error) from error
    except apsw.Error as error:
        raise _as(sqlite3.OperationalError, error) from error


def _as(kind: type[sqlite3.Error], error: apsw.Error) -> sqlite3.Error:
    made = kind(str(error))
    known = next((code for one, code in CODES.items() if isinstance(error, one)), sqlite3.SQLITE_ERROR)
    made.sqlite_errorcode = getattr(error, "result", 0) or known
    return made
