"""Patients: the list, and one patient with schedule, what will be sent, and all that can be changed."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot import clinic_people, clinic_plan
from bot.core.codes import with_letter
from bot.core.digest import Digest
from bot.core.person import Pair
from bot.core.plans import plan_of
from bot.core.rehearsal import Sent, in_window, play
from bot.core.walltime import at_local, zone_of
from bot.store import appointments, board, people, series
from bot.web import found
from bot.web.pair import standing, was_read
from bot.web.visit import Visit
from bot.web.week import Row, row

PAST, AHEAD = timedelta(days=21), timedelta(days=42)
"""How much of the schedule stands on a patient's page."""
REHEARSED = timedelta(days=14)


async def listed(visit: Visit) -> Response:
    """All patients; those whose code holds what was looked for. A therapist's own ones only."""
    own = visit.who.id if visit.who.role == "therapist" else None
    found_ = await visit.read(board.patients, visit.now, own)
    wanted = visit.asked.get("q", "").strip()
    rows = [one for one in found_ if wanted.upper() in with_letter(one.code).upper()]
    return visit.page("patients", patients=rows, wanted=wanted, everybody=len(found_))


@dataclass(frozen=True, slots=True)
class Seen:
    """All that the page of a patient shows. `shown` is what the desk may know, as `accord clinic show` has it."""

    shown: dict[str, Any]
    coming: list[Row]
    past: list[Row]
    weekly: list[str]
    rehearsed: list[Sent]
    plan: list[dict[str, str]] = field(default_factory=list)
    pair_id: int = 0
    standing: Digest | None = None
    invited: datetime | None = None


async def show(visit: Visit) -> Response:
    """One patient."""
    seen = await visit.read(_read, visit)
    zone = zone_of(visit.config.clinic.zone)
    rehearsed = [(sent, sent.at.astimezone(sent.zone), sent.at.astimezone(zone)) for sent in seen.rehearsed]
    await was_read(visit, seen.pair_id, seen.standing)
    return visit.page("patient", seen=seen, shown=seen.shown, rehearsed=rehearsed)


def _read(conn: Connection, visit: Visit) -> Seen:
    who, now, config = found.patient(conn, visit), visit.now, visit.config
    pair, zone = found.pair(conn, who), zone_of(config.clinic.zone)
    shown = clinic_people.show(conn, config, who.code, now)
    invite = people.invite_of(conn, who.id)
    until = invite.expires_at.astimezone(zone) if invite and invite.expires_at > now else None
    if pair is None:
        return Seen(shown, [], [], [], [], invited=until)
    slots = board.slots(conn, now - PAST, now + AHEAD, now, pair_id=pair.id)
    rows = [row(slot, zone, visit.who.lang) for slot in slots]
    today = found.clinic_day(visit)
    rules = [series.rule_of(one).words() for one in series.going_on(conn, pair.id, today)]
    coming = [one for one in rows if one.slot.day >= today.isoformat()]
    past = [one for one in rows if one.slot.day < today.isoformat()]
    planned = [one for one in clinic_plan.show_plan(conn, config, who.code, now)["plan"] if one["from"] != "clinic"]
    standing_ = standing(conn, pair, visit) if visit.who.role == "therapist" else None
    rehearsed = _rehearsed(conn, pair, visit, today)
    return Seen(shown, coming, past[::-1], rules, rehearsed, planned, pair.id, standing_, until)


def _rehearsed(conn: Connection, pair: Pair, visit: Visit, day: date) -> list[Sent]:
    """What will be sent in the days to come if every session is held."""
    begin = at_local(day, time(0), zone_of(visit.config.clinic.zone))
    rows = appointments.sessions_of(conn, pair.id)
    patient, therapist = (appointments.receiver(conn, person) for person in (pair.patient, pair.therapist))
    sessions = [appointments.as_appointment(row) for row in rows]
    end: datetime = begin + REHEARSED
    walls = [row.local for row in rows]
    plan = plan_of(pair, visit.config.plan)
    sent = in_window(play(sessions, walls, patient, therapist, plan, begin, end), begin, end)
    return [one for one in sent if one.what != "closes" and one.at > visit.now]
