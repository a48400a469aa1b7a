"""Tomas's phone: one message a session, a row of numbers under each sentence."""

import pytest

from bot.store.tables import answer, check_in, goal, session
from tests.conftest import FIRST, Clinic, Someone

SECOND, THIRD = "2026-11-10T14:00", "2026-11-17T14:00"


@pytest.fixture
async def asked(clinic: Clinic, tomas: Someone) -> Someone:
    """Tomas at the end of Anna's first session."""
    await clinic.session("P-014", FIRST)
    await clinic.session("P-014", SECOND)
    await clinic.until("2026-11-03T15:00")
    return tomas


async def kept(clinic: Clinic, **where: object) -> dict[str, object]:
    """What is kept of the therapists' answers, as "session: questionnaire.item"."""
    mine = {row.id for row in await clinic.rows(check_in, person_id=1)}
    rows = [row for row in await clinic.rows(answer, **where) if row.check_in_id in mine]
    return {f"{row.filed_under}: {row.questionnaire}.{row.item}": row.value for row in rows}


async def test_the_form_comes_when_the_session_ends(asked: Someone) -> None:
    assert len(asked.prompts) == 1
    assert "14:00" in asked.screen
    assert "P-014" not in asked.screen
    assert asked.buttons == ["Begin"]


async def test_one_message_holds_the_whole_form(asked: Someone) -> None:
    await asked.taps("Begin")
    assert asked.screen.startswith("P-014")
    for said in ("A. We want the same things", "D. We are both on board", "1 Not at all", "5 Fully"):
        assert said in asked.screen
    rows = asked.phone.last.buttons
    assert rows[:4] == tuple(tuple(f"{row} {n}" for n in range(1, 6)) for row in "ABCD")
    assert [label for row in rows[-3:] for label in row] == [
        "Send", "Skip this form", "Later", "Hide", "We did not meet",
    ]  # fmt: skip


async def test_bond_is_asked_only_where_the_plan_says_so(asked: Someone) -> None:
    await asked.taps("Begin")
    assert "Hard things can be said between us." not in asked.screen


async def test_a_tap_shows_and_stores_the_answer(asked: Someone, clinic: Clinic) -> None:
    await asked.taps("Begin", "A 4", "B 3", "A 5")
    assert "✓ A 5" in asked.buttons
    assert "A. We want the same things from this work. → Fully" in asked.screen
    assert await kept(clinic) == {"1: alliance.goals_1": 5, "1: alliance.goals_2": 3}


async def test_quick_taps_before_the_screen_changed_all_count(asked: Someone, clinic: Clinic) -> None:
    await asked.taps("Begin")
    keyboard, message = asked.data, asked.phone.last
    for label in ("A 4", "B 4", "C 2", "D 3"):
        asked.phone.press(keyboard[label], message.id)
    await clinic.stage.settle()
    assert list((await kept(clinic)).values()) == [4, 4, 2, 3]
    assert asked.phone.unanswered == []


async def test_send_with_a_stale_keyboard_shows_the_present_form_instead(asked: Someone, clinic: Clinic) -> None:
    await asked.taps("Begin")
    send = asked.data["Send"]
    await asked.taps("A 4")
    await asked.presses(send)
    assert "✓ A 4" in asked.buttons
    assert await clinic.rows(check_in, state="answered") == []


@pytest.mark.parametrize(("typed", "shown"), [("A4", "✓ A 4"), ("b 2", "✓ B 2"), ("E no", "✓ E No"), ("e1", "✓ E Yes")])
async def test_a_row_and_a_number_can_be_typed(asked: Someone, typed: str, shown: str) -> None:
    await asked.taps("Begin")
    await asked.says(typed)
    assert shown in asked.buttons


async def test_send_ends_it_and_what_was_left_open_counts_as_skipped(asked: Someone, clinic: Clinic) -> None:
    await asked.sends_form("44", "E No")
    assert asked.screen == "Sent. Thank you."
    assert await kept(clinic) == {
        "1: alliance.goals_1": 4, "1: alliance.goals_2": 4, "1: alliance.tasks_1": None, "1: alliance.tasks_2": None,
        "1: homework.given": "no",
    }  # fmt: skip


async def test_skip_this_form_keeps_nothing_that_was_tapped(asked: Someone, clinic: Clinic) -> None:
    await asked.taps("Begin", "A 4", "E Yes", "Skip this form")
    assert set((await kept(clinic)).values()) == {None}
    assert len(await clinic.rows(check_in, state="answered")) == 1


async def test_the_reminder_comes_once_and_not_if_it_was_sent(asked: Someone, clinic: Clinic) -> None:
    await clinic.until("2026-11-04T15:00")
    assert len(asked.prompts) == 2
    await asked.sends_form()
    await clinic.until("2026-11-08T15:00")
    assert len(asked.prompts) == 2


@pytest.mark.usefixtures("asked")
async def test_it_closes_when_the_next_session_begins(clinic: Clinic) -> None:
    await clinic.until("2026-11-10T13:59")
    assert await clinic.rows(check_in, person_id=1, state="missed") == []
    await clinic.until(SECOND)
    assert len(await clinic.rows(check_in, person_id=1, state="missed")) == 1


async def test_without_a_next_session_it_closes_after_seven_days(clinic: Clinic, tomas: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-10T14:59")
    assert await clinic.rows(check_in, person_id=1, state="open")
    await clinic.until("2026-11-10T15:00")
    assert await clinic.rows(check_in, person_id=1, state="missed")
    await tomas.taps("Begin")
    assert tomas.sees("This one is closed.")


async def test_whose_words_were_given_is_asked_next_time_and_filed_before(asked: Someone, clinic: Clinic) -> None:
    await asked.sends_form("4444", "E Yes")
    await clinic.until("2026-11-10T15:00")
    await asked.taps("Begin")
    assert "F. How much of last time's was done?" in asked.screen
    await asked.taps("E No", "F 3", "Send")
    assert (await kept(clinic))["1: homework.done"] == 3
    assert (await kept(clinic))["2: homework.given"] == "no"


async def test_without_homework_last_time_nothing_is_asked_about_it(asked: Someone, clinic: Clinic) -> None:
    await asked.sends_form("4444", "E No")
    await clinic.until("2026-11-10T15:00")
    await asked.taps("Begin")
    assert "last time's" not in asked.screen


async def test_where_tomas_said_nothing_annas_word_about_homework_counts(
    asked: Someone, anna: Someone, clinic: Clinic
) -> None:
    await clinic.until("2026-11-09T18:00")
    await anna.taps("Begin", "Yes", "Most", "Mostly", "Mostly", "Mostly", "Hard", "Send")
    await clinic.until("2026-11-10T15:00")
    await asked.taps("Begin")
    assert "How much of last time's was done?" in asked.screen


# ------------------------------------------------------------------------------------------------ goals


@pytest.fixture
async def hoped(asked: Someone, anna: Someone, clinic: Clinic) -> Someone:
    """Tomas after the second session; Anna's hopes made the first goal."""
    await asked.taps("Begin")
    assert "goals matter" not in asked.screen
    await asked.taps("Send")
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin", *["Mostly"] * 6, "Skip", "Mostly")
    await anna.says("sleep through the night")
    await anna.taps("Mostly", "Mostly", "Send")
    await clinic.until("2026-11-10T15:00")
    await asked.taps("Begin")
    return asked


async def test_goals_are_asked_once_the_list_has_one(hoped: Someone, clinic: Clinic) -> None:
    assert "E. Which goals matter now? Tick one to three." in hoped.screen
    await hoped.taps("E 1. sleep through the night", "Send")
    assert (await kept(clinic))["2: goals.chosen"] == [1]
    assert (await kept(clinic))["2: goals.top"] == 1


async def test_with_two_ticks_tomas_says_which_comes_first(hoped: Someone, clinic: Clinic) -> None:
    await hoped.taps("E 1. sleep through the night", "E Something else")
    assert "F. Which of these goals matters most?" in hoped.screen
    await hoped.taps("F Something else", "Send")
    assert (await kept(clinic))["2: goals.top"] == "other"


async def test_either_side_may_add_a_goal_and_it_is_marked_whose(hoped: Someone, clinic: Clinic) -> None:
    await hoped.says("be kinder to himself")
    assert "✓ E 2. be kinder to himself" in hoped.buttons
    assert [(row.number, row.added_by) for row in await clinic.rows(goal)] == [(1, "patient"), (2, "therapist")]


async def test_the_list_never_has_more_than_five_whoever_adds(hoped: Someone, anna: Someone, clinic: Clinic) -> None:
    """Both have the form open, each with the list as it was then."""
    await clinic.until("2026-11-10T16:00")
    await anna.taps("Begin", *["Mostly"] * 6, "Skip")
    await anna.says("two", "three", "four", "five")
    await hoped.taps("Continue")
    await hoped.says("six")
    assert "There are five goals already." in hoped.screen
    assert len(await clinic.rows(goal)) == 5


# ------------------------------------------------------------------------------------------------ over the shoulder


async def test_hide_and_continue(asked: Someone) -> None:
    await asked.taps("Begin", "A 4", "Hide")
    assert asked.screen == "Ready when you are."
    await asked.taps("Continue")
    assert "✓ A 4" in asked.buttons


async def test_an_idle_form_hides_itself(asked: Someone, clinic: Clinic) -> None:
    await asked.taps("Begin")
    await clinic.wait(minutes=5)
    assert asked.screen == "Ready when you are."


async def test_later_comes_back_as_a_fresh_message(asked: Someone, clinic: Clinic) -> None:
    await asked.taps("Begin", "Later", "In 1 hour (16:00)")
    await clinic.until("2026-11-03T16:00")
    assert len(asked.prompts) == 2


async def test_we_did_not_meet_from_this_side(asked: Someone, anna: Someone, clinic: Clinic) -> None:
    await asked.taps("Begin", "We did not meet", "Yes, we did not meet")
    first, _ = await clinic.rows(session)
    assert (first.state, first.confirm) == ("missed", True)
    await clinic.until("2026-11-04T16:00")
    assert anna.prompts == []


async def test_no_digest_is_promised_before_what_is_now_the_first_session(asked: Someone, clinic: Clinic) -> None:
    await asked.taps("Begin", "We did not meet", "Yes, we did not meet")
    before = len(asked.prompts)
    await clinic.until("2026-11-10T13:30")
    assert len(asked.prompts) == before + 1  # Monday's weekly one only
