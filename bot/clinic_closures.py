"""The clinic's door to closures: days without sessions, entered by hand or taken from a calendar."""

from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from bot.calendars.entry import Closed
from bot.clinic import Shown, changing, parse_span
from bot.config import Config
from bot.core.walltime import local_date, zone_of
from bot.store import away, closures, people, series
from bot.store.appointments import move_session
from bot.store.columns import AnyRow
from bot.store.people import Refused

NAME = 120
"""The longest name of a closure."""


def add_closure(conn: Connection, config: Config, days: str, now: datetime, name: str | None = None) -> Shown:
    """Close the clinic from one day to another; the sessions to come on them are cancelled."""
    first, last = parse_span(days)
    found = closures.to_come(conn, first, last, now)

    def work() -> Shown:
        closure_id = closures.add_closure(conn, first, last, name and name[:NAME])
        if closure_id is None:
            says = f"The clinic is closed {first}..{last} already. `accord clinic closure list` shows it."
            raise Refused(says, "closed_already", field="first")
        ids = [session_id for session_id, _ in found]
        closures.cancel_for(conn, closure_id, ids)
        return closure_shown(closures.closure_row(conn, closure_id)) | {"cancelled": ids, "planned": []}

    return changing(conn, config, {pair_id for _, pair_id in found}, now, work)


def closure_shown(row: AnyRow) -> Shown:
    """A closure as the desk sees it."""
    return {"id": row.id, "first": row.first.isoformat(), "last": row.last.isoformat(), "name": row.name}


def list_closures(conn: Connection, _: Config, __: datetime) -> list[Shown]:
    """All closures."""
    return [closure_shown(row) for row in closures.closures(conn)]


def import_closures(conn: Connection, config: Config, found: list[Closed], now: datetime) -> Shown:
    """Close the clinic on days from a calendar; those that are known stay as they are."""
    known = {(row.first.isoformat(), row.last.isoformat()) for row in closures.closures(conn)}
    new = {(one.first, one.last): one for one in found if (one.first, one.last) not in known}
    shown = [add_closure(conn, config, f"{one.first}..{one.last}", now, one.name) for one in new.values()]
    effect = {name: sum(one["effect"][name] for one in shown) for name in ("moved", "dropped", "new")}
    changes = [line for one in shown for line in one.pop("changes")]
    return {"closures": shown, "unchanged": len(found) - len(new), "effect": effect, "changes": changes}


def remove_closure(conn: Connection, config: Config, closure_id: int, now: datetime) -> Shown:
    """Forget a closure: the sessions to come that it cancelled or left out are planned, where the time is free."""
    row = closures.closure_row(conn, closure_id)
    today = local_date(now, zone_of(config.clinic.zone))
    going_on = [
        one
        for who in people.people(conn, "patient")
        for pair_id in people.pairs(conn, patient_id=who.id)
        for one in series.going_on(conn, pair_id, max(row.first, today))
    ]
    back = [one for one in closures.cancelled_for(conn, closure_id) if one.starts_at > now]
    pairs = {one.pair_id for one in (*going_on, *back)}

    def work() -> Shown:
        closures.remove_closure(conn, closure_id)
        taken = {one.local: why for one in back if (why := _again(conn, one)) is not None}
        planned = [one.id for one in back if one.local not in taken]
        for one in going_on:
            planned += _lay_again(conn, one, max(row.first, today + timedelta(days=1)), row.last)
        left_out = [{"starts": at, "why": why} for at, why in taken.items()]
        return closure_shown(row) | {"cancelled": [], "planned": planned, "left_out": left_out}

    return changing(conn, config, pairs, now, work)


def _again(conn: Connection, row: AnyRow) -> str | None:
    """Plan a session again at its time; why not, if that is taken, or the day is off all the same."""
    wall, therapist = datetime.fromisoformat(row.local), people.pair_of(conn, row.pair_id).therapist
    if (off := closures.closed_on(closures.closures(conn), wall.date())) is not None:
        closures.cancel_for(conn, off.id, [row.id])
        return f"The clinic is closed then (closure {off.id})."
    if any(one.cancels and one.holds(wall.date()) for one in away.leaves_of(conn, therapist.id)):
        return f"{therapist.code} is on leave then."
    try:
        move_session(conn, row.id, wall)
    except Refused as taken:
        return str(taken)
    return None


def _lay_again(conn: Connection, row: AnyRow, first: date, last: date) -> list[int]:
    """Make what a series left out on these days, as far as it is laid out at all."""
    ends = [last, row.made_until, *([row.ends_on] if row.ends_on else [])]
    return series.lay_between(conn, row, max(first, row.starts_on), min(ends)).made if row.made_until else []
