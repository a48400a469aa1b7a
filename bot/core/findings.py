"""Both sides' answers over the sessions -> what a digest may say. Every rule is a function over the whole history.

Sources. Therapists rate lower than patients by about half a standard deviation (Tryon, Blackwell & Hammel 2007; Igra
et al. 2020; Lev-Ari et al. 2025), so a raw gap is corrected first. Agreement on goals and tasks, not the bond,
predicted later change in cognitive therapy (Webb et al. 2011): those two get flags. Rated agreement is not a match of
named goals (Busseri & Tyler 2004): both sides name them. The thresholds are prompts for a talk, not norms: no
validated cut-off for disagreement exists.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from math import sqrt
from operator import attrgetter
from statistics import median
from typing import Literal

from bot.core.finding import At, Finding, Level, at_least, at_most
from bot.core.history import History, Session, Side, answered
from bot.core.homework import homework
from bot.core.scoring import SUBSCALES, Scores, alliance_scores, number
from bot.core.thresholds import Thresholds

IN_ORDER = (
    "disagreement", "named_goals", "agreed_low", "homework_memory", "drop", "low",
    "homework_fit", "homework_little", "no_response", "start", "slide",
)  # fmt: skip
LAST = ("setup", "not_back", "flat", "homework_hard", "fit")
RULES = IN_ORDER + LAST
ABOUT_IN_ORDER = ("tasks", "goals", "bond", "total", "alliance", "response", "homework", "options", "say", "privacy")


PLACES = {name: n for names in (ABOUT_IN_ORDER, RULES) for n, name in enumerate(names)}


@dataclass(frozen=True, slots=True)
class _Scored:
    """A session with its scores, worked out once for all rules."""

    session: Session
    patient: Scores
    therapist: Scores
    in_time: bool


def findings(history: History, thresholds: Thresholds = Thresholds()) -> list[list[Finding]]:  # noqa: B008 (frozen)
    """The findings of every session, in the order in which a digest says them.

    One-sided rules use late answers too; two-sided ones need both sides by the session's start + 168 h.
    """
    within = timedelta(hours=thresholds.answered_within_hours)
    scored = [_score(session, within) for session in history.sessions]
    said: list[list[Finding]] = [[] for _ in scored]
    for index, finding in _all(scored, thresholds):
        said[index].append(finding)
    return [sorted(of_session, key=_place) for of_session in said]


def _all(scored: list[_Scored], t: Thresholds) -> Iterator[At]:
    for k in ("tasks", "goals"):
        both = list(_both(scored, k))
        yield from _disagreement(both, k, t)
        yield from _agreed_low(both, k, t)
    for k in SUBSCALES:
        yield from _low(scored, k, t)
    for k in (*SUBSCALES, "total"):
        yield from _course(scored, k, t)
    yield from _named_goals(scored)
    yield from _flat(scored, t)
    yield from _no_response(scored, t)
    yield from _fit(scored, t)
    yield from homework([row.session for row in scored], t)
    yield from _start(scored, t)


def _place(finding: Finding) -> tuple[int, int, int]:
    """Flags in the order of the rules, then notes in the same order, then the quiet rules whatever their level."""
    group = 2 if finding.rule in LAST else 0 if finding.level == "flag" else 1
    return group, PLACES[finding.rule], PLACES[finding.about]


def _score(session: Session, within: timedelta) -> _Scored:
    patient, therapist = session.patient, session.therapist
    in_time = all(at is None or at <= session.starts + within for at in (patient.answered_at, therapist.answered_at))
    return _Scored(session, alliance_scores(patient.alliance), alliance_scores(therapist.alliance), in_time)


# ------------------------------------------------------------------------------------------------ both sides


Compared = tuple[int, float, float]
"""The index of a session, the patient's score, the therapist's."""


def _both(scored: list[_Scored], k: str) -> Iterator[Compared]:
    """The sessions paired for k: index, the patient's and the therapist's score."""
    of = attrgetter(k)
    for index, row in enumerate(scored):
        patient, therapist = of(row.patient), of(row.therapist)
        if row.in_time and patient is not None and therapist is not None:
            yield index, patient, therapist


def _disagreement(both: Iterable[Compared], k: str, t: Thresholds) -> Iterator[At]:
    usual = t.usual_gap_goals if k == "goals" else t.usual_gap_tasks
    before = 0.0
    for index, patient, therapist in both:
        gap = patient - therapist - usual
        again = at_least(abs(before), t.disagreement_note) and before * gap > 0
        level = _gap_level(gap, again, patient, t)
        if level is not None:
            direction: Literal["patient lower", "therapist lower"] = "patient lower" if gap < 0 else "therapist lower"
            more = {"usual": usual, "gap": gap, "again": again}
            yield index, Finding("disagreement", k, level, patient, therapist, direction, more)
        before = gap


def _gap_level(gap: float, again: bool, patient: float, t: Thresholds) -> Level | None:
    """note from 1.0; flag from 1.5, or from 1.0 twice running in one direction. At the ceiling at most a note."""
    if not at_least(abs(gap), t.disagreement_note):
        return None
    at_ceiling = gap > 0 and at_least(patient, 5.0)
    return "flag" if (at_least(abs(gap), t.disagreement_flag) or again) and not at_ceiling else "note"


def _agreed_low(both: Iterable[Compared], k: str, t: Thresholds) -> Iterator[At]:
    for index, patient, therapist in both:
        if at_most(patient, t.agreed_low) and at_most(therapist, t.agreed_low):
            yield index, Finding("agreed_low", k, "flag", patient, therapist)


def _named_goals(scored: list[_Scored]) -> Iterator[At]:
    for index, row in enumerate(scored):
        level = _goals_level(row.session.patient, row.session.therapist) if row.in_time else None
        if level is not None:
            patient, therapist = (ticked(side) for side in (row.session.patient, row.session.therapist))
            yield index, Finding("named_goals", "goals", level, more={"patient": patient, "therapist": therapist})


@dataclass(frozen=True, slots=True)
class Ticked:
    """The goals one side ticked, and the one it put first; "other" is "something else"."""

    chosen: tuple[int | str, ...]
    top: int | str | None


def ticked(side: Side) -> Ticked | None:
    """What a side ticked; None if it was not asked, did not answer or skipped the ticks."""
    answers = answered(side.goals)
    chosen = answers.get("chosen") if answers is not None else None
    if answers is None or not isinstance(chosen, tuple) or not chosen:
        return None
    top = answers.get("top")
    return Ticked(chosen, top if isinstance(top, int | str) else None)


def _comparable(mine: Ticked, other_side: Side) -> Ticked:
    """Without the goals that were not yet on the other side's list when it answered."""
    if other_side.offered is None:
        return mine
    known = other_side.offered | {"other"}
    return Ticked(tuple(g for g in mine.chosen if g in known), mine.top if mine.top in known else None)


def _goals_level(patient: Side, therapist: Side) -> Level | None:
    """flag: none shared, or the patient's first is not among the therapist's. note: only the firsts differ."""
    a, b = ticked(patient), ticked(therapist)
    if a is None or b is None:
        return None
    a, b = _comparable(a, therapist), _comparable(b, patient)
    if not a.chosen or not b.chosen:
        return None
    theirs = set(b.chosen) - {"other"}
    if not (set(a.chosen) & theirs) or (a.top is not None and a.top not in theirs):
        return "flag"
    return "note" if a.top is not None and b.top is not None and a.top != b.top else None


# ------------------------------------------------------------------------------------------------ one side


def _rated(scored: list[_Scored], k: str) -> list[tuple[int, float]]:
    """The patient's rated scores of k, each with the index of its session."""
    of = attrgetter(k)
    return [(index, score) for index, row in enumerate(scored) if (score := of(row.patient)) is not None]


def _low(scored: list[_Scored], k: str, t: Thresholds) -> Iterator[At]:
    held = 0
    for index, row in enumerate(scored):
        held += row.session.state == "held"
        score, lowest = row.patient.of(k), row.patient.lowest.get(k, 5)
        if lowest <= t.low_item or (score is not None and at_most(score, t.low)):
            early = k == "bond" and held <= t.early_sessions
            more = {"lowest": lowest, "early": early}
            yield index, Finding("low", k, "note" if early else "flag", score, more=more)


def _course(scored: list[_Scored], k: str, t: Thresholds) -> Iterator[At]:
    """drop, slide and not_back of one score: they depend on each other."""
    rated = _rated(scored, k)
    values = [value for _, value in rated]
    drops: set[int] = set()
    open_drop: tuple[int, float] | None = None  # where it began among the rated ones, and its base
    for n, (index, now) in enumerate(rated):
        drop = _drop(values[:n], drops, now, k, t)
        if drop is not None:
            drops.add(n)
            yield index, drop
        elif k != "total" and _slides(values[: n + 1], t):
            yield index, Finding("slide", k, "flag", now, more={"from": values[n - t.slide_of + 1]})
        if open_drop is not None:
            began, base = open_drop
            if at_least(now, base - t.repaired_within):
                open_drop = None
            elif n - began >= t.not_back_from:
                yield index, Finding("not_back", k, "note", now, more={"base": base, "rated_since": n - began})
        if open_drop is None and drop is not None and drop.level == "flag":
            open_drop = n, _base(values[:n], t)


def _base(earlier: list[float], t: Thresholds) -> float:
    return median(earlier[-t.drop_base_of :])


def _drop(earlier: list[float], drops: set[int], now: float, k: str, t: Thresholds) -> Finding | None:
    """One-sided 95% reliable change below the median of the last three, or two of the pair's own deviations."""
    if len(earlier) < t.drop_base_needs:
        return None
    base = _base(earlier, t)
    reliable = t.drop_total if k == "total" else t.drop
    # The deviation is looked at last: most scores are no drops, and it costs as much as the rest of a session.
    if not at_least(base - now, reliable) or not at_least(base - now, t.drop_spread * _spread(earlier, drops, t)):
        return None
    level: Level = "note" if at_least(now, t.drop_still_high) else "flag"
    return Finding("drop", k, level, now, more={"base": base})


def _spread(earlier: list[float], drops: set[int], t: Thresholds) -> float:
    """The pair's own deviation: that of the last scores that were no drops; 0 where there are too few."""
    calm = [value for n, value in enumerate(earlier) if n not in drops][-t.drop_spread_of :]
    if len(calm) < t.drop_spread_needs:
        return 0.0
    mean = sum(calm) / len(calm)
    return sqrt(sum((value - mean) ** 2 for value in calm) / (len(calm) - 1))


def _slides(values: list[float], t: Thresholds) -> bool:
    last = values[-t.slide_of :]
    if len(last) < t.slide_of or not at_least(last[0] - last[-1], t.slide):
        return False
    return all(at_most(after, before) for before, after in pairwise(last))


def flat_run(history: History, n: int, t: Thresholds) -> int:
    """How many of the patient's forms in a row were one option throughout, counted back from session `n`."""
    run = 0
    for session in reversed(history.sessions[: n + 1]):
        form = alliance_scores(session.patient.alliance)
        if form.rated and not _is_flat(form, t.flat_needs):
            break
        run += bool(form.rated)  # an empty form is none
    return run


def _is_flat(form: Scores, needs: int) -> bool:
    return form.is_one_option and form.rated >= needs


def _flat(scored: list[_Scored], t: Thresholds) -> Iterator[At]:
    run = 0
    for index, row in enumerate(scored):
        if row.patient.rated:
            run = run + 1 if _is_flat(row.patient, t.flat_needs) else 0
            if run >= t.flat_from and (run - t.flat_from) % t.flat_every == 0:
                yield index, Finding("flat", "alliance", "note", more={"forms": run})


def _ever_answered(side: Side) -> bool:
    parts = (side.alliance, side.goals, side.homework, side.start, *side.own.values())
    return any(answered(part) is not None for part in parts)


def _no_response(scored: list[_Scored], t: Thresholds) -> Iterator[At]:
    """A run of missed check-ins. It is never imputed as low, and never as "not engaged"."""
    missed, not_met, ever = 0, False, False
    for index, row in enumerate(scored):
        session, alliance = row.session, row.session.patient.alliance
        off = session.state in ("missed", "cancelled")
        ever = ever or _ever_answered(session.patient)
        if answered(alliance) is not None:
            missed, not_met = 0, False
        not_met = not_met or (off and missed > 0)
        missed += alliance == "missed"
        if alliance == "missed" or off:
            finding = _silence(missed, not_met, ever, t)
            if finding is not None:
                yield index, finding


def _silence(missed: int, not_met: bool, ever: bool, t: Thresholds) -> Finding | None:
    if missed < t.silent_note:
        return None
    more = {"missed": missed, "not_met": not_met}
    if missed >= t.silent_flag and not ever:
        return Finding("setup", "response", "note", more=more)
    level: Level = "flag" if missed >= t.silent_flag or not_met else "note"
    return Finding("no_response", "response", level, more=more)


def _fit(scored: list[_Scored], t: Thresholds) -> Iterator[At]:
    rated = _rated(scored, "bond")
    for n, (index, now) in enumerate(rated):
        last = [value for _, value in rated[: n + 1]][-t.fit_sessions :]
        if len(last) == t.fit_sessions and all(at_most(value, t.fit) for value in last):
            yield index, Finding("fit", "bond", "note", now)


def _start(scored: list[_Scored], t: Thresholds) -> Iterator[At]:
    for index, row in enumerate(scored):
        answers = answered(row.session.patient.start)
        for item in ("options", "say", "privacy") if answers is not None else ():
            value = number(answers or {}, item)
            if value is not None and value <= t.start:
                yield index, Finding("start", item, "flag", value)
