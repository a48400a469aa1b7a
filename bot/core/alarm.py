"""Alarms to the clinic's duty chat: when which is said, so that none is missed and none comes like a storm.

At most one message of a kind in ten minutes; what happens meanwhile is summed up. What lasts is said again after six
hours, and its end is said once. Beside that: what "the bot works" means to whoever waits for its heartbeat outside.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal["overdue", "unreachable", "offline", "aside", "unread"]
EVENTS: tuple[Kind, ...] = ("unreachable", "offline", "aside", "unread")
"""What happens and is counted; "overdue" is a state, with a beginning and an end."""
Said = Literal["began", "lasts", "over", "happened"]
Duty = Literal["off", "on", "unknown", "not_in_yet", "unreachable"]
"""Whether alarms arrive. off: nobody is named; unknown: no staff person has that code."""

APART = timedelta(minutes=10)
AGAIN = timedelta(hours=6)

TICK_WITHIN = timedelta(minutes=2)
POLL_WITHIN = timedelta(minutes=3)
"""A poll that finds nothing takes 25 s; one that fails is tried again after 30 s at most."""
STUCK_FROM = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Bout:
    """What is known of one kind: since when there is something, when it was last said, how often it happened since."""

    kind: Kind
    since: datetime | None = None
    said_at: datetime | None = None
    count: int = 0


def lasting(bout: Bout, there: bool, now: datetime) -> tuple[Bout, Said | None]:
    """A state that lasts: what to say of it now, if anything, and the bout as it is then."""
    if bout.since is None and not there:
        return bout, None
    bout = replace(bout, since=bout.since or now)
    assert bout.since is not None
    told = bout.said_at is not None and bout.said_at >= bout.since
    if not there and not told:
        return replace(bout, since=None), None
    wait = AGAIN if there and told else APART
    if bout.said_at is not None and now - bout.said_at < wait:
        return bout, None
    if not there:
        return replace(bout, since=None, said_at=now), "over"
    return replace(bout, said_at=now), "lasts" if told else "began"


def happened(bout: Bout, now: datetime) -> tuple[Bout, Said | None]:
    """What happened since the last message: to be said now, if anything; the bout as it is then."""
    if bout.count == 0 or (bout.said_at is not None and now - bout.said_at < APART):
        return bout, None
    return replace(bout, since=None, said_at=now, count=0), "happened"


def works(
    now: datetime, ticked: datetime | None, polled: datetime | None, stuck: datetime | None, *, undelivered: int = 0
) -> bool:
    """Whether the bot does all three: looks at what is due, hears what people say, gets its messages out.

    `ticked`, `polled`: when that last went well; `stuck`: since when there is something to send and nothing goes out;
    `undelivered`: alerts that do not arrive.
    """
    looks = ticked is not None and now - ticked <= TICK_WITHIN
    hears = polled is not None and now - polled <= POLL_WITHIN
    return looks and hears and not undelivered and (stuck is None or now - stuck <= STUCK_FROM)
