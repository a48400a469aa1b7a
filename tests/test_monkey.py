"""Five phones in the hands of monkeys: random taps, words, blocks, appointments, outages. Nothing may raise or leak."""

import contextlib
import re
from datetime import timedelta
from random import Random

import pytest

from bot import clinic as desk
from bot import clinic_people as people_desk
from bot.store.people import Refused
from bot.store.tables import check_in, outbox, session
from tests.conftest import DENVER, PAIRS, PHONES, Clinic, Someone

pytestmark = pytest.mark.deep

WORDS = (
    "4", "mostly", "back", "skip", "omitir", "later", "hide", "continue", "send", "change", "done", "A4", "E yes",
    "b 2", "hello", "/mine", "New York", "/start", "/help", "/checkin", "/rate", "/digest", "/settings", "/privacy",
    "/goals", "/goals P-014", "/goals P-021", "/homework", "/homework P-014 a walk", "/homework P-021 a walk",
    "/today", "/patients", "/pair P-014", "/away", "/zone", "/mydata", "24 Dec",
    "/stop", "/start x", "my own words <b>&", "x" * 1001, "none", "no", "1", "🙂",
)  # fmt: skip


class Monkeys:
    """They play by a seed, so that what they find can be found again."""

    def __init__(self, clinic: Clinic, seed: int) -> None:
        self.clinic, self.random = clinic, Random(seed)
        self.old: list[tuple[str, str]] = []

    async def play(self, acts: int) -> None:
        """So many acts, mostly taps."""
        often = [self.tap] * 6 + [self.work] * 4 + [self.wait] * 5 + [self.type] * 2
        for _ in range(acts):
            await self.random.choice([*often, self.press_old, self.appoint, self.change, self.part, self.trouble])()

    def someone(self) -> Someone:
        """Whoever's turn it is, with a phone that is not blocked."""
        one = self.clinic[self.random.choice(list(PHONES))]
        if one.phone.person.blocked:
            one.phone.unblock()
        return one

    async def tap(self) -> None:
        """Any button that is there, more likely the newest."""
        one = self.someone()
        shown = [message for message in one.phone.messages if message.keyboard]
        if shown:
            message = shown[-1] if self.random.random() < 0.8 else self.random.choice(shown)
            button = self.random.choice([button for row in message.keyboard for button in row])
            self.old.append((one.code, button["callback_data"]))
            await one.presses(button["callback_data"], message)

    async def work(self) -> None:
        """Somebody goes through what is open, never putting it off."""
        one = self.someone()
        for _ in range(self.random.randint(1, 16)):
            shown = [message for message in one.phone.messages if message.keyboard]
            labels = [label for row in (shown[-1].buttons if shown else ()) for label in row]
            onward = [label for label in labels if label not in ("Hide", "Later", "Back", "We did not meet", "Ocultar")]
            if onward:
                await one.taps(self.random.choice(onward), on=shown[-1].id)
            elif "Back" in labels:
                await one.taps("Back", on=shown[-1].id)

    async def press_old(self) -> None:
        """A button that was tapped before, perhaps by another."""
        if self.old:
            one = self.someone()
            if any(message.by_bot for message in one.phone.messages):
                await one.presses(self.random.choice(self.old)[1])

    async def type(self) -> None:
        """Any words."""
        await self.someone().says(self.random.choice(WORDS))

    async def wait(self) -> None:
        """Let time pass."""
        await self.clinic.wait(minutes=self.random.choice((1, 6, 45, 130, 700, 1500)))

    async def appoint(self) -> None:
        """A session, in the next days or the last."""
        day, hour = self.random.randint(-3, 9), self.random.randint(7, 21)
        wall = (
            self.clinic.clock.now()
            .astimezone(DENVER)
            .replace(hour=hour, minute=0, second=0, microsecond=0, tzinfo=None)
        )
        code = self.random.choice(("P-014", "P-015", "P-021"))
        values = (self.clinic.config, code, wall + timedelta(days=day), None, self.clinic.clock.now())
        with contextlib.suppress(Refused):
            await self.clinic.desk(desk.add_session, *values)

    async def change(self) -> None:
        """A session is marked or moved."""
        rows = await self.clinic.rows(session)
        if not rows:
            return
        number, now = self.random.choice(rows).id, self.clinic.clock.now()
        if self.random.random() < 0.7:
            state = self.random.choice(("cancelled", "missed", "held"))
            await self.clinic.desk(desk.mark_session, self.clinic.config, number, state, now)
        else:
            wanted = now.replace(hour=18, minute=0, second=0, microsecond=0, tzinfo=None)
            with contextlib.suppress(Refused):  # there is one at that time
                await self.clinic.desk(desk.move_session, self.clinic.config, number, wanted, now)

    async def part(self) -> None:
        """Somebody goes away, pauses or goes on, or has a new phone on which the desk decides."""
        code, now = self.random.choice(("P-014", "P-015", "P-021")), self.clinic.clock.now()
        today = now.astimezone(DENVER).date()
        days = (today, today + timedelta(days=self.random.randint(-1, 9)))
        verb, *values = self.random.choice((
            (people_desk.set_away, code, days), (people_desk.remove_away, code, None), (people_desk.pause, code),
            (people_desk.resume, code), (people_desk.set_leave, PAIRS[code], days, True, None),
            (people_desk.revoke_invite, code), (people_desk.set_person, code, None, self.random.choice(("en", "es"))),
        ))  # fmt: skip
        with contextlib.suppress(Refused):
            await self.clinic.desk(verb, self.clinic.config, *values, now)

    async def trouble(self) -> None:
        """The Bot API is in trouble, somebody blocks the bot, or it is started anew."""
        what = self.random.choice(("restart", "block", "flood", "broken", "lost", "bad"))
        if what == "restart":
            await self.clinic.restart()
        elif what == "block":
            self.someone().phone.block()
            await self.clinic.stage.settle()
        else:
            method = self.random.choice(("sendMessage", "editMessageText"))
            self.clinic.emulator.faults.add(what, method=method, count=self.random.randint(1, 3))


def everything(someone: Someone) -> str:
    """All that this phone ever showed."""
    events = someone.stage.emulator.history.of("sent", "edited", "answered", chat=someone.phone.id)
    return "\n".join(f"{event.text} {event.keyboard}" for event in events)


async def check(clinic: Clinic) -> None:
    """What holds whatever was done."""
    clinic.emulator.faults.clear()
    await clinic.wait(hours=1)
    assert [
        one.code for code in PHONES if (one := clinic[code]).phone.unanswered and not one.phone.person.blocked
    ] == []
    assert not re.search(r"P-014|P-015", everything(clinic["T-2"]))
    assert "P-021" not in everything(clinic["T-1"])
    for code in ("P-014", "P-015", "P-021"):
        assert not re.search(r"T-\d|You rate|Patient \d", everything(clinic[code]))
    now = clinic.clock.now()
    assert [row for row in await clinic.rows(check_in) if row.due_at is not None and row.due_at <= now] == []
    assert {row.state for row in await clinic.rows(outbox)} <= {"sent", "gone", "aside", "unknown", "dropped"}


@pytest.mark.parametrize("seed", [1])
async def test_monkeys_break_nothing(clinic: Clinic, seed: int) -> None:
    await Monkeys(clinic, seed).play(150)
    await check(clinic)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(100, 112))
async def test_many_monkeys_break_nothing(clinic: Clinic, seed: int) -> None:
    await Monkeys(clinic, seed).play(400)
    await check(clinic)
