"""A hostile reading of schedule, imports, ledger, plan and pilot: a clerk does things in the wrong order."""

from datetime import date, datetime

import pytest

from bot import clinic as desk
from bot import clinic_closures, clinic_import, clinic_people, clinic_today
from bot.core.person import Person
from bot.store import logins, people
from bot.store.people import Refused
from bot.store.tables import check_in, digest, session
from bot.store.tables_web import desk_mark, web_login, web_session
from tests.conftest import Clinic, Someone

pytestmark = pytest.mark.deep


async def transfer(clinic: Clinic, to: str = "T-2") -> None:
    """Anna goes from Tomas to Vera."""
    await clinic.desk(clinic_people.transfer, clinic.config, "P-014", to, False, clinic.clock.now())


async def states(clinic: Clinic) -> list[tuple[str, str]]:
    """Each session's time and state."""
    return [(row.local, row.state) for row in sorted(await clinic.rows(session), key=lambda one: one.local)]


async def close(clinic: Clinic, days: str) -> int:
    """The clinic is closed on these days; the closure's id."""
    shown = await clinic.desk(clinic_closures.add_closure, clinic.config, days, clinic.clock.now())
    return int(shown["id"])


async def reopen(clinic: Clinic, closure_id: int) -> dict[str, object]:
    """Forget a closure."""
    shown: dict[str, object] = await clinic.desk(
        clinic_closures.remove_closure, clinic.config, closure_id, clinic.clock.now()
    )
    return shown


# ------------------------------------------------------------------------------------------------ after a transfer


async def test_a_session_of_a_pair_that_has_ended_cannot_be_planned_again(clinic: Clinic) -> None:
    session_id = await clinic.session("P-014", "2026-11-05T14:00")
    await transfer(clinic)
    values = (clinic.config, session_id, datetime.fromisoformat("2026-11-06T14:00"), clinic.clock.now())
    with pytest.raises(Refused, match="P-014 is not with T-1 any more"):
        await clinic.desk(desk.move_session, *values)
    assert await states(clinic) == [("2026-11-05T14:00", "cancelled")]


async def test_taking_a_mark_back_after_a_transfer_asks_nobody(clinic: Clinic, anna: Someone) -> None:
    session_id = await clinic.session("P-014", "2026-11-05T14:00")
    sam: Person = await clinic.desk(people.add, "staff", "S-1", "America/Denver", "en")
    now = clinic.clock.now()
    await clinic.desk(clinic_today.mark, clinic.config, session_id, "cancelled", sam, now)
    await transfer(clinic)
    mark = (await clinic.rows(desk_mark))[0].id
    with pytest.raises(Refused):
        await clinic.desk(clinic_today.undo, clinic.config, mark, now)
    await clinic.desk(desk.mark_session, clinic.config, session_id, "held", now)  # they met all the same
    assert [row for row in await clinic.rows(check_in) if row.state == "planned"] == []
    assert await clinic.rows(digest, session_id=session_id) == []
    before = list(anna.prompts)
    await clinic.until("2026-11-07T12:00")
    assert anna.prompts == before


async def test_a_cancelled_session_whose_hour_went_to_another_was_not_held(clinic: Clinic) -> None:
    session_id = await clinic.session("P-014", "2026-11-05T14:00")
    await clinic.desk(desk.mark_session, clinic.config, session_id, "cancelled", clinic.clock.now())
    await clinic.session("P-015", "2026-11-05T14:00")
    with pytest.raises(Refused, match="P-015"):
        await clinic.desk(desk.mark_session, clinic.config, session_id, "held", clinic.clock.now())
    (row,) = await clinic.rows(session, id=session_id)
    assert row.state == "cancelled"


async def test_opening_the_clinic_again_plans_nothing_for_a_pair_that_has_ended(clinic: Clinic) -> None:
    await clinic.session("P-014", "2026-11-05T14:00")
    closure_id = await close(clinic, "2026-11-05")
    await transfer(clinic)
    assert (await reopen(clinic, closure_id))["planned"] == []
    assert await states(clinic) == [("2026-11-05T14:00", "cancelled")]
    assert [row for row in await clinic.rows(check_in) if row.state == "planned"] == []


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//EN
BEGIN:VEVENT
UID:one@example.org
DTSTART:20261105T140000
DTEND:20261105T150000
SUMMARY:P-014
END:VEVENT
END:VCALENDAR
"""


async def take(clinic: Clinic, text: str) -> dict[str, object]:
    """Import a calendar."""
    known, now = await clinic.desk(clinic_import.codes), clinic.clock.now()
    read = clinic_import.read_sessions(clinic.config, ".ics", text.encode(), "summary", known, now)
    shown: dict[str, object] = await clinic.desk(clinic_import.import_sessions, clinic.config, read, now)
    return shown


async def test_a_calendar_can_be_imported_again_after_a_transfer(clinic: Clinic) -> None:
    await take(clinic, CALENDAR)
    await transfer(clinic)
    assert len((await take(clinic, CALENDAR))["added"]) == 1  # type: ignore[arg-type]
    assert await states(clinic) == [("2026-11-05T14:00", "cancelled"), ("2026-11-05T14:00", "planned")]
    assert (await take(clinic, CALENDAR))["unchanged"] == 1
    moved = await take(clinic, CALENDAR.replace("20261105", "20261106"))
    assert len(moved["moved"]) == 1  # type: ignore[arg-type]
    assert await states(clinic) == [("2026-11-05T14:00", "cancelled"), ("2026-11-06T14:00", "planned")]


async def test_what_took_place_before_a_transfer_is_not_made_anew(clinic: Clinic) -> None:
    await take(clinic, CALENDAR)
    await clinic.until("2026-11-09T10:00")
    await transfer(clinic)
    assert (await take(clinic, CALENDAR))["unchanged"] == 1
    assert len(await clinic.rows(session)) == 1


# ------------------------------------------------------------------------------------------------ days that overlap


async def test_a_day_that_is_closed_twice_stays_closed(clinic: Clinic) -> None:
    await clinic.session("P-014", "2026-11-25T14:00")
    first = await close(clinic, "2026-11-24..2026-11-25")
    second = await close(clinic, "2026-11-25..2026-11-26")
    assert (await reopen(clinic, first))["planned"] == []
    assert await states(clinic) == [("2026-11-25T14:00", "cancelled")]
    assert len((await reopen(clinic, second))["planned"]) == 1  # type: ignore[arg-type]
    assert await states(clinic) == [("2026-11-25T14:00", "planned")]


async def test_a_day_of_leave_stays_off_when_the_clinic_opens_again(clinic: Clinic) -> None:
    await clinic.session("P-014", "2026-11-25T14:00")
    closure_id = await close(clinic, "2026-11-25")
    span = (date(2026, 11, 23), date(2026, 11, 27))
    await clinic.desk(clinic_people.set_leave, clinic.config, "T-1", span, True, None, clinic.clock.now())
    assert (await reopen(clinic, closure_id))["planned"] == []
    assert await states(clinic) == [("2026-11-25T14:00", "cancelled")]


async def test_a_mark_is_not_taken_back_onto_another_session(clinic: Clinic) -> None:
    session_id = await clinic.session("P-014", "2026-11-05T14:00")
    sam: Person = await clinic.desk(people.add, "staff", "S-1", "America/Denver", "en")
    now = clinic.clock.now()
    await clinic.desk(clinic_today.mark, clinic.config, session_id, "cancelled", sam, now)
    await clinic.session("P-015", "2026-11-05T14:30")
    mark = (await clinic.rows(desk_mark))[0].id
    with pytest.raises(Refused, match="T-1 has a session at that time already"):
        await clinic.desk(clinic_today.undo, clinic.config, mark, now)
    assert [state for _, state in await states(clinic)] == ["cancelled", "planned"]


# ------------------------------------------------------------------------------------------------ phones and log-ins


async def test_a_new_phone_ends_what_the_lost_one_had_at_the_page(clinic: Clinic) -> None:
    now = clinic.clock.now()
    tomas: Person = await clinic.desk(people.by_code, "T-1")
    await clinic.desk(logins.add_link, tomas, "a", now)
    await clinic.desk(logins.redeem, "a", "session", now)
    number = await clinic.desk(logins.add_link, tomas, "b", now)
    await clinic.desk(logins.set_message, number, 7)
    invited = await clinic.desk(desk.invite, clinic.config, "T-1", now, True)
    await clinic["77"].says(f"/start {invited.code}")
    await clinic.desk(clinic_people.decide_relink, clinic.config, "T-1", True, now)
    assert await clinic.rows(web_session) == []
    assert await clinic.desk(logins.bearer, "b", now) is None
    await clinic.wait(minutes=11)
    assert not clinic["77"].sees("no longer shown")  # message 7 of the old chat is another one in the new chat
    assert [row.hide_at for row in await clinic.rows(web_login) if row.hide_at is not None] == []


async def test_a_link_of_somebody_who_left_is_not_hidden_for_ever(clinic: Clinic) -> None:
    now = clinic.clock.now()
    vera: Person = await clinic.desk(people.by_code, "T-2")
    number = await clinic.desk(logins.add_link, vera, "b", now)
    await clinic.desk(logins.set_message, number, 7)
    await clinic.desk(clinic_people.discharge, clinic.config, "P-021", now)
    await clinic.desk(clinic_people.discharge_therapist, clinic.config, "T-2", now)
    await clinic.wait(minutes=11)
    assert [row.hide_at for row in await clinic.rows(web_login) if row.hide_at is not None] == []


# ------------------------------------------------------------------------------------------------ files


async def test_a_name_from_a_calendar_is_one_plain_line(clinic: Clinic) -> None:
    text = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//EN
BEGIN:VEVENT
UID:x
DTSTART;VALUE=DATE:20261224
SUMMARY:Christ\x1b[2J\\nmas\u202e
END:VEVENT
END:VCALENDAR
"""
    found = clinic_import.read_closures(text.encode(), clinic.clock.now())
    names = [one.name for one in found]
    assert names == ["Christ[2J mas"]
    assert all(name.isprintable() for name in names), names


async def test_wrong_lines_are_lines(clinic: Clinic) -> None:
    bad = CALENDAR.replace("SUMMARY:P-014", "SUMMARY:Nobody\\nline 1: \x1b[2Jall is well")
    with pytest.raises(Refused) as refused:
        await take(clinic, bad)
    assert all(line.isprintable() for line in str(refused.value).split("\n"))
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=DAILY;BYMONTH=5;BYYEARDAY=1",
    ],
)
async def test_days_that_never_come_are_not_looked_for(clinic: Clinic, rule: str) -> None:
    with pytest.raises(Refused, match="line 4: This event has a time or a repetition that I cannot read"):
        await take(clinic, CALENDAR.replace("SUMMARY", f"RRULE:{rule}\nSUMMARY"))


async def test_only_so_many_events_repeat_without_coming(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.calendars.ics.MOST_IDLE", 1)
    event = CALENDAR.partition("BEGIN:VEVENT")[2].partition("END:VCALENDAR")[0]
    never = f"BEGIN:VEVENT{event}".replace("SUMMARY", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\nSUMMARY")
    text = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n"
    text += "".join(never.replace("UID:one", f"UID:{n}") for n in range(5)) + "END:VCALENDAR\n"
    with pytest.raises(Refused, match="line 11: Too many events repeat without ever coming"):
        await take(clinic, text)
