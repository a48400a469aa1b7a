"""What a hostile reading found: each story went wrong once."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from bot import clinic as desk
from bot import clinic_series
from bot.store import people
from bot.store.people import Refused
from bot.store.tables import check_in, session
from tests.conftest import Clinic, Someone

pytestmark = pytest.mark.deep

TUESDAYS = ("2026-11-03T14:00", "2026-11-10T14:00", "2026-11-17T14:00")


async def move(clinic: Clinic, session_id: int, wall: str) -> None:
    await clinic.desk(desk.move_session, clinic.config, session_id, datetime.fromisoformat(wall), clinic.clock.now())


async def test_a_session_moved_after_we_did_not_meet_is_asked_about(
    clinic: Clinic, anna: Someone, tomas: Someone
) -> None:
    moved = await clinic.session("P-014")
    await clinic.until("2026-11-03T15:10")
    await tomas.taps("Begin", "We did not meet", "Yes, we did not meet")
    await move(clinic, moved, "2026-11-05T14:00")
    await clinic.until("2026-11-05T16:00")
    assert (len(anna.prompts), len(tomas.prompts)) == (1, 2)
    await anna.fills("444444", *["Skip"] * 4)
    assert (await clinic.answers("P-014"))["alliance.goals_1"] == 4


async def test_a_session_held_after_all_is_asked_about(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    wrong = await clinic.session("P-014")
    await clinic.until("2026-11-03T16:10")
    await anna.taps("Begin", "We did not meet", "Yes, we did not meet")
    await clinic.desk(desk.mark_session, clinic.config, wrong, "held", clinic.clock.now())
    assert len(anna.prompts) == len(tomas.prompts) == 2


async def test_an_open_form_of_a_session_moved_ahead_is_asked_after_it(clinic: Clinic, anna: Someone) -> None:
    moved = await clinic.session("P-014")
    await clinic.until("2026-11-03T16:10")
    await anna.taps("Begin", "Fully")
    await move(clinic, moved, "2026-11-10T14:00")
    assert await clinic.answers("P-014") == {}
    await clinic.until("2026-11-10T15:50")
    assert len(anna.prompts) == 1  # nor a reminder about a meeting that is still to come
    await clinic.until("2026-11-10T16:00")
    assert len(anna.prompts) == 2


async def test_a_digest_comes_again_before_a_session_that_was_moved_after_it(clinic: Clinic, tomas: Someone) -> None:
    _, second = [await clinic.session("P-014", wall) for wall in TUESDAYS[:2]]
    await clinic.until("2026-11-10T13:10")
    announced = tomas.prompts.count("Your 14:00 is ready.")
    await move(clinic, second, "2026-11-12T14:00")
    await clinic.until("2026-11-12T13:10")
    assert tomas.prompts.count("Your 14:00 is ready.") == announced + 1


async def test_what_comes_too_late_for_one_digest_stands_in_the_next(
    clinic: Clinic, anna: Someone, tomas: Someone
) -> None:
    for wall in TUESDAYS:
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-03T15:30")
    await tomas.sends_form()
    await clinic.until("2026-11-10T15:30")
    await tomas.sends_form()
    first = [row for row in await clinic.rows(check_in, session_id=1, kind="alliance") if row.state == "missed"]
    await anna.presses(f"c:{first[0].id}:0:b")
    await anna.rates(2, 4, 4, 4, 4, 4)
    await anna.says("less talk, more doing")
    await anna.taps("For my therapist", *["Skip"] * 4, "Send")
    await clinic.until("2026-11-17T13:10")
    await tomas.taps("Open")
    assert tomas.sees("less talk, more doing")
    assert tomas.sees("This is about the session of Tue 3 Nov.")


async def test_a_weekly_session_does_not_begin_before_its_date(clinic: Clinic) -> None:
    now = clinic.clock.now()
    await clinic.desk(clinic_series.set_weekly, clinic.config, "P-014", "Tue 14:00", date(2027, 2, 2), None, now)
    clinic.clock.move_to(now + timedelta(days=40))
    await clinic.stage.app.ticks.housekeeping()
    assert min(row.local for row in await clinic.rows(session)) >= "2027-02-02"


async def test_without_homework_the_therapist_is_not_asked_about_it(clinic: Clinic, tomas: Someone) -> None:
    await clinic.stop()
    clinic.config = replace(clinic.config, plan=replace(clinic.config.plan, homework=False))
    await clinic.start()
    await clinic.session("P-014")
    await clinic.until("2026-11-03T15:10")
    await tomas.taps("Begin")
    assert not tomas.sees("until next time")


async def test_what_no_database_takes_is_refused_with_a_sentence(clinic: Clinic) -> None:
    with pytest.raises(Refused, match="There is no session"):
        await clinic.desk(desk.mark_session, clinic.config, 10**30, "held", clinic.clock.now())
    with pytest.raises(Refused, match="nobody with the code"):
        await clinic.desk(people.by_code, "\udcff")
