"""INSERT that may meet an existing row: the one statement that SQLite and PostgreSQL each build in their own way."""

from functools import lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Table


def insert_or_leave(conn: Connection, table: Table, *keys: str) -> Any:
    """INSERT that leaves a row with the same keys as it is."""
    return _insert(table, conn.dialect.name, keys, ())


def insert_or_change(conn: Connection, table: Table, keys: tuple[str, ...], changes: tuple[str, ...]) -> Any:
    """INSERT that takes these columns over into a row with the same keys."""
    return _insert(table, conn.dialect.name, keys, changes)


@lru_cache(maxsize=32)
def _insert(table: Table, dialect: str, keys: tuple[str, ...], changes: tuple[str, ...]) -> Any:
    new = import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    if not changes:
        return new.on_conflict_do_nothing(index_elements=keys)
    return new.on_conflict_do_update(index_elements=keys, set_={name: new.excluded[name] for name in changes})
