"""The errors of a transaction as its caller gets them: what the world is to blame for, and no frames behind it."""

import traceback

from sqlalchemy.exc import DBAPIError

from bot.store.driver import sqlite3
from bot.store.errors import NotStored

# What SQLite answers when the world is at fault, not the query. Extended codes carry these in their low byte.
_THE_WORLD = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,
})  # fmt: skip


def forget_frames(error: BaseException | None) -> None:
    """Drop the local variables of a function that raised.

    A Result among them would keep its cursor open, and an open cursor holds the connection to an old view of the file:
    the next BEGIN would fail. Besides, what a patient said should not live on in a traceback.
    """
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__


def as_told(error: BaseException) -> BaseException:
    """The error as the caller gets it."""
    if isinstance(error, DBAPIError) and _is_of_the_world(error.orig):
        return not_stored(error)
    if isinstance(error, StopIteration):  # a future refuses this one, and a group must not hang for it
        return RuntimeError("a function given to write() raised StopIteration")
    return error


def _is_of_the_world(error: BaseException | None) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _THE_WORLD


def not_stored(cause: BaseException) -> NotStored:
    """What went wrong with the disk, in words; the same again if it is of a neighbour in the same commit."""
    if isinstance(cause, NotStored):
        return NotStored(str(cause))
    reason = cause.orig if isinstance(cause, DBAPIError) else cause
    error = NotStored(f"nothing was stored: {reason}")
    error.__cause__ = cause
    return error
