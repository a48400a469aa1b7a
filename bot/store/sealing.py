"""Sealing: what people answered and wrote, and which chat is theirs, is in the database only as AES-256-GCM.

A sealed value is one byte for the format, four for the number of its key, twelve of nonce, then the text with its tag.
It is bound to its place (clinic, owner, table, column, row, version), so that one that was moved, swapped or put back
from an earlier version of its row does not open. What belongs to a patient is sealed with the patient's own key; pages
and messages for a therapist, which speak of several patients, with one that is replaced when one of them is erased.
"""

import hashlib
import hmac
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    String,
    bindparam,
    case,
    func,
    literal,
    select,
    update,
)

from bot import ids
from bot.store.columns import AnyRow
from bot.store.errors import Unreadable
from bot.store.keyring import Keyring
from bot.store.keys import NONCE
from bot.store.tables import answer, answer_before, check_in, digest, goal, goal_change, homework, inbox, outbox, person
from bot.store.tables import pair as pairs
from bot.store.tables_joining import relink
from bot.store.tables_web import second_factor

FORMAT = 1
_HEAD = struct.Struct(">BI")
INBOX, CHATS, LOG = "1:inbox", "1:chats", "1:log"
"""Owners that are no person: updates as they came, the index of chats, the log of who saw what."""
PAGES = ":pages"


def keyring(conn: Connection) -> Keyring:
    """The keys of the database behind a connection, as they are now."""
    found: Keyring = conn.info["keyring"]
    found.refresh()
    return found


# ------------------------------------------------------------------------------------------------ one owner


@dataclass(frozen=True, slots=True)
class Book:
    """Seals and opens for one owner."""

    owner: str
    keys: Keyring

    def seal(self, value: Any, column: Column[Any], *row: object, rev: int = 0) -> bytes:
        """A value, anything that JSON knows, for this column of this row."""
        number = self.keys.current(self.owner)
        head, nonce = _HEAD.pack(FORMAT, number), ids.secret(NONCE)
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return head + nonce + self.keys.cipher(number, self.owner).encrypt(nonce, text, self._place(column, row, rev))

    def open(self, sealed: bytes | None, column: Column[Any], *row: object, rev: int = 0) -> Any:
        """What was sealed; None of NULL. Raises Unreadable, KeyDestroyed or KeyMissing."""
        if sealed is None:
            return None
        try:
            form, number = _HEAD.unpack_from(sealed)
            cipher = self.keys.cipher(number, self.owner) if form == FORMAT else None
            assert cipher is not None
            start = _HEAD.size + NONCE
            place = self._place(column, row, rev)
            return json.loads(cipher.decrypt(sealed[_HEAD.size : start], sealed[start:], place))
        except (InvalidTag, AssertionError, struct.error, TypeError, ValueError):
            where = f"{column.table.name}.{column.name} {':'.join(map(str, row))}"
            raise Unreadable(f"{where} does not open: it was moved, put back or changed") from None

    def _place(self, column: Column[Any], row: tuple[object, ...], rev: int) -> bytes:
        return f"{self.owner}|{_named(column)}|{':'.join(map(str, row))}|{rev}".encode()


@cache
def _named(column: Column[Any]) -> str:
    return f"{column.table.name}.{column.name}"


def book(conn: Connection, owner: str) -> Book:
    """The book of an owner."""
    return Book(owner, keyring(conn))


def of_person(conn: Connection, person_id: int) -> Book:
    """For a person's own chat."""
    return book(conn, conn.execute(_OF_PERSON, {"id": person_id}).scalar_one())


def of_reader(conn: Connection, person_id: int) -> Book:
    """For messages and pages that go to a person."""
    return book(conn, conn.execute(_OF_READER, {"id": person_id}).scalar_one())


def of_pair(conn: Connection, pair_id: int) -> Book:
    """For what a pair is about: its patient's."""
    return book(conn, conn.execute(_OF_PAIR, {"id": pair_id}).scalar_one())


def of_check_in(conn: Connection, check_in_id: str) -> Book:
    """For what a check-in asks: its pair's patient's."""
    return book(conn, conn.execute(_OF_CHECK_IN, {"id": check_in_id}).scalar_one())


def of_digest(conn: Connection, digest_id: str) -> Book:
    """For a digest: its patient's, or for one of several patients its therapist's."""
    return book(conn, conn.execute(_OF_DIGEST, {"id": digest_id}).scalar_one())


def chat_key(conn: Connection, chat_id: int) -> bytes:
    """By what a chat is found: the same for the same chat, and of no use to anybody without the key."""
    keys = keyring(conn)
    number = keys.current(CHATS)
    return hmac.new(keys.key(number, CHATS), str(chat_id).encode(), hashlib.sha256).digest()


# ------------------------------------------------------------------------------------------------ whose it is


def own(people: Any = person) -> ColumnElement[str]:
    """The owner that a person is."""
    found: ColumnElement[str] = people.c.clinic_id.cast(String) + ":" + people.c.key_id
    return found


def reader(people: Any = person) -> ColumnElement[str]:
    """The owner of what goes to a person."""
    return case((people.c.role == "patient", own(people)), else_=own(people) + PAGES)


_patient, _therapist = person.alias("its_patient"), person.alias("its_therapist")
_of_digest = func.coalesce(own(_patient), own(_therapist) + PAGES)


def _by(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return column == bindparam("id")


_OF_PERSON = select(own()).where(_by(person.c.id))
_OF_READER = select(reader()).where(_by(person.c.id))
_OF_PAIR = select(own()).join(pairs, pairs.c.patient_id == person.c.id).where(_by(pairs.c.id))
_OF_CHECK_IN = (
    select(own())
    .join(pairs, pairs.c.patient_id == person.c.id)
    .join(check_in, check_in.c.pair_id == pairs.c.id)
    .where(_by(check_in.c.id))
)


def _with_digests(query: Select[Any]) -> Select[Any]:
    return (
        query.join(_therapist, _therapist.c.id == digest.c.therapist_id)
        .join(pairs, pairs.c.id == digest.c.pair_id, isouter=True)
        .join(_patient, _patient.c.id == pairs.c.patient_id, isouter=True)
    )


_OF_DIGEST = _with_digests(select(_of_digest).select_from(digest)).where(_by(digest.c.id))


# ------------------------------------------------------------------------------------------------ everything sealed


@dataclass(frozen=True, slots=True)
class Sealed:
    """The sealed columns of a table: what names a row, and a query of rows with their `owner`."""

    columns: tuple[Column[Any], ...]
    row: tuple[Column[Any], ...]
    query: Select[Any]
    rev: Column[Any] | None = None

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.columns[0].table.name)


def _of_patients(column: Column[Any], *on: Any) -> Select[Any]:
    """Rows of the table of this column, with the patient they are about."""
    query = select(column.table, own().label("owner")).select_from(column.table)
    for table, condition in on:
        query = query.join(table, condition)
    return query.join(person, person.c.id == pairs.c.patient_id)


def _of_answers(table: Any) -> Sealed:
    row = (table.c.check_in_id, table.c.questionnaire, table.c.item)
    joins = (check_in, check_in.c.id == table.c.check_in_id), (pairs, pairs.c.id == check_in.c.pair_id)
    return Sealed((table.c.value,), row, _of_patients(table.c.value, *joins), table.c.rev)


ANSWERS = _of_answers(answer)
EVERYTHING = (
    ANSWERS,
    _of_answers(answer_before),
    Sealed(
        (goal.c.words,), (goal.c.pair_id, goal.c.number),
        _of_patients(goal.c.words, (pairs, pairs.c.id == goal.c.pair_id)), goal.c.rev,
    ),
    Sealed(
        (goal_change.c.words_before, goal_change.c.words), (goal_change.c.id,),
        _of_patients(
            goal_change.c.words, (goal, goal.c.id == goal_change.c.goal_id), (pairs, pairs.c.id == goal.c.pair_id)
        ),
    ),
    Sealed(
        (homework.c.words, homework.c.why), (homework.c.session_id,),
        _of_patients(homework.c.words, (pairs, pairs.c.id == homework.c.pair_id)), homework.c.rev,
    ),
    Sealed(
        (check_in.c.asks,), (check_in.c.id,),
        _of_patients(check_in.c.asks, (pairs, pairs.c.id == check_in.c.pair_id)),
    ),
    Sealed(
        (digest.c.text, digest.c.html, digest.c.said), (digest.c.id,),
        _with_digests(select(digest, _of_digest.label("owner")).select_from(digest)),
    ),
    Sealed(
        (outbox.c.body,), (outbox.c.key,),
        select(outbox, reader().label("owner")).join(person, person.c.id == outbox.c.person_id),
    ),
    Sealed((person.c.chat_id,), (person.c.id,), select(person, own().label("owner"))),
    Sealed(
        (relink.c.chat_id,), (relink.c.id,),
        select(relink, own().label("owner")).join(person, person.c.id == relink.c.person_id),
    ),
    Sealed(
        (second_factor.c.secret,), (second_factor.c.person_id,),
        select(second_factor, own().label("owner")).join(person, person.c.id == second_factor.c.person_id),
    ),
    Sealed((inbox.c.raw,), (inbox.c.update_id,), select(inbox, literal(INBOX).label("owner"))),
)  # fmt: skip


def opened(conn: Connection, of: Sealed, row: AnyRow) -> dict[str, Any]:
    """The sealed columns of a row of `of.query`, by name, opened. An update that is done is empty."""
    book_ = book(conn, row.owner)
    names = [getattr(row, column.name) for column in of.row]
    rev = 0 if of.rev is None else row.rev
    return {
        column.name: book_.open(sealed, column, *names, rev=rev) if sealed != b"" else ""
        for column in of.columns
        for sealed in (getattr(row, column.name),)
    }


def every(conn: Connection, of: Sealed) -> Iterator[tuple[AnyRow, dict[str, Any]]]:
    """Every row of a table with what its sealed columns hold."""
    for row in conn.execute(of.query):
        yield row, opened(conn, of, row)


def put_anew(conn: Connection, of: Sealed, row: AnyRow, values: dict[str, Any]) -> None:
    """Seal these values of a row with the key that its owner has now."""
    book_, names = book(conn, row.owner), [getattr(row, column.name) for column in of.row]
    rev = 0 if of.rev is None else row.rev
    by_name = {column.name: column for column in of.columns}
    if not values:
        return
    sealed = {name: book_.seal(value, by_name[name], *names, rev=rev) for name, value in values.items()}
    table = of.columns[0].table
    here = [column == value for column, value in zip(of.row, names, strict=True)]
    conn.execute(update(table).where(*here, *([] if of.rev is None else [of.rev == rev])).values(sealed))
