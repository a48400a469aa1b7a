"""Check-ins on the clinic's page: the chat has a link, the page has the wizard; nobody else's, nothing in the chat."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest

from bot import clinic as desk
from bot import ids
from bot.config import Config, Web
from bot.core.discretion import Chat
from bot.store import goals, people
from bot.store.tables import check_in, goal, outbox
from bot.store.tables_audit import audit
from bot.store.tables_refusal import refusal
from bot.store.tables_web import page_link
from bot.web.tries import MOST_TRIES
from tests.conftest import FIRST, Clinic, Someone, denver
from tests.test_locale import check
from tests.web.browser import HERE, Browser, browser

pytestmark = pytest.mark.deep

READY, THANKS = "Your check-in is ready.", "Thank you."
WORDS = "the thing about the convoy"


@pytest.fixture
def config(example: Config) -> Config:
    """Questions are on the page only."""
    return replace(example, web=Web(enabled=True, port=0, public_url=HERE), chat=Chat("page"))


@pytest.fixture
async def phone(clinic: Clinic) -> AsyncIterator[Callable[[], Browser]]:
    """Opens browsers of phones."""
    opened: list[Browser] = []

    def opens() -> Browser:
        opened.append(browser(clinic))
        return opened[-1]

    yield opens
    for one in opened:
        await one.client.aclose()


Opens = Callable[[], Browser]


def address(someone: Someone) -> str:
    """Where [Open] under the newest message leads."""
    found = [b["url"] for row in someone.phone.last.keyboard for b in row if "url" in b]
    assert len(found) == 1, someone.buttons
    assert found[0].startswith(f"{HERE}/answer/in?lang=")
    return str(found[0]).removeprefix(HERE)


async def begins(someone: Someone, tab: Browser) -> Browser:
    """Open the newest link, and begin."""
    await tab.opens(address(someone))
    await tab.presses("Begin")
    await someone.stage.settle()
    return tab


async def presses(tab: Browser, *labels: str) -> None:
    """Press buttons one after another; what that makes due is done."""
    for label in labels:
        await tab.presses(label)
        await tab.clinic.stage.settle()


async def asked(clinic: Clinic, code: str = "P-014") -> Someone:
    """An hour after the first session."""
    await clinic.session(code, FIRST)
    await clinic.until("2026-11-03T16:00")
    return clinic[code]


# ------------------------------------------------------------------------------------------------ the whole way


async def test_a_check_in_is_answered_on_the_page_and_the_chat_says_thank_you(
    clinic: Clinic, anna: Someone, phone: Opens
) -> None:
    await asked(clinic)
    assert (anna.screen, anna.buttons) == (READY, ["Open", "New link"])
    tab = await begins(anna, phone())
    assert tab.path == "/answer"
    assert "1 of 12" in tab.text
    assert "988" in tab.text
    await presses(tab, "Partly", "Mostly", "Back", "A little", "Skip", "Mostly", "Fully", "Fully")
    assert "Write your answer below" in tab.text
    await tab.presses("Save these words", words=WORDS)
    await presses(tab, "For my therapist", "Mostly")
    await tab.presses("Save these words", words="sleep through the night")
    await presses(tab, "Mostly", "Mostly")
    assert WORDS in tab.text
    await presses(tab, "Change", "Back", "Send")
    assert "Sent. Thank you." in tab.text
    assert (anna.screen, anna.buttons) == (THANKS, [])
    kept = await clinic.answers("P-014")
    assert (kept["alliance.goals_1"], kept["alliance.goals_2"], kept["alliance.own_words"]) == (3, 2, WORDS)
    assert [row.words for row in await clinic.rows(goal)] == ["sleep through the night"]
    assert [shown.text for shown in anna.phone.messages] == [THANKS]


async def test_words_that_are_too_long_stay_in_the_field(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    await asked(clinic)
    tab = await begins(anna, phone())
    await presses(tab, *["Mostly"] * 6)
    await tab.presses("Save these words", words="x" * 3000)
    assert "That is too long." in tab.text
    assert "x" * 3000 in tab.text
    await tab.presses("Save these words", words="Back")  # words, not a button
    assert (await clinic.answers("P-014"))["alliance.own_words"] == "Back"


async def test_later_hide_and_the_way_back(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    await asked(clinic)
    tab = await begins(anna, phone())
    await presses(tab, "Mostly", "Hide")
    assert "Ready when you are." in tab.text
    await presses(tab, "Continue")
    assert "2 of 12" in tab.text
    await presses(tab, "Later", "In 1 hour (17:00)")
    assert "I will ask again at 17:00" in tab.text
    first = address(anna)
    await clinic.until("2026-11-03T17:00")
    assert address(anna) != first
    assert anna.screen == READY
    other = phone()
    assert (await other.enters(first)).status == 410
    await begins(anna, other)
    assert "2 of 12" in other.text


async def test_a_question_hides_itself_and_taps_of_its_page_still_count(
    clinic: Clinic, anna: Someone, phone: Opens
) -> None:
    await asked(clinic)
    tab = await begins(anna, phone())
    assert tab.reply.headers["refresh"] == "305; url=/answer"
    await presses(tab, *["Mostly"] * 6)
    assert tab.reply.headers["refresh"] == "905; url=/answer"  # somebody may be writing
    await clinic.wait(minutes=6)
    await tab.presses("Save these words", words=WORDS)
    assert (await clinic.answers("P-014"))["alliance.own_words"] == WORDS
    await clinic.wait(minutes=6)
    await tab.opens("/answer")
    assert "Ready when you are." in tab.text
    assert anna.screen == READY
    assert anna.prompts[-1:] == [READY]


async def test_we_did_not_meet_ends_it_in_the_chat_without_saying_so(
    clinic: Clinic, anna: Someone, phone: Opens
) -> None:
    await asked(clinic)
    tab = await begins(anna, phone())
    await presses(tab, "We did not meet", "Yes, we did not meet")
    assert "did not meet" in tab.text
    assert anna.screen == "This one is not needed any more. There is nothing to do."


async def test_a_late_answer_is_taken_and_then_the_link_is_over(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    await asked(clinic)
    await clinic.until("2026-11-07T12:00")
    assert {row.state for row in await clinic.rows(check_in, person_id=3, kind="alliance")} == {"missed"}
    tab = await begins(anna, phone())
    await presses(tab, *["Skip"] * 11, "Send")
    assert "It came late, but it is kept." in tab.text
    assert anna.screen == THANKS


async def test_the_link_is_over_when_nothing_can_be_answered_any_more(
    clinic: Clinic, anna: Someone, phone: Opens
) -> None:
    await asked(clinic)
    link, message = address(anna), anna.phone.last
    await clinic.until("2026-11-04T17:00")
    reminded, message = address(anna), anna.phone.last
    await clinic.until("2026-11-14T16:31")
    assert [(await phone().enters(one)).status for one in (link, reminded)] == [410, 410]
    await anna.taps("New link", on=message.id)
    assert _now_text(anna, message.id) == "This one is not needed any more. There is nothing to do."
    await anna.says("/checkin")
    assert anna.screen == "There is nothing to answer right now. I will write when there is."


def _now_text(someone: Someone, message_id: int) -> str:
    return next(shown.text for shown in someone.phone.messages if shown.id == message_id)


async def test_a_goal_is_added_on_the_page(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    await clinic.desk(_goal)
    await asked(clinic)
    tab = await begins(anna, phone())
    await presses(tab, *["Mostly"] * 6, "Skip")
    assert "You can add a goal below." in tab.text
    await tab.presses("Add this goal", words="rest at night")
    assert "That is on the list already, as number 1." in tab.text
    await tab.presses("Add this goal", words="walk daily")
    assert "walk daily" in tab.text
    assert {row.words for row in await clinic.rows(goal)} == {"rest at night", "walk daily"}


def _goal(conn: Any) -> None:
    goals.add(conn, people.pair_by_patient_code(conn, "P-014").id, "rest at night", "patient", denver(FIRST))


async def test_the_page_speaks_spanish(clinic: Clinic, clara: Someone, phone: Opens) -> None:
    await clinic.desk(lambda conn: people.change(conn, people.by_code(conn, "P-021").id, lang="es"))
    await asked(clinic, "P-021")
    assert (clara.screen, clara.buttons) == ("Ya está todo listo.", ["Abrir", "Enlace nuevo"])
    tab = await phone().opens(address(clara))
    for button in ("Empezar", *["Bastante"] * 6, "Omitir"):
        check(tab.text, "es")
        await presses(tab, button)
    over = browser(clinic, **{"accept-language": "es-MX"})
    async with over.client:
        check((await over.opens("/answer")).text, "es")
    await clara.says("/help")
    assert "/checkin" in clara.screen


# ------------------------------------------------------------------------------------------------ links


async def test_a_link_works_once_and_looking_does_not_use_it(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    await asked(clinic)
    link = address(anna)
    for _ in range(3):  # previews
        assert (await phone().opens(link)).status == 200
    first, second = await phone().opens(link), await phone().opens(link)
    await first.presses("Begin")
    await second.presses("Begin")
    assert (first.status, second.status) == (200, 410)
    assert "New link in the chat" in second.text


async def test_a_new_link_by_the_button_and_by_a_command(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    await asked(clinic)
    first, messages = address(anna), len(anna.phone.messages)
    await anna.taps("New link")
    assert anna.toast == "This is a new link. It works once."
    second = address(anna)
    assert len(anna.phone.messages) == messages
    await anna.says("/checkin")
    third = address(anna)
    assert len({first, second, third}) == 3
    assert [(await phone().enters(one)).status for one in (first, second, third)] == [410, 410, 200]


async def test_no_address_that_is_sent_holds_the_secret(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    """What looks at a link, or stands between, gets the same page for all of them; pasted it works as well."""
    await asked(clinic)
    tab, link = phone(), address(anna)
    pages = {(await tab.opens(one)).reply.text for one in (link, link.replace("#", "#x"), link.partition("#")[0])}
    assert len(pages) == 1
    (form,) = tab.page.forms
    assert form.fields == {"token": ""}
    await tab.sends(form, {"token": ""})
    assert tab.status == 410
    await tab.opens(link.partition("#")[0])
    await tab.presses("Begin", token=f" {HERE}{link}\n")
    assert "1 of 12" in tab.text


async def test_a_link_of_an_older_version_says_how_to_get_another(clinic: Clinic, phone: Opens) -> None:  # noqa: ARG001
    tab = await phone().opens(f"/answer/{ids.token()}")
    assert (tab.status, "New link in the chat" in tab.text) == (410, True)


async def test_only_hashes_are_kept_and_no_link_waits_in_the_outbox(
    clinic: Clinic, anna: Someone, phone: Opens
) -> None:
    clinic.emulator.faults.add("broken", method="sendMessage", chat=14)
    await asked(clinic)
    await clinic.wait(minutes=2)
    token = address(anna).rpartition("#")[2]
    tab = await begins(anna, phone())
    key = tab.client.cookies["accord-answer"]
    kept = repr([await clinic.rows(table) for table in (page_link, outbox)])
    assert (token in kept, key in kept, ids.hashed(token) in kept, ids.hashed(key) in kept) == (
        False,
        False,
        True,
        True,
    )


async def test_both_copies_of_a_message_whose_reply_was_lost_work(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    clinic.emulator.faults.add("lost", method="sendMessage", chat=14)
    await asked(clinic)
    await clinic.wait(minutes=11)
    links = [b["url"].removeprefix(HERE) for m in anna.phone.messages for row in m.keyboard for b in row if "url" in b]
    assert len(links) == 2
    assert [(await phone().enters(one)).status for one in links] == [200, 200]


async def test_a_newer_link_ends_the_session_of_an_older_one(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    await asked(clinic)
    old = await begins(anna, phone())
    await anna.taps("New link")
    assert (await old.opens("/answer")).status == 200
    await (await phone().opens(address(anna))).presses("Begin")
    assert (await old.opens("/answer")).status == 410


async def test_fifteen_idle_minutes_end_the_session(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    await asked(clinic)
    tab = await begins(anna, phone())
    await clinic.wait(minutes=14)
    assert (await tab.opens("/answer")).status == 200
    await clinic.wait(minutes=15)
    assert (await tab.opens("/answer")).status == 410
    assert "1 of" not in tab.text


async def test_a_session_that_moves_takes_its_link_along(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    session_id = await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    tab = await begins(anna, phone())
    await presses(tab, "Mostly")
    later = datetime.fromisoformat("2026-11-05T14:00")
    await clinic.desk(desk.move_session, clinic.config, session_id, later, clinic.clock.now())
    assert (await tab.opens("/answer")).status == 410
    await clinic.until("2026-11-05T16:00")
    await begins(anna, tab)
    assert "1 of 12" in tab.text


async def test_a_phone_that_is_not_hers_any_more_is_out(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    await asked(clinic)
    link = address(anna)
    tab = await begins(anna, phone())
    await anna.taps("New link")
    link = address(anna)
    await clinic.desk(lambda conn: people.change(conn, people.by_code(conn, "P-014").id, chat_id=1414))
    assert (await tab.opens("/answer")).status == 410
    assert (await phone().enters(link)).status == 410


# ------------------------------------------------------------------------------------------------ attacks


async def test_nobody_answers_anothers_check_in_by_its_id(
    clinic: Clinic, anna: Someone, clara: Someone, phone: Opens
) -> None:
    await clinic.session("P-021", FIRST)
    await asked(clinic)
    own, other = await begins(anna, phone()), await begins(clara, phone())
    form = other.page.forms[-1]
    theirs = next(value for words, _, value in own.page.forms[-1].buttons if words == "Mostly")
    await other.sends(form, {"tap": theirs})
    assert other.status == 404
    assert await clinic.answers("P-014") == {}
    assert [row.thing for row in await clinic.rows(refusal)] == ["c"]
    await other.sends(form, {"tap": "d:1:open"})
    assert other.status == 404


async def test_a_second_press_counts_once_and_an_old_page_says_so(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    await asked(clinic)
    tab = await begins(anna, phone())
    form = tab.page.forms[-1]
    value = next(value for words, _, value in form.buttons if words == "Mostly")
    await tab.sends(form, {"tap": value})
    await tab.sends(form, {"tap": value})
    assert "That button is from an earlier screen" in tab.text
    assert "2 of 12" in tab.text
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4}
    await tab.sends(form, {"words": WORDS, "turn": "1"})
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4}


@pytest.mark.parametrize("token", ["", "x", "a.b", None])
async def test_a_form_that_was_not_made_here_does_nothing(
    clinic: Clinic, anna: Someone, phone: Opens, token: str | None
) -> None:
    await asked(clinic)
    tab = await begins(anna, phone())
    form = tab.page.forms[-1]
    value = next(value for words, _, value in form.buttons if words == "Mostly")
    data = {"tap": value} | ({} if token is None else {"form": token})
    reply = await tab.client.post("/answer", data=data)
    assert reply.status_code == 403
    reply = await tab.client.post(
        "/answer", data=form.fields | {"tap": value}, headers={"sec-fetch-site": "cross-site"}
    )
    assert reply.status_code == 403
    assert await clinic.answers("P-014") == {}


async def test_the_cookie_is_for_this_alone_and_every_page_is_guarded(
    clinic: Clinic, anna: Someone, phone: Opens
) -> None:
    await asked(clinic)
    tab = await phone().opens(address(anna))
    reply = await tab.client.post(tab.page.forms[0].action, data=tab.page.forms[0].fields)
    cookie = reply.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("accord-answer=", "httponly", "samesite=strict", "path=/answer"))
    assert ("secure" in cookie, "max-age" in cookie) == (False, False)
    assert (await tab.opens("/today")).path == "/login"  # it logs nobody in
    page = await tab.client.get("/answer")
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert (await tab.client.get("/answer", headers={"host": "evil.example"})).status_code == 421
    assert "Clinic" not in re.findall(r"<title>(.*?)</title>", page.text)[0]


async def test_under_https_the_cookie_is_secure(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    await asked(clinic)
    link = address(anna)
    clinic.config = replace(clinic.config, web=replace(clinic.config.web, public_url="https://accord.example.org"))
    tab = phone()
    tab = browser(clinic)
    async with tab.client:
        tab.client.base_url = httpx.URL("https://accord.example.org")
        reply = await tab.client.post(link, data={"token": link.partition("#")[2]})
    assert reply.headers["set-cookie"].startswith("__Secure-accord-answer=")
    assert "secure" in reply.headers["set-cookie"].lower()


async def test_wrong_links_are_counted_and_lock_out_nobody_else(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    await asked(clinic)
    link = address(anna)
    await anna.taps("New link")
    tab = phone()
    for _ in range(MOST_TRIES + 2):
        assert (await tab.enters(link)).status == 410  # over, but not guessed
    for _ in range(MOST_TRIES):
        assert (await tab.enters(f"/answer/in#{ids.token()}")).status == 410
    assert (await tab.enters(f"/answer/in#{ids.token()}")).status == 429
    assert (await tab.enters("/login#x")).status == 410  # the desk's tries are counted apart
    assert (await tab.enters(address(anna))).status == 200  # behind a proxy all have the same address
    await clinic.wait(minutes=10)
    assert (await tab.enters(f"/answer/in#{ids.token()}")).status == 410


async def test_where_the_chat_asks_there_is_no_such_page(clinic: Clinic) -> None:
    clinic.config = replace(clinic.config, chat=Chat("chat"), web=replace(clinic.config.web, public_url=""))
    tab = browser(clinic)
    async with tab.client:
        for path in ("/answer", "/answer/in"):
            assert (await tab.opens(path)).status == 404


async def test_the_use_of_links_is_in_the_log_and_so_is_one_that_does_not_work(
    clinic: Clinic, anna: Someone, phone: Opens
) -> None:
    await asked(clinic)
    link, before = address(anna), len(await clinic.rows(audit))
    await begins(anna, phone())
    late = phone()
    for path in (link, link, "/answer/in#guessed", "/login#guessed"):
        await late.enters(path)
    who = (await clinic.stage.app.store.read(people.by_code, "P-014")).id
    assert [(row.did, row.by_id, row.detail) for row in (await clinic.rows(audit))[before:]] == [
        ("check-in opened", who, (await clinic.rows(check_in, person_id=who, state="open"))[0].id),
        ("refused", who, "open /answer/in"),
        ("refused", None, "open /answer/in"),
        ("refused", None, "open /login"),
    ]


# ------------------------------------------------------------------------------------------------ one's own choice


@pytest.fixture
async def chatting(clinic: Clinic) -> Clinic:
    """The clinic asks in the chat, and has a page for phones."""
    clinic.config = replace(clinic.config, chat=Chat("chat"))
    await clinic.restart()
    return clinic


async def test_a_patient_may_want_the_page_where_the_clinic_asks_in_the_chat(
    chatting: Clinic, anna: Someone, ben: Someone, phone: Opens
) -> None:
    await anna.says("/settings")
    assert "Where I ask: in the chat" in anna.screen
    await anna.taps("Ask on a page, not in the chat")
    assert "Where I ask: on a page, the chat has only a link" in anna.screen
    await chatting.session("P-015", "2026-11-03T15:00")
    await asked(chatting)
    assert anna.screen == READY
    tab = await begins(anna, phone())
    assert "1 of 12" in tab.text
    await anna.says("/mine")
    assert anna.screen == "Here is the link. It works once, for ten minutes."
    await chatting.until("2026-11-03T17:00")
    await ben.taps("Begin")
    assert "1 of 12" in ben.screen
    await anna.says("/settings")
    await anna.taps("Ask in the chat")
    await anna.says("/checkin")
    assert anna.buttons == ["Continue"]


async def test_where_the_clinic_asks_on_the_page_nobody_is_asked_in_the_chat(clinic: Clinic, anna: Someone) -> None:
    await anna.says("/settings")
    assert not {"Ask in the chat", "Ask on a page, not in the chat"} & set(anna.buttons)
    await anna.presses("e:page:no")
    await asked(clinic)
    assert anna.screen == READY
