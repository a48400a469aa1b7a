"""People change: a pause, another therapist, the end, a leave with a cover. Vera sees of Anna only what she may."""

from datetime import date

import pytest

from bot import clinic_people as desk
from bot import clinic_series
from bot.core.away import Span
from bot.store.people import Refused
from bot.store.tables import check_in, digest, pair, person, session
from tests.conftest import FIRST, Clinic, Someone

pytestmark = pytest.mark.deep

SECOND, THIRD = "2026-11-10T14:00", "2026-11-17T14:00"
WORDS = "less talk, more doing"


def span(first: str, last: str) -> Span:
    return date.fromisoformat(f"2026-{first}"), date.fromisoformat(f"2026-{last}")


def everything(someone: Someone) -> str:
    """All that this phone ever showed."""
    events = someone.stage.emulator.history.of("sent", "edited", "answered", chat=someone.phone.id)
    return "\n".join(f"{event.text} {event.keyboard}" for event in events)


async def state(clinic: Clinic, code: str) -> str:
    (row,) = await clinic.rows(person, code=code)
    return str(row.state)


@pytest.fixture
async def week(clinic: Clinic, anna: Someone, tomas: Someone) -> Clinic:
    """Anna and Tomas met and both answered, Anna in her own words; the next session is a week later."""
    for wall in (FIRST, SECOND):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-03T16:10")
    await tomas.sends_form("4455")
    await anna.taps("Begin")
    await anna.rates(3, 3, 2, 2, 5, 5)
    await anna.says(WORDS)
    await anna.taps("For my therapist", *["Skip"] * 4, "Send")
    return clinic


async def transfer(clinic: Clinic, to: str = "T-2", history: bool = False) -> dict[str, object]:
    shown: dict[str, object] = await clinic.desk(desk.transfer, clinic.config, "P-014", to, history, clinic.clock.now())
    return shown


# ------------------------------------------------------------------------------------------------ another therapist


async def test_a_transfer_ends_the_pair_and_begins_anew(week: Clinic, anna: Someone, tomas: Someone) -> None:
    shown = await transfer(week)
    assert (shown["therapist"], shown["cancelled"], shown["unread"]) == ("T-2", 1, 1)
    assert [row.ended_at is None for row in await week.rows(pair, patient_id=3)] == [False, True]
    assert [row.state for row in await week.rows(session)] == ["planned", "cancelled"]
    assert [row for row in await week.rows(digest, pair_id=1) if row.state == "planned"] == []
    assert anna.prompts[-1] == "Something has changed. Open to read."
    await anna.taps("Open")
    assert anna.screen.endswith("What you sent before stays closed to them.")
    assert tomas.prompts[-1] == "Your list has changed. Open to read."
    await tomas.taps("Open")
    assert not tomas.sees("P-014")
    assert tomas.sees("P-015")


@pytest.mark.parametrize("history", [False, True])
async def test_vera_reads_what_was_before_only_if_she_may(
    week: Clinic, anna: Someone, vera: Someone, tomas: Someone, history: bool
) -> None:
    await transfer(week, history=history)
    await week.session("P-014", "2026-11-12T14:00")
    await week.session("P-014", "2026-11-19T14:00")
    await week.until("2026-11-12T16:10")
    await vera.sends_form()
    await anna.fills("444444", *["Skip"] * 4)
    await week.until("2026-11-19T13:10")
    await vera.taps("Open")
    assert vera.sees("P-014")
    assert ("Before you" in vera.buttons) is history
    for forged in ("p:1:open", "p:1:before", "p:2:before", "p:3:before", *(() if history else ("p:4:before",))):
        await vera.presses(forged)
    await vera.says("/pair P-014", "/homework P-014", "/goals P-014", "/today", "/digest")
    assert (WORDS in everything(vera)) is False
    if history:
        await vera.taps("Before you")
        assert WORDS in everything(vera)
    await tomas.says("/pair P-014", "/digest")
    assert tomas.sees("You have no patient with that code.")
    assert "P-014" not in tomas.screen


async def test_the_baseline_begins_anew(week: Clinic, anna: Someone, vera: Someone) -> None:
    await transfer(week)
    await week.session("P-014", "2026-11-12T14:00")
    await week.until("2026-11-12T16:10")
    await anna.taps("Begin", *["Skip"] * 6, "Skip")
    assert anna.sees("I know who sees what I say here")  # a new pair's first check-in, with its start
    assert [row.pair_id for row in await week.rows(check_in, person_id=3, state="open")] == [4]
    assert vera.prompts[-1] == "Your 14:00: two minutes, when you are ready."


async def test_what_was_open_is_not_needed_any_more(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:10")
    await anna.taps("Begin", "Fully")
    old = anna.data["Fully"]
    await transfer(clinic)
    await anna.presses(old)
    await tomas.taps("Begin")
    assert anna.sees("This one is not needed any more.")
    assert tomas.sees("This one is not needed any more.")
    await anna.says("/checkin")
    assert anna.sees("There is nothing to answer right now.")
    assert len(await clinic.answers("P-014")) == 1


@pytest.mark.parametrize(("to", "says"), [("T-1", "is with"), ("T-9", "nobody with"), ("P-015", "a therapist is")])
async def test_a_transfer_that_cannot_be_saves_nothing(clinic: Clinic, to: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        await transfer(clinic, to)
    assert [row.ended_at for row in await clinic.rows(pair)] == [None] * 3


async def test_a_weekly_session_ends_with_its_pair(clinic: Clinic) -> None:
    now = clinic.clock.now()
    await clinic.desk(clinic_series.set_weekly, clinic.config, "P-014", "Tue 14:00", None, None, now)
    before = len(await clinic.rows(session))
    await transfer(clinic)
    await clinic.until("2026-12-20T12:00")
    await clinic.stage.app.ticks.housekeeping()
    assert [row.state for row in await clinic.rows(session)] == ["cancelled"] * before


# ------------------------------------------------------------------------------------------------ the end


async def test_discharged_nothing_is_asked_any_more(week: Clinic, anna: Someone) -> None:
    await week.desk(desk.discharge, week.config, "P-014", week.clock.now())
    assert anna.prompts[-1] == "I will not write any more. Thank you for taking part."
    before = len(anna.prompts)
    await week.until("2026-11-20T12:00")
    assert len(anna.prompts) == before
    for word in ("/start", "/checkin", "/settings", "/mine", "/goals", "/away", "/stop", "/help", "hello"):
        await anna.says(word)
        assert anna.phone.last.text
    with pytest.raises(Refused, match="discharged already"):
        await week.desk(desk.discharge, week.config, "P-014", week.clock.now())


async def test_whoever_comes_back_is_asked_for_consent(week: Clinic, anna: Someone) -> None:
    await week.desk(desk.discharge, week.config, "P-014", week.clock.now())
    await transfer(week)
    assert await state(week, "P-014") == "stopped"
    await anna.says("/start")
    await anna.taps("I agree", "Yes, that is right", "1 hour after")
    assert await state(week, "P-014") == "active"


async def test_a_therapist_goes_only_without_patients(clinic: Clinic, vera: Someone) -> None:
    with pytest.raises(Refused, match=r"still has P-021.*transfer P-021 --to"):
        await clinic.desk(desk.discharge_therapist, clinic.config, "T-2", clinic.clock.now())
    await clinic.desk(desk.transfer, clinic.config, "P-021", "T-1", False, clinic.clock.now())
    await clinic.desk(desk.discharge_therapist, clinic.config, "T-2", clinic.clock.now())
    await vera.says("hello")
    assert vera.screen.startswith("This is a private service.")
    with pytest.raises(Refused, match="is discharged"):
        await transfer(clinic)


# ------------------------------------------------------------------------------------------------ a pause


async def test_a_pause_excuses_and_settings_end_it(clinic: Clinic, anna: Someone) -> None:
    for wall in (FIRST, SECOND, THIRD):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-03T16:10")
    await clinic.desk(desk.pause, clinic.config, "P-014", clinic.clock.now())
    assert anna.prompts[-1] == "I pause for now. To go on, send /settings."
    before = len(anna.prompts)
    await clinic.until("2026-11-12T12:00")
    assert len(anna.prompts) == before
    whys = {row.why for row in await clinic.rows(check_in, person_id=3) if row.state == "excused"}
    assert whys == {"paused"}
    await anna.says("/settings")
    assert anna.buttons == ["Go on"]
    again = anna.data["Go on"]
    await anna.taps("Go on")
    await anna.presses(again)
    assert "Your time: 12:00" in anna.screen
    await clinic.until("2026-11-17T16:00")
    assert len(anna.prompts) > before


async def test_the_desk_ends_a_pause(clinic: Clinic, anna: Someone) -> None:
    values = (clinic.config, "P-014", clinic.clock.now())
    with pytest.raises(Refused, match="is not paused"):
        await clinic.desk(desk.resume, *values)
    await clinic.desk(desk.pause, *values)
    with pytest.raises(Refused, match="takes no part at present"):
        await clinic.desk(desk.pause, *values)
    await clinic.desk(desk.resume, *values)
    assert anna.prompts[-1] == "The pause is over. I will write again."
    assert await state(clinic, "P-014") == "active"


async def test_whoever_is_paused_can_still_stop(clinic: Clinic, anna: Someone) -> None:
    await clinic.desk(desk.pause, clinic.config, "P-014", clinic.clock.now())
    await anna.says("/start")
    assert anna.screen == "Your check-ins are paused. I ask nothing until you go on."
    await anna.says("/stop")
    await anna.taps("Yes, stop")
    assert await state(clinic, "P-014") == "stopped"


async def test_the_consent_page_says_when_that_was(anna: Someone) -> None:
    await anna.says("/privacy")
    assert "You agreed on Mon 2 Nov." in anna.screen
    assert anna.buttons == ["My own data"]


# ------------------------------------------------------------------------------------------------ a therapist's leave


async def leave(clinic: Clinic, days: Span, cancel: bool = True, cover: str | None = "T-2") -> dict[str, object]:
    shown: dict[str, object] = await clinic.desk(
        desk.set_leave, clinic.config, "T-1", days, cancel, cover, clinic.clock.now()
    )
    return shown


async def test_a_leave_cancels_the_sessions_of_its_days(week: Clinic) -> None:
    shown = await leave(week, span("11-09", "11-13"))
    assert [row["starts"] for row in shown["sessions"]] == [SECOND]  # type: ignore[attr-defined]
    assert [row.state for row in await week.rows(session)] == ["planned", "cancelled"]
    assert shown["effect"] == {"moved": 1, "dropped": 3, "new": 0}


async def test_the_cover_gets_what_comes_in_these_days(week: Clinic, vera: Someone, tomas: Someone) -> None:
    """The notice of words that nobody read, and the page of a session that the cover holds; then no more."""
    await leave(week, span("11-05", "11-13"))
    before = len(tomas.prompts)
    await week.until("2026-11-07T12:00")
    assert len(tomas.prompts) == before
    assert vera.prompts[-1] == "A message to you has not been read for three days."
    await vera.taps("Open")
    assert vera.sees(WORDS)
    await week.session("P-014", "2026-11-12T14:00")
    await week.until("2026-11-12T13:10")
    assert vera.prompts[-1] == "Your 14:00 is ready."
    await vera.taps("Open")
    assert vera.sees("P-014")
    opened = vera.data["Chart"]
    await week.until("2026-11-14T12:00")
    await vera.presses(opened)
    assert vera.toast.startswith("This button does not work any more.")
    await vera.says("/pair P-014")
    assert vera.screen.startswith("You have no patient")


async def test_the_weekly_page_goes_to_the_cover(week: Clinic, vera: Someone, tomas: Someone) -> None:
    await leave(week, span("11-09", "11-13"), cancel=False)
    await week.until("2026-11-09T07:10")
    assert "Your week is ready." not in tomas.prompts
    assert vera.prompts.count("Your week is ready.") == 2
    await vera.taps("Open")
    await week.until("2026-11-16T07:10")
    assert tomas.prompts[-1] == "Your week is ready."


async def test_weekly_sessions_are_not_laid_out_into_a_leave(clinic: Clinic) -> None:
    now = clinic.clock.now()
    await leave(clinic, (date(2027, 1, 18), date(2027, 1, 29)), cover=None)
    await clinic.desk(clinic_series.set_weekly, clinic.config, "P-014", "Tue 14:00", None, None, now)
    await clinic.until("2026-12-20T12:00")
    await clinic.stage.app.ticks.housekeeping()
    days = {row.local[:10] for row in await clinic.rows(session)}
    assert {"2027-01-12", "2027-02-02"} <= days
    assert not {"2027-01-19", "2027-01-26"} & days


async def test_a_leave_is_taken_back(clinic: Clinic) -> None:
    await leave(clinic, span("11-09", "11-20"))
    shown = await clinic.desk(desk.end_leave, clinic.config, "T-1", span("11-12", "11-20"), clinic.clock.now())
    assert shown["leave"] == ["2026-11-09..2026-11-11"]
    with pytest.raises(Refused, match="not on leave"):
        await clinic.desk(desk.end_leave, clinic.config, "T-1", span("11-12", "11-20"), clinic.clock.now())


@pytest.mark.parametrize(("cover", "says"), [("T-1", "cover for themselves"), ("P-015", "a therapist is needed")])
async def test_a_cover_that_cannot_be_is_refused_and_nothing_saved(week: Clinic, cover: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        await leave(week, span("11-09", "11-13"), cover=cover)
    assert [row.state for row in await week.rows(session)] == ["planned", "planned"]


# ------------------------------------------------------------------------------------------------ persons


async def test_a_zone_and_a_language_are_set_at_the_desk(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.desk(desk.set_person, clinic.config, "P-014", "Europe/Berlin", "es", clinic.clock.now())
    assert {command["description"] for command in anna.phone.commands} >= {"Días en que está fuera"}
    await clinic.until("2026-11-03T23:59")
    assert anna.prompts == []
    await clinic.until("2026-11-04T00:00")
    assert len(anna.prompts) == 1


async def test_staff_come_in_like_everybody(clinic: Clinic) -> None:
    await clinic.desk(desk.add_staff, clinic.config, "S-1", None, None)
    staff = clinic["77"]
    await staff.says(f"/start {await clinic.stage.invite('S-1')}")
    await staff.taps("Yes, that is right")
    assert staff.screen == "All set. Send /help to see what I can do."
    await staff.says("/patients", "/digest", "/goals")
    assert "P-0" not in everything(staff)
    await staff.says("/settings")
    assert staff.buttons == ["Time zone", "Español"]
    await staff.taps("Español")
    assert await state(clinic, "S-1") == "active"


async def test_who_is_shown_at_the_desk(week: Clinic) -> None:
    shown = await week.desk(desk.show, week.config, "P-014-J", week.clock.now())
    assert (shown["full"], shown["therapist"], shown["in"], shown["invite"]) == ("P-014-J", "T-1", True, None)
    shown = await week.desk(desk.show, week.config, "T-1", week.clock.now())
    assert shown["patients"] == ["P-014-J", "P-015-H"]
    assert "chat" not in str(shown)
