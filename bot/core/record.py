"""A patient's own record: everything that was asked and answered, goals, what was taken on, days away, consent.

Nothing of a therapist's answers is in it, and no chat. Words a patient kept for oneself are the patient's, so they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.core.export import Sent
from bot.core.form import STILL
from bot.core.history import Answer, Goal, Homework
from bot.core.questionnaire import Item, Questionnaire

FORMAT = "accord-record-1"


@dataclass(frozen=True, slots=True)
class Consent:
    """One answer to the consent text: which version, in which language, and the words themselves if they were kept."""

    version: int
    lang: str
    agreed: bool
    at: datetime
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Pairing:
    """What belongs to the work with one therapist. `homework`: by the wall time of its session."""

    therapist: str
    began: datetime
    ended: datetime | None
    goals: tuple[Goal, ...]
    homework: tuple[tuple[str, Homework], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """All of it. `sent` holds the patient's own check-ins, answered or missed."""

    code: str
    zone: str
    lang: str
    state: str
    made: datetime
    consents: tuple[Consent, ...]
    pairs: tuple[Pairing, ...]
    sent: tuple[Sent, ...]
    away: tuple[tuple[date, date], ...]
    calls: tuple[tuple[datetime, datetime | None], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One answer in words, for reading. `answer` empty: it was skipped."""

    words: str
    answer: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One check-in for reading."""

    starts: str
    missed: bool
    late: bool
    lines: tuple[Line, ...]


def sheets(record: Record, questionnaires: Mapping[str, Questionnaire]) -> list[Sheet]:
    """The check-ins as they were asked, in the patient's language; what is not known any more by its name."""
    return [_sheet(sent, questionnaires, record) for sent in record.sent]


def _sheet(sent: Sent, questionnaires: Mapping[str, Questionnaire], record: Record) -> Sheet:
    given = sent.answers if sent.status == "answered" else {}
    goals = record.pairs[sent.pair - 1].goals
    lines = [
        _line(questionnaires.get(name), sent.versions.get(name), key, value, goals, record.lang)
        for (name, key), value in given.items()
    ]
    return Sheet(sent.starts, sent.status == "missed", sent.late, tuple(lines))


def _line(
    form: Questionnaire | None, version: int | None, key: str, value: Answer, goals: Sequence[Goal], lang: str
) -> Line:
    ident, _, goal = key.partition(".")
    item = None if form is None or form.version != version else _item(form, ident)
    ticks = value if isinstance(value, tuple) else () if value is None else (value,)
    if item is None:
        return Line(key, ", ".join(map(str, ticks)))
    words = item.wording["patient"].get(lang) or next(iter(item.wording["patient"].values()), key)
    return Line(f"{goal}. {words}" if goal else words, ", ".join(_said(item, tick, goals, lang) for tick in ticks))


def _item(form: Questionnaire, ident: str) -> Item | None:
    if ident == STILL.id:
        return None
    return next((item for item in form.items_for("patient") if item.id == ident), None)


def _said(item: Item, tick: int | str, goals: Sequence[Goal], lang: str) -> str:
    choice = next((choice for choice in item.choices if choice.id == tick), None)
    if choice is not None:
        return choice.label.get(lang) or str(tick)
    listed = goals if item.choices_from else ()
    return next((f"{goal.id}. {goal.words}" for goal in listed if goal.id == tick), str(tick))


def to_json(record: Record) -> dict[str, Any]:
    """The record as plain values, for another program: ISO 8601 times in UTC, wall times as they were meant."""
    return {
        "format": FORMAT, "code": record.code, "zone": record.zone, "language": record.lang, "state": record.state,
        "made": record.made.isoformat(),
        "consent": [
            {"version": one.version, "language": one.lang, "agreed": one.agreed, "at": one.at.isoformat(),
             "text": one.text}
            for one in record.consents
        ],
        "therapists": [_pairing_json(pair) for pair in record.pairs],
        "check_ins": [_sent_json(sent) for sent in record.sent],
        "away": [[first.isoformat(), last.isoformat()] for first, last in record.away],
        "asked_to_be_called": [
            {"at": at.isoformat(), "seen": None if seen is None else seen.isoformat()} for at, seen in record.calls
        ],
    }  # fmt: skip


def _pairing_json(pair: Pairing) -> dict[str, Any]:
    return {
        "therapist": pair.therapist, "began": pair.began.isoformat(),
        "ended": None if pair.ended is None else pair.ended.isoformat(),
        "goals": [
            {"number": goal.id, "words": goal.words, "added_by": goal.added_by, "retired": goal.retired}
            for goal in pair.goals
        ],
        "taken_on": [{"session": local, "words": one.words, "why": one.why} for local, one in pair.homework],
    }  # fmt: skip


def _sent_json(sent: Sent) -> dict[str, Any]:
    answers = sent.answers if sent.status == "answered" else {}
    return {
        "session": sent.starts, "therapist": sent.therapist, "about": sent.form, "status": sent.status,
        "late": sent.late, "answered": None if sent.answered is None else sent.answered.isoformat(),
        "answers": [
            {"questionnaire": name, "version": sent.versions.get(name), "item": key,
             "value": list(value) if isinstance(value, tuple) else value}
            for (name, key), value in answers.items()
        ],
    }  # fmt: skip


def by_time(every: Sequence[Sent]) -> tuple[Sent, ...]:
    """Check-ins in order of their sessions."""
    return tuple(sorted(every, key=lambda sent: (sent.visit, sent.form)))
