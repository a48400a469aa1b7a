"""A clinic's own questionnaires -> the scores a digest shows: both sides, the value before, and the clinic's marks.

Accord knows nothing of what such a form asks. It adds up as the file says and shows numbers; only a mark that the
clinic set (`low`, `high`) makes a number stand out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.core.finding import at_least, at_most
from bot.core.history import History, Part, Side, answered
from bot.core.questionnaire import Item, Questionnaire, Score, Words
from bot.core.questionnaire_score import points
from bot.core.scoring import number

ACCORDS = frozenset({"alliance", "goals", "homework", "start"})
"""The questionnaires whose items Accord's own rules read."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One score of one questionnaire at one session. None: that side was not asked all of it, or answered too little.

    `before` is the patient's value before this one. `crossed` is the mark that the patient's value has reached.
    """

    questionnaire: str
    title: Words
    score: Score
    patient: float | None
    therapist: float | None
    before: float | None
    crossed: Literal["low", "high"] | None

    @property
    def is_flag(self) -> bool:
        """Whether the digest carries a flag because of it."""
        return self.crossed is not None and self.score.level == "flag"


def own(questionnaires: Mapping[str, Questionnaire]) -> tuple[Questionnaire, ...]:
    """Those that are the clinic's own, by id."""
    return tuple(questionnaires[ident] for ident in sorted(questionnaires) if ident not in ACCORDS)


def scores(questionnaire: Questionnaire) -> tuple[Score, ...]:
    """The scores the file names; if it names none, one mean for each thing that its items measure."""
    if questionnaire.scores:
        return questionnaire.scores
    by_measure: dict[str, list[Item]] = {}
    for item in questionnaire.items:
        if points(item):
            by_measure.setdefault(item.measures, []).append(item)
    # A mean of answers on different scales says nothing: such items need a [[score]] of their own.
    alike = {name: items for name, items in by_measure.items() if len({tuple(points(item)) for item in items}) == 1}
    return tuple(Score(name, {}, tuple(item.id for item in items), len(items)) for name, items in alike.items())


def value(questionnaire: Questionnaire, score: Score, part: Part) -> float | None:
    """The score of one side's answers; None where too little was answered. Reversed items are turned round."""
    answers = answered(part)
    if answers is None:
        return None
    items = (questionnaire.item(ident) for ident in score.items)
    given = [_turned(item, n) for item in items if (n := number(answers, item.id)) is not None]
    if len(given) < score.needs:
        return None
    return sum(given) / len(given) if score.method == "mean" else float(sum(given))


def _turned(item: Item, answer: int) -> int:
    return max(points(item)) + min(points(item)) - answer if item.reversed else answer


def measured(history: History, questionnaires: Sequence[Questionnaire], index: int) -> tuple[Measured, ...]:
    """The scores at one session, in the order of the questionnaires and of their scores; without those nobody has."""
    found = (_measured(history, one, score, index) for one in questionnaires for score in scores(one))
    return tuple(m for m in found if m.patient is not None or m.therapist is not None)


def _measured(history: History, questionnaire: Questionnaire, score: Score, index: int) -> Measured:
    def of(side: Side) -> float | None:
        return value(questionnaire, score, side.own.get(questionnaire.id))

    session = history.sessions[index]
    now, before = of(session.patient), _last(of(s.patient) for s in reversed(history.sessions[:index]))
    title, theirs, mark = questionnaire.title, of(session.therapist), _crossed(score, now)
    return Measured(questionnaire.id, title, score, now, theirs, before, mark)


def _last(values: Iterator[float | None]) -> float | None:
    return next((one for one in values if one is not None), None)


def _crossed(score: Score, patient: float | None) -> Literal["low", "high"] | None:
    if patient is None:
        return None
    if score.low is not None and at_most(patient, score.low):
        return "low"
    return "high" if score.high is not None and at_least(patient, score.high) else None
