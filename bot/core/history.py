"""A pair's history: what both sides answered about each session, in order. Scores and findings are read from it.

A side's questionnaire is a mapping of item to answer once it was sent (an item left out or None was skipped, so an
empty mapping is a form sent with every item skipped), or one of the words below.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

SessionState = Literal["planned", "held", "missed", "cancelled"]
SESSION_STATES: tuple[SessionState, ...] = ("planned", "held", "missed", "cancelled")

Answer = int | str | tuple[int | str, ...] | None
Answers = Mapping[str, Answer]
NotAnswered = Literal["missed", "excused"]
"""missed: asked, closed unanswered. excused: away, paused, withdrawn, did not meet."""
Part = Answers | NotAnswered | None
"""One questionnaire of one side; None: not asked."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One numbered sentence in the patient's words (or the therapist's, `added_by`)."""

    id: int
    words: str
    added_by: str = "patient"
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Homework:
    """What was taken on until next time, in the therapist's words, and what it is for (None: not said)."""

    words: str
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """What one side answered about one session.

    `answered_at` (UTC) dates alliance and goals; None: in time. `offered` holds the goals that were on this side's
    list when it answered; None: all of them. `own` holds the clinic's own questionnaires by id.
    """

    alliance: Part = None
    goals: Part = None
    homework: Part = None
    start: Part = None
    answered_at: datetime | None = None
    offered: frozenset[int] | None = None
    own: Mapping[str, Part] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Session:
    """One appointment. `starts` is the instant (UTC); `local` the wall time that was meant, "2026-03-03T14:00".

    `homework`: what was set in it, if that was put in words.
    """

    starts: datetime
    local: str
    state: SessionState
    patient: Side = Side()
    therapist: Side = Side()
    homework: Homework | None = None


@dataclass(frozen=True, slots=True)
class History:
    """A pair's sessions in order of time, and its goals."""

    sessions: tuple[Session, ...]
    goals: tuple[Goal, ...] = ()


def answered(part: Part) -> Answers | None:
    """The answers of a form that was sent, None for one that was not."""
    return None if part is None or isinstance(part, str) else part
