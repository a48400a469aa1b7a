"""The delivery ledger's rows: every check-in and digest of a span of time, and what the pilot held back beside them.

Each part is read through an index over its planned moment, so that a page costs what its span holds, however much is
kept. Conditions of partial indexes are written out: SQLite must see that they are the index's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    text,
    union_all,
)

from bot.core.ledger import Fact
from bot.store.columns import AnyRow, Utc
from bot.store.tables import check_in, digest, outbox, pair, person, session

MOST_UNSENT = 1000
"""So many that are past their time are looked at; more than that is said as that many."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: planned from `begin` until before `end`, of a therapist, of a patient, for a therapist's own eyes."""

    begin: datetime
    end: datetime
    therapist_id: int | None = None
    patient_id: int | None = None
    reader_id: int | None = None


_to, _patient, _therapist = person.alias("receiver"), person.alias("patient"), person.alias("therapist")
_form = check_in.alias("form")


def page(conn: Connection, wanted: Wanted, most: int, skip: int) -> list[Fact]:
    """So many rows of the ledger, in order of time, after the first `skip`."""
    parts = [
        _check_ins().where(*_of_pair(wanted, check_in.c.opens_at, pair.c.therapist_id)),
        _digests().where(*_of_pair(wanted, digest.c.planned_at, digest.c.therapist_id)),
        _held().where(*_of_receiver(wanted)),
    ]
    return _facts(conn, parts, most, skip)


def unsent(conn: Connection, until: datetime) -> list[Fact]:
    """What was planned for before an instant and may not be sent: the rules of the ledger say whether it is late."""
    waiting = select(outbox.c.about).where(text("outbox.state IN ('waiting', 'sending')"))
    parts = [
        _check_ins().where(text("check_in.state = 'planned'"), check_in.c.opens_at <= until),
        _check_ins().where(check_in.c.id.in_(waiting.where(outbox.c.kind == "prompt")), check_in.c.opened_at <= until),
        _digests().where(text("digest.state = 'planned'"), digest.c.planned_at <= until),
        _digests().where(digest.c.id.in_(waiting.where(outbox.c.kind == "digest")), digest.c.built_at <= until),
    ]
    return _facts(conn, parts, MOST_UNSENT, 0)


def lost_between(conn: Connection, begin: datetime, end: datetime, now: datetime) -> int:
    """How many check-ins and digests planned for a span of time had become too late (also those only about to be
    settled so), and were not sent.
    """
    late = and_(check_in.c.state == "not_asked", check_in.c.why == "too late")
    closed = and_(check_in.c.state == "planned", check_in.c.closes_at <= now)
    asked = select(func.count()).select_from(check_in).where(or_(late, closed))
    told = select(func.count()).select_from(digest).where(digest.c.state == "not_sent", digest.c.why == "too late")
    counts = (
        asked.where(check_in.c.opens_at >= begin, check_in.c.opens_at < end),
        told.where(digest.c.planned_at >= begin, digest.c.planned_at < end),
    )
    return sum(int(conn.execute(count).scalar_one()) for count in counts)


def _of_pair(wanted: Wanted, at: ColumnElement[Any], therapist: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """`+ 0`: the rows are found by their time, not by the person, who may have years of them."""
    conditions = [at >= wanted.begin, at < wanted.end]
    if wanted.therapist_id is not None:
        conditions.append(therapist + 0 == wanted.therapist_id)
    if wanted.patient_id is not None:
        conditions.append(pair.c.patient_id + 0 == wanted.patient_id)
    if wanted.reader_id is not None:
        conditions += [therapist + 0 == wanted.reader_id, pair.c.ended_at.is_(None)]
    return conditions


def _of_receiver(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What is held back belongs to whom it was for; a therapist reads of the own ones."""
    conditions = [outbox.c.not_before >= wanted.begin, outbox.c.not_before < wanted.end]
    every = (wanted.therapist_id, wanted.patient_id, wanted.reader_id)
    return conditions + [outbox.c.person_id + 0 == one for one in every if one is not None]


# ------------------------------------------------------------------------------------------------ the three parts


def _columns(*own: Any) -> list[Any]:
    """The columns of a part, in the order of `_fact`: what all have alike, and this part's own."""
    return [_to.c.code, _to.c.zone, _to.c.state, _to.c.chat_id, _to.c.unreachable_since, *own]


def _check_ins() -> Select[Any]:
    """Every check-in with its first message, its session and its pair."""
    message = outbox.c.key == literal("open:") + check_in.c.id
    blind = exists().where(
        _form.c.session_id == check_in.c.session_id,
        _form.c.person_id == pair.c.therapist_id,
        _form.c.state.in_(("planned", "open")),
    )
    own = _columns(
        (literal("c:") + check_in.c.id).label("id"),
        case((check_in.c.kind == "homework", "homework"), else_="check_in").label("what"),
        check_in.c.opens_at.label("at"),
        _patient.c.code.label("patient"), _therapist.c.code.label("therapist"), pair.c.therapist_id,
        session.c.id.label("session"), session.c.local,
        check_in.c.state.label("is"), check_in.c.why, check_in.c.opened_at.label("settled"),
        outbox.c.state.label("message"), outbox.c.sent_at,
        func.coalesce(check_in.c.place["started"].as_boolean(), False).label("begun"),
        check_in.c.late, blind.label("blind"), pair.c.ended_at.is_not(None).label("ended"),
    )  # fmt: skip
    return (
        select(*own)
        .join_from(check_in, _to, _to.c.id == check_in.c.person_id)
        .join(session, session.c.id == check_in.c.session_id)
        .join(pair, pair.c.id == check_in.c.pair_id)
        .join(_patient, _patient.c.id == pair.c.patient_id)
        .join(_therapist, _therapist.c.id == pair.c.therapist_id)
        .join(outbox, message, isouter=True)
    )


def _digests() -> Select[Any]:
    """Every digest with its message; whoever covers for the therapist is the one it went to."""
    message = outbox.c.key == literal("digest:") + digest.c.id + ":" + func.coalesce(session.c.local, "None")
    what = case((digest.c.pair_id.is_not(None), "digest"), (digest.c.day.is_not(None), "morning"), else_="weekly")
    own = _columns(
        (literal("d:") + digest.c.id).label("id"), what.label("what"), digest.c.planned_at.label("at"),
        _patient.c.code, _therapist.c.code, digest.c.therapist_id, session.c.id, session.c.local,
        digest.c.state, digest.c.why, digest.c.built_at, outbox.c.state, outbox.c.sent_at,
        digest.c.opened_at.is_not(None), literal(False), literal(False), pair.c.ended_at.is_not(None),
    )  # fmt: skip
    return (
        select(*own)
        .select_from(digest)
        .join(session, session.c.id == digest.c.session_id, isouter=True)
        .join(pair, pair.c.id == digest.c.pair_id, isouter=True)
        .join(_patient, _patient.c.id == pair.c.patient_id, isouter=True)
        .join(_therapist, _therapist.c.id == digest.c.therapist_id)
        .join(outbox, message, isouter=True)
        .join(_to, _to.c.id == func.coalesce(outbox.c.person_id, digest.c.therapist_id))
    )


def _held() -> Select[Any]:
    """Reminders and notices that the pilot held back."""
    own = _columns(
        (literal("o:") + cast(outbox.c.id, String)).label("id"),
        case((outbox.c.kind == "reminder", "reminder"), else_="notice"), outbox.c.not_before,
        case((_to.c.role == "patient", _to.c.code)), case((_to.c.role == "therapist", _to.c.code)),
        case((_to.c.role == "therapist", _to.c.id)), cast(null(), Integer), cast(null(), String),
        literal("open"), cast(null(), String), cast(null(), Utc()), outbox.c.state, outbox.c.sent_at,
        literal(False), literal(False), literal(False), literal(False),
    )  # fmt: skip
    return (
        select(*own)
        .select_from(outbox)
        .join(_to, _to.c.id == outbox.c.person_id)
        .where(text("outbox.state = 'held'"), outbox.c.kind.in_(("reminder", "notice")))
    )


def _facts(conn: Connection, parts: Sequence[Select[Any]], most: int, skip: int) -> list[Fact]:
    every = union_all(*parts).subquery()
    return [_fact(row) for row in conn.execute(select(every).order_by(every.c.at, every.c.id).limit(most).offset(skip))]


def _fact(row: AnyRow) -> Fact:
    code, zone, state, chat, unreachable, key, what, at, *more = row
    can_be_asked = state == "active" and chat is not None and unreachable is None
    *known, begun, late, blind, ended = more
    flags = (bool(one) for one in (begun, late, blind, ended))
    return Fact(key, what, at, code, zone, can_be_asked, unreachable is not None, *known, *flags)
