"""R4: the whole world with all faults mixed, in virtual time; and that the same seed gives the same run."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from random import Random

from bot import desk
from bot.config import shipped_questionnaires
from bot.emulator import PhoneError
from bot.prove.checker import CLOCK_WRONG_S, findings, tables
from bot.prove.crowd import Somebody
from bot.prove.proof import Broken, Tally, check
from bot.prove.virtual import VirtualLoop, run_virtually
from bot.prove.weather import Weather
from bot.prove.world import PATIENTS, THERAPISTS, World, come_in, world
from bot.store.people import Refused

DAYS = 30
DAY = 86400.0
LAST_S = 3 * 3600.0
SPELL_EVERY_S = 3600.0
WEEKLY = {"P-014": "Tue 14:00", "P-015": "Mon 09:00", "P-016": "Wed 16:30", "P-021": "Fri 10:00",
          "P-022": "Tue 20:00 every 2 weeks"}  # fmt: skip


def months(seed: int, amount: int, tally: Tally) -> None:
    """So many months of a small clinic, each with its own faults."""
    for number in range(amount):
        month(seed + number, DAYS, tally)
        tally.done += 1


def month(seed: int, days: float, tally: Tally) -> str:
    """One world; the fingerprint of all that happened in it. Raises Broken with what the checker found."""

    async def main(loop: VirtualLoop) -> str:
        async with world(seed, loop) as made:
            return await _played(made, days, tally)

    return str(run_virtually(main))


def same_again(seed: int, amount: int, tally: Tally) -> None:
    """Equal seed, equal trace: each world is played twice."""
    for number in range(amount):
        first, second = (month(seed + number, 3, tally) for _ in range(2))
        check(first == second, f"seed {seed + number} was played twice, and went two ways: {first}, {second}")
        tally.done += 1


async def _played(made: World, days: float, tally: Tally) -> str:
    await made.people()
    await made.start()
    await come_in(made)
    for code, rule in WEEKLY.items():
        await at_the_desk(made, "set_weekly", code, rule, "2026-10-20", None)
    crowd = [Somebody(made, code, Random(f"{made.random.random()}")) for code in (*THERAPISTS, *PATIENTS)]
    weather = Weather(made, Random(made.random.random()), SPELL_EVERY_S)
    at_work = [asyncio.create_task(one.live()) for one in crowd]
    at_work += [asyncio.create_task(weather.rage()), asyncio.create_task(_front_desk(made))]
    await asyncio.sleep(days * DAY)
    await calm(made, at_work)
    tally.struck += weather.struck
    return judged(made, tally, called=True)


async def at_the_desk(made: World, act: str, *values: object) -> None:
    """A verb of the desk, in the words of `bot.desk.prepared`; what it refuses is left."""
    work, given = desk.prepared(made.config, act, values, made.clock.true())
    with suppress(Refused):
        await made.desk(work, *given)


async def _front_desk(made: World) -> None:
    """Now and then a session to come is moved, or called off.

    One that is over is not moved to a day to come: what was half answered about it is then void, by design.
    """
    random = Random(made.random.random())
    while True:
        await asyncio.sleep(random.expovariate(1 / (40 * 3600)))
        now = made.clock.true()
        near = "SELECT id FROM session WHERE starts_at BETWEEN ? AND ? ORDER BY id"
        span = [str(at.replace(tzinfo=None)) for at in (now + timedelta(hours=1), now + timedelta(days=7))]
        ids = await made.store.read(lambda conn: conn.exec_driver_sql(near, tuple(span)).scalars().all())  # noqa: B023
        if not ids:
            continue
        number = random.choice(list(ids))
        if random.random() < 0.5:
            await at_the_desk(made, "mark_session", number, random.choice(("cancelled", "missed")))
        else:
            wall = (now + timedelta(days=random.randint(1, 6))).strftime("%Y-%m-%dT") + f"{random.randint(8, 18):02}:00"
            await at_the_desk(made, "move_session", number, wall)


async def calm(made: World, at_work: list[asyncio.Task[None]]) -> None:
    """Everybody goes home, nothing goes wrong any more, and the bot is given time to do what it still has to."""
    for task in at_work:
        task.cancel()
    await asyncio.wait(at_work)
    made.emulator.faults.clear()
    made.line.down, made.troubles.until, made.troubles.slow = False, float("-inf"), 0.0
    made.line.kill_at = lambda *_: False
    made.troubles.before_commit = made.troubles.after_commit = None
    made.clock.off = timedelta(0)
    made.emulator.history.record("spell", spell="calm", on=False, off=0.0)  # from now on the clock is right
    await made.bury()
    await made.start()
    for code in (*THERAPISTS, *PATIENTS):
        with suppress(PhoneError):
            made.phone(code).unblock()
    await asyncio.sleep(LAST_S)
    await made.settle()
    await made.stop()


def _moved(made: World) -> list[int]:
    """Who has tapped another zone meanwhile."""
    begun = {code: zone for code, (_, zone, _) in THERAPISTS.items()} | {code: v[2] for code, v in PATIENTS.items()}
    return [row["chat_id"] for row in tables(made.database)["person"] if row["zone"] != begun[row["code"]]]


def judged(
    made: World,
    tally: Tally,
    moved: Sequence[int] = (),
    clock_wrong_s: float = CLOCK_WRONG_S,
    deaths: bool = False,
    called: bool = False,
) -> str:
    """What the checker says of it all. Raises Broken; else the fingerprint. `deaths`: copies are not judged here.
    `called`: requests to be called are.
    """
    events = [event.as_dict() for event in made.emulator.history.events]
    for event in events:
        tally.figures[event["kind"]] += 1
        tally.figures["call me"] += event["kind"] == "tapped" and event["data"] == "k:ask"
    ends = made.clock.true().timestamp()
    found = findings(
        events, made.database, shipped_questionnaires(), ends, {*_moved(made), *moved}, clock_wrong_s, called
    )
    found = [one for one in found if not (deaths and one.kind == "sent twice")]
    if found:
        raise Broken("\n".join(map(str, found[:40])))
    rows = {name: [tuple(row) for row in rows] for name, rows in tables(made.database).items()}
    return hashlib.sha256(json.dumps([events, rows], default=str).encode()).hexdigest()
