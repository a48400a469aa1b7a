"""Which SQLite is used: the one that comes with pysqlite3 where there is a wheel of it, else the one of Python.

Two connections in WAL mode, a bot and its desk, can damage a file with an SQLite before 3.51.3 (backported to 3.50.7
and 3.44.6): https://sqlite.org/wal.html#walresetbug. Debian 12 brings 3.40.1. pysqlite3 is the standard library's own
module over a newer SQLite. Nobody else imports a driver: two SQLites in one process undo each other's locks on a file
(https://sqlite.org/howtocorrupt.html, 2.2.1).
"""

import sys
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        from pysqlite3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3

__all__ = ["FIXED", "asynchronous", "sqlite3", "whose"]

FIXED = (3, 51, 3)
_OF_THE_DRIVER = (
    "DatabaseError", "Error", "IntegrityError", "NotSupportedError", "OperationalError", "ProgrammingError",
    "sqlite_version", "sqlite_version_info",
)  # fmt: skip


def whose() -> str:
    """Where the SQLite in use comes from: "pysqlite3", or "Python 3.11"."""
    name = sqlite3.Connection.__module__.partition(".")[0]
    return f"Python {sys.version_info.major}.{sys.version_info.minor}" if name == "sqlite3" else name


@cache
def asynchronous() -> Any:
    """aiosqlite over the driver in use, as SQLAlchemy's dialect of that name wants it."""
    import aiosqlite
    from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_dbapi

    def connect(path: str, **how: Any) -> aiosqlite.Connection:
        return aiosqlite.Connection(lambda: sqlite3.connect(path, **how), iter_chunk_size=64)

    own = {name: getattr(sqlite3, name) for name in _OF_THE_DRIVER}
    module: Any = SimpleNamespace(**vars(aiosqlite) | own | {"connect": connect})
    return AsyncAdapt_aiosqlite_dbapi(module, sqlite3)
