"""Where the chat shows nothing: one's own answers, goals, homework, record and digests on a page, by a link each."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from bot.chat.own_page import OPEN, TAPS
from bot.config import Config, Web
from bot.core.discretion import Chat
from bot.store import erasing, people, retention
from bot.store.tables import digest, goal, homework
from bot.store.tables_audit import audit
from bot.store.tables_refusal import refusal
from bot.store.tables_web import own_page
from bot.web import own
from bot.web.guards import POLICY, SCRIPTS
from bot.web.tries import Tries
from bot.web.visit import Site
from tests.conftest import FIRST, Clinic, Someone
from tests.test_locale import check
from tests.web.browser import HERE, Browser, browser
from tests.web.test_answer import begins as begins_check_in
from tests.web.test_answer import presses

pytestmark = pytest.mark.deep

LINK = "Here is the link. It works once, for ten minutes."
SECOND = "2026-11-10T14:00"
WORDS = "the thing about the convoy"
Opens = Callable[[], Browser]


@pytest.fixture
def config(example: Config) -> Config:
    """Questions are on the page only."""
    return replace(example, web=Web(enabled=True, port=0, public_url=HERE), chat=Chat("page"))


@pytest.fixture
async def phone(clinic: Clinic) -> AsyncIterator[Opens]:
    """Opens browsers of phones."""
    made: list[Browser] = []

    def opens() -> Browser:
        made.append(browser(clinic))
        return made[-1]

    yield opens
    for one in made:
        await one.client.aclose()


def address(someone: Someone) -> str:
    """Where [Open] under the newest message leads: the chat has nothing else."""
    assert someone.screen == LINK
    (button,) = [one for row in someone.phone.last.keyboard for one in row]
    assert button["url"].startswith(f"{HERE}/own/in?lang=en#")
    return str(button["url"]).removeprefix(HERE)


async def opened(someone: Someone, tab: Browser, command: str) -> Browser:
    """Ask in the chat, open the link, go in."""
    await someone.says(command)
    await tab.opens(address(someone))
    await tab.presses("Open")
    assert tab.path == "/own"
    return tab


async def answered(clinic: Clinic, anna: Someone, tomas: Someone, phone: Opens) -> None:
    """Both have answered about the first session; the second one is near."""
    for wall in (FIRST, SECOND):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-03T15:00")
    form = await begins_check_in(tomas, phone())
    await presses(form, "A 5", "B 5", "C 5", "D 5", "Send")
    await clinic.until("2026-11-03T16:00")
    tab = await begins_check_in(anna, phone())
    await presses(tab, "A little", "A little", "A little", "A little", "Fully", "Fully")
    await tab.presses("Save these words", words=WORDS)
    await presses(tab, "For my therapist", "Skip", "Skip", "Skip", "Skip", "Send")


# ------------------------------------------------------------------------------------------------ a patient's


async def test_own_answers_are_on_the_page_and_nothing_of_them_in_the_chat(
    clinic: Clinic, anna: Someone, tomas: Someone, phone: Opens
) -> None:
    await answered(clinic, anna, tomas, phone)
    tab = await opened(anna, phone(), "/mine")
    assert "Goals: 2.0" in tab.text
    await tab.presses("Picture")
    assert 'src="data:image/png;base64,iVBOR' in tab.reply.text
    assert 'alt="Your ratings · 1 session' in tab.reply.text
    await tab.follows("Back to the beginning")
    await tab.presses("Hide")
    assert "Goals" not in tab.text
    assert not [m.text for m in anna.phone.messages if "little" in m.text or WORDS in m.text]


async def test_goals_are_added_and_reworded_there(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    tab = await opened(anna, phone(), "/goals")
    await tab.presses("Add a goal")
    await tab.presses("Save these words", words="sleep through the night")
    assert "sleep through the night" in tab.text
    await presses(tab, "Change 1", "Reword")
    await tab.presses("Save these words", words="sleep six hours")
    assert [row.words for row in await clinic.rows(goal)] == ["sleep six hours"]
    assert not anna.sees("sleep")


async def test_what_a_therapist_sets_is_on_both_pages_only(
    clinic: Clinic, anna: Someone, tomas: Someone, phone: Opens
) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T14:30")
    tab = await opened(tomas, phone(), "/homework P-014 what is typed here is left in the chat")
    await tab.presses("Save these words", words="one walk a day")
    assert [row.words for row in await clinic.rows(homework)] == ["one walk a day"]
    read = await opened(anna, phone(), "/homework")
    assert "one walk a day" in read.text
    assert not anna.sees("walk")


async def test_the_own_record_is_two_files(clinic: Clinic, anna: Someone, phone: Opens) -> None:  # noqa: ARG001
    tab = await opened(anna, phone(), "/mydata")
    assert "Send me both files" not in [words for form in tab.page.forms for words, _, _ in form.buttons]
    read = await tab.client.get("/own/record.html")
    assert read.headers["content-disposition"] == 'attachment; filename="record.html"'
    assert json.loads((await tab.client.get("/own/record.json")).text)
    other = await opened(anna, phone(), "/goals")
    assert (await other.client.get("/own/record.json")).status_code == 404
    assert (await tab.client.get("/own/record.json")).status_code == 410  # one thing at a time


async def test_old_buttons_of_the_chat_give_a_link_and_take_away_what_they_showed(
    clinic: Clinic, anna: Someone, vera: Someone, phone: Opens
) -> None:
    for someone in (anna, vera):
        await someone.says("/help")
    await anna.presses("m:open")
    await phone().opens(address(anna))
    await vera.presses("g:card:1:0")
    assert "Send /help to see what I can do." in vera.toast
    assert len(await clinic.rows(own_page)) == 1


# ------------------------------------------------------------------------------------------------ a therapist's


async def test_a_digest_is_read_discussed_and_explained_there(
    clinic: Clinic, anna: Someone, tomas: Someone, phone: Opens
) -> None:
    await answered(clinic, anna, tomas, phone)
    await clinic.until("2026-11-10T13:00")
    await tomas.taps("Open")
    tab = await phone().opens(address(tomas))
    await tab.presses("Open")
    assert "Patient 2.0, you 5.0" in tab.text
    assert WORDS in tab.text
    await tab.presses("Why?")
    assert "Back" in [words for form in tab.page.forms for words, _, _ in form.buttons]
    await presses(tab, "Back", "Discussed")
    assert [row.outcome for row in await clinic.rows(digest) if row.pair_id] == ["discussed"]
    await tab.presses("Chart")
    assert "data:image/png" in tab.reply.text
    did = [row.did for row in await clinic.rows(audit)]
    assert {"own page opened", "digest shown", "chart shown"} <= set(did)
    assert not tomas.sees(WORDS)


async def test_the_day_the_patients_and_a_pair_are_read_there(
    clinic: Clinic, anna: Someone, tomas: Someone, phone: Opens
) -> None:
    await answered(clinic, anna, tomas, phone)
    await clinic.until("2026-11-10T13:00")
    tab = await opened(tomas, phone(), "/today")
    assert "14:00 · P-014: You rate agreement on" in tab.text
    await tab.presses("14:00")
    assert "Patient 2.0, you 5.0" in tab.text
    await tab.follows("Back to the beginning")
    await tab.presses("Hide")
    assert "P-014" not in tab.text
    tab = await opened(tomas, phone(), "/patients")
    assert "P-014 · next: " in tab.text
    assert "P-021" not in tab.text
    await tab.presses("P-014")
    assert WORDS in tab.text
    tab = await opened(tomas, phone(), "/pair p-014")
    assert WORDS in tab.text
    tab = await opened(tomas, phone(), "/pair P-021")
    assert "You have no patient with that code." in tab.text
    assert not [m.text for m in tomas.phone.messages if m.by_bot and ("P-0" in m.text or "rate" in m.text)]


async def test_the_own_form_comes_first_there_too(clinic: Clinic, anna: Someone, tomas: Someone, phone: Opens) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    tab = await begins_check_in(anna, phone())
    await presses(tab, *["A little"] * 6, "Skip", "Skip", "Skip", "Skip", "Skip", "Send")
    tab = await opened(tomas, phone(), "/pair P-014")
    assert "2.0" not in tab.text
    await presses(tab, "A 5", "B 5", "C 5", "D 5", "Send")
    await tab.follows("Back to the beginning")
    assert "Patient 2.0, you 5.0" in tab.text
    assert not tomas.sees("2.0")


async def test_buttons_of_a_pair_lead_to_its_page(anna: Someone, tomas: Someone, phone: Opens) -> None:
    await anna.says("/stop")
    await anna.taps("Yes, stop")
    await tomas.taps("Open")  # something has changed
    tab = await phone().opens(address(tomas))
    await tab.presses("Open")
    assert "P-014 takes no part in the check-ins for now." in tab.text
    await tomas.presses("p:all:open")
    tab = await phone().opens(address(tomas))
    await tab.presses("Open")
    assert "P-015" in tab.text
    await tomas.presses("p:3:open")
    assert "Send /help to see what I can do." in tomas.toast
    await tomas.presses("p:1:hide")
    assert tomas.screen == "Put away."
    assert not tomas.sees("P-0")


async def test_without_a_digest_the_page_says_so(clinic: Clinic, tomas: Someone, phone: Opens) -> None:  # noqa: ARG001
    tab = await opened(tomas, phone(), "/digest")
    assert "There is nothing to show right now." in tab.text


async def test_another_digest_does_not_exist_on_it(
    clinic: Clinic, anna: Someone, tomas: Someone, vera: Someone, phone: Opens
) -> None:
    await answered(clinic, anna, tomas, phone)
    await clinic.until("2026-11-10T13:00")
    (row,) = [row for row in await clinic.rows(digest) if row.pair_id == 1]
    await vera.says("/help")
    await vera.presses(f"d:{row.id}:open")
    assert await clinic.rows(own_page) == []
    tab = await opened(vera, phone(), "/goals P-021")
    form = tab.page.forms[-1].fields["form"]
    for data in (f"d:{row.id}:open", "g:card:1:0", "x:1"):
        reply = await tab.client.post("/own", data={"form": form, "tap": data})
        assert WORDS not in reply.text
        assert "Send /help to see what I can do." in reply.text
    assert {one.thing for one in await clinic.rows(refusal)} >= {"unknown", "g", "d"}


# ------------------------------------------------------------------------------------------------ the link


async def test_the_link_works_once_for_ten_minutes_and_a_look_does_not_use_it(
    clinic: Clinic, anna: Someone, phone: Opens
) -> None:
    await anna.says("/goals")
    link, tab, late = address(anna), phone(), phone()
    for _ in range(2):
        assert (await tab.opens(link)).status == 200
    await tab.presses("Open")
    assert (await late.enters(link)).status == 410
    assert (await late.opens("/own")).status == 410
    await anna.says("/goals")
    old = address(anna)
    await anna.says("/goals")
    assert (await late.enters(old)).status == 410  # a newer one was made
    newest = address(anna)
    await clinic.wait(minutes=10.1)
    assert (await late.enters(newest)).status == 410
    await clinic.wait(minutes=5)
    assert (await tab.opens("/own")).status == 410
    check(tab.text, "en")


async def test_a_form_from_elsewhere_does_nothing(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    tab = await opened(anna, phone(), "/goals")
    for form in ("", "x" * 40, tab.page.forms[-1].fields["form"][:-1]):
        assert (await tab.client.post("/own", data={"form": form, "tap": "g:add:1:0"})).status_code == 403
    assert await clinic.rows(goal) == []


async def test_its_cookie_is_for_this_alone_and_every_reply_keeps_to_itself(
    clinic: Clinic, anna: Someone, phone: Opens
) -> None:
    await anna.says("/goals")
    tab = phone()
    link, _, token = address(anna).partition("#")
    replies = [await tab.client.get(link), await tab.client.post(link, data={"token": token})]
    replies.append(await tab.client.get("/own"))
    cookie = replies[1].headers["set-cookie"]
    assert all(part in cookie for part in ("Path=/own", "HttpOnly", "SameSite=strict"))
    for reply in (*replies, await tab.client.get("/own/record.json")):
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["referrer-policy"] == "no-referrer"
        may = SCRIPTS if reply is replies[0] else ""
        assert reply.headers["content-security-policy"] == POLICY.format(frames="'none'") + may
    assert (await tab.client.get("/today")).status_code == 303  # it logs nobody in
    secure = replace(clinic.config, web=replace(clinic.config.web, public_url="https://checkin.test"))
    assert own.cookie(Site(secure, clinic.stage.app.store, clinic.clock, True, "", Tries())).startswith("__Secure-")


async def test_nothing_of_it_is_kept_but_hashes_and_it_goes(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    await opened(anna, phone(), "/mine")
    (row,) = await clinic.rows(own_page)
    assert (row.what, row.about, len(row.token_hash), len(row.session_hash)) == ("mine", "", 64, 64)
    await clinic.wait(hours=25)
    await clinic.desk(retention.tidy, clinic.clock.now())
    assert await clinic.rows(own_page) == []
    await anna.says("/mine")
    await clinic.desk(erasing.erase, row.person_id, clinic.clock.now())
    assert await clinic.rows(own_page) == []
    assert (await clinic.stage.app.store.read(people.by_code, "P-014")).chat_id is None


def test_every_page_has_its_buttons() -> None:
    assert OPEN.keys() == TAPS.keys()
