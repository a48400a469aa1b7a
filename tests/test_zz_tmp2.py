import pytest
from tests.conftest import FIRST
@pytest.mark.parametrize("n", range(60))
async def test_t(clinic, anna, n):
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin")
