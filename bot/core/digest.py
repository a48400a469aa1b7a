"""A pair's history -> what the therapist reads before the next session, in order. Values only; the words are templates.

A digest covers the last session that was held and whatever came after it. It never shows what the patient said about a
session while the therapist's own form for it is still open: `blind` sessions are left out by the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from bot.core.finding import Finding
from bot.core.findings import Ticked, findings, flat_run, ticked
from bot.core.goals import GoalLine
from bot.core.goals import lines as goal_lines
from bot.core.history import History, Part, Session, Side, answered, hidden
from bot.core.homework import obstacles
from bot.core.loop import Around, Became, Outage, became, is_snoozed
from bot.core.measures import Measured, measured
from bot.core.questionnaire import Questionnaire
from bot.core.scoring import alliance_scores, homework_index, number
from bot.core.thresholds import Thresholds

FIRST_SCREEN = 3
SAYS_LOW = ("disagreement", "agreed_low", "drop")
NOT_ASKED = {
    "away": "away", "every": "every", "stopped": "stopped", "withdrawn": "stopped", "unreachable": "unreachable",
    "not in yet": "not_in_yet", "too late": "too_late", "paused": "paused", "pilot": "pilot",
}  # fmt: skip
"""Why a check-in was not asked, as it is kept, and the word by which a digest's template knows it."""
READ_BEFORE = timedelta(hours=1)  # what comes later than this before a session may be missed by its digest
FOLD_TICKS_FROM = 3  # sessions with unchanged ticks


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said: a finding, another that belongs to it, how often it has been so, about which session."""

    finding: Finding
    local: str
    times: int = 1
    joined: Finding | None = None

    @property
    def is_flag(self) -> bool:
        """Whether it is a flag rather than a note."""
        return self.finding.level == "flag"


@dataclass(frozen=True, slots=True)
class Agreement:
    """A subscale on which the two see it alike, with both numbers."""

    about: str
    patient: float
    therapist: float


@dataclass(frozen=True, slots=True)
class HomeworkShown:
    """What came of the homework of one session, as the patient put it; `therapist` is the therapist's own `done`.

    `words`: what it was, if the therapist put it in words.
    """

    local: str
    given: str
    done: int | None
    well: int | None
    therapist: int | None
    index: float | None
    obstacles: tuple[str, ...]
    words: str | None = None


@dataclass(frozen=True, slots=True)
class OwnWords:
    """The patient's own words. None: they will bring it up themselves; only that there is something is said."""

    local: str
    words: str | None


@dataclass(frozen=True, slots=True)
class Digest:
    """What a therapist reads about one pair. `gaps` says what is missing, as words a template knows."""

    code: str
    starts: str
    about: str | None
    lines: tuple[Line, ...]
    first: int
    agrees: tuple[Agreement, ...]
    same_goal: int | str | None
    words: tuple[OwnWords, ...]
    homework: HomeworkShown | None
    gaps: tuple[str, ...]
    history: History
    last: Became | None = None
    snoozed: tuple[Line, ...] = ()
    outages: tuple[Outage, ...] = ()
    away_until: str | None = None

    measures: tuple[Measured, ...] = ()
    goals: tuple[GoalLine, ...] = ()
    patient_first: int | str | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to say but what agrees."""
        there = (self.lines, self.words, self.homework, self.gaps, self.last, self.snoozed, self.outages, self.measures)
        return not (any(there) or self.goals or self.patient_first)

    @property
    def folded(self) -> int:
        """How many lines are not on the first screen."""
        return len(self.lines) - self.first

    @property
    def has_flag(self) -> bool:
        """Whether anything is flagged: a digest without a flag arrives silently."""
        return any(line.is_flag for line in self.lines) or any(one.is_flag for one in self.measures)

    @property
    def crossed(self) -> tuple[Measured, ...]:
        """The scores of the clinic's own questionnaires that reached a mark the clinic set."""
        return tuple(one for one in self.measures if one.crossed)


def build(
    code: str,
    starts: str,
    history: History,
    thresholds: Thresholds,
    blind: frozenset[str] = frozenset(),
    around: Around = Around(),  # noqa: B008 (frozen)
    own: Sequence[Questionnaire] = (),
) -> Digest:
    """The digest before the session that starts at `starts` (wall time), from the sessions before it.

    `blind` holds the wall times of sessions whose form the therapist has open: the patient's side of them is hidden.
    `own` are the clinic's own questionnaires.
    """
    shown = History(tuple(hidden(s) if s.local in blind else s for s in history.sessions), history.goals)
    every = findings(shown, thresholds)
    recent = _recent(shown)
    # One silence may be said of a held session and of a cancelled one after it: the later word stands.
    told = [*_late(shown, recent), *recent]
    put_off = around.snoozes  # nearly always there are none, and then nothing is looked for
    aside = [[f for f in found if is_snoozed(f, shown, put_off)] for found in every if put_off]
    snoozed = {(f.rule, f.about): Line(f, shown.sessions[n].local) for n in told if aside for f in aside[n]}
    lines = _all_lines(shown, every, aside, told, recent)
    found = [*lines, *snoozed.values()]
    lines.sort(key=lambda line: not line.is_flag)
    last = shown.sessions[recent[0]] if recent else None
    folded = [line for line in lines if _is_folded(line, shown) or _is_said(line, lines)]
    flags = sum(line.is_flag and line not in folded for line in lines)
    lines.sort(key=lambda line: line in folded)
    return Digest(
        code,
        starts,
        last.local if last else None,
        tuple(lines),
        min(FIRST_SCREEN, flags or len(lines)),
        _agrees(shown, recent, found, thresholds),
        _same_goal(last, found),
        tuple(words for n in _with_unread(shown, told, around.unread) if (words := _own_words(shown.sessions[n]))),
        next((h for n in reversed(recent) if (h := _homework(shown.sessions[n]))), None),
        _gaps(last, last.local in blind if last else False, around.not_asked),
        shown,
        became(around.last, shown, recent, blind),
        tuple(snoozed.values()),
        around.outages,
        around.away_until,
        _measures(shown, own, told, recent),
        goal_lines(shown, last.local if last else None),
        _patient_first(last, found),
    )


def _all_lines(
    history: History,
    every: Sequence[Sequence[Finding]],
    aside: Sequence[Sequence[Finding]],
    told: Sequence[int],
    recent: Sequence[int],
) -> list[Line]:
    """The lines of the sessions told about, each rule and subject once: the later word stands."""
    said = [[f for f in found if f not in left] for found, left in zip(every, aside, strict=True)] if aside else every
    late = [*_late_memory(history, said, recent)]
    newest = [line for n in told for line in _lines(history, said, every, n)]
    return list({(line.finding.rule, line.finding.about): line for line in (*late, *newest)}.values())


def _with_unread(history: History, told: Sequence[int], unread: Sequence[str]) -> list[int]:
    """The sessions told about, and those whose own words nobody has opened yet."""
    waiting = {n for n, session in enumerate(history.sessions) if session.local in unread}
    return sorted(waiting | set(told))


def _measures(
    history: History, own: Sequence[Questionnaire], told: Sequence[int], recent: Sequence[int]
) -> tuple[Measured, ...]:
    """The scores of the clinic's own questionnaires; of a form that came late only what reached a mark."""
    if not recent:
        return ()
    late = [one for n in told if n < recent[0] for one in measured(history, own, n) if one.crossed]
    return (*measured(history, own, recent[0]), *late)


def _recent(history: History) -> list[int]:
    """The last session that was held and what came after it; all there is if none was held."""
    held = [n for n, session in enumerate(history.sessions) if session.state == "held"]
    return list(range(held[-1] if held else 0, len(history.sessions)))


def _late(history: History, recent: Sequence[int]) -> list[int]:
    """Earlier sessions about which the patient answered too late for the digest before: nobody has read that yet."""
    if not recent:
        return []
    read = history.sessions[recent[0]].starts - READ_BEFORE
    sides = enumerate(session.patient for session in history.sessions[: recent[0]])
    return [n for n, side in sides if side.answered_at is not None and side.answered_at > read]


def _lines(
    history: History, said: Sequence[Sequence[Finding]], every: Sequence[Sequence[Finding]], n: int
) -> list[Line]:
    """The lines of one session; homework that does not fit joins a tasks flag, as both are about the tasks."""
    found = list(said[n])
    fit = next((f for f in found if f.rule == "homework_fit"), None)
    tasks = next((f for f in found if f.about == "tasks" and f.level == "flag"), None)
    if fit is not None and tasks is not None:
        found.remove(fit)
    local = history.sessions[n].local
    return [Line(f, local, times_running(history, every, n, f), fit if f is tasks else None) for f in found]


def _late_memory(history: History, every: Sequence[Sequence[Finding]], recent: Sequence[int]) -> list[Line]:
    """What the two remember differently of the homework before: the therapist is asked a session later."""
    earlier = [n for n in range(recent[0]) if recent] if recent else []
    held = [n for n in earlier if history.sessions[n].state == "held"][-1:]
    return [Line(f, history.sessions[n].local) for n in held for f in every[n] if f.rule == "homework_memory"]


def times_running(history: History, every: Sequence[Sequence[Finding]], n: int, finding: Finding) -> int:
    """In how many sessions in a row this has been said, alike in rule, subject and direction; this one included.

    Sessions about which the patient was not asked or did not answer neither count nor break the run.
    """
    times = 0
    for k in range(n, -1, -1):
        same = [
            f for f in every[k] if (f.rule, f.about, f.direction) == (finding.rule, finding.about, finding.direction)
        ]
        if same:
            times += 1
        elif answered(history.sessions[k].patient.alliance) is not None:
            break
    return times


def _is_said(line: Line, lines: Sequence[Line]) -> bool:
    """A low score that another flag on the same subject shows already need not be read twice on the first screen."""
    return line.finding.rule == "low" and any(
        other.is_flag and other.finding.rule in SAYS_LOW and other.finding.about == line.finding.about
        for other in lines
        if other.local == line.local
    )


def _is_folded(line: Line, history: History) -> bool:
    """Different goals with unchanged ticks are folded from their third session on, until either side's ticks change."""
    if line.finding.rule != "named_goals":
        return False
    ticks = ((ticked(s.patient), ticked(s.therapist)) for s in reversed(history.sessions))
    last = list(islice((pair for pair in ticks if None not in pair), FOLD_TICKS_FROM))
    return len(last) == FOLD_TICKS_FROM and len({_as_sets(pair) for pair in last}) == 1


def _as_sets(pair: tuple[Ticked | None, Ticked | None]) -> tuple[object, ...]:
    return tuple((frozenset(t.chosen), t.top) for t in pair if t is not None)


def _agrees(history: History, recent: Sequence[int], lines: Sequence[Line], t: Thresholds) -> tuple[Agreement, ...]:
    """Where both rated and nothing was found. Forms of one option throughout agree with everything: not said."""
    if not recent or flat_run(history, recent[0], t) >= t.flat_from:
        return ()
    session = history.sessions[recent[0]]
    patient, therapist = alliance_scores(session.patient.alliance), alliance_scores(session.therapist.alliance)
    said = {line.finding.about for line in lines if line.local == session.local}
    both = [(k, patient.of(k), therapist.of(k)) for k in ("tasks", "goals", "bond")]
    return tuple(Agreement(k, p, t) for k, p, t in both if p is not None and t is not None and k not in said)


def _same_goal(session: Session | None, lines: Sequence[Line]) -> int | str | None:
    """The goal both put first, if the two do."""
    if session is None or any(line.finding.rule == "named_goals" for line in lines):
        return None
    patient, therapist = ticked(session.patient), ticked(session.therapist)
    if patient is None or therapist is None or patient.top is None or patient.top == "other":
        return None
    return patient.top if patient.top == therapist.top else None


def _patient_first(session: Session | None, lines: Sequence[Line]) -> int | str | None:
    """The goal the patient puts first, where the therapist named none to set beside it."""
    if session is None or any(line.finding.rule == "named_goals" for line in lines):
        return None
    patient = ticked(session.patient)
    return patient.top if patient is not None and ticked(session.therapist) is None else None


def _own_words(session: Session) -> OwnWords | None:
    answers = answered(session.patient.alliance) or {}
    words = answers.get("own_words")
    if not isinstance(words, str):
        return None
    return OwnWords(session.local, None if answers.get("words_for") == "self" else words)


def _homework(session: Session) -> HomeworkShown | None:
    answers = answered(session.patient.homework)
    if answers is None or answers.get("given") is None:
        return None
    part = session.patient.homework
    theirs = answered(session.therapist.homework) or {}
    done, well = number(answers, "done"), number(answers, "well")
    named = obstacles(part)
    return HomeworkShown(
        session.local, str(answers["given"]), done, well, number(theirs, "done"), homework_index(part), named,
        None if session.homework is None else session.homework.words,
    )  # fmt: skip


def _gaps(session: Session | None, blind: bool, why: str | None) -> tuple[str, ...]:
    """What is missing, never as a reproach: each is a line of its own."""
    if session is None:
        return ("nothing_yet",)
    gaps = [] if session.state == "held" else ["not_held"]
    gaps += ["blind"] if blind else []
    patient, therapist = session.patient.alliance, session.therapist.alliance
    reason = NOT_ASKED.get(why or "", "")
    by_patient: dict[Part, str] = {"missed": "patient_missed", "excused": reason or "patient_excused"}
    otherwise = "own_items" if session.patient.answered_at is not None else reason or "patient_not_asked"
    if not blind and not isinstance(patient, dict) and session.state == "held":
        gaps.append(by_patient.get(patient, otherwise) if isinstance(patient, str) else otherwise)
    theirs = answered(therapist)
    if theirs is not None and all(value is None for value in theirs.values()):
        gaps.append("no_comparison")
    elif theirs is None and not blind and session.state == "held" and not _sent_own(session.therapist):
        gaps.append("therapist_not_asked" if therapist == "excused" else "therapist_missing")
    return tuple(gaps)


def _sent_own(side: Side) -> bool:
    """Whether this side answered one of the clinic's own questionnaires."""
    return any(answered(part) is not None for part in side.own.values())
