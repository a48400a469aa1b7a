"""What exactly one check-in asks: questionnaires unfolded over the pair's goals, and which question is asked when.

What is asked is frozen when the check-in opens (`Asks`), so that a goal added meanwhile does not shift the buttons.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.history import Answer, Goal, Homework
from bot.core.questionnaire import Choice, Item, OnlyIf, Questionnaire, Voice

Key = tuple[str, str]
"""Questionnaire id and item, "progress.2" for an item asked of goal 2."""

STILL = Item("still", "goals", "choice", (Choice("yes", {}), Choice("change", {})), {"patient": {}, "therapist": {}})
"""Still the same goals as last time? Its words are the wizard's own, as they quote the goal."""


@dataclass(frozen=True, slots=True)
class Asks:
    """What a check-in holds, frozen at its opening. `number`: the how-manieth session of the pair this is about."""

    questionnaires: tuple[str, ...]
    number: int = 1
    goals: tuple[Goal, ...] = ()
    before: tuple[tuple[int | str, ...], int | str | None] | None = None  # ticked last time: chosen, top
    last_homework: int | None = None  # the session under which the therapist's "how much was done" is filed
    bond: bool = True
    only: Mapping[str, tuple[str, ...]] | None = None  # of these questionnaires only these items
    homework: Homework | None = None  # the words of the homework that is asked about

    def to_json(self) -> dict[str, Any]:
        """Plain values, as stored with the check-in."""
        return {
            "questionnaires": list(self.questionnaires),
            "number": self.number,
            "goals": [[goal.id, goal.words, goal.added_by] for goal in self.goals],
            "before": None if self.before is None else [list(self.before[0]), self.before[1]],
            "last_homework": self.last_homework,
            "bond": self.bond,
            "only": None if self.only is None else {k: list(v) for k, v in self.only.items()},
            "homework": None if self.homework is None else [self.homework.words, self.homework.why],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Asks":
        """The opposite of `to_json`. Rows from before there was homework in words have none."""
        before, only, homework = data["before"], data["only"], data.get("homework")
        return cls(
            tuple(data["questionnaires"]),
            data["number"],
            tuple(Goal(*goal) for goal in data["goals"]),
            None if before is None else (tuple(before[0]), before[1]),
            data["last_homework"],
            data["bond"],
            None if only is None else {k: tuple(v) for k, v in only.items()},
            None if homework is None else Homework(*homework),
        )


@dataclass(frozen=True, slots=True)
class Question:
    """One screen: an item, for one goal if it is asked of each, with the choices this pair has."""

    questionnaire: str
    version: int
    item: Item
    choices: tuple[Choice, ...]
    goal: Goal | None = None

    @property
    def key(self) -> Key:
        """Where its answer is kept."""
        return self.questionnaire, self.item.id if self.goal is None else f"{self.item.id}.{self.goal.id}"


@dataclass(frozen=True, slots=True)
class Form:
    """All questions of one check-in in order, for one side."""

    voice: Voice
    asks: Asks
    questions: tuple[Question, ...]

    def choices(self, index: int, answers: Mapping[Key, Answer]) -> list[tuple[int, Choice]]:
        """The choices of a question with their numbers; of "which first?" only those just ticked."""
        question = self.questions[index]
        every = list(enumerate(question.choices))
        if question.item.choices_from != "chosen":
            return every
        ticks = answers.get((question.questionnaire, "chosen"))
        return [(n, choice) for n, choice in every if isinstance(ticks, tuple) and choice.id in ticks]


def compose(questionnaires: Mapping[str, Questionnaire], asks: Asks, voice: Voice) -> Form:
    """The form of one side. Questionnaires that are no longer there, or not meant for this side, are left out."""
    known = [questionnaires[name] for name in asks.questionnaires if name in questionnaires]
    return Form(voice, asks, tuple(q for questionnaire in known for q in _questions(questionnaire, asks, voice)))


def _questions(questionnaire: Questionnaire, asks: Asks, voice: Voice) -> Iterator[Question]:
    only = (asks.only or {}).get(questionnaire.id)
    items = [item for item in questionnaire.items_for(voice) if only is None or item.id in only]
    items = [item for item in items if _is_asked(item, asks, voice)]
    if asks.before is not None and any(item.choices_from == "goals" for item in items):
        yield Question(questionnaire.id, questionnaire.version, STILL, STILL.choices)
    for item in items:
        choices = _choices(item, questionnaire, asks)
        for goal in asks.goals if item.each == "goals" else (None,):
            yield Question(questionnaire.id, questionnaire.version, item, choices, goal)


def _choices(item: Item, questionnaire: Questionnaire, asks: Asks) -> tuple[Choice, ...]:
    """The fixed choices, after the pair's goals where those are ticked; which comes first is asked of the same ones."""
    if item.choices_from is None:
        return item.choices
    goals = tuple(Choice(goal.id, {"": f"{goal.id}. {goal.words}"}) for goal in asks.goals)
    ticked = next((other for other in questionnaire.items if other.choices_from == "goals"), item)
    return goals + (item.choices or ticked.choices)


def _is_asked(item: Item, asks: Asks, voice: Voice) -> bool:
    if item.needs(voice) == "last_homework" and asks.last_homework is None:
        return False
    if item.measures == "bond" and voice == "therapist" and not asks.bond:
        return False
    if (item.choices_from or item.each) and not asks.goals:
        return False
    return asks.number % item.every == 0


def mark(question: Question, choice: int | None = None) -> str:
    """A short name of a question (and one of its choices) that does not depend on its place in the form: "x1f3a"."""
    name = (*question.key, "" if choice is None else question.choices[choice].id)
    return f"x{zlib.crc32(repr(name).encode()) & 0xFFFF:04x}"


def asked(form: Form, answers: Mapping[Key, Answer]) -> list[int]:
    """The numbers of the questions that are asked, given the answers so far.

    One whose condition is still open counts: so the count on the screen shrinks, but never grows.
    """
    shown: list[int] = []
    left_out: set[Key] = set()
    for index, question in enumerate(form.questions):
        if _stands(form, question, answers, left_out):
            shown.append(index)
        else:
            left_out.add(question.key)
    return shown


def _stands(form: Form, question: Question, answers: Mapping[Key, Answer], left_out: set[Key]) -> bool:
    item, of = question.item, question.questionnaire
    if item.choices_from and answers.get((of, STILL.id)) == "yes":
        return False
    if item.choices_from == "chosen":
        ticks = answers.get((of, "chosen"), ())
        return (of, "chosen") not in answers or (isinstance(ticks, tuple) and len(ticks) > 1)
    condition = item.condition(form.voice)
    if condition is None:
        return True
    on = (of, condition.item)
    return on not in left_out and (on not in answers or _met(condition, answers[on]))


def _met(condition: OnlyIf, value: Answer) -> bool:
    if condition.answered:
        return value is not None
    if condition.among:
        return value in condition.among
    if not isinstance(value, int):
        return False
    low, high = condition.at_least, condition.at_most
    return (low is None or value >= low) and (high is None or value <= high)


def next_open(form: Form, answers: Mapping[Key, Answer]) -> int | None:
    """The first question asked that has neither an answer nor a skip; None if there is none left."""
    return next((n for n in asked(form, answers) if form.questions[n].key not in answers), None)
