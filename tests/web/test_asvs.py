"""OWASP ASVS row by row (tests/asvs.toml -> tests/asvs.md), the libraries, and what the rows ask for that nobody tests
elsewhere.
"""

import ast
import logging
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot import ids
from bot.sbom import bill, installed, plain
from bot.web.guards import POLICY
from bot.web.visit import MENU
from tests.conftest import ROOT, Clinic
from tests.web.browser import Browser, browser, logs_in

TABLE = tomllib.loads((ROOT / "tests" / "asvs.toml").read_text("utf-8"))
PAGE = ROOT / "tests" / "asvs.md"
CHAPTERS = {
    1: "Encoding and sanitization", 2: "Validation and business logic", 3: "Web frontend", 4: "API and web service",
    5: "Files", 6: "Authentication", 7: "Sessions", 8: "Authorization", 13: "Configuration", 14: "Data protection",
    15: "Coding and architecture", 16: "Logging and errors",
}  # fmt: skip
KINDS = ("tests", "by", "open")
FLOORS = {
    "h11": "0.16", "jinja2": "3.1.6", "aiohttp": "3.12.14", "starlette": "0.49.1", "python-multipart": "0.0.18",
    "apscheduler": "3.11.3", "pillow": "11.3", "fonttools": "4.60.2", "certifi": "2024.7.4", "idna": "3.7",
    "sqlalchemy": "2.1", "python-telegram-bot": "22.8", "uvicorn": "0.11.7", "mako": "1.2.2", "pygments": "2.15",
    "sqlcipher3": "0.6.4",
}  # fmt: skip
"""The first version without a hole that is known of. To be read again with every release; that is what pip-audit is for
where there is a network."""
NEVER = {"tornado", "pyyaml", "pickle5"}


def rows() -> list[tuple[str, dict[str, Any]]]:
    """The rows in order."""
    return sorted(TABLE["row"].items(), key=lambda one: [int(part) for part in one[0].split(".")])


def markdown() -> str:
    """The page: a table for each chapter, and what does not hold first."""
    open_ones = [f"- **{ident}** {row['what']}: {row['open']}." for ident, row in rows() if "open" in row]
    lines = ["# OWASP ASVS 5.0, levels 1 and 2", "", "Made from asvs.toml by test_asvs.py. What does not hold:", ""]
    lines += [*open_ones, ""]
    for chapter, name in CHAPTERS.items():
        lines += [f"## V{chapter} {name}", "", "| | level | what | held by |", "| --- | --- | --- | --- |"]
        lines += [_line(ident, row) for ident, row in rows() if int(ident.split(".")[0]) == chapter]
        away = [f"{i} ({why})" for i, why in TABLE["absent"].items() if int(i.split(".")[0]) == chapter]
        lines += ["", f"Does not apply: {', '.join(away)}.", ""] if away else [""]
    left = [f"- V{chapter}: {why}" for chapter, why in TABLE["left_out"].items()]
    return "\n".join([*lines, "## Chapters without a table", "", *left])


def _line(ident: str, row: dict[str, Any]) -> str:
    tests = [f"[{name.partition('::')[2]}]({name.partition('::')[0]})" for name in row.get("tests", ())]
    return f"| {ident} | {row['level']} | {row['what']} | {', '.join(tests) or row.get('by') or 'open: see above'} |"


def test_the_page_is_made_from_the_table(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-snapshots"):
        PAGE.write_text(markdown() + "\n", encoding="utf-8")
    assert PAGE.read_text("utf-8") == markdown() + "\n"


def test_every_row_says_one_thing_about_how_it_is_held() -> None:
    for ident, row in rows():
        assert [kind in row for kind in KINDS].count(True) == 1, ident
        assert row["level"] in (1, 2), ident
        assert int(ident.split(".")[0]) in TABLE["chapters"], ident
    assert not TABLE["absent"].keys() & TABLE["row"].keys()
    assert {*map(str, TABLE["chapters"]), *TABLE["left_out"]} == {str(n) for n in range(1, 18)}


def test_every_test_that_is_named_exists() -> None:
    named = {name for _, row in rows() for name in row.get("tests", ())}
    known: dict[str, set[str]] = {}
    for name in named:
        file, _, test = name.partition("::")
        if file not in known:
            known[file] = _functions(ROOT / "tests" / file)
        assert test in known[file], name
    assert len(named) > 50


def _functions(file: Path) -> set[str]:
    every = ast.walk(ast.parse(file.read_text("utf-8")))
    return {node.name for node in every if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


# ------------------------------------------------------------------------------------------------ what rows ask for


def test_the_policy_has_what_the_standard_asks_for() -> None:
    said = dict(part.strip().split(" ", 1) for part in POLICY.split(";"))
    assert said["default-src"] == said["object-src"] == said["base-uri"] == "'none'"
    assert "unsafe" not in POLICY
    assert "script-src" not in said


def test_secrets_have_128_random_bits() -> None:
    made = {ids.token() for _ in range(500)}
    assert len(made) == 500
    assert {len(one) for one in made} == {22}
    assert len({letter for one in made for letter in one}) == 64


async def test_the_way_out_is_on_every_page(desk: Browser) -> None:
    for name in MENU["staff"]:
        await desk.opens(f"/{name}")
        assert any(words == "Log off" for form in desk.page.forms for words, _, _ in form.buttons), name


async def test_other_methods_are_not_done(desk: Browser) -> None:
    for method in ("TRACE", "OPTIONS", "PUT", "DELETE", "PATCH", "CONNECT"):
        reply = await desk.client.request(method, "/week")
        assert reply.status_code == 405, method
        assert "week" not in reply.text


async def test_a_field_sent_twice_is_one(desk: Browser, clinic: Clinic) -> None:
    await desk.opens("/closures/add")
    form = next(form for form in desk.page.forms if "first" in form.fields)
    data: dict[str, Any] = form.fields | {"first": ["2026-12-24", "2026-12-25"], "last": ["2026-12-24", "2026-12-26"]}
    reply = await desk.client.post("/closures/add", data=data)
    assert reply.status_code < 500
    assert clinic.config.clinic.zone


async def test_log_ins_are_logged(clinic: Clinic, staff: None, caplog: pytest.LogCaptureFixture) -> None:  # noqa: ARG001
    caplog.set_level(logging.INFO, logger="bot.web")
    sam = browser(clinic)
    async with sam.client:
        await sam.enters(f"/login#{'x' * 22}")
        await logs_in(sam, "S-1")
        await sam.presses("Log off")
    lines = [record.getMessage() for record in caplog.records]
    assert [re.sub(r"\d+", "N", line) for line in lines] == [
        "a log-in link did not work", "person N logged in at the page", "person N logged off",
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------ libraries


def version(text: str) -> tuple[int, ...]:
    """A version's numbers, for comparing."""
    return tuple(int(part) for part in re.findall(r"\d+", text.partition("+")[0])[:4])


def pinned() -> dict[str, str]:
    """The versions of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return {plain(name): pin for name, _, pin in (line.partition("==") for line in lines) if pin}


def test_no_version_known_to_be_bad_is_installed() -> None:
    pins, there = pinned(), installed()
    for name, floor in FLOORS.items():
        assert version(pins[name]) >= version(floor), name
        if name in there:
            assert version(there[name].version) >= version(floor), name
    assert not NEVER & (pins.keys() | there.keys())


def test_the_list_of_libraries_is_what_is_installed() -> None:
    listed = {one["name"]: one for one in bill()["components"]}
    assert {"python-telegram-bot", "sqlalchemy", "jinja2", "starlette", "h11", "certifi"} <= listed.keys()
    assert not {"pytest", "mypy", "accord-checkin"} & listed.keys()
    assert listed.keys() <= pinned().keys()
    assert all(re.fullmatch(r"[0-9a-f]{64}", one["hashes"][0]["content"]) for one in listed.values())
    assert len({one["hashes"][0]["content"] for one in listed.values()}) == len(listed)
