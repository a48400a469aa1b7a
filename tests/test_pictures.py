"""The pictures in README: drawn from real messages. `pytest --update-snapshots` draws them anew."""

from pathlib import Path

import pytest

from tests.conftest import FIRST, Clinic, Someone
from tests.phone_picture import phone

PICTURES = Path(__file__).with_name("pictures")


def same(name: str, drawn: str, request: pytest.FixtureRequest) -> None:
    file = PICTURES / f"{name}.svg"
    if request.config.getoption("--update-snapshots"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(drawn, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == drawn


async def test_a_patients_phone(clinic: Clinic, anna: Someone, request: pytest.FixtureRequest) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.fills("444444", *["Skip"] * 4)
    await clinic.session("P-014", "2026-11-10T14:00")
    await clinic.until("2026-11-10T16:00")
    await anna.taps("Begin", "Mostly", "Fully")
    same("phone", phone("Check-in", [anna.phone.last]), request)


async def test_a_therapists_digest(
    clinic: Clinic, anna: Someone, tomas: Someone, request: pytest.FixtureRequest
) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.session("P-014", "2026-11-10T14:00")
    await clinic.until("2026-11-03T15:00")
    await tomas.sends_form("4454", "E Yes")
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin")
    await anna.rates(4, 4, 3, 3, 5, 4)
    await anna.says("I would like to know why we do it")
    await anna.taps("For my therapist", *["Skip"] * 4, "Send")
    await clinic.until("2026-11-10T13:00")
    await tomas.taps("Open")
    same("digest", phone("13:00", [tomas.phone.last]), request)
