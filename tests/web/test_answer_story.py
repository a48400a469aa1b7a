"""Three weeks in which check-ins are answered on the page: nothing of a question is ever in the chat."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.chat import linked
from bot.config import Config, Web
from bot.core import rights
from bot.core.discretion import Chat
from bot.render import phrase
from bot.store import people
from bot.store.tables import answer
from tests.conftest import BEGINS, FIRST, PHONES, Clinic, Someone, copied, opened
from tests.web.browser import HERE, Browser, browser
from tests.web.test_answer import THANKS, address, begins, presses

pytestmark = pytest.mark.deep

WORDS, GOAL = "the thing about the convoy", "sleep through the night"
SECOND, THIRD = "2026-11-10T14:00", "2026-11-17T14:00"
LINK = "Here is the link. It works once, for ten minutes."
SAID = {
    "Your check-in is ready.",
    "Thank you.",
    "This one is not needed any more. There is nothing to do.",
    "This is a new link. It works once.",
    "There is nothing to answer right now. I will write when there is.",
    "Your last check-in was read.",
    LINK,
    "Ya está todo listo.",
    "Gracias.",
}
"""All that a patient's chat may ever say by itself, or to a tap or a command about what is asked."""
TO_A_THERAPIST = SAID | {
    "Your 14:00 is ready.",
    "Your week is ready.",
    "Something new for your 14:00.",
    "The link is no longer shown. Send /login for a new one.",
    "A message to you has not been read for three days.",
}
LOGIN = re.compile(r"Open this in the browser of your desk\..*/login#[\w-]{22}", re.DOTALL)
BUTTONS = {"Open", "New link", "Hide", "Abrir", "Enlace nuevo"}
once = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def weeks(example: Config, enrolled: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clinic]:
    """Anna answers everything, puts off, is reminded, types what was asked; Clara, in Spanish, answers nothing."""
    database = copied(enrolled, tmp_path_factory.mktemp("weeks"))
    config = replace(example, web=Web(enabled=True, port=0, public_url=HERE), chat=Chat("page"))
    async with opened(config, database, BEGINS, 200_000_001) as clinic:
        for code in PHONES:
            clinic[code].phone.person.started = True
        await clinic.desk(lambda conn: people.change(conn, people.by_code(conn, "P-021").id, lang="es"))
        await played(clinic, clinic["P-014"], clinic["T-1"])
        yield clinic


async def played(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    """What happens in these weeks."""
    tab = browser(clinic)
    for code in ("P-014", "P-021"):
        for wall in (FIRST, SECOND, THIRD):
            await clinic.session(code, wall)
    await clinic.until("2026-11-03T15:30")
    await therapist_answers(tomas, browser(clinic))
    await clinic.until("2026-11-03T16:00")
    await begins(anna, tab)
    await presses(tab, "A little", "Later", "In 1 hour (17:00)")
    await clinic.until("2026-11-03T17:01")
    await begins(anna, tab)
    await presses(tab, "A little", "Partly", "Partly", "Fully", "Fully")
    await clinic.wait(minutes=6)  # the screen hides itself; so does nothing in the chat
    await clinic.stop()  # an outage, after which what is open is offered again
    clinic.clock.suspend(minutes=30)
    await clinic.start()
    tab = browser(clinic)
    await begins(anna, tab)
    await tab.presses("Save these words", words=WORDS)
    await presses(tab, "For my therapist", "Mostly")
    await tab.presses("Save these words", words=GOAL)
    await presses(tab, "Mostly", "Mostly", "Send")
    await anna.says("/checkin", "/mine", "/goals", "/homework", "/mydata")
    await clinic.until("2026-11-09T18:00")  # what was taken on
    await begins(anna, tab)
    await presses(tab, "Yes", "All", "Fully", "Fully", "Fully", "Not hard", "Send")
    await clinic.until("2026-11-10T13:00")
    await tomas.taps("Open")
    await clinic.until("2026-11-10T16:00")
    await tomas.says("/digest", "/today", "/patients", "/pair P-014", "/goals P-014", "/homework P-014", "/rate")
    await clinic.until("2026-11-11T16:30")  # reminded
    await begins(anna, tab)
    await clinic.until("2026-11-16T12:00")  # closed without Send
    await clinic.until("2026-11-20T12:00")


async def therapist_answers(tomas: Someone, desk: Browser) -> None:
    """The therapist's form on the page."""
    await begins(tomas, desk)
    for row, number in zip("ABCD", "4455", strict=True):
        await presses(desk, f"{row} {number}")
    await presses(desk, "E Yes", "Send")


def said(someone: Someone) -> tuple[set[str], set[str], list[dict[str, Any]]]:
    """All texts and button labels this phone ever showed, toasts too, and the buttons themselves."""
    events = someone.stage.emulator.history.of("sent", "edited", "answered", chat=someone.phone.id)
    results = [event.detail.get("result") for event in events]
    boards = [one.get("reply_markup", {}).get("inline_keyboard", []) for one in results if isinstance(one, dict)]
    buttons = [button for rows in boards for row in rows for button in row]
    return {event.text for event in events if event.text}, {one["text"] for one in buttons}, buttons


@once
async def test_it_was_all_answered(weeks: Clinic) -> None:
    kept = await weeks.answers("P-014")
    assert (kept["alliance.own_words"], kept["start.hopes"], kept["homework.done"]) == (WORDS, GOAL, 4)
    form = await weeks.answers("T-1")
    assert (form["alliance.goals_1"], form["alliance.tasks_2"], form["homework.given"]) == (4, 5, "yes")
    assert len(await weeks.rows(answer)) > 20


@once
@pytest.mark.parametrize(("code", "least"), [("P-014", 8), ("P-021", 4)])
async def test_nothing_of_a_question_is_ever_in_a_patients_chat(weeks: Clinic, code: str, least: int) -> None:
    texts, labels, buttons = said(weeks[code])
    assert texts - SAID == set()
    assert labels - BUTTONS == set()
    assert all(
        re.fullmatch(rf"{HERE}/(answer|own)/in\?lang=e[ns]#[\w-]{{22}}", one["url"]) for one in buttons if "url" in one
    )
    assert all(re.fullmatch(r"c:[\w-]{22}:\d+:b", one["callback_data"]) for one in buttons if "url" not in one)
    assert len(buttons) >= 2 * least


@once
async def test_nothing_of_a_patient_is_ever_in_a_therapists_chat(weeks: Clinic) -> None:
    texts, labels, _ = said(weeks["T-1"])
    assert texts - TO_A_THERAPIST == set()
    assert labels - BUTTONS == set()


@once
async def test_the_end_of_a_check_in_is_told_in_its_place(weeks: Clinic) -> None:
    anna = weeks["P-014"]
    assert [shown.text for shown in anna.phone.messages].count(THANKS) == 2
    assert anna.sees("Your check-in is ready.")  # the second one may still be answered, late
    with pytest.raises(AssertionError):
        address(weeks["T-1"])


@once
async def test_old_and_forged_buttons_of_the_chat_show_nothing(weeks: Clinic) -> None:
    anna, before = weeks["P-014"], len(await weeks.rows(answer))
    own = next(one["callback_data"].split(":")[1] for one in said(anna)[2] if "url" not in one)
    for data in (
        f"c:{own}:3:p:0:1",
        f"c:{own}:0:b",
        f"c:{own}:9:x",
        "m:1",
        "g:card:1:0",
        "h:mine:1:0",
        "y:send",
        "o:x",
    ):
        await anna.presses(data)
    await anna.says("4", "mostly", "back", "begin")
    texts, labels, _ = said(anna)
    crisis = {text for text in texts if "988" in text}  # the fixed reply to words that nobody asked for
    assert texts - SAID - crisis - {phrase("en", "toast_not_yours")} == set()
    assert all("Nobody reads" in text for text in crisis)
    assert labels - BUTTONS == set()
    assert len(await weeks.rows(answer)) == before


@once
@pytest.mark.parametrize(("code", "nobody"), [("P-014", "P-015"), ("T-1", "T-2")])
async def test_no_command_is_answered_otherwise_after_weeks_of_answers(weeks: Clinic, code: str, nobody: str) -> None:
    """The whole table: a link, or the very words that somebody gets about whom there is nothing."""
    someone, other, opens = weeks[code], weeks[nobody], 0
    for command in (*rights.COMMANDS, "start", "help"):
        for rest in ("", " P-014"):
            shown = []
            for one in (someone, other):
                await one.says(f"/{command}{rest}")
                shown.append((LOGIN.sub("", one.screen), [label for label in one.buttons if label not in BUTTONS]))
            assert shown[0] == shown[1] or shown[0] in [(text, []) for text in SAID], command
            assert not re.search(r"P-0|T-1|convoy|\d\.\d", shown[0][0]), command
            opens += someone.screen == LINK
            if "No, keep going" in someone.buttons:
                await someone.taps("No, keep going")
                await other.taps("No, keep going")
    assert opens == 2 * sum(
        rights.reach("patient" if code.startswith("P") else "therapist", rights.COMMANDS[one]) is not None
        for one in linked.COMMANDS
    )
