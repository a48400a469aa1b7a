"""A copy of a database with everything opened, for proofs and the demo: never of a clinic's own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Column, Connection

from bot.store import encrypting, migrating, opening
from bot.store.sealing import EVERYTHING, every
from bot.store.sealing_old import TEXTS


@contextmanager
def unsealed(database: Path) -> Iterator[Path]:
    """A copy in which every column holds what it held before there were keys; gone when the block ends."""
    with TemporaryDirectory() as folder:
        plain = Path(folder) / database.name
        _plain_copy(database, plain)
        with opening.engine(plain, database).begin() as conn:
            for of in EVERYTHING:
                for row, values in list(every(conn, of)):
                    _put(conn, of.name, _key(row), values, of.columns)
        yield plain


def _plain_copy(database: Path, target: Path) -> None:
    key = opening.key_of(database)
    if key is None:
        migrating.copy(database, target)
        return
    encrypting.make_private(target, database)
    with opening.opened(database, opening.Just(key)) as source:
        source.execute("BEGIN")
        encrypting.export(source, target, None)
        source.execute("COMMIT")


def _key(row: Any) -> tuple[str, Any]:
    return ("update_id", row.update_id) if "update_id" in row._fields else ("id", row.id)


def _put(
    conn: Connection, table: str, key: tuple[str, Any], values: dict[str, Any], columns: tuple[Column[Any], ...]
) -> None:
    """Past the types of the columns: these are bytes."""
    plain = {column.name: _as_it_was(column, values[column.name]) for column in columns}
    changes = ", ".join(f'"{name}" = ?' for name in plain)
    conn.exec_driver_sql(f'UPDATE "{table}" SET {changes} WHERE {key[0]} = ?', (*plain.values(), key[1]))


def _as_it_was(column: Column[Any], value: Any) -> Any:
    if column in TEXTS or column.name == "chat_id" or (value is None and column.nullable):
        return value
    return json.dumps(value)
