"""What an answered tap costs beside the floor and the stock library, and how many go through at once."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.bench import race
from tests.bench.botapi import bot_api
from tests.bench.figures import Figure, middle
from tests.bench.race import Course, Run

PEOPLE, QUICK = 300, 100
WARM = 20
ROUNDS, QUICK_ROUNDS = 3, 2
ONE_BY_ONE = 4  # people
LATENCY_MS = 50
SLOW_PEOPLE = 90  # at 50 ms the stock library answers some fifty taps a second

Runs = dict[str, list[Run]]


def measure(quick: bool) -> Iterator[Figure]:
    """CPU for a tap, taps a second, and what storing costs."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with tempfile.TemporaryDirectory() as folder, bot_api("--no-history") as api:
        course = race.lay_out(api, Path(folder), QUICK if quick else PEOPLE)
        yield from _cpu(course, rounds)
        yield from _quiet(course, rounds)
        yield from _rates(course, rounds)
    with tempfile.TemporaryDirectory() as folder, bot_api("--no-history", "--latency", str(LATENCY_MS)) as api:
        yield from _far_away(race.lay_out(api, Path(folder), SLOW_PEOPLE), 1 if quick else 2)


def _in_turn(course: Course, rounds: int, *kinds: tuple[str, int]) -> Runs:
    """Bursts of taps for each kind and number in flight, in turn."""
    runs: Runs = defaultdict(list)
    for _ in range(rounds):
        for kind, in_flight in kinds:
            runs[f"{kind} {in_flight}"].append(race.burst(kind, course, in_flight, WARM))
    return runs


def _ms(runs: list[Run]) -> float:
    return middle([run.cpu_ms for run in runs])


def _rate(runs: list[Run]) -> float:
    return middle([run.rate for run in runs])


def _cpu(course: Course, rounds: int) -> Iterator[Figure]:
    runs = _in_turn(course, rounds, ("raw", 256), ("stock", 1), ("bot", 256))
    raw, stock, bot = (_ms(runs[name]) for name in ("raw 256", "stock 1", "bot 256"))
    told = f"{bot:.2f} ms of CPU for a tap; stock {stock:.2f}, raw {raw:.2f}"
    yield Figure("CPU for a tap over stock python-telegram-bot", bot / stock, bound=1.2, goal=0.6, behind=told)
    yield Figure("CPU for a tap over a raw loop", bot / raw)


def _quiet(course: Course, rounds: int) -> Iterator[Figure]:
    stock, bot = ([race.one_by_one(kind, course, WARM, ONE_BY_ONE) for _ in range(rounds)] for kind in ("stock", "bot"))
    told = f"{_ms(bot):.2f} over {_ms(stock):.2f} ms"
    yield Figure("the same, one tap after another", _ms(bot) / _ms(stock), bound=1.2, goal=0.6, behind=told)


def _rates(course: Course, rounds: int) -> Iterator[Figure]:
    runs = _in_turn(course, rounds, ("bot", 16), ("bot", 256), ("bot", 64), ("bare", 64))
    few, many, stored, bare = (_rate(runs[name]) for name in ("bot 16", "bot 256", "bot 64", "bare 64"))
    yield Figure(
        "taps a second, 256 in flight over 16", many / few, "at least", 0.9, behind=f"{many:.0f} over {few:.0f}/s"
    )
    told = f"{stored:.0f} over {bare:.0f}/s; without: the same loop, screens and replies over dictionaries, no SQL"
    yield Figure("rate kept with storing, 64 in flight", stored / bare, "at least", 0.3, 0.8, told)


def _far_away(course: Course, rounds: int) -> Iterator[Figure]:
    runs = _in_turn(course, rounds, ("stock", 64), ("bot", 64))
    stock, bot = _rate(runs["stock 64"]), _rate(runs["bot 64"])
    name = f"taps a second over stock, 64 in flight, {LATENCY_MS} ms away"
    yield Figure(name, bot / stock, "at least", 2.5, 6, f"{bot:.0f} over {stock:.0f}/s")
