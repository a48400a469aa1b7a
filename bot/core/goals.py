"""A pair's list of goals over its sessions: what may be put on it, who ticked what, how far along, what nobody touched.

At most five goals are open at a time, so that the list can be ticked on one screen. The patient is never shown what
the therapist ticked; the therapist is shown nothing of a session about which the own form is still open (`blind`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.core.findings import ticked
from bot.core.history import Goal, History, Session, Side, answered
from bot.core.questionnaire import Voice
from bot.core.scoring import number

MOST = 5
LONGEST = 120  # characters
SESSIONS_SHOWN = 4
UNTOUCHED_AFTER = 4  # sessions

Wrong = Literal["nothing_typed", "too_long", "goal_twice", "goal_full"]
"""Why words cannot become a goal."""
Mark = Literal["first", "ticked", "not", "none"]
"""What one side did with a goal at one session; none: it did not tick at all, or the goal was not on its list."""
BOTH: tuple[Voice, Voice] = ("patient", "therapist")


@dataclass(frozen=True, slots=True)
class GoalLine:
    """One thing said of a goal. With `far` (0 Not started - 4 There): how far along, asked about session `local`.

    Without: it was not ticked lately; `local` is the session about which it last was, None if it never was.
    """

    goal: Goal
    local: str | None
    far: int | None = None


@dataclass(frozen=True, slots=True)
class CardGoal:
    """A goal as one side sees it: the marks of each side it may see, by session, the oldest first."""

    goal: Goal
    patient: tuple[Mark, ...]
    therapist: tuple[Mark, ...]
    progress: GoalLine | None
    untouched: GoalLine | None


@dataclass(frozen=True, slots=True)
class Card:
    """A pair's list as one side sees it. `sessions`: the wall times the marks are about; `earlier`: retired goals."""

    goals: tuple[CardGoal, ...]
    sessions: tuple[str, ...]
    earlier: tuple[Goal, ...]


# ------------------------------------------------------------------------------------------------ what may be added


def tidy(words: str) -> str:
    """Words as they are kept: one line, single spaces."""
    return " ".join(words.split())


def wrong(words: str, others: Sequence[Goal], new: bool = True) -> Wrong | None:
    """Why these words cannot become a goal beside the other open ones; None if they can. Case makes no difference."""
    if not tidy(words):
        return "nothing_typed"
    if len(tidy(words)) > LONGEST:
        return "too_long"
    if same_as(words, others) is not None:
        return "goal_twice"
    return "goal_full" if new and len(others) >= MOST else None


def same_as(words: str, others: Sequence[Goal]) -> int | None:
    """The number of the goal that says the same already."""
    return next((goal.id for goal in others if tidy(goal.words).casefold() == tidy(words).casefold()), None)


# ------------------------------------------------------------------------------------------------ what is said of them


def progress(history: History) -> tuple[GoalLine, ...]:
    """The latest "How far along?" of each open goal that was ever asked about, with the session it was asked about."""
    return tuple(line for goal in _open(history) if (line := _progress(goal, history.sessions)) is not None)


def untouched(history: History, voices: Collection[Voice] = BOTH) -> tuple[GoalLine, ...]:
    """The open goals that none of these sides ticked at the last four sessions about which one of them did tick.

    Only sessions at which the goal was on the list count: silence is no sign, nor is what could not be ticked.
    """
    return tuple(line for goal in _open(history) if (line := _untouched(goal, history.sessions, voices)) is not None)


def lines(history: History, about: str | None) -> tuple[GoalLine, ...]:
    """What the digest about session `about` (wall time) says of goals: progress told there, then what lies idle."""
    told = [session for session in history.sessions if session.local == about][-1:]
    said = (line for goal in _open(history) if (line := _progress(goal, told)) is not None)
    return (*said, *untouched(history))


def _open(history: History) -> list[Goal]:
    return [goal for goal in history.goals if not goal.retired]


def _progress(goal: Goal, sessions: Sequence[Session]) -> GoalLine | None:
    for session in reversed(sessions):
        far = number(answered(session.patient.goals) or {}, f"progress.{goal.id}")
        if far is not None:
            return GoalLine(goal, session.local, far)
    return None


def _untouched(goal: Goal, sessions: Sequence[Session], voices: Collection[Voice]) -> GoalLine | None:
    idle = 0
    for session in reversed(sessions):  # from the end: nearly always the first one says that it was ticked
        marks = {mark_of(goal, side(session, voice)) for voice in voices} - {"none"}
        if marks - {"not"}:
            return GoalLine(goal, session.local) if idle >= UNTOUCHED_AFTER else None
        idle += bool(marks)
    return GoalLine(goal, None) if idle >= UNTOUCHED_AFTER else None


def side(session: Session, voice: Voice) -> Side:
    """One side of a session."""
    return session.patient if voice == "patient" else session.therapist


def mark_of(goal: Goal, of: Side) -> Mark:
    """What this side did with the goal."""
    ticks = ticked(of)
    if ticks is None or (of.offered is not None and goal.id not in of.offered):
        return "none"
    if goal.id not in ticks.chosen:
        return "not"
    return "first" if ticks.top == goal.id else "ticked"


# ------------------------------------------------------------------------------------------------ the card


def card(history: History, voice: Voice, blind: frozenset[str] = frozenset()) -> Card:
    """The list as this side sees it: the patient the own ticks only, the therapist both but for `blind` sessions."""
    voices: tuple[Voice, ...] = ("patient",) if voice == "patient" else BOTH
    seen = History(tuple(s for s in history.sessions if s.local not in blind), history.goals)
    shown = [s for s in seen.sessions if any(ticked(side(s, v)) is not None for v in voices)][-SESSIONS_SHOWN:]
    far = {line.goal.id: line for line in progress(seen)}
    idle = {line.goal.id: line for line in untouched(seen, voices)}

    def marks(goal: Goal, of: Voice) -> tuple[Mark, ...]:
        return tuple(mark_of(goal, side(s, of)) for s in shown) if of in voices else ()

    goals = tuple(
        CardGoal(g, marks(g, "patient"), marks(g, "therapist"), far.get(g.id), idle.get(g.id)) for g in _open(history)
    )
    return Card(goals, tuple(s.local for s in shown), tuple(g for g in history.goals if g.retired))
