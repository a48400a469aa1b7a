"""What closes the loop around a pair's digests: what became of the last one, what was put aside, what kept us away.

Progress feedback works through what a therapist does with it before the next session (de Jong et al. 2021), and drops
left unrepaired went with worse outcome (McLaughlin et al. 2014): so the next digest says what became of the last one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.core.finding import Finding
from bot.core.history import History
from bot.core.scoring import alliance_scores

Outcome = Literal["discussed", "plan_changed", "not_yet"]
OUTCOMES: tuple[Outcome, ...] = ("discussed", "plan_changed", "not_yet")
READ: tuple[Outcome, ...] = ("discussed", "plan_changed")
"""The outcomes after which the patient is told that the answers were read."""

SNOOZED_FOR = 2  # held sessions


@dataclass(frozen=True, slots=True)
class Said:
    """A flag as an earlier digest showed it; `patient`: the patient's score then, if it was about one."""

    rule: str
    about: str
    patient: float | None = None


@dataclass(frozen=True, slots=True)
class LastTime:
    """The digest before this one: the session it was about (wall time), its flags, what the therapist made of it."""

    about: str
    outcome: Outcome | None = None
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One score that was flagged last time: the patient's then and now (None: not rated now)."""

    about: str
    before: float
    now: float | None


@dataclass(frozen=True, slots=True)
class Became:
    """What became of the last digest."""

    about: str
    outcome: Outcome | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Snooze:
    """A flag put aside in the digest about the session at wall time `since`, for the next held sessions."""

    rule: str
    about: str
    direction: str | None
    since: str


@dataclass(frozen=True, slots=True)
class Outage:
    """The bot did not work: when that began (wall time of the reader) and for how long, in whole hours."""

    began: str
    hours: int


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around the answers of a pair. `not_asked`: why the last session's check-in was not; `away_until`: a
    date ("2026-12-03"), if that was why. `unread`: the sessions (wall time) whose own words nobody has opened yet.
    """

    snoozes: tuple[Snooze, ...] = ()
    last: LastTime | None = None
    outages: tuple[Outage, ...] = ()
    not_asked: str | None = None
    away_until: str | None = None
    unread: tuple[str, ...] = ()


def is_snoozed(finding: Finding, history: History, snoozes: Iterable[Snooze]) -> bool:
    """Whether a flag was put aside: the same rule, subject and direction, for the next two sessions that are held."""
    return finding.level == "flag" and any(
        (finding.rule, finding.about, finding.direction) == (one.rule, one.about, one.direction)
        and _held_since(history, one.since) <= SNOOZED_FOR
        for one in snoozes
    )


def _held_since(history: History, local: str) -> int:
    """How many sessions were held after the one at a wall time."""
    return sum(session.state == "held" and session.local > local for session in history.sessions)


def became(
    last: LastTime | None, history: History, recent: Sequence[int], blind: frozenset[str] = frozenset()
) -> Became | None:
    """What became of the last digest: what was made of it, and the scores it flagged as the patient rates them now.

    None if there is nothing to say, or the last digest was about this very session.
    """
    if last is None or not recent or history.sessions[recent[0]].local <= last.about:
        return None
    scores = alliance_scores(history.sessions[recent[0]].patient.alliance)
    before = {one.about: one.patient for one in last.said if one.patient is not None and hasattr(scores, one.about)}
    hidden = history.sessions[recent[0]].local in blind
    changes = () if hidden else tuple(Change(about, then, scores.of(about)) for about, then in before.items())
    return Became(last.about, last.outcome, changes) if last.outcome or changes else None
