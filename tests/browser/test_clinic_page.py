"""The clinic's page in a real browser, headless Chromium: what a clerk does, by mouse, by keyboard and on a phone.

`pytest -m browser`; with `--update-snapshots` it also draws README's pictures of the page.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from PIL import Image
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page
from sqlalchemy import Connection

from bot import clinic as verbs
from bot import clinic_closures, clinic_login, clinic_series
from bot.config import Config, Web
from bot.store import appointments, people
from bot.store.tables import person, session
from tests.conftest import Clinic

pytestmark = pytest.mark.browser
PICTURES = Path(__file__).parent.parent / "pictures"
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 800}
KEY_S, THINK_S = 0.28, 1.35
"""Seconds for a key and for thinking before a field: the keystroke-level model of Card, Moran and Newell (1980)."""


@dataclass(slots=True)
class Front:
    """The front desk: a clinic, and a tab of a browser at it. What the browser complains about is kept."""

    clinic: Clinic
    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    async def link(self, code: str = "S-1") -> str:
        """A login link."""
        shown = await self.clinic.desk(clinic_login.login, self.clinic.config, code, self.clinic.clock.now())
        return f"{self.base}/login#{shown['link'].rpartition('#')[2]}"

    async def logs_in(self, code: str = "S-1") -> None:
        """Open a new link, and log in."""
        await self.page.goto(await self.link(code))
        await self.presses("Log in")

    async def opens(self, path: str) -> None:
        """Open an address of the page."""
        await self.page.goto(self.base + path)

    async def presses(self, button: str) -> None:
        """Click a button by its words."""
        await self.page.get_by_role("button", name=button, exact=True).first.click()

    async def follows(self, link: str) -> None:
        """Click a link by its words."""
        await self.page.get_by_role("link", name=link, exact=True).first.click()

    async def fills(self, **fields: str) -> None:
        """Fill in fields by their names, whatever they are."""
        for name, value in fields.items():
            at = self.page.locator(f"[name={name}]").first
            if await at.evaluate("e => e.tagName") == "SELECT":
                await at.select_option(value)
            else:
                await at.fill(value)

    async def sees(self, words: str) -> bool:
        """Whether the page shows these words."""
        return words in await self.page.locator("body").inner_text()

    async def wide(self) -> dict[str, int]:
        """How wide the page is, and how wide it may be."""
        got: dict[str, int] = await self.page.evaluate(
            "() => ({is: document.documentElement.scrollWidth, may: window.innerWidth})"
        )
        return got

    @property
    def path(self) -> str:
        """Where the tab is."""
        return self.page.url.removeprefix(self.base).partition("?")[0]


@pytest.fixture
def config(example: Config) -> Config:
    """A clinic whose page is on, at any free port."""
    return replace(example, web=Web(enabled=True, port=0))


Opens = Callable[..., Awaitable[Front]]


@pytest.fixture
async def tab(clinic: Clinic, chromium: Chromium) -> AsyncIterator[Opens]:
    """Opens a tab of its own, with its own cookies, at the clinic's page."""
    await clinic.desk(people.add, "staff", "S-1", "America/Denver", "en")
    async with AsyncExitStack() as stack:

        async def opens(**how: Any) -> Front:
            context = await chromium.new_context(**{"viewport": DESK, "locale": "en-US"} | how)
            stack.push_async_callback(context.close)
            front = Front(clinic, await context.new_page(), clinic.stage.app.page)
            front.page.on("console", lambda said: front.complaints.append(said.text))
            front.page.on("pageerror", lambda error: front.complaints.append(str(error)))
            front.page.on("request", lambda asked: _only_ours(front, asked.url))
            return front

        yield opens


def _only_ours(front: Front, url: str) -> None:
    if not url.startswith((front.base, "data:")):
        front.complaints.append(f"asked {url}")


@pytest.fixture
async def front(tab: Opens) -> AsyncIterator[Front]:
    """Sam at the front desk, logged in, on a Monday morning."""
    sam = await tab()
    await sam.logs_in()
    yield sam
    assert sam.complaints == []


async def fill_week(clinic: Clinic) -> None:
    """A week with something of everything: a gap, a closed day, somebody who did not come, one to confirm."""
    now = clinic.clock.now()
    for code, rule in (("P-014", "Tue 14:00"), ("P-015", "Mon 11:00"), ("P-021", "Mon 09:00,Thu 09:00")):
        words = rule.replace("Mon 09:00,Thu 09:00", "Mon,Thu 09:00")
        await clinic.desk(clinic_series.set_weekly, clinic.config, code, words, None, None, now)
    for code, therapist in (("P-022", "T-2"), ("P-023", "T-1")):
        await clinic.desk(verbs.add_patient, clinic.config, code, therapist, "America/Denver", "en", now)
    await clinic.desk(clinic_series.set_weekly, clinic.config, "P-022", "Wed 10:00", None, None, now)
    await clinic.desk(clinic_closures.add_closure, clinic.config, "2026-11-06", now, "Staff day")
    await clinic.session("P-022", "2026-11-02T08:00")
    await clinic.desk(_not_met, "P-022")


def _not_met(conn: Connection, code: str) -> None:
    pair = people.pair_by_patient_code(conn, code)
    appointments.mark_session(conn, appointments.sessions_of(conn, pair.id)[0].id, "missed", confirm=True)


# ------------------------------------------------------------------------------------------------ what a clerk does


async def test_a_patient_is_enrolled_by_keyboard_alone_in_a_minute(front: Front) -> None:
    await front.opens("/patients/add")
    keys, fields = 0, 0
    for typed in ("P-030", "T-2", "Wed", "0930AM"):
        for key in typed:
            await front.page.keyboard.press(key)
        # The rest of the form has what is usual here, so Enter in the last field shows what it does.
        await front.page.keyboard.press("Enter" if typed == "0930AM" else "Tab")
        keys, fields = keys + len(typed) + 1, fields + 1
    await front.page.wait_for_selector("text=What this does")
    assert await front.sees("9 sessions are laid out")
    await front.page.keyboard.press("Enter")  # Save has the focus
    await front.page.wait_for_url("**/patients/P-030?done=enrolled")
    assert await front.sees("Wed 09:30")
    assert (keys + 1) * KEY_S + (fields + 2) * THINK_S < 30
    (row,) = await front.clinic.rows(person, code="P-030")
    assert row.role == "patient"


async def test_weekly_then_move_then_cancel(front: Front) -> None:
    await front.opens("/patients/P-014")
    await front.follows("Weekly sessions")
    await front.fills(weekday="Tue", clock="14:00")
    await front.presses("See what it does")
    assert await front.sees("27 check-ins are new")
    await front.presses("Save")
    await front.follows("Move Tue 3 Nov, 14:00")
    await front.fills(day="2026-11-04", clock="16:00")
    await front.presses("See what it does")
    assert await front.sees("check-ins move")
    await front.presses("Save")
    assert await front.sees("Wed 4 Nov, 16:00")
    await front.follows("Cancel Wed 4 Nov, 16:00")
    assert await front.sees("3 check-ins are dropped")
    await front.presses("Save")
    assert await front.sees("Cancelled.")


async def test_a_double_click_saves_once(front: Front) -> None:
    await front.opens("/patients/add")
    await front.fills(code="P-030", therapist="T-1", weekday="Fri", clock="08:00")
    await front.presses("See what it does")
    await front.page.get_by_role("button", name="Save").dblclick()
    await front.page.wait_for_url("**/patients/P-030**")
    assert len({row.series_id for row in await front.clinic.rows(session)}) == 1


async def test_who_did_not_come_is_one_click_and_one_back(front: Front) -> None:
    await front.clinic.session("P-014", "2026-11-02T10:00")
    await front.opens("/today")
    await front.presses("P-014 did not come at 10:00")
    assert await front.sees("Noted: the patient did not come.")
    await front.presses("Undo for P-014 at 10:00")
    assert await front.sees("Taken back.")


async def test_a_file_with_mistakes_and_a_huge_one(front: Front, tmp_path: Path) -> None:
    await front.opens("/import")
    bad = b"patient;starts\nP-014;2026-11-03T14:00\nP-999;2026-11-03T15:00\nP-015;2026-02-30T14:00\n"
    for name, data, says in (
        ("a.csv", bad, "line 4:"),
        ("b.ics", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "Nothing is imported."),
        ("c.ics", b"x" * 50_000_000, "This file has more than 5 MB."),
    ):
        (tmp_path / name).write_bytes(data)
        await front.page.locator("input[type=file]").set_input_files(tmp_path / name)
        await front.presses("See what it does")
        assert await front.sees(says), name
    assert await front.clinic.rows(session) == []
    front.complaints[:] = [one for one in front.complaints if "422" not in one]  # that is how it is told


async def test_one_link_logs_in_once_and_an_old_one_never(front: Front, tab: Opens) -> None:
    link = await front.link()
    first, second = await tab(), await tab()
    await first.page.goto(link)
    await second.page.goto(link)
    await first.presses("Log in")
    assert first.path == "/today"
    await second.presses("Log in")
    assert await second.sees("This link is over")
    link = await front.link()
    await front.clinic.wait(minutes=10)
    await second.page.goto(link)
    assert await second.sees("This link is over")
    assert await second.page.get_by_role("button").count() == 0


async def test_after_logging_off_the_way_back_shows_nothing(front: Front) -> None:
    await front.opens("/patients/P-014")
    await front.presses("Log off")
    assert front.path == "/login"
    await front.page.go_back()
    assert not await front.sees("P-014")
    cookies = await front.page.context.cookies()
    assert [cookie["name"] for cookie in cookies] == []


async def test_the_cookie_as_the_browser_keeps_it(front: Front) -> None:
    (cookie,) = await front.page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["secure"]) == (True, "Strict", False)
    assert await front.page.evaluate("() => document.cookie") == ""


# ------------------------------------------------------------------------------------------------ every screen


SCREENS = [
    "/today", "/week", "/patients", "/patients/P-014", "/patients/P-023", "/patients/add", "/patients/P-014/weekly",
    "/patients/P-014/end", "/patients/P-014/away", "/patients/P-014/transfer", "/patients/P-014/discharge",
    "/sessions/1/move", "/sessions/1/cancel", "/therapists", "/therapists/T-1/leave", "/closures", "/closures/add",
    "/import", "/ledger", "/numbers", "/settings", "/login",
]  # fmt: skip
AXE = "() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"


async def serious(front: Front) -> list[str]:
    """What axe-core finds serious or critical."""
    await front.page.evaluate(AXE_SCRIPT)
    found = await front.page.evaluate(AXE)
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(("view", "scheme"), [("desk", "light"), ("phone", "dark")])
async def test_every_screen_is_for_everybody(tab: Opens, view: str, scheme: str) -> None:
    front = await tab(viewport=PHONE if view == "phone" else DESK, color_scheme=scheme)
    await fill_week(front.clinic)
    await front.logs_in()
    for path in SCREENS:
        await front.opens(path)
        assert await serious(front) == [], path
        wide = await front.wide()
        assert wide["is"] <= wide["may"], path
    await front.opens("/patients/add")
    await front.presses("See what it does")
    assert await serious(front) == [], "with mistakes"


async def test_the_focus_can_be_seen_and_the_menu_can_be_skipped(front: Front) -> None:
    await front.opens("/closures")
    await front.page.keyboard.press("Tab")
    assert await front.page.evaluate("() => document.activeElement.innerText") == "Skip to the content"
    await front.page.keyboard.press("Enter")
    await front.page.keyboard.press("Tab")
    assert await front.page.evaluate("() => document.activeElement.innerText") == "Close the clinic"
    shown = await front.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert shown == "solid"


async def test_a_sheet_is_printed_without_a_name(front: Front) -> None:
    await fill_week(front.clinic)
    await front.opens("/patients/P-023")
    await front.presses("Make an invite")
    await front.page.emulate_media(media="print")
    printed = await front.page.locator("body").inner_text()
    assert "P-023" not in printed
    assert "Scan this with your phone" in printed
    assert "Log off" not in printed


# ------------------------------------------------------------------------------------------------ pictures


@pytest.mark.parametrize("name", ["today", "week", "add"])
async def test_the_pictures_in_the_readme(tab: Opens, request: pytest.FixtureRequest, name: str) -> None:
    front = await tab(viewport={"width": 1000, "height": 640})
    await fill_week(front.clinic)
    await front.clinic.until("2026-11-02T11:20")
    await front.logs_in()
    await front.opens({"today": "/today", "week": "/week", "add": "/patients/add"}[name])
    if name == "add":
        await front.fills(code="P-030", therapist="T-2", weekday="Wed", clock="09:30", zone="Denver")
        await front.presses("See what it does")
    drawn = Image.open(BytesIO(await front.page.screenshot())).quantize(48)
    file = PICTURES / f"web-{name}.png"
    if request.config.getoption("--update-snapshots"):
        drawn.save(file, optimize=True)
    assert file.exists(), "run pytest -m browser --update-snapshots"
    assert file.stat().st_size < 40_000
    with Image.open(file) as kept:
        assert kept.size == drawn.size
