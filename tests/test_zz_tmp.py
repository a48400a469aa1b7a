import pytest
@pytest.mark.parametrize("n", range(60))
async def test_t(clinic, n):
    pass
