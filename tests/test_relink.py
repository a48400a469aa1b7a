"""A lost phone: a new one asks, somebody who knows the person confirms, the old one falls silent."""

import asyncio
from datetime import timedelta

import pytest

from bot import clinic as invites
from bot import clinic_people as desk
from bot.store.people import Refused
from bot.store.tables import person
from bot.store.tables_joining import invite, relink
from tests.conftest import FIRST, Clinic, Someone

pytestmark = pytest.mark.deep

WAITS = "Your therapist has to confirm this."
BAD = "This link does not work"
NOT_YOURS = "This button does not work any more."


async def link(clinic: Clinic, code: str = "P-014") -> str:
    invited: invites.Invited = await clinic.desk(invites.invite, clinic.config, code, clinic.clock.now(), True)
    return invited.code


async def chat_of(clinic: Clinic, code: str = "P-014") -> int:
    (row,) = await clinic.rows(person, code=code)
    return int(row.chat_id)


@pytest.fixture
def new(clinic: Clinic) -> Someone:
    """Anna's new phone."""
    return clinic["1014"]


@pytest.fixture
async def asked(clinic: Clinic, new: Someone) -> str:
    """The link, opened on the new phone."""
    code = await link(clinic)
    await new.says(f"/start {code}")
    return code


async def test_after_yes_the_new_phone_goes_on_and_the_old_one_is_silent(
    clinic: Clinic, anna: Someone, tomas: Someone, new: Someone
) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:10")
    await anna.taps("Begin", "Fully")
    before = len(anna.phone.messages)
    await new.says(f"/start {await link(clinic)}")
    assert new.screen.startswith(WAITS)
    assert tomas.prompts[-1] == "Somebody asks you to confirm something."
    await tomas.taps("Open")
    assert tomas.screen == "P-014 asks to use a new phone. Is that right?"
    await tomas.taps("Yes, let in")
    assert tomas.screen == "P-014 is on the new phone now. The old one gets nothing any more."
    assert new.prompts[-1] == "You are in on this phone now. Send /help to see more."
    assert "checkin" in {command["command"] for command in new.phone.commands}
    await new.says("/checkin")
    assert new.screen.startswith("2 of ")
    await new.taps("Fully")
    assert new.screen.startswith("3 of ")
    await clinic.until("2026-11-04T18:00")
    assert len(anna.phone.messages) == before
    await anna.says("hello")
    assert anna.screen.startswith("This is a private service.")


async def test_until_then_it_reads_one_sentence_only(clinic: Clinic, asked: str, new: Someone) -> None:
    for word in (f"/start {asked}", "/start", "/help", "/mine", "/checkin", "hello"):
        await new.says(word)
        assert new.screen.startswith(WAITS)
        assert new.buttons == []
    assert await chat_of(clinic) == 14


async def test_no_burns_the_link(asked: str, anna: Someone, tomas: Someone, new: Someone) -> None:
    await tomas.taps("Open", "No")
    assert tomas.screen.startswith("The new phone of P-014 was not let in.")
    await new.says(f"/start {asked}")
    assert new.screen.startswith(BAD)
    await anna.says("/settings")
    assert "Your time" in anna.screen


async def test_forged_and_double_taps_do_no_harm(
    clinic: Clinic, asked: str, anna: Someone, ben: Someone, tomas: Someone, vera: Someone, new: Someone
) -> None:
    assert asked
    await tomas.taps("Open")
    yes, no = tomas.data["Yes, let in"], tomas.data["No"]
    for other in (anna, ben, vera):
        await other.says("/help")
        await other.presses(yes)
        assert other.toast.startswith(NOT_YOURS)
    await new.presses(yes)
    assert await chat_of(clinic) == 14
    for data in ("r", "r:", "r:x:yes", f"{yes}:more", yes.replace("yes", "maybe")):
        await vera.presses(data)
    await tomas.presses(yes)
    await tomas.presses(yes)
    await tomas.presses(no)
    assert tomas.screen.startswith("P-014 is on the new phone now.")
    assert await chat_of(clinic) == 1014
    assert [row.state for row in await clinic.rows(relink)] == ["let_in"]


async def test_two_answers_at_once_are_one(clinic: Clinic, asked: str, tomas: Someone) -> None:
    assert asked
    await tomas.taps("Open")
    yes, no = tomas.data["Yes, let in"], tomas.data["No"]
    tomas.phone.press(yes)
    tomas.phone.press(no)
    await asyncio.sleep(0)
    await clinic.stage.settle()
    assert [row.state for row in await clinic.rows(relink)] == ["let_in"]
    assert await chat_of(clinic) == 1014


async def test_the_desk_confirms_and_refuses(clinic: Clinic, asked: str, new: Someone) -> None:
    values = (clinic.config, "P-014")
    await clinic.desk(desk.decide_relink, *values, False, clinic.clock.now())
    with pytest.raises(Refused, match="--relink"):
        await clinic.desk(desk.decide_relink, *values, True, clinic.clock.now())
    await new.says(f"/start {await link(clinic)}")
    await clinic.desk(desk.decide_relink, *values, True, clinic.clock.now())
    assert await chat_of(clinic) == 1014
    await new.says(f"/start {asked}")
    assert new.screen.startswith("You are already taking part.")


async def test_a_therapists_phone_is_confirmed_at_the_desk(clinic: Clinic, vera: Someone, new: Someone) -> None:
    await new.says(f"/start {await link(clinic, 'T-1')}")
    assert new.screen.startswith("Your clinic has to confirm this.")
    assert vera.prompts == []
    await clinic.desk(desk.decide_relink, clinic.config, "T-1", True, clinic.clock.now())
    await new.says("/patients")
    assert new.sees("P-014")


async def test_a_new_link_or_a_week_ends_the_waiting(clinic: Clinic, asked: str, tomas: Someone, new: Someone) -> None:
    assert asked
    await link(clinic)
    await new.says("hello")
    assert not new.screen.startswith(WAITS)
    await new.says(f"/start {await link(clinic)}")
    await tomas.taps("Open")
    yes = tomas.data["Yes, let in"]
    clinic.clock.move_to(clinic.clock.now() + timedelta(days=7))
    await tomas.presses(yes)
    assert tomas.sees("The new phone of P-014 was not let in.")
    assert await chat_of(clinic) == 14


async def test_opened_on_the_old_phone_the_link_stays_good(clinic: Clinic, anna: Someone, new: Someone) -> None:
    code = await link(clinic)
    await anna.says(f"/start {code}")
    assert anna.screen.startswith("You are already taking part.")
    await new.says(f"/start {code}")
    assert new.screen.startswith(WAITS)


async def test_somebody_else_who_is_in_cannot_ask(clinic: Clinic, ben: Someone) -> None:
    await ben.says(f"/start {await link(clinic)}")
    assert ben.screen.startswith(BAD)
    assert await clinic.rows(relink) == []


async def test_a_chat_that_came_in_as_somebody_else_is_not_let_in(
    clinic: Clinic, asked: str, tomas: Someone, new: Someone
) -> None:
    assert asked
    await clinic.desk(invites.add_patient, clinic.config, "P-099", "T-2", "America/Denver", "en", clinic.clock.now())
    await new.says(f"/start {await clinic.stage.invite('P-099')}")
    assert new.sees("Do you agree to take part?")
    await tomas.taps("Open", "Yes, let in")
    assert tomas.screen.startswith("The new phone of P-014 was not let in.")
    assert await chat_of(clinic, "P-099") == 1014


async def test_an_invite_is_revoked(clinic: Clinic, asked: str, new: Someone) -> None:
    assert asked
    values = (clinic.config, "P-014", clinic.clock.now())
    await clinic.desk(desk.revoke_invite, *values)
    await new.says("hello")
    assert not new.screen.startswith(WAITS)
    code = await link(clinic)
    await clinic.desk(desk.revoke_invite, *values)
    await new.says(f"/start {code}")
    assert new.screen.startswith(BAD)
    assert [row for row in await clinic.rows(invite, person_id=3) if row.used_at is None] == []
    with pytest.raises(Refused, match="no invite"):
        await clinic.desk(desk.revoke_invite, *values)


async def test_what_cannot_be_is_refused_with_the_remedy(clinic: Clinic) -> None:
    now = clinic.clock.now()
    with pytest.raises(Refused, match=r"in already.*invite P-014 --relink"):
        await clinic.desk(invites.invite, clinic.config, "P-014", now)
    await clinic.desk(invites.add_therapist, clinic.config, "T-9", "America/Denver", "en")
    with pytest.raises(Refused, match=r"not in yet: accord clinic invite T-9"):
        await link(clinic, "T-9")
