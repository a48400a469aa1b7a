"""S15: [Call me, please] again and again, by every patient of the small clinic, while everything goes wrong.

R4 has the same troubles, and some twenty such requests in a month; here they are all that people do, so that each kind
of trouble meets many of them. The same part of the checker judges them.
"""

import asyncio
from contextlib import suppress
from functools import partial
from random import Random

from bot.emulator import Event, PhoneError, Shown
from bot.prove.called import CONTACTS
from bot.prove.checker import tables
from bot.prove.crowd import Somebody
from bot.prove.proof import Tally
from bot.prove.virtual import VirtualLoop, run_virtually
from bot.prove.weather import Weather
from bot.prove.world import PATIENTS, World, come_in, world
from bot.prove.worlds import DAY, SPELL_EVERY_S, calm, judged

ASKS_EVERY_S, LOOKS_AFTER_S = 1200.0, 420.0
OFTEN = 0.7
"""A contact who heard of a request mostly says "I have it"."""
MOST_DAYS = 60


class Caller(Somebody):
    """A patient who asks to be called, and asks again."""

    async def live(self) -> None:
        """Until the world ends."""
        while True:
            await asyncio.sleep(self.random.expovariate(1 / ASKS_EVERY_S))
            with suppress(PhoneError):
                await self.ask_for_a_call()


class Contact(Somebody):
    """Who is told of it, looks at the phone a little later, and mostly takes it on."""

    async def live(self) -> None:
        """Until the world ends."""
        while True:
            await self._rang.wait()
            self._rang.clear()
            await asyncio.sleep(self.random.expovariate(1 / LOOKS_AFTER_S))
            with suppress(PhoneError):
                await self._take_on()

    async def _take_on(self) -> None:
        for message in self.phone.messages[-4:]:
            if label := _label(message, "k:open:"):
                before = len(self.world.emulator.history.events)
                self.phone.tap(label, message.id)
                await self._reply(before)
        for message in self.phone.messages[-4:]:
            if (label := _label(message, "k:mine:")) and self.random.random() < OFTEN:
                self.phone.tap(label, message.id)


def _label(message: Shown, data: str) -> str:
    """The words on a message's button of that kind; "" if it has none."""
    buttons = (button for row in message.keyboard for button in row)
    return next((str(one["text"]) for one in buttons if one.get("callback_data", "").startswith(data)), "")


def calls(seed: int, amount: int, tally: Tally) -> None:
    """So many requests. Raises Broken with what the checker found."""
    run_virtually(partial(_calls, seed=seed, amount=amount, tally=tally))


async def _calls(loop: VirtualLoop, seed: int, amount: int, tally: Tally) -> None:
    async with world(seed, loop) as made:
        await made.people()
        await made.start()
        await come_in(made)
        enough = _enough(made, amount)
        weather = Weather(made, Random(made.random.random()), SPELL_EVERY_S)
        crowd: list[Somebody] = [Caller(made, code, Random(f"{made.random.random()}")) for code in PATIENTS]
        crowd += [Contact(made, code, Random(f"{made.random.random()}")) for code in CONTACTS]
        at_work = [asyncio.create_task(one.live()) for one in crowd] + [asyncio.create_task(weather.rage())]
        with suppress(TimeoutError):
            await asyncio.wait_for(enough.wait(), MOST_DAYS * DAY)
        await calm(made, at_work)
        tally.struck += weather.struck
        judged(made, tally, called=True)
        tally.figures["requests"] += len(tables(made.database)["call"])
        tally.done += min(tally.figures["call me"], amount)


def _enough(made: World, amount: int) -> asyncio.Event:
    """Is set once so many requests were made."""
    enough, left = asyncio.Event(), [amount]

    def hear(event: Event) -> None:
        left[0] -= event.kind == "tapped" and event.data == "k:ask"
        if left[0] <= 0:
            enough.set()

    made.emulator.history.subscribe(hear)
    return enough
