"""Check-ins that were sent or missed, for an export and for a patient's own record; read through `store.checkins`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from bot.core.export import Sent
from bot.core.person import GIVEN_UP
from bot.store.checkins import Kept, by_check_in_id
from bot.store.columns import AnyRow
from bot.store.tables import answer, check_in, pair, person, session

_patient, _therapist = person.alias("of_patient"), person.alias("of_therapist")
_FOUND = (
    select(
        check_in.c.id, check_in.c.answered_at, check_in.c.pair_id, check_in.c.session_id, pair.c.patient_id,
        _patient.c.code.label("patient"), _therapist.c.code.label("therapist"),
    )
    .join(session, session.c.id == check_in.c.session_id)
    .join(pair, pair.c.id == check_in.c.pair_id)
    .join(_patient, _patient.c.id == pair.c.patient_id)
    .join(_therapist, _therapist.c.id == pair.c.therapist_id)
    .where(check_in.c.state.in_(("answered", "missed")))
    .order_by(_patient.c.code, session.c.starts_at, session.c.id, check_in.c.opens_at, check_in.c.id)
)  # fmt: skip
_VERSIONS = (
    select(answer.c.questionnaire, func.max(answer.c.version).label("version"))
    .where(answer.c.check_in_id == bindparam("id"))
    .group_by(answer.c.questionnaire)
)
_PAIRS = select(pair.c.id).where(pair.c.patient_id == bindparam("patient")).order_by(pair.c.id)
_VISITS = (
    select(session.c.id, session.c.pair_id)
    .join(pair, pair.c.id == session.c.pair_id)
    .where(pair.c.patient_id == bindparam("patient"))
    .order_by(session.c.starts_at, session.c.id)
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an export holds: sessions that begin from `begin` to before `end` (instants); of whom, by id."""

    begin: datetime | None = None
    end: datetime | None = None
    patient_id: int | None = None
    therapist_id: int | None = None
    person_id: int | None = None  # only what this person was asked


@dataclass(frozen=True, slots=True)
class _Numbers:
    """By session id: how manieth of its pair, how manieth of the patient; by pair id: how manieth pair."""

    session: dict[int, int]
    visit: dict[int, int]
    pair: dict[int, int]


def sent(conn: Connection, wanted: Wanted) -> Iterator[Sent]:
    """What is wanted, by patient and time of the session. Who takes no part any more is in it only if asked for."""
    query = _FOUND
    if wanted.begin is not None:
        query = query.where(session.c.starts_at >= wanted.begin)
    if wanted.end is not None:
        query = query.where(session.c.starts_at < wanted.end)
    if wanted.therapist_id is not None:
        query = query.where(pair.c.therapist_id == wanted.therapist_id)
    if wanted.person_id is not None:
        query = query.where(check_in.c.person_id == wanted.person_id)
    if wanted.patient_id is not None:
        query = query.where(pair.c.patient_id == wanted.patient_id)
    else:
        query = query.where(_patient.c.state.not_in(GIVEN_UP))
    numbers: dict[int, _Numbers] = {}
    for row in conn.execute(query).all():
        if row.patient_id not in numbers:
            numbers[row.patient_id] = _numbers(conn, row.patient_id)
        yield _sent(conn, row, by_check_in_id(conn, row.id), numbers[row.patient_id])


def _numbers(conn: Connection, patient_id: int) -> _Numbers:
    in_pair: dict[int, int] = {}
    found = _Numbers({}, {}, {})
    for visit, row in enumerate(conn.execute(_VISITS, {"patient": patient_id}), 1):
        in_pair[row.pair_id] = in_pair.get(row.pair_id, 0) + 1
        found.session[row.id], found.visit[row.id] = in_pair[row.pair_id], visit
    found.pair.update(
        {pair_id: n for n, pair_id in enumerate(conn.execute(_PAIRS, {"patient": patient_id}).scalars(), 1)}
    )
    return found


def _sent(conn: Connection, row: AnyRow, kept: Kept, numbers: _Numbers) -> Sent:
    check, asks = kept.check_in, kept.asks
    last = None if asks is None or asks.last_homework is None else numbers.session.get(asks.last_homework)
    return Sent(
        row.patient, row.therapist, numbers.pair[row.pair_id], numbers.session[row.session_id],
        numbers.visit[row.session_id], check.voice, check.kind,
        "answered" if check.state == "answered" else "missed", check.late, kept.local, row.answered_at,
        () if asks is None else asks.questionnaires, check.answers,
        {row.questionnaire: row.version for row in conn.execute(_VERSIONS, {"id": row.id})}, last,
    )  # fmt: skip
