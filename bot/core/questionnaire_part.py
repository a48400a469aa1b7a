"""One table of a questionnaire file, read key by key; every mistake is kept with its place and its remedy."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from bot.core.problem import Problem, did_you_mean
from bot.core.questionnaire import LANGUAGES, Words

IDENTIFIER = re.compile(r"[a-z0-9_]{1,32}")
INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Control characters, and those that turn the direction of writing round: a phone shows them as something else."""

KINDS_OF_VALUE: tuple[tuple[type, str], ...] = (
    (str, "text"),
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number"),
    (list, "a list"),
    (dict, "a table"),
    (datetime, "a date"),
    (date, "a date"),
    (time, "a time without quotes"),
)

MEANT = {"english": "en", "eng": "en", "spanish": "es", "sp": "es", "esp": "es", "español": "es", "espanol": "es"}
"""What people write for a language, and the language."""


def kind_of(value: object) -> str:
    """What a parsed TOML value is, in words."""
    return next((words for kind, words in KINDS_OF_VALUE if isinstance(value, kind)), "something else")


def shown(word: str) -> str:
    """A word of the file, in quotes and never longer than a line can bear."""
    return f'"{word}"' if len(word) <= 40 else f'"{word[:39]}…"'


def listed(words: Iterable[object]) -> str:
    """The words that are allowed, for the remedy."""
    return ", ".join(str(word) for word in words)


def unknown(word: str, known: Sequence[str]) -> str:
    """What to write instead of a word that is not known: the closest one, or all there are."""
    hint = did_you_mean(word[:60], known)
    return hint or (f" There is: {listed(known)}." if known else "")


@dataclass(frozen=True, slots=True)
class Part:
    """A table of the file at its path. Every reader returns a usable value and notes what was wrong with it."""

    data: Mapping[str, object]
    path: tuple[str | int, ...]
    problems: list[Problem]
    languages: tuple[str, ...] = ()

    def wrong(self, says: str, *steps: str | int) -> None:
        """Notes a mistake at a key of this table (or deeper)."""
        self.problems.append(Problem((*self.path, *steps), says))

    def inside(self, data: Mapping[str, object], *steps: str | int) -> "Part":
        """A table inside this one."""
        return Part(data, (*self.path, *steps), self.problems, self.languages)

    def only(self, known: Sequence[str], refuse: Callable[[str], str | None] = lambda _: None) -> None:
        """Notes every key that is not known; `refuse` may have a better sentence for one."""
        for key in self.data:
            if key not in known:
                says = refuse(key) or f"there is no such key here.{unknown(key, known)}"
                self.wrong(says, key)

    def text(self, key: str, longest: int, missing: str = "") -> str:
        """A text that is not empty, at most so long; "" after a mistake."""
        value = self.data.get(key)
        if value is None:
            self.wrong(f'is missing{missing}: add {key} = "…".', key)
        elif not isinstance(value, str):
            self.wrong(f'must be text in quotes, not {kind_of(value)}: write {key} = "…".', key)
        elif says := ill_text(value, longest):
            self.wrong(says, key)
        else:
            return value.strip()
        return ""

    def identifier(self, key: str) -> str:
        """An id: what answers are stored under."""
        value = self.text(key, 200)
        if value and not IDENTIFIER.fullmatch(value):
            better = re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_")[:32]
            hint = f' Write {key} = "{better}".' if better else ""
            self.wrong(f"an id has at most 32 of a-z, 0-9 and _, not {shown(value)}.{hint}", key)
            return better
        return value

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number in a range; without a default the key must be there."""
        value = self.data.get(key, default)
        if value is None:
            self.wrong(f"is missing: add {key} = {low}, a whole number from {low} to {high}.", key)
        elif not isinstance(value, int) or isinstance(value, bool):
            self.wrong(f"must be a whole number without quotes, not {kind_of(value)}: write {key} = {low}.", key)
        elif not low <= value <= high:
            self.wrong(f"must be from {low} to {high}, not {str(value)[:20]}: write a number in that range.", key)
        else:
            return value
        return low if default is None else default

    def flag(self, key: str) -> bool:
        """true or false; false if it is not there."""
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            self.wrong(f"must be true or false without quotes, not {kind_of(value)}: write {key} = true.", key)
        return value is True

    def one_of(self, key: str, known: Sequence[str], missing: str | None = None) -> str | None:
        """One of the known words; `missing` is the sentence for when it must be there and is not."""
        value = self.data.get(key)
        if value is None:
            if missing is not None:
                self.wrong(missing, key)
        elif not isinstance(value, str):
            self.wrong(f"must be text in quotes, not {kind_of(value)}: write one of {listed(known)}.", key)
        elif value not in known:
            self.wrong(f"{shown(value)} is not known here.{unknown(value, known)}", key)
        else:
            return value
        return None

    def table(self, key: str, remedy: str) -> "Part | None":
        """A table inside this one, if it is there; `remedy` says how one is written."""
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(f"must be a table, not {kind_of(value)}: write {remedy}.", key)
            return None
        return self.inside(value, key)

    def tables(self, key: str, remedy: str) -> list["Part"]:
        """A list of tables; entries that are none are noted and left out."""
        value = self.data.get(key, [])
        if not isinstance(value, list):
            self.wrong(f"must be a list of tables, not {kind_of(value)}: write {remedy}.", key)
            return []
        found = []
        for index, entry in enumerate(value):
            if isinstance(entry, dict):
                found.append(self.inside(entry, key, index))
            else:
                self.wrong(f"must be a table, not {kind_of(entry)}: write {remedy}.", key, index)
        return found

    def words(self, longest: int, also: Sequence[str] = ()) -> Words:
        """This table as a text by language: one for each language of the title, and no other."""
        self.only((*(self.languages or LANGUAGES), *also), self.foreign)
        asked = self.languages or tuple(language for language in LANGUAGES if language in self.data)
        return {one: self.text(one, longest, f" (the title has {one}, so every text needs it)") for one in asked}

    def foreign(self, key: str) -> str | None:
        """The sentence for a language that this file, or Accord, does not have."""
        if key in LANGUAGES:
            return f"the title has no {key}: add {key} to [title], or take this out."
        return foreign(key) if len(key) <= 3 or key.lower() in MEANT else None


def foreign(key: str) -> str:
    """What is wrong with a language that Accord does not have."""
    hint = f' Did you mean "{MEANT[key.lower()]}"?' if key.lower() in MEANT else ""
    return f"{shown(key)} is not a language of Accord, which has {listed(LANGUAGES)}.{hint}"


def ill_text(value: str, longest: int) -> str | None:
    """What is wrong with a text that people will read, with the remedy; None if nothing is."""
    if not value.strip():
        return "is empty: write something between the quotes."
    if INVISIBLE.search(value):
        return "holds an invisible control character: delete the text and type it again."
    if len(value.strip()) > longest:
        return f"is {len(value.strip())} characters long, and at most {longest} fit: shorten it."
    return None
