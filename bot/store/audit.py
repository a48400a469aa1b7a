"""The log: who saw or changed what, when and why. Append-only, each entry chained to the one before by HMAC-SHA256.

Whoever changes, takes out, swaps or adds a row without the key breaks the chain at that entry. A tail that is cut off
leaves a chain that fits; so the number and hash of the last entry (its head) also stand in the note of every backup
and in the note beside the database, and whoever compares finds that it was longer.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection, insert, select

from bot.store import sealing
from bot.store.columns import AnyRow
from bot.store.people import CLINIC
from bot.store.tables_audit import audit

Did = Literal[
    "digest shown", "week shown", "chart shown", "export", "plan changed", "answer changed", "invite used",
    "invite refused", "logged in", "refused", "erase asked", "erased", "key rotated",
]  # fmt: skip
_LAST = select(audit.c.id, audit.c.mac).order_by(audit.c.id.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry there was at some moment: its number, and the beginning of its hash."""

    number: int
    mac: str

    def __str__(self) -> str:
        return f"{self.number}:{self.mac}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of going through the log: how many entries, its head, and what is wrong first ("": nothing)."""

    count: int
    head: Head | None
    problem: str = ""


def note(
    conn: Connection,
    did: Did,
    now: datetime,
    *,
    by: int | None = None,
    about: int | None = None,
    detail: str | None = None,
    why: str | None = None,
) -> None:
    """Add an entry, in the transaction that does what it says. `detail` holds ids and keys, never words."""
    last = conn.execute(_LAST).first()
    number, before = (1, b"") if last is None else (last.id + 1, last.mac)
    told = (number, CLINIC, _text(now), did, by, about, detail, why)
    mac = _mac(_key(conn), before, told)
    names = ("id", "clinic_id", "at", "did", "by_id", "about_id", "detail", "why")
    conn.execute(insert(audit).values(**dict(zip(names, told, strict=True)) | {"at": now, "mac": mac}))


def head(conn: Connection) -> Head | None:
    """The last entry; None if there is none."""
    last = conn.execute(_LAST).first()
    return None if last is None else _head(last.id, last.mac)


def read_head(text: str) -> Head | None:
    """A head from "17:0123456789abcdef", as notes have it; None if it is none."""
    number, _, mac = text.strip().partition(":")
    return Head(int(number), mac) if number.isdecimal() and len(mac) == 16 else None


def _head(number: int, mac: bytes) -> Head:
    return Head(number, mac.hex()[:16])


def verify(conn: Connection, known: Iterable[Head] = ()) -> Verified:
    """Go through the whole log. `known`: heads that were noted elsewhere, which it must still hold."""
    key, before, number = _key(conn), b"", 0
    heads = {one.number: one for one in known}
    for row in conn.execute(select(audit).order_by(audit.c.id)):
        number += 1
        if row.id != number:
            return Verified(number - 1, None, f"entry {number} is missing")
        if not hmac.compare_digest(_mac(key, before, _told(row)), row.mac):
            return Verified(number - 1, None, f"entry {number} is not as it was written, or not in its place")
        before = row.mac
        if number in heads and heads.pop(number) != _head(number, before):
            return Verified(number - 1, None, f"entry {number} is another one than was noted elsewhere")
    if heads:
        return Verified(number, None, f"its end is cut off: entry {max(heads)} was noted elsewhere")
    return Verified(number, _head(number, before) if number else None)


def of_patient(conn: Connection, person_id: int) -> list[AnyRow]:
    """What was seen and changed of a patient, and what the patient did, in order."""
    mine = (audit.c.about_id == person_id) | (audit.c.by_id == person_id)
    return list(conn.execute(select(audit).where(mine).order_by(audit.c.id)))


def _told(row: AnyRow) -> tuple[object, ...]:
    return (row.id, row.clinic_id, _text(row.at), row.did, row.by_id, row.about_id, row.detail, row.why)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _mac(key: bytes, before: bytes, told: tuple[object, ...]) -> bytes:
    return hmac.new(key, before + json.dumps(told).encode(), hashlib.sha256).digest()


def _key(conn: Connection) -> bytes:
    keys = sealing.keyring(conn)
    return keys.key(keys.current(sealing.LOG), sealing.LOG)
