"""When to kill: drawn from a seed before the story begins, spread over all of it, mostly while something is in hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

LONGEST_S = 0.030
START_S = 0.250
DOWN_S = 20.0
CALLS = {
    "sent": "sendMessage",
    "edited": "editMessageText",
    "answered": "answerCallbackQuery",
    "deleted": "deleteMessage",
}
WORK = ("delivered", "confirmed", *CALLS)
"""What the Bot API sees of the bot at work, in the words of its history."""
RARE = {"": 3, "sent": 4, "deleted": 4}
"""Edits are many, but only messages can come twice; and before the first call a tick may be at work."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of the story: an operation, how much of the bot's work the Bot API saw in it, and the last of that."""

    operation: int
    seen: int = 0
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Kill:
    """One death and what surrounds it.

    `after`: so many real seconds after the moment; 0 is in the middle of the call, whose reply is then lost. `cut`: or
    instead of the moment, in the middle of such a call that never arrives. `again`: the next processes die too, so many
    seconds into their start. `down`: how long, by the story's clock, nobody runs. `impatient`: whoever tapped taps once
    more meanwhile.
    """

    moment: Moment
    after: float
    cut: str | None
    again: tuple[float, ...]
    down: float
    impatient: bool


def moments(operations: Sequence[Sequence[str]]) -> list[Moment]:
    """The moments of a story, from what the bot did in each of its operations."""
    found = []
    for number, work in enumerate(operations, start=1):
        found.append(Moment(number))
        found += [Moment(number, seen, kind) for seen, kind in enumerate(work, start=1)]
    return found


def draw(random: Random, story: Sequence[Moment], kills: int) -> dict[int, Kill]:
    """That many kills (those during a start included), by the number of the operation; one operation has one."""
    drawn: dict[int, Kill] = {}
    weights = [RARE.get(moment.kind, 1) for moment in story]
    while kills > 0 and len(drawn) < story[-1].operation:
        (moment,) = random.choices(story, weights)
        if moment.operation not in drawn:
            drawn[moment.operation] = _kill(random, moment, kills)
            kills -= 1 + len(drawn[moment.operation].again)
    return drawn


def _kill(random: Random, moment: Moment, most: int) -> Kill:
    how = random.choice(["soon", "soon", "within", "cut"] if moment.kind in CALLS else ["soon", "within"])
    # Squared: soon after the bot was given something, more is in hand than later.
    after = random.random() ** 2 * LONGEST_S if how == "soon" or not moment.seen else 0.0
    cut = CALLS[moment.kind] if how == "cut" else None
    again = tuple(random.random() * START_S for _ in range(random.choice([0, 0, 0, 0, 1, 2])))
    return Kill(moment, after, cut, again[: most - 1], random.random() * DOWN_S, random.random() < 0.5)
