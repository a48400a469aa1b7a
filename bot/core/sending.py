"""What to do with a message whose reply was lost: it may have arrived, and Telegram has no key against doubles.

Sure is only what did not go out (no connection, the server in trouble): that is repeated until it does, for all alike.
After the first byte a send without a reply is ambiguous, and what follows depends on what the message is for:

- prompt: wait for a tap, which shows that it arrived; without one it is sent once more, in case it was lost
- reminder: at most once; the check-in stays open without it
- notice: sent once more
- alert: at least once, so repeated until it is heard, and marked as a repetition
- state (edit, delete, menu): repeated until it is heard, as a second time changes nothing

So an ambiguous send makes at most one extra copy.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Sort = Literal["prompt", "reminder", "notice", "alert", "state"]
SORT: dict[str, Sort] = {
    "prompt": "prompt", "digest": "prompt", "reminder": "reminder", "notice": "notice", "reply": "notice",
    "alarm": "alert", "edit": "state", "delete": "state", "menu": "state",
}  # fmt: skip
"""The kinds of the outbox."""
COPIES = tuple(kind for kind, sort in SORT.items() if sort != "state")
"""The kinds of which a second one can be seen on a phone."""
AWAITING = tuple(kind for kind, sort in SORT.items() if sort == "prompt")

SOON = timedelta(seconds=30)
FOR_A_TAP = timedelta(minutes=10)
AT_MOST = timedelta(seconds=45)
"""What is repeated until it is heard waits twice as long, up to this: within a minute after the Bot API is back an
alert must be there, and what waits for the same person goes behind it.
"""
TRIES = 2


@dataclass(frozen=True, slots=True)
class Again:
    """It is sent again after `wait`. `alone`: what else there is for this person does not wait with it."""

    wait: timedelta
    alone: bool = False


def unheard(kind: str, attempts: int) -> Again | None:
    """What to do after the so-manieth ambiguous send of a message of this kind; None: nothing, its fate is unknown."""
    sort = SORT[kind]
    if sort in ("alert", "state"):
        return Again(min(SOON * 2 ** min(attempts - 1, 10), AT_MOST))
    if sort == "reminder" or attempts >= TRIES:
        return None
    return Again(FOR_A_TAP, alone=True) if sort == "prompt" else Again(SOON)


def cut_off(kind: str) -> bool:
    """Whether a message that was on its way when the program died is sent again at once. Most of those were not yet
    sent at all, but which ones nobody knows.
    """
    return SORT[kind] != "reminder"
