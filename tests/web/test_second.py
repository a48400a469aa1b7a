"""A second factor, where the clinic asks for one: a link alone opens nothing."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot import clinic_login, totp
from bot.config import Config, Web
from bot.store import audit, people, second_factors
from bot.store.people import Refused, by_code
from bot.store.tables_audit import audit as log_table
from bot.store.tables_web import second_factor, web_session
from bot.web.tries import MOST_TRIES
from tests.conftest import Clinic
from tests.test_locale import check
from tests.web.browser import HERE, Browser, browser, logs_in

pytestmark = [pytest.mark.deep, pytest.mark.usefixtures("staff")]

SECRET = b"12345678901234567890"


@pytest.fixture
def config(example: Config) -> Config:
    """A log-in asks for a code, too."""
    return replace(example, web=Web(enabled=True, port=0, public_url=HERE, second_factor="totp"))


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037"),
     (20000000000, "353130")],
)  # fmt: skip
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    """Appendix B, SHA-1; the last six of its eight digits."""
    now = datetime.fromtimestamp(seconds, UTC)
    assert totp.code_of(SECRET, totp.step_of(now)) == code
    assert totp.fitting(SECRET, f" {code[:3]} {code[3:]}", now, 0) == totp.step_of(now)


def test_a_code_is_good_a_step_around_and_once() -> None:
    now = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
    here = totp.step_of(now)
    good = [
        step - here for step in range(here - 5, here + 6) if totp.fitting(SECRET, totp.code_of(SECRET, step), now, 0)
    ]
    assert good == [-1, 0, 1]
    assert totp.fitting(SECRET, totp.code_of(SECRET, here), now, here) is None
    for typed in ("", "12345", "0" * 4000, "²²²²²²"):
        assert totp.fitting(SECRET, typed, now, 0) is None


async def code_for(clinic: Clinic, code: str = "S-1") -> str:
    """What this person's app shows now."""
    who = await clinic.stage.app.store.read(by_code, code)
    factor = await clinic.stage.app.store.read(second_factors.of, who)
    assert factor is not None
    return totp.code_of(factor.secret, totp.step_of(clinic.clock.now()))


async def set_up(clinic: Clinic) -> Browser:
    """Sam logs in for the first time, and sets up an app."""
    sam = await logs_in(browser(clinic), "S-1")
    assert sam.path == "/second"
    return await sam.presses("Log in", code=await code_for(clinic))


async def test_the_first_log_in_sets_it_up_and_every_other_asks(clinic: Clinic) -> None:
    sam = await set_up(clinic)
    assert sam.path == "/today"
    other = await logs_in(browser(clinic), "S-1")
    assert "type the six digits" in other.text
    assert "otpauth" not in other.reply.text
    for path in ("/", "/week", "/patients", "/settings"):
        assert (await other.opens(path)).path == "/second", path
    await clinic.wait(seconds=30)
    await other.presses("Log in", code=await code_for(clinic))
    assert other.path == "/today"
    assert (await other.opens("/second")).path == "/today"
    noted = [row.did for row in await clinic.rows(log_table) if row.did in ("logged in", "factor set up")]
    assert noted == ["logged in", "factor set up", "logged in"]


async def test_until_the_first_code_it_is_not_set_up(clinic: Clinic) -> None:
    first = await logs_in(browser(clinic), "S-1")
    assert "data:image/svg+xml" in first.reply.text
    shown = first.reply.text.partition('class="link"')[2]
    await first.opens("/second")
    assert first.reply.text.partition('class="link"')[2].partition("<form")[0] == shown.partition("<form")[0]
    (row,) = await clinic.rows(second_factor)
    assert (row.confirmed_at, row.used) == (None, 0)


async def test_the_same_code_is_good_once_and_wrong_ones_have_to_wait(clinic: Clinic) -> None:
    await set_up(clinic)
    thief = await logs_in(browser(clinic), "S-1")
    await thief.presses("Log in", code=await code_for(clinic))
    assert (thief.status, "was used already" in thief.text) == (422, True)
    for _ in range(MOST_TRIES):
        await thief.presses("Log in", code="000000")
    assert (thief.status, "Try again in 10 minutes" in thief.text) == (429, True)
    await clinic.wait(seconds=30)
    await thief.presses("Log in", code=await code_for(clinic))
    assert thief.status == 429
    await clinic.wait(minutes=10)
    await thief.presses("Log in", code=await code_for(clinic))
    assert thief.path == "/today"
    assert "factor refused" in {row.did for row in await clinic.rows(log_table)}


async def test_nothing_is_done_without_it(clinic: Clinic) -> None:
    sam = await logs_in(browser(clinic), "S-1")
    form = sam.page.forms[-1].fields["form"]
    reply = await sam.client.post("/settings", data={"form": form, "lang": "es"})
    assert (reply.status_code, reply.headers["location"]) == (303, "/second")
    assert (await sam.client.post("/second", data={"code": await code_for(clinic)})).status_code == 403  # no token


async def test_the_secret_is_sealed_and_can_be_reset(clinic: Clinic) -> None:
    sam = await set_up(clinic)
    who = await clinic.stage.app.store.read(by_code, "S-1")
    factor = await clinic.stage.app.store.read(second_factors.of, who)
    assert factor is not None
    kept = await clinic.stage.app.store.read(lambda conn: conn.execute(second_factor.select()).one().secret)
    assert factor.secret not in kept
    assert factor.secret.hex().encode() not in kept
    now = clinic.clock.now()
    assert await clinic.desk(clinic_login.reset_factor, clinic.config, "S-1", now) == {"code": "S-1"}
    assert await clinic.rows(web_session) == []
    assert (await sam.opens("/week")).path == "/login"
    again = await logs_in(browser(clinic), "S-1")
    assert "Scan this" in again.text
    with pytest.raises(Refused, match="no authenticator app"):
        await clinic.desk(clinic_login.reset_factor, clinic.config, "T-1", now)
    assert (await clinic.stage.app.store.read(audit.verify)).problem == ""


async def test_it_speaks_spanish(clinic: Clinic) -> None:
    await clinic.desk(lambda conn: people.change(conn, by_code(conn, "S-1").id, lang="es"))
    sam = browser(clinic)
    await logs_in(sam, "S-1")
    check(sam.text.replace(f"{clinic.config.clinic.name} ", ""), "es")


async def test_where_it_is_not_asked_for_there_is_no_such_page(clinic: Clinic) -> None:
    clinic.config = replace(clinic.config, web=replace(clinic.config.web, second_factor="none"))
    sam = await logs_in(browser(clinic), "S-1")
    assert sam.path == "/today"
    assert (await sam.opens("/second")).path == "/today"
