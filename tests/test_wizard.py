"""Anna's phone: a check-in from the first screen to Send."""

import pytest
from tests.conftest import FIRST, Clinic, Someone


@pytest.fixture
async def asked(clinic: Clinic, anna: Someone) -> Someone:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    return anna


async def test_an_hour_after_the_session_anna_is_asked(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T15:59")
    assert not anna.prompts
    await clinic.until("2026-11-03T16:00")
    assert anna.prompts == ["Ready when you are. It takes about two minutes."]


async def test_whole(asked: Someone, clinic: Clinic) -> None:
    await asked.taps("Begin")
    print(asked.screen, asked.buttons)
    await asked.rates(4, 4, 3, 3, 5, 4)
    print(asked.screen, asked.buttons)
    await asked.taps("Skip")
    await asked.rates(4)
    print(asked.screen, asked.buttons)
    await asked.says("sleep through the night")
    await asked.rates(4, 0)
    print(asked.screen, asked.buttons)
    await asked.taps("Send")
    print(asked.screen, asked.buttons)
    print(await clinic.answers("P-014"))
