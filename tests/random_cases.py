"""Case files at random, of made-up pairs with levels and habits, so that every rule of the digest fires often."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from bot.core.homework import OBSTACLES
from bot.core.walltime import to_utc
from tests.case_files import FIRST, SUBSCALES, ZONE, Json

ITEMS = tuple(f"{k}_{n}" for k in SUBSCALES for n in (1, 2))
KNOWN_OBSTACLES = tuple(obstacle for of_class in OBSTACLES.values() for obstacle in of_class)


class _Pair:
    """How one made-up pair tends to answer: its levels, its habits, its homework."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.level = {k: rng.choice([2, 3, 4, 4, 5, 5]) for k in SUBSCALES}
        self.therapist = {k: rng.choice([2, 3, 3, 4, 5]) for k in SUBSCALES}
        self.flat = rng.random() < 0.2
        self.answers_every = rng.choice([0.0, 0.3, 0.9, 0.95, 0.95])
        self.skips = rng.choice([0.0, 0.0, 0.05, 0.3])
        self.falls = rng.choice([0.0, 0.1, 0.25])
        self.wavers = rng.choice([0.0, 0.0, 0.1, 0.4])
        self.little = rng.random() < 0.5
        self.ticks: dict[str, Json] = {}

    def near(self, level: int, spread: float) -> int:
        step = self.rng.choice([-1, 1]) if self.rng.random() < spread else 0
        return min(5, max(1, level + step))

    def ratings(self, level: Mapping[str, int], spread: float) -> Json:
        kept = {k: self.near(level[k.split("_")[0]], spread) for k in ITEMS}
        return {k: (None if self.rng.random() < self.skips else value) for k, value in kept.items()}

    def alliance(self) -> Json:
        for k in SUBSCALES:
            if self.rng.random() < self.falls:
                self.level[k] = min(5, max(1, self.level[k] + self.rng.choice([-3, -2, -1, -1, -1, 1, 2, 3])))
        if self.rng.random() < 0.05:
            return {}
        one = self.rng.randint(1, 5)
        return (
            dict.fromkeys(ITEMS, one)
            if self.flat and self.rng.random() < 0.9
            else self.ratings(self.level, self.wavers)
        )

    def goals(self, who: str) -> Json:
        if who not in self.ticks or self.rng.random() < 0.3:
            chosen = self.rng.sample([1, 2, 3, "other"], self.rng.randint(1, 3))
            self.ticks[who] = {"chosen": chosen, "top": self.rng.choice(chosen)}
        kept: Json = dict(self.ticks[who])
        if self.rng.random() < 0.05:
            kept[self.rng.choice(["chosen", "top"])] = None
        return kept if kept["chosen"] else {}

    def homework(self) -> Json:
        given = self.rng.choice(["yes", "yes", "yes", "yes", "no", "not_sure", None])
        if given != "yes":
            return {"given": given}
        done = self.rng.choice([0, 0, 1, 1, 2, None] if self.little else [1, 2, 3, 4, 4, None])
        obstacles = self.rng.sample(KNOWN_OBSTACLES, self.rng.choice([0, 1, 1, 2, 4]))
        rest = {key: self.rng.choice([*range(first, first + 5), None]) for key, first in
                (("well", 0), ("why", 1), ("fits", 1), ("difficulty", 0))}  # fmt: skip
        return {"given": "yes", "done": done, "obstacles": self.rng.choice([obstacles, obstacles, None])} | rest

    def start(self) -> Json:
        grades: list[int | str | None] = [1, 2, 3, 4, 5, None]
        asked = {key: self.rng.choice([*grades, "not_yet"]) for key in ("options", "say")}
        return asked | {"privacy": self.rng.choice(grades), "hopes": "to sleep again"}

    def patient(self, at: str | None) -> Json | str | None:
        if self.rng.random() > self.answers_every:
            side: Json = {"alliance": self.rng.choice(["missed", "missed", "missed", "excused", None])}
            return side | {"homework": self.homework()} if self.rng.random() < 0.1 else side["alliance"]
        side = {"alliance": self.alliance(), "goals": self.goals("patient"), "homework": self.homework()}
        if self.rng.random() < 0.2:
            side["start"] = self.start()
        return side | ({"answered_at": at} if at else {})

    def of_therapist(self, at: str | None) -> Json | str | None:
        if self.rng.random() < 0.15:
            return self.rng.choice(["missed", None])
        done = self.rng.choice([0, 1, 2, 3, 4, None])
        homework = {"given": self.rng.choice(["yes", "yes", "no", None]), "done": done}
        side = {"alliance": self.ratings(self.therapist, 0.2), "goals": self.goals("therapist"), "homework": homework}
        return side | ({"answered_at": at} if at else {})


def random_case(rng: Random) -> Json:
    """A case of 1-12 sessions in which rules fire often, and every kind of answer occurs."""
    pair, zone = _Pair(rng), rng.choice([ZONE, "Europe/Berlin", "Asia/Kathmandu", "UTC"])
    goals = [{"id": n, "words": f"goal {n}"} for n in (1, 2, 3)]
    wall = FIRST + timedelta(days=rng.randint(0, 300), hours=rng.randint(-13, 9))
    sessions: list[Json] = []
    for _ in range(rng.randint(1, 12)):
        state = rng.choices(["held", "missed", "cancelled", "planned"], [85, 8, 8, 2])[0]
        session: Json = {"starts": wall.isoformat(timespec="minutes"), "state": state}
        if state == "held":
            session |= {
                "patient": pair.patient(_some_time_after(rng, wall, zone)),
                "therapist": pair.of_therapist(_some_time_after(rng, wall, zone)),
            }
        elif rng.random() < 0.2:
            session["patient"] = rng.choice(["missed", "excused", None])
        sessions.append(session)
        wall += timedelta(days=rng.choice([1, 7, 7, 7, 14]))
    return {"zone": zone, "goals": goals, "sessions": sessions}


def _some_time_after(rng: Random, wall: datetime, zone: str) -> str | None:
    """When a side answered, around the end of the week: as wall time, with an offset, or not said at all."""
    hours = rng.choice([None] * 8 + [1, 167, 168, 169, 400])
    if hours is None:
        return None
    at = (to_utc(wall, ZoneInfo(zone)) + timedelta(hours=hours)).astimezone(ZoneInfo(zone))
    written = rng.choice([at.astimezone(UTC), at, at.replace(tzinfo=None)])
    return written.isoformat(timespec="seconds")
