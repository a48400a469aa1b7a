"""Answers as rows: sealed, counted in versions, and never lost by being changed: each older value is kept."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from bot.core.form import Key
from bot.core.history import Answer
from bot.store.columns import AnyRow
from bot.store.errors import Unreadable
from bot.store.sealing import Book
from bot.store.tables import answer, answer_before, check_in
from bot.store.upsert import insert_or_change

Revs = Mapping[tuple[str, str, str], int]
"""By check-in, questionnaire and item: the version of the last value that was replaced; 0: none was."""

_KEYS = ("check_in_id", "questionnaire", "item")
_CHANGES = ("value", "rev", "answered_at", "version")
_BEFORE = (answer_before.c.check_in_id, answer_before.c.questionnaire, answer_before.c.item)
_OF_CHECK_IN = (
    select(*_BEFORE, func.max(answer_before.c.rev).label("rev"))
    .where(answer_before.c.check_in_id == bindparam("id"))
    .group_by(*_BEFORE)
)
_OF_PAIR = (
    select(*_BEFORE, func.max(answer_before.c.rev).label("rev"))
    .join(check_in, check_in.c.id == answer_before.c.check_in_id)
    .where(check_in.c.pair_id == bindparam("id"))
    .group_by(*_BEFORE)
)
_ANSWERS = select(answer.c.check_in_id, answer.c.questionnaire, answer.c.item, answer.c.value, answer.c.rev).where(
    answer.c.check_in_id == bindparam("id")
)
_ROW = select(answer).where(
    answer.c.check_in_id == bindparam("id"),
    answer.c.questionnaire == bindparam("of"),
    answer.c.item == bindparam("item"),
)


def revs_of_pair(conn: Connection, pair_id: int) -> Revs:
    """The versions that were replaced, of all check-ins of a pair."""
    return _revs(conn, _OF_PAIR, pair_id)


def _revs(conn: Connection, query: Any, of: object) -> Revs:
    found: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for check_in_id, questionnaire, item, rev in conn.execute(query, {"id": of}):
        found[check_in_id, questionnaire, item] = rev
    return found


def opened(book: Book, row: AnyRow, revs: Revs) -> Answer:
    """The answer in a row. Raises Unreadable if the row is an older one than the last that was kept."""
    if row.rev != revs[row.check_in_id, row.questionnaire, row.item] + 1:
        raise Unreadable(f"answer {row.check_in_id}:{row.questionnaire}:{row.item} was put back from an earlier time")
    value = book.open(row.value, answer.c.value, row.check_in_id, row.questionnaire, row.item, rev=row.rev)
    return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Given:
    """The answers of a check-in, and the version of each; of one that was taken out, that of its last value."""

    values: dict[Key, Answer] = field(default_factory=dict)
    revs: dict[Key, int] = field(default_factory=dict)

    def next_rev(self, key: Key, value: Answer) -> int:
        """The version under which this value is written."""
        same = key in self.values and self.values[key] == value
        return self.revs.get(key, 0) + (not same)


def of_check_in(conn: Connection, check_in_id: str, book: Book, changed: bool = True) -> Given:
    """The answers of a check-in; `changed`: whether any of them had another value before."""
    revs = _revs(conn, _OF_CHECK_IN, check_in_id) if changed else defaultdict(int)
    rows = conn.execute(_ANSWERS, {"id": check_in_id}).all()
    values = {(row.questionnaire, row.item): opened(book, row, revs) for row in rows}
    replaced = {(of, item): rev for (_, of, item), rev in revs.items()}
    return Given(values, replaced | {(row.questionnaire, row.item): row.rev for row in rows})


def put(conn: Connection, book: Book, given: Given, values: dict[str, Any], value: Answer, now: datetime) -> Given:
    """Write an answer (`values`: its other columns). One that was there before is kept."""
    key, row = (
        (values["questionnaire"], values["item"]),
        (values["check_in_id"], values["questionnaire"], values["item"]),
    )
    plain = list(value) if isinstance(value, tuple) else value
    rev = given.next_rev(key, value)
    if key in given.values and rev != given.revs[key]:
        _keep(conn, book, row, now)
    more = {"value": book.seal(plain, answer.c.value, *row, rev=rev), "rev": rev, "answered_at": now}
    conn.execute(insert_or_change(conn, answer, _KEYS, _CHANGES), values | more)
    return Given(given.values | {key: value}, given.revs | {key: rev})


def drop(conn: Connection, book: Book, check_in_id: str, key: Key, now: datetime) -> None:
    """Take an answer out, as what it depends on was answered differently; it is kept, too."""
    if before := _keep(conn, book, (check_in_id, *key), now):
        conn.execute(delete(answer).where(answer.c.id == before))


def _keep(conn: Connection, book: Book, row: tuple[str, str, str], now: datetime) -> int | None:
    """Keep a value that is replaced; the id of its row, None if there is none."""
    before = conn.execute(_ROW, dict(zip(("id", "of", "item"), row, strict=True))).first()
    if before is None:
        return None
    value = book.open(before.value, answer.c.value, *row, rev=before.rev)
    names = ("clinic_id", "check_in_id", "questionnaire", "version", "item", "rev", "answered_at")
    values = {name: getattr(before, name) for name in names}
    sealed = book.seal(value, answer_before.c.value, *row, rev=before.rev)
    conn.execute(insert(answer_before).values(**values, value=sealed, changed_at=now))
    return int(before.id)
