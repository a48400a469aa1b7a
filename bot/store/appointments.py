"""Sessions and what follows from them: the planned check-ins and digests of a pair, derived anew at every change."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from bot import ids
from bot.core.checkin import next_due
from bot.core.person import Pair, Person
from bot.core.plan import Plan
from bot.core.plans import plan_of, wished_by
from bot.core.schedule import (
    Appointment,
    Planned,
    Receiver,
    check_ins,
    closes_at,
    digests,
    morning_after,
    weekly_after,
)
from bot.core.walltime import at_local, local_date, to_utc, zone_of
from bot.store.checkins import from_row
from bot.store.columns import AnyRow
from bot.store.people import CLINIC, Refused, has_ended, pair_of
from bot.store.tables import answer, answer_before, away, check_in, digest, homework, outbox, pair, session, snooze
from bot.store.tables_web import desk_mark

LOOK_BACK = timedelta(days=30)  # older sessions have nothing planned any more
LONGEST = timedelta(days=1)  # a session is not longer
_AWAY = select(away.c.first, away.c.last).where(away.c.person_id == bindparam("person"))
_SESSIONS = select(session).where(session.c.pair_id == bindparam("pair")).order_by(session.c.starts_at, session.c.id)


def receiver(conn: Connection, who: Person) -> Receiver:
    """The person as the schedule sees it, with the days away."""
    rows = conn.execute(_AWAY, {"person": who.id})
    return Receiver(zone_of(who.zone), tuple((r.first, r.last) for r in rows), who.ask_at, who.ask_every)


def as_appointment(row: AnyRow) -> Appointment:
    """A session from its row."""
    return Appointment(row.id, row.starts_at, row.ends_at, row.state)


def sessions_of(conn: Connection, pair_id: int, since: datetime | None = None) -> list[AnyRow]:
    """The rows of a pair's sessions in order of time, those that end at or after `since`."""
    query = _SESSIONS if since is None else _SESSIONS.where(session.c.ends_at >= since)
    return list(conn.execute(query, {"pair": pair_id}))


def next_of(conn: Connection, pair_id: int, now: datetime) -> AnyRow | None:
    """The pair's next session that stands, or the one that takes place now."""
    coming = (session.c.pair_id == pair_id) & (session.c.ends_at > now) & session.c.state.in_(("planned", "held"))
    return conn.execute(select(session).where(coming).order_by(session.c.starts_at)).first()


def session_row(conn: Connection, session_id: int) -> AnyRow:
    """A session by its id; Refused if there is none."""
    known = abs(session_id) < 2**63  # a larger one no database takes
    row = conn.execute(select(session).where(session.c.id == session_id)).first() if known else None
    if row is None:
        says = f"There is no session {session_id}. `accord clinic list` shows the sessions with their ids."
        raise Refused(says, "no_session")
    return row


def add_session(
    conn: Connection,
    pair: Pair,
    wall: datetime,
    zone: str,
    minutes: int,
    *,
    series_id: int | None = None,
    uid: str | None = None,
    but: Collection[int] = (),
) -> int:
    """Add a session at a wall time (naive) of a zone; its id. Refused if patient or therapist have one then.

    Sessions in `but` do not count: they are about to move.
    """
    values = times(wall, zone, minutes)
    _refuse_taken(conn, pair, values["starts_at"], values["ends_at"], but)
    values |= {"clinic_id": pair.clinic_id, "pair_id": pair.id, "series_id": series_id, "uid": uid, "zone": zone}
    made = conn.execute(insert(session).values(state="planned", **values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def said_wall(local: str) -> str:
    """A kept wall time in a sentence: "2026-11-03 14:00"; it can be typed like this, too."""
    return local.replace("T", " ")


def times(wall: datetime, zone: str, minutes: int) -> dict[str, Any]:
    """The columns of a session that say when it is."""
    starts = to_utc(wall, zone_of(zone))
    ends = starts + timedelta(minutes=minutes)
    return {"local": wall.isoformat(timespec="minutes"), "minutes": minutes, "starts_at": starts, "ends_at": ends}


def refuse_to_stand(conn: Connection, row: AnyRow, starts: datetime, ends: datetime, but: Collection[int] = ()) -> None:
    """Refused if this session cannot be planned then: its pair has ended, or somebody has another one."""
    pair_ = pair_of(conn, row.pair_id)
    if has_ended(conn, row.pair_id):
        patient, therapist = pair_.patient.code, pair_.therapist.code
        says = f"{patient} is not with {therapist} any more: add a new session for {patient}."
        raise Refused(says, "pair_ended", patient, therapist)
    _refuse_taken(conn, pair_, starts, ends, {*but, row.id})


def _refuse_taken(conn: Connection, pair_: Pair, starts: datetime, ends: datetime, but: Collection[int]) -> None:
    """Nobody is in two sessions at once, as far as one pair or one therapist knows; one that ends then is no matter."""
    theirs = (pair.c.therapist_id == pair_.therapist.id) | (pair.c.patient_id == pair_.patient.id)
    at_once = (session.c.starts_at > starts - LONGEST) & (session.c.starts_at < ends) & (session.c.ends_at > starts)
    rows = conn.execute(
        select(session.c.id, session.c.pair_id, session.c.local, session.c.minutes)
        .join(pair, pair.c.id == session.c.pair_id)
        .where(theirs, pair.c.ended_at.is_(None), at_once, session.c.state != "cancelled")
        .order_by(session.c.starts_at, session.c.id)
    )
    taken = next((row for row in rows if row.id not in but), None)
    if taken is None:
        return
    other = pair_of(conn, taken.pair_id).patient.code
    whose = pair_.patient.code if other == pair_.patient.code else pair_.therapist.code
    raise Refused(
        f"{whose} has a session at that time already (session {taken.id}): {other}, {said_wall(taken.local)}, "
        f"{taken.minutes} minutes. Choose another time, or move or cancel that one first.",
        "taken_time", whose, other, taken.local, str(taken.minutes), field="clock",
    )  # fmt: skip


def move_session(
    conn: Connection,
    session_id: int,
    wall: datetime,
    minutes: int | None = None,
    series_id: int | None = None,
    but: Collection[int] = (),
) -> None:
    """Move a session to another wall time in its own zone (and length, and series). Refused as in `add_session`."""
    row = session_row(conn, session_id)
    values = times(wall, row.zone, minutes or row.minutes)
    refuse_to_stand(conn, row, values["starts_at"], values["ends_at"], but)
    values |= {"series_id": series_id or row.series_id, "state": "planned", "confirm": False, "closure_id": None}
    conn.execute(update(session).where(session.c.id == session_id).values(values))


def by_uid(conn: Connection, uid: str) -> AnyRow | None:
    """The session that an event of a calendar has become, by the hash of its id; the newest, after a transfer."""
    return conn.execute(select(session).where(session.c.uid == uid).order_by(session.c.id.desc())).first()


def set_uid(conn: Connection, session_id: int, uid: str) -> None:
    """Remember which event of a calendar a session is."""
    conn.execute(update(session).where(session.c.id == session_id).values(uid=uid))


def at_start(conn: Connection, pair: Pair, wall: datetime, zone: str) -> AnyRow | None:
    """The pair's session that starts at that time; one that stands before one that was cancelled."""
    here = (session.c.pair_id == pair.id) & (session.c.starts_at == to_utc(wall, zone_of(zone)))
    rows = conn.execute(select(session).where(here).order_by(session.c.id))
    return min(rows, key=lambda row: row.state == "cancelled", default=None)


def remove_or_cancel(conn: Connection, session_id: int) -> bool:
    """Remove a session to come that holds nothing yet, else cancel it; whether it was removed."""
    if _holds_something(conn, session_id):
        mark_session(conn, session_id, "cancelled")
        return False
    conn.execute(delete(check_in).where(check_in.c.session_id == session_id))
    conn.execute(delete(digest).where(digest.c.session_id == session_id))
    conn.execute(delete(session).where(session.c.id == session_id))
    return True


def _holds_something(conn: Connection, session_id: int) -> bool:
    """Whether anything was sent, answered, set or said about it."""
    asked = select(check_in.c.id).where(check_in.c.session_id == session_id, check_in.c.state != "planned")
    told = select(digest.c.id).where(digest.c.session_id == session_id, digest.c.state != "planned")
    kept = [select(t.c.id).where(t.c.session_id == session_id) for t in (homework, snooze, desk_mark)]
    filed = select(answer.c.id).where(answer.c.filed_under == session_id)
    return any(conn.execute(query.limit(1)).first() is not None for query in (asked, told, filed, *kept))


def mark_session(conn: Connection, session_id: int, state: str, confirm: bool = False) -> None:
    """Say that a session was held, missed or cancelled; `confirm` asks the desk to check."""
    session_row(conn, session_id)
    values = {"state": state, "confirm": confirm, "closure_id": None}
    conn.execute(update(session).where(session.c.id == session_id).values(values))


# ------------------------------------------------------------------------------------------------ what follows


@dataclass(frozen=True, slots=True)
class Derived:
    """What a pair's sessions come to: the rows looked at, how many sessions stood before them, and the check-ins."""

    rows: list[AnyRow]
    appointments: list[Appointment]
    earlier: int
    planned: list[Planned]


def derived(conn: Connection, pair: Pair, plan: Plan, now: datetime) -> Derived:
    """The check-ins that follow from the pair's sessions since anything was settled, by the clinic's plan with what
    the pair's own says differently; writes nothing.
    """
    since = min(now - LOOK_BACK, _first_unsettled(conn, pair.id) or now)
    rows = sessions_of(conn, pair.id, since)
    appointments = [as_appointment(row) for row in rows]
    before = select(func.count()).where(session.c.pair_id == pair.id, session.c.ends_at < since)
    earlier = int(conn.execute(before.where(session.c.state.in_(("planned", "held")))).scalar_one())
    who = {"patient": receiver(conn, pair.patient), "therapist": receiver(conn, pair.therapist)}
    planned = check_ins(appointments, who["patient"], who["therapist"], plan_of(pair, plan), earlier)
    return Derived(rows, appointments, earlier, planned)


def replan(conn: Connection, pair_id: int, plan: Plan, now: datetime) -> None:
    """Derive the pair's planned check-ins and digests anew, from the clinic's plan with what the pair's own says
    differently. What was sent stays; costs O(this pair).
    """
    if has_ended(conn, pair_id):  # whatever is said of its sessions now, nobody is asked about them any more
        return
    pair = pair_of(conn, pair_id)
    due, plan = derived(conn, pair, plan, now), plan_of(pair, plan)
    _plan_check_ins(conn, pair, due.rows, due.planned, plan, now)
    _plan_digests(conn, pair, due.appointments, plan, due.earlier, now)


def _first_unsettled(conn: Connection, pair_id: int) -> datetime | None:
    """The end of the pair's first session that has something planned or open: it may have been moved far back."""
    unsettled = select(check_in.c.session_id).where(
        check_in.c.pair_id == pair_id, check_in.c.state.in_(("planned", "open"))
    )
    planned = select(digest.c.session_id).where(digest.c.pair_id == pair_id, digest.c.state == "planned")
    either = session.c.id.in_(unsettled) | session.c.id.in_(planned)
    first: datetime | None = conn.execute(select(func.min(session.c.ends_at)).where(either)).scalar_one()
    return first


def _plan_check_ins(
    conn: Connection, pair: Pair, rows: Sequence[AnyRow], planned: Sequence[Planned], plan: Plan, now: datetime
) -> None:
    kept = conn.execute(select(check_in).where(check_in.c.session_id.in_([row.id for row in rows])))
    by_id = {row.id: as_appointment(row) for row in rows}
    existing = {(row.session_id, row.kind, row.person_id): row for row in kept}
    for one in planned:
        person = pair.patient if one.voice == "patient" else pair.therapist
        row = existing.pop((one.session, one.kind, person.id), None)
        if row is None:
            _insert(conn, pair, person, one)
        elif _is_void(row, by_id[one.session], now):
            for table in (answer, answer_before):
                conn.execute(delete(table).where(table.c.check_in_id == row.id))
            conn.execute(delete(check_in).where(check_in.c.id == row.id))
            _insert(conn, pair, person, one, message_id=row.message_id)
        elif row.state == "planned":
            times = {"opens_at": one.opens, "reminds_at": one.reminds, "closes_at": one.closes, "due_at": one.opens}
            conn.execute(update(check_in).where(check_in.c.id == row.id).values(times))
        elif row.state == "open":
            _reclose(conn, row, person, one, by_id, plan)
    for row in existing.values():  # their session does not take place (any more), or this is not asked (any more)
        if row.state == "planned":
            conn.execute(delete(check_in).where(check_in.c.id == row.id))
        elif row.state == "open":
            why = {"state": "excused", "why": "off" if by_id[row.session_id].stands else "cancelled", "due_at": None}
            conn.execute(update(check_in).where(check_in.c.id == row.id).values(why))


def _is_void(row: AnyRow, session: Appointment, now: datetime) -> bool:
    """Whether an asking came to nothing and is due anew: its session is still to come (it was moved), or is held after
    all. What was sent is never void.
    """
    if row.state in ("planned", "answered"):
        return False
    return session.ends > now or (row.state == "excused" and row.why in ("not_met", "cancelled", "off"))


def _insert(conn: Connection, pair: Pair, person: Person, one: Planned, message_id: int | None = None) -> None:
    values = {
        "id": ids.token(), "clinic_id": pair.clinic_id, "pair_id": pair.id, "session_id": one.session,
        "person_id": person.id, "kind": one.kind, "state": "planned", "opens_at": one.opens,
        "reminds_at": one.reminds, "closes_at": one.closes, "due_at": one.opens, "message_id": message_id,
    }  # fmt: skip
    conn.execute(insert(check_in).values(values))


def _reclose(
    conn: Connection, row: AnyRow, person: Person, one: Planned, by_id: Mapping[int, Appointment], plan: Plan
) -> None:
    """The next session moved: an open check-in closes at another time, counted from its actual opening."""
    opened = from_row(row, person, {})
    session = by_id[one.session]
    following = next((a for a in by_id.values() if a.stands and a.starts > session.starts), None)
    closes = closes_at(session, following, one.voice, one.kind, row.opened_at, plan)
    due = next_due(replace(opened, closes=closes), one.opens, plan)
    conn.execute(update(check_in).where(check_in.c.id == row.id).values(closes_at=closes, due_at=due))


def _plan_digests(
    conn: Connection, pair: Pair, appointments: Sequence[Appointment], plan: Plan, earlier: int, now: datetime
) -> None:
    due = {d.session: d.at for d in digests(appointments, plan, earlier)}
    starts = {a.id: a.starts for a in appointments}
    walls = {row.id: row.local for row in sessions_of(conn, pair.id)}
    rows = conn.execute(select(digest.c.id, digest.c.session_id, digest.c.state).where(digest.c.pair_id == pair.id))
    for row in rows:
        at = due.pop(row.session_id, None)
        if row.state != "planned":
            # It was announced, and then its session was moved: it is due anew, but not for the time already told.
            if at is not None and at > now and not _was_announced(conn, row.id, walls[row.session_id]):
                conn.execute(
                    update(digest).where(digest.c.id == row.id).values(state="planned", due_at=at, planned_at=at)
                )
            continue
        if at is None:
            if row.session_id in starts:
                conn.execute(delete(digest).where(digest.c.id == row.id))
        else:
            conn.execute(update(digest).where(digest.c.id == row.id).values(due_at=at, planned_at=at))
    for session_id, at in due.items():
        if starts[session_id] > now:
            _insert_digest(conn, pair.therapist, at, pair_id=pair.id, session_id=session_id)


def _was_announced(conn: Connection, digest_id: str, wall: str) -> bool:
    """Whether it was said that the digest before a session at this wall time is ready."""
    key = select(outbox.c.id).where(outbox.c.key == f"digest:{digest_id}:{wall}")
    return conn.execute(key).first() is not None


def _insert_digest(conn: Connection, therapist: Person, at: datetime, **about: object) -> None:
    values = {"id": ids.token(), "clinic_id": CLINIC, "therapist_id": therapist.id, "state": "planned"}
    conn.execute(insert(digest).values(**values, due_at=at, planned_at=at, **about))


def plan_own_digests(conn: Connection, therapist: Person, plan: Plan, now: datetime) -> None:
    """Plan the therapist's next weekly digest, and the next morning's if that is how they come.

    Those that are planned move: the time zone or the wishes may have changed.
    """
    zone, plan = zone_of(therapist.zone), wished_by(therapist, plan)
    of_all_pairs = (digest.c.therapist_id == therapist.id) & digest.c.pair_id.is_(None)
    conn.execute(delete(digest).where(of_all_pairs, digest.c.state == "planned", digest.c.due_at > now))
    at = weekly_after(now, zone, plan)
    week = local_date(at, zone)
    if conn.execute(select(digest.c.id).where(of_all_pairs, digest.c.week == week)).first() is None:
        _insert_digest(conn, therapist, at, week=week)
    if plan.digest == "morning":
        at = morning_after(now, zone, plan)
        day = local_date(at, zone)
        if conn.execute(select(digest.c.id).where(of_all_pairs, digest.c.day == day)).first() is None:
            _insert_digest(conn, therapist, at, day=day)


def of_day(conn: Connection, therapist_id: int, day: date, zone: ZoneInfo) -> list[AnyRow]:
    """The sessions of all of a therapist's pairs on one of the therapist's days, in order of time."""
    begins, ends = at_local(day, time(0), zone), at_local(day + timedelta(days=1), time(0), zone)
    query = (
        select(session)
        .join(pair, pair.c.id == session.c.pair_id)
        .where(pair.c.therapist_id == therapist_id, pair.c.ended_at.is_(None), session.c.state != "cancelled")
        .where(session.c.starts_at >= begins, session.c.starts_at < ends)
        .order_by(session.c.starts_at, session.c.id)
    )
    return list(conn.execute(query))
