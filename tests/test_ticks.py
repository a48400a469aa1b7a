"""What becomes due by itself, and what follows when the desk changes something under a running bot."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from bot import checkin_due, clinic_series
from bot import clinic as desk
from bot.message import Message
from bot.store import inbox as kept_updates
from bot.store import outbox, people, series
from bot.store.tables import check_in, inbox, session
from tests.conftest import FIRST, Clinic, Someone

READY = "Ready when you are. It takes about two minutes."
SECOND = "2026-11-10T14:00"


async def moved(clinic: Clinic, session_id: int, wall: str) -> None:
    """The desk moves a session."""
    await clinic.desk(desk.move_session, clinic.config, session_id, datetime.fromisoformat(wall), clinic.clock.now())


async def marked(clinic: Clinic, session_id: int, state: str) -> None:
    """The desk marks a session."""
    await clinic.desk(desk.mark_session, clinic.config, session_id, state, clinic.clock.now())


# ------------------------------------------------------------------------------------------------ the desk


async def test_a_moved_session_moves_what_was_not_sent_yet(clinic: Clinic, anna: Someone) -> None:
    number = await clinic.session("P-014", FIRST)
    await moved(clinic, number, "2026-11-04T09:00")
    await clinic.until("2026-11-04T10:59")
    assert anna.prompts == []
    await clinic.until("2026-11-04T11:00")
    assert anna.prompts == [READY]


async def test_a_cancelled_session_asks_nothing(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    number = await clinic.session("P-014", FIRST)
    await marked(clinic, number, "cancelled")
    await clinic.until("2026-11-05T12:00")
    assert anna.prompts + tomas.prompts == []
    assert await clinic.rows(check_in) == []


async def test_cancelled_after_it_opened_it_is_not_needed_any_more(clinic: Clinic, anna: Someone) -> None:
    number = await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await marked(clinic, number, "missed")
    await anna.taps("Begin")
    assert anna.sees("This one is not needed any more.")
    await clinic.until("2026-11-05T12:00")
    assert anna.prompts == [READY]


async def test_a_next_session_that_moves_closer_closes_the_open_one_earlier(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    number = await clinic.session("P-014", SECOND)
    await clinic.until("2026-11-03T16:00")
    await moved(clinic, number, "2026-11-05T10:00")
    await clinic.until("2026-11-05T08:00")
    (row,) = await clinic.rows(check_in, message_id=anna.phone.last.id)
    assert row.state == "missed"


async def test_a_session_held_without_being_marked_counts_as_held(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    assert [row.state for row in await clinic.rows(session)] == ["planned"]
    assert anna.prompts == [READY]


async def test_whoever_joins_later_is_asked_how_it_began_at_the_first_check_in(clinic: Clinic, anna: Someone) -> None:
    """Anna was not in for her first session; without the question about hopes her list would never get a goal."""
    await clinic.session("P-014", FIRST)
    await clinic.session("P-014", SECOND)
    await anna.says("/stop")
    await anna.taps("Yes, stop")
    await clinic.until("2026-11-09T12:00")
    await anna.says("/start")
    await anna.taps("I agree", "Yes, that is right", "1 hour after")
    await clinic.until("2026-11-10T16:00")
    await anna.taps("Begin")
    assert anna.screen.startswith("1 of 12")


# ------------------------------------------------------------------------------------------------ outages


async def test_a_check_in_that_fell_into_an_outage_opens_with_its_full_time(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.stop()
    clinic.clock.move_to(clinic.clock.now() + timedelta(days=3))  # Thursday 10:00
    await clinic.start()
    assert anna.prompts == [READY]
    (row,) = await clinic.rows(check_in, message_id=anna.phone.last.id)
    assert row.closes_at - row.opened_at == timedelta(hours=72)


async def test_after_an_outage_past_its_closing_it_is_not_asked_and_that_is_kept(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.session("P-014", SECOND)
    await clinic.stop()
    clinic.clock.move_to(clinic.clock.now() + timedelta(days=8, hours=2))  # an hour before the second session
    await clinic.start()
    assert anna.prompts == []
    mine = await clinic.rows(check_in, person_id=3, session_id=1)
    assert {(row.state, row.why) for row in mine} == {("not_asked", "outage")}


async def test_after_a_long_outage_nobody_gets_more_than_what_still_stands(clinic: Clinic, tomas: Someone) -> None:
    for day in ("03", "10", "17", "24"):
        await clinic.session("P-014", f"2026-11-{day}T14:00")
    await clinic.stop()
    clinic.clock.move_to(clinic.clock.now() + timedelta(days=23))  # Wednesday 25 November
    await clinic.start()
    assert tomas.prompts.count("Your 14:00: two minutes, when you are ready.") == 1
    assert tomas.prompts.count("Your week is ready.") == 1


# ------------------------------------------------------------------------------------------------ housekeeping


async def test_weekly_sessions_are_laid_out_further_and_further(clinic: Clinic) -> None:
    await clinic.desk(clinic_series.set_weekly, clinic.config, "P-014", "Tue 14:00", None, None, clinic.clock.now())
    before = len(await clinic.rows(session))
    await clinic.session("P-014", "2027-01-12T14:00")  # the desk was quicker
    clinic.clock.move_to(clinic.clock.now() + timedelta(days=35))
    await clinic.stage.app.ticks.housekeeping()
    walls = sorted(row.local for row in await clinic.rows(session))
    assert len(walls) == before + 5
    assert len(set(walls)) == len(walls)
    assert await clinic.stage.app.store.read(series.running_out, clinic.clock.now()) == []


async def test_updates_that_are_done_are_forgotten_after_two_days(clinic: Clinic, anna: Someone) -> None:
    await anna.says("/help")
    await clinic.restart()
    clinic.clock.move_to(clinic.clock.now() + timedelta(days=2, hours=1))
    await clinic.stage.app.ticks.housekeeping()
    assert await clinic.rows(inbox, state="done") == []


async def test_the_newer_ones_stay_however_many_go_at_once(
    clinic: Clinic, anna: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.inbox.AT_ONCE", 2)
    for _ in range(5):
        await anna.says("/help")
    clinic.clock.move_to(clinic.clock.now() + timedelta(days=2, hours=1))
    old = {row.update_id for row in await clinic.rows(inbox)}
    await anna.says("/help")
    await anna.says("/help")
    await clinic.stage.app.ticks.housekeeping()
    left = {row.update_id for row in await clinic.rows(inbox, state="done")}
    assert left
    assert not left & old


@pytest.mark.parametrize("first", [timedelta(days=4000), timedelta(0)], ids=["a clock was ahead", "ids began anew"])
async def test_a_newer_update_with_a_lower_id_keeps_none_of_the_old_ones(clinic: Clinic, first: timedelta) -> None:
    store, now = clinic.stage.app.store, clinic.clock.now()
    for update_id, at in ((1, now + first), (2, now - timedelta(days=3)), (3, now - timedelta(days=3))):
        await store.write(kept_updates.add, [(update_id, "{}")], [], at)
    await store.write(kept_updates.finish, [1, 2, 3])
    await clinic.stage.app.ticks.housekeeping()
    assert {row.update_id for row in await clinic.rows(inbox)} & {1, 2, 3} == {1}


# ------------------------------------------------------------------------------------------------ two at once


@pytest.fixture
async def two_open(clinic: Clinic, anna: Someone) -> Someone:
    """Two sessions in one week: the check-in about the first is still open when its homework is asked."""
    await clinic.session("P-014", FIRST)
    await clinic.session("P-014", "2026-11-05T14:00")
    await clinic.until("2026-11-04T18:00")
    return anna


async def test_what_is_typed_answers_what_was_touched_last(two_open: Someone, clinic: Clinic) -> None:
    alliance, homework = [shown.id for shown in two_open.phone.messages if shown.by_bot]
    await two_open.taps("Begin", on=homework)
    await clinic.wait(minutes=1)
    await two_open.taps("Begin", on=alliance)
    await two_open.says("4")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4}


async def test_each_is_answered_in_its_own_message(two_open: Someone, clinic: Clinic) -> None:
    alliance, homework = [shown.id for shown in two_open.phone.messages if shown.by_bot]
    await two_open.taps("Begin", on=alliance)
    await two_open.taps("Begin", "No", "Send", on=homework)
    await two_open.taps("Mostly", on=alliance)
    assert await clinic.answers("P-014") == {"homework.given": "no", "alliance.goals_1": 4}


# ------------------------------------------------------------------------------------------------ many at once


async def test_no_more_are_opened_than_can_be_sent_soon(
    clinic: Clinic, anna: Someone, clara: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred thousand opened at once would wait for an hour, and everybody who taps behind them."""
    monkeypatch.setattr(checkin_due, "AHEAD", 1)
    await clinic.session("P-014", FIRST)
    await clinic.session("P-021", FIRST)
    at = datetime.fromisoformat("2026-11-03T16:00").replace(tzinfo=ZoneInfo("America/Denver")).astimezone(UTC)
    assert len(await clinic.desk(checkin_due.ready_to_open, at, 100)) == 1
    await clinic.desk(waits_for, "P-014", at)
    assert await clinic.desk(checkin_due.ready_to_open, at, 100) == []
    assert len(await clinic.desk(checkin_due.ready_to_open, at - timedelta(hours=9), 100)) == 0
    await clinic.until("2026-11-03T16:00")
    assert (anna.prompts, clara.prompts) == (["hello", READY], [READY])


def waits_for(conn: Connection, code: str, now: datetime) -> None:
    """A message that could go out at that moment if it had its turn."""
    outbox.add(conn, people.by_code(conn, code), "test:waits", "notice", Message("hello").to_json(), now)
