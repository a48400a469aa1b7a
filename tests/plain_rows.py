"""Rows written as plain values, for stories and benchmarks: they are sealed as an old database is."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, Table, insert

from bot.store.sealing import EVERYTHING, every, put_anew
from bot.store.sealing_old import TEXTS, seal_all


def put_plain(conn: Connection, table: Table, *rows: dict[str, Any]) -> None:
    """Insert plain rows, and seal what is to be sealed."""
    kinds = {column.name: column for column in table.c if isinstance(column.type, LargeBinary)}
    conn.execute(insert(table), [row | {k: _bytes(kinds[k], row[k]) for k in kinds if k in row} for row in rows])
    if kinds:
        seal_all(conn)


def spoil(conn: Connection, table: Table, changes: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change what is sealed in every row of a table, behind the bot's back."""
    of = next(one for one in EVERYTHING if one.name == table.name)
    for row, values in list(every(conn, of)):
        put_anew(conn, of, row, changes(values))


def _bytes(column: Column[Any], value: Any) -> bytes | None:
    if value is None and column.nullable:
        return None
    return (value if column in TEXTS else json.dumps(value)).encode()
