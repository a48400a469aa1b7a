"""The front desk: Sam, with a browser at a clinic whose page is on."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.config import Config, Web
from bot.store import people
from tests.conftest import Clinic
from tests.web.browser import HERE, Browser, browser, logs_in


@pytest.fixture
def config(example: Config) -> Config:
    """A clinic whose page is on."""
    return replace(example, web=Web(enabled=True, port=0, public_url=HERE))


@pytest.fixture
async def staff(clinic: Clinic) -> None:
    """Sam works at the front desk."""
    await clinic.desk(people.add, "staff", "S-1", "America/Denver", "en")


@pytest.fixture
async def desk(
    clinic: Clinic,
    staff: None,  # noqa: ARG001
) -> AsyncIterator[Browser]:
    """Sam's browser, logged in."""
    sam = browser(clinic)
    async with sam.client:
        yield await logs_in(sam, "S-1")
