"""The clinic's page in a real browser, headless Chromium: what a clerk does, by mouse, by keyboard and on a phone."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, async_playwright

from bot import clinic_login
from bot.config import Config, Web
from bot.store import people
from tests.conftest import Clinic

pytestmark = pytest.mark.browser
CHROMIUM = "/usr/bin/chromium"


@pytest.fixture
def config(example: Config) -> Config:
    """A clinic whose page is on, at any free port."""
    return replace(example, web=Web(enabled=True, port=0))


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@dataclass(slots=True)
class Front:
    """The front desk: a clinic, and a page of a browser at it."""

    clinic: Clinic
    page: Page
    base: str

    async def logs_in(self, code: str = "S-1") -> None:
        shown = await self.clinic.desk(clinic_login.login, self.clinic.config, code, self.clinic.clock.now())
        await self.page.goto(f"{self.base}/login/{shown['link'].rpartition('/')[2]}")
        await self.page.get_by_role("button", name="Log in").click()

    async def opens(self, path: str) -> None:
        await self.page.goto(self.base + path)


@pytest.fixture
async def front(clinic: Clinic, chromium: Chromium) -> AsyncIterator[Front]:
    """Sam at the front desk, logged in, on a Monday morning."""
    await clinic.desk(people.add, "staff", "S-1", "America/Denver", "en")
    context = await chromium.new_context(viewport={"width": 1280, "height": 800})
    sam = Front(clinic, await context.new_page(), clinic.stage.app.page)
    await sam.logs_in()
    yield sam
    await context.close()
