"""What somebody of the cast would do next with a message: for the hint on the page, and for whoever plays alone.

Pure: a keyboard goes in, one tap or some words come out. Buttons are read as the bot reads them, not by their labels,
so that it works in every language and for every questionnaire.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.chat.checkins import read_button
from bot.core.taps import Tap
from bot.demo.script import ANNA, CLARA, TOMAS, VERA, Person

Rows = Sequence[Sequence[Mapping[str, Any]]]
"""An inline keyboard as the Bot API has it: {"text", "callback_data"} for each button."""
Kind = Literal["enter", "begin", "answer", "send", "open", "read"]
WAY_IN = ("e:agree", "e:right", "e:when:")
TICK = "✓ "
MOSTLY = 3


@dataclass(frozen=True, slots=True)
class Next:
    """The next thing to do about a message. `label`: the button to tap, or "" where `words` are typed instead.

    enter: a step on the way in. begin, answer, send: of a check-in. open, read: of a digest.
    """

    kind: Kind
    label: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Character:
    """How somebody answers: the place of the choice for each of the first questions, from 0, and words by question."""

    ratings: tuple[int, ...] = ()
    words: Mapping[int, str] = field(default_factory=dict)


CHARACTERS: Mapping[Person, Character] = {
    TOMAS: Character((3, 3, 4, 4)),
    VERA: Character((3, 4, 3, 3)),
    ANNA: Character(
        (3, 3, 2, 1, 4, 3), {6: "I would like to know what the breathing is for.", 9: "Sleep through the night"}
    ),
    CLARA: Character((3, 4, 3, 3, 4, 4), {9: "Estar más tranquila con mis hijos"}),
}
"""Anna sees the way of working otherwise than Tomas does; Clara and Vera agree. Whoever is not here says "mostly"."""


def next_of(rows: Rows, who: Person, said: Collection[str] = ()) -> Next | None:
    """What this person would do next about a message with this keyboard; None: nothing that anybody waits for.

    `said`: what the person has typed so far; nobody says the same words twice.
    """
    buttons = [(str(button["text"]), str(button.get("callback_data", ""))) for row in rows for button in row]
    if not buttons:
        return None
    label, data = buttons[0]
    if data.startswith(WAY_IN):
        return Next("enter", label)
    if data.startswith(("d:", "p:")):
        return _digest(buttons)
    taps = [(label, read[1]) for label, data in buttons if (read := read_button(data)) is not None]
    return _check_in(taps, CHARACTERS.get(who, Character()), said) if taps else None


def _digest(buttons: Sequence[tuple[str, str]]) -> Next | None:
    """[Open]; then [Discussed] once it was read, the first of the words that say what became of it."""
    opens = [label for label, data in buttons if data.endswith(":open")]
    outcomes = [label for label, data in buttons if data.split(":")[2:3] == ["was"]]
    if outcomes:
        return None if any(label.startswith(TICK) for label in outcomes) else Next("read", outcomes[0])
    return Next("open", opens[0]) if len(buttons) == 1 and opens else None


def _check_in(taps: Sequence[tuple[str, Tap]], character: Character, said: Collection[str]) -> Next | None:
    by_verb = {tap.verb: label for label, tap in taps}
    if "begin" in by_verb:
        return Next("begin", by_verb["begin"])
    choices = _choices(taps)
    for item, offered in choices.items():
        if not any(label.startswith(TICK) for label in offered):
            return Next("answer", _chosen(item, offered, character))
    if "send" in by_verb:
        return Next("send", by_verb["send"])
    if choices and ("done" in by_verb or "skip" in by_verb):  # an answer that is there already is confirmed
        ticked = [label for offered in choices.values() for label in offered if label.startswith(TICK)]
        return Next("answer", by_verb.get("done", ticked[0]))
    for label, tap in taps:
        if tap.verb != "skip":
            continue
        words = character.words.get(tap.item, "")
        return Next("answer", "", words) if words and words not in said else Next("answer", label)
    return None


def _choices(taps: Sequence[tuple[str, Tap]]) -> dict[int, list[str]]:
    """The labels that answer a question, by the number of the question."""
    found: dict[int, list[str]] = {}
    for label, tap in taps:
        if tap.verb in ("pick", "on", "off"):
            found.setdefault(tap.item, []).append(label)
    return found


def _chosen(item: int, offered: Sequence[str], character: Character) -> str:
    """A scale by the character; of anything shorter (yes or no, who should read it, which goals) the first."""
    if len(offered) < MOSTLY + 2:
        return offered[0]
    return offered[character.ratings[item] if item < len(character.ratings) else MOSTLY]
