"""R9: updates that no phone would send. Mutated by the ten thousand, they stop nobody, and nobody's record changes."""

import asyncio
import copy
from dataclasses import replace
from random import Random
from typing import Any

from bot.prove.checker import sent_by
from bot.prove.proof import Tally, check
from bot.prove.virtual import VirtualLoop, run_virtually
from bot.prove.world import PATIENTS, World, come_in, world
from bot.prove.worlds import WEEKLY, at_the_desk, calm, judged

AT_ONCE = 250
WITHIN_S = 60.0
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**63, -(2**63), 10**30, 1e308, "", " ", "\x00", "\u202e", "x" * 5000, "<b>&", "🙂", [],
    {}, [[[]]], {"id": 1}, "c:x:1:b", "/start", "d:1:open", "514", 3.5, [None], {"": None},
)  # fmt: skip
STRANGER = 999_001


def mutated(seed: int, amount: int, tally: Tally) -> None:
    """So many. Raises Broken."""
    run_virtually(lambda loop: _play(loop, seed, amount, tally))


async def _play(loop: VirtualLoop, seed: int, amount: int, tally: Tally) -> None:
    async with world(seed, loop) as made:
        await made.people()
        await made.start()
        await come_in(made)
        for code, rule in WEEKLY.items():
            await at_the_desk(made, "set_weekly", code, rule, "2026-10-20", None)
        await asyncio.sleep(2 * 86400)
        templates = _templates(made)
        for begin in range(0, amount, AT_ONCE):
            for _ in range(min(AT_ONCE, amount - begin)):
                made.emulator.deliver(mutate(made.random.choice(templates), made.random))
                tally.struck["mutated update"] += 1
                tally.done += 1
            await somebody_is_served(made)
            made.emulator.history.events[:] = _needed(made)
        await calm(made, [asyncio.create_task(asyncio.sleep(0))])
        judged(made, tally)


async def somebody_is_served(made: World) -> None:
    """In the middle of it a patient asks for help, and gets it."""
    phones = [made.phone(code) for code in PATIENTS]
    phone = made.random.choice([one for one in phones if not one.person.blocked])
    before = phone.last.id
    phone.say("/help")
    for _ in range(int(WITHIN_S)):
        await asyncio.sleep(1)
        if phone.last.id != before:
            return
    check(False, f"{phone.id} asked for help among mutated updates, and nobody answered within {WITHIN_S:.0f} s")


def _needed(made: World) -> list[Any]:
    """The history without what only weighs: of the mutated updates themselves it keeps who sent them."""
    return [_lighter(event) for event in made.emulator.history.events if event.kind != "delivered"]


def _lighter(event: Any) -> Any:
    if event.kind != "queued":
        return event
    sender = {"message": {"from": {"id": sent_by(event.detail["update"])}}}
    return replace(event, detail={"update_id": event.detail["update_id"], "update": sender})


def _templates(made: World) -> list[dict[str, Any]]:
    """Sound updates of every kind, from a stranger and from people the bot knows; taps carry real buttons."""
    people = [made.phone(code).person for code in PATIENTS]
    found: list[dict[str, Any]] = []
    for number, person in enumerate([*people, None]):
        user = person.as_user() if person else {"id": STRANGER, "is_bot": False, "first_name": "X"}
        chat = person.as_chat() if person else {"id": STRANGER, "type": "private", "first_name": "X"}
        said = {"message_id": 5000 + number, "date": 1_793_000_000, "chat": chat, "from": user, "text": "/help"}
        found += [{"message": said}, {"edited_message": said | {"edit_date": 1_793_000_001}}]
        data = [
            b["callback_data"] for m in (person.messages.values() if person else ()) for row in m.keyboard for b in row
        ]
        for one in (data or ["c:x:1:b"])[-3:]:
            message = {"message_id": 1, "date": 0, "chat": chat}
            query = {"id": f"{number}77", "from": user, "chat_instance": "1", "data": one, "message": message}
            found.append({"callback_query": query})
    return found


def mutate(template: dict[str, Any], random: Random) -> dict[str, Any]:
    """One to four places changed: taken away, given another value or name, or put into another's place.

    Who sent it is never another known person: that is Telegram's word, and no mutation of a phone's can change it.
    """
    update = copy.deepcopy(template)
    for _ in range(random.randint(1, 4)):
        _change(update, random)
    return update


def _change(update: dict[str, Any], random: Random) -> None:
    place: Any = update
    while True:
        if not isinstance(place, dict) or not place:
            return
        name = random.choice(sorted(place))
        if isinstance(place[name], dict) and place[name] and random.random() < 0.8:
            place = place[name]
            continue
        break
    what = random.random()
    if what < 0.3:
        del place[name]
    elif what < 0.8:
        place[name] = copy.deepcopy(random.choice(ODD))
    elif what < 0.9:
        place[f"{name}_"] = place.pop(name)
    else:
        place[name] = [place[name]]
