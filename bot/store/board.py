"""What the front desk sees of everybody: appointments, what is asked of whom, and where something is missing.

Never an answer, and not whether somebody answered: an asking that was sent is "asked", whatever became of it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from bot.store.columns import AnyRow, Utc
from bot.store.tables import check_in, pair, person, session
from bot.store.tables_joining import invite, relink

LOOK_BACK = timedelta(days=30)
"""What nobody has said about an appointment after so long is not asked for any more."""
_patient, _therapist = person.alias("patient"), person.alias("therapist")


@dataclass(frozen=True, slots=True)
class Asked:
    """One asking: of the patient or the therapist, after the session or about homework; when it opens (UTC).

    `state` is planned, asked, excused or not_asked; `why` says why not.
    """

    role: str
    kind: str
    opens: datetime
    state: str
    why: str | None


@dataclass(frozen=True, slots=True)
class Slot:
    """An appointment as the front desk sees it. `local` is the clinic's wall time, "2026-11-03T14:00"."""

    id: int
    pair_id: int
    local: str
    minutes: int
    state: str
    confirm: bool
    in_series: bool
    patient: str
    therapist: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def day(self) -> str:
        """The clinic's date, "2026-11-03"."""
        return self.local[:10]

    @property
    def clock(self) -> str:
        """The clinic's time of day, "14:00"."""
        return self.local[11:16]


def slots(
    conn: Connection,
    begin: datetime,
    end: datetime,
    now: datetime,
    *,
    therapist_id: int | None = None,
    pair_id: int | None = None,
) -> list[Slot]:
    """The appointments that start from `begin` on and before `end`, in order of time, with what is asked about them.

    One that was planned counts as held once it is over.
    """
    where = (session.c.starts_at >= begin) & (session.c.starts_at < end)
    if pair_id is not None:
        where &= session.c.pair_id == pair_id
    if therapist_id is not None:
        where &= (pair.c.therapist_id == therapist_id) & pair.c.ended_at.is_(None)
    found = [_slot(row, now) for row in conn.execute(_SLOTS.where(where))]
    asked = _asked(conn, where)
    for slot in found:
        slot.asked.extend(asked.get(slot.id, ()))
    return found


_SLOTS = (
    select(
        session.c.id, session.c.pair_id, session.c.local, session.c.minutes, session.c.state, session.c.confirm,
        session.c.series_id, session.c.ends_at, _patient.c.code.label("patient"), _therapist.c.code.label("therapist"),
    )
    .join(pair, pair.c.id == session.c.pair_id)
    .join(_patient, _patient.c.id == pair.c.patient_id)
    .join(_therapist, _therapist.c.id == pair.c.therapist_id)
    .order_by(session.c.starts_at, session.c.id)
)  # fmt: skip


def _slot(row: AnyRow, now: datetime | None = None) -> Slot:
    series = row.series_id is not None
    state = "held" if row.state == "planned" and now is not None and row.ends_at <= now else row.state
    return Slot(row.id, row.pair_id, row.local, row.minutes, state, row.confirm, series, row.patient, row.therapist)


def _asked(conn: Connection, where: ColumnElement[bool]) -> dict[int, list[Asked]]:
    by_session: dict[int, list[Asked]] = defaultdict(list)
    rows = conn.execute(
        select(
            check_in.c.session_id, check_in.c.kind, check_in.c.state, check_in.c.why,
            func.coalesce(check_in.c.opened_at, check_in.c.opens_at, type_=Utc()),
            check_in.c.opened_at.is_not(None), check_in.c.person_id == pair.c.patient_id,
        )
        .join(session, session.c.id == check_in.c.session_id)
        .join(pair, pair.c.id == session.c.pair_id)
        .where(where)
        .order_by(check_in.c.opens_at)
    )  # fmt: skip
    for session_id, kind, state, why, opens, was_sent, of_patient in rows:
        # what was sent is "asked" for good: withdrawn later it would look other than what was answered
        shown = state if state in ("planned", "not_asked") or (state == "excused" and not was_sent) else "asked"
        by_session[session_id].append(Asked("patient" if of_patient else "therapist", kind, opens, shown, why))
    return by_session


def slot(conn: Connection, session_id: int) -> Slot | None:
    """One appointment; None if there is none of that number."""
    row = conn.execute(_SLOTS.where(session.c.id == session_id)).first() if abs(session_id) < 2**63 else None
    return None if row is None else _slot(row)


def to_confirm(conn: Connection, now: datetime) -> list[Slot]:
    """Appointments of which somebody said that they did not take place, until the desk says what is right."""
    where = session.c.confirm & (session.c.starts_at > now - LOOK_BACK) & (session.c.starts_at <= now)
    return [_slot(row) for row in conn.execute(_SLOTS.where(where))]


# ------------------------------------------------------------------------------------------------ people


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody on a list. `next` is the local time of the next appointment, `with_` the other side's codes."""

    id: int
    code: str
    state: str
    zone: str
    is_in: bool
    unreachable: bool
    with_: tuple[str, ...] = ()
    next: str | None = None


def patients(conn: Connection, now: datetime, therapist_id: int | None = None) -> list[Listed]:
    """All patients, or those of one therapist, with their therapist and their next appointment, by code."""
    coming = (
        select(pair.c.patient_id, func.min(session.c.local).label("next"))
        .join(pair, pair.c.id == session.c.pair_id)
        .where(session.c.state == "planned", session.c.starts_at > now, pair.c.ended_at.is_(None))
        .group_by(pair.c.patient_id)
        .subquery()
    )
    query = (
        select(_patient, _therapist.c.code.label("therapist"), coming.c.next)
        .outerjoin(pair, (pair.c.patient_id == _patient.c.id) & pair.c.ended_at.is_(None))
        .outerjoin(_therapist, _therapist.c.id == pair.c.therapist_id)
        .outerjoin(coming, coming.c.patient_id == _patient.c.id)
        .where(_patient.c.role == "patient")
        .order_by(_patient.c.code)
    )
    if therapist_id is not None:
        query = query.where(_therapist.c.id == therapist_id)
    return [_listed(row, (row.therapist,) if row.therapist else (), row.next) for row in conn.execute(query)]


def therapists(conn: Connection) -> list[Listed]:
    """All therapists, with the codes of their patients, by code."""
    codes: dict[int, list[str]] = defaultdict(list)
    rows = conn.execute(
        select(pair.c.therapist_id, _patient.c.code)
        .join(_patient, _patient.c.id == pair.c.patient_id)
        .where(pair.c.ended_at.is_(None))
        .order_by(_patient.c.code)
    )
    for therapist_id, code in rows:
        codes[therapist_id].append(code)
    everybody = conn.execute(select(person).where(person.c.role == "therapist").order_by(person.c.code))
    return [_listed(row, tuple(codes[row.id]), None) for row in everybody]


def _listed(row: AnyRow, with_: tuple[str, ...], coming: str | None) -> Listed:
    return Listed(
        row.id, row.code, row.state, row.zone, row.chat_id is not None, row.unreachable_since is not None, with_, coming
    )


# ------------------------------------------------------------------------------------------------ gaps


Who = tuple[str, str]
"""Role and code."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """Where something is missing: whose chat cannot be reached, who is not in yet (with or without an invite
    that works), who has no appointment ahead, and whose new phone waits.
    """

    unreachable: Sequence[Who] = ()
    invited: Sequence[Who] = ()
    not_invited: Sequence[Who] = ()
    no_session: Sequence[Who] = ()
    new_phones: Sequence[Who] = ()

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return any((self.unreachable, self.invited, self.not_invited, self.no_session, self.new_phones))


def gaps(conn: Connection, now: datetime) -> Gaps:
    """What somebody should see to."""
    taking_part = person.c.role.in_(("patient", "therapist"))
    lost = _codes(conn, taking_part & person.c.unreachable_since.is_not(None) & (person.c.state == "active"))
    valid = select(invite.c.person_id).where(invite.c.used_at.is_(None), invite.c.expires_at > now)
    outside = taking_part & (person.c.state == "invited")
    invited = _codes(conn, outside & person.c.id.in_(valid))
    not_invited = _codes(conn, outside & person.c.id.not_in(valid))
    phones = select(relink.c.person_id).where(relink.c.state == "waiting", relink.c.expires_at > now)
    return Gaps(lost, invited, not_invited, _without_session(conn, now), _codes(conn, person.c.id.in_(phones)))


def _codes(conn: Connection, where: ColumnElement[bool]) -> list[Who]:
    rows = conn.execute(select(person.c.role, person.c.code).where(where).order_by(person.c.code))
    return [(row.role, row.code) for row in rows]


def _without_session(conn: Connection, now: datetime) -> list[Who]:
    """Patients who take part and have nothing ahead; a pause is no gap."""
    ahead = (
        select(pair.c.patient_id)
        .join(session, session.c.pair_id == pair.c.id)
        .where(pair.c.ended_at.is_(None), session.c.state == "planned", session.c.starts_at > now)
    )
    has_pair: Any = select(pair.c.patient_id).where(pair.c.ended_at.is_(None))
    taking_part = (person.c.role == "patient") & person.c.state.not_in(("paused", "stopped", "declined", "discharged"))
    return _codes(conn, taking_part & person.c.id.in_(has_pair) & person.c.id.not_in(ahead))
