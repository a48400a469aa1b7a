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

    Exactly one of the three is given: `among` (one of these ids), `at_most` or `at_least` (a scale's number).
    """

    item: str
    among: tuple[ChoiceId, ...] = ()
    at_most: int | None = None
    at_least: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    `choices` are fixed in the file; `choices_from` says that they are the pair's own goals ("goals") or those
    just ticked ("chosen"). `each = "goals"` asks the item once for each goal of the pair. `every` asks it only at
    every n-th session. `only_when` names what the pair must have for the item to be asked at all ("last_homework").
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

    def asked_of(self, voice: Voice) -> bool:
        """Whether this side is asked the item: it is if the file has a wording for it."""
        return voice in self.wording


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """A questionnaire in one wording version, with where its words come from and under which licence."""

    id: str
    version: int
    source: str
    licence: str
    title: Words
    stem: Mapping[Voice, Words]
    items: tuple[Item, ...]

    def item(self, item_id: str) -> Item:
        """The item of that id; KeyError if there is none."""
        for item in self.items:
            if item.id == item_id:
                return item
        raise KeyError(item_id)
