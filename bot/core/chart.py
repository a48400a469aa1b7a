"""A pair's history -> its picture as a value: the ratings of both sides over the sessions, and what stands beside them.

Two charts. The therapist's has both sides, without anything the patient said about a session for which the therapist's
own form is still open. The patient's own has the patient's ratings only, and no prompts: those are for the therapist.
The numbers are those of `scoring`; nothing is filled in where somebody did not answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.core.finding import Finding, at_least
from bot.core.findings import findings
from bot.core.history import History, Part, Session, Side, answered
from bot.core.scoring import Scores, alliance_scores, number
from bot.core.thresholds import Thresholds

ABOUT = ("goals", "tasks", "bond")
LOWEST, HIGHEST = 1, 5
ALL_DONE = 4

Gap = Literal["not_met", "cancelled", "blind", "no_answer", "away", "not_asked"]
"""Why there is no answer of the patient's to show. not_met, cancelled: there was no session. blind: the therapist's own
form comes first. no_answer: asked, closed unanswered. away: excused."""
GAPS: tuple[Gap, ...] = ("not_met", "cancelled", "blind", "no_answer", "away", "not_asked")

Ratings = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One session: its wall time, why nothing of the patient's is shown (None: there is an answer), and how much of the
    homework set in it was done as the patient says, 0-4; None: there was none, or it is not known.
    """

    local: str
    gap: Gap | None
    homework: int | None


@dataclass(frozen=True, slots=True)
class Course:
    """The ratings of goals, tasks or bond, 1-5, one for each session; None where there is none.

    `drops`: the sessions at which a drop begins. `repairs`: where the patient's rating was first back after one.
    """

    about: str
    patient: Ratings
    therapist: Ratings = ()
    drops: tuple[int, ...] = ()
    repairs: tuple[int, ...] = ()

    @property
    def is_repaired(self) -> bool:
        """Whether the patient's rating came back after the last drop."""
        return bool(self.drops and self.repairs) and self.repairs[-1] > self.drops[-1]


@dataclass(frozen=True, slots=True)
class Chart:
    """The picture of a pair. `code` is the patient's; None: it is the patient's own, without the therapist's side."""

    code: str | None
    columns: tuple[Column, ...]
    courses: tuple[Course, ...]

    @property
    def is_own(self) -> bool:
        """Whether it is the patient's own."""
        return self.code is None

    @property
    def answers(self) -> int:
        """After how many sessions the patient answered."""
        return sum(column.gap is None for column in self.columns)

    @property
    def is_rated(self) -> bool:
        """Whether there is any rating of the patient's."""
        return any(rating is not None for course in self.courses for rating in course.patient)

    @property
    def gaps(self) -> dict[Gap, int]:
        """How often there is no answer, by reason; reasons that do not occur are left out."""
        times = ((gap, sum(column.gap == gap for column in self.columns)) for gap in GAPS)
        return {gap: count for gap, count in times if count}

    @property
    def homework(self) -> tuple[int, ...]:
        """How much was done each time it is known, 0-4."""
        return tuple(column.homework for column in self.columns if column.homework is not None)


def for_therapist(
    code: str,
    history: History,
    blind: frozenset[str] = frozenset(),
    thresholds: Thresholds = Thresholds(),  # noqa: B008
) -> Chart:
    """Both sides. Of the sessions at the wall times in `blind` it shows nothing of the patient's."""
    sessions = [_hidden(s) if s.local in blind else s for s in history.sessions if s.state != "planned"]
    said = findings(History(tuple(sessions), history.goals), thresholds)
    patient = [alliance_scores(s.patient.alliance) for s in sessions]
    therapist = [alliance_scores(s.therapist.alliance) for s in sessions]
    courses = (_course(k, patient, therapist, said, thresholds) for k in ABOUT)
    return Chart(code, tuple(_column(s, s.local in blind) for s in sessions), tuple(courses))


def for_patient(history: History) -> Chart:
    """The patient's own: no rating of the therapist's, and no findings."""
    sessions = [s for s in history.sessions if s.state != "planned"]
    scores = [alliance_scores(s.patient.alliance) for s in sessions]
    return Chart(None, tuple(map(_column, sessions)), tuple(Course(k, _of(k, scores)) for k in ABOUT))


def _hidden(session: Session) -> Session:
    """The session without what the patient said about it."""
    return Session(session.starts, session.local, session.state, Side(), session.therapist)


def _column(session: Session, blind: bool = False) -> Column:
    return Column(session.local, _gap(session, blind), _done(session.patient.homework))


def _gap(session: Session, blind: bool) -> Gap | None:
    """A session that did not take place says so, whatever was asked; then comes what the reader may not see yet."""
    if session.state != "held":
        return "not_met" if session.state == "missed" else "cancelled"
    if blind:
        return "blind"
    alliance = session.patient.alliance
    if alliance == "missed":
        return "no_answer"
    if alliance == "excused":
        return "away"
    # A clinic may ask its own questions only: then there is an answer, and nothing to draw of it.
    return None if answered(alliance) is not None or session.patient.answered_at is not None else "not_asked"


def _done(part: Part) -> int | None:
    answers = answered(part)
    return None if answers is None or answers.get("given") != "yes" else number(answers, "done")


def _of(k: str, scores: Iterable[Scores]) -> Ratings:
    return tuple(one.of(k) for one in scores)


def _course(
    k: str, patient: Sequence[Scores], therapist: Sequence[Scores], said: Sequence[Sequence[Finding]], t: Thresholds
) -> Course:
    ratings = _of(k, patient)
    found = {n: f for n, of_session in enumerate(said) for f in of_session if f.rule == "drop" and f.about == k}
    return Course(k, ratings, _of(k, therapist), *_drops_and_repairs(ratings, found, t))


def _drops_and_repairs(
    ratings: Ratings, found: Mapping[int, Finding], t: Thresholds
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where drops begin, and where each is repaired: at the first later rating within half a point of its base.

    As in the rule not_back one drop is open at a time and a further one does not replace it; but a flag takes the place
    of a note, which that rule does not follow.
    """
    drops, repairs, open_drop = [], [], None
    for n, rating in enumerate(ratings):
        if rating is None:
            continue
        if open_drop is not None and at_least(rating, _base(open_drop) - t.repaired_within):
            repairs.append(n)
            open_drop = None
        drop = found.get(n)
        if drop is not None and (open_drop is None or (open_drop.level, drop.level) == ("note", "flag")):
            drops.append(n)
            open_drop = drop
    return tuple(drops), tuple(repairs)


def _base(drop: Finding) -> float:
    """What the drop was measured from."""
    base = drop.more["base"]
    assert isinstance(base, float | int)
    return base
