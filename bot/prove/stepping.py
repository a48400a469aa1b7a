"""What a step of R5 is: something is done to the bot and to its model, time passes, and both are compared."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from bot.prove.pairmodel import CheckIn, Key, Model
from bot.prove.pairworld import THERAPIST, PairWorld
from bot.prove.world import STARTS
from bot.prove.worlds import at_the_desk

LETTERS = {"begin": "b", "pick": "p", "skip": "s", "back": "k", "later": "l", "again": "a", "hide": "h", "change": "g",
           "goto": "o", "send": "x", "pass": "z", "not_met": "m", "did_not_meet": "y"}  # fmt: skip
SOON, WAIT_S = timedelta(seconds=12), 25.0
STEPS_OF: Counter[str] = Counter()
"""How often each kind of step was made, in this process, since it was cleared."""


class Differs(AssertionError):
    """The bot and its model say different things."""


class Compared(RuleBasedStateMachine):
    """The bot in a world of its own, its model, and how they are compared."""

    def __init__(self) -> None:
        super().__init__()
        self.world = PairWorld()
        self.model = Model(STARTS)
        self.ids: dict[Key, str] = {}

    def teardown(self) -> None:
        """The run is over."""
        self.world.end()

    def then(self, name: str, wait: float = 8.0) -> None:
        """Count the step, let the world settle, move the model's clock on, and compare."""
        STEPS_OF[name] += bool(name)
        self.world.run(self._settled(wait))
        self.ids = self.world.ids()
        said, shown = {key: one.shown() for key, one in self.model.check_ins.items()}, self.world.shown()
        for key in sorted({*said, *shown}):
            if said.get(key) != shown.get(key):
                raise Differs(f"{name}, {self.model.now}: {key} is {shown.get(key)}, and by the model {said.get(key)}")
        states = {number: one.state for number, one in self.model.sessions.items()}
        if states != self.world.states():
            raise Differs(f"{name}: sessions are {self.world.states()}, and by the model {states}")

    async def _settled(self, wait: float) -> None:
        await asyncio.sleep(wait)
        made, model = self.world.made, self.model
        while (event := model.next_event()) is not None and event <= made.clock.true() + SOON:
            model.advance(event)
            await asyncio.sleep(WAIT_S)
        await made.settle()
        model.advance(made.clock.true())

    def desk(self, act: str, *values: object) -> None:
        """A verb of the desk."""
        self.model.advance(self.world.made.clock.true())
        self.world.run(at_the_desk(self.world.made, act, *values))

    def keys(self, fits: Callable[[CheckIn], bool]) -> list[Key]:
        """The check-ins that can be tapped, of which something holds."""
        now = self.model.now
        return sorted(key for key, one in self.model.check_ins.items() if not one.is_over(now) and fits(one))

    def press(self, key: Key, verb: str, *more: object, by: str = "") -> tuple[str, int]:
        """Tap the button that must be on the phone; what it sent, and from which message."""
        code = by or (THERAPIST if key[1] == "therapist" else self.model.sessions[key[0]].patient)
        phone = self.world.made.phone(code)
        begins = ":".join(["c", self.ids[key], str(self.model.check_ins[key].turn), LETTERS[verb], *map(str, more)])
        for message in reversed(phone.messages):
            for button in (button for row in message.keyboard for button in row):
                data = button.get("callback_data", "")
                if data == begins or data.startswith(f"{begins}:"):
                    self.model.now = self.world.made.clock.true()
                    phone.press(data, message.id)
                    return data, message.id
        raise Differs(f"{verb} of {key} ({begins}) is on no message of {code}")

    def drawn(self, data: st.DataObject, fits: Callable[[CheckIn], bool]) -> tuple[Key, CheckIn]:
        """One of the check-ins of which that holds."""
        key = data.draw(st.sampled_from(self.keys(fits)))
        return key, self.model.check_ins[key]
