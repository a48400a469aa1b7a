"""S9: the log of who saw what, of a hundred thousand entries, is edited: each edit is found, at the first bad entry.

What stands before an edit is as it was, so the chain is gone through from there on, by the function that goes through
all of it; now and then the edit is made in the database, and all of the log is gone through.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bot.prove.proof import Tally, check
from bot.prove.world import memory
from bot.store import audit, migrating, opening, people, sealing
from bot.store.tables_audit import audit as log

MOST, FOR_EACH = 100_000, 10
"""Entries at most, and for each edit."""
IN_THE_FILE = 2500
"""One of so many edits is made in the database."""
AT = datetime(2026, 10, 22, 12, 0, tzinfo=UTC)
DIDS: tuple[audit.Did, ...] = ("digest shown", "chart shown", "desk edit", "logged in", "export")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it lies there, to be changed."""

    id: int
    clinic_id: int
    at: datetime
    did: str
    by_id: int | None
    about_id: int | None
    detail: str | None
    why: str | None
    mac: bytes


@dataclass(frozen=True, slots=True)
class Edit:
    """The entries from `first` on, counted from 1, as they are now: that one is wrong. `heads`: what somebody noted."""

    first: int
    entries: list[Entry]
    heads: tuple[audit.Head, ...] = ()


def edits(seed: int, amount: int, tally: Tally) -> None:
    """So many. Raises Broken."""
    random = Random(seed)
    with tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        database = Path(folder, "accord.db")
        migrating.bring_up_to_date(database, lambda: AT)
        with opening.engine(database).begin() as conn:
            people.ensure_clinic(conn, "A clinic", "America/Denver", None)
            _edited(conn, random, amount, tally)


def _edited(conn: Connection, random: Random, amount: int, tally: Tally) -> None:
    key = _key(conn)
    _fill(conn, key, random, min(MOST, FOR_EACH * amount))
    entries = [Entry(*row) for row in conn.execute(select(*log.c).order_by(log.c.id))]
    whole = audit.verify(conn)
    check(whole.problem == "" and whole.count == len(entries), f"the log as it was written: {whole.problem}")
    assert whole.head is not None
    tally.figures["entries"] = len(entries)
    for number in range(amount):
        kind = random.choice(sorted(KINDS))
        edit = KINDS[kind](entries, random)
        before = entries[edit.first - 2].mac if edit.first > 1 else b""
        heads = {one.number: one for one in edit.heads}
        found = audit.follow(key, before, edit.first - 1, edit.entries, heads)
        check(found.problem != "" and found.count == 0, f"{kind} at entry {edit.first}: {found}")
        if number % IN_THE_FILE == IN_THE_FILE - 1:
            _in_the_file(conn, entries, edit, whole.head)
            tally.figures["in the file"] += 1
        tally.struck[kind] += 1
        tally.done += 1


def _fill(conn: Connection, key: bytes, random: Random, many: int) -> None:
    """Entries as the bot makes them, written many at once."""
    rows, before = list[dict[str, Any]](), b""
    for n in range(1, many + 1):
        by, about, did = random.randrange(1, 30), random.randrange(1, 400), random.choice(DIDS)
        rows.append(audit.entry(key, before, n, did, AT + timedelta(seconds=n), by, about, f"d{n}", "asked"))
        before = rows[-1]["mac"]
    conn.execute(insert(log), rows)
    audit.note(conn, "export", AT, why="the last one by the way itself")


def _key(conn: Connection) -> bytes:
    ring = sealing.keyring(conn)
    return ring.key(ring.current(sealing.LOG), sealing.LOG)


def _in_the_file(conn: Connection, entries: Sequence[Entry], edit: Edit, head: audit.Head) -> None:
    """The same in the database, and all of the log gone through."""
    rest = {one.id: one for one in edit.entries}
    last = max([*rest, edit.first]) if rest else len(entries)
    with conn.begin_nested() as tampered:
        for one in entries[edit.first - 1 : last]:
            if one.id not in rest:
                conn.execute(delete(log).where(log.c.id == one.id))
            elif rest[one.id] != one:
                now = {column.name: getattr(rest[one.id], column.name) for column in log.c if column.name != "id"}
                conn.execute(update(log).where(log.c.id == one.id).values(now))
        found = audit.verify(conn, [head])
        tampered.rollback()
    check(found.problem != "" and found.count == edit.first - 1, f"in the file, entry {edit.first}: {found}")


# ------------------------------------------------------------------------------------------------ the edits


def _flipped(entries: Sequence[Entry], random: Random) -> Edit:
    """One character, number or bit of one entry is another."""
    at = random.randrange(len(entries))
    return Edit(at + 1, [_other(entries[at], random), *entries[at + 1 : at + 2]])


def _other(one: Entry, random: Random) -> Entry:
    name = random.choice(("at", "did", "by_id", "about_id", "detail", "why", "mac", "clinic_id"))
    value = getattr(one, name)
    if isinstance(value, datetime):
        return replace(one, at=value + timedelta(microseconds=1 << random.randrange(30)))
    if isinstance(value, bytes):
        place = random.randrange(len(value))
        changed = value[:place] + bytes([value[place] ^ 1 << random.randrange(8)]) + value[place + 1 :]
        return replace(one, mac=changed)
    if isinstance(value, int):
        return replace(one, **{name: random.choice((value ^ 1 << random.randrange(12), None))})  # type: ignore[arg-type]
    place = random.randrange(len(value))
    letter = chr(ord(value[place]) ^ 1 << random.randrange(5))
    return replace(one, **{name: value[:place] + letter + value[place + 1 :]})


def _deleted(entries: Sequence[Entry], random: Random) -> Edit:
    """One to five entries are not there."""
    many = random.randint(1, 5)
    at = random.randrange(len(entries) - many)
    return Edit(at + 1, list(entries[at + many : at + many + 2]))


def _swapped(entries: Sequence[Entry], random: Random) -> Edit:
    """Two entries have each other's place."""
    first, second = sorted(random.sample(range(len(entries)), 2))
    changed = list(entries[first : second + 1]) if second - first < 50 else list(entries[first : first + 2])
    changed[0] = replace(entries[second], id=first + 1)
    if second - first < 50:
        changed[-1] = replace(entries[first], id=second + 1)
    return Edit(first + 1, changed)


def _repeated(entries: Sequence[Entry], random: Random) -> Edit:
    """An entry stands once more in the place of another."""
    first, second = random.sample(range(len(entries)), 2)
    return Edit(first + 1, [replace(entries[second], id=first + 1)])


def _cut_off(entries: Sequence[Entry], random: Random) -> Edit:
    """The end is not there; somebody noted the last entry."""
    last = entries[-1]
    return Edit(random.randrange(len(entries)) + 1, [], (audit.Head(last.id, last.mac.hex()[: audit.LENGTH]),))


KINDS: dict[str, Callable[[Sequence[Entry], Random], Edit]] = {
    "flipped": _flipped, "deleted": _deleted, "swapped": _swapped, "repeated": _repeated, "cut off": _cut_off,
}  # fmt: skip
