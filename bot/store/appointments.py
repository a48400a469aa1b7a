"""Sessions and what follows from them: the planned check-ins and digests of a pair, derived anew at every change."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select, update

from bot import ids
from bot.core.checkin import next_due
from bot.core.person import Pair, Person
from bot.core.plan import Plan, of_therapist
from bot.core.rehearsal import WeeklyRule
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
from bot.store.away import leaves_of
from bot.store.checkins import from_row
from bot.store.columns import AnyRow
from bot.store.people import CLINIC, Refused, pair_of
from bot.store.tables import answer, away, check_in, digest, pair, session, weekly

LOOK_BACK = timedelta(days=30)  # older sessions have nothing planned any more
AHEAD = timedelta(days=60)  # how far weekly sessions are laid out


def receiver(conn: Connection, who: Person) -> Receiver:
    """The person as the schedule sees it, with the days away."""
    rows = conn.execute(select(away.c.first, away.c.last).where(away.c.person_id == who.id))
    return Receiver(zone_of(who.zone), tuple((r.first, r.last) for r in rows), who.ask_at, who.ask_every)


def as_appointment(row: AnyRow) -> Appointment:
    """A session from its row."""
    return Appointment(row.id, row.starts_at, row.ends_at, row.state)


def sessions_of(conn: Connection, pair_id: int, since: datetime | None = None) -> list[AnyRow]:
    """The rows of a pair's sessions in order of time, those that end at or after `since`."""
    query = select(session).where(session.c.pair_id == pair_id).order_by(session.c.starts_at, session.c.id)
    return list(conn.execute(query if since is None else query.where(session.c.ends_at >= since)))


def next_of(conn: Connection, pair_id: int, now: datetime) -> AnyRow | None:
    """The pair's next session that stands, or the one that takes place now."""
    coming = (session.c.pair_id == pair_id) & (session.c.ends_at > now) & session.c.state.in_(("planned", "held"))
    return conn.execute(select(session).where(coming).order_by(session.c.starts_at)).first()


def session_row(conn: Connection, session_id: int) -> AnyRow:
    """A session by its id; Refused if there is none."""
    known = abs(session_id) < 2**63  # a larger one no database takes
    row = conn.execute(select(session).where(session.c.id == session_id)).first() if known else None
    if row is None:
        raise Refused(f"There is no session {session_id}. `accord clinic list` shows the sessions with their ids.")
    return row


def add_session(
    conn: Connection, pair: Pair, wall: datetime, zone: str, minutes: int, weekly_id: int | None = None
) -> int:
    """Add a session at a wall time (naive) of a zone; its id. Refused if the pair has one at that time already."""
    starts = to_utc(wall, zone_of(zone))
    _refuse_taken(conn, pair, starts)
    values = {
        "clinic_id": pair.clinic_id, "pair_id": pair.id, "weekly_id": weekly_id, "local": _wall(wall), "zone": zone,
        "minutes": minutes, "starts_at": starts, "ends_at": starts + timedelta(minutes=minutes), "state": "planned",
    }  # fmt: skip
    made = conn.execute(insert(session).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def _refuse_taken(conn: Connection, pair: Pair, starts: datetime, but: int | None = None) -> None:
    same = select(session.c.id).where(
        session.c.pair_id == pair.id, session.c.starts_at == starts, session.c.state != "cancelled"
    )
    taken = conn.execute(same if but is None else same.where(session.c.id != but)).scalar()
    if taken is not None:
        raise Refused(f"{pair.patient.code} has a session at that time already (session {taken}).")


def move_session(conn: Connection, session_id: int, wall: datetime) -> None:
    """Move a session to another wall time in its own zone. Refused if the pair has another one at that time."""
    row = session_row(conn, session_id)
    starts = to_utc(wall, zone_of(row.zone))
    _refuse_taken(conn, pair_of(conn, row.pair_id), starts, but=session_id)
    values = {"local": _wall(wall), "starts_at": starts, "ends_at": starts + timedelta(minutes=row.minutes)}
    conn.execute(update(session).where(session.c.id == session_id).values(state="planned", confirm=False, **values))


def mark_session(conn: Connection, session_id: int, state: str, confirm: bool = False) -> None:
    """Say that a session was held, missed or cancelled; `confirm` asks the desk to check."""
    session_row(conn, session_id)
    conn.execute(update(session).where(session.c.id == session_id).values(state=state, confirm=confirm))


def _wall(wall: datetime) -> str:
    return wall.isoformat(timespec="minutes")


# ------------------------------------------------------------------------------------------------ weekly


def add_weekly(conn: Connection, pair: Pair, rule: WeeklyRule, zone: str, first: date) -> int:
    """Keep a weekly rule; `lay_out` makes its sessions."""
    values = {
        "clinic_id": pair.clinic_id, "pair_id": pair.id, "weekday": rule.weekday, "time": f"{rule.clock:%H:%M}",
        "zone": zone, "minutes": rule.minutes, "starts_on": first,
    }  # fmt: skip
    made = conn.execute(insert(weekly).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def lay_out(conn: Connection, weekly_id: int, now: datetime) -> list[int]:
    """Make the sessions of a weekly rule up to some weeks ahead, none while the therapist is on leave; their ids."""
    row = conn.execute(select(weekly).where(weekly.c.id == weekly_id)).one()
    pair = pair_of(conn, row.pair_id)
    until = local_date(now + AHEAD, zone_of(row.zone))
    first = row.starts_on if row.made_until is None else max(row.starts_on, row.made_until + timedelta(days=1))
    rule = WeeklyRule(row.weekday, time.fromisoformat(row.time), row.minutes)
    last = min(until, row.ends_on or until)
    made = []
    leaves = [one for one in leaves_of(conn, pair.therapist.id) if one.cancels]
    for wall in rule.walls(first, last):
        if any(one.holds(wall.date()) for one in leaves):
            continue
        with contextlib.suppress(Refused):  # the desk has put a session there already
            made.append(add_session(conn, pair, wall, row.zone, row.minutes, row.id))
    conn.execute(update(weekly).where(weekly.c.id == weekly_id).values(made_until=last))
    return made


def weekly_running_out(conn: Connection, now: datetime) -> list[tuple[int, int]]:
    """The weekly rules (id, pair) whose sessions do not reach far enough ahead."""
    soon = (now + AHEAD / 2).date()
    over = (weekly.c.ends_on.is_(None)) | (weekly.c.ends_on > weekly.c.made_until)
    rows = conn.execute(select(weekly.c.id, weekly.c.pair_id).where(weekly.c.made_until < soon, over))
    return [(row.id, row.pair_id) for row in rows]


# ------------------------------------------------------------------------------------------------ what follows


def replan(conn: Connection, pair_id: int, plan: Plan, now: datetime) -> None:
    """Derive the pair's planned check-ins and digests anew. What was sent stays; costs O(this pair)."""
    pair = pair_of(conn, pair_id)
    since = min(now - LOOK_BACK, _first_unsettled(conn, pair_id) or now)
    rows = sessions_of(conn, pair_id, since)
    appointments = [as_appointment(row) for row in rows]
    before = select(func.count()).where(session.c.pair_id == pair_id, session.c.ends_at < since)
    earlier = int(conn.execute(before.where(session.c.state.in_(("planned", "held")))).scalar_one())
    who = {"patient": receiver(conn, pair.patient), "therapist": receiver(conn, pair.therapist)}
    planned = check_ins(appointments, who["patient"], who["therapist"], plan, earlier)
    _plan_check_ins(conn, pair, rows, planned, plan, now)
    _plan_digests(conn, pair, appointments, plan, earlier, now)


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
            conn.execute(delete(answer).where(answer.c.check_in_id == row.id))
            conn.execute(delete(check_in).where(check_in.c.id == row.id))
            _insert(conn, pair, person, one, message_id=row.message_id)
        elif row.state == "planned":
            times = {"opens_at": one.opens, "reminds_at": one.reminds, "closes_at": one.closes, "due_at": one.opens}
            conn.execute(update(check_in).where(check_in.c.id == row.id).values(times))
        elif row.state == "open":
            _reclose(conn, row, person, one, by_id, plan)
    for row in existing.values():  # their session does not take place (any more)
        if row.state == "planned":
            conn.execute(delete(check_in).where(check_in.c.id == row.id))
        elif row.state == "open":
            conn.execute(
                update(check_in).where(check_in.c.id == row.id).values(state="excused", why="cancelled", due_at=None)
            )


def _is_void(row: AnyRow, session: Appointment, now: datetime) -> bool:
    """Whether an asking came to nothing and is due anew: its session is still to come (it was moved), or is held after
    all. What was sent is never void.
    """
    if row.state in ("planned", "answered"):
        return False
    return session.ends > now or (row.state == "excused" and row.why in ("not_met", "cancelled"))


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
    due = {d.session: d.at for d in digests(appointments, wished_by(pair.therapist, plan), earlier)}
    starts = {a.id: a.starts for a in appointments}
    rows = conn.execute(select(digest.c.id, digest.c.session_id, digest.c.state).where(digest.c.pair_id == pair.id))
    for row in rows:
        at = due.pop(row.session_id, None)
        if row.state != "planned":
            if at is not None and at > now:  # it was announced, and then its session was moved away
                conn.execute(update(digest).where(digest.c.id == row.id).values(state="planned", due_at=at))
            continue
        if at is None:
            if row.session_id in starts:
                conn.execute(delete(digest).where(digest.c.id == row.id))
        else:
            conn.execute(update(digest).where(digest.c.id == row.id).values(due_at=at))
    for session_id, at in due.items():
        if starts[session_id] > now:
            _insert_digest(conn, pair.therapist, at, pair_id=pair.id, session_id=session_id)


def _insert_digest(conn: Connection, therapist: Person, at: datetime, **about: object) -> None:
    values = {"id": ids.token(), "clinic_id": CLINIC, "therapist_id": therapist.id, "state": "planned", "due_at": at}
    conn.execute(insert(digest).values(**values, **about))


def wished_by(therapist: Person, plan: Plan) -> Plan:
    """The clinic's plan with this therapist's wishes."""
    return of_therapist(plan, therapist.digest_lead, therapist.digest_at, therapist.weekly_at)


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
