"""Appointments from another program's file: added, moved where its event has moved, cancelled with it; or nothing."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from bot import ids
from bot.calendars.entry import Bad, Closed, Entry
from bot.calendars.sheet import read_sheet
from bot.clinic import FAR_PAST, Shown, changing, minutes_or_refuse, parse_wall, refuse_far_past
from bot.config import Config
from bot.core.person import Pair
from bot.core.walltime import zone_of
from bot.store import appointments, people
from bot.store.columns import AnyRow
from bot.store.people import Refused

Came = Literal["added", "moved", "cancelled", "unchanged"]


class BadFile(Refused):
    """A file of which nothing is taken: every wrong line."""

    def __init__(self, bad: Sequence[Bad]) -> None:
        super().__init__("\n".join(map(str, bad)))
        self.bad = list(bad)


class _Wrong(Exception):
    """Raised to undo an attempt; holds the lines that stood in its way."""

    def __init__(self, bad: list[Bad]) -> None:
        super().__init__()
        self.bad = bad


AHEAD = timedelta(days=730)
"""How far a calendar is followed; backwards, as far as a session may be entered."""


def codes(conn: Connection) -> list[str]:
    """The codes of all patients, which a calendar may name."""
    return [who.code for who in people.people(conn, "patient")]


def read_sessions(
    config: Config, kind: str, data: bytes, field: str, known: Sequence[str], now: datetime
) -> tuple[list[Entry], list[Bad]]:
    """The appointments in a file's bytes; `kind` is its suffix, `field` where its events name one of the codes `known`.

    It may take seconds, so no transaction waits for it.
    """
    if kind == ".ics":
        from bot.calendars.ics import read_appointments  # takes a moment to load

        zone, window = zone_of(config.clinic.zone), (now - FAR_PAST, now + AHEAD)
        return read_appointments(data, zone, window, known, field.upper())
    if kind == ".csv":
        return read_sheet(data)
    raise Refused(f'I can read .ics and .csv, and not "{kind}": export the appointments as one of these.')


def read_closures(data: bytes, now: datetime) -> list[Closed]:
    """The all-day events of a calendar's bytes, on which the clinic is to be closed. As slow as `read_sessions`."""
    from bot.calendars.ics import read_closed

    found, bad = read_closed(data, (now - FAR_PAST, now + AHEAD))
    if bad:
        raise BadFile(bad)
    return found


def import_sessions(
    conn: Connection,
    config: Config,
    read: tuple[Sequence[Entry], Sequence[Bad]],
    now: datetime,
    skip_bad: bool = False,
    say: Callable[[Bad], str] = str,
) -> Shown:
    """Take appointments over. Nothing is done unless every line is right, or `skip_bad` leaves out those that are not.

    BadFile names every wrong line; so it is if no event of a calendar names a patient. What is there already (the same
    pair and start) stays as it is; an event that is known by its id and has another time moves its session. `say`: a
    line that was left out, or alone, in words.
    """
    entries, bad = list(read[0]), [one for one in read[1] if not one.alone]
    alone = [one for one in read[1] if one.alone]
    if alone and not entries and not bad:
        raise BadFile(alone)
    pairs = _pairs(conn, entries, bad)
    while True:  # at most once for each wrong line, mostly once or twice
        entries = [one for one in entries if one.line not in {wrong.line for wrong in bad}]
        if bad and not skip_bad:
            bad += _wrong_beside(conn, config, entries, pairs, now)
            raise BadFile(sorted(bad, key=lambda one: one.line))
        try:
            shown = _taken_over(conn, config, entries, pairs, now)
            return shown | {"skipped": [say(one) for one in bad], "left_alone": [say(one) for one in alone]}
        except _Wrong as wrong:
            bad += wrong.bad


def _pairs(conn: Connection, entries: Sequence[Entry], bad: list[Bad]) -> dict[str, Pair]:
    """The pairs that are named, by code; a code that has none is wrong on each line that has it."""
    pairs: dict[str, Pair] = {}
    for code in {one.code for one in entries}:
        try:
            pairs[code] = people.pair_by_patient_code(conn, code)
        except Refused as unknown:
            bad += [_bad(one, unknown) for one in entries if one.code == code]
    return pairs


def _bad(one: Entry, wrong: Refused) -> Bad:
    return Bad(one.line, str(wrong), wrong.kind, wrong.said)


def _wrong_beside(
    conn: Connection, config: Config, entries: list[Entry], pairs: dict[str, Pair], now: datetime
) -> list[Bad]:
    """What else is wrong, so that it is said at once."""
    try:
        with conn.begin_nested():
            _taken_over(conn, config, entries, pairs, now)
            raise _Wrong([])
    except _Wrong as wrong:
        return wrong.bad


def _taken_over(conn: Connection, config: Config, entries: list[Entry], pairs: dict[str, Pair], now: datetime) -> Shown:
    """Carry out every entry and plan the pairs anew; _Wrong if any could not be, and nothing is done then."""
    touched = {pairs[one.code].id for one in entries}

    def work() -> Shown:
        came: dict[str, list[int]] = {"added": [], "moved": [], "cancelled": [], "unchanged": []}
        bad: list[Bad] = []
        leaving = _leaving(conn, entries)
        for one in entries:
            try:
                what, session_id = _take(conn, config, one, pairs[one.code], leaving, now)
                came[what].append(session_id)
                leaving.discard(session_id)
            except Refused as wrong:
                bad.append(_bad(one, wrong))
        if bad:
            raise _Wrong(bad)
        return came | {"unchanged": len(came["unchanged"])}

    with conn.begin_nested():
        return changing(conn, config, touched, now, work)


def _leaving(conn: Connection, entries: Sequence[Entry]) -> set[int]:
    """The sessions that are about to move: they are in nobody's way, or two could not change places."""
    found = ((one, _by_uid(conn, one)) for one in entries)
    return {row.id for one, row in found if row is not None and (one.cancelled or row.local != one.starts)}


def _by_uid(conn: Connection, one: Entry) -> AnyRow | None:
    """The session this event is. What a transfer has called off is none any more: the event may come anew."""
    row = None if one.uid is None else appointments.by_uid(conn, ids.hashed(one.uid))
    return None if row is not None and row.state == "cancelled" and people.has_ended(conn, row.pair_id) else row


def _take(
    conn: Connection, config: Config, one: Entry, pair: Pair, leaving: set[int], now: datetime
) -> tuple[Came, int]:
    """Carry out one entry: what came of it, and the session (0 if there is none)."""
    wall, minutes = parse_wall(one.starts), _minutes(config, pair, one)
    known = _by_uid(conn, one)
    if known is not None and known.pair_id != pair.id:
        if known.local == one.starts and people.has_ended(conn, known.pair_id):  # it took place before a transfer
            return "unchanged", known.id
        other = people.pair_of(conn, known.pair_id).patient.code
        says = f"This event was {other}'s before: cancel session {known.id}, and make a new event for {one.code}."
        raise Refused(says, "others_event", other, known.local, one.code)
    there = known or appointments.at_start(conn, pair, wall, config.clinic.zone)
    if one.cancelled:
        return _cancelled(conn, there)
    if there is None:
        refuse_far_past(wall, config.clinic.zone, now, past=False)
        uid = None if one.uid is None else ids.hashed(one.uid)
        return "added", appointments.add_session(conn, pair, wall, config.clinic.zone, minutes, uid=uid, but=leaving)
    if known is None and one.uid is not None:
        appointments.set_uid(conn, there.id, ids.hashed(one.uid))
    if there.local == wall.isoformat(timespec="minutes") and (not one.minutes or there.minutes == minutes):
        return "unchanged", there.id
    refuse_far_past(wall, config.clinic.zone, now, past=False)
    appointments.move_session(conn, there.id, wall, minutes, but=leaving)
    return "moved", there.id


def _minutes(config: Config, pair: Pair, one: Entry) -> int:
    if one.minutes and not (one.minutes.isascii() and one.minutes.isdigit() and len(one.minutes) < 6):
        raise Refused(f'"{one.minutes}" is not a number of minutes: write it as 60.', "bad_minutes", one.minutes[:20])
    return minutes_or_refuse(config, pair, int(one.minutes) if one.minutes else None)


def _cancelled(conn: Connection, there: AnyRow | None) -> tuple[Came, int]:
    if there is None or there.state != "planned":
        return "unchanged", 0 if there is None else there.id
    appointments.mark_session(conn, there.id, "cancelled")
    return "cancelled", there.id
