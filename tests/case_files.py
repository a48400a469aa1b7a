"""A short notation for case files, for the tables in which the digest's rules are told.

A session in a table reads `met(tasks=(3, 3), they=dict(tasks=(4, 5)))`: the patient's items, then the therapist's.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.core import case, findings
from bot.core.finding import Finding
from bot.core.history import History
from bot.core.thresholds import Thresholds
from bot.core.walltime import to_utc
from tests.findings_oracle import explain

Json = dict[str, Any]
SUBSCALES = ("goals", "tasks", "bond")
ZONE = "America/Denver"
FIRST = datetime(2026, 3, 3, 14, 0)  # noqa: DTZ001 (wall time; the clocks change before the second session)
Pair = tuple[int | None, int | None]
Row = tuple[str, list[Json], str]
"""A clinical point, the sessions, what the rule says at the last of them."""


# ------------------------------------------------------------------------------------------------ notation


def form(tasks: Pair | None = None, goals: Pair | None = None, bond: Pair | None = None) -> Json:
    """An alliance form; a subscale that is left out was skipped."""
    pairs = {"tasks": tasks, "goals": goals, "bond": bond}
    return {f"{k}_{n}": value for k, pair in pairs.items() if pair for n, value in enumerate(pair, 1)}


def one_side(
    *, ticks: Sequence[int | str] | None = None, top: int | str | None = None, hours: float | None = None,
    homework: Json | None = None, start: Json | None = None, **ratings: Pair,
) -> Json:  # fmt: skip
    """What one side answered; `hours`: how long after the session's start alliance and goals came."""
    side: Json = {"alliance": form(**ratings), "homework": homework, "start": start, "hours": hours}
    if ticks is not None:
        side["goals"] = {"chosen": list(ticks), "top": top}
    return {key: value for key, value in side.items() if value is not None}


def met(*, they: Json | None = None, **patient: Any) -> Json:
    """A held session: the patient's answers, and `they`, the therapist's."""
    return {"state": "held", "patient": one_side(**patient), "therapist": one_side(**they) if they else None}


def whole(*six: int | None) -> Json:
    """A held session in which the patient answered all six: tasks, goals, bond."""
    return met(tasks=six[0:2], goals=six[2:4], bond=six[4:6])


def same(*scores: int) -> list[Json]:
    """Held sessions in which the patient gave one option throughout."""
    return [whole(*[score] * 6) for score in scores]


def tasks(*pairs: Pair) -> list[Json]:
    """Held sessions in which the patient answered the two items about tasks and skipped the rest."""
    return [met(tasks=pair) for pair in pairs]


def did(**homework: Any) -> Json:
    """A held session with homework, as the patient tells it; `they`: as the therapist does."""
    they = homework.pop("they", None)
    return met(homework={"given": "yes"} | homework, they={"homework": they} if they else None)


def gap(patient: Pair, therapist: Pair, **more: Any) -> Json:
    """A session in which both rated the tasks."""
    hours = more.pop("their_hours", None)
    return met(tasks=patient, they={"tasks": therapist, "hours": hours}, **more)


def bond(*pairs: tuple[int | None, int]) -> list[Json]:
    """Held sessions in which the patient rated the bond."""
    return [met(bond=pair) for pair in pairs]


def began(**answers: Any) -> list[Json]:
    """The session after which the patient answered the start form."""
    return [met(start=answers)]


def remembered(patient: str | None, therapist: str | None, done: int | None = None, theirs: int | None = None) -> Json:
    """A session whose homework each side remembers in its way."""
    return did(given=patient, done=done, they={"given": therapist, "done": theirs})


def without_form(patient: str | None, state: str = "held") -> Json:
    """A session whose alliance check-in was "missed", "excused" or never asked."""
    return {"state": state, "patient": patient}


MISSED, EXCUSED, UNASKED = without_form("missed"), without_form("excused"), without_form(None)
CANCELLED, NOT_MET = without_form(None, "cancelled"), without_form(None, "missed")


ANSWERED = met(tasks=(4, 4))
SLIDING = tasks((5, 5), (4, 5), (4, 4), (4, 4))
FALLEN = tasks((5, 5), (5, 5), (3, 3))  # a drop of level flag, its base 5.0


def case_file(sessions: Sequence[Json], zone: str = ZONE) -> Json:
    """A weekly case file from sessions in the notation above."""
    goals = [{"id": n, "words": words} for n, words in enumerate(("sleep", "less anger", "see friends"), 1)]
    return {"zone": zone, "goals": goals, "sessions": [_dated(row, n, zone) for n, row in enumerate(sessions)]}


def _dated(row: Json, week: int, zone: str) -> Json:
    wall = FIRST + timedelta(weeks=week)
    dated = {"starts": wall.isoformat(timespec="minutes")} | row
    for who in ("patient", "therapist"):
        side = dated.get(who)
        if isinstance(side, dict) and "hours" in side:
            at = to_utc(wall, ZoneInfo(zone)) + timedelta(hours=side["hours"])
            dated[who] = {key: value for key, value in side.items() if key != "hours"} | {"answered_at": at.isoformat()}
    return dated


# ------------------------------------------------------------------------------------------------ reading


def history(data: Json) -> History:
    """The history in a case file that has no mistake."""
    parsed, problems = case.parse(data, ZoneInfo)
    assert parsed is not None, problems
    return parsed


def found(data: Json, thresholds: Thresholds | None = None) -> list[list[Finding]]:
    """The project's findings of every session of a case file."""
    return findings.findings(history(data), thresholds or Thresholds())


def plain(said: Sequence[Sequence[Finding]]) -> list[list[Json]]:
    """Findings as plain dicts, as the second implementation gives them."""
    keys = ("rule", "about", "level", "direction", "patient", "therapist")
    return [[{key: getattr(finding, key) for key in keys} for finding in session] for session in said]


def words(finding: Mapping[str, Any]) -> str:
    """`flag tasks, patient lower`."""
    return f"{finding['level']} {finding['about']}" + (f", {finding['direction']}" if finding["direction"] else "")


# ------------------------------------------------------------------------------------------------ tables


def table(rows: Sequence[Row]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """One test a row; the sentence is its name."""
    assert len(rows) >= 12
    params = [pytest.param(sessions, says, id=sentence) for sentence, sessions, says in rows]
    return pytest.mark.parametrize(("sessions", "says"), params)


def said(rule: str, last: Sequence[Json]) -> str:
    """What a rule says at one session, such as `flag tasks, patient lower; note goals, patient lower`."""
    return "; ".join(words(finding) for finding in last if finding["rule"] == rule)


def says_of(rule: str, sessions: Sequence[Json]) -> str:
    """What a rule says at the last session, on which both implementations must be one."""
    data = case_file(sessions)
    ours, oracle = said(rule, plain(found(data))[-1]), said(rule, explain(data)[-1])
    assert ours == oracle
    return ours


def numbers(rule: str, sessions: Sequence[Json]) -> tuple[float | None, float | None]:
    """The two numbers that a rule compares at the last session."""
    (finding,) = [f for f in found(case_file(sessions))[-1] if f.rule == rule]
    return finding.patient, finding.therapist
