"""The loop: what a therapist makes of a digest, what the patient is told, and what the next digest says of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot import clinic as desk
from bot.config import Config
from bot.store.tables import away, check_in, digest, snooze
from tests.conftest import FIRST, Clinic, Someone
from tests.plain_rows import spoil
from tests.test_digests import READY, SECOND, THIRD, after, read, week

__all__ = ["week"]
Snapshot = Callable[[str, str], None]
FOURTH, FIFTH = "2026-11-24T14:00", "2026-12-01T14:00"


@pytest.fixture
def config(example: Config) -> Config:
    """Without the form after the first session and without homework."""
    asked = replace(example.questionnaires, after_first=())
    return replace(example, questionnaires=asked, plan=replace(example.plan, homework=False))


@pytest.fixture
async def apart(week: Clinic, anna: Someone, tomas: Someone) -> Clinic:
    """They rated the tasks differently, and Tomas has the digest open."""
    await after(week, anna, tomas, "443355", "4445", FIRST)
    await read(week, tomas)
    return week


# ------------------------------------------------------------------------------------------------ what became of it


async def test_discussed_is_kept_and_anna_is_told_silently(apart: Clinic, anna: Someone, tomas: Someone) -> None:
    before = len(anna.prompts)
    await tomas.taps("Discussed")
    assert "✓ Discussed" in tomas.buttons
    assert tomas.toast == "Noted. The patient is told that you have read it."
    assert anna.screen == "Your last check-in was read."
    assert len(anna.prompts) == before
    assert [row.outcome for row in await apart.rows(digest, session_id=2)] == ["discussed"]


@pytest.mark.usefixtures("apart")
async def test_a_second_thought_stands_and_anna_is_told_once(anna: Someone, tomas: Someone) -> None:
    await tomas.taps("Discussed", "Plan changed")
    assert "✓ Plan changed" in tomas.buttons
    assert "Discussed" in tomas.buttons
    assert [shown.text for shown in anna.phone.messages].count("Your last check-in was read.") == 1


@pytest.mark.usefixtures("apart")
async def test_not_yet_tells_anna_nothing(anna: Someone, tomas: Someone) -> None:
    screen = anna.screen
    await tomas.taps("Not yet")
    assert (tomas.toast, anna.screen) == ("Noted.", screen)


async def test_without_an_answer_there_is_nothing_to_tell(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await after(week, anna, tomas, "", "4444", FIRST)
    await read(week, tomas)
    await tomas.taps("Discussed")
    assert not anna.sees("Your last check-in was read.")


@pytest.mark.parametrize(
    ("tap", "says"),
    [("Discussed", "discussed"), ("Plan changed", "plan changed"), ("Not yet", "not yet discussed")],
)
async def test_the_next_digest_says_what_became_of_the_last(
    apart: Clinic, anna: Someone, tomas: Someone, tap: str, says: str
) -> None:
    await tomas.taps(tap)
    await after(apart, anna, tomas, "444455", "4444", SECOND)
    text = await read(apart, tomas, THIRD)
    assert f"The digest before, about Tue 3 Nov: {says}. Agreement on tasks: patient 3.0 then, 4.0 now." in text


async def test_it_is_said_in_spanish_too(apart: Clinic, anna: Someone, tomas: Someone, snapshot: Snapshot) -> None:
    await tomas.taps("Plan changed")
    await tomas.says("/settings")
    await tomas.taps("Español")
    await apart.until("2026-11-10T15:00")
    await tomas.taps("Empezar", "A 4", "B 4", "C 4", "D 5", "Enviar")
    await apart.until("2026-11-10T16:00")
    await anna.fills("443355")
    await apart.until("2026-11-17T13:00")
    await tomas.taps("Abrir")
    snapshot("digest_last_time_es", tomas.screen)


async def test_a_stranger_cannot_decide(apart: Clinic, anna: Someone, tomas: Someone, vera: Someone) -> None:
    await vera.says("/settings")
    for data in (*tomas.data.values(), "p:1:open", "p:1:why", "p:999999999:open", "p:x:open"):
        await vera.presses(data)
        assert vera.toast.startswith("This button does not work any more.")
        await anna.presses(data)
        assert "Patient 3.0" not in anna.screen + vera.screen
    assert [row.outcome for row in await apart.rows(digest, session_id=2)] == [None]


# ------------------------------------------------------------------------------------------------ why


@pytest.mark.usefixtures("apart")
async def test_why_says_rule_numbers_limits_and_date(tomas: Someone, snapshot: Snapshot) -> None:
    await tomas.taps("Why?")
    snapshot("why", tomas.screen)
    await tomas.taps("Back")
    assert tomas.screen.startswith("You rate agreement on tasks differently.")


# ------------------------------------------------------------------------------------------------ left out


async def test_a_flag_is_left_out_for_two_sessions_and_named(apart: Clinic, anna: Someone, tomas: Someone) -> None:
    await tomas.taps("Why?", "Leave out for 2 sessions: agreement on tasks")
    assert "You rate agreement on tasks differently" not in tomas.screen
    assert "Left out for now: agreement on tasks." in tomas.screen
    await apart.session("P-014", FOURTH)
    await apart.session("P-014", FIFTH)
    for session, then in ((SECOND, THIRD), (THIRD, FOURTH)):
        await after(apart, anna, tomas, "443355", "4445", session)
        text = await read(apart, tomas, then)
        assert not text.startswith("You rate agreement on tasks differently")
        assert "Left out for now: agreement on tasks" in text
    await after(apart, anna, tomas, "443355", "4445", FOURTH)
    assert (await read(apart, tomas, FIFTH)).startswith("You rate agreement on tasks differently, still (4th session).")


async def test_it_can_be_shown_again(apart: Clinic, tomas: Someone) -> None:
    await tomas.taps("Why?", "Leave out for 2 sessions: agreement on tasks", "Why?", "Show again: agreement on tasks")
    assert tomas.screen.startswith("You rate agreement on tasks differently.")
    assert await apart.rows(snooze) == []


async def test_one_turned_round_is_said_all_the_same(apart: Clinic, anna: Someone, tomas: Someone) -> None:
    await tomas.taps("Why?", "Leave out for 2 sessions: agreement on tasks")
    await after(apart, anna, tomas, "444455", "4411", SECOND)
    assert "You rate it lower" in await read(apart, tomas, THIRD)


# ------------------------------------------------------------------------------------------------ own words


async def own_words(anna: Someone, *then: str) -> None:
    await anna.taps("Begin", *["Mostly"] * 6)
    await anna.says("slower, please")
    await anna.taps(*(then or ("For my therapist",)), "Send")


async def test_words_that_come_after_the_digest_are_sent_on_at_once(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    """She answers late, a few minutes before the session."""
    await week.until("2026-11-03T15:00")
    await tomas.sends_form("4444")
    await read(week, tomas)
    await own_words(anna)
    assert tomas.prompts[-1] == "Something new for your 14:00."
    await tomas.taps("Open")
    assert 'In their own words: "slower, please"' in tomas.screen


async def test_words_of_her_own_are_announced_to_nobody(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await week.until("2026-11-03T15:00")
    await tomas.sends_form("4444")
    await read(week, tomas)
    await own_words(anna, "I will bring it up myself")
    assert "Something new for your 14:00." not in tomas.prompts


async def test_unread_words_are_named_after_three_days_until_they_are_read(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    unread = "A message to you has not been read for three days."
    await week.until("2026-11-03T15:00")
    await tomas.sends_form("4444")
    await week.until("2026-11-03T16:10")
    await own_words(anna)
    await week.until("2026-11-06T16:09")
    assert unread not in tomas.prompts
    await week.until("2026-11-06T16:10")
    assert tomas.prompts[-1] == unread
    await tomas.taps("Open")
    assert 'In their own words: "slower, please"' in tomas.screen
    assert await week.rows(check_in, words_due_at=None) == await week.rows(check_in)
    await week.until("2026-11-10T09:00")
    assert tomas.prompts.count(unread) == 1


async def test_unread_words_wait_for_the_morning(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await week.until("2026-11-03T22:30")
    await own_words(anna)
    await week.until("2026-11-07T07:59")
    assert "A message to you has not been read for three days." not in tomas.prompts
    await week.until("2026-11-07T08:00")
    assert tomas.prompts[-1] == "A message to you has not been read for three days."


# ------------------------------------------------------------------------------------------------ what is missing


async def test_away_is_said_with_its_end(week: Clinic, anna: Someone, tomas: Someone) -> None:
    days = {"first": desk.parse_date("2026-11-03"), "last": desk.parse_date("2026-11-08")}
    await week.desk(lambda conn: conn.execute(away.insert().values(clinic_id=1, person_id=3, **days)).rowcount)
    await after(week, anna, tomas, "", "4444", FIRST)
    assert "Not asked: away until Sun 8 Nov." in await read(week, tomas)


async def test_our_own_absence_is_said_not_theirs(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await after(week, anna, tomas, "444455", "4444", FIRST)
    await week.until("2026-11-05T09:00")
    await week.stop()
    week.clock.move_to(week.clock.now().replace(hour=22))
    await week.start()
    assert "We were offline for 6 hours on Thu 5 Nov." in await read(week, tomas)


# ------------------------------------------------------------------------------------------------ overviews


async def test_today_is_a_line_for_each_pair(week: Clinic, anna: Someone, tomas: Someone, snapshot: Snapshot) -> None:
    await week.session("P-015", "2026-11-10T10:00")
    await after(week, anna, tomas, "443355", "4445", FIRST)
    await week.until("2026-11-10T09:00")
    await tomas.says("/today")
    snapshot("today", tomas.screen)
    assert tomas.buttons == ["10:00", "14:00", "Hide"]
    await tomas.taps("14:00")
    assert tomas.screen.startswith("You rate agreement on tasks differently.")


async def test_today_keeps_blind_too(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await after(week, anna, tomas, "443355", "", FIRST)
    await week.until("2026-11-10T09:00")
    await tomas.says("/today")
    assert "14:00 · P-014: your own form first" in tomas.screen
    await tomas.taps("14:00")
    assert "A. We want the same things from this work." in tomas.screen


async def test_vera_sees_her_own_day_only(week: Clinic, vera: Someone) -> None:
    await week.until("2026-11-10T09:00")
    await vera.says("/today", "/patients", "/pair P-014")
    assert not vera.sees("P-014")
    assert vera.screen == "You have no patient with that code. /patients shows yours."


async def test_patients_and_one_of_them(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await after(week, anna, tomas, "443355", "4445", FIRST)
    await tomas.says("/patients")
    assert "P-014 · next: Tue 10 Nov, 14:00\nP-015 · no session planned" in tomas.screen
    await tomas.taps("P-014")
    assert tomas.screen.startswith("You rate agreement on tasks differently.")
    await tomas.says("/pair p-014")
    assert tomas.screen.startswith("You rate agreement on tasks differently.")


async def test_a_pair_without_another_session_can_still_be_read(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await after(clinic, anna, tomas, "443355", "4445", FIRST)
    await tomas.says("/pair P-014")
    assert tomas.screen.startswith("You rate agreement on tasks differently.")
    await tomas.taps("Why?", "Back", "Hide")
    assert tomas.screen == "Put away."


async def test_each_chat_has_the_menu_of_its_role_and_language(clinic: Clinic, tomas: Someone, anna: Someone) -> None:
    await tomas.says("/settings")
    await tomas.taps("Español")
    await anna.says("/settings")
    await anna.taps("Español", "English")
    await clinic.wait(minutes=1)
    spanish, english = ({c["command"]: c["description"] for c in one.phone.commands} for one in (tomas, anna))
    assert spanish["today"] == "Las sesiones de hoy, una línea cada una"
    assert "digest" not in english
    assert english["checkin"] == "What is open now"


# ------------------------------------------------------------------------------------------------ when digests come


async def test_tomas_wants_it_two_hours_before(apart: Clinic, anna: Someone, tomas: Someone) -> None:
    await tomas.says("/settings")
    await tomas.taps("When digests come", "2 hours before")
    assert "Digests: 2 hours before" in tomas.screen
    await after(apart, anna, tomas, "443355", "4445", SECOND)
    before = tomas.prompts.count(READY)
    await apart.until("2026-11-17T11:59")
    assert tomas.prompts.count(READY) == before
    await apart.until("2026-11-17T12:00")
    assert tomas.prompts.count(READY) == before + 1


async def test_the_weekly_page_on_sunday_evening(week: Clinic, tomas: Someone) -> None:
    await tomas.says("/settings")
    await tomas.taps("Weekly page", "Sunday", "18:00")
    assert "Weekly page: Sunday 18:00" in tomas.screen
    await week.until("2026-11-08T17:59")
    assert "Your week is ready." not in tomas.prompts
    await week.until("2026-11-08T18:00")
    assert tomas.prompts[-1] == "Your week is ready."
    await week.until("2026-11-09T12:00")
    assert tomas.prompts.count("Your week is ready.") == 1


async def test_all_together_in_the_morning(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await week.session("P-015", "2026-11-10T10:00")
    await tomas.says("/settings")
    await tomas.taps("When digests come", "All together at 07:30")
    await after(week, anna, tomas, "", "4445", FIRST)
    await week.until("2026-11-10T07:30")
    assert tomas.prompts[-1] == "Your day is ready."
    await tomas.taps("Open")
    assert "14:00 · P-014: nothing to show yet" in tomas.screen
    before = len(tomas.prompts)
    await week.until("2026-11-10T11:00")
    await anna.fills("443355")
    await week.until("2026-11-10T13:00")
    assert tomas.sees("14:00 · P-014: You rate agreement on tasks differently (+1 more)")
    assert READY not in tomas.prompts[before:]


async def test_a_morning_without_sessions_is_quiet(week: Clinic, tomas: Someone) -> None:
    await tomas.says("/settings")
    await tomas.taps("When digests come", "All together at 07:30")
    await week.until("2026-11-05T12:00")
    assert tomas.prompts.count("Your day is ready.") == 1


async def test_a_page_that_cannot_be_made_is_a_sentence_not_silence(
    apart: Clinic, tomas: Someone, log: pytest.LogCaptureFixture
) -> None:
    await apart.desk(spoil, check_in, lambda values: (values["asks"] and {"asks": {"questionnaires": 1}}) or {})
    await tomas.says("/digest")
    assert tomas.screen == "This page could not be shown. Please tap again in a minute."
    assert "was not made" in log.messages[-1]
    log.clear()
