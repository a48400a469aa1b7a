"""What is asked of one patient, or of a therapist's patients, differently from the clinic: a few of the plan's keys.

An empty field is as the therapist's plan says, or else the clinic's. The other keys, and their exact words, are the
command line's.
"""

from datetime import timedelta

from sqlalchemy import Connection

from bot import clinic_plan
from bot.clinic import Shown
from bot.core import fields
from bot.core.fields import NotSo, Reader, optional
from bot.core.person import Person
from bot.core.plan import Plan, plain
from bot.web import found
from bot.web.change import About, Change, Field, Option, Values
from bot.web.schedule import back
from bot.web.visit import Visit

YES_NO = fields.one_of(("true", "false"))
A_DAY = 1440
MOST_HOURS = 336


def _clock(words: str) -> str:
    return f"{fields.clock(words):%H:%M}"


def _hours(words: str) -> float:
    """Hours up to two weeks, halves and quarters too."""
    try:
        hours = float(words)
    except ValueError:
        hours = 0
    if not 0.25 <= hours <= MOST_HOURS:
        raise NotSo("no_number", words[:20], "0.25", str(MOST_HOURS))
    return hours


KEYS: dict[str, tuple[str, Reader]] = {
    "ask_patient": ("choice", YES_NO),
    "patient_opens_after": ("number", fields.whole(0, 7 * A_DAY)),
    "patient_reminds_after": ("number", _hours),
    "patient_closes_after": ("number", _hours),
    "ask_every": ("number", fields.whole(1, 52)),
    "homework": ("choice", YES_NO),
    "ask_therapist": ("choice", YES_NO),
    "therapist_opens_after": ("number", fields.whole(0, 7 * A_DAY)),
    "therapist_bond": ("choice", YES_NO),
    "digest_before": ("number", fields.whole(0, 2 * A_DAY)),
    "session_length": ("number", fields.whole(1, A_DAY)),
    "quiet_from": ("time", _clock),
    "quiet_until": ("time", _clock),
}
"""The keys of [plan] on the page: the kind of field, and how it is read."""
IN_HOURS = ("patient_reminds_after", "patient_closes_after")
DURATIONS = frozenset(key for key in KEYS if isinstance(getattr(Plan(), key), timedelta))
"""Those that are durations: in minutes, some in hours."""
FIELDS = tuple(Field(key, kind, optional(reader)) for key, (kind, reader) in KEYS.items())


def _about(conn: Connection, visit: Visit, who: Person, path: str) -> About:
    own, now = who.plan or {}, clinic_plan.in_force(conn, visit.config, who)
    starts = {key: _typed(key, own[key]) for key in KEYS if key in own}
    choose: list[Option] = [("", ""), ("true", "true"), ("false", "false")]
    options = {key: choose for key, (kind, _) in KEYS.items() if kind == "choice"}
    return About(who.code, path, starts, options, who, {key: _typed(key, plain(now[key])) for key in KEYS})


def _typed(key: str, value: object) -> str:
    """A kept value as its field has it."""
    if key in DURATIONS:
        return f"{float(str(value)) / (3600 if key in IN_HOURS else 60):g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_patient(conn: Connection, visit: Visit) -> About:
    who = found.patient(conn, visit)
    return _about(conn, visit, who, f"/patients/{who.code}")


def _of_therapist(conn: Connection, visit: Visit) -> About:
    return _about(conn, visit, found.therapist(conn, visit), "/therapists")


def _set(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    """Keep what was filled in, and take back what was emptied."""
    own = about.of.plan or {}
    written = [f"{key}={_as_config(key, value)}" for key, value in values.items() if value is not None]
    emptied = [key for key, value in values.items() if value is None and key in own]
    return clinic_plan.set_plan(conn, visit.config, about.subject, written, emptied, visit.now)


def _as_config(key: str, value: object) -> str:
    if key in DURATIONS:
        return f"{round(60 * float(str(value))) if key in IN_HOURS else value} min"
    return str(value)


OF_PATIENT = Change("plan", FIELDS, _of_patient, _set, back("saved"))
OF_THERAPIST = Change("therapist-plan", FIELDS, _of_therapist, _set, back("saved"))
