"""Logging in to the clinic's page: links that work once, sessions that end, and what every reply carries."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot import clinic_login, ids
from bot.config import Web
from bot.store import people
from bot.store.errors import NotStored
from bot.store.tables import outbox
from bot.store.tables_web import web_form, web_login, web_session
from bot.web import way_in
from bot.web.site import site
from bot.web.tries import MOST_ADDRESSES, MOST_TRIES, Tries
from tests.conftest import BEGINS, Clinic, Someone, denver
from tests.web.browser import HERE, Browser, Reader, browser, link_for

pytestmark = pytest.mark.deep


@pytest.mark.usefixtures("staff")
async def test_a_link_logs_in_once(clinic: Clinic) -> None:
    link = await link_for(clinic, "S-1")
    other = browser(clinic)
    await other.opens(link)
    await other.opens(link)  # a link preview looks, and looks again
    await other.presses("Log in")
    assert (other.status, other.path) == (200, "/today")
    assert "S-1" in other.text

    late = browser(clinic)
    await late.enters(link)
    assert late.status == 410
    assert "This link is over" in late.text


@pytest.mark.usefixtures("staff")
async def test_two_who_press_at_once_get_one_session(clinic: Clinic) -> None:
    link = await link_for(clinic, "S-1")
    first, second = browser(clinic), browser(clinic)
    await first.opens(link)
    await second.opens(link)
    await first.presses("Log in")
    await second.presses("Log in")
    assert (first.status, second.status) == (200, 410)
    assert len(await clinic.rows(web_session)) == 1


@pytest.mark.usefixtures("staff")
async def test_a_link_is_over_after_ten_minutes_and_when_there_is_a_newer_one(clinic: Clinic) -> None:
    older = await link_for(clinic, "S-1")
    link = await link_for(clinic, "S-1")
    assert (await browser(clinic).enters(older)).status == 410
    newest = await link_for(clinic, "S-1")
    await clinic.wait(minutes=9.9)
    assert (await browser(clinic).enters(newest)).status == 200
    link = await link_for(clinic, "S-1")
    await clinic.wait(minutes=10)
    assert (await browser(clinic).enters(link)).status == 410


async def test_only_hashes_are_kept(clinic: Clinic, desk: Browser) -> None:
    link = await link_for(clinic, "S-1")
    token = link.removeprefix("/login#")
    key = desk.client.cookies["accord"]
    kept = repr([await clinic.rows(table) for table in (web_login, web_session, web_form)])
    assert token not in kept
    assert key not in kept
    assert ids.hashed(token) in kept
    assert ids.hashed(key) in kept


async def test_the_cookie_is_for_this_page_alone(clinic: Clinic, desk: Browser) -> None:
    await desk.opens(await link_for(clinic, "S-1"))
    form = desk.page.forms[0]
    reply = await desk.client.post(form.action, data=form.fields)
    cookie = reply.headers["set-cookie"].lower()
    assert reply.status_code == 303
    assert all(word in cookie for word in ("accord=", "httponly", "samesite=strict", "path=/", "max-age=43200"))
    assert "secure" not in cookie  # on this machine only; see below for https


@pytest.mark.usefixtures("staff")
async def test_under_https_the_cookie_is_secure(clinic: Clinic) -> None:
    web = Web(enabled=True, public_url="https://accord.example.org")
    clinic.config = replace(clinic.config, web=web)
    shown = await clinic.desk(clinic_login.login, clinic.config, "S-1", clinic.clock.now())
    away = browser(clinic)
    away.client.base_url = web.public_url
    await away.opens(shown["link"])
    form = away.page.forms[0]
    reply = await away.client.post(form.action, data=form.fields)
    assert reply.headers["set-cookie"].lower().startswith("__host-accord=")
    assert "secure" in reply.headers["set-cookie"].lower()
    assert reply.headers["strict-transport-security"]


async def test_fifteen_idle_minutes_or_twelve_hours_end_a_session(clinic: Clinic, desk: Browser) -> None:
    await clinic.wait(minutes=14)
    assert (await desk.opens("/settings")).path == "/settings"
    await clinic.wait(minutes=14)
    assert (await desk.opens("/settings")).path == "/settings"
    await clinic.wait(minutes=15)
    assert (await desk.opens("/settings")).path == "/login"

    await desk.opens(await link_for(clinic, "S-1"))
    await desk.presses("Log in")
    for _ in range(72):
        await clinic.wait(minutes=10)
        last = (await desk.opens("/settings")).path
    assert last == "/login"


async def test_logging_off_ends_the_session_here_or_everywhere(clinic: Clinic, desk: Browser) -> None:
    key = desk.client.cookies["accord"]
    other = browser(clinic)
    await other.opens(await link_for(clinic, "S-1"))
    await other.presses("Log in")
    await desk.presses("Log off")
    assert desk.path == "/login"
    assert "accord" not in desk.client.cookies
    desk.client.cookies["accord"] = key  # somebody kept it
    assert (await desk.opens("/")).path == "/login"

    await other.opens("/settings")
    await other.presses("Log off everywhere")
    assert await clinic.rows(web_session) == []


async def test_whoever_leaves_is_out_at_once(clinic: Clinic, desk: Browser) -> None:
    link = await link_for(clinic, "S-1")
    await clinic.desk(lambda conn: people.change(conn, people.by_code(conn, "S-1").id, state="discharged"))
    assert (await desk.opens("/")).path == "/login"
    assert (await browser(clinic).enters(link)).status == 410


async def test_patients_get_no_link(clinic: Clinic) -> None:
    with pytest.raises(people.Refused, match="may not see the page"):
        await link_for(clinic, "P-014")


async def test_the_only_one_of_the_staff_need_not_be_named(clinic: Clinic) -> None:
    now = clinic.clock.now()
    with pytest.raises(people.Refused, match="nobody of the staff yet"):
        await clinic.desk(clinic_login.login, clinic.config, None, now)
    await clinic.desk(people.add, "staff", "S-1", "America/Denver", "en")
    assert (await clinic.desk(clinic_login.login, clinic.config, None, now))["code"] == "S-1"
    await clinic.desk(people.add, "staff", "S-2", "America/Denver", "en")
    with pytest.raises(people.Refused, match="S-1, S-2"):
        await clinic.desk(clinic_login.login, clinic.config, None, now)
    clinic.config = replace(clinic.config, web=Web())
    with pytest.raises(people.Refused, match="enabled = true"):
        await clinic.desk(clinic_login.login, clinic.config, "S-1", now)


async def test_guessing_is_slow_and_keeps_out_nobody_with_a_good_link(clinic: Clinic, desk: Browser) -> None:
    link = await link_for(clinic, "S-1")
    for _ in range(MOST_TRIES):
        assert (await desk.enters(f"/login#{ids.token()}")).status == 410
    assert (await desk.enters(f"/login#{ids.token()}")).status == 429
    assert (await desk.enters(link)).status == 200
    await clinic.wait(minutes=10)
    assert (await desk.enters(f"/login#{ids.token()}")).status == 410


def test_wrong_tries_take_a_bounded_place() -> None:
    tries, now = Tries(), denver(BEGINS)
    for n in range(3 * MOST_ADDRESSES):
        for _ in range(MOST_TRIES):
            tries.wrong(str(n), now)
    assert len(tries._wrong) == MOST_ADDRESSES
    assert tries.too_many(str(3 * MOST_ADDRESSES - 1), now)
    assert not tries.too_many(str(3 * MOST_ADDRESSES - 1), now + timedelta(minutes=10))


# ------------------------------------------------------------------------------------------------ every reply


PLACES = ["/", "/login", "/login#no-such-token-anywhere", "/settings", "/no/such/page", "/accord.css"]


@pytest.mark.parametrize("path", PLACES)
async def test_every_reply_keeps_to_itself(desk: Browser, path: str) -> None:
    headers = (await desk.opens(path)).reply.headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert policy.partition("script-src ")[2] == ("'self'" if desk.path == "/login" else "")
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "camera=()" in headers["permissions-policy"]
    assert "server" not in headers


async def test_only_a_demo_of_our_own_may_frame_it(clinic: Clinic) -> None:
    framed = site(clinic.config, clinic.stage.app.store, clinic.clock, 8080, frames="'self'")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(framed), base_url=HERE) as client:
        headers = (await client.get("/login")).headers
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "x-frame-options" not in headers


async def test_a_screen_clears_itself_once_the_session_is_over(desk: Browser) -> None:
    assert (await desk.opens("/settings")).reply.headers["refresh"] == "905; url=/login"


async def test_a_disk_in_the_way_is_said_and_nothing_is_saved(
    clinic: Clinic, desk: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> Any:
        raise NotStored("disk full")

    await desk.opens("/settings")
    with monkeypatch.context() as patch:
        patch.setattr(type(clinic.stage.app.store), "write", full)
        await desk.presses("Save", lang="es")
    assert (desk.status, "nothing was saved" in desk.text) == (503, True)
    assert await clinic.rows(web_form) == []


async def test_nothing_comes_from_elsewhere(desk: Browser) -> None:
    for path in ("/", "/settings", "/login"):
        html = (await desk.opens(path)).reply.text
        assert re.findall("<script[^>]*>.*?</script>", html) == (
            [f'<script src="{way_in.AT}"></script>'] if desk.path == "/login" else []
        )
        assert "style=" not in html
        assert "http" not in html.replace("http://127.0.0.1:8080", "")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example.org"}, 421),
        ({"host": "127.0.0.1:8080.evil.org"}, 421),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example.org"}, 403),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://127.0.0.1:8080"}, 200),
    ],
)
async def test_a_form_comes_from_this_page(desk: Browser, headers: dict[str, str], status: int) -> None:
    await desk.opens("/settings")
    form = desk.page.forms[1]
    await desk.sends(form, {}, headers=headers)
    assert desk.status == status


async def test_a_form_without_its_token_or_with_another_ones_changes_nothing(clinic: Clinic, desk: Browser) -> None:
    await desk.opens("/settings")
    form = desk.page.forms[1]
    stolen = form.fields["form"]
    for token in ("", "x", ids.token(), ids.sealed("another session", ids.token()), stolen + "0", stolen.upper()):
        await desk.sends(form, {"form": token, "lang": "es"})
        assert (desk.status, "Not saved" in desk.text) == (403, True), token
    await desk.client.post(form.action, data={"lang": "es"})
    assert (await clinic.rows(web_form)) == []
    await desk.opens("/settings")
    await desk.presses("Save", lang="es")
    assert "Guardado" in desk.text


async def test_a_form_sent_twice_counts_once(clinic: Clinic, desk: Browser) -> None:
    await desk.opens("/settings")
    form = desk.page.forms[1]
    await desk.sends(form, {"lang": "es"})
    await desk.sends(form, {"lang": "en"})  # the same form, another content: it was sent before
    assert desk.path == "/settings"
    assert "Guardado" in desk.text
    assert len(await clinic.rows(web_form)) == 1


async def test_too_much_is_not_read(desk: Browser) -> None:
    await desk.opens("/settings")
    form = desk.page.forms[1]
    await desk.sends(form, {"lang": "x" * 70_000})
    assert desk.status == 413

    async def drops() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1000

    reply = await desk.client.post("/settings", content=drops(), headers={"content-type": "multipart/form-data"})
    assert reply.status_code == 400


async def test_what_fails_says_nothing_of_itself(
    desk: Browser, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: Any) -> Any:
        raise RuntimeError("something private")

    monkeypatch.setattr("bot.store.logins.sessions_of", breaks)
    await desk.opens("/settings")
    assert desk.status == 500
    assert "private" not in desk.reply.text
    assert [r.getMessage() for r in log.records if r.name == "bot.web.guards"] == [
        "a page of the clinic failed: RuntimeError"
    ]
    log.clear()


async def test_a_browser_that_is_not_logged_in_finds_the_way(clinic: Clinic) -> None:
    stranger = browser(clinic, **{"accept-language": "es-MX,es;q=0.9"})
    await stranger.opens("/settings")
    assert stranger.path == "/login"
    assert "No hay contraseña" in stranger.text


def test_the_reader_knows_a_form() -> None:
    page = Reader("<form action=/a><input name=x value=1><select name=y><option value=2></select><button>Go</button>")
    assert page.forms[0].fields == {"x": "1", "y": "2"}


# ------------------------------------------------------------------------------------------------ the chat


def link_in(words: str) -> str:
    """The path of the link in a message."""
    return words.partition("http://127.0.0.1:8080")[2].split()[0]


async def test_a_therapist_gets_a_link_in_the_chat_and_it_hides_itself(clinic: Clinic, tomas: Someone) -> None:
    await tomas.says("/login")
    assert "works once, for 10 minutes" in tomas.screen
    page = browser(clinic)
    await page.opens(link_in(tomas.screen))
    await page.presses("Log in")
    assert "T-1" in page.text
    await clinic.wait(seconds=1)
    assert tomas.screen == "The link is no longer shown. Send /login for a new one."

    await tomas.says("/login")
    await clinic.wait(minutes=10)
    assert not tomas.sees("/login#")
    assert tomas.prompts == []


async def test_a_link_can_be_hidden_before(clinic: Clinic, tomas: Someone, vera: Someone) -> None:
    await tomas.says("/login")
    link, hide = link_in(tomas.screen), tomas.data["Hide"]
    await vera.says("/help")
    await vera.presses(hide)
    assert tomas.sees(link)
    await tomas.taps("Hide")
    assert not tomas.sees(link)
    assert (await browser(clinic).enters(link)).status == 200
    await clinic.wait(minutes=11)  # and nothing more comes of it


async def test_a_link_that_does_not_arrive_is_not_kept(clinic: Clinic, tomas: Someone) -> None:
    clinic.emulator.faults.add("broken", method="sendMessage", count=1)
    await tomas.says("/login")
    assert not tomas.sees("/login#")
    kept = await clinic.rows(outbox)
    assert "/login#" not in repr([row.body for row in kept])


@pytest.mark.parametrize("code", ["P-014", "T-1"])
async def test_without_a_page_or_without_a_right_to_it_there_is_only_help(
    clinic: Clinic, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if code == "T-1":
        monkeypatch.setattr("bot.chat.login.is_offered", lambda *_: False)
    await clinic[code].says("/login")
    assert "/login#" not in clinic[code].screen
    assert "/help" in clinic[code].screen


async def test_the_help_names_it(tomas: Someone, anna: Someone) -> None:
    await tomas.says("/help")
    await anna.says("/help")
    assert "/login" in tomas.screen
    assert "/login" not in anna.screen
