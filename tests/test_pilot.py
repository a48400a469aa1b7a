"""The first real week: everything is planned and listed, and only who joined gets what comes by itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import clinic as desk
from bot import clinic_ledger
from bot.config import Config
from bot.core.person import Person
from bot.core.pilot import ends, holds_back
from bot.core.walltime import zone_of
from bot.store import people
from bot.store.tables import check_in, digest, outbox
from tests.conftest import FIRST, Clinic, Someone, denver
from tests.test_clinic import Desk, made
from tests.test_clinic import desk as desk_
from tests.test_digests import READY, SECOND, THIRD, after, read
from tests.test_ledger import lines

pytestmark = pytest.mark.deep

__all__ = ["desk_", "made"]
UNTIL = date(2026, 11, 12)
HELD = "held_back pilot"


@pytest.fixture
def config(example: Config) -> Config:
    """A pilot until Thursday of the second week; without the form after the first session and without homework."""
    asked = replace(example.questionnaires, after_first=())
    plan = replace(example.plan, homework=False)
    return replace(example, questionnaires=asked, plan=plan, pilot=replace(example.pilot, until=UNTIL))


async def joined(clinic: Clinic, *codes: str, verb: Callable[..., Any] = clinic_ledger.pilot_add) -> None:
    """The desk writes down who agreed."""
    for code in codes:
        await clinic.desk(verb, clinic.config, code, clinic.clock.now())


@pytest.fixture
async def week(clinic: Clinic) -> Clinic:
    """Three Tuesdays; the pilot ends between the second and the third."""
    for wall in (FIRST, SECOND, THIRD):
        await clinic.session("P-014", wall)
    return clinic


# ------------------------------------------------------------------------------------------------ held back


async def test_who_did_not_join_gets_nothing_and_all_of_it_is_listed(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    span = {"first": date(2026, 11, 3), "last": date(2026, 11, 12), "patient": "P-014"}
    planned = await lines(week, **span)
    assert planned == [
        "2026-11-03T15:00 check_in T-1 planned",
        "2026-11-03T16:00 check_in P-014 planned",
        "2026-11-10T13:00 digest T-1 planned",
        "2026-11-10T15:00 check_in T-1 planned",
        "2026-11-10T16:00 check_in P-014 planned",
    ]
    await week.until("2026-11-12T12:00")
    assert (anna.prompts, tomas.prompts) == ([], [])
    assert await lines(week, **span) == [line.replace("planned", HELD) for line in planned]
    assert await week.rows(outbox, state="sent") == []


async def test_who_joined_gets_everything(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await joined(week, "T-1", "P-014-J")
    await after(week, anna, tomas, "443355", "4445", FIRST)
    assert "You rate agreement on tasks differently." in await read(week, tomas)
    assert READY in tomas.prompts


async def test_where_only_the_patient_joined_the_therapist_gets_nothing(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    await joined(week, "P-014")
    await week.until("2026-11-03T16:00")
    await anna.fills("444444")
    await week.until("2026-11-12T23:00")
    assert tomas.prompts == []
    states = {(row.person_id, row.state, row.why) for row in await week.rows(check_in, session_id=1)}
    assert states == {(1, "excused", "pilot"), (3, "answered", None)}


async def test_where_only_the_therapist_joined_the_digest_says_nothing_of_a_silence(
    week: Clinic, tomas: Someone
) -> None:
    await joined(week, "T-1")
    for wall, ready in ((FIRST, "2026-11-03T15:00"), (SECOND, "2026-11-10T15:00")):
        await week.until(ready)
        await tomas.sends_form()
        if wall == FIRST:
            assert "Not asked: the patient is not in the pilot." in await read(week, tomas)
    await week.until("2026-11-17T13:00")
    await tomas.taps("Open")
    assert "Not asked: the patient is not in the pilot." in tomas.screen
    for wrong in ("No answer", "Nothing stands out", "missed", "silent"):
        assert wrong not in tomas.screen


async def test_a_therapist_who_looks_without_having_joined_is_not_blamed_either(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    await joined(week, "P-014")
    await week.until("2026-11-03T16:00")
    await anna.fills("222222")
    await tomas.says("/pair P-014")
    assert "You were not asked this time, so there is nothing to compare." in tomas.screen
    assert "Your form was not sent" not in tomas.screen


async def test_own_words_of_somebody_who_joined_are_no_message_to_a_therapist_who_did_not(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    await joined(week, "P-014")
    await week.until("2026-11-03T16:00")
    await anna.taps("Begin")
    await anna.rates(4, 4, 4, 4, 4, 4)
    await anna.says("It helps.")
    await anna.taps("For my therapist", "Send")
    await week.until("2026-11-08T12:00")
    assert tomas.prompts == []
    him = await week.stage.app.store.read(people.by_code, "T-1")
    held = [line for line in await lines(week, reader=him) if "notice" in line]
    assert held
    assert all(line.endswith(f"notice T-1 {HELD}") for line in held)
    assert [line for line in await lines(week) if "notice" in line] == [], "that somebody wrote is not for the desk"


# ------------------------------------------------------------------------------------------------ replies


@pytest.mark.usefixtures("clinic")
async def test_replies_to_own_taps_and_commands_still_come(anna: Someone, tomas: Someone) -> None:
    await anna.says("/start", "/help")
    assert "/checkin" in anna.screen
    await anna.says("/checkin")
    assert anna.screen.startswith("There is nothing to answer right now.")
    await tomas.says("/patients")
    assert "P-014" in tomas.screen


async def test_a_reply_that_could_not_be_given_at_once_comes_all_the_same(clinic: Clinic, anna: Someone) -> None:
    clinic.emulator.faults.add("gateway", method="sendMessage", chat=14)
    await anna.says("/checkin")
    await clinic.wait(minutes=1)
    assert anna.screen.startswith("There is nothing to answer right now.")
    assert [row.kind for row in await clinic.rows(outbox, state="sent")] == ["reply"]


async def test_somebody_new_is_greeted(empty: Clinic) -> None:
    values = ("T-1", "America/Denver", "en")
    await empty.desk(desk.add_therapist, empty.config, *values)
    await empty["T-1"].says(f"/start {await empty.stage.invite('T-1')}")
    await empty["T-1"].taps("Yes, that is right")
    assert empty["T-1"].screen.startswith("All set. When a session ends")
    assert empty["T-1"].phone.commands


# ------------------------------------------------------------------------------------------------ joining, leaving


async def test_what_was_held_back_is_never_sent_later(week: Clinic, anna: Someone) -> None:
    await week.until("2026-11-03T16:30")
    await joined(week, "P-014", "T-1")
    await week.until("2026-11-09T12:00")
    assert anna.prompts == []
    await week.until("2026-11-10T16:00")
    assert len(anna.prompts) == 1


async def test_whoever_leaves_is_not_asked_on_and_their_silence_is_no_finding(week: Clinic, anna: Someone) -> None:
    await joined(week, "P-014", "T-1")
    await week.until("2026-11-03T16:00")
    assert len(anna.prompts) == 1
    await joined(week, "P-014", verb=clinic_ledger.pilot_remove)
    await week.until("2026-11-09T12:00")
    assert len(anna.prompts) == 1, "no reminder"
    (row,) = await week.rows(check_in, person_id=3, session_id=1)
    assert (row.state, row.why) == ("excused", "pilot")
    day = {"first": date(2026, 11, 3), "last": date(2026, 11, 3), "patient": "P-014"}
    assert (await lines(week, **day))[-1] == "2026-11-03T16:00 check_in P-014 excused pilot"


async def test_a_reminder_of_what_was_open_before_the_pilot_began_is_held_back(week: Clinic, anna: Someone) -> None:
    zone = week.config.clinic.zone
    await week.desk(people.ensure_clinic, "A", zone, None)
    await week.until("2026-11-03T16:00")
    await week.desk(people.ensure_clinic, "A", zone, week.config.pilot_ends)
    await week.until("2026-11-05T12:00")
    assert len(anna.prompts) == 1
    assert [row.kind for row in await week.rows(outbox, state="held", person_id=3)] == ["reminder"]
    assert [line for line in await lines(week) if "reminder" in line] == [], "it would say that nobody answered"


# ------------------------------------------------------------------------------------------------ the end of it


async def test_after_its_end_everything_goes_on_and_nothing_of_the_past_is_sent(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    await week.until("2026-11-16T12:00")
    assert anna.prompts == []
    assert tomas.prompts == ["Your week is ready."]
    await week.until("2026-11-17T16:00")
    assert len(anna.prompts) == 1
    assert tomas.sees(READY)
    assert tomas.prompts[1:] == ["Your 14:00: two minutes, when you are ready."]
    assert [row.state for row in await week.rows(digest, session_id=2)] == ["not_sent"]


async def test_what_was_planned_in_it_stays_back_when_the_bot_comes_up_after_it(week: Clinic, anna: Someone) -> None:
    await week.session("P-015", "2026-11-12T14:00")
    await week.stop()
    week.clock.move_to(denver("2026-11-13T09:00"))
    await week.start()
    assert (anna.prompts, week["P-015"].prompts, week["T-1"].prompts) == ([], [], [])
    assert {row.why for row in await week.rows(check_in, person_id=4)} == {"pilot"}


async def test_whoever_is_away_in_the_end_of_the_pilot_counts_as_any_other(week: Clinic, anna: Someone) -> None:
    await anna.says("/stop")
    await anna.taps("Yes, stop")
    await week.until("2026-11-03T17:00")
    (row,) = await week.rows(check_in, person_id=3, session_id=1)
    assert (row.state, row.why) == ("excused", "stopped"), "what the person decided is the better reason"


# ------------------------------------------------------------------------------------------------ the rule


ZONE = zone_of("America/Denver")
SOMEBODY = Person(1, 1, "patient", "P-014", "America/Denver", "en", "active", 14)


@given(st.integers(0, 3000), st.booleans())
def test_the_rule_goes_by_the_plan_and_the_clinics_day(quarters: int, joins: bool) -> None:
    planned = denver(FIRST) + timedelta(minutes=15 * quarters)
    who = replace(SOMEBODY, pilot=joins)
    assert holds_back(who, planned, ends(UNTIL, ZONE)) is (not joins and planned.astimezone(ZONE).date() <= UNTIL)
    assert not holds_back(who, planned, ends(None, ZONE))
    assert not holds_back(replace(who, role="staff"), planned, ends(UNTIL, ZONE))


# ------------------------------------------------------------------------------------------------ at the desk


def test_the_desk_adds_removes_and_lists(desk_: Desk) -> None:
    assert desk_.runs("pilot", "list").stdout == "There is no pilot now: everybody takes part.\n"
    desk_.file.write_text(desk_.file.read_text().replace('until = ""', 'until = "2026-12-01"'))
    assert desk_.gives("pilot", "add", "P-014-J")["pilot"] is True
    assert desk_.runs("pilot", "add", "T-1").stdout == "T-1 is in the pilot.\n"
    printed = desk_.runs("pilot", "list").stdout.splitlines()
    assert printed == ["The pilot lasts until 2026-12-01.", "therapist  T-1-U", "patient  P-014-J"]
    assert desk_.gives("pilot", "remove", "P-014")["pilot"] is False
    shown = desk_.gives("pilot", "list")
    assert (shown["until"], shown["on"], [who["code"] for who in shown["people"]]) == ("2026-12-01", True, ["T-1"])
    assert "Pilot until 1 Dec: what is planned for others is held back." in desk_.runs("ledger").stdout
    assert desk_.refuses("pilot", "add", "P-99").startswith("There is nobody")
    desk_.gives("staff", "add", "--code", "S-1")
    assert desk_.refuses("pilot", "add", "S-1").startswith('"S-1" is of the staff')
