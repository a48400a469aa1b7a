"""A check-in on the clinic's page, on a phone: headless Chromium, 390 points wide, by touch, in light and dark.

`pytest -m browser`; with `--update-snapshots` it also draws README's pictures of it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from html import escape
from io import BytesIO

import pytest
from PIL import Image
from playwright.async_api import Browser as Chromium

from bot.config import Config, Web
from bot.core.discretion import Chat
from tests.browser.test_clinic_page import PHONE, PICTURES, Front, _only_ours, serious
from tests.conftest import FIRST, Clinic, Someone

pytestmark = pytest.mark.browser
TOUCH = {"viewport": PHONE, "has_touch": True, "is_mobile": True, "locale": "en-US"}
WORDS = "More time to talk about the plan"
FINGER = 44
"""A finger needs so many points of height (WCAG 2.5.5)."""


@pytest.fixture
def config(example: Config) -> Config:
    """Questions are on the page only, at any free port."""
    return replace(example, web=Web(enabled=True, port=0), chat=Chat("page"))


Opens = Callable[..., Awaitable[Front]]


@pytest.fixture
async def phone(clinic: Clinic, chromium: Chromium) -> AsyncIterator[Opens]:
    """Opens the browser of a phone."""
    async with AsyncExitStack() as stack:

        async def opens(**how: object) -> Front:
            context = await chromium.new_context(**{**TOUCH, **how})  # type: ignore[arg-type]
            stack.push_async_callback(context.close)
            front = Front(clinic, await context.new_page(), clinic.stage.app.page)
            front.page.on("console", lambda said: front.complaints.append(said.text))
            front.page.on("request", lambda asked: _only_ours(front, asked.url))
            return front

        yield opens


async def link(clinic: Clinic, anna: Someone) -> str:
    """An hour after the session: where [Open] leads."""
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    return next(str(b["url"]) for row in anna.phone.last.keyboard for b in row if "url" in b)


async def touches(front: Front, *labels: str) -> None:
    """Touch buttons by their words, one after another."""
    for label in labels:
        async with front.page.expect_navigation():
            await front.page.get_by_role("button", name=label, exact=True).first.tap()


async def writes(front: Front, words: str) -> None:
    """Type into the field, and save."""
    await front.page.get_by_label("Your answer").fill(words)
    await touches(front, "Save these words")


async def fits(front: Front) -> None:
    """Nothing is wider than the phone, each button is large enough for a finger, and axe finds nothing."""
    assert await serious(front) == []
    wide = await front.wide()
    assert wide["is"] <= wide["may"]
    for button in await front.page.get_by_role("button").all():
        box = await button.bounding_box()
        assert box is not None
        assert box["height"] >= FINGER


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_check_in_by_touch(
    clinic: Clinic, anna: Someone, phone: Opens, request: pytest.FixtureRequest, scheme: str
) -> None:
    front = await phone(color_scheme=scheme)
    await front.page.goto(await link(clinic, anna))
    drawn = [await _seen(front)]
    await touches(front, "Begin")
    assert await front.sees("1 of 12")
    drawn.append(await _seen(front))
    await touches(front, "Mostly", "Back", "Partly", "Hide", "Continue", *["Mostly"] * 5)
    assert await front.sees("leave out names")
    await front.page.get_by_label("Your answer").fill(WORDS)
    drawn.append(await _seen(front))
    await touches(front, "Save these words", "For my therapist", "Mostly")
    await writes(front, "sleep through the night")
    await touches(front, "Mostly", "Mostly")
    assert await front.sees(WORDS)
    drawn.append(await _seen(front))
    await touches(front, "Change", "Back", "Send")
    assert await front.sees("Sent. Thank you.")
    drawn.append(await _seen(front))
    await clinic.stage.settle()
    assert anna.screen == "Thank you."
    assert (await clinic.answers("P-014"))["alliance.own_words"] == WORDS
    assert front.complaints == []
    if scheme == "light":
        _picture("answer", _beside(drawn[1:4]), request)


async def _seen(front: Front) -> Image.Image:
    await fits(front)
    return Image.open(BytesIO(await front.page.screenshot()))


async def test_what_stands_behind_the_hash_is_never_asked_for(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    """The script puts it into the form; a second link in the same tab is a new one. Without scripts it is pasted."""
    address, asked = await link(clinic, anna), list[str]()
    front = await phone()
    front.page.on("request", lambda one: asked.append(one.url))
    await front.page.goto(address.replace("#", "#another"))
    await front.page.goto(address)
    assert not await front.page.get_by_label("Paste the link here").is_visible()
    await fits(front)
    await touches(front, "Begin")
    assert await front.sees("1 of 12")
    assert not [one for one in asked if address.partition("#")[2] in one or "another" in one]
    assert front.complaints == []
    await anna.taps("New link")
    address = next(str(b["url"]) for row in anna.phone.last.keyboard for b in row if "url" in b)
    without = await phone(java_script_enabled=False)
    await without.page.goto(address)
    await without.page.get_by_label("Paste the link here").fill(address)
    await touches(without, "Begin")
    assert await without.sees("1 of 12")


async def test_the_way_back_and_a_second_phone_show_nothing(clinic: Clinic, anna: Someone, phone: Opens) -> None:
    address = await link(clinic, anna)
    front, other = await phone(), await phone()
    await front.page.goto(address)
    await touches(front, "Begin")
    (cookie,) = await front.page.context.cookies()
    assert (cookie["path"], cookie["httpOnly"], cookie["sameSite"]) == ("/answer", True, "Strict")
    await other.page.goto(address)
    await touches(other, "Begin")
    assert await other.sees("This page is closed")
    await fits(other)
    await front.page.get_by_role("button", name="Mostly", exact=True).dblclick()
    await front.page.wait_for_selector("text=2 of 12")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4}
    await clinic.wait(minutes=15)
    await front.page.goto(f"{front.base}/answer")
    assert await front.sees("This page is closed")
    await front.page.go_back()
    assert not await front.sees("How true is this now?")
    assert await other.page.get_by_role("button").count() == 0


# ------------------------------------------------------------------------------------------------ a lock screen

LOCKED = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; display: flex; gap: 16px; padding: 16px; background: #fff; }}
body {{ font: 15px/1.35 "DejaVu Sans", sans-serif; }}
section {{ width: 290px; height: 430px; border-radius: 26px; background: #24384a; color: #fff; padding: 22px 14px; }}
h1 {{ font-size: 44px; font-weight: 400; text-align: center; margin: 8px 0 0; }}
h2 {{ font-size: 14px; font-weight: 400; text-align: center; margin: 0 0 26px; color: #d7e0e8; }}
p {{ background: #eef2f5; color: #16202c; border-radius: 14px; padding: 10px 12px; margin: 0 0 8px; }}
b {{ display: block; font-size: 12px; color: #4a5663; }}
</style>{phones}"""


def _locked(title: str, clock: str, lines: list[str]) -> str:
    said = "".join(f"<p><b>Accord</b>{escape(line)}</p>" for line in lines)
    return f"<section><h1>{clock}</h1><h2>{escape(title)}</h2>{said}</section>"


async def test_what_a_stranger_sees_on_a_locked_phone(
    clinic: Clinic, anna: Someone, tomas: Someone, chromium: Chromium, request: pytest.FixtureRequest
) -> None:
    """The lines that came in eight days, as they came: a patient asked in the chat, one by link only, a therapist."""
    await _eight_days(clinic)
    by_link, therapist = anna.prompts[-2:], tomas.prompts[-3:]
    clinic.config = replace(clinic.config, chat=Chat("chat"))
    await clinic.restart()
    for wall in ("2026-11-17T14:00", "2026-11-24T14:00"):
        await clinic.session("P-014", wall)
    before = len(anna.prompts)
    await clinic.until("2026-11-18T20:00")
    in_chat = anna.prompts[before:][-2:]
    assert by_link == ["Your check-in is ready."] * 2
    assert len(in_chat) == 2
    page = await chromium.new_page(viewport={"width": 990, "height": 506})
    shown = [("A patient", in_chat), ("A patient, link only", by_link), ("A therapist", therapist)]
    await page.set_content(LOCKED.format(phones="".join(_locked(t, "16:00", lines) for t, lines in shown)))
    drawn = Image.open(BytesIO(await page.screenshot()))
    await page.close()
    _picture("locked", drawn, request)


async def _eight_days(clinic: Clinic) -> None:
    for wall in (FIRST, "2026-11-10T14:00"):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-10T13:30")


def _beside(images: list[Image.Image]) -> Image.Image:
    """Screens beside each other."""
    gap = 16
    whole = Image.new("RGB", (sum(i.width + gap for i in images) - gap, max(i.height for i in images)), "#ffffff")
    at = 0
    for image in images:
        whole.paste(image, (at, 0))
        at += image.width + gap
    return whole


def _picture(name: str, image: Image.Image, request: pytest.FixtureRequest) -> None:
    drawn, file = image.convert("RGB").quantize(48), PICTURES / f"{name}.png"
    if request.config.getoption("--update-snapshots"):
        drawn.save(file, optimize=True)
    assert file.exists(), "run pytest -m browser --update-snapshots"
    assert file.stat().st_size < 60_000
    with Image.open(file) as kept:
        assert kept.size == drawn.size
