"""R7, R8, R12, R14, R15: the small clinic under one kind of trouble at a time, each judged by the same checker."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

from bot import clinic_people
from bot.emulator import Event, Fault
from bot.emulator.refuse import TERMINATED, Refusal, conflict
from bot.prove.crowd import Somebody
from bot.prove.inline import FULL, IO
from bot.prove.proof import Tally, check
from bot.prove.virtual import VirtualLoop, run_virtually
from bot.prove.weather import HOUR, Weather
from bot.prove.world import NUMBERS, PATIENTS, THERAPISTS, World, come_in, world
from bot.prove.worlds import WEEKLY, at_the_desk, calm, judged
from bot.store.people import Refused

WEEK_S = 8 * 86400.0


async def begun(made: World) -> list[asyncio.Task[None]]:
    """Everybody is in, has sessions, and lives; their tasks."""
    await made.people()
    await made.start()
    await come_in(made)
    for code, rule in WEEKLY.items():
        await at_the_desk(made, "set_weekly", code, rule, "2026-10-20", None)
    crowd = [Somebody(made, code, Random(f"{made.random.random()}")) for code in (*THERAPISTS, *PATIENTS)]
    return [asyncio.create_task(one.live()) for one in crowd]


def api_down(seed: int, amount: int, tally: Tally) -> None:
    """R7: the Bot API is away for 6 h, or 25 h, at a random moment of a week."""
    for number in range(amount):
        run_virtually(partial(_down, seed=seed + number, tally=tally))
        tally.done += 1


async def _down(loop: VirtualLoop, seed: int, tally: Tally) -> None:
    async with world(seed, loop) as made:
        at_work = await begun(made)
        hours = (6, 25)[seed % 2]
        await asyncio.sleep(made.random.random() * (WEEK_S - hours * HOUR))
        if made.random.random() < 0.5:  # so that a question and what follows on it may both fall into it
            await _shortly_before_a_question(made)
        made.line.down = True
        await asyncio.sleep(hours * HOUR)
        made.line.down = False
        back = made.clock.true().timestamp()
        tally.figures[f"down {hours} h"] += 1
        tally.struck["call in vain"] += made.line.in_vain
        await asyncio.sleep(2 * HOUR)
        _no_burst(made, back)
        await asyncio.sleep(2 * 86400)
        await calm(made, at_work)
        judged(made, tally)


async def _shortly_before_a_question(made: World) -> None:
    """Until at most two hours before the next check-in opens."""
    opens = "SELECT min(due_at) FROM check_in WHERE state = 'planned'"
    at = await made.store.read(lambda conn: conn.exec_driver_sql(opens).scalar())
    if at is not None:
        ahead = datetime.fromisoformat(at).replace(tzinfo=UTC) - made.clock.now()
        await asyncio.sleep(max(0.0, ahead.total_seconds() - made.random.random() * 2 * HOUR))


def _no_burst(made: World, back: float) -> None:
    """Nobody is rung more than once in a minute once the API is back."""
    rings = [(e.chat, e.at) for e in made.emulator.history.of("sent") if not e.detail.get("silent") and e.at >= back]
    asking = Counter((chat, int((at - back) // 60)) for chat, at in rings if chat in {v[0] for v in PATIENTS.values()})
    most = asking.most_common(1)
    check(not most or most[0][1] <= 1, f"after the outage a patient was rung {most} times in one minute")


def refusals(seed: int, amount: int, tally: Tally) -> None:
    """R8: 429 for up to an hour, 403, 400, 409, 5xx, in a week; nothing is sent inside a pause that was asked for."""
    for number in range(amount):
        run_virtually(partial(_refused, seed=seed + number, tally=tally))
        tally.done += 1


async def _refused(loop: VirtualLoop, seed: int, tally: Tally) -> None:
    async with world(seed, loop) as made:
        at_work = await begun(made)
        until = made.loop.time() + WEEK_S
        lurking: list[Fault] = []
        while made.loop.time() < until:
            await asyncio.sleep(made.random.expovariate(1 / HOUR))
            kind = made.random.choices(list(_NAMES), OFTEN)[0]
            if kind in ("forbidden", "bad"):  # messages are sent seldom: these wait for the next one
                lurking.append(made.emulator.faults.add(kind, method="sendMessage", count=1))
            else:
                tally.struck[_NAMES[kind]] += await _strike(made, kind)
        tally.struck += Counter(_NAMES[fault.kind] for fault in lurking if fault.hits)
        _pauses_kept(made)
        await calm(made, at_work)
        judged(made, tally)


_NAMES = {"flood": "429", "forbidden": "403", "broken": "500", "gateway": "502", "conflict": "409", "bad": "400"}
OFTEN = (3, 1, 3, 3, 2, 1)


async def _strike(made: World, kind: str) -> int:
    """One trouble; how often it struck."""
    faults = made.emulator.faults
    if kind == "conflict":  # a second poller, for a moment
        made.emulator.world.updates.interrupt(_conflict())
        await asyncio.sleep(90)
        return 1
    retry = made.random.choice((3, 60, 3600))
    fault = faults.add(kind, count=made.random.randint(1, 3), retry_after=retry)
    await asyncio.sleep(1800)
    with suppress(ValueError):
        faults.planned.remove(fault)
    return fault.hits


def _conflict() -> Refusal:
    return conflict(TERMINATED)


def _pauses_kept(made: World) -> None:
    """After a 429 nothing goes to that chat out of the outbox until the time is over; replies to taps may try."""
    pauses: dict[int, float] = {}
    for event in made.emulator.history.events:
        asked = event.detail.get("fault") == "flood" and event.detail["method"] == "sendMessage"
        if asked and event.chat and not event.detail["params"].get("disable_notification"):
            pauses[event.chat] = event.at + event.detail["pause"]
        elif event.kind == "sent" and not event.detail.get("silent") and event.chat in pauses:
            early = pauses[event.chat] - event.at
            check(early < 1.5, f"{event.chat} was written to {early:.0f} s before the pause it was asked for was over")


def clock_jumps(seed: int, amount: int, tally: Tally) -> None:
    """R12: the machine's clock jumps; no check-in is doubled, none is missing, none rings at night twice."""
    run_virtually(lambda loop: _jumps(loop, seed, amount, tally))


async def _jumps(loop: VirtualLoop, seed: int, amount: int, tally: Tally) -> None:
    async with world(seed, loop) as made:
        at_work = await begun(made)
        for _ in range(amount):
            await asyncio.sleep(made.random.expovariate(1 / 1200))
            by = made.random.choice((-3600, 3600, -300, 300, -60, 60, -86400, 0))
            made.clock.off = timedelta(seconds=by)
            made.written(_jumps)
            tally.struck["clock jump"] += 1
            tally.done += 1
            if abs(by) > 3600 or made.random.random() < 0.5:  # somebody sees it, and sets it right
                await asyncio.sleep(made.random.random() * 120)
                made.clock.off = timedelta(0)
        await calm(made, at_work)
        judged(made, tally, clock_wrong_s=3700.0, deaths=True)


def moves(seed: int, amount: int, tally: Tally) -> None:
    """R14: patients move from zone to zone; at most one check-in about each session, and none at night."""
    run_virtually(lambda loop: _move(loop, seed, amount, tally))


ZONES = ("Asia/Tokyo", "America/Denver", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu",
         "Australia/Lord_Howe", "Africa/Casablanca", "America/Vancouver", "Asia/Kabul")  # fmt: skip


async def _move(loop: VirtualLoop, seed: int, amount: int, tally: Tally) -> None:
    async with world(seed, loop) as made:
        at_work = await begun(made)
        for _ in range(amount):
            await asyncio.sleep(made.random.expovariate(1 / (2 * HOUR)))
            code, zone = made.random.choice(list(PATIENTS)), made.random.choice(ZONES)
            with suppress(Refused):
                await made.desk(clinic_people.set_person, made.config, code, zone, None, made.clock.true())
                tally.struck["move"] += 1
            tally.done += 1
        await calm(made, at_work)
        judged(made, tally, moved=list(NUMBERS.values()))


def stalls(seed: int, amount: int, tally: Tally) -> None:
    """R15: the process stands still for 3 to 600 s, again and again; all that became due meanwhile still happens."""
    run_virtually(lambda loop: _stalls(loop, seed, amount, tally))


async def _stalls(loop: VirtualLoop, seed: int, amount: int, tally: Tally) -> None:
    async with world(seed, loop) as made:
        at_work = await begun(made)
        weather = Weather(made, Random(made.random.random()))
        for _ in range(amount):
            await asyncio.sleep(made.random.expovariate(1 / 600))
            await weather.spell("stall")
            tally.done += 1
        tally.struck += weather.struck
        await calm(made, at_work)
        judged(made, tally)


def lossy_line(seed: int, amount: int, tally: Tally) -> None:
    """R6: replies lost after acceptance, calls cut, hanging, refused by a server in trouble, until so many struck."""
    run_virtually(lambda loop: _lossy(loop, seed, amount, tally))


LOSSY = ("lost", "cut", "hang", "broken", "gateway")


async def _lossy(loop: VirtualLoop, seed: int, amount: int, tally: Tally) -> None:
    async with world(seed, loop) as made:
        at_work = await begun(made)
        before = Counter[str]()
        while before.total() < amount and made.loop.time() < 120 * 86400:
            planned = made.emulator.faults.planned
            planned.clear()
            for kind in LOSSY:
                for method in ("sendMessage", "editMessageText", "answerCallbackQuery", "getUpdates"):
                    made.emulator.faults.add(kind, method=method, share=0.05)
            await asyncio.sleep(HOUR)
            before += Counter({fault.kind: fault.hits for fault in planned if fault.hits})
        tally.struck += before
        tally.done += min(before.total(), amount)
        await calm(made, at_work)
        judged(made, tally)


def disk_spells(seed: int, amount: int, tally: Tally) -> None:
    """R3W: the disk is full, or fails, for some seconds just when somebody taps; then there is room again."""
    run_virtually(lambda loop: _spells(loop, seed, amount, tally))


async def _spells(loop: VirtualLoop, seed: int, amount: int, tally: Tally) -> None:
    async with world(seed, loop) as made:
        at_work = await begun(made)
        for number in range(amount):
            await _a_tap(made, made.random.randint(1, 6))
            code, words = ((FULL, "disk full"), (IO, "I/O error"))[number % 2]
            before, seconds = made.troubles.struck, made.random.choice((0.5, 5.0, 40.0))
            made.emulator.history.record("fault", fault="disk")
            made.troubles.begin(code, 1.0, made.loop.time() + seconds)
            await asyncio.sleep(seconds)
            made.emulator.history.record("fault", fault="disk")
            tally.struck[words] += made.troubles.struck - before
            tally.done += 1
        await calm(made, at_work)
        judged(made, tally)


async def _a_tap(made: World, number: int) -> None:
    """Wait for so many taps."""
    tapped = asyncio.Event()
    left = [number]

    def hear(event: Event) -> None:
        left[0] -= event.kind == "tapped"
        if left[0] <= 0:
            tapped.set()

    forget = made.emulator.history.subscribe(hear)
    with suppress(TimeoutError):
        await asyncio.wait_for(tapped.wait(), 86400.0)
    forget()
