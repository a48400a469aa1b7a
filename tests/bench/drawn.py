"""What a picture costs, and how much later everybody else is served while pictures are drawn beside the event loop."""

import asyncio
import time
from collections.abc import Iterator
from random import Random
from typing import Any

from bot import drawing
from bot.core.chart import Chart, for_therapist
from tests.bench.figures import Figure, middle, quantile
from tests.case_files import MISSED, case_file, history, met

SESSIONS = (6, 30)
ROUNDS, QUICK = 15, 5
LOOK_S = 0.002
LOOKS, QUICK_LOOKS = 1500, 500


def chart(sessions: int) -> Chart:
    """A pair with so many sessions: every fifth check-in is missed, numbers by a seed."""
    random = Random(sessions)
    rows = [MISSED if n % 5 == 4 else _answered(random) for n in range(sessions)]
    return for_therapist("P-014", history(case_file(rows)))


def _answered(random: Random) -> dict[str, Any]:
    patient, therapist = ({k: (random.randint(1, 5),) * 2 for k in ("goals", "tasks", "bond")} for _ in range(2))
    return met(homework={"given": "yes", "done": random.randint(0, 4)}, they=therapist, **patient)


def measure(quick: bool) -> Iterator[Figure]:
    """Milliseconds for a picture, and the lateness of an event loop meanwhile."""
    first = _seconds(chart(1))
    yield Figure("the first picture of a process, ms", 1000 * first, behind="the library is loaded for it")
    taken = {n: middle([_seconds(chart(n)) for _ in range(QUICK if quick else ROUNDS)]) for n in SESSIONS}
    for n, seconds in taken.items():
        yield Figure(f"a picture of {n} sessions, ms", 1000 * seconds)
    few, many = SESSIONS
    yield Figure(f"{many} sessions over {few}", taken[many] / taken[few], bound=3)
    idle, drawing_late = asyncio.run(_late(QUICK_LOOKS if quick else LOOKS))
    told = f"p50 {1000 * middle(drawing_late):.2f} over {1000 * middle(idle):.2f} ms"
    for share in (0.99, 1):
        name = "slowest" if share == 1 else f"p{100 * share:g}"
        late, before = quantile(drawing_late, share), quantile(idle, share)
        bound = 60 if share < 1 else None
        yield Figure(f"event loop late while drawing, {name}, ms", 1000 * late, bound=bound, behind=told)
        yield Figure(f"  idle, {name}, ms", 1000 * before)


def _seconds(shown: Chart) -> float:
    begun = time.perf_counter()
    drawing.png(shown, "en")
    return time.perf_counter() - begun


async def _late(looks: int) -> tuple[list[float], list[float]]:
    """How late a timer of 2 ms comes: with nothing else to do, and while one picture after another is drawn."""
    idle = await _timers(looks)
    stop = asyncio.Event()
    drawer = asyncio.create_task(_draw_until(stop))
    drawing_late = await _timers(looks)
    stop.set()
    await drawer
    return idle, drawing_late


async def _timers(looks: int) -> list[float]:
    late = []
    for _ in range(looks):
        due = time.perf_counter() + LOOK_S
        await asyncio.sleep(LOOK_S)
        late.append(time.perf_counter() - due)
    return late


async def _draw_until(stop: asyncio.Event) -> None:
    shown = chart(SESSIONS[-1])
    while not stop.is_set():
        await asyncio.to_thread(drawing.png, shown, "en")
