"""What comes next on the phones, and when, in words: read from the rows that hold what is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, takewhile

from sqlalchemy import Connection, select

from bot.core.checkin import due
from bot.core.plan import Plan
from bot.demo.script import CAST
from bot.store import checkins
from bot.store.tables import check_in, digest, pair, person, session

FEW = 40
"""So many rows are looked at: most of those that are due first bring nothing that anybody sees."""
NAMES = {who.code: who.name for who in CAST}
PATIENT = person.alias("patient")
WORDS = {
    "session": ("{} is asked about the session", "{} are asked about the session"),
    "form": ("{} is asked about the session with {about}", "{} are asked about the session with {about}"),
    "homework": ("{} is asked about the homework", "{} are asked about the homework"),
    "remind": ("{} gets a reminder", "{} get a reminder"),
    "again": ("{} is asked again, as wished", "{} are asked again, as wished"),
    "digest": ("{}'s digest about {about} is ready", "The digests of {} about {about} are ready"),
    "week": ("{}'s week is ready", "The weeks of {} are ready"),
    "words": ("{} is told of words nobody has read", "{} are told of words nobody has read"),
}


@dataclass(frozen=True, slots=True)
class Coming:
    """Something that will show on a person's phone; `what` is a key of WORDS, `about` a patient's name or ""."""

    at: datetime
    name: str
    what: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Appointed:
    """A session as the front desk sees it; `local` is the clinic's wall time."""

    id: int
    local: str
    state: str
    patient: str
    therapist: str


def sessions_of_week(conn: Connection, today: date) -> list[Appointed]:
    """The sessions of the week that a day lies in, Monday to Sunday, in order."""
    monday = today - timedelta(days=today.weekday())
    rows = (
        select(session.c.id, session.c.local, session.c.state, PATIENT.c.code, person.c.code)
        .join(pair, pair.c.id == session.c.pair_id)
        .join(PATIENT, PATIENT.c.id == pair.c.patient_id)
        .join(person, person.c.id == pair.c.therapist_id)
        .where(session.c.local >= monday.isoformat(), session.c.local < (monday + timedelta(days=7)).isoformat())
        .order_by(session.c.local)
    )
    found = conn.execute(rows)  # whoever was added by hand has a code only
    return [Appointed(n, at, state, NAMES.get(one, one), NAMES.get(two, two)) for n, at, state, one, two in found]


def next_moment(conn: Connection, plan: Plan) -> list[Coming]:
    """All that comes at the next moment at which something does; empty: nothing is laid out.

    What is planned may turn out not to be asked (nobody is in, or it does not apply); then the moment passes unseen.
    """
    found = sorted([*_check_ins(conn, plan), *_words(conn), *_digests(conn)], key=lambda one: (one.at, one.name))
    return list(takewhile(lambda one: one.at == found[0].at, found))


def in_words(coming: Sequence[Coming]) -> str:
    """The moment in one sentence: "Anna and Ben are asked about the homework"."""
    parts = []
    for (what, about), group in groupby(sorted(coming, key=_sentence), key=_sentence):
        names = list(dict.fromkeys(one.name for one in group))
        parts.append(WORDS[what][len(names) > 1].format(_listed(names), about=about))
    return "; ".join(parts)


def _sentence(one: Coming) -> tuple[str, str]:
    return one.what, one.about


def _listed(names: Sequence[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def _check_ins(conn: Connection, plan: Plan) -> list[Coming]:
    rows = (
        select(check_in.c.id, check_in.c.due_at, check_in.c.state, check_in.c.kind, person.c.code, PATIENT.c.code)
        .join(person, person.c.id == check_in.c.person_id)
        .join(pair, pair.c.id == check_in.c.pair_id)
        .join(PATIENT, PATIENT.c.id == pair.c.patient_id)
        .where(check_in.c.due_at.is_not(None), person.c.state == "active")
        .order_by(check_in.c.due_at)
        .limit(FEW)
    )
    found = []
    for check_in_id, at, state, kind, code, patient in conn.execute(rows):
        about = "" if code == patient else NAMES.get(patient, patient)
        if state == "planned":
            what = "homework" if kind == "homework" else "form" if about else "session"
        else:
            what = due(checkins.by_check_in_id(conn, check_in_id).check_in, at, plan) or ""
        if what in WORDS:  # hiding and closing bring nothing new
            found.append(Coming(at, NAMES.get(code, code), what, about if what == "form" else ""))
    return found


def _words(conn: Connection) -> list[Coming]:
    rows = (
        select(check_in.c.words_due_at, person.c.code)
        .join(pair, pair.c.id == check_in.c.pair_id)
        .join(person, person.c.id == pair.c.therapist_id)
        .where(check_in.c.words_due_at.is_not(None))
        .order_by(check_in.c.words_due_at)
        .limit(FEW)
    )
    return [Coming(at, NAMES.get(code, code), "words") for at, code in conn.execute(rows)]


def _digests(conn: Connection) -> list[Coming]:
    rows = (
        select(digest.c.due_at, person.c.code, PATIENT.c.code)
        .join(person, person.c.id == digest.c.therapist_id)
        .join(pair, pair.c.id == digest.c.pair_id, isouter=True)
        .join(PATIENT, PATIENT.c.id == pair.c.patient_id, isouter=True)
        .where(digest.c.due_at.is_not(None), person.c.state == "active")
        .order_by(digest.c.due_at)
        .limit(FEW)
    )
    return [
        Coming(at, NAMES.get(code, code), "week" if patient is None else "digest", NAMES.get(patient, ""))
        for at, code, patient in conn.execute(rows)
    ]
