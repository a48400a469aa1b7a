"""What was sent -> tables for other programs: one row an answer (long), or one row a session (wide, for REDCap).

Coded: a patient is a code, a session a number. Dates, own words and the therapist's code only where `Wanted` says so;
chat ids never. That is no de-identification in the sense of HIPAA (45 CFR 164.514): a code stays a code.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.cells import Cell, cell
from bot.core.form import STILL, Key
from bot.core.history import Answer
from bot.core.questionnaire import Item, Questionnaire, Voice

Format = Literal["long", "wide", "dictionary", "xlsx", "fhir"]
FORMATS: tuple[Format, ...] = ("long", "wide", "dictionary", "xlsx", "fhir")
Row = dict[str, Cell]

LONG = (
    "record_id", "pair", "session", "side", "form", "questionnaire", "version", "item", "goal", "value", "label",
    "status", "late",
)  # fmt: skip
IDENTIFYING = ("therapist", "session_starts", "answered_at")
INSTRUMENT = "accord_session"
PREFIX: dict[Voice, str] = {"patient": "pt", "therapist": "th"}
OWN = ("own_words", "words_for")
"""Words, and for whom they are: what a patient keeps for oneself is nowhere else."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One check-in that was answered or missed. `session` counts in the pair, `visit` over all the patient's pairs.

    `about`: the session that the therapist's answer about the last homework speaks of, by number.
    """

    patient: str
    therapist: str
    pair: int
    session: int
    visit: int
    side: Voice
    form: str
    status: Literal["answered", "missed"]
    late: bool
    starts: str
    answered: datetime | None
    asked: tuple[str, ...]
    answers: Mapping[Key, Answer]
    versions: Mapping[str, int]
    about: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a check-in, with its item if the questionnaire is still there. `goal`: asked of that goal."""

    sent: Sent
    questionnaire: str
    version: int | None
    item_id: str
    goal: int | None
    item: Item | None
    value: Answer

    @property
    def is_words(self) -> bool:
        """Whether it is somebody's own words; what nothing is known of any more is taken for them if it is text."""
        if self.item is None:
            return isinstance(self.value, str) and self.item_id != STILL.id
        return self.item.kind == "text"

    @property
    def session(self) -> int:
        """The session it speaks of."""
        about_last = self.sent.side == "therapist" and (self.questionnaire, self.item_id) == ("homework", "done")
        return self.sent.about if about_last and self.sent.about is not None else self.sent.session


def answers_of(sent: Sent, questionnaires: Mapping[str, Questionnaire]) -> Iterator[Answered]:
    """The answers of a check-in in the order of its questionnaires; without words that were for oneself alone."""
    given = sent.answers if sent.status == "answered" else {}
    for (name, key), value in sorted(given.items(), key=lambda one: _place(one[0], sent, questionnaires)):
        if key in OWN and given.get((name, "words_for")) == "self":
            continue
        ident, _, goal = key.partition(".")
        item = _item(questionnaires.get(name), ident, sent.side)
        number = int(goal) if goal.isdecimal() else None
        yield Answered(sent, name, sent.versions.get(name), ident, number, item, value)


def _item(questionnaire: Questionnaire | None, ident: str, side: Voice) -> Item | None:
    items = () if questionnaire is None else questionnaire.items_for(side)
    return STILL if ident == STILL.id else next((item for item in items if item.id == ident), None)


def _place(key: Key, sent: Sent, questionnaires: Mapping[str, Questionnaire]) -> tuple[int, int, str]:
    """Where an answer stands: in the order in which it was asked."""
    name, ident = key[0], key[1].partition(".")[0]
    form = sent.asked.index(name) if name in sent.asked else len(sent.asked)
    known = [item.id for item in questionnaires[name].items] if name in questionnaires else []
    return form, known.index(ident) if ident in known else -1, key[1]


# ------------------------------------------------------------------------------------------------ long


def long_table(
    every: Iterable[Sent], questionnaires: Mapping[str, Questionnaire], lang: str, identified: bool
) -> tuple[tuple[str, ...], list[Row]]:
    """The columns and a row for each answer, and for each check-in that was missed."""
    rows = [row for sent in every for row in _long_rows(sent, questionnaires, lang, identified)]
    return (*LONG, *(IDENTIFYING if identified else ())), rows


def _long_rows(sent: Sent, questionnaires: Mapping[str, Questionnaire], lang: str, identified: bool) -> Iterator[Row]:
    head = _head(sent, identified)
    if sent.status == "missed":
        yield from (head | {"questionnaire": name, "status": "missed"} for name in sent.asked)
    for one in answers_of(sent, questionnaires):
        told = not one.is_words or identified
        yield head | {
            "session": one.session, "questionnaire": one.questionnaire, "version": one.version, "item": one.item_id,
            "goal": one.goal, "value": cell(flat(one.value)) if told else None,
            "label": cell(label(one, questionnaires, lang)),
            "status": "skipped" if one.value is None else "answered" if told else "left out",
        }  # fmt: skip


def _head(sent: Sent, identified: bool) -> Row:
    head: Row = {
        "record_id": cell(sent.patient), "pair": sent.pair, "session": sent.session, "side": sent.side,
        "form": sent.form, "late": int(sent.late),
    }  # fmt: skip
    return head | (_identifying(sent) if identified else {})


def _identifying(sent: Sent) -> Row:
    at = None if sent.answered is None else sent.answered.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"therapist": cell(sent.therapist), "session_starts": sent.starts, "answered_at": at}


def flat(value: Answer) -> Cell:
    """An answer as one cell: ticks are separated by semicolons."""
    return ";".join(map(str, value)) if isinstance(value, tuple) else value


def label(one: Answered, questionnaires: Mapping[str, Questionnaire], lang: str) -> str | None:
    """The words of what was tapped; None for words of one's own, goals, and another wording than today's."""
    form = questionnaires.get(one.questionnaire)
    if one.item is None or form is None or form.version != one.version or one.value is None:
        return None
    words = {choice.id: choice.label.get(lang) for choice in one.item.choices}
    ticked = one.value if isinstance(one.value, tuple) else (one.value,)
    found = [said for tick in ticked if (said := words.get(tick))]
    return "; ".join(found) or None


# ------------------------------------------------------------------------------------------------ wide


def wide_table(
    every: Sequence[Sent], questionnaires: Mapping[str, Questionnaire], identified: bool
) -> tuple[tuple[str, ...], list[Row]]:
    """The columns and a row for each session, as a repeating instrument of REDCap: its n-th visit is instance n.

    A variable is side, questionnaire and item: pt_alliance_goals_1. What can be ticked is a variable for each tick, as
    REDCap has it: pt_homework_obstacles___no_time. Each questionnaire has its wording version and its state beside it.
    """
    rows: dict[tuple[str, int], Row] = {}
    for sent in every:
        row = rows.setdefault((sent.patient, sent.visit), _wide_head(sent))
        if identified:
            row |= {"therapist": cell(sent.therapist), "session_starts": sent.starts}
        row |= _wide_cells(sent, questionnaires, identified)
    first = ("record_id", "redcap_repeat_instrument", "redcap_repeat_instance", "pair", "session")
    named = {name for row in rows.values() for name in row}
    known = [name for name in variables(questionnaires) if name in named]
    others = sorted(named - {*first, *IDENTIFYING, *known})
    return (*first, *(name for name in IDENTIFYING if name in named), *known, *others), list(rows.values())


def _wide_head(sent: Sent) -> Row:
    return {
        "record_id": cell(sent.patient), "redcap_repeat_instrument": INSTRUMENT, "redcap_repeat_instance": sent.visit,
        "pair": sent.pair, "session": sent.session,
    }  # fmt: skip


def _wide_cells(sent: Sent, questionnaires: Mapping[str, Questionnaire], identified: bool) -> Row:
    cells: Row = {f"{PREFIX[sent.side]}_{name}_status": sent.status for name in sent.asked}
    for one in answers_of(sent, questionnaires):
        begins = f"{PREFIX[sent.side]}_{one.questionnaire}"
        cells |= {f"{begins}_version": one.version, f"{begins}_status": "late" if sent.late else "answered"}
        if one.is_words and not identified:
            continue
        name = f"{begins}_{one.item_id}" + ("" if one.goal is None else f"_{one.goal}")
        if one.session != sent.session:
            name, cells = f"{begins}_{one.item_id}_last", cells | {f"{begins}_last_session": one.session}
        cells |= _variables_of(name, one)
    return cells


def _variables_of(name: str, one: Answered) -> Row:
    if isinstance(one.value, tuple):
        known = [choice.id for choice in one.item.choices] if one.item is not None else []
        return {f"{name}___{tick}": int(tick in one.value) for tick in dict.fromkeys([*known, *one.value])}
    return {name: cell(one.value)}


def variables(questionnaires: Mapping[str, Questionnaire]) -> Iterator[str]:
    """The variables of all questionnaires, in their order: the patient's, then the therapist's."""
    for voice, prefix in PREFIX.items():
        for form in questionnaires.values():
            begins = f"{prefix}_{form.id}"
            yield from (f"{begins}_status", f"{begins}_version")
            for item in form.items_for(voice):
                yield from _names(f"{begins}_{item.id}", item)


def _names(name: str, item: Item) -> Iterator[str]:
    goals = range(1, 100) if item.choices_from == "goals" or item.each else ()
    if item.kind == "many":
        yield from (f"{name}___{tick}" for tick in (*goals, *(choice.id for choice in item.choices)))
    elif item.each:
        yield from (f"{name}_{goal}" for goal in goals)
    else:
        yield name
