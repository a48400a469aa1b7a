"""A real browser for the stories in this folder: the system's own Chromium, without a window."""

import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """The browser. A story opens its own pages in it, each with `new_page(viewport={"width": …, "height": …})`."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        await browser.close()
