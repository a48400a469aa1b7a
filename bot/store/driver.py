"""Which SQLite is used: the one that comes with sqlcipher3 where there is a wheel of it, else the one of Python.

Two connections in WAL mode, a bot and its desk, can damage a file with an SQLite before 3.51.3 (backported to 3.50.7
and 3.44.6): https://sqlite.org/wal.html#walresetbug. Debian 12 brings 3.40.1. sqlcipher3 is the standard library's own
module over a newer SQLite, which can also encrypt a file (SQLCipher). Nobody else imports a driver: two SQLites in one
process undo each other's locks on a file (https://sqlite.org/howtocorrupt.html, 2.2.1).
"""

import sys
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        from sqlcipher3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3

__all__ = ["CIPHER", "FIXED", "asynchronous", "sqlcipher", "sqlite3", "whose"]

FIXED = (3, 51, 3)
CIPHER = sqlite3.Connection.__module__.startswith("sqlcipher3")
"""Whether a file can be encrypted."""
_OF_THE_DRIVER = (
    "DatabaseError", "Error", "IntegrityError", "NotSupportedError", "OperationalError", "ProgrammingError",
    "sqlite_version", "sqlite_version_info",
)  # fmt: skip


def whose() -> str:
    """Where the SQLite in use comes from: "sqlcipher3", or "Python 3.11"."""
    name = sqlite3.Connection.__module__.partition(".")[0]
    return f"Python {sys.version_info.major}.{sys.version_info.minor}" if name == "sqlite3" else name


def sqlcipher() -> str:
    """The version of SQLCipher in use, as "4.19.0"; "" if there is none."""
    with closing(sqlite3.connect(":memory:")) as connection:
        found = connection.execute("PRAGMA cipher_version").fetchone()
    return str(found[0]).partition(" ")[0] if found else ""


@cache
def asynchronous(opened: Callable[..., sqlite3.Connection]) -> Any:
    """aiosqlite over the driver in use, as SQLAlchemy's dialect of that name wants it; `opened` opens a file."""
    import aiosqlite
    from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_dbapi

    def connect(path: str, **how: Any) -> aiosqlite.Connection:
        return aiosqlite.Connection(lambda: opened(Path(path), **how), iter_chunk_size=64)

    own = {name: getattr(sqlite3, name) for name in _OF_THE_DRIVER}
    module: Any = SimpleNamespace(**vars(aiosqlite) | own | {"connect": connect})
    return AsyncAdapt_aiosqlite_dbapi(module, sqlite3)
