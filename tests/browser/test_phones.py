"""The page with the phones as a newcomer meets it: led by the hint, wide on a desk and narrow in a hand."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, expect
from playwright.async_api import Page as Window

from bot.config import Config
from bot.demo.script import ANNA, BEN, CLARA, TOMAS, VERA, Person
from tests.test_phones import Page, opened

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)  # a machine with other work to do takes its time
DESK, HAND = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
async def demo(example: Config, tmp_path: Path) -> AsyncIterator[Page]:
    """The page as it opens."""
    async with opened(example, tmp_path) as page:
        yield page


async def look(chromium: Browser, demo: Page, size: dict[str, int], complaints: list[str]) -> Window:
    """Open the page in a window of that size; whatever the browser complains of is kept."""
    window = await chromium.new_page(viewport={"width": size["width"], "height": size["height"]})
    window.on("pageerror", lambda error: complaints.append(str(error)))
    window.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
    await window.goto(demo.address)
    await expect(window.locator("#hint")).to_contain_text("You hold everybody's phones.")
    return window


def phone(window: Window, who: Person) -> Locator:
    """A phone on the page."""
    return window.locator(f".phone[data-user='{who.number}']")


def key(window: Window, who: Person, label: str) -> Locator:
    """The newest button of that label on a phone."""
    return phone(window, who).locator(".row button", has_text=label).last


async def fits(window: Window) -> bool:
    """Whether nothing sticks out to the side."""
    return bool(await window.evaluate("document.documentElement.scrollWidth <= innerWidth"))


async def test_a_newcomer_at_a_desk(chromium: Browser, demo: Page) -> None:
    complaints: list[str] = []
    window = await look(chromium, demo, DESK, complaints)
    await expect(window.locator("#bar")).to_be_visible()
    await expect(window.locator("#bar")).to_contain_text("Everything here is made up")
    for who in (ANNA, BEN, TOMAS):
        await expect(phone(window, who)).to_be_in_viewport(ratio=0.98)
    await expect(phone(window, CLARA)).to_be_hidden()
    assert await fits(window)

    # By hand, as the hint says: come in, jump, the therapist's form.
    await phone(window, ANNA).locator(".start button").click()
    for label in ("I agree", "Yes, that is right", "1 hour after"):
        await key(window, ANNA, label).click()
    await expect(window.locator("#hint")).to_contain_text("Press “Jump to the next thing”")
    await expect(window.locator("#next")).to_have_text(
        "Tuesday 3 November, 11:00: Tomas is asked about the session with Ben"
    )
    await window.locator("#jump").click()
    await expect(phone(window, TOMAS).locator(".lock li")).to_have_text("Your 10:00: two minutes, when you are ready.")
    await expect(key(window, TOMAS, "Begin")).to_have_class("try")
    for label in ("Begin", "A 4", "B 4"):
        await key(window, TOMAS, label).click()
    await expect(key(window, TOMAS, "✓ B 4")).to_be_visible()
    await phone(window, TOMAS).locator(".answer").click()
    await expect(phone(window, TOMAS).locator(".message").last).to_contain_text("Sent. Thank you.")

    # Words are typed; what a person did is on the right, and the bot's reply below.
    await phone(window, BEN).locator("input").fill("<b>hello</b>")
    await phone(window, BEN).locator(".send").click()
    await expect(phone(window, BEN).locator(".own .bubble").last).to_contain_text("<b>hello</b>")
    await expect(phone(window, BEN).locator(".message").last).to_contain_text("dial 988")

    # A tap on what is over says so in passing.
    await window.locator("nav button", has_text="Vera with Clara").click()
    await expect(phone(window, CLARA)).to_be_visible()
    await expect(phone(window, ANNA)).to_be_hidden()
    assert complaints == []


async def test_the_whole_fortnight_with_a_picture(chromium: Browser, demo: Page) -> None:
    complaints: list[str] = []
    window = await look(chromium, demo, DESK, complaints)
    await window.locator("#play").click()
    await expect(window.locator("#hint")).to_contain_text("Two weeks have passed.", timeout=60_000)
    await window.locator("nav button", has_text="Tomas with Anna").click()
    digest = phone(window, TOMAS).locator(".message").last
    await expect(digest).to_contain_text("You rate agreement on tasks differently, still (2nd session).")
    await key(window, TOMAS, "Chart").click()
    await phone(window, TOMAS).locator(".covered").click()
    picture = phone(window, TOMAS).locator("img")
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("complete", True)
    assert await picture.evaluate("(image) => image.naturalWidth") > 300
    assert complaints == []


async def test_in_a_hand_one_phone_fills_the_screen(chromium: Browser, demo: Page) -> None:
    complaints: list[str] = []
    window = await look(chromium, demo, HAND, complaints)
    await expect(phone(window, ANNA)).to_be_visible()
    await expect(phone(window, TOMAS)).to_be_hidden()
    assert await fits(window)
    await phone(window, ANNA).locator(".answer").click()
    await expect(window.locator("#hint")).to_contain_text("Nobody has anything to do.")
    await window.locator("#jump").click()
    await expect(phone(window, TOMAS)).to_be_visible()  # where there is something to do
    await expect(phone(window, ANNA)).to_be_hidden()
    await window.locator("nav button", has_text="Front desk").click()
    await expect(window.frame_locator("#frame").locator("body")).to_contain_text("P-014")
    await window.locator("nav button", has_text="Vera").click()
    await expect(phone(window, VERA)).to_be_visible()
    assert await fits(window)
    assert complaints == []


async def test_what_the_front_desk_does_at_the_clinics_page_changes_what_comes(chromium: Browser, demo: Page) -> None:
    complaints: list[str] = []
    window = await look(chromium, demo, DESK, complaints)
    clinic = window.frame_locator("#frame")
    await window.locator("#jump").click()
    await expect(window.locator("#next")).to_have_text("12:00: Ben is asked about the session")
    await expect(clinic.locator("main")).to_contain_text("Tue 3 Nov · today")  # logged in again after the jump
    await clinic.locator("a", has_text="Today").first.click()
    await clinic.locator("button", has_text="Did not come").click()
    await expect(clinic.locator("main")).to_contain_text("Noted: the patient did not come.")
    await expect(window.locator("#next")).not_to_contain_text("Ben")
    assert complaints == []


async def test_without_the_clinics_page_there_is_a_list_of_the_week(
    chromium: Browser, example: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.demo.frame.LIBRARIES", ("a_library_that_is_not_there",))
    async with opened(example, tmp_path) as demo:
        window = await look(chromium, demo, DESK, [])
        await expect(window.locator("#frame")).to_be_hidden()
        await window.locator("#sessions button", has_text="Cancel").first.click()
        await expect(window.locator("#sessions .state").first).to_have_text("cancelled")


async def test_when_the_demo_ends_the_page_says_so(chromium: Browser, example: Config, tmp_path: Path) -> None:
    async with opened(example, tmp_path) as demo:
        window = await look(chromium, demo, DESK, [])
    await expect(window.locator("#bar")).to_have_text("The demo has ended. Nothing of it was kept.")
