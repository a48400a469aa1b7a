"""What was taken on, in words: set by the therapist, read by the patient, told in the digest."""

import json
import re
from typing import Any

import pytest
from sqlalchemy import Connection, Delete, Update

from bot.core.form import Asks
from bot.core.history import Homework
from bot.store.tables import check_in, homework
from tests.conftest import FIRST, Clinic, Someone
from tests.plain_rows import spoil

pytestmark = pytest.mark.deep

SECOND = "2026-11-10T14:00"
WORDS, WHY = "Breathing exercise, twice a day", "So that the nights get longer"
HOW = "To write down what it is, send: /homework P-014 and the words."
SET = f"/homework P-014 {WORDS}"


@pytest.fixture
async def met(clinic: Clinic) -> Clinic:
    """Anna and Tomas are in the middle of their first session; the next one is a week later."""
    for wall in (FIRST, SECOND):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-03T14:30")
    return clinic


async def kept(clinic: Clinic) -> list[tuple[int, str, str | None]]:
    """Session, words and reason of all homework."""
    return [(row.session_id, row.words, row.why) for row in await clinic.rows(homework)]


def do(conn: Connection, statement: Delete | Update) -> None:
    """Change rows behind the bot's back."""
    conn.execute(statement)


# ------------------------------------------------------------------------------------------------ setting it


async def test_in_one_line_and_then_why(met: Clinic, tomas: Someone) -> None:
    await tomas.says(SET)
    assert "Why this? Type one line the patient will read, or tap Skip." in tomas.screen
    assert tomas.buttons == ["Skip", "Hide"]
    await tomas.says(WHY)
    assert "Written down." in tomas.screen
    assert await kept(met) == [(1, WORDS, WHY)]


async def test_or_step_by_step(met: Clinic, tomas: Someone) -> None:
    await tomas.says("/homework")
    await tomas.taps("P-014")
    assert tomas.screen.startswith("P-014 · Tue 3 Nov, 14:00\n\nType in one line what was taken on until next time.")
    await tomas.says(f"  {WORDS} ")
    await tomas.taps("Skip")
    assert tomas.screen.startswith(f'P-014 · Tue 3 Nov, 14:00\n\n"{WORDS}"\n\nWritten down.')
    assert await kept(met) == [(1, WORDS, None)]


async def test_another_line_replaces_it_and_its_reason(met: Clinic, tomas: Someone) -> None:
    await tomas.says(SET, WHY, "/homework P-014")
    assert f'"{WORDS}"\nWhat it is for: {WHY}' in tomas.screen
    await tomas.says("A walk each day")
    assert await kept(met) == [(1, "A walk each day", None)]


async def test_the_same_line_twice_keeps_the_reason(met: Clinic, tomas: Someone) -> None:
    """As after a crash, when what was accepted is answered once more."""
    await tomas.says(SET, WHY, SET)
    assert await kept(met) == [(1, WORDS, WHY)]


@pytest.mark.parametrize("words", ["x" * 201])
async def test_what_is_too_long_is_asked_for_again(met: Clinic, tomas: Someone, words: str) -> None:
    await tomas.says(f"/homework P-014 {words}")
    assert tomas.screen.startswith("That is too long. Please use at most 200 characters.")
    await tomas.says(WORDS)
    tomas.phone.send_voice()
    await met.stage.settle()
    assert tomas.screen.startswith("I can only keep typed words.")
    await tomas.says(words)
    assert tomas.screen.startswith("That is too long.")
    await tomas.says(WHY)
    assert await kept(met) == [(1, WORDS, WHY)]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("/homework P-015 a walk", "No session has begun yet."),
        ("/homework P-021 a walk", "You have no patient with that code."),
        ("/homework a walk", "You have no patient with that code."),
    ],
)
async def test_what_cannot_be_set_is_refused_with_a_sentence(
    met: Clinic, tomas: Someone, typed: str, says: str
) -> None:
    await tomas.says(typed)
    assert tomas.screen.startswith(says)
    await tomas.says("a walk")
    assert await kept(met) == []


async def test_it_is_filed_under_the_last_session_that_began(met: Clinic, tomas: Someone) -> None:
    await tomas.says(SET)
    await tomas.taps("Skip")
    await met.until(SECOND)
    await tomas.says("/homework P-014 A walk each day")
    await tomas.taps("Skip")
    assert await kept(met) == [(1, WORDS, None), (2, "A walk each day", None)]


async def test_a_reason_typed_after_the_next_session_began_is_not_filed_wrongly(met: Clinic, tomas: Someone) -> None:
    await met.until("2026-11-10T13:55")
    await met.desk(do, check_in.delete().where(check_in.c.kind == "homework"))
    await tomas.says(SET)
    await met.until("2026-11-10T14:01")
    await tomas.says(WHY)
    assert "Type in one line what was taken on until next time." in tomas.screen
    assert await kept(met) == [(1, WORDS, None)]


async def test_once_anna_was_asked_it_stays_as_it_is(met: Clinic, tomas: Someone) -> None:
    await tomas.says(SET, WHY)
    await met.until("2026-11-09T18:00")
    await tomas.says("/homework P-014 A walk each day")
    assert tomas.screen.startswith("P-014 was asked about it already, so it stays as it is.")
    assert await kept(met) == [(1, WORDS, WHY)]


@pytest.mark.usefixtures("met")
async def test_nobody_elses(tomas: Someone, anna: Someone, vera: Someone) -> None:
    await tomas.says(SET)
    skip = tomas.data["Skip"]
    for thief in (vera, anna):
        await thief.says("/help")
        for data in (skip, "h:set:1:0", "h:hide_set:1:0"):
            await thief.presses(data)
            assert thief.toast == "This button does not work any more. Send /help to see what I can do."
    for thief, data in ((vera, "h:mine:1:0"), (tomas, "h:mine:1:0"), (tomas, "h:skip:1:2")):
        await thief.presses(data)
        assert thief.toast == "This button does not work any more. Send /help to see what I can do."


# ------------------------------------------------------------------------------------------------ reading it


@pytest.mark.usefixtures("met")
async def test_anna_reads_it_with_one_command(tomas: Someone, anna: Someone) -> None:
    await anna.says("/homework")
    assert anna.screen.startswith("Nothing is written down for you yet.")
    await tomas.says(SET, WHY)
    await anna.says("/homework")
    assert anna.screen.startswith(f"Tue 3 Nov\n\nWhat you took on: {WORDS}\nWhat it is for: {WHY}")
    await anna.taps("Hide")
    assert anna.screen == "Ready when you are."
    await anna.taps("Open")
    assert WORDS in anna.screen


async def asked(clinic: Clinic, anna: Someone) -> Someone:
    """Anna on the evening before the second session, when she is asked what came of it."""
    await clinic.until("2026-11-09T18:00")
    return anna


async def test_her_questions_show_the_words_the_notification_does_not(
    met: Clinic, tomas: Someone, anna: Someone
) -> None:
    await tomas.says(SET, WHY)
    await asked(met, anna)
    assert anna.prompts[-1] == "Ready when you are. It takes about two minutes."
    await anna.taps("Begin")
    assert f"What you took on: {WORDS}\nWhat it is for: {WHY}\n\nDid you take on something" in anna.screen
    await anna.taps("Yes")
    assert f"What you took on: {WORDS}" in anna.screen
    await anna.says("/checkin")
    assert f"What you took on: {WORDS}" in anna.screen
    assert not [line for line in anna.prompts if re.search("Breathing|nights", line)]


async def test_without_words_the_questions_are_as_before(met: Clinic, anna: Someone) -> None:
    await asked(met, anna)
    await anna.taps("Begin")
    assert "What you took on" not in anna.screen


async def test_what_she_is_asked_is_frozen_at_the_opening(met: Clinic, tomas: Someone, anna: Someone) -> None:
    await tomas.says(SET)
    await asked(met, anna)
    await met.desk(spoil, homework, lambda _: {"words": "something else"})
    await anna.taps("Begin")
    assert WORDS in anna.screen


async def test_a_check_in_opened_by_the_program_before_goes_on(met: Clinic, tomas: Someone, anna: Someone) -> None:
    """Its row says nothing about homework in words."""
    await tomas.says(SET)
    await asked(met, anna)

    def older(values: dict[str, Any]) -> dict[str, Any]:
        asks = values["asks"]
        return {} if asks is None else {"asks": {key: asks[key] for key in asks if key != "homework"}}

    await met.desk(spoil, check_in, older)
    await anna.taps("Begin")
    assert "Did you take on something to do until next time?" in anna.screen


@pytest.mark.parametrize("given", [None, Homework(WORDS), Homework(WORDS, WHY)])
def test_the_words_survive_storing(given: Homework | None) -> None:
    asks = Asks(("homework",), homework=given)
    assert Asks.from_json(json.loads(json.dumps(asks.to_json()))) == asks


# ------------------------------------------------------------------------------------------------ in his form


async def test_after_yes_tomas_is_told_how_to_put_it_in_words(met: Clinic, tomas: Someone) -> None:
    await met.until("2026-11-03T15:00")
    await tomas.sends_form("4444", "E Yes")
    assert tomas.screen == f"Sent. Thank you.\n\n{HOW}"


@pytest.mark.parametrize("said", ["no", "in words", "too late"])
async def test_where_there_is_nothing_to_set_he_is_not(met: Clinic, tomas: Someone, said: str) -> None:
    if said == "in words":
        await tomas.says(SET)
    await met.until("2026-11-09T18:01" if said == "too late" else "2026-11-03T15:00")
    await tomas.sends_form("4444", "E No" if said == "no" else "E Yes")
    assert tomas.sees("Sent. Thank you.")
    assert not tomas.sees(HOW)


async def test_also_where_the_digest_follows_the_form(met: Clinic, tomas: Someone) -> None:
    """The digest comes before a session that was set meanwhile, before Anna was asked about her homework."""
    await met.session("P-014", "2026-11-03T17:30")
    await met.until("2026-11-03T16:40")
    await tomas.taps("Open", *(f"{row} 4" for row in "ABCD"), "E Yes", "Send")
    assert "P-014 · Tue 3 Nov, 17:30" in tomas.screen
    assert tomas.screen.endswith(HOW)


async def test_next_time_his_form_says_what_it_was_and_the_digest_too(
    met: Clinic, tomas: Someone, anna: Someone
) -> None:
    await tomas.says(SET)
    await met.until("2026-11-03T15:00")
    await tomas.sends_form("4444", "E Yes")
    await asked(met, anna)
    await anna.taps("Begin", "Yes", "Most", "Mostly", "Mostly", "Mostly", "Not hard", "Send")
    await met.until("2026-11-10T13:00")
    await tomas.taps("Open")
    assert f'Written down: "{WORDS}"' in tomas.screen
    await met.until("2026-11-10T15:00")
    await tomas.taps("Begin")
    assert f'How much of last time\'s was done? "{WORDS}"' in tomas.screen
