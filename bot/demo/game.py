"""The fortnight, played by whoever sits before the page: what can be done, and what the page has to show.

The clock stands still until somebody jumps. Whatever is done waits until the bot has finished with it, so that no
step overtakes another; a tap itself is never held up.
"""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from bot import desk
from bot.clock import Clock
from bot.core.walltime import zone_of
from bot.demo import ahead, answering
from bot.demo.answering import Next
from bot.demo.player import StagePlayer, instant
from bot.demo.script import ANNA, BEN, CAST, CLINIC_ZONE, ENDS, Person, comes_in, the_desk_begins
from bot.demo.stage import Stage
from bot.emulator import Event, Phone, PhoneError

NEWS = ("said", "tapped", "opened", "sent", "photo", "document", "edited", "deleted", "answered")
"""What changes what the phones show."""
ARRIVES = ("sent", "photo", "document")
LONGEST_STEP = 60
"""So many moments in a row may bring nothing, so many taps may one check-in take."""
PACE_S, LOOK_S = 0.12, 0.9
"""Seconds that a person is left to follow: between two taps, and before the next jump."""
MARKS = ("held", "missed", "cancelled")
SILENT = (BEN,)
"""Who does not answer when the demo plays by itself, so that it can be seen what the digest makes of silence."""


class Refusal(ValueError):
    """Something the page asked for that cannot be done now; the text says why."""


class Game:
    """A stage with a person before it. `clock` is that person's, for the pauses; `pace` 0 leaves the pauses out."""

    def __init__(self, stage: Stage, clock: Clock, pace: float = 1.0) -> None:
        self.stage = stage
        self.links: dict[Person, str] = {}
        self.coming: list[ahead.Coming] = []
        self.sessions: list[ahead.Appointed] = []
        self.locked: dict[int, list[str]] = {}  # what the last jump brought onto each lock screen
        self.seen = 0  # the newest message before the last jump
        self._answering: set[Person] = set()
        self._plays = False
        self._player: asyncio.Task[None] | None = None
        self._clock, self._pace = clock, pace
        self._turn = asyncio.Lock()
        self._changes = 0
        stage.emulator.history.subscribe(self._on_event)

    # -------------------------------------------------------------------------------------------- news

    @property
    def version(self) -> int:
        """Grows with everything there is to see."""
        return self._changes

    def _on_event(self, event: Event) -> None:
        self._changes += event.kind in NEWS

    def _changed(self) -> None:
        self._changes += 1
        self.stage.emulator.history.wake()

    async def news(self, after: int, seconds: float) -> None:
        """Wait until there is more to see than at version `after`, or until the time is up."""
        await self.stage.emulator.history.until(lambda: self.version != after, seconds)

    # -------------------------------------------------------------------------------------------- who, where, when

    @property
    def now(self) -> datetime:
        """The demo's time, in the clinic's zone."""
        return self.stage.clock.now().astimezone(zone_of(CLINIC_ZONE))

    @property
    def is_over(self) -> bool:
        """Whether the fortnight has passed; whoever likes may go on."""
        return self.now >= instant(ENDS)

    def phone(self, who: Person) -> Phone:
        """A person's phone."""
        return self.stage.phone(who.number, who.name, who.lang)

    def waiting(self, who: Person) -> tuple[int, Next] | None:
        """The message of the last jump that waits for this person, and what to do about it; None: nothing waits."""
        phone = self.phone(who)
        said = {message.text for message in phone.messages if not message.by_bot}
        for message in reversed(phone.messages):
            step = answering.next_of(message.keyboard, who, said) if message.by_bot else None
            if step is not None and (message.id > self.seen or step.kind == "enter"):
                return message.id, step
        return None

    def has_link(self, who: Person) -> bool:
        """Whether somebody holds an invite and has not opened it."""
        return who in self.links and not self.phone(who).person.started

    # -------------------------------------------------------------------------------------------- what can be done

    async def begin(self) -> None:
        """Everybody is in but Anna, who holds her link."""
        player = StagePlayer(self.stage)
        await the_desk_begins(player)
        await player.until("2026-11-02T08:30")
        for who in CAST:
            if who is not ANNA:
                await comes_in(player, who)
        name = self.stage.app.bot.username
        self.links[ANNA] = f"https://t.me/{name}?start={await self.stage.invite(ANNA.code)}"
        self.seen = max((message.id for who in CAST for message in self.phone(who).messages), default=0)
        await self.settle()

    async def settle(self) -> None:
        """Let the bot finish what was tapped or typed."""
        async with self._turn:
            await self.stage.settle()
            await self._look()

    async def _look(self) -> None:
        """See what comes next, and what the front desk sees."""
        self.coming = await self.stage.app.store.read(ahead.next_moment, self.stage.config.plan)
        self.sessions = await self.stage.app.store.read(ahead.sessions_of_week, self.now.date())
        self._changed()

    async def jump(self) -> None:
        """Move the clock to the next moment that brings something onto a phone; Refused if nothing is laid out."""
        async with self._turn:
            await self.stage.settle()
            await self._look()
            if not self.coming:
                raise Refusal("Nothing more is laid out.")
            before = {who: len(self.phone(who).notifications) for who in CAST}
            newest = max((message.id for who in CAST for message in self.phone(who).messages), default=0)
            await self._go_on()
            self.seen = newest
            self.locked = {who.number: self.phone(who).notifications[before[who] :] for who in CAST}
            await self.stage.app.ticks.housekeeping()
            await self._look()

    async def _go_on(self) -> None:
        history = self.stage.emulator.history
        for _ in range(LONGEST_STEP):
            if not self.coming:
                return
            since = len(history.events)
            await self.stage.go_to(self.coming[0].at)
            await self._look()
            if any(event.kind in ARRIVES for event in history.since(since)):
                return

    async def answer(self, who: Person) -> None:
        """Let somebody do what waits on the phone, to its end: a check-in until it is sent, a digest until it is open.

        Refusal if nothing waits.
        """
        begun = self.waiting(who)
        if begun is None or who in self._answering:
            raise Refusal(f"Nothing waits on {who.name}'s phone.")
        self._answering.add(who)
        try:
            await self._answer_to_the_end(who, begun[1].kind == "read")
        finally:
            self._answering.discard(who)

    async def _answer_to_the_end(self, who: Person, has_read: bool) -> None:
        for _ in range(LONGEST_STEP):
            waits = self.waiting(who)
            if waits is None or (waits[1].kind == "read" and not has_read):
                break
            self._act(who, *waits)
            async with self._turn:
                await self.stage.settle()
            await self._pause(PACE_S)
        await self.settle()

    def _act(self, who: Person, message: int, step: Next) -> None:
        if step.words:
            self.phone(who).say(step.words)
        else:
            self.phone(who).tap(step.label, message)

    async def come_in(self, who: Person) -> None:
        """Open the link, and tap through."""
        self.phone(who).say(f"/start {self.links[who].rpartition('=')[2]}")
        await self.settle()
        await self.answer(who)

    async def desk(self, session: int, act: str) -> None:
        """The front desk marks a session of this week, or puts it off by a day. Raises `people.Refused`, Refusal."""
        row = next((row for row in self.sessions if row.id == session), None)
        if row is None or act not in (*MARKS, "later"):
            raise Refusal("The page shows no such session.")
        if act == "later":
            moved = datetime.fromisoformat(row.local) + timedelta(days=1)
            verb, values = "move_session", (session, moved.isoformat(timespec="minutes"))
        else:
            verb, values = "mark_session", (session, act)
        work, given = desk.prepared(self.stage.config, verb, values, self.now)
        await self.stage.desk(work, *given)
        await self.settle()

    # -------------------------------------------------------------------------------------------- by itself

    @property
    def playing(self) -> bool:
        """Whether the demo plays by itself."""
        return self._plays and self._player is not None

    def play(self, on: bool) -> None:
        """Begin to play by itself, or stop after what is being done."""
        self._plays = on
        if on and self._player is None:
            self._player = asyncio.create_task(self._play())
            self._player.add_done_callback(self._played)
        self._changed()

    def _played(self, task: asyncio.Task[None]) -> None:
        self._player, self._plays = None, False
        if not task.cancelled():
            task.exception()
        self._changed()

    async def _play(self) -> None:
        """Everybody does what waits, then time goes on; until the fortnight is over and the last digest was read."""
        while self._plays:
            who = next((who for who in CAST if who not in SILENT and self._has_to_act(who)), None)
            if who is None and (self.is_over or not self.coming):
                return
            with suppress(PhoneError, Refusal):  # somebody else was quicker
                await (self.jump() if who is None else self.go(who))
            await self._pause(LOOK_S)

    async def go(self, who: Person) -> None:
        """Let somebody do what waits: come in, answer, open. Raises Refusal if nothing waits."""
        await (self.come_in(who) if self.has_link(who) else self.answer(who))

    def _has_to_act(self, who: Person) -> bool:
        return self.has_link(who) or self.waiting(who) is not None

    async def _pause(self, seconds: float) -> None:
        await self._clock.sleep(seconds * self._pace)

    async def end(self) -> None:
        """Stop playing at once."""
        if self._player is not None:
            self._player.cancel()
            await asyncio.gather(self._player, return_exceptions=True)
