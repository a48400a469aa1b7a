"""The clinic's door to series: sessions that recur begin, end, and move together; a whole week is cancelled."""

from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from bot.clinic import (
    Shown,
    changing,
    minutes_or_refuse,
    one_changed,
    parse_rule,
    parse_wall,
    refuse_far_past,
    refuse_over,
    session_shown,
)
from bot.config import Config
from bot.core.series import NotARule, Rule, in_reach, with_end
from bot.core.walltime import local_date, zone_of
from bot.store import appointments, closures, people, series
from bot.store.columns import AnyRow
from bot.store.people import Refused

Beside = Literal["replace", "also"]
"""What becomes of the pair's other series: it ends when the new one begins, or both go on."""


def set_weekly(
    conn: Connection,
    config: Config,
    code: str,
    words: str,
    first: date | None,
    minutes: int | None,
    now: datetime,
    *,
    every: int = 0,
    until: date | None = None,
    count: int = 0,
    beside: Beside | None = None,
    past: bool = False,
) -> Shown:
    """Sessions that recur from a date on (today if none is given), as words and numbers beside them say."""
    pair = people.pair_by_patient_code(conn, code)
    zone, length = config.clinic.zone, minutes_or_refuse(config, pair, minutes)
    begin = first or local_date(now, zone_of(zone))
    rule = _rule(words, every, until, count, begin)
    refuse_far_past(datetime.combine(begin, rule.clock), zone, now, past)
    before = series.going_on(conn, pair.id, begin)
    if before and beside is None:
        raise Refused(_goes_on(code, before[0], begin), "goes_on", code, series.rule_of(before[0]).words())

    def work() -> Shown:
        ended = [_ended(conn, row, begin - timedelta(days=1), now) for row in before if beside == "replace"]
        series_id = series.add_series(conn, pair, rule, length, zone, begin)
        laid = series.lay_out(conn, series_id, now)
        if laid.taken and not laid.made:  # it never fits
            raise next(iter(laid.taken.values()))
        shown = {"id": series_id, "patient": pair.patient.code, "weekly": rule.words(), "from": begin.isoformat()}
        shown |= {"first": _first(conn, laid), "every": rule.every, "count": rule.count}
        shown |= {"until": rule.until.isoformat() if rule.until else None, "sessions": laid.made}
        return shown | _left_out(laid) | {"ended": ended}

    return changing(conn, config, [pair.id], now, work)


def _first(conn: Connection, laid: series.LaidOut) -> str | None:
    """The wall time of the first session made."""
    return str(appointments.session_row(conn, laid.made[0]).local) if laid.made else None


def _rule(words: str, every: int, until: date | None, count: int, begin: date) -> Rule:
    try:
        return in_reach(with_end(parse_rule(words), every, until, count), begin)
    except NotARule as wrong:
        raise Refused(str(wrong)) from None


def _goes_on(code: str, row: AnyRow, begin: date) -> str:
    return (
        f"{code} has a series already: {series.rule_of(row).words()} (series {row.id}). Say --replace to end it "
        f"from {begin} on, or --also to keep both."
    )


def _left_out(laid: series.LaidOut) -> Shown:
    why = {at: str(taken) for at, taken in laid.taken.items()} | laid.closed
    return {"left_out": [{"starts": at, "why": why[at]} for at in sorted(why)]}


def _ended(conn: Connection, row: AnyRow, after: date, now: datetime) -> Shown:
    gone = series.end_series(conn, row, after, now)
    return {"id": row.id, "weekly": series.rule_of(row).words(), "after": after.isoformat(), "removed": gone}


def end_weekly(conn: Connection, config: Config, code: str, now: datetime, after: date | None = None) -> Shown:
    """End the series of a patient: no session later than this day (today if none is given)."""
    pair = people.pair_by_patient_code(conn, code)
    today = local_date(now, zone_of(config.clinic.zone))
    last = after or today
    rows = series.going_on(conn, pair.id, max(last + timedelta(days=1), today))
    if not rows:
        says = f"{code} has no series that goes on after {last}. `accord clinic list` shows the sessions."
        raise Refused(says, "no_series", code)

    def work() -> Shown:
        ended = [_ended(conn, row, last, now) for row in rows]
        return {"id": rows[0].id, "patient": code, "after": last.isoformat(), "ended": ended}

    return changing(conn, config, [pair.id], now, work)


def move_following(
    conn: Connection,
    config: Config,
    session_id: int,
    starts: str,
    now: datetime,
    *,
    past: bool = False,
    ahead: bool = False,
) -> Shown:
    """Move a session and the rest of its series. `ahead`: not to a time that is over, unless `past`."""
    wall = parse_wall(starts)
    moved: Shown = {}

    def work(row: AnyRow) -> None:
        if ahead:
            refuse_over(row, wall, now, past)
        refuse_far_past(wall, row.zone, now, past)
        laid = series.move_following(conn, session_id, wall, now)
        moved.update({"moved": laid.made}, **_left_out(laid))

    return one_changed(conn, config, session_id, now, work) | moved


def cancel_week(
    conn: Connection, config: Config, therapist: str | None, now: datetime, *, day: date, patient: str | None = None
) -> Shown:
    """Cancel the sessions to come of the week (Monday to Sunday) that a date is in, of all, of one therapist or of one
    patient.
    """
    monday = day - timedelta(days=day.weekday())
    whose = None if therapist is None else people.by_code(conn, therapist, "therapist").id
    found = closures.to_come(conn, monday, monday + timedelta(days=6), now, whose)
    if patient is not None:
        only = people.pair_by_patient_code(conn, patient).id
        found = [(session_id, pair_id) for session_id, pair_id in found if pair_id == only]

    def work() -> Shown:
        for session_id, _ in found:
            appointments.mark_session(conn, session_id, "cancelled")
        rows = [appointments.session_row(conn, session_id) for session_id, _ in found]
        shown = [session_shown(row, people.pair_of(conn, row.pair_id).patient.code) for row in rows]
        return {"week": monday.isoformat(), "therapist": therapist, "patient": patient, "cancelled": shown}

    return changing(conn, config, {pair_id for _, pair_id in found}, now, work)
