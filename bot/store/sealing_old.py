"""Sealing a database that was made before there were keys: after its migration, in the same transaction."""

import json
from typing import Any

from sqlalchemy import Column, Connection, select, update

from bot import ids
from bot.store import sealing
from bot.store.sealing import EVERYTHING, Sealed, chat_key
from bot.store.tables import digest, goal, goal_change, homework, inbox, person
from bot.store.tables_joining import invite, relink

TEXTS = {
    goal.c.words, goal_change.c.words, goal_change.c.words_before, homework.c.words, homework.c.why,
    digest.c.text, digest.c.html, inbox.c.raw,
}  # fmt: skip
"""Columns that held text; the others held JSON, or a number."""
_NULL = object()  # an answer that was skipped: a value, too


def seal_all(conn: Connection) -> None:
    """Seal every plain value, and give everybody keys of their own. What is sealed stays as it is."""
    _name_owners(conn)
    _find_chats(conn)
    for of in EVERYTHING:
        for row in conn.execute(of.query).all():
            values = {c.name: plain for c in of.columns if (plain := _plain(c, getattr(row, c.name))) is not None}
            if values:
                _put(conn, of, row, values)


def _name_owners(conn: Connection) -> None:
    unnamed = person.c.key_id.startswith("new")
    rows = conn.execute(select(person.c.id, person.c.role, person.c.clinic_id).where(unnamed)).all()
    owners = []
    for row in rows:
        key_id = ids.token()
        conn.execute(update(person).where(person.c.id == row.id).values(key_id=key_id))
        owner = f"{row.clinic_id}:{key_id}"
        owners += [owner] if row.role == "patient" else [owner, owner + sealing.PAGES]
    if owners:
        sealing.keyring(conn).make(owners)


def _find_chats(conn: Connection) -> None:
    """Chats are found by a keyed hash from now on."""
    for table, plain, key in (
        (person, person.c.chat_id, person.c.chat_key),
        (relink, relink.c.chat_id, relink.c.chat_key),
        (invite, invite.c.used_by, invite.c.used_by),
    ):
        rows = conn.execute(select(table.c.id, plain.label("chat")).where(plain.is_not(None))).all()
        for row in (row for row in rows if row.chat.lstrip(b"-").isdigit()):
            conn.execute(update(table).where(table.c.id == row.id).values({key.name: chat_key(conn, int(row.chat))}))


def _plain(column: Column[Any], stored: bytes | None) -> Any:
    """What stood there; None: there is nothing to seal."""
    if not stored or stored[0] == sealing.FORMAT:
        return None
    text = stored.decode()
    if column in TEXTS:
        return text
    value = json.loads(text)
    return _NULL if value is None and not column.nullable else value


def _put(conn: Connection, of: Sealed, row: Any, values: dict[str, Any]) -> None:
    sealing.put_anew(conn, of, row, {name: None if value is _NULL else value for name, value in values.items()})
