"""A broadcast against a strict limit of 30 messages a second, once as it is and once with 1 % injected refusals."""

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.bench import race, seed
from tests.bench.botapi import BotApi, Event, bot_api, tap_times
from tests.bench.figures import Figure, quantile

MESSAGES, QUICK = 3000, 300
LIMIT = 30
TAPPERS = 20
TAP_EVERY_S = 2.5
AFTER_S = 0.5  # the strict second of what was sent while preparing


@dataclass(frozen=True, slots=True)
class Told:
    """What the Bot API saw of one broadcast."""

    wanted: int
    arrivals: list[tuple[float, int, int]]  # when, chat, number of the message
    refused: int
    injected: int
    taps: list[float]  # seconds from a tap to its edit

    @property
    def share(self) -> float:
        """How much of the limit was used, from the first message to the last."""
        seconds = self.arrivals[-1][0] - self.arrivals[0][0]
        return (len(self.arrivals) - 1) / seconds / LIMIT

    @property
    def late(self) -> float:
        """How late the latest percent came, counted from the place of each in a row of 30 a second."""
        begun = self.arrivals[0][0]
        return quantile([at - begun - n / LIMIT for at, _, n in self.arrivals], 0.99)

    @property
    def lost(self) -> int:
        """How many never came."""
        return self.wanted - len({n for _, _, n in self.arrivals})

    @property
    def twice(self) -> int:
        """How many came again."""
        return len(self.arrivals) - len({n for _, _, n in self.arrivals})

    @property
    def flips(self) -> int:
        """In how many chats a later message came before an earlier one."""
        by_chat: dict[int, list[int]] = defaultdict(list)
        for _, chat, n in self.arrivals:
            by_chat[chat].append(n)
        return sum(numbers != sorted(numbers) for numbers in by_chat.values())


def measure(quick: bool) -> Iterator[Figure]:
    """Both broadcasts, side by side: neither needs a tenth of a core."""
    count = QUICK if quick else MESSAGES
    with ThreadPoolExecutor(2) as pool:
        plain, faulty = pool.map(lambda share: _broadcast(count, share), (0.0, 0.01))
    yield Figure(f"broadcast of {count}: share of 30/s", plain.share, "at least", 0.95, behind=_behind(plain))
    yield Figure("  answered 429", plain.refused, bound=0)
    yield from _counts(plain)
    yield Figure("  p99 late, s", plain.late, bound=3)
    told = f"{len(plain.taps)} taps, median {quantile(plain.taps, 0.5):.3f} s"
    yield Figure("  tap to edit meanwhile, p99, s", quantile(plain.taps, 0.99), bound=0.2, behind=told)
    name = f"with {faulty.injected} injected 429s of 2 s: share of 30/s"
    # In a short one, what is put off near the end makes the whole last longer, and says nothing.
    yield Figure(name, faulty.share, "at least", None if quick else 0.93, behind=_behind(faulty))
    yield Figure("  other 429s", faulty.refused, bound=0)
    yield from _counts(faulty)


def _behind(told: Told) -> str:
    seconds = told.arrivals[-1][0] - told.arrivals[0][0]
    return f"{len(told.arrivals)} in {seconds:.1f} s"


def _counts(told: Told) -> Iterator[Figure]:
    yield Figure("  lost", told.lost, bound=0)
    yield Figure("  twice", told.twice, bound=0)
    yield Figure("  chats out of order", told.flips, bound=0)


def _broadcast(count: int, injected: float) -> Told:
    with bot_api("--limit", str(LIMIT)) as api, tempfile.TemporaryDirectory() as folder:
        course = _prepare(api, Path(folder), count)
        time.sleep(AFTER_S)
        if injected:
            api.ask("/faults", {"kind": "flood", "method": "sendMessage", "share": injected, "retry_after": 2})
        with race.contender("bot", course, 256):
            _tap_meanwhile(course, count)
        return _told(api, count)


def _prepare(api: BotApi, folder: Path, count: int) -> race.Course:
    """People with an open check-in, who tap, and a full outbox for others."""
    course = race.lay_out(api, folder, TAPPERS)
    others = [seed.FIRST_CHAT + 1000 + n for n in range(count // 2)]
    api.started(others)
    seed.filled(folder / "accord.db", seed.full_outbox, others, 2 + TAPPERS, count)
    return course


def _tap_meanwhile(course: race.Course, count: int) -> None:
    """Somebody taps now and then, until everything has come or nothing has come for long."""
    taps = iter(race.steps(course, 0, TAPPERS))
    until = time.monotonic() + 3 * count / LIMIT + 30
    before = TAPPERS  # what preparing sent
    while course.api.counts("sent") < before + count and time.monotonic() < until:
        course.api.act([next(taps)])
        time.sleep(TAP_EVERY_S)
    time.sleep(1)


def _told(api: BotApi, count: int) -> Told:
    events: list[Event] = api.ask("/history")
    arrivals = [
        (event["at"], event["chat"], int(event["text"].rpartition(" ")[2]))
        for event in events
        if event["kind"] == "sent" and event["text"].startswith(seed.NUMBERED)
    ]
    refused = sum(event["kind"] == "refused" and event["detail"].get("code") == 429 for event in events)
    faults = sum(event["kind"] == "fault" for event in events)
    _, *taps = tap_times(events)  # the first one also makes ready templates and statements
    return Told(count, arrivals, refused - faults, faults, taps)
