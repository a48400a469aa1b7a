"""When to kill: drawn from a seed before the story begins, spread over all of it, mostly while something is in hand."""

from dataclasses import dataclass
from random import Random
from typing import Literal

Seen = Literal["delivered", "confirmed", "sent", "edited", "answered", "deleted"]
"""What the Bot API sees of the bot at work, in the words of its history."""

LONGEST_S = 0.030
START_S = 0.150
DOWN_S = 20.0


@dataclass(frozen=True, slots=True)
class Kill:
    """One death and what surrounds it.

    `after`: so many real seconds after an operation of the story. `seen`: instead at the moment at which the Bot API
    sees this, in the middle of the call, whose reply is then lost. `again`: the next processes die too, so many seconds
    into their start. `down`: how long, by the story's clock, nobody runs. `impatient`: whoever tapped taps once more
    while nothing happens.
    """

    after: float
    seen: Seen | None
    again: tuple[float, ...]
    down: float
    impatient: bool


def draw(random: Random, operations: int, kills: int) -> dict[int, Kill]:
    """That many kills (those during a start included) at different operations, by the operation's number."""
    places = random.sample(range(1, operations + 1), min(kills, operations))
    drawn: dict[int, Kill] = {}
    for place in places:
        if kills <= 0:
            break
        drawn[place] = _kill(random, kills)
        kills -= 1 + len(drawn[place].again)
    return drawn


def _kill(random: Random, most: int) -> Kill:
    seen: Seen | None = None
    if random.random() < 0.5:
        seen = random.choice(["delivered", "confirmed", "sent", "edited", "answered", "deleted"])
    again = tuple(random.random() * START_S for _ in range(random.choice([0, 0, 0, 1, 2])))
    # Squared: soon after an operation more is in hand than later.
    return Kill(random.random() ** 2 * LONGEST_S, seen, again[: most - 1], random.random() * DOWN_S, random.random() < 0.5)
