"""What is asked of one patient, or of a therapist's patients, differently from the clinic: a few of the plan's keys.

An empty field is as the plan above has it. The other keys, and their exact words, are the command line's.
"""

from datetime import timedelta

from sqlalchemy import Connection

from bot import clinic_plan
from bot.clinic import Shown
from bot.core import fields
from bot.core.fields import Reader, optional
from bot.core.person import Person
from bot.web import found
from bot.web.change import About, Change, Field, Option, Values
from bot.web.schedule import back
from bot.web.visit import Visit

YES_NO = fields.one_of(("true", "false"))
A_DAY = 1440


def _clock(words: str) -> str:
    return f"{fields.clock(words):%H:%M}"


KEYS: dict[str, tuple[str, Reader]] = {
    "ask_patient": ("choice", YES_NO),
    "patient_opens_after": ("number", fields.whole(0, 7 * A_DAY)),
    "ask_every": ("number", fields.whole(1, 52)),
    "homework": ("choice", YES_NO),
    "therapist_bond": ("choice", YES_NO),
    "session_length": ("number", fields.whole(1, A_DAY)),
    "quiet_from": ("time", _clock),
    "quiet_until": ("time", _clock),
}
"""The keys of [plan] on the page: the kind of field, and how it is read. Durations are in minutes."""
MINUTES = ("patient_opens_after", "session_length")
FIELDS = tuple(Field(key, kind, optional(reader)) for key, (kind, reader) in KEYS.items())


def _about(who: Person, path: str) -> About:
    own = who.plan or {}
    starts = {key: _typed(key, own[key]) for key in KEYS if key in own}
    choose: list[Option] = [("", ""), ("true", "true"), ("false", "false")]
    options = {key: choose for key, (kind, _) in KEYS.items() if kind == "choice"}
    return About(who.code, path, starts, options, who)


def _typed(key: str, value: object) -> str:
    """A kept value as its field has it."""
    if key in MINUTES:
        return str(int(timedelta(seconds=float(str(value))).total_seconds() // 60))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_patient(conn: Connection, visit: Visit) -> About:
    who = found.patient(conn, visit)
    return _about(who, f"/patients/{who.code}")


def _of_therapist(conn: Connection, visit: Visit) -> About:
    return _about(found.therapist(conn, visit), "/therapists")


def _set(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    """Keep what was filled in, and take back what was emptied."""
    own = about.of.plan or {}
    written = [f"{key}={_as_config(key, value)}" for key, value in values.items() if value is not None]
    emptied = [key for key, value in values.items() if value is None and key in own]
    return clinic_plan.set_plan(conn, visit.config, about.subject, written, emptied, visit.now)


def _as_config(key: str, value: object) -> str:
    return f"{value} min" if key in MINUTES else str(value)


OF_PATIENT = Change("plan", FIELDS, _of_patient, _set, back("saved"))
OF_THERAPIST = Change("therapist-plan", FIELDS, _of_therapist, _set, back("saved"))
