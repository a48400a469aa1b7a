"""A case file (parsed JSON) -> a history, or every mistake in it by its path.

A clinician types or exports a history and asks what the digest would say about it. The format is a contract: README.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast, get_args
from zoneinfo import ZoneInfo

from bot.core.history import (
    SESSION_STATES,
    Answer,
    Goal,
    History,
    NotAnswered,
    Part,
    Session,
    SessionState,
    Side,
)
from bot.core.homework import OBSTACLES
from bot.core.problem import Problem, did_you_mean
from bot.core.walltime import to_utc

NOT_ANSWERED: tuple[NotAnswered, ...] = get_args(NotAnswered)
MOST_TICKED = 3
MOST_SHOWN, LONGEST_SHOWN, LARGEST_SHOWN = 5, 60, 10**20

FIRST_YEAR, LAST_YEAR = 1900, 2200  # beyond, a zone or a week's reckoning leaves the calendar

Path = tuple[str | int, ...]
Mistake = tuple[Path, str]
Check = Callable[[object], list[Mistake]]
"""What is wrong with a value: each mistake with its place inside the value, as a sentence with the remedy."""


def _points(first: int, last: int, *also: str) -> Check:
    words = "".join(f' or "{word}"' for word in also)

    def check(value: object) -> list[Mistake]:
        fits = type(value) is int and first <= value <= last
        asked = f"write a whole number from {first} to {last}{words}, or null if it was skipped"
        return [] if fits or value in also else [((), f"{_shown(value)} is not on this scale: {asked}.")]

    return check


def _one_of(*words: str) -> Check:
    listed = ", ".join(f'"{word}"' for word in words)

    def check(value: object) -> list[Mistake]:
        if value in words:
            return []
        hint = did_you_mean(value, words) if isinstance(value, str) else ""
        return [((), f"{_shown(value)} is not known here: write one of {listed}.{hint}")]

    return check


def _text(value: object) -> list[Mistake]:
    return [] if isinstance(value, str) else [((), f"{_shown(value)} is not a text: write it in quotes.")]


def _obstacles(value: object) -> list[Mistake]:
    if not isinstance(value, list):
        return [((), f"{_shown(value)} is not a list: write the obstacles in square brackets.")]
    known = _one_of(*(obstacle for of_class in OBSTACLES.values() for obstacle in of_class))
    return _each(known, value) or _doubles(value)


def _each(check: Check, values: Sequence[object]) -> list[Mistake]:
    return [((n,), says) for n, one in enumerate(values) for _, says in check(one)]


def _doubles(values: Sequence[object]) -> list[Mistake]:
    twice = [n for n, one in enumerate(values) if values.index(one) < n]
    return [((n,), f"{_shown(values[n])} stands in the list twice: name each once.") for n in twice]


def _shown(value: object, inside: bool = False) -> str:
    """The value as it stands in the file, cut short."""
    if isinstance(value, list | tuple | dict):
        opens, closes = "{}" if isinstance(value, dict) else "[]"
        few = not isinstance(value, dict) and not inside and len(value) <= MOST_SHOWN
        within = ", ".join(_shown(one, inside=True) for one in value) if few else "…" if value else ""
        return f"{opens}{within}{closes}"
    if isinstance(value, str):
        return f'"{value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "…"}"'
    if type(value) is int and abs(value) > LARGEST_SHOWN:
        return "such a large number"
    return json.dumps(value)


ALLIANCE = {f"{k}_{n}": _points(1, 5) for k in ("goals", "tasks", "bond") for n in (1, 2)}
HOMEWORK_BOTH: dict[str, Check] = {"given": _one_of("yes", "no", "not_sure"), "done": _points(0, 4)}
HOMEWORK: dict[str, Check] = HOMEWORK_BOTH | {
    "well": _points(0, 4), "why": _points(1, 5), "fits": _points(1, 5), "difficulty": _points(0, 4),
    "obstacles": _obstacles,
}  # fmt: skip
START: dict[str, Check] = {
    "privacy": _points(1, 5), "hopes": _text, "options": _points(1, 5, "not_yet"), "say": _points(1, 5, "not_yet"),
}  # fmt: skip
ITEMS: dict[str, dict[str, dict[str, Check]]] = {
    "patient": {
        "alliance": ALLIANCE | {"own_words": _text, "words_for": _one_of("therapist", "self")},
        "homework": HOMEWORK,
        "start": START,
    },
    "therapist": {"alliance": ALLIANCE, "homework": HOMEWORK_BOTH},
}


class _Reader:
    """Walks a case and collects every mistake on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.zone: ZoneInfo | None = None
        self.goal_ids: frozenset[int] = frozenset()

    def wrong(self, path: Path, says: str) -> None:
        self.problems.append(Problem(path, says))

    def check(self, value: object, path: Path, check: Check) -> bool:
        mistakes = check(value)
        for place, says in mistakes:
            self.wrong((*path, *place), says)
        return not mistakes

    def table(self, value: object, path: Path, known: Sequence[str], needed: Sequence[str] = ()) -> dict[str, object]:
        if not isinstance(value, dict):
            self.wrong(path, f"{_shown(value)} is not an object: write it in braces.")
            return {}
        for key in value:
            if key not in known:
                self.wrong(
                    (*path, str(key)), f"is not a key here; known: {', '.join(known)}.{did_you_mean(key, known)}"
                )
        for key in needed:
            if key not in value:
                self.wrong((*path, key), "is missing: add it.")
        return value

    def rows(self, value: object, path: Path) -> list[object]:
        if isinstance(value, list):
            return value
        self.wrong(path, f"{_shown(value)} is not a list: write it in square brackets.")
        return []

    def time(self, value: object, path: Path, offset: bool = False) -> datetime | None:
        """An instant from wall time in the case's zone, or (answered_at) from a time with an offset."""
        example = '"2026-03-03T14:00"'
        try:
            at = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
        except ValueError:
            at = None
        if at is None or not FIRST_YEAR <= at.year <= LAST_YEAR:
            self.wrong(path, f"{_shown(value)} is not a date and time: write it as {example}.")
        elif at.tzinfo is not None and not offset:
            self.wrong(
                path, f"{_shown(value)} carries an offset: write the wall time in the case's zone, as {example}."
            )
        elif at.tzinfo is not None:
            return at.astimezone(UTC)
        else:
            return at.replace(tzinfo=UTC) if self.zone is None else to_utc(at, self.zone)
        return None


def parse(data: object, zones: Callable[[str], ZoneInfo | None]) -> tuple[History | None, list[Problem]]:
    """The history in a case, or None and every mistake. `zones` gives the zone of an IANA name, None if unknown."""
    reader = _Reader()
    case = reader.table(data, (), ("zone", "goals", "sessions"), ("zone", "sessions"))
    if "zone" in case:
        name = case["zone"]
        reader.zone = zones(name) if isinstance(name, str) else None
        if reader.zone is None:
            reader.wrong(("zone",), f'{_shown(name)} is not a time zone: write one such as "America/Denver".')
    goals = _goals(reader, case["goals"]) if case.get("goals") is not None else []
    rows = reader.rows(case["sessions"], ("sessions",)) if "sessions" in case else []
    sessions = [_session(reader, row, ("sessions", n)) for n, row in enumerate(rows)]
    _in_order(reader, sessions)
    if reader.problems:
        return None, reader.problems
    return History(tuple(s for s in sessions if s is not None), tuple(goals)), []


def _goals(reader: _Reader, value: object) -> list[Goal]:
    goals: list[Goal] = []
    for n, row in enumerate(reader.rows(value, ("goals",))):
        path: Path = ("goals", n)
        goal = reader.table(row, path, ("id", "words"), ("id", "words"))
        number, words = goal.get("id"), goal.get("words")
        if "id" in goal and (type(number) is not int or number < 1):
            reader.wrong((*path, "id"), f"{_shown(number)} cannot number a goal: write a whole number from 1 up.")
        elif number in {g.id for g in goals}:
            reader.wrong((*path, "id"), f"{_shown(number)} stands twice: give each goal a number of its own.")
        elif isinstance(number, int):
            goals.append(Goal(number, str(words)))
        if "words" in goal and (not isinstance(words, str) or not words.strip()):
            reader.wrong((*path, "words"), f"{_shown(words)} is not a sentence: write the goal in words.")
    reader.goal_ids = frozenset(goal.id for goal in goals)
    return goals


def _in_order(reader: _Reader, sessions: Sequence[Session | None]) -> None:
    latest: Session | None = None
    for n, session in enumerate(sessions):
        if latest is not None and session is not None and session.starts <= latest.starts:
            says = f"is not after the session before it ({latest.local}): put the sessions in order of time."
            reader.wrong(("sessions", n, "starts"), says)
        latest = session or latest


def _session(reader: _Reader, row: object, path: Path) -> Session | None:
    known = ("starts", "state", "patient", "therapist")
    fields = reader.table(row, path, known, ("starts", "state"))
    state = fields.get("state")
    if "state" in fields:
        reader.check(state, (*path, "state"), _one_of(*SESSION_STATES))
    starts = reader.time(fields["starts"], (*path, "starts")) if "starts" in fields else None
    sides = {who: _side(reader, fields.get(who), (*path, who), who) for who in ("patient", "therapist")}
    for who, side in sides.items():
        parts = (side.alliance, side.goals, side.homework, side.start)
        if state in SESSION_STATES and state != "held" and any(isinstance(part, Mapping) for part in parts):
            says = f'has answers, but the session is "{state}": only a held session has answers. Take them out.'
            reader.wrong((*path, who), says)
    if starts is None:
        return None
    held_or_not: SessionState = state if state in SESSION_STATES else "held"
    return Session(starts, str(fields["starts"]), held_or_not, sides["patient"], sides["therapist"])


def _side(reader: _Reader, value: object, path: Path, who: str) -> Side:
    if value is None or isinstance(value, str):
        return Side(alliance=_part(reader, value, path, {}))
    kinds = ITEMS[who]
    fields = reader.table(value, path, (*kinds, "goals", "answered_at"))
    parts = {kind: _part(reader, fields.get(kind), (*path, kind), items) for kind, items in kinds.items()}
    goals = _ticks(reader, fields.get("goals"), (*path, "goals"))
    said = fields.get("answered_at")
    at = None if said is None else reader.time(said, (*path, "answered_at"), offset=True)
    return Side(parts["alliance"], goals, parts["homework"], parts.get("start"), at)


def _part(reader: _Reader, value: object, path: Path, items: Mapping[str, Check]) -> Part:
    if value is None or value in NOT_ANSWERED:
        return value
    if not isinstance(value, dict):
        remedy = 'write an object with answers, "missed", "excused" or null'
        reader.wrong(path, f"{_shown(value)} cannot stand here: {remedy}.")
        return None
    answers: dict[str, Answer] = {}
    for key, answer in reader.table(value, path, tuple(items)).items():
        if key in items and answer is not None:
            reader.check(answer, (*path, key), items[key])
        answers[key] = cast(Answer, tuple(answer) if isinstance(answer, list) else answer)
    return answers


def _ticks(reader: _Reader, value: object, path: Path) -> Part:
    """The goals a side ticked and the one it put first."""
    part = _part(reader, value, path, {"chosen": _anything, "top": _anything})
    if not isinstance(part, Mapping):
        return part
    chosen, top = part.get("chosen"), part.get("top")
    if chosen is not None and not reader.check(chosen, (*path, "chosen"), _chosen(reader.goal_ids)):
        return part
    ticked = cast(tuple[int | str, ...], chosen or ())
    if top is not None and not any(type(top) is type(one) and top == one for one in ticked):
        reader.wrong((*path, "top"), f'{_shown(top)} is not among the goals in "chosen": tick it there too.')
    return part


def _anything(value: object) -> list[Mistake]:  # noqa: ARG001
    return []


def _chosen(goal_ids: frozenset[int]) -> Check:
    def known(one: object) -> list[Mistake]:
        if one == "other" or (type(one) is int and one in goal_ids):
            return []
        return [((), f'{_shown(one)} is no goal of this case: write the id of one under "goals", or "other".')]

    def check(chosen: object) -> list[Mistake]:
        if not isinstance(chosen, tuple) or not 1 <= len(chosen) <= MOST_TICKED:
            asked = f'list 1 to {MOST_TICKED} of the goals\' ids or "other"'
            return [((), f"{_shown(chosen)} cannot stand here: {asked}.")]
        return _each(known, chosen) or _doubles(chosen)

    return check
