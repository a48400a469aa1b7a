"""Series: sessions that recur. Each makes rows of its own some weeks ahead, so that one can be moved or cancelled."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, insert, select, update

from bot.core.person import Pair
from bot.core.series import Rule, from_rfc
from bot.core.walltime import local_date, zone_of
from bot.store.appointments import add_session, move_session, remove_or_cancel, session_row
from bot.store.away import leaves_of
from bot.store.closures import cancel_for, closed_on, closures
from bot.store.columns import AnyRow
from bot.store.people import Refused, pair_of
from bot.store.tables import series, session

AHEAD = timedelta(days=60)  # how far sessions are laid out
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class LaidOut:
    """The sessions made (ids), and the wall times left out, each with why: it is taken, or a sentence of a day off."""

    made: list[int] = field(default_factory=list)
    taken: dict[str, Refused] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)


def rule_of(row: AnyRow) -> Rule:
    """The rule a row of `series` holds."""
    return from_rfc(row.rule, time.fromisoformat(row.time))


def add_series(conn: Connection, pair: Pair, rule: Rule, minutes: int, zone: str, first: date) -> int:
    """Keep a series; `lay_out` makes its sessions."""
    values = {
        "clinic_id": pair.clinic_id, "pair_id": pair.id, "rule": rule.rfc(), "time": f"{rule.clock:%H:%M}",
        "zone": zone, "minutes": minutes, "starts_on": first,
    }  # fmt: skip
    made = conn.execute(insert(series).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def series_row(conn: Connection, series_id: int) -> AnyRow:
    """A series by its id."""
    return conn.execute(select(series).where(series.c.id == series_id)).one()


def lay_out(conn: Connection, series_id: int, now: datetime) -> LaidOut:
    """Make the sessions of a series up to some weeks ahead, but for days off and times that are taken."""
    row = series_row(conn, series_id)
    until = local_date(now + AHEAD, zone_of(row.zone))
    last = min(until, row.ends_on or until)
    first = row.starts_on if row.made_until is None else max(row.starts_on, row.made_until + timedelta(days=1))
    laid = lay_between(conn, row, first, last)
    made_until = max(last, row.made_until or last)
    conn.execute(update(series).where(series.c.id == series_id).values(made_until=made_until))
    return laid


def lay_between(conn: Connection, row: AnyRow, first: date, last: date) -> LaidOut:
    """Make the sessions of a series from one date to another, both inclusive."""
    pair, closed, laid = pair_of(conn, row.pair_id), closures(conn), LaidOut()
    leaves = [one for one in leaves_of(conn, pair.therapist.id) if one.cancels]
    for wall in rule_of(row).walls(row.starts_on, first, last):
        local = wall.isoformat(timespec="minutes")
        if (off := closed_on(closed, wall.date())) is not None:
            laid.closed[local] = f"The clinic is closed then (closure {off.id})."
            continue
        if any(one.holds(wall.date()) for one in leaves):
            laid.closed[local] = f"{pair.therapist.code} is on leave then."
            continue
        try:
            laid.made.append(add_session(conn, pair, wall, row.zone, row.minutes, series_id=row.id))
        except Refused as taken:
            laid.taken[local] = taken
    return laid


def running_out(conn: Connection, now: datetime) -> list[tuple[int, int]]:
    """The series (id, pair) whose sessions do not reach far enough ahead."""
    soon = (now + AHEAD / 2).date()
    over = (series.c.ends_on.is_(None)) | (series.c.ends_on > series.c.made_until)
    rows = conn.execute(select(series.c.id, series.c.pair_id).where(series.c.made_until < soon, over))
    return [(row.id, row.pair_id) for row in rows]


def going_on(conn: Connection, pair_id: int, day: date) -> list[AnyRow]:
    """The pair's series that have a session on that day or later."""
    rows = conn.execute(select(series).where(series.c.pair_id == pair_id).order_by(series.c.id))
    return [row for row in rows if next(rule_of(row).walls(row.starts_on, day, row.ends_on or date.max), None)]


def end_series(conn: Connection, row: AnyRow, after: date, now: datetime) -> list[int]:
    """End a series: no session later than this day. Its sessions to come; those that hold nothing are removed."""
    conn.execute(update(series).where(series.c.id == row.id).values(ends_on=after))
    later = session.c.local >= (after + timedelta(days=1)).isoformat()
    ids = conn.execute(
        select(session.c.id)
        .where(session.c.series_id == row.id, session.c.state == "planned", session.c.starts_at > now, later)
        .order_by(session.c.starts_at)
    )
    gone = list(ids.scalars())
    for session_id in gone:
        remove_or_cancel(conn, session_id)
    return gone


def move_following(conn: Connection, session_id: int, wall: datetime, now: datetime) -> LaidOut:
    """Move a session to a wall time and the rest of its series by as many days, to that time of day.

    The series ends before it and another one goes on. Those that the desk has moved before stay where they are.
    Refused if the session is of no series, or one of them would fall on another session.
    """
    row = session_row(conn, session_id)
    if row.series_id is None:
        raise Refused(f"Session {session_id} is not part of a series: move it alone, without --all-following.")
    old = series_row(conn, row.series_id)
    rule, meant = rule_of(old), _meant(old, datetime.fromisoformat(row.local))
    days = (wall.date() - meant.date()).days
    _refuse_torn(rule, days)
    met = sum(1 for _ in rule.walls(old.starts_on, old.starts_on, meant.date() - timedelta(days=1)))
    rest = rule.shifted(days, wall.time(), met)
    conn.execute(update(series).where(series.c.id == old.id).values(ends_on=meant.date() - timedelta(days=1)))
    new_id = add_series(conn, pair_of(conn, row.pair_id), rest, old.minutes, old.zone, wall.date())
    moved = {session_id: wall} | {
        other.id: datetime.combine(at.date() + timedelta(days=days), wall.time())
        for other, at in _on_the_rule(conn, old, rule, meant)
        if other.id != session_id and other.starts_at > now
    }
    _move_all(conn, moved, new_id)
    made_until = (old.made_until or meant.date()) + timedelta(days=days)
    ends_on = None if old.ends_on is None else old.ends_on + timedelta(days=days)
    conn.execute(update(series).where(series.c.id == new_id).values(made_until=made_until, ends_on=ends_on))
    return replace(lay_out(conn, new_id, now), made=list(moved))


def _refuse_torn(rule: Rule, days: int) -> None:
    """Two weekdays of every second week, moved so that one falls into the next week, are no series any more."""
    if rule.every > 1 and len(rule.weekdays) > 1 and not all(0 <= n + days <= 6 for n in rule.weekdays):
        says = f'"{rule.words()}" cannot be moved into another week: end it and set a new one.'
        raise Refused(says, "torn", rule.words(), field="day")


def _move_all(conn: Connection, walls: dict[int, datetime], series_id: int) -> None:
    """Move sessions, none of which is in the way of another; those that fall on closed days are cancelled."""
    left, closed = set(walls), closures(conn)
    for number, wall in walls.items():
        move_session(conn, number, wall, series_id=series_id, but=left)
        left.discard(number)
        if (off := closed_on(closed, wall.date())) is not None:
            cancel_for(conn, off.id, [number])


def _meant(row: AnyRow, wall: datetime) -> datetime:
    """The time of the series that a session stands for: the desk may have moved it."""
    reach = WEEK * 53
    near = rule_of(row).walls(row.starts_on, max(row.starts_on, (wall - reach).date()), (wall + reach).date())
    return min(near, key=lambda one: abs(one - wall))


def _on_the_rule(conn: Connection, row: AnyRow, rule: Rule, since: datetime) -> list[tuple[AnyRow, datetime]]:
    """The planned sessions of a series from a time on that are where the series says, with their wall times."""
    rows = conn.execute(
        select(session).where(session.c.series_id == row.id, session.c.state == "planned").order_by(session.c.starts_at)
    )
    walls = [(one, datetime.fromisoformat(one.local)) for one in rows]
    return [(o, w) for o, w in walls if w >= since and w.weekday() in rule.weekdays and w.time() == rule.clock]
