"""A case file (parsed JSON) -> a history, or every mistake in it by its path.

A clinician types or exports a history and asks what the digest would say about it. The format is a contract: README.
"""

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
    Side,
)
from bot.core.homework import OBSTACLES
from bot.core.problem import Problem, did_you_mean
from bot.core.walltime import to_utc

NOT_ANSWERED: tuple[NotAnswered, ...] = get_args(NotAnswered)
MOST_TICKED = 3

Path = tuple[str | int, ...]
Check = Callable[[object], str | None]
"""What is wrong with a value, as a sentence with the remedy; None if nothing is."""


def _points(first: int, last: int, *also: str) -> Check:
    words = "".join(f', "{word}"' for word in also)

    def check(value: object) -> str | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and first <= value <= last
        return (
            None if fits or value in also else f"{_shown(value)} is not a whole number from {first} to {last}{words}."
        )

    return check


def _one_of(*words: str) -> Check:
    listed = ", ".join(f'"{word}"' for word in words)

    def check(value: object) -> str | None:
        if isinstance(value, str) and value in words:
            return None
        hint = did_you_mean(value, words) if isinstance(value, str) else ""
        return f"{_shown(value)} is not one of {listed}.{hint}"

    return check


def _text(value: object) -> str | None:
    return None if isinstance(value, str) else f"{_shown(value)} is not a text."


def _obstacles(value: object) -> str | None:
    if not isinstance(value, list):
        return f"{_shown(value)} is not a list of obstacles."
    said = [
        problem for one in value if (problem := _one_of(*(o for of_class in OBSTACLES.values() for o in of_class))(one))
    ]
    if not said and len(set(value)) < len(value):
        return "the same obstacle stands in it twice: name each once."
    return said[0] if said else None


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else {True: "true", False: "false"}.get(value, str(value))  # type: ignore[call-overload]
    return text if len(text) <= 60 else f"{text[:57]}..."


ALLIANCE = {f"{k}_{n}": _points(1, 5) for k in ("goals", "tasks", "bond") for n in (1, 2)}
HOMEWORK_BOTH: dict[str, Check] = {"given": _one_of("yes", "no", "not_sure"), "done": _points(0, 4)}
HOMEWORK: dict[str, Check] = HOMEWORK_BOTH | {
    "well": _points(0, 4), "why": _points(1, 5), "fits": _points(1, 5), "difficulty": _points(0, 4), "obstacles": _obstacles,
}  # fmt: skip
START: dict[str, Check] = {
    "privacy": _points(1, 5), "hopes": _text, "options": _points(1, 5, "not_yet"), "say": _points(1, 5, "not_yet"),
}  # fmt: skip
ITEMS: dict[str, dict[str, dict[str, Check]]] = {
    "patient": {"alliance": ALLIANCE | {"own_words": _text}, "homework": HOMEWORK, "start": START},
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

    def table(self, value: object, path: Path, known: Sequence[str], needed: Sequence[str] = ()) -> dict[str, object]:
        if not isinstance(value, dict):
            self.wrong(path, f"{_shown(value)} is not an object in braces.")
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
        self.wrong(path, f"{_shown(value)} is not a list in square brackets.")
        return []

    def time(self, value: object, path: Path, offset: bool = False) -> datetime | None:
        """An instant from wall time in the case's zone, or (answered_at) from a time with an offset."""
        example = '"2026-03-03T14:00"'
        try:
            at = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
        except ValueError:
            at = None
        if at is None:
            self.wrong(path, f"{_shown(value)} is not a date and time: write it as {example}.")
        elif at.tzinfo is not None and not offset:
            self.wrong(
                path, f"{_shown(value)} carries an offset: write the wall time in the case's zone, as {example}."
            )
        elif at.tzinfo is not None:
            return at.astimezone(UTC)
        elif self.zone is not None:
            return to_utc(at, self.zone)
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
    goals = _goals(reader, case.get("goals") or [])
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
        if "id" in goal and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
            reader.wrong((*path, "id"), f"{_shown(number)} is not a whole number from 1 up.")
        elif number in {g.id for g in goals}:
            reader.wrong((*path, "id"), f"{number} stands twice: give each goal a number of its own.")
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
    if "state" in fields and (says := _one_of(*SESSION_STATES)(state)):
        reader.wrong((*path, "state"), says)
    starts = reader.time(fields["starts"], (*path, "starts")) if "starts" in fields else None
    sides = {who: _side(reader, fields.get(who), (*path, who), who) for who in ("patient", "therapist")}
    for who, side in sides.items():
        parts = (side.alliance, side.goals, side.homework, side.start)
        if state in SESSION_STATES and state != "held" and any(isinstance(part, Mapping) for part in parts):
            says = f'has answers, but the session is "{state}": only a held session has answers. Take them out.'
            reader.wrong((*path, who), says)
    if starts is None or state not in SESSION_STATES:
        return None
    return Session(starts, str(fields["starts"]), state, **sides)


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
    if isinstance(value, str) or not isinstance(value, dict):
        reader.wrong(path, f'{_shown(value)} is not an object with answers, "missed", "excused" or null.')
        return None
    answers: dict[str, Answer] = {}
    for key, answer in reader.table(value, path, tuple(items)).items():
        says = items[key](answer) if key in items and answer is not None else None
        if says is not None:
            reader.wrong((*path, key), says)
        answers[key] = cast(Answer, tuple(answer) if isinstance(answer, list) else answer)
    return answers


def _ticks(reader: _Reader, value: object, path: Path) -> Part:
    """The goals a side ticked and the one it put first."""
    part = _part(reader, value, path, {"chosen": _anything, "top": _anything})
    if not isinstance(part, Mapping):
        return part
    chosen, top = part.get("chosen"), part.get("top")
    if chosen is not None and (says := _chosen_wrong(reader, chosen)):
        reader.wrong((*path, "chosen"), says)
    elif top is not None and (chosen is None or top not in cast(tuple[int | str, ...], chosen)):
        reader.wrong((*path, "top"), f'{_shown(top)} is not among the goals in "chosen": tick it there too.')
    return part


def _anything(value: object) -> str | None:  # noqa: ARG001
    return None


def _chosen_wrong(reader: _Reader, chosen: object) -> str | None:
    if not isinstance(chosen, tuple) or not 1 <= len(chosen) <= MOST_TICKED:
        return f'{_shown(chosen)} is not a list of 1 to {MOST_TICKED} of the goals\' ids or "other".'
    for one in chosen:
        if one != "other" and (type(one) is not int or one not in reader.goal_ids):
            return f'{_shown(one)} is not the id of a goal of this case, nor "other": list the goal under "goals".'
    return "the same goal stands in it twice: tick each once." if len(set(chosen)) < len(chosen) else None
