"""Things change while a check-in is open: the questionnaires, the session, the person's mind. Nothing goes astray."""

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import Connection, update

from bot import clinic as desk
from bot import clinic_series
from bot.store.people import Refused
from bot.store.tables import check_in, series
from tests.conftest import FIRST, Clinic, Someone

pytestmark = pytest.mark.deep

wall = datetime.fromisoformat


async def asks(clinic: Clinic, *names: str) -> None:
    """The clinic stops, lists other questionnaires, and starts again."""
    await clinic.stop()
    questionnaires = replace(clinic.config.questionnaires, after_session=names, after_first=())
    others = {name: one for name, one in questionnaires.by_id.items() if name in (*names, "homework", "alliance")}
    clinic.config = replace(clinic.config, questionnaires=replace(questionnaires, by_id=others))
    await clinic.start()


@pytest.fixture
async def begun(clinic: Clinic, anna: Someone) -> Someone:
    """Anna is at the first question of the start form, the eighth of her check-in."""
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin", *["Mostly"] * 6, "Skip")
    assert anna.screen.startswith("8 of 11")
    return anna


async def test_a_questionnaire_that_is_gone_leaves_the_rest_to_be_sent(begun: Someone, clinic: Clinic) -> None:
    pressed = begun.data["Mostly"]
    await asks(clinic, "alliance")
    await begun.presses(pressed)
    assert "Send" in begun.buttons
    await begun.taps("Send")
    assert begun.screen.startswith("Sent. Thank you.")
    assert (await clinic.answers("P-014"))["alliance.tasks_1"] == 4


async def test_an_old_button_never_answers_the_question_that_took_its_place(begun: Someone, clinic: Clinic) -> None:
    """With the start form's file changed, number eight is another question."""
    pressed = begun.data["Mostly"]
    start = clinic.config.questionnaires.by_id["start"]
    await clinic.stop()
    turned = {**clinic.config.questionnaires.by_id, "start": replace(start, items=start.items[::-1], version=2)}
    clinic.config = replace(clinic.config, questionnaires=replace(clinic.config.questionnaires, by_id=turned))
    await clinic.start()
    await begun.presses(pressed)
    assert begun.screen.startswith("8 of")
    assert {name for name in await clinic.answers("P-014") if name.startswith("start")} == set()


async def test_with_nothing_left_to_ask_there_is_nothing_to_do(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await clinic.stop()
    none = replace(clinic.config.questionnaires, by_id={})
    clinic.config = replace(clinic.config, questionnaires=none)
    await clinic.start()
    await anna.taps("Begin")
    assert anna.screen == "This one is not needed any more. There is nothing to do."


async def test_yes_then_change_asks_for_the_goals_again(clinic: Clinic, anna: Someone) -> None:
    for day in ("03", "10"):
        await clinic.session("P-014", f"2026-11-{day}T14:00")
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin", *["Mostly"] * 6, "Skip", "Skip")
    await anna.says("Sleep through the night")
    await anna.taps("Skip", "Skip", "Send")
    for day in ("17", "24"):
        await clinic.session("P-014", f"2026-11-{day}T14:00")
    await clinic.until("2026-11-10T16:00")
    await anna.taps("Begin", *["Mostly"] * 6, "Skip", "1. Sleep through the night", "Done", "Send")
    await clinic.until("2026-11-17T16:00")
    await anna.taps("Begin", *["Mostly"] * 6, "Skip", "Yes, no change", "Change")
    await anna.taps(next(label for label in anna.buttons if label.startswith("Still first")))
    await anna.taps("Change")
    assert "Tick" in anna.screen
    assert "✓ 1. Sleep through the night" not in anna.buttons


async def test_a_session_moved_far_into_the_past_is_asked_about_no_more(
    clinic: Clinic, anna: Someone, tomas: Someone
) -> None:
    number = await clinic.session("P-014", FIRST)
    await clinic.desk(desk.move_session, clinic.config, number, wall("2026-10-05T14:00"), clinic.clock.now())
    await clinic.until("2026-11-05T16:00")
    assert (anna.prompts, tomas.prompts) == ([], [])
    assert {row.state for row in await clinic.rows(check_in)} == {"not_asked"}


async def test_a_session_is_not_moved_onto_another_of_the_pair(clinic: Clinic) -> None:
    first = await clinic.session("P-014", FIRST)
    await clinic.session("P-014", "2026-11-10T14:00")
    with pytest.raises(Refused, match="has a session at that time already"):
        await clinic.desk(desk.move_session, clinic.config, first, wall("2026-11-10T14:00"), clinic.clock.now())


async def test_one_bad_weekly_rule_does_not_stop_the_others(clinic: Clinic, log: pytest.LogCaptureFixture) -> None:
    for code in ("P-014", "P-021"):
        values = (clinic.config, code, "Tue 14:00", None, None, clinic.clock.now())
        await clinic.desk(clinic_series.set_weekly, *values)

    def spoil(conn: Connection) -> None:
        conn.execute(update(series).values(made_until=wall("2026-11-04").date()))
        conn.execute(update(series).where(series.c.id == 1).values(time="never"))

    await clinic.desk(spoil)
    await clinic.stage.app.ticks.housekeeping()
    reach = {row.id: row.made_until for row in await clinic.rows(series)}
    assert reach[1] < reach[2]
    assert log.messages == ["sessions of series 1 not laid out: ValueError"]
    log.clear()


async def test_whoever_has_only_agreed_can_stop(empty: Clinic) -> None:
    await empty.desk(desk.add_therapist, empty.config, "T-1", "America/Denver", "en")
    values = (empty.config, "P-014", "T-1", "America/Denver", "en", empty.clock.now())
    await empty.desk(desk.add_patient, *values)
    anna = empty["P-014"]
    await anna.says(f"/start {await empty.stage.invite('P-014')}")
    await anna.taps("I agree")
    await anna.says("/stop")
    await anna.taps("No, keep going")
    assert "Yes, that is right" in anna.buttons
    await anna.says("/stop")
    await anna.taps("Yes, stop")
    assert anna.screen.startswith("Done. I will not ask anything more")
