"""`accord rehearse`: what would be sent and when, from a weekly rule or from a patient of the database."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from bot import clinic
from bot.clock import SystemClock
from bot.config import Config
from bot.core.plan import Plan
from bot.core.plans import plan_of
from bot.core.rehearsal import Recurring, Sent, in_window, play, rehearse
from bot.core.schedule import Receiver
from bot.core.walltime import at_local, local_date, zone_of
from bot.store import appointments, people
from bot.store.engine import Store
from bot.store.errors import StoreError
from bot.store.people import Refused

Row = dict[str, str | None]


def rehearse_asked(asked: dict[str, Any], config: Config | None) -> tuple[list[Row], list[str]]:
    """The rows of a rehearsal, or every mistake in what was asked."""
    mistakes: list[str] = []

    def read(name: str, reader: Any, text: Any) -> Any:
        try:
            return None if text is None else reader(text)
        except Refused as error:
            mistakes.append(f"--{name}: {error}")
            return None

    weekly = read("weekly", clinic.parse_rule, asked["weekly"])
    zone = read("zone", clinic.zone_or_refuse, asked["zone"])
    patient_zone = read("patient-zone", clinic.zone_or_refuse, asked["patient_zone"])
    first = read("from", clinic.parse_date, asked["first"])
    without = [read("except", clinic.parse_date, text) for text in asked["without"]]
    away = tuple(read("away", clinic.parse_span, text) for text in asked["away"])
    if mistakes:
        return [], mistakes
    plan = config.plan if config else Plan()
    if asked["code"] is not None:
        assert config is not None
        return _of_patient(config, asked["code"], first, asked["days"])
    minutes = asked["minutes"] or int(plan.session_length.total_seconds() // 60)
    what = Recurring(weekly, minutes, frozenset(without))
    receiver = Receiver(zone_of(patient_zone or zone), away)
    return [sent.row() for sent in rehearse(what, first, asked["days"], zone_of(zone), receiver, plan)], []


def _of_patient(config: Config, code: str, first: date | None, days: int) -> tuple[list[Row], list[str]]:
    try:
        return asyncio.run(_read_patient(config, code, first, days)), []
    except (Refused, StoreError) as error:
        return [], [str(error)]


async def _read_patient(config: Config, code: str, first: date | None, days: int) -> list[Row]:
    clock = SystemClock()
    async with await Store.open(config.database.path, now=clock.now, migrate=False) as store:
        return await store.read(_played, config, code, first, days, clock.now())


def _played(conn: Connection, config: Config, code: str, first: date | None, days: int, now: datetime) -> list[Row]:
    pair = people.pair_by_patient_code(conn, code)
    zone = zone_of(config.clinic.zone)
    day = first or local_date(now, zone)
    begin, end = (at_local(day + timedelta(days=n), time(0), zone) for n in (0, days))
    rows = appointments.sessions_of(conn, pair.id)
    who = [appointments.receiver(conn, person) for person in (pair.patient, pair.therapist)]
    sessions = [appointments.as_appointment(row) for row in rows]
    sent = play(sessions, [row.local for row in rows], who[0], who[1], plan_of(pair, config.plan), begin, end)
    return [one.row() for one in in_window(sent, begin, end)]


def table(rows: Sequence[Row]) -> str:
    """The rows to read, a line each, in the receiver's own time."""
    if not rows:
        return "Nothing would be sent."
    lines = []
    for row in rows:
        at = datetime.fromisoformat(row["local"] or "")
        about = f"  (session of {row['session']})" if row["session"] else ""
        lines.append(f"{at:%a %Y-%m-%d %H:%M} {at:%Z}  {row['to']:<9}  {row['what']:<9}{about}")
    return "\n".join(lines)


def write_calendar(file: Path, rows: Sequence[Row]) -> str | None:
    """Write the rows as a calendar; the sentence that says why not, if the file cannot be written."""
    from bot.calendars.ics import written

    try:
        file.write_bytes(written(rows))
    except OSError as error:
        return f"{file} cannot be written: {error.strerror}."
    return None


__all__ = ["Sent", "rehearse_asked", "table", "write_calendar"]
