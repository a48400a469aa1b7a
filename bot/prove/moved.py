"""S2: what is sealed is opened in another place than its own: another row, column, patient, clinic, another version.

Nobody may get a word of it. Each value is first opened where it belongs, so that the keys are known to be right.
"""

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Column, Connection, select, update

from bot.config import Config
from bot.prove.inside import worked
from bot.prove.proof import Tally, check
from bot.prove.world import memory
from bot.store import answers, keys, sealing
from bot.store.errors import KeyDestroyed, KeyMissing, Unreadable
from bot.store.keyring import Keyring
from bot.store.sealing import EVERYTHING, Book
from bot.store.tables import answer

DAYS_S, A_FEW_S = 8 * 86400.0, 2.2 * 86400.0
A_FEW = 10_000
"""Of fewer tries than these the days are fewer, too."""
KINDS = ("another row", "another column", "another patient", "another clinic", "another version")
A_WHOLE_ROW = 100
"""Every so many tries a whole row of before is put back, version and all, and read as the bot reads it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A sealed value, and all it takes to open it."""

    book: Book
    value: bytes
    column: Column[Any]
    row: tuple[object, ...]
    rev: int

    def opens(self, value: bytes, by: Book | None = None, later: int = 0) -> bool:
        """Whether that value opens here."""
        try:
            (by or self.book).open(value, self.column, *self.row, rev=self.rev + later)
        except (Unreadable, KeyMissing, KeyDestroyed):
            return False
        return True


@dataclass(slots=True)
class Known:
    """All sealed values of a database, and where others like them are."""

    every: list[Place]
    alike: dict[tuple[str, Column[Any]], list[Place]] = field(default_factory=lambda: defaultdict(list))
    owned: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for one in self.every:
            self.alike[one.book.owner, one.column].append(one)
            self.owned[one.book.owner].append(one)

    def other(self, kind: str, here: Place, random: Random) -> Place | None:
        """A value to be put here; None if there is none of this kind."""
        if kind == "another row":
            found = random.choice(self.alike[here.book.owner, here.column])
            return found if found.row != here.row else None
        if kind == "another column":
            found = random.choice(self.owned[here.book.owner])
            return found if found.column is not here.column else None
        found = random.choice(self.every)
        return found if found.book.owner != here.book.owner else None


def swaps(seed: int, amount: int, tally: Tally) -> None:
    """So many. Raises Broken."""
    worked(seed, DAYS_S if amount >= A_FEW else A_FEW_S, partial(_swapped, seed=seed, amount=amount, tally=tally))


def _swapped(conn: Connection, config: Config, now: datetime, seed: int, amount: int, tally: Tally) -> None:  # noqa: ARG001
    random, known = Random(seed), Known(everything(conn))
    for one in known.every:
        check(one.opens(one.value), f"{one.column} {one.row} does not open where it belongs")
    tally.figures["values"] = len(known.every)
    with tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        elsewhere = _ring(Path(folder, "another.db"))
        while tally.done < amount:
            if tally.done % A_WHOLE_ROW == A_WHOLE_ROW - 1:
                _put_back(conn, random, now)
                tally.struck["old row put back"] += 1
                tally.done += 1
                continue
            here, kind = random.choice(known.every), random.choice(KINDS)
            if (tried := _tried(kind, here, known, elsewhere, random)) is None:
                continue
            check(not tried, f"{here.column} {here.row} opened with what belongs to {kind}")
            tally.struck[kind] += 1
            tally.done += 1


def everything(conn: Connection) -> list[Place]:
    """Every sealed value there is."""
    return [
        Place(sealing.book(conn, row.owner), value, column, tuple(getattr(row, c.name) for c in of.row),
              0 if of.rev is None else row.rev)
        for of in EVERYTHING for row in conn.execute(of.query) for column in of.columns
        if (value := getattr(row, column.name))
    ]  # fmt: skip


def _ring(database: Path) -> Keyring:
    """The keys of another clinic."""
    keys.prepare(database)
    ring = Keyring(database)
    ring.refresh()
    return ring


def _tried(kind: str, here: Place, known: Known, elsewhere: Keyring, random: Random) -> bool | None:
    """Whether it opened; None if there was nothing to try."""
    if kind == "another version":
        return here.opens(here.value, later=random.choice((-1, 1)))
    if kind == "another clinic":  # of somebody who is called the same there
        theirs = Book(here.book.owner, elsewhere)
        if random.random() < 0.5:
            return here.opens(theirs.seal("theirs", here.column, *here.row, rev=here.rev))
        return here.opens(here.value, by=theirs)
    other = known.other(kind, here, random)
    return None if other is None else here.opens(other.value)


def _put_back(conn: Connection, random: Random, now: datetime) -> None:
    """An answer is replaced as the bot does it, and then the row of before is put in its place."""
    rows: Sequence[Any] = conn.execute(select(answer)).all()
    old = random.choice(rows)
    book = sealing.of_check_in(conn, old.check_in_id)
    with conn.begin_nested() as tampered:
        given = answers.of_check_in(conn, old.check_in_id, book)
        names = ("clinic_id", "check_in_id", "questionnaire", "version", "item", "filed_under")
        answers.put(conn, book, given, {name: getattr(old, name) for name in names}, "a new one", now)
        conn.execute(update(answer).where(answer.c.id == old.id).values(value=old.value, rev=old.rev))
        try:
            answers.of_check_in(conn, old.check_in_id, book)
            read = True
        except Unreadable:
            read = False
        tampered.rollback()
    check(not read, f"the answer {old.id} of before was read as the one of now")
