"""R1: the story of a fortnight played twice, in peace and with kill -9 at random moments; both must end alike.

And what the phones saw of the killed one goes past the independent checker.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

from bot.config import shipped_questionnaires
from bot.demo.player import instant
from bot.demo.script import CHAPTERS, ENDS, Player, play
from bot.emulator import TOKEN
from bot.prove.checker import findings
from bot.prove.kill.chronicle import chronicle, differences
from bot.prove.kill.director import Director, directed
from bot.prove.kill.life import cradle
from bot.prove.kill.phones import astray, copies, outgoing, standing, unsaid
from bot.prove.kill.plan import draw, moments
from bot.prove.proof import Tally, check
from bot.prove.world import memory

Story = Callable[[Player], Awaitable[None]]
MANY = 30
"""From so many kills on most of them must have found something in hand."""


async def first_days(player: Player) -> None:
    """Everybody comes in, and the first sessions are asked about."""
    for chapter in CHAPTERS[:3]:
        await chapter(player)


def kills(seed: int, amount: int, tally: Tally) -> None:
    """So many SIGKILLs in one fortnight; a few are spread over its first days."""
    with tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        asyncio.run(compare(Path(folder), play if amount >= MANY else first_days, seed, amount, tally))


async def compare(folder: Path, story: Story, seed: int, amount: int, tally: Tally) -> None:
    """Play it twice and compare. Raises Broken."""
    for name in ("calm", "killed"):
        (folder / name).mkdir(exist_ok=True)
    async with cradle(TOKEN) as process:
        async with directed(folder / "calm", process, {}) as calm:
            await story(calm)
        plan = draw(Random(seed), moments(calm.work), amount)
        async with directed(folder / "killed", process, plan) as killed:
            await story(killed)
            deaths = killed.life.kills
    tally.done += deaths
    tally.struck["SIGKILL"] += deaths
    for one in killed.left_behind:
        tally.figures.update(name for name in ("new", "unmarked", "due", "to_send") if getattr(one, name))
        tally.figures["nothing in hand"] += one.nothing
    idle = tally.figures["nothing in hand"]
    check(deaths < MANY or idle <= deaths / 2, f"{idle} of {deaths} kills found nothing in hand")
    check_alike(folder, calm, killed, deaths)


def check_alike(folder: Path, calm: Director, killed: Director, deaths: int) -> None:
    """The same database, the same words, to the same people; a message may have a copy if a process died over it."""
    histories = calm.emulator.history, killed.emulator.history
    database = folder / "killed" / "accord.db"
    wrong = differences(chronicle(folder / "calm" / "accord.db"), chronicle(database))
    wrong += unsaid(*histories) + astray(histories[1], database)
    wrong += _checked(killed, database)
    check(not wrong, "\n".join(["with kills it ended otherwise:", *wrong[:40]]))
    twice, (texts, counted) = copies(*histories), outgoing(database)
    of_outbox = sum(n for (_, words), n in twice.items() if words in texts)
    check(of_outbox <= counted, f"{of_outbox} copies of what went through the outbox, which counts {counted}")
    check(twice.total() <= deaths, f"more copies than deaths: {twice}")
    over: Counter[tuple[int, str]] = standing(killed.phones) - standing(calm.phones)
    check(over.total() <= deaths, f"more messages left standing than deaths: {over}")


def _checked(killed: Director, database: Path) -> list[str]:
    """What the checker says, but for copies: how many there may be is known better here."""
    events = [event.as_dict() for event in killed.emulator.history.events]
    ends = max(instant(ENDS).timestamp(), events[-1]["at"]) if len(killed.work) > 100 else events[-1]["at"]
    found = findings(events, database, shipped_questionnaires(), ends)
    return [str(one) for one in found if one.kind != "sent twice"]
