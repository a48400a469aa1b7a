"""The player whose bot runs in this process, on a stage: each step lets the bot finish, then tells whoever watches."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot import desk
from bot.core.walltime import zone_of
from bot.demo.script import CLINIC_ZONE, Act, Person
from bot.demo.stage import Stage
from bot.emulator import Event, Phone, PhoneError

Watch = Callable[[], Awaitable[None]]


async def unwatched() -> None:
    """Nobody looks on."""


def instant(when: str) -> datetime:
    """The instant of a wall time of the clinic."""
    return datetime.fromisoformat(when).replace(tzinfo=zone_of(CLINIC_ZONE))


class StagePlayer:
    """Plays a script on a stage (`bot.demo.script.Player`); `watch` is called after each step."""

    def __init__(self, stage: Stage, watch: Watch = unwatched) -> None:
        self.stage, self._watch = stage, watch

    def phone(self, who: Person) -> Phone:
        """A person's phone."""
        return self.stage.phone(who.number, who.name, who.lang)

    async def desk(self, act: Act, *values: object) -> None:
        """Carry out a verb of the desk."""
        work, given = desk.prepared(self.stage.config, act, values, self.stage.clock.now())
        await self.stage.desk(work, *given)

    async def invite(self, who: Person) -> None:
        """Make an invite and open its link."""
        code = await self.stage.invite(who.code)
        await self.say(who, f"/start {code}")

    async def until(self, when: str) -> None:
        """Let time pass."""
        await self.stage.go_to(instant(when))
        await self._watch()

    async def tap(self, who: Person, *labels: str) -> None:
        """Tap buttons one after the other."""
        for label in labels:
            self.phone(who).tap(label)
            await self.stage.quiet()
        await self._done()

    async def say(self, who: Person, words: str) -> None:
        """Type something."""
        self.phone(who).say(words)
        await self._done()

    async def double_tap(self, who: Person, label: str) -> None:
        """Tap twice: both taps are under way before the bot sees the first."""
        for _ in range(2):
            self.phone(who).tap(label)
        await self._done()

    async def old_button(self, who: Person, label: str) -> None:
        """Send once more what the button of that label sent when it was last tapped."""
        tap = self._last_tap(who, label)
        self.phone(who).press(tap.data or "", tap.message_id)
        await self._done()

    def _last_tap(self, who: Person, label: str) -> Event:
        taps = [tap for tap in self.stage.emulator.history.of("tapped", chat=who.number) if tap.text == label]
        if not taps:
            raise PhoneError(f'{who.name} has tapped no button "{label}"')
        return taps[-1]

    async def _done(self) -> None:
        await self.stage.settle()
        await self._watch()
