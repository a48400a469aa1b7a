"""The rules of the digest a second time, in the plainest way, to hold `bot.core.findings` against.

`explain` takes a case file (parsed JSON, without mistakes) and gives for each session a list of plain dicts. It is slow
on purpose: each session is judged from nothing but the sessions up to it, in exact fractions instead of rounded means.
It imports nothing of `bot`.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from statistics import median, variance
from typing import Any
from zoneinfo import ZoneInfo

Case = dict[str, Any]
Found = dict[str, Any]

FLAG_ORDER = [
    "disagreement", "named_goals", "agreed_low", "homework_memory", "drop", "low", "homework_fit", "homework_little",
    "no_response", "start", "slide",
]  # fmt: skip
NOTE_ORDER = [*FLAG_ORDER, "setup", "not_back", "flat", "homework_hard", "fit"]
ABOUT_ORDER = ["tasks", "goals", "bond", "total", "options", "say", "privacy", "alliance", "response", "homework"]
ALLIANCE_ITEMS = ["goals_1", "goals_2", "tasks_1", "tasks_2", "bond_1", "bond_2"]
DOES_NOT_FIT = {"unclear", "no_point", "not_my_goals", "hard_to_say_no"}


def explain(case: Case) -> list[list[Found]]:
    """For every session of the case, what the digest says about it, in the order in which it is said."""
    sessions = case["sessions"]
    return [in_order(said_at(sessions[: n + 1], case["zone"])) for n in range(len(sessions))]


def in_order(found: list[Found]) -> list[Found]:
    flags = [f for rule in FLAG_ORDER for f in found if f["level"] == "flag" and f["rule"] == rule]
    notes = [f for rule in NOTE_ORDER for f in found if f["level"] == "note" and f["rule"] == rule]
    assert len(flags) + len(notes) == len(found)
    return flags + notes


def said_at(past: list[Case], zone: str) -> list[Found]:
    """Everything that is said at the last session of `past`, sorted by what it is about."""
    found: list[Found] = []
    for k in ["tasks", "goals"]:
        found += disagreement(past, zone, k) + agreed_low(past, zone, k)
    for k in ["tasks", "goals", "bond"]:
        found += low(past, k) + slide(past, k)
    for k in ["tasks", "goals", "bond", "total"]:
        found += drop(past, k) + not_back(past, k)
    found += named_goals(past, zone) + flat(past) + no_response(past) + fit(past) + start(past)
    found += homework_little(past) + homework_fit(past) + homework_memory(past) + homework_hard(past)
    return sorted(found, key=lambda f: ABOUT_ORDER.index(f["about"]))


def one(
    rule: str, about: str, level: str, patient: Any = None, therapist: Any = None, direction: str | None = None
) -> list[Found]:
    """A list that holds one finding."""
    return [
        {
            "rule": rule,
            "about": about,
            "level": level,
            "direction": direction,
            "patient": None if patient is None else float(patient),
            "therapist": None if therapist is None else float(therapist),
        }
    ]


# What stands in the file


def form(session: Case, who: str, part: str) -> Any:
    """What the file says of one form: an object (answered), "missed", "excused" or None."""
    side = session.get(who)
    if isinstance(side, dict):
        return side.get(part)
    return side if part == "alliance" else None


def answers(session: Case, who: str, part: str) -> dict[str, Any] | None:
    said = form(session, who, part)
    return said if isinstance(said, dict) else None


def instant(text: str, zone: str) -> datetime:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def both_in_time(session: Case, zone: str) -> bool:
    """Both sides answered alliance and goals within a week of the session's start."""
    for who in ["patient", "therapist"]:
        side = session.get(who)
        at = side.get("answered_at") if isinstance(side, dict) else None
        if at is not None and instant(at, zone) > instant(session["starts"], zone) + timedelta(hours=168):
            return False
    return True


def score(session: Case, who: str, k: str) -> Fraction | None:
    said = answers(session, who, "alliance") or {}
    items = ALLIANCE_ITEMS if k == "total" else [k + "_1", k + "_2"]
    needed = 5 if k == "total" else 2
    values = [said[item] for item in items if said.get(item) is not None]
    return Fraction(sum(values), len(values)) if len(values) >= needed else None


def rated(past: list[Case], k: str) -> list[Fraction]:
    """The patient's rated scores of k so far, skipping sessions without one."""
    every = [score(session, "patient", k) for session in past]
    return [value for value in every if value is not None]


# Both sides


def usual_difference_taken_off(session: Case, zone: str, k: str) -> Fraction | None:
    p, t = score(session, "patient", k), score(session, "therapist", k)
    if p is None or t is None or not both_in_time(session, zone):
        return None
    return p - t - Fraction(35, 100)


def disagreement(past: list[Case], zone: str, k: str) -> list[Found]:
    a = usual_difference_taken_off(past[-1], zone, k)
    if a is None or abs(a) < 1:
        return []
    earlier = [usual_difference_taken_off(session, zone, k) for session in past[:-1]]
    paired = [e for e in earlier if e is not None]
    twice = bool(paired) and abs(paired[-1]) >= 1 and (paired[-1] > 0) == (a > 0)
    level = "flag" if abs(a) >= Fraction(3, 2) or twice else "note"
    direction = "patient lower" if a < 0 else "therapist lower"
    p, t = score(past[-1], "patient", k), score(past[-1], "therapist", k)
    if p == 5 and direction == "therapist lower":
        level = "note"
    return one("disagreement", k, level, p, t, direction)


def agreed_low(past: list[Case], zone: str, k: str) -> list[Found]:
    p, t = score(past[-1], "patient", k), score(past[-1], "therapist", k)
    if p is None or t is None or not both_in_time(past[-1], zone):
        return []
    return one("agreed_low", k, "flag", p, t) if p <= 3 and t <= 3 else []


def named_goals(past: list[Case], zone: str) -> list[Found]:
    mine, yours = answers(past[-1], "patient", "goals"), answers(past[-1], "therapist", "goals")
    if mine is None or yours is None or not both_in_time(past[-1], zone):
        return []
    if not mine.get("chosen") or not yours.get("chosen"):
        return []
    a, b = set(mine["chosen"]) - {"other"}, set(yours["chosen"]) - {"other"}
    top, other_top = mine.get("top"), yours.get("top")
    if not a & b or (top is not None and top not in b):
        return one("named_goals", "goals", "flag")
    if top is not None and other_top is not None and top != other_top:
        return one("named_goals", "goals", "note")
    return []


# The patient's ratings


def low(past: list[Case], k: str) -> list[Found]:
    said = answers(past[-1], "patient", "alliance") or {}
    p = score(past[-1], "patient", k)
    items = [said.get(k + "_1"), said.get(k + "_2")]
    low_items = [value for value in items if value is not None and value <= 2]
    if not low_items and (p is None or p > 3):
        return []
    held = [session for session in past if session["state"] == "held"]
    level = "note" if k == "bond" and len(held) <= 2 else "flag"
    return one("low", k, level, p)


def drops(scores: list[Fraction], k: str) -> list[tuple[str, Fraction] | None]:
    """For each rated score: the level and the base of the drop it is, or None."""
    out: list[tuple[str, Fraction] | None] = []
    for n, now in enumerate(scores):
        out.append(None)
        if n < 2:
            continue
        base = median(scores[max(0, n - 3) : n])
        ordinary = [scores[m] for m in range(n) if out[m] is None][-8:]
        least = Fraction(6, 10) if k == "total" else Fraction(1)
        fell = base - now
        # fell >= 2 s, squared: fell * fell >= 4 variances
        if fell >= least and (len(ordinary) < 4 or fell * fell >= 4 * variance(ordinary)):
            out[n] = ("note" if now >= 4 else "flag", base)
    return out


def drop(past: list[Case], k: str) -> list[Found]:
    now = score(past[-1], "patient", k)
    if now is None:
        return []
    this = drops(rated(past, k), k)[-1]
    return one("drop", k, this[0], now) if this else []


def slide(past: list[Case], k: str) -> list[Found]:
    now, scores = score(past[-1], "patient", k), rated(past, k)
    if now is None or len(scores) < 4 or drops(scores, k)[-1]:
        return []
    a, b, c, d = scores[-4:]
    return one("slide", k, "flag", now) if a >= b >= c >= d and a - d >= 1 else []


def not_back(past: list[Case], k: str) -> list[Found]:
    now, scores = score(past[-1], "patient", k), rated(past, k)
    if now is None:
        return []
    open_base: Fraction | None = None
    later = 0
    for value, fell in zip(scores, drops(scores, k), strict=True):
        if open_base is not None:
            later += 1
            if value >= open_base - Fraction(1, 2):
                open_base = None
        if open_base is None and fell is not None and fell[0] == "flag":
            open_base, later = fell[1], 0
    return one("not_back", k, "note", now) if open_base is not None and later >= 3 else []


def flat(past: list[Case]) -> list[Found]:
    def given(session: Case) -> list[int]:
        said = answers(session, "patient", "alliance") or {}
        return [said[item] for item in ALLIANCE_ITEMS if said.get(item) is not None]

    if not given(past[-1]):
        return []
    forms = [given(session) for session in past if given(session)]
    run = 0
    for values in reversed(forms):
        if len(values) < 4 or len(set(values)) > 1:
            break
        run += 1
    return one("flat", "alliance", "note") if run >= 3 and run % 5 == 3 else []


def fit(past: list[Case]) -> list[Found]:
    now, scores = score(past[-1], "patient", "bond"), rated(past, "bond")
    if now is None or len(scores) < 3 or max(scores[-3:]) > 3:
        return []
    return one("fit", "bond", "note", now)


def no_response(past: list[Case]) -> list[Found]:
    last = past[-1]
    if form(last, "patient", "alliance") != "missed" and last["state"] not in ("missed", "cancelled"):
        return []
    run, did_not_happen = 0, False
    for session in past:
        said = form(session, "patient", "alliance")
        if isinstance(said, dict):
            run, did_not_happen = 0, False
            continue
        if run >= 1 and session["state"] in ("missed", "cancelled"):
            did_not_happen = True
        if said == "missed":
            run += 1
    parts = ["alliance", "goals", "homework", "start"]
    ever = any(answers(session, "patient", part) is not None for session in past for part in parts)
    if run >= 3 and not ever:
        return one("setup", "response", "note")
    if run >= 3 or (run == 2 and did_not_happen):
        return one("no_response", "response", "flag")
    return one("no_response", "response", "note") if run == 2 else []


def start(past: list[Case]) -> list[Found]:
    said = answers(past[-1], "patient", "start") or {}
    found: list[Found] = []
    for item in ["options", "say", "privacy"]:
        if said.get(item) in (1, 2):
            found += one("start", item, "flag", said[item])
    return found


# Homework


def taken_on(session: Case) -> dict[str, Any] | None:
    """The patient's homework form where the patient says there was some."""
    said = answers(session, "patient", "homework")
    return said if said is not None and said.get("given") == "yes" else None


def homework_little(past: list[Case]) -> list[Found]:
    now = taken_on(past[-1])
    if now is None or now.get("done") is None or now["done"] > 1:
        return []
    earlier = [said for session in past[:-1] if (said := taken_on(session)) is not None]
    before = earlier[-1].get("done") if earlier else None
    level = "flag" if before is not None and before <= 1 else "note"
    return one("homework_little", "homework", level, now["done"])


def homework_fit(past: list[Case]) -> list[Found]:
    said = taken_on(past[-1])
    if said is None:
        return []
    why, fits, done = said.get("why"), said.get("fits"), said.get("done")
    obstacles = set(said.get("obstacles") or [])
    by_obstacle = done is not None and done <= 2 and bool(obstacles & DOES_NOT_FIT)
    too_low = [rating for rating in (why, fits) if rating is not None and rating <= 2]
    return one("homework_fit", "homework", "flag", min(too_low, default=None)) if too_low or by_obstacle else []


def homework_memory(past: list[Case]) -> list[Found]:
    mine, yours = answers(past[-1], "patient", "homework"), answers(past[-1], "therapist", "homework")
    if mine is None or yours is None:
        return []
    given = (mine.get("given"), yours.get("given"))
    if given in [("yes", "no"), ("no", "yes")]:
        return one("homework_memory", "homework", "flag")
    if given == ("not_sure", "yes"):
        return one("homework_memory", "homework", "note")
    if given == ("yes", "yes") and mine.get("done") is not None and yours.get("done") is not None:
        p, t = mine["done"], yours["done"]
        return one("homework_memory", "homework", "note", p, t) if abs(p - t) >= 2 else []
    return []


def homework_hard(past: list[Case]) -> list[Found]:
    said = taken_on(past[-1])
    if said is None or said.get("done") is None:
        return []
    difficulty, done, obstacles = said.get("difficulty"), said["done"], said.get("obstacles") or []
    if (difficulty is not None and difficulty >= 3 and done <= 1) or (done <= 2 and "too_hard" in obstacles):
        return one("homework_hard", "homework", "note", difficulty)
    return []
