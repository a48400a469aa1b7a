"""The fields of a form, words -> values, with every mistake at once. What a mistake is called stands in a template."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from bot.core.codes import not_a_code
from bot.core.zones import misnamed

CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::00)?")
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
LONGEST = 120


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a field: its kind names the sentence, `said` fills it in."""

    kind: str
    said: tuple[str, ...] = ()


class NotSo(ValueError):
    """Raised by a reader: the words mean nothing that could be taken."""

    def __init__(self, kind: str, *said: str) -> None:
        super().__init__(kind)
        self.mistake = Mistake(kind, said)


Reader = Callable[[str], Any]
Mistakes = Mapping[str, Mistake]


def read(fields: Mapping[str, str], readers: Mapping[str, Reader]) -> tuple[dict[str, Any], dict[str, Mistake]]:
    """The value of each field, and the mistake of each that has none. A field that is not there is empty."""
    values: dict[str, Any] = {}
    mistakes: dict[str, Mistake] = {}
    for name, reader in readers.items():
        try:
            values[name] = reader(fields.get(name, "").strip())
        except NotSo as wrong:
            mistakes[name] = wrong.mistake
    return values, mistakes


def optional(reader: Reader, default: object = None) -> Reader:
    """A field that may stay empty."""
    return lambda words: reader(words) if words else default


def _needed(words: str) -> str:
    if not words:
        raise NotSo("empty")
    if not words.isprintable():
        raise NotSo("unprintable")
    return words[:LONGEST]


def text(words: str) -> str:
    """A line of text, at most 120 characters."""
    return _needed(words)


def code(words: str) -> str:
    """A code of a person, such as P-014."""
    if kind := not_a_code(_needed(words)):
        raise NotSo(kind, words[:LONGEST])
    return words


def zone(words: str) -> str:
    """The name of a time zone."""
    if (wrong := misnamed(_needed(words))) is not None:
        kind, near = wrong
        raise NotSo(kind, words[:LONGEST], *near[:2])
    return words


def one_of(known: Collection[str]) -> Reader:
    """One of the choices that were offered."""

    def read_one(words: str) -> str:
        if _needed(words) not in known:
            raise NotSo("no_choice")
        return words

    return read_one


def day(words: str) -> date:
    """A date as a browser sends it, 2026-11-03, in this century."""
    try:
        found = date.fromisoformat(_needed(words))
    except ValueError:
        raise NotSo("no_day", words[:LONGEST]) from None
    if not FIRST_DAY <= found <= LAST_DAY:
        raise NotSo("far_day", words[:LONGEST])
    return found


def clock(words: str) -> time:
    """A time of day, 14:00."""
    found = CLOCK.fullmatch(_needed(words))
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise NotSo("no_clock", words[:LONGEST])
    return time(int(found[1]), int(found[2]))


def whole(low: int, high: int) -> Reader:
    """A whole number in a range."""

    def read_whole(words: str) -> int:
        number = int(words) if _needed(words).isascii() and words.isdigit() and len(words) < 10 else None
        if number is None or not low <= number <= high:
            raise NotSo("no_number", words[:LONGEST], str(low), str(high))
        return number

    return read_whole


def ticked(words: str) -> bool:
    """A box that is ticked or not."""
    return words == "yes"
