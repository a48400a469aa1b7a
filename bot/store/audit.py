"""The log: who saw or changed what, when and why. Append-only, each entry chained to the one before by HMAC-SHA256.

Whoever changes, takes out, swaps or adds a row without the key breaks the chain at that entry. A tail that is cut off
leaves a chain that fits; so the number and hash of the last entry (its head) also stand in the note of every backup
and in the note beside the database and on each weekly page, and whoever compares finds that it was longer.

Where the clinic does not keep the log for good its beginning goes in order: the last entry that goes stays as an empty
one, with its hash, on which the next is chained, and a new entry at the end says so. Without that it counts as missing.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from string import hexdigits
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from bot.store import sealing
from bot.store.columns import AnyRow
from bot.store.people import CLINIC
from bot.store.tables_audit import audit

Did = Literal[
    "digest shown", "week shown", "chart shown", "export", "plan changed", "answer changed", "invite used",
    "invite refused", "logged in", "refused", "erase asked", "erased", "key rotated", "not kept longer", "log cut",
    "desk edit", "check-in opened", "own page opened", "day shown", "reasons shown",
    "history shown", "goal changed", "homework changed", "phone changed", "factor set up", "factor refused",
    "factor reset",
]  # fmt: skip
LENGTH, SHORT = 16, 12
"""How much of a hash a note has, and a weekly page."""
_LAST = select(audit.c.id, audit.c.mac).order_by(audit.c.id.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry there was at some moment: its number, and the beginning of its hash."""

    number: int
    mac: str

    def __str__(self) -> str:
        return f"{self.number}:{self.mac}"

    @property
    def short(self) -> str:
        """For people to keep: "17:0123456789ab"."""
        return f"{self.number}:{self.mac[:SHORT]}"

    def fits(self, entry: "Head") -> bool:
        """Whether this, which somebody kept, is the beginning of that entry's."""
        return self.number == entry.number and entry.mac.startswith(self.mac)


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
    conn.execute(insert(audit).values(entry(_key(conn), before, number, did, now, by, about, detail, why)))


def entry(
    key: bytes, before: bytes, number: int, did: Did, now: datetime, by: int | None = None, about: int | None = None,
    detail: str | None = None, why: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The row of an entry that follows the one whose hash is `before`."""
    told = (number, CLINIC, _text(now), did, by, about, detail, why)
    names = ("id", "clinic_id", "at", "did", "by_id", "about_id", "detail", "why")
    return dict(zip(names, told, strict=True)) | {"at": now, "mac": _mac(key, before, told)}


def head(conn: Connection) -> Head | None:
    """The last entry; None if there is none."""
    last = conn.execute(_LAST).first()
    return None if last is None else _head(last.id, last.mac)


def head_of(row: AnyRow) -> Head:
    """What an entry is known by elsewhere."""
    return _head(row.id, row.mac)


def read_head(text: str) -> Head | None:
    """A head from "17:0123456789abcdef", as notes have it, or shorter, as a weekly page has it; None if it is none."""
    number, _, mac = text.strip().lower().partition(":")
    good = number.isdecimal() and len(number) < 19 and SHORT <= len(mac) <= LENGTH and set(mac) <= set(hexdigits)
    return Head(int(number), mac) if good else None


def _head(number: int, mac: bytes) -> Head:
    return Head(number, mac.hex()[:LENGTH])


def verify(conn: Connection, known: Iterable[Head] = ()) -> Verified:
    """Go through the whole log. `known`: heads that were noted elsewhere, which it must still hold."""
    key, before = _key(conn), b""
    anchor = _anchor(conn)
    if anchor is not None and not _was_cut(conn, anchor):
        return Verified(0, None, "its beginning is missing")
    gone = 0 if anchor is None else anchor.id
    heads = {one.number: one for one in known if one.number > gone}
    if anchor is not None:
        before = anchor.mac
    rows = conn.execute(select(audit).where(audit.c.id > gone).order_by(audit.c.id))
    return follow(key, before, gone, rows, heads)


def follow(key: bytes, before: bytes, gone: int, rows: Iterable[Any], heads: dict[int, Head]) -> Verified:
    """Go through entries that stand behind entry `gone`, whose hash is `before`; `heads` by number, noted elsewhere."""
    number = gone
    for row in rows:
        number += 1
        if row.id != number:
            return Verified(number - 1 - gone, None, f"entry {number} is missing")
        if not hmac.compare_digest(_mac(key, before, _told(row)), row.mac):
            return Verified(number - 1 - gone, None, f"entry {number} is not as it was written, or not in its place")
        before = row.mac
        if number in heads and not heads.pop(number).fits(_head(number, before)):
            return Verified(number - 1 - gone, None, f"entry {number} is another one than was noted elsewhere")
    if heads:
        return Verified(number - gone, None, f"its end is cut off: entry {max(heads)} was noted elsewhere")
    return Verified(number - gone, _head(number, before) if number else None)


# ------------------------------------------------------------------------------------------------ its beginning

_CUT = "cut"
_HEAD_ID = select(func.max(audit.c.id)).scalar_subquery()


def _anchor(conn: Connection) -> AnyRow | None:
    """The empty entry at the beginning of a log whose older ones are not kept; None if there is none."""
    first = conn.execute(select(audit).order_by(audit.c.id).limit(1)).first()
    return first if first is not None and first.did == _CUT else None


def _was_cut(conn: Connection, anchor: AnyRow) -> bool:
    """Whether a later entry, which nobody can make without the key, says that all up to this one went."""
    says = (audit.c.did == "log cut") & (audit.c.detail == _cut_at(anchor))
    return conn.execute(select(audit.c.id).where(audit.c.id > anchor.id, says)).first() is not None


def _cut_at(row: AnyRow) -> str:
    return f"{row.id}:{row.mac.hex()}"


def _old(before: datetime) -> ColumnElement[bool]:
    """All entries before the first one that is to be kept, whatever a clock that was wrong wrote between them."""
    first_kept = select(func.min(audit.c.id)).where(audit.c.at >= before, audit.c.did != _CUT).scalar_subquery()
    return (audit.c.id < func.coalesce(first_kept, _HEAD_ID)) & (audit.c.did != _CUT)


def older(conn: Connection, before: datetime) -> int:
    """How many entries are from before an instant."""
    return int(conn.execute(select(func.count()).select_from(audit).where(_old(before))).scalar_one())


def cut(conn: Connection, before: datetime, most: int, now: datetime) -> int:
    """Let the oldest entries go, those from before an instant, at most so many; how many. The last one stays."""
    oldest = select(audit).where(_old(before)).order_by(audit.c.id).limit(most)
    rows = conn.execute(oldest).all()
    if rows:
        last = rows[-1]
        conn.execute(delete(audit).where(audit.c.id < last.id))
        nothing = dict.fromkeys(("by_id", "about_id", "detail", "why"))
        conn.execute(update(audit).where(audit.c.id == last.id).values(did=_CUT, **nothing))
        note(conn, "log cut", now, detail=_cut_at(last))
    return len(rows)


def of_patient(conn: Connection, person_id: int) -> list[AnyRow]:
    """What was seen and changed of a patient, and what the patient did, in order."""
    mine = (audit.c.about_id == person_id) | (audit.c.by_id == person_id)
    return list(conn.execute(select(audit).where(mine).order_by(audit.c.id)))


def _told(row: Any) -> tuple[object, ...]:
    return (row.id, row.clinic_id, _text(row.at), row.did, row.by_id, row.about_id, row.detail, row.why)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _mac(key: bytes, before: bytes, told: tuple[object, ...]) -> bytes:
    return hmac.new(key, before + json.dumps(told).encode(), hashlib.sha256).digest()


def _key(conn: Connection) -> bytes:
    keys = sealing.keyring(conn)
    return keys.key(keys.current(sealing.LOG), sealing.LOG)
