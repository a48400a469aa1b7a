"""Anna's phone: a check-in from its first screen to Send, and everything she may do on the way."""

import pytest

from bot.store.tables import answer, check_in, goal, session
from tests.conftest import FIRST, Clinic, Someone

FIXED = "Nobody reads messages here. Need a person now: dial 988, then press 1, or text 838255."
READY = "Ready when you are. It takes about two minutes."


@pytest.fixture
async def asked(clinic: Clinic, anna: Someone) -> Someone:
    """Anna an hour after her first session, with the invitation to her check-in."""
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    return anna


@pytest.fixture
async def begun(asked: Someone) -> Someone:
    """Anna at the first question."""
    await asked.taps("Begin")
    return asked


# ------------------------------------------------------------------------------------------------ the screens


async def test_an_hour_after_the_session_anna_is_asked(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T15:59")
    assert anna.prompts == []
    await clinic.until("2026-11-03T16:00")
    assert anna.prompts == [READY]
    assert anna.buttons == ["Begin", "Later"]


async def test_the_first_screen_has_whole_words_and_the_crisis_line(begun: Someone) -> None:
    assert begun.screen.startswith("1 of 12")
    assert "Think of Tuesday's meeting." in begun.screen
    assert "We want the same things from this work." in begun.screen
    assert "Need a person now: dial 988" in begun.screen
    words = ["Not at all", "A little", "Partly", "Mostly", "Fully"]
    assert begun.buttons == [*words, "Skip", "Later", "Hide", "We did not meet"]


async def test_between_first_and_last_screen_help_is_one_word_away(begun: Someone) -> None:
    await begun.taps("Mostly")
    assert begun.screen.startswith("2 of 12")
    assert "Need a person now? /help" in begun.screen
    assert "We did not meet" not in begun.buttons


async def test_the_whole_check_in_stays_one_message(begun: Someone) -> None:
    first = begun.phone.last.id
    await begun.rates(4, 4, 3, 3, 5, 4, 0)
    assert begun.phone.last.id == first
    assert begun.prompts == [READY]


async def test_an_answer_is_stored_at_the_tap(begun: Someone, clinic: Clinic) -> None:
    await begun.taps("Mostly", "Partly")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4, "alliance.goals_2": 3}


async def test_back_shows_the_answer_and_another_one_replaces_it(begun: Someone, clinic: Clinic) -> None:
    await begun.taps("Mostly", "Back")
    assert "✓ Mostly" in begun.buttons
    assert "Your answer so far: Mostly" in begun.screen
    await begun.taps("Fully")
    assert begun.sees("2 of 12")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 5}


async def test_skip_is_always_there_and_kept_as_a_skip(begun: Someone, clinic: Clinic) -> None:
    await begun.taps("Skip")
    assert begun.sees("2 of 12")
    assert await clinic.answers("P-014") == {"alliance.goals_1": None}


async def test_a_form_sent_with_every_item_skipped_is_answered(begun: Someone, clinic: Clinic) -> None:
    await begun.taps(*["Skip"] * 11, "Send")
    assert begun.sees("Sent. Thank you.")
    assert [row.state for row in await clinic.rows(check_in, kind="alliance") if row.answered_at] == ["answered"]
    assert set((await clinic.answers("P-014")).values()) == {None}


async def test_the_summary_shows_everything_and_the_crisis_line(begun: Someone) -> None:
    await begun.rates(4, 4, 3, 3, 5, 0, 0, 4, 0, 0, 2)
    assert "We want the same things from this work.\n→ Mostly" in begun.screen
    assert "What is said between us is in good hands.\n→ skipped" in begun.screen
    assert "Need a person now: dial 988" in begun.screen
    assert begun.buttons == ["Send", "Change", "Back", "Hide"]


async def test_change_leads_to_one_question_and_back_to_the_summary(begun: Someone, clinic: Clinic) -> None:
    await begun.rates(4, 4, 3, 3, 5, 4, 0, 4, 0, 4, 4)
    await begun.taps("Change", "We both see why we work the way we do.", "Fully")
    assert "We both see why we work the way we do.\n→ Fully" in begun.screen
    await begun.taps("Send")
    assert (await clinic.answers("P-014"))["alliance.tasks_1"] == 5


async def test_after_send_anna_reads_when_it_is_seen_and_whom_to_call(begun: Someone) -> None:
    await begun.taps(*["Skip"] * 11, "Send")
    assert "Your therapist usually sees this in the hour before your next session, not sooner." in begun.screen
    assert "dial 988" in begun.screen
    assert begun.buttons == []


# ------------------------------------------------------------------------------------------------ typing


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("4", 4), ("mostly", 4), ("MOSTLY.", 4), ("not at all", 1), ("skip", None), ("Omitir", None),
    ],
)  # fmt: skip
async def test_the_words_of_a_button_can_be_typed(
    begun: Someone, clinic: Clinic, typed: str, stored: int | None
) -> None:
    await begun.says(typed)
    assert begun.screen.startswith("2 of 12")
    assert await clinic.answers("P-014") == {"alliance.goals_1": stored}


async def test_back_and_hide_can_be_typed_too(begun: Someone) -> None:
    await begun.taps("Mostly")
    await begun.says("back")
    assert begun.screen.startswith("1 of 12")
    await begun.says("hide")
    assert begun.screen == "Ready when you are."
    await begun.says("continue")
    assert begun.screen.startswith("1 of 12")


async def test_what_was_typed_moves_the_question_below_it(begun: Someone) -> None:
    await begun.says("4")
    assert [shown.text for shown in begun.phone.messages if shown.by_bot and "of 12" in shown.text] == [begun.screen]


@pytest.mark.parametrize("words", ["hello?", "I cannot go on", "9", "4,5", "<b>&_*[", "/nonsense now"])
async def test_words_that_are_no_answer_get_the_fixed_reply_or_help(begun: Someone, clinic: Clinic, words: str) -> None:
    await begun.says(words)
    assert begun.screen.startswith(FIXED)
    assert await clinic.answers("P-014") == {}


async def test_own_words_are_typed_and_anna_says_who_may_read_them(begun: Someone, clinic: Clinic) -> None:
    await begun.rates(4, 4, 4, 4, 4, 4)
    assert "Please leave out names, units, places, dates of movements and anything classified." in begun.screen
    await begun.says("Less homework, <b>please</b> & thanks")
    assert begun.buttons[:2] == ["For my therapist", "I will bring it up myself"]
    await begun.taps("I will bring it up myself")
    answers = await clinic.answers("P-014")
    assert answers["alliance.own_words"] == "Less homework, <b>please</b> & thanks"
    assert answers["alliance.words_for"] == "self"


async def test_without_own_words_nobody_is_asked_who_may_read_them(begun: Someone) -> None:
    await begun.rates(4, 4, 4, 4, 4, 4, 0)
    assert "I know who sees what I say here." in begun.screen


async def test_words_that_are_too_long_are_not_cut_but_asked_again(begun: Someone, clinic: Clinic) -> None:
    await begun.rates(4, 4, 4, 4, 4, 4)
    await begun.says("x" * 1001)
    assert begun.screen.startswith("That is too long. Please use at most 1000 characters.")
    assert "In your own words" in begun.screen
    await begun.says("x" * 1000)
    assert (await clinic.answers("P-014"))["alliance.own_words"] == "x" * 1000


async def test_a_message_changed_afterwards_is_not_seen_and_that_is_said(begun: Someone, clinic: Clinic) -> None:
    number = begun.phone.say("4")
    await clinic.stage.settle()
    begun.phone.edit(number, "5")
    await clinic.stage.settle()
    assert begun.screen == "I cannot see changes to earlier messages. Please send it as a new one."
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4}


@pytest.mark.parametrize("what", ["send_voice", "send_sticker", "send_photo"])
async def test_voice_stickers_and_pictures_get_the_fixed_reply(begun: Someone, clinic: Clinic, what: str) -> None:
    getattr(begun.phone, what)()
    await clinic.stage.settle()
    assert begun.screen.startswith(FIXED)


async def test_free_text_while_nothing_is_open_gets_the_fixed_reply(anna: Someone) -> None:
    await anna.says("I do not know what to do")
    assert anna.screen.startswith(FIXED)
    assert "Or reach your clinic: call the front desk" in anna.screen


# ------------------------------------------------------------------------------------------------ later, hide


async def test_later_offers_an_hour_tonight_and_tomorrow(begun: Someone) -> None:
    await begun.taps("Later")
    assert begun.buttons == ["In 1 hour (17:00)", "Tonight (19:00)", "Tomorrow (08:00)", "Back", "Hide"]
    await begun.taps("Back")
    assert begun.screen.startswith("1 of 12")


async def test_after_later_a_fresh_message_comes_and_the_old_one_goes(asked: Someone, clinic: Clinic) -> None:
    old = asked.phone.last.id
    await asked.taps("Later", "Tonight (19:00)")
    assert asked.screen == "All right. I will ask again at 19:00."
    await clinic.until("2026-11-03T18:59")
    assert len(asked.prompts) == 1
    await clinic.until("2026-11-03T19:00")
    assert asked.prompts[1:] == ["Still here. Ready when you are."]
    assert old not in [shown.id for shown in asked.phone.messages]


async def test_whoever_put_it_off_may_begin_at_once(asked: Someone, clinic: Clinic) -> None:
    await asked.taps("Later", "In 1 hour (17:00)", "Begin")
    assert asked.screen.startswith("1 of 12")
    await clinic.until("2026-11-03T17:30")
    assert asked.prompts == [READY]


async def test_later_offers_nothing_in_quiet_hours(asked: Someone, clinic: Clinic) -> None:
    await clinic.until("2026-11-03T20:10")
    await asked.taps("Later")
    assert asked.buttons == ["Tomorrow (08:00)", "Back", "Hide"]


async def test_later_offers_nothing_past_the_closing(asked: Someone, clinic: Clinic) -> None:
    await clinic.until("2026-11-06T15:30")
    await asked.taps("Later")
    assert asked.screen == "This one closes soon, so there is no later time to offer."
    assert asked.buttons == ["Back", "Hide"]


async def test_hide_turns_the_message_at_once_into_nothing_private(begun: Someone) -> None:
    await begun.taps("Mostly", "Hide")
    assert begun.screen == "Ready when you are."
    assert begun.buttons == ["Continue"]
    await begun.taps("Continue")
    assert begun.screen.startswith("2 of 12")


async def test_after_five_idle_minutes_it_hides_itself_without_a_sound(begun: Someone, clinic: Clinic) -> None:
    await clinic.wait(minutes=4, seconds=59)
    assert begun.screen.startswith("1 of 12")
    await clinic.wait(seconds=1)
    assert begun.screen == "Ready when you are."
    assert begun.prompts == [READY]


@pytest.mark.parametrize("screen", ["Change", "Hide", "Back"])
async def test_continue_leads_back_to_the_same_screen(begun: Someone, clinic: Clinic, screen: str) -> None:
    await begun.taps(*["Skip"] * 11, screen)
    before = begun.screen
    await clinic.wait(minutes=5)
    await begun.taps("Continue")
    assert begun.screen == before or (screen == "Hide" and begun.screen.startswith("Your answers"))


async def test_after_a_restart_anna_goes_on_at_the_next_unanswered_item(begun: Someone, clinic: Clinic) -> None:
    await begun.taps("Mostly", "Partly", "Hide")
    await clinic.restart()
    await begun.taps("Continue")
    assert begun.screen.startswith("3 of 12")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4, "alliance.goals_2": 3}


async def test_a_tap_made_while_the_bot_was_down_counts(begun: Someone, clinic: Clinic) -> None:
    await clinic.stop()
    begun.phone.tap("Mostly")
    await clinic.start()
    await clinic.stage.settle()
    assert begun.screen.startswith("2 of 12")


async def test_checkin_brings_the_open_one_back_below(begun: Someone) -> None:
    await begun.taps("Mostly")
    await begun.says("/checkin")
    assert begun.screen.startswith("2 of 12")
    await begun.taps("Mostly")
    assert begun.screen.startswith("3 of 12")


async def test_checkin_without_an_open_one_says_so(anna: Someone) -> None:
    await anna.says("/checkin")
    assert anna.screen == "There is nothing to answer right now. I will write when there is."


# ------------------------------------------------------------------------------------------------ taps that come twice


async def test_a_double_tap_counts_once(begun: Someone, clinic: Clinic) -> None:
    begun.phone.tap("Mostly")
    begun.phone.tap("Mostly")
    await clinic.stage.settle()
    assert begun.screen.startswith("2 of 12")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4}
    assert begun.toast == "That button is from an earlier screen. Here is where you are."
    assert begun.phone.unanswered == []


async def test_an_old_button_changes_no_answer(begun: Someone, clinic: Clinic) -> None:
    old = begun.data["Not at all"]
    await begun.taps("Mostly", "Partly")
    await begun.presses(old)
    assert begun.screen.startswith("3 of 12")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4, "alliance.goals_2": 3}


async def test_after_send_the_buttons_of_the_summary_are_dead(begun: Someone, clinic: Clinic) -> None:
    await begun.taps(*["Skip"] * 11)
    change, send = begun.data["Change"], begun.data["Send"]
    await begun.taps("Send")
    (before,) = await clinic.rows(check_in, state="answered")
    await clinic.wait(hours=1)
    for old in (send, change):
        await begun.presses(old)
        assert begun.toast == "This one is closed. There is nothing to do."
    assert begun.screen.startswith("Sent. Thank you.")
    assert [row.answered_at for row in await clinic.rows(check_in, state="answered")] == [before.answered_at]


# ------------------------------------------------------------------------------------------------ we did not meet


async def test_we_did_not_meet_withdraws_both_sides_and_asks_the_desk(
    begun: Someone, tomas: Someone, clinic: Clinic
) -> None:
    await begun.taps("We did not meet")
    assert "You did not meet on Tue 3 Nov?" in begun.screen
    await begun.taps("Yes, we did not meet")
    assert begun.screen.startswith("Noted: you did not meet.")
    (held,) = await clinic.rows(session)
    assert (held.state, held.confirm) == ("missed", True)
    assert {row.state for row in await clinic.rows(check_in)} == {"excused"}
    await tomas.taps("Begin")
    assert tomas.screen.startswith("Noted: you did not meet.")


async def test_we_did_not_meet_can_be_taken_back(begun: Someone, clinic: Clinic) -> None:
    await begun.taps("We did not meet", "Back")
    assert begun.screen.startswith("1 of 12")
    (held,) = await clinic.rows(session)
    assert held.confirm is False


# ------------------------------------------------------------------------------------------------ opening, closing


async def test_quiet_hours_hold_the_opening_until_eight(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", "2026-11-03T19:30")
    await clinic.until("2026-11-04T07:59")
    assert anna.prompts == []
    await clinic.until("2026-11-04T08:00")
    assert anna.prompts == [READY]


async def test_quiet_hours_are_judged_when_it_really_opens(clinic: Clinic, anna: Someone) -> None:
    """Due at 16:00, but the bot was down until 23:00: not at night."""
    await clinic.session("P-014", FIRST)
    await clinic.stop()
    clinic.clock.move_to(clinic.clock.now().replace(day=4, hour=6))
    await clinic.start()
    await clinic.stage.settle()
    assert anna.prompts == []
    await clinic.until("2026-11-04T08:00")
    assert anna.prompts == [READY]


async def test_a_reminder_comes_once_as_a_fresh_message(asked: Someone, clinic: Clinic) -> None:
    old = asked.phone.last.id
    await clinic.until("2026-11-04T15:59")
    assert asked.prompts == [READY]
    await clinic.until("2026-11-06T15:59")
    assert asked.prompts == [READY, "Still here. Ready when you are."]
    assert old not in [shown.id for shown in asked.phone.messages]


async def test_no_reminder_once_it_is_sent(begun: Someone, clinic: Clinic) -> None:
    await begun.taps(*["Skip"] * 11, "Send")
    await clinic.until("2026-11-06T17:00")
    assert begun.prompts == [READY]


async def test_a_reminder_does_not_come_at_night_after_an_outage(asked: Someone, clinic: Clinic) -> None:
    await clinic.stop()
    clinic.clock.move_to(clinic.clock.now().replace(day=5, hour=6))
    await clinic.start()
    await clinic.stage.settle()
    assert asked.prompts == [READY]
    await clinic.until("2026-11-05T08:00")
    assert asked.prompts[1:] == ["Still here. Ready when you are."]


async def test_it_closes_72_hours_after_the_actual_opening(asked: Someone, clinic: Clinic) -> None:
    await clinic.until("2026-11-06T16:00")
    assert [row.state for row in await clinic.rows(check_in, message_id=asked.phone.last.id)] == ["missed"]


async def test_whoever_began_in_time_may_finish_half_an_hour_longer(asked: Someone, clinic: Clinic) -> None:
    await clinic.until("2026-11-06T15:58")
    await asked.taps("Begin", *["Skip"] * 6)
    await clinic.until("2026-11-06T16:29")
    await asked.taps("Continue", *["Skip"] * 5, "Send")
    assert asked.screen.startswith("Sent. Thank you.")
    assert [row.late for row in await clinic.rows(check_in, state="answered")] == [False]


async def test_for_seven_days_a_late_form_still_opens_and_is_marked(asked: Someone, clinic: Clinic) -> None:
    await clinic.until("2026-11-06T16:00")
    late = asked.phone.last.id
    await clinic.until("2026-11-13T15:50")
    await asked.taps("Begin", *["Skip"] * 6, on=late)
    await asked.says("it came to me later")
    await asked.taps("For my therapist", *["Skip"] * 4, "Send")
    assert asked.screen.startswith("Thank you. It came late, ")
    assert [row.late for row in await clinic.rows(check_in, state="answered")] == [True]
    assert (await clinic.answers("P-014"))["alliance.own_words"] == "it came to me later"


async def test_after_that_a_tap_gets_a_kind_word(asked: Someone, clinic: Clinic) -> None:
    await clinic.until("2026-11-06T16:00")
    late = asked.phone.last.id
    await clinic.until("2026-11-13T17:00")
    await asked.taps("Begin", on=late)
    assert asked.sees("This one is closed. There is nothing to do. The next one comes after your next session.")
    assert await clinic.answers("P-014") == {}


async def test_a_late_form_offers_no_later(asked: Someone, clinic: Clinic) -> None:
    await clinic.until("2026-11-06T16:00")
    await asked.taps("Later")
    assert asked.buttons == ["Begin"]
    await asked.taps("Begin")
    assert "Later" not in asked.buttons


@pytest.mark.usefixtures("asked")
async def test_it_closes_two_hours_before_the_next_session(clinic: Clinic) -> None:
    await clinic.session("P-014", "2026-11-05T14:00")
    await clinic.until("2026-11-05T11:59")
    assert await clinic.rows(check_in, kind="alliance", state="missed") == []
    await clinic.until("2026-11-05T12:00")
    assert len(await clinic.rows(check_in, kind="alliance", state="missed")) == 1


async def test_ask_me_less_often_means_every_second_session(clinic: Clinic, anna: Someone) -> None:
    for wall in (FIRST, "2026-11-10T14:00", "2026-11-17T14:00"):
        await clinic.session("P-014", wall)
    await anna.says("/settings")
    await anna.taps("Ask me less often")
    await clinic.until("2026-11-18T00:00")
    mine = [row for row in await clinic.rows(check_in, kind="alliance") if row.asks is None]
    assert [row.why for row in mine] == ["every"]
    assert anna.prompts.count(READY) == 3  # two check-ins, and the homework of the first


@pytest.mark.parametrize(("wish", "at"), [("Same evening, 19:00", "03T19:00"), ("Next morning, 08:00", "04T08:00")])
async def test_anna_chooses_when_she_is_asked(clinic: Clinic, anna: Someone, wish: str, at: str) -> None:
    await anna.says("/settings")
    await anna.taps("When to ask", wish)
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T18:59")
    assert anna.prompts == []
    await clinic.until(f"2026-11-{at}")
    assert anna.prompts == [READY]


# ------------------------------------------------------------------------------------------------ start form


async def test_the_start_form_comes_only_after_the_first_session(begun: Someone, clinic: Clinic) -> None:
    await begun.taps(*["Skip"] * 11, "Send")
    await clinic.session("P-014", "2026-11-10T14:00")
    await clinic.until("2026-11-10T16:00")
    await begun.taps("Begin")
    assert begun.screen.startswith("1 of 8")


async def test_hopes_become_the_first_goal(begun: Someone, clinic: Clinic) -> None:
    await begun.rates(4, 4, 4, 4, 4, 4, 0, 4)
    await begun.says("sleep through the night")
    await begun.rates(4, 4)
    assert await clinic.rows(goal) == []
    await begun.taps("Send")
    assert [(row.number, row.words, row.added_by) for row in await clinic.rows(goal)] == [
        (1, "sleep through the night", "patient")
    ]


async def test_not_yet_talked_about_is_asked_once_more_after_session_three(begun: Someone, clinic: Clinic) -> None:
    await begun.rates(4, 4, 4, 4, 4, 4, 0, 4, 0, 4)
    await begun.taps("Not yet talked about", "Send")
    for wall in ("2026-11-10T14:00", "2026-11-17T14:00", "2026-11-24T14:00"):
        await clinic.session("P-014", wall)
    totals = []
    for day in ("10", "17", "24"):
        await clinic.until(f"2026-11-{day}T16:00")
        await begun.taps("Begin")
        totals.append(begun.screen.partition("\n")[0])
        await begun.taps(*["Skip"] * 7)
        if day == "17":
            assert "I had a say in how we work." in begun.screen
            await begun.taps("Skip")
        await begun.taps("Send")
    assert totals == ["1 of 8", "1 of 9", "1 of 8"]


# ------------------------------------------------------------------------------------------------ goals


@pytest.fixture
async def hoping(begun: Someone, clinic: Clinic) -> Someone:
    """Anna at her second check-in; her list has the goal that she hoped for in the first."""
    await begun.rates(4, 4, 4, 4, 4, 4, 0, 4)
    await begun.says("sleep through the night")
    await begun.taps("Mostly", "Mostly", "Send")
    await clinic.session("P-014", "2026-11-10T14:00")
    await clinic.session("P-014", "2026-11-17T14:00")
    await clinic.until("2026-11-10T16:00")
    await begun.taps("Begin", *["Mostly"] * 6, "Skip")
    return begun


async def test_goals_are_ticked_and_one_is_put_first(hoping: Someone, clinic: Clinic) -> None:
    assert "Which goals matter now? Tick one to three." in hoping.screen
    assert hoping.buttons[:2] == ["1. sleep through the night", "Something else"]
    await hoping.taps("1. sleep through the night", "Something else", "Done")
    assert "Which of these goals matters most?" in hoping.screen
    await hoping.taps("Something else", "Send")
    answers = await clinic.answers("P-014")
    assert (answers["goals.chosen"], answers["goals.top"]) == ([1, "other"], "other")


async def test_a_single_tick_is_the_one_put_first(hoping: Someone, clinic: Clinic) -> None:
    await hoping.taps("1. sleep through the night", "Done")
    assert "Your answers" in hoping.screen
    assert (await clinic.answers("P-014"))["goals.top"] == 1


async def test_a_tick_is_taken_back_by_a_second_tap(hoping: Someone, clinic: Clinic) -> None:
    await hoping.taps("Something else", "✓ Something else")
    assert "Done" not in hoping.buttons
    assert (await clinic.answers("P-014"))["goals.chosen"] == []


async def test_a_goal_typed_joins_the_list_and_is_ticked(hoping: Someone, clinic: Clinic) -> None:
    assert "To add a goal, type it." in hoping.screen
    await hoping.says("less anger at home")
    assert "✓ 2. less anger at home" in hoping.buttons
    assert [row.words for row in await clinic.rows(goal)] == ["sleep through the night", "less anger at home"]


async def test_a_goal_has_at_most_120_characters_and_there_are_at_most_five(hoping: Someone, clinic: Clinic) -> None:
    await hoping.says("x" * 121)
    assert hoping.screen.startswith("That is too long. Please use at most 120 characters.")
    await hoping.says("two", "three", "four", "five")
    assert "To add a goal, type it." not in hoping.screen
    await hoping.says("six")
    assert hoping.screen.startswith("There are five goals already.")
    assert len(await clinic.rows(goal)) == 5


async def test_at_most_three_are_ticked(hoping: Someone, clinic: Clinic) -> None:
    await hoping.says("two", "three", "four")
    await hoping.taps("1. sleep through the night")
    assert hoping.toast == "At most 3: take one back first."
    assert (await clinic.answers("P-014"))["goals.chosen"] == [2, 3, 4]


async def test_the_next_time_it_is_one_tap(hoping: Someone, clinic: Clinic) -> None:
    await hoping.taps("1. sleep through the night", "Done", "Send")
    await clinic.until("2026-11-17T16:00")
    await hoping.taps("Begin", *["Skip"] * 7)
    assert "Still first: 1. sleep through the night?" in hoping.screen
    assert hoping.buttons[:2] == ["Yes, no change", "Change"]
    await hoping.taps("Yes, no change", "Send")
    last = (await clinic.rows(check_in, state="answered"))[-1]
    kept = {row.item: row.value for row in await clinic.rows(answer, check_in_id=last.id, questionnaire="goals")}
    assert (kept["chosen"], kept["top"]) == ([1], 1)


async def test_or_the_ticks_are_changed(hoping: Someone, clinic: Clinic) -> None:
    await hoping.taps("1. sleep through the night", "Done", "Send")
    await clinic.until("2026-11-17T16:00")
    await hoping.taps("Begin", *["Skip"] * 7, "Change")
    assert "Which goals matter now?" in hoping.screen


async def test_every_fourth_session_asks_how_far_along_each_goal_is(hoping: Someone, clinic: Clinic) -> None:
    await clinic.session("P-014", "2026-11-24T14:00")
    await hoping.taps("1. sleep through the night", "Done", "Send")
    await clinic.until("2026-11-24T16:00")
    await hoping.taps("Begin", *["Skip"] * 7, "Yes, no change")
    assert "1. sleep through the night\nHow far along?" in hoping.screen
    await hoping.taps("About half", "Send")
    assert (await clinic.answers("P-014"))["goals.progress.1"] == 2


# ------------------------------------------------------------------------------------------------ homework


@pytest.fixture
async def monday(begun: Someone, clinic: Clinic) -> Someone:
    """Anna on the evening before her second session, asked about what she took on."""
    await begun.taps(*["Skip"] * 11, "Send")
    await clinic.session("P-014", "2026-11-10T14:00")
    await clinic.until("2026-11-09T17:59")
    assert begun.prompts == [READY]
    await clinic.until("2026-11-09T18:00")
    assert begun.prompts == [READY, READY]
    await begun.taps("Begin")
    return begun


async def test_nothing_taken_on_nothing_more_asked(monday: Someone) -> None:
    assert "This is about what you took on at Tuesday's meeting." in monday.screen
    assert "Did you take on something to do until next time?" in monday.screen
    await monday.taps("No")
    assert monday.screen.startswith("Your answers")


async def test_not_sure_asks_nothing_more_either(monday: Someone) -> None:
    await monday.taps("Not sure")
    assert monday.screen.startswith("Your answers")


async def test_nothing_done_is_not_asked_whether_it_went_well(monday: Someone) -> None:
    await monday.taps("Yes", "None")
    assert "I know what it is for." in monday.screen


async def test_what_got_in_the_way_is_asked_up_to_about_half(monday: Someone, clinic: Clinic) -> None:
    await monday.taps("Yes", "About half", "Partly", "Mostly", "Fully", "Hard")
    assert "What got in the way? Tick all that fit." in monday.screen
    await monday.taps("No time", "I did not see the point", "Done", "Send")
    answers = await clinic.answers("P-014")
    assert answers["homework.obstacles"] == ["no_time", "no_point"]
    assert [answers[f"homework.{i}"] for i in ("done", "well", "why", "fits", "difficulty")] == [2, 2, 4, 5, 3]


async def test_most_done_asks_for_no_obstacles(monday: Someone) -> None:
    await monday.taps("Yes", "Most", "Mostly", "Mostly", "Fully", "Not hard")
    assert monday.screen.startswith("Your answers")


async def test_changing_an_earlier_answer_drops_what_no_longer_applies(monday: Someone, clinic: Clinic) -> None:
    await monday.taps("Yes", "A little", "Partly", "Mostly", "Fully", "Hard", "I forgot", "Done")
    await monday.taps("Change", "Did you take on something to do until n…", "No")
    assert "What got in the way" not in monday.screen
    answers = await clinic.answers("P-014")
    assert {k: v for k, v in answers.items() if k.startswith("homework")} == {"homework.given": "no"}


async def test_homework_closes_two_hours_before_the_session_and_is_not_reminded(asked: Someone, clinic: Clinic) -> None:
    await clinic.session("P-014", "2026-11-10T14:00")
    await asked.taps("Begin", *["Skip"] * 11, "Send")
    await clinic.until("2026-11-10T11:59")
    assert await clinic.rows(check_in, kind="homework", state="missed") == []
    await clinic.until("2026-11-10T12:00")
    assert len(await clinic.rows(check_in, kind="homework", state="missed")) == 1
    assert asked.prompts == [READY, READY]
