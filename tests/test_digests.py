"""What the therapist reads, and when: blind first, an hour before the session, and once a week.

What is said is kept as plain text in tests/snapshots; `pytest --update-snapshots` writes it anew.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from bot import clinic as desk
from bot.config import Config
from bot.store import goals
from bot.store.tables import check_in, digest, session
from tests.conftest import FIRST, Clinic, Someone

SECOND, THIRD = "2026-11-10T14:00", "2026-11-17T14:00"
READY = "Your 14:00 is ready."
Snapshot = Callable[[str, str], None]


@pytest.fixture
def config(example: Config) -> Config:
    """Without the form after the first session and without homework: what is compared is what these tests are about."""
    asked = replace(example.questionnaires, after_first=())
    return replace(example, questionnaires=asked, plan=replace(example.plan, homework=False))


async def after(clinic: Clinic, patient: Someone, therapist: Someone, ratings: str, form: str, wall: str) -> None:
    """One session about which both answered: six ratings of the patient's, four of the therapist's."""
    day = wall[:10]
    await clinic.until(f"{day}T15:00")
    if form:
        await therapist.sends_form(form)
    await clinic.until(f"{day}T16:00")
    if ratings:
        await patient.fills(ratings)


@pytest.fixture
async def week(clinic: Clinic) -> Clinic:
    """Anna and Tomas have three sessions, a week apart."""
    for wall in (FIRST, SECOND, THIRD):
        await clinic.session("P-014", wall)
    return clinic


# ------------------------------------------------------------------------------------------------ when


async def test_a_digest_comes_an_hour_before_the_next_session(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await after(week, anna, tomas, "443355", "4445", FIRST)
    await week.until("2026-11-10T12:59")
    assert not tomas.sees(READY)
    await week.until("2026-11-10T13:00")
    assert tomas.screen == READY
    assert tomas.buttons == ["Open"]


async def test_none_comes_before_the_first_session(week: Clinic, tomas: Someone) -> None:
    await week.until("2026-11-03T13:59")
    assert tomas.prompts == []
    assert len(await week.rows(digest, pair_id=1)) == 2


async def test_it_moves_with_the_session(week: Clinic, tomas: Someone) -> None:
    wanted = datetime.fromisoformat("2026-11-10T16:30")
    await week.desk(desk.move_session, week.config, 2, wanted, week.clock.now())
    await week.until("2026-11-10T15:29")
    assert not tomas.sees("Your 16:30 is ready.")
    await week.until("2026-11-10T15:30")
    assert tomas.sees("Your 16:30 is ready.")


async def test_a_cancelled_session_has_none(week: Clinic, tomas: Someone) -> None:
    await week.desk(desk.mark_session, week.config, 2, "cancelled", week.clock.now())
    await week.until("2026-11-10T14:00")
    assert not tomas.sees(READY)


async def test_after_an_outage_past_the_start_it_is_not_sent_any_more(week: Clinic, tomas: Someone) -> None:
    await week.until("2026-11-10T12:00")
    await week.stop()
    week.clock.move_to(week.clock.now().replace(hour=22))
    await week.start()
    await week.stage.settle()
    assert not tomas.sees(READY)
    assert [row.state for row in await week.rows(digest, session_id=2)] == ["not_sent"]


async def test_one_with_a_flag_makes_a_sound(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await after(week, anna, tomas, "443355", "4445", FIRST)
    await week.until("2026-11-10T13:00")
    assert tomas.prompts[-1] == READY


async def test_one_without_a_flag_comes_silently(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await after(week, anna, tomas, "444455", "4444", FIRST)
    await week.until("2026-11-10T13:00")
    assert tomas.screen == READY
    assert READY not in tomas.prompts


# ------------------------------------------------------------------------------------------------ blind


async def test_the_own_form_comes_first_then_the_digest_in_the_same_message(
    week: Clinic, anna: Someone, tomas: Someone, snapshot: Snapshot
) -> None:
    await after(week, anna, tomas, "443355", "", FIRST)
    await week.until("2026-11-10T13:00")
    place = tomas.phone.last.id
    await tomas.taps("Open")
    assert "A. We want the same things from this work." in tomas.screen
    assert "3.0" not in tomas.screen
    await tomas.taps("A 4", "B 4", "C 4", "D 5", "Send")
    assert tomas.phone.last.id == place
    snapshot("digest_disagreement", tomas.screen)


async def test_skipping_the_form_shows_the_digest_without_a_comparison(
    week: Clinic, anna: Someone, tomas: Someone, snapshot: Snapshot
) -> None:
    await after(week, anna, tomas, "443355", "", FIRST)
    await week.until("2026-11-10T13:00")
    await tomas.taps("Open", "Skip this form")
    assert "Patient 3.0." in tomas.screen
    snapshot("digest_skipped_form", tomas.screen)


async def test_while_the_form_is_open_the_weekly_one_shows_nothing_of_that_session(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    await after(week, anna, tomas, "112222", "", FIRST)
    await week.until("2026-11-09T07:00")
    await tomas.taps("Open")
    assert "P-014" in tomas.screen
    assert "low" not in tomas.screen


async def test_an_open_digest_of_last_week_does_not_show_this_weeks_answers(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    await after(week, anna, tomas, "444444", "4444", FIRST)
    await week.until("2026-11-10T13:00")
    await tomas.taps("Open")
    await after(week, anna, tomas, "111111", "", SECOND)
    await tomas.taps("Hide", "Open")
    assert "The lowest answer is 1 of 5" not in tomas.screen


async def test_the_form_stays_open_until_the_session_and_counts_as_in_time(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    await after(week, anna, tomas, "443355", "", FIRST)
    await week.until("2026-11-10T13:58")
    await tomas.taps("Open", "A 4", "B 4", "C 4", "D 5", "Send")
    assert "You rate agreement on tasks differently." in tomas.screen
    assert [row.late for row in await week.rows(check_in, person_id=1, state="answered")] == [False]


async def test_begun_before_the_session_it_stays_blind_while_it_can_be_sent(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    """Whoever began in time may finish half an hour into the session; nothing is shown before."""
    await after(week, anna, tomas, "443355", "", FIRST)
    await week.until("2026-11-10T13:58")
    await tomas.taps("Open")
    await week.until("2026-11-10T14:05")
    await tomas.says("/digest")
    assert "Patient 3.0" not in tomas.screen


async def test_once_the_form_is_closed_the_numbers_can_be_read(
    week: Clinic, anna: Someone, tomas: Someone, snapshot: Snapshot
) -> None:
    await after(week, anna, tomas, "443355", "", FIRST)
    await week.until("2026-11-10T14:31")
    await tomas.taps("Open")
    snapshot("digest_form_not_sent", tomas.screen)


# ------------------------------------------------------------------------------------------------ what it says


async def read(clinic: Clinic, tomas: Someone, wall: str = SECOND) -> str:
    """What Tomas reads before that session."""
    await clinic.until(f"{wall[:10]}T13:00")
    await tomas.taps("Open")
    return tomas.screen


async def test_what_agrees_is_said_too(week: Clinic, anna: Someone, tomas: Someone, snapshot: Snapshot) -> None:
    await after(week, anna, tomas, "444455", "4444", FIRST)
    snapshot("digest_agrees", await read(week, tomas))


async def test_both_low(week: Clinic, anna: Someone, tomas: Someone, snapshot: Snapshot) -> None:
    await after(week, anna, tomas, "442244", "4423", FIRST)
    snapshot("digest_both_low", await read(week, tomas))


async def test_no_answer_is_said_without_reproach(
    week: Clinic, tomas: Someone, anna: Someone, snapshot: Snapshot
) -> None:
    await after(week, anna, tomas, "", "4444", FIRST)
    snapshot("digest_no_answer", await read(week, tomas))


async def test_a_flag_that_stays_is_counted(week: Clinic, anna: Someone, tomas: Someone, snapshot: Snapshot) -> None:
    await after(week, anna, tomas, "443344", "4455", FIRST)
    await after(week, anna, tomas, "443344", "4455", SECOND)
    snapshot("digest_still", await read(week, tomas, THIRD))


async def test_own_words_are_shown_as_they_were_typed(
    week: Clinic, anna: Someone, tomas: Someone, snapshot: Snapshot
) -> None:
    await after(week, anna, tomas, "", "4444", FIRST)
    await anna.taps("Begin", *["Mostly"] * 6)
    await anna.says("<b>Slower</b> & fewer {{ words }} _please_")
    await anna.taps("For my therapist", "Send")
    snapshot("digest_own_words", await read(week, tomas))


async def test_what_she_brings_up_herself_is_not_quoted(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await after(week, anna, tomas, "", "4444", FIRST)
    await anna.taps("Begin", *["Mostly"] * 6)
    await anna.says("something private")
    await anna.taps("I will bring it up myself", "Send")
    text = await read(week, tomas)
    assert "something private" not in text
    assert "The patient has something to bring up in the room." in text


async def test_different_goals(week: Clinic, anna: Someone, tomas: Someone, snapshot: Snapshot) -> None:
    for words in ("sleep through the night", "less anger at home"):
        await week.desk(goals.add, 1, words, "patient", week.clock.now())
    await week.until("2026-11-03T15:00")
    await tomas.sends_form("4444", "E 1. sleep through the night")
    await week.until("2026-11-03T16:00")
    await anna.taps("Begin", *["Mostly"] * 6, "Skip", "2. less anger at home", "Done", "Send")
    snapshot("digest_goals", await read(week, tomas))


async def test_more_than_three_flags_are_folded(
    week: Clinic, anna: Someone, tomas: Someone, snapshot: Snapshot
) -> None:
    await after(week, anna, tomas, "112211", "4455", FIRST)
    await after(week, anna, tomas, "112211", "4455", SECOND)
    snapshot("digest_folded", await read(week, tomas, THIRD))
    more = next(label for label in tomas.buttons if label.startswith("More"))
    await tomas.taps(more)
    snapshot("digest_unfolded", tomas.screen)
    await tomas.taps("Less")
    assert more in tomas.buttons


async def test_we_did_not_meet_is_said_and_not_compared(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await after(week, anna, tomas, "444444", "4444", FIRST)
    await week.until("2026-11-10T16:00")
    await anna.taps("Begin", "We did not meet", "Yes, we did not meet")
    assert "P-014" in await read(week, tomas, THIRD)
    assert [row.state for row in await week.rows(session)] == ["planned", "missed", "planned"]


async def test_the_digest_is_kept_as_it_was_read(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await after(week, anna, tomas, "443355", "4445", FIRST)
    text = await read(week, tomas)
    (row,) = await week.rows(digest, session_id=2)
    assert row.text == text
    assert "<script" not in row.html


async def test_hide_puts_it_away(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await after(week, anna, tomas, "443355", "4445", FIRST)
    await read(week, tomas)
    await tomas.taps("Hide")
    assert tomas.screen == READY
    await tomas.taps("Open")
    assert "You rate agreement on tasks differently." in tomas.screen


async def test_the_latest_one_is_a_command_away(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await tomas.says("/digest")
    assert tomas.buttons == []
    await after(week, anna, tomas, "443355", "4445", FIRST)
    await week.until("2026-11-10T13:00")
    await tomas.says("/digest")
    assert tomas.screen.startswith("You rate agreement on tasks differently.")


async def test_in_spanish(week: Clinic, anna: Someone, tomas: Someone, snapshot: Snapshot) -> None:
    await after(week, anna, tomas, "443355", "4445", FIRST)
    await tomas.says("/settings")
    await tomas.taps("Español")
    await week.until("2026-11-10T13:00")
    await tomas.taps(tomas.buttons[0])
    snapshot("digest_es", tomas.screen)


async def test_a_digest_that_is_too_long_for_one_message_loses_nothing(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    """Own words of full length and every flag there is, opened in full."""
    for wall in (FIRST, SECOND):
        await after(week, anna, tomas, "", "5555", wall)
        await anna.taps("Begin", *["Not at all"] * 6)
        await anna.says("word " * 199 + "end")
        await anna.taps("For my therapist", "Send")
    await read(week, tomas, THIRD)
    assert tomas.sees("Prompts for a talk, not findings about a person.")
    assert all(len(shown.text) <= 4096 for shown in tomas.phone.messages)


# ------------------------------------------------------------------------------------------------ weekly


async def test_every_monday_at_seven_all_pairs_on_one_page(
    week: Clinic, anna: Someone, ben: Someone, tomas: Someone, snapshot: Snapshot
) -> None:
    await week.session("P-015", "2026-11-04T10:00")
    await after(week, anna, tomas, "443355", "4455", FIRST)
    await week.until("2026-11-04T11:00")
    await tomas.sends_form("4444")
    await week.until("2026-11-04T12:00")
    await ben.fills("444444")
    await week.until("2026-11-09T06:59")
    assert not tomas.sees("Your week is ready.")
    await week.until("2026-11-09T07:00")
    assert tomas.prompts[-1] == "Your week is ready."
    await tomas.taps("Open")
    snapshot("weekly", re.sub("log .*", "log …", tomas.screen))
    await tomas.taps("Hide")
    assert tomas.screen == "Your week is ready."


async def test_every_monday_even_without_a_session(clinic: Clinic, tomas: Someone) -> None:
    await clinic.until("2026-11-24T00:00")
    assert tomas.prompts == ["Your week is ready."] * 3
    await tomas.taps("Open")
    assert "No sessions with a check-in yet." in tomas.screen


async def test_monday_is_the_therapists_own(clinic: Clinic, tomas: Someone) -> None:
    await tomas.says("/settings")
    await tomas.taps("Time zone", "Europe", "Berlin 18:00")
    await clinic.until("2026-11-08T22:59")
    assert tomas.prompts == []
    await clinic.until("2026-11-08T23:00")
    assert tomas.prompts == ["Your week is ready."]
