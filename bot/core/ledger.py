"""The delivery ledger: what became of every planned check-in and digest, and who may know what of it.

The desk sees what was sent, never whether somebody answered. How far somebody came is for the pair's therapist.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.core.plan import Changes, Plan, changed
from bot.core.walltime import after_quiet, zone_of

What = Literal["check_in", "homework", "digest", "weekly", "morning", "reminder", "notice"]
BY_EVENT: tuple[What, ...] = ("reminder", "notice")
"""What is not planned ahead: it comes of what somebody did, or did not do."""
State = Literal[
    "planned", "overdue", "sent", "not_delivered", "unreachable", "excused", "not_asked", "held_back"
]  # fmt: skip
STATES: tuple[State, ...] = (
    "planned", "overdue", "sent", "not_delivered", "unreachable", "excused", "not_asked", "held_back",
)  # fmt: skip
Progress = Literal["opened", "answered", "late", "closed"]
PROGRESS: tuple[Progress, ...] = ("opened", "answered", "late", "closed")
WHY = {
    "away": "away", "every": "every", "paused": "paused", "stopped": "stopped", "withdrawn": "stopped",
    "not_met": "not_met", "cancelled": "cancelled", "ended": "ended", "too late": "too_late", "outage": "outage",
    "not in yet": "not_in_yet", "unreachable": "unreachable", "nothing to ask": "nothing_to_ask",
    "no session": "no_session", "pilot": "pilot",
}  # fmt: skip
"""Why something was not asked or sent, as it is kept, and the word by which the templates know it; else "other"."""
BY_MESSAGE: dict[str | None, tuple[State, str | None]] = {
    "unknown": ("not_delivered", "lost"), "aside": ("not_delivered", "not_taken"), "gone": ("unreachable", None),
    "held": ("held_back", "pilot"),
}  # fmt: skip
"""What became of the message of something that was to be sent; any other state of it is "sent"."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One planned thing as it is kept. `state`, `why`: of the check-in or digest; `settled`: when it was put out to be
    sent; `message`: the state of that in the outbox. `can_be_asked`, `unreachable`: of the receiver, now.
    `blind`: the therapist's own form about this session is not done; `ended`: the pair has ended. `plans`: what the
    therapist's plan and the patient's change.
    """

    id: str
    what: What
    at: datetime
    to: str
    zone: str
    can_be_asked: bool
    unreachable: bool
    patient: str | None
    therapist: str | None
    therapist_id: int | None
    session: int | None
    session_starts: str | None
    state: str
    why: str | None = None
    settled: datetime | None = None
    message: str | None = None
    sent_at: datetime | None = None
    begun: bool = False
    late: bool = False
    blind: bool = False
    ended: bool = False
    plans: tuple[Changes | None, Changes | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Rules:
    """How long something may be past its time; the clinic's plan, for the quiet hours in which nobody is asked."""

    overdue_after: timedelta
    plan: Plan


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger, as its reader may see it. `progress` is None for the desk."""

    fact: Fact
    state: State
    why: str | None
    progress: Progress | None = None


def view(fact: Fact, reader: int | None, rules: Rules, now: datetime) -> Entry | None:
    """The line as the desk (`reader` None) or a therapist (by id) may see it; None: it does not exist for them.

    A reminder says that somebody has not answered, a notice mostly that somebody has: neither is for the desk.
    """
    if reader is None:
        return None if fact.what in BY_EVENT else Entry(fact, *_for_the_desk(fact, rules, now))
    state, why = state_of(fact, rules, now)
    if reader != fact.therapist_id or fact.ended:
        return None
    return Entry(fact, state, why, _progress(fact))


def _for_the_desk(fact: Fact, rules: Rules, now: datetime) -> tuple[State, str | None]:
    """A check-in that was sent and then withdrawn is "sent", as one is that was answered before."""
    if fact.what in ("check_in", "homework") and fact.state == "excused" and fact.settled and fact.why != "pilot":
        return BY_MESSAGE.get(fact.message, ("sent", None))
    return state_of(fact, rules, now)


def state_of(fact: Fact, rules: Rules, now: datetime) -> tuple[State, str | None]:
    """What became of it, and why if it did not simply come."""
    why = None if fact.why is None else WHY.get(fact.why, "other")
    if fact.state == "planned":
        return _not_yet(fact, fact.at, rules, now)
    if fact.state in ("excused", "not_asked", "not_sent"):
        return _not_asked(fact, why), why
    if fact.message in ("waiting", "sending"):
        return ("overdue" if _is_overdue(fact, fact.settled or fact.at, rules, now) else "planned"), None
    return BY_MESSAGE.get(fact.message, ("sent", None))


def _not_yet(fact: Fact, due: datetime, rules: Rules, now: datetime) -> tuple[State, str | None]:
    """Whoever cannot be asked at its time is asked if they come (back) before it closes."""
    if now < due or fact.can_be_asked:
        return ("overdue" if _is_overdue(fact, due, rules, now) else "planned"), None
    return ("unreachable", None) if fact.unreachable else ("planned", "not_in_yet")


def _is_overdue(fact: Fact, since: datetime, rules: Rules, now: datetime) -> bool:
    return now - since >= rules.overdue_after and not (fact.state == "planned" and _sleeps(fact, rules, now))


def _sleeps(fact: Fact, rules: Rules, now: datetime) -> bool:
    """Whether an opening waits for the end of the receiver's quiet hours; digests never do."""
    plan = changed(changed(rules.plan, fact.plans[0]), fact.plans[1])
    awake = after_quiet(now, zone_of(fact.zone), plan.quiet_from, plan.quiet_until)
    return fact.what in ("check_in", "homework") and awake > now


def _not_asked(fact: Fact, why: str | None) -> State:
    if why == "pilot":
        return "held_back" if fact.settled is None or fact.state == "not_sent" else "excused"
    if why == "unreachable":
        return "unreachable"
    return "excused" if fact.state == "excused" or why == "no_session" else "not_asked"


def _progress(fact: Fact) -> Progress | None:
    """How far the receiver came. Of a patient nothing, as long as the therapist's own form may be coloured by it."""
    if fact.blind and fact.to != fact.therapist:
        return None
    if fact.state == "answered":
        return "late" if fact.late else "answered"
    if fact.state == "missed":
        return "closed"
    return "opened" if fact.begun else None
