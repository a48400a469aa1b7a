"""A crash came between doing what somebody asked and saying so: after the start it is said, and not done twice."""

import json

import pytest

from tests.conftest import FIRST, Clinic, Someone
from tests.test_inbox import left_behind, typed

pytestmark = pytest.mark.deep

NUMBER = 300_000_001


def pressed(someone: Someone, data: str) -> tuple[int, str]:
    """The update of a button with this data, on the newest message."""
    user = {"id": someone.phone.id, "is_bot": False, "first_name": someone.code}
    chat = {"id": someone.phone.id, "type": "private"}
    message = {"message_id": someone.phone.last.id, "date": 1_793_700_000, "chat": chat}
    query = {"id": "7", "from": user, "chat_instance": "1", "data": data, "message": message}
    return NUMBER, json.dumps({"update_id": NUMBER, "callback_query": query})


@pytest.mark.parametrize(
    ("code", "button", "words"),
    [("P-014", "e:when:after", "I will write when a session has ended"), ("T-1", "e:right", "When a session ends")],
)
async def test_whoever_has_just_come_in_is_told_how_it_goes_on(
    clinic: Clinic, code: str, button: str, words: str
) -> None:
    await clinic[code].says("/help")
    await left_behind(clinic, "accepted", pressed(clinic[code], button))
    assert words in clinic[code].screen


async def test_whoever_has_ended_it_is_told_so(clinic: Clinic, anna: Someone) -> None:
    await anna.says("/stop")
    stop = anna.data["Yes, stop"]
    clinic.emulator.faults.add("bad", method="editMessageText", count=2, description="Bad Request: no")
    await anna.presses(stop)
    before = anna.screen
    await left_behind(clinic, "accepted", pressed(anna, stop))
    assert anna.screen != before
    assert "/start" in anna.screen


async def test_words_beside_a_question_still_get_the_crisis_line(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin")
    await left_behind(clinic, "accepted", typed(anna, "is anybody there", NUMBER))
    assert anna.sees("Need a person now: dial 988, then press 1, or text 838255.\nOverseas")
    assert anna.screen.startswith("1 of ")


async def test_the_digest_that_waited_for_the_form_comes(clinic: Clinic, tomas: Someone) -> None:
    for session in (FIRST, "2026-11-10T14:00"):
        await clinic.session("P-014", session)
    await clinic.until("2026-11-10T13:05")
    await tomas.taps("Open", "A 4")
    send = tomas.data["Send"]
    clinic.emulator.faults.add("bad", method="editMessageText", count=2, description="Bad Request: no")
    await tomas.presses(send)
    assert tomas.screen.startswith("P-014 · Tue 3 Nov")
    await left_behind(clinic, "accepted", pressed(tomas, send))
    assert "P-014 · Tue 10 Nov" in tomas.screen


@pytest.mark.parametrize(
    ("button", "says"),
    [("✓ C 4", []), ("C 5", ["That button is from an earlier screen. Here is where you are."])],
)
async def test_an_answer_that_came_after_the_form_was_sent_is_not_passed_over_in_silence(
    clinic: Clinic, tomas: Someone, button: str, says: list[str]
) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T15:00")
    await tomas.taps("Begin", "C 4")
    data = tomas.data[button]
    await tomas.taps("Send")
    clinic.emulator.world.add_query(tomas.phone.person, data, tomas.phone.last.id, "7")
    before = len(tomas.phone.person.toasts)
    await left_behind(clinic, "accepted", pressed(tomas, data))
    assert [toast.text for toast in tomas.phone.person.toasts[before:]] == says
