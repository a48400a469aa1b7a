"""What can be asked: questionnaires, their items and choices, as frozen values.

A questionnaire file holds the patient's and the therapist's wording side by side, so that mirrored items cannot
drift apart. This module says what a questionnaire *is*; `questionnaire_file` reads one from the parsed TOML.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Voice = Literal["patient", "therapist"]
Kind = Literal["scale", "choice", "many", "text"]
ChoiceId = int | str
Words = Mapping[str, str]
"""A text by language: {"en": "…", "es": "…"}."""

VOICES: tuple[Voice, ...] = ("patient", "therapist")
KINDS: tuple[Kind, ...] = ("scale", "choice", "many", "text")
LANGUAGES = ("en", "es")


@dataclass(frozen=True, slots=True)
class Choice:
    """One button of an item: what is stored (a scale's number or a name) and its label by language."""

    id: ChoiceId
    label: Words


@dataclass(frozen=True, slots=True)
class OnlyIf:
    """An item is asked only if an earlier item of the same questionnaire was answered so.

    Exactly one of the four is given: `among` (one of these ids), `at_most` or `at_least` (a scale's number), or
    `answered` (with anything at all). An item that was skipped, or not asked, meets no condition.
    """

    item: str
    among: tuple[ChoiceId, ...] = ()
    at_most: int | None = None
    at_least: int | None = None
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    `choices` are fixed in the file. `choices_from` puts the pair's own goals ("goals"), or those just ticked
    ("chosen"), before them. `each = "goals"` asks the item once for each goal of the pair. `every` asks it only at
    every n-th session. `least` and `most` bound the ticks of a "many" item, `longest` the characters of a text.
    `optional` says so on the screen; Skip is there either way. `reversed` turns the scale round when scores are
    worked out (none of our own items is; a clinic's licensed scale may need it).

    `only_when = "last_homework"` makes the therapist's wording one about the homework of the last earlier session:
    asked only if that had some, filed under it, and free of `only_if`, which speaks of this session. The patient's
    wording is not touched by it. So ask `condition` and `needs`, which know whose wording is meant.
    """

    id: str
    measures: str
    kind: Kind
    choices: tuple[Choice, ...]
    wording: Mapping[Voice, Words]
    optional: bool = False
    only_if: OnlyIf | None = None
    choices_from: Literal["goals", "chosen"] | None = None
    each: Literal["goals"] | None = None
    every: int = 1
    only_when: Literal["last_homework"] | None = None
    least: int = 1
    most: int = 1
    longest: int = 1000
    reversed: bool = False

    def asked_of(self, voice: Voice) -> bool:
        """Whether this side is asked the item: it is if the file has a wording for it."""
        return voice in self.wording

    def condition(self, voice: Voice) -> OnlyIf | None:
        """What this side must have answered earlier in the same form to be asked the item."""
        return None if self.needs(voice) else self.only_if

    def needs(self, voice: Voice) -> Literal["last_homework"] | None:
        """What the pair must have for this side to be asked the item."""
        return self.only_when if voice == "therapist" else None


@dataclass(frozen=True, slots=True)
class Score:
    """A number worked out from a side's answers to some items; `measures` works it out.

    `items`: ids of items that are answered with numbers. `needs`: how many of them must be answered. `low`, `high`: the
    clinic's own marks, at or below and at or above which the patient's number is said to be, at this `level`; None for
    no mark. `title` is empty where the file names no scores: the score is called by what its items measure, `id`.
    """

    id: str
    title: Words
    items: tuple[str, ...]
    needs: int
    method: Literal["mean", "sum"] = "mean"
    low: float | None = None
    high: float | None = None
    level: Literal["note", "flag"] = "note"


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """A questionnaire in one wording version, with where its words come from and under which licence.

    `stem` stands above the items and may hold `{day}`, the weekday of the session in the reader's language. `scores`
    are those the file names; see `measures.scores` for what holds where it names none.
    """

    id: str
    version: int
    source: str
    licence: str
    title: Words
    stem: Mapping[Voice, Words]
    items: tuple[Item, ...]
    scores: tuple[Score, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it can be asked in: those of its title."""
        return tuple(self.title)

    def item(self, item_id: str) -> Item:
        """The item of that id; KeyError if there is none."""
        for item in self.items:
            if item.id == item_id:
                return item
        raise KeyError(item_id)

    def items_for(self, voice: Voice) -> tuple[Item, ...]:
        """The items this side is asked, in order; empty if the file has no wording for it."""
        return tuple(item for item in self.items if item.asked_of(voice))
