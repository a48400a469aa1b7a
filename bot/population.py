"""Made-up pairs for `accord simulate`: who they are, as named assumptions, and what they answer over the sessions.

Ratings are drawn in three layers, each for both sides of a pair at once: what is stable about the pair, what the
session adds (carried over in part to the next), and the error of a single item. Half of that is about one subscale,
half about the form as a whole. The sum is rounded to the points of the scale and cut at its ends, as a person's is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sqrt
from random import Random

from bot.core.history import Answer, Goal, History, Part, Session, SessionState, Side
from bot.core.homework import FIT_OBSTACLES, OBSTACLES
from bot.core.scoring import ITEMS, SUBSCALES


@dataclass(frozen=True, slots=True)
class Population:
    """Everything that is assumed. "Published": from the literature; "fitted": set so that what is published comes out;
    "ours": a guess that nobody has measured for these items, to be changed with the clinic's own figures.

    Shares and chances are 0-1, ratings are on the 1-5 scale. What must come out of the ratings of both sides, as means
    of two items (a test holds it): patients 4.09 (SD .71), therapists 3.74 (SD .64), r = .27 between them, and a
    measurement error of .526 of their difference. Therapists rate lower by half a standard deviation (Tryon, Blackwell
    & Hammel 2007; Igra et al. 2020; Lev-Ari et al. 2025).
    """

    # Ratings.
    patient_level: float = 4.01  # fitted: before the scale's upper end cuts it
    patient_spread: float = 0.705  # fitted
    therapist_level: float = 3.74  # fitted
    therapist_spread: float = 0.62  # fitted
    together: float = 0.465  # fitted: correlation of the two sides before error
    true_share: float = 0.74  # fitted: of the spread of a two-item mean, what is not error of the items
    stable_share: float = 0.7  # ours: of the true spread, what stays the same over a pair's sessions
    common_share: float = 0.5  # ours: of the true spread, what goals, tasks and bond have in common
    carried_over: float = 0.5  # ours: correlation of what two sessions in a row add
    at_ceiling: float = 0.12  # ours; published: answers pile up at the top (54% perfect on a 7-item form)
    ceiling_lift: float = 1.5  # ours: how much higher those patients rate
    flat: float = 0.05  # ours: patients who tap one option throughout
    skips: float = 0.02  # ours: an item is skipped

    # Sessions and check-ins.
    sessions: int = 12  # ours: sessions of a pair, about the length of a manualized treatment
    not_met: float = 0.12  # ours: a session is missed or cancelled
    patient_misses: float = 0.2  # ours: mean over patients of the share of check-ins not answered
    therapist_misses: float = 0.1  # ours
    misses_alike: float = 5.0  # ours: how alike people are in that (a + b of a beta distribution)
    excused: float = 0.03  # ours: a check-in is not asked: away, withdrawn

    # Named goals. Published only: a match of named goals is another thing than rated agreement (Busseri & Tyler 2004).
    goals: tuple[float, ...] = (0.3, 0.4, 0.3)  # ours: a list of 2, 3 or 4 goals
    ticks: tuple[float, ...] = (0.4, 0.4, 0.2)  # ours: 1, 2 or 3 goals are ticked
    same_first: float = 0.6  # ours: both put the same goal first
    first_ticked: float = 0.5  # ours: if not, the therapist still ticks the one the patient puts first
    something_else: float = 0.03  # ours: the patient puts "something else" first
    ticks_change: float = 0.15  # ours: a side thinks again about its ticks; else "Yes, no change"

    # Homework. Published only: how much is done goes with outcome (Mausbach et al. 2010), doing half marks a course.
    given: tuple[float, ...] = (0.7, 0.2, 0.1)  # ours: the patient says yes, no, not sure
    done: tuple[float, ...] = (0.14, 0.2, 0.26, 0.22, 0.18)  # ours: none, a little, about half, most, all
    homework_missed: float = 0.25  # ours: the homework check-in is not answered
    remembered: float = 0.9  # ours: the therapist says the same as the patient of whether there was some
    done_seen: tuple[float, ...] = (0.06, 0.2, 0.48, 0.2, 0.06)  # ours: the therapist is out by -2 to +2 on how much
    ratings: tuple[float, ...] = (0.03, 0.06, 0.2, 0.36, 0.35)  # ours: why, fits and the start form, 1-5
    difficulty: tuple[float, ...] = (0.25, 0.3, 0.25, 0.14, 0.06)  # ours: 0-4
    obstacles: tuple[float, ...] = (0.2, 0.55, 0.25)  # ours: 0, 1 or 2 are ticked where half or less was done
    task_obstacle: float = 0.2  # ours: one of those says that it does not fit, or is unclear
    not_yet: float = 0.1  # ours: options, say: "not yet talked about"


Levels = Mapping[str, float]
"""The true rating of one side by subscale, before the scale cuts and rounds it."""
Form = dict[str, Answer]

BEGIN = datetime(2026, 1, 5, 14, tzinfo=UTC)
POINTS = (1, 2, 3, 4, 5)
DONE = (0, 1, 2, 3, 4)
OTHER_OBSTACLES = sorted({one for of_class in OBSTACLES.values() for one in of_class} - FIT_OBSTACLES)
FITTING = sorted(FIT_OBSTACLES)


def pair(rng: Random, of: Population) -> History:
    """One pair's history: every session with what both sides answered about it."""
    person = _Person.draw(rng, of)
    levels = list(both_levels(rng, of))
    ticks, homework = _ticks(rng, of, person.goals), _homework(rng, of)
    first = True
    sessions = []
    for week in range(of.sessions):
        state, at = _state(rng, of), BEGIN + timedelta(weeks=week)
        sides = Side(), Side()
        if state == "held":
            said = next(ticks), next(homework)
            patient = _patient(rng, of, person, levels[week][0], said[0][0], said[1][0], first)
            sides = patient, _therapist(rng, of, person, levels[week][1], said[0][1], said[1][1])
            first = first and patient.start is None
        sessions.append(Session(at, f"{at:%Y-%m-%dT%H:%M}", state, *sides))
    return History(tuple(sessions), tuple(Goal(number, f"goal {number}") for number in person.goals))


@dataclass(frozen=True, slots=True)
class _Person:
    """The habits of one pair."""

    flat: bool
    patient_misses: float
    therapist_misses: float
    goals: range

    @classmethod
    def draw(cls, rng: Random, of: Population) -> "_Person":
        patient, therapist = (_own_share(rng, of, mean) for mean in (of.patient_misses, of.therapist_misses))
        return cls(rng.random() < of.flat, patient, therapist, range(1, _drawn(rng, of.goals, (2, 3, 4)) + 1))


def _own_share(rng: Random, of: Population, mean: float) -> float:
    """A person's own share of check-ins not answered, around the mean of all."""
    return rng.betavariate(mean * of.misses_alike, (1 - mean) * of.misses_alike) if mean else 0.0


def _state(rng: Random, of: Population) -> SessionState:
    if rng.random() >= of.not_met:
        return "held"
    return "missed" if rng.random() < 0.5 else "cancelled"


# ------------------------------------------------------------------------------------------------ ratings

Two = tuple[float, float]
"""The patient's and the therapist's."""


def _two(rng: Random, correlation: float) -> Two:
    """Two standard normal numbers that go together."""
    one = rng.gauss(0, 1)
    return one, correlation * one + sqrt(1 - correlation**2) * rng.gauss(0, 1)


def both_levels(rng: Random, of: Population) -> Iterator[tuple[Levels, Levels]]:
    """The true ratings of both sides, session by session."""
    aspects = ("whole", *SUBSCALES)
    stable = {aspect: _two(rng, of.together) for aspect in aspects}
    passing = {aspect: _two(rng, of.together) for aspect in aspects}
    lift = of.ceiling_lift if rng.random() < of.at_ceiling else 0.0
    for _ in range(of.sessions):
        patient, therapist = (
            {k: _share(of.common_share, at["whole"], at[k]) for k in SUBSCALES}
            for at in ({a: _share(of.stable_share, stable[a][who], passing[a][who]) for a in aspects} for who in (0, 1))
        )
        spread = of.patient_spread * sqrt(of.true_share), of.therapist_spread * sqrt(of.true_share)
        yield (
            {k: of.patient_level + lift + spread[0] * patient[k] for k in SUBSCALES},
            {k: of.therapist_level + spread[1] * therapist[k] for k in SUBSCALES},
        )
        passing = {a: _carried(rng, of, before) for a, before in passing.items()}


def _share(share: float, one: float, other: float) -> float:
    """A standard normal number made of two, of which the first has this share of the variance."""
    return sqrt(share) * one + sqrt(1 - share) * other


def _carried(rng: Random, of: Population, before: Two) -> Two:
    new = _two(rng, of.together)
    kept, fresh = of.carried_over, sqrt(1 - of.carried_over**2)
    return kept * before[0] + fresh * new[0], kept * before[1] + fresh * new[1]


def rated(rng: Random, of: Population, level: float, spread: float) -> int:
    """One item: the level with the item's own error, on the scale's points."""
    return min(5, max(1, round(level + spread * sqrt(2 * (1 - of.true_share)) * rng.gauss(0, 1))))


def _alliance(rng: Random, of: Population, levels: Levels, spread: float, asked: Sequence[str], flat: bool) -> Form:
    """The answers of one alliance form. Flat: the first answer throughout."""
    items = [(item, levels[k]) for k in asked for item in ITEMS[k]]
    if flat:
        return dict.fromkeys((item for item, _ in items), rated(rng, of, items[0][1], spread))
    return {item: rated(rng, of, level, spread) for item, level in items if rng.random() >= of.skips}


# ------------------------------------------------------------------------------------------------ both sides


def _patient(
    rng: Random, of: Population, who: _Person, levels: Levels, ticks: Form, homework: Form, first: bool
) -> Side:
    later: Part = "missed" if rng.random() < of.homework_missed else homework
    if rng.random() < of.excused:
        return Side("excused", homework=later)
    if rng.random() < who.patient_misses:
        return Side("missed", "missed", later)
    form = _alliance(rng, of, levels, of.patient_spread, SUBSCALES, who.flat)
    return Side(form, ticks, later, _start(rng, of) if first else None)


def _therapist(rng: Random, of: Population, who: _Person, levels: Levels, ticks: Form, homework: Form) -> Side:
    """As planned by default: not asked about the bond."""
    if rng.random() < who.therapist_misses:
        return Side("missed", "missed", "missed")
    return Side(_alliance(rng, of, levels, of.therapist_spread, ("goals", "tasks"), flat=False), ticks, homework)


def _start(rng: Random, of: Population) -> Form:
    talked = {item: "not_yet" if rng.random() < of.not_yet else _drawn(rng, of.ratings) for item in ("options", "say")}
    return {**talked, "privacy": _drawn(rng, of.ratings)}


def _drawn(rng: Random, weights: Sequence[float], points: Sequence[int] = POINTS) -> int:
    return rng.choices(points, weights)[0]


# ------------------------------------------------------------------------------------------------ goals, homework


def _ticks(rng: Random, of: Population, goals: range) -> Iterator[tuple[Form, Form]]:
    """What both sides tick, session by session: the same as before, unless one thinks again."""
    top: int | str = "other" if rng.random() < of.something_else else rng.choice(goals)
    patient, therapist = _patients(rng, of, goals, top), _therapists(rng, of, goals, top)
    while True:
        yield patient, therapist
        if rng.random() < of.ticks_change:
            top = "other" if rng.random() < of.something_else else rng.choice(goals)
            patient = _patients(rng, of, goals, top)
        if rng.random() < of.ticks_change:
            therapist = _therapists(rng, of, goals, top)


def _patients(rng: Random, of: Population, goals: range, top: int | str) -> Form:
    rest = [goal for goal in goals if goal != top]
    return {"chosen": (top, *_some(rng, of, rest)), "top": top}


def _therapists(rng: Random, of: Population, goals: range, patients: int | str) -> Form:
    """The same goal first, or another one with or without the patient's beside it."""
    others = [goal for goal in goals if goal != patients]
    if patients != "other" and rng.random() < of.same_first:
        return {"chosen": (patients, *_some(rng, of, others)), "top": patients}
    top = rng.choice(others)
    rest = [goal for goal in others if goal != top]
    beside = (patients,) if patients != "other" and rng.random() < of.first_ticked else ()
    return {"chosen": (top, *beside, *_some(rng, of, rest))[:3], "top": top}


def _some(rng: Random, of: Population, rest: Sequence[int]) -> list[int]:
    """What is ticked beside the first."""
    return rng.sample(rest, min(len(rest), _drawn(rng, of.ticks, (0, 1, 2))))


def _homework(rng: Random, of: Population) -> Iterator[tuple[Form, Form]]:
    """What both sides say of the homework, session by session."""
    while True:
        (given,) = rng.choices(("yes", "no", "not_sure"), of.given)
        truly = "yes" if given == "not_sure" else given
        theirs = truly if rng.random() < of.remembered else "no" if truly == "yes" else "yes"
        if given != "yes":
            yield {"given": given}, {"given": theirs}
            continue
        done = _drawn(rng, of.done, DONE)
        seen = min(4, max(0, done + _drawn(rng, of.done_seen, (-2, -1, 0, 1, 2))))
        yield _done(rng, of, done), {"given": theirs, "done": seen} if theirs == "yes" else {"given": theirs}


def _done(rng: Random, of: Population, done: int) -> Form:
    form: Form = {"given": "yes", "done": done, "well": max(0, min(4, done + rng.choice((-1, 0, 1))))}
    form |= {item: _drawn(rng, of.ratings) for item in ("why", "fits")}
    form["difficulty"] = _drawn(rng, of.difficulty, DONE)
    if done <= 2:
        named = _drawn(rng, of.obstacles, (0, 1, 2))
        kinds = (FITTING if rng.random() < of.task_obstacle else OTHER_OBSTACLES for _ in range(named))
        form["obstacles"] = tuple({rng.choice(kind): None for kind in kinds})
    return form
