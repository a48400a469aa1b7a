"""Who saw or changed what is written down, and whatever somebody does to that log is found."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from bot import clinic_plan
from bot.auditing import shown, verified
from bot.config import BackingUp
from bot.store import audit, backups, opening
from bot.store.audit import Head, Verified
from bot.store.tables import person
from bot.store.tables_audit import audit as log_table
from tests.conftest import FIRST, Clinic, Someone
from tests.test_backups import NOW

SECOND = "2026-11-10T14:00"


@pytest.fixture
async def read(clinic: Clinic, anna: Someone, tomas: Someone) -> Clinic:
    """Anna answers, changes an answer; Tomas opens the digest; Vera taps his buttons."""
    for wall in (FIRST, SECOND):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-03T15:00")
    await tomas.sends_form("4444")
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin", "Partly", "Back", "Mostly", "Mostly", "Mostly", "Mostly", "Mostly", "Mostly")
    await clinic.until("2026-11-10T13:30")
    await tomas.taps("Open")
    return clinic


async def entries(clinic: Clinic) -> list[str]:
    return [row.did for row in await clinic.rows(log_table)]


async def whole(clinic: Clinic, *known: Head) -> Verified:
    return await clinic.stage.app.store.read(audit.verify, known)


async def test_what_is_seen_and_changed_is_written_down(read: Clinic, vera: Someone, tomas: Someone) -> None:
    before = await entries(read)
    assert before.count("invite used") == 5
    assert before[5:] == ["answer changed", "digest shown"]
    await vera.presses(tomas.data["Discussed"])
    await read.desk(clinic_plan.set_plan, read.config, "P-014", ["ask_every=2"], [], read.clock.now())
    rows = (await read.rows(log_table))[-2:]
    assert [(row.did, row.detail) for row in rows] == [("refused", "tap d"), ("plan changed", "ask_every")]
    assert (await whole(read)).problem == ""


async def test_it_names_who_and_whom_and_holds_no_answer(read: Clinic) -> None:
    (row,) = [row for row in await read.rows(log_table) if row.did == "digest shown"]
    by_code = {row.id: row.code for row in await read.rows(person)}
    assert (by_code[row.by_id], by_code[row.about_id]) == ("T-1", "P-014")
    assert not [row for row in await read.rows(log_table) if "Mostly" in str(row) or "Partly" in str(row)]


# ------------------------------------------------------------------------------------------------ S9


def nth(n: int) -> Callable[[Connection], None]:
    def do(conn: Connection) -> None:
        conn.execute(delete(log_table).where(log_table.c.id == n))

    return do


def changed(n: int, name: str, value: object) -> Callable[[Connection], None]:
    def do(conn: Connection) -> None:
        conn.execute(update(log_table).where(log_table.c.id == n).values({name: value}))

    return do


def swapped(a: int, b: int) -> Callable[[Connection], None]:
    def do(conn: Connection) -> None:
        rows = [dict(conn.execute(select(log_table).where(log_table.c.id == n)).one()._mapping) for n in (a, b)]
        for n, row in ((b, rows[0]), (a, rows[1])):
            conn.execute(update(log_table).where(log_table.c.id == n).values({**row, "id": n}))

    return do


def repeated(n: int) -> Callable[[Connection], None]:
    def do(conn: Connection) -> None:
        row = dict(conn.execute(select(log_table).where(log_table.c.id == n)).one()._mapping)
        last = conn.execute(select(log_table.c.id).order_by(log_table.c.id.desc()).limit(1)).scalar_one()
        conn.execute(insert(log_table).values({**row, "id": last + 1}))

    return do


COLUMNS = ("at", "did", "by_id", "about_id", "detail", "why", "mac")


async def test_every_entry_that_is_changed_taken_out_or_swapped_is_found(read: Clinic) -> None:
    """Each of some hundred ways, with the first entry that is wrong."""
    now = read.clock.now()

    def fill(conn: Connection) -> None:
        for n in range(16):
            audit.note(conn, "chart shown", now, by=n % 3, about=n % 5, detail=f"{n}", why="asked")

    await read.desk(fill)
    good = await whole(read)
    assert good.head is not None
    head, last = good.head, good.count
    others = {"at": now + timedelta(days=1), "did": "export", "by_id": 99, "about_id": 99, "detail": "x", "why": "x",
              "mac": b"x" * 32}  # fmt: skip
    ways: list[tuple[Callable[[Connection], None], int]] = []
    for n in range(1, last + 1):
        ways += [(changed(n, name, others[name]), n) for name in COLUMNS]
        ways += [(nth(n), n)]
        ways += [(swapped(n, other), min(n, other)) for other in range(1, last + 1, 9) if other != n]
        ways += [(repeated(n), last + 1)]
    found = 0

    def tried(conn: Connection) -> None:
        nonlocal found
        for do, first in ways:
            with conn.begin_nested() as tampered:
                do(conn)
                seen = audit.verify(conn, [head])
                tampered.rollback()
            assert seen.problem, (do, first)
            assert seen.count == first - 1 or "cut off" in seen.problem
            found += 1

    await read.desk(tried)
    assert found == len(ways) > 200


async def test_an_end_that_was_cut_off_is_found_by_who_knows_the_last_entry(read: Clinic) -> None:
    good = await whole(read)
    assert good.head is not None
    await read.desk(lambda conn: conn.execute(delete(log_table).where(log_table.c.id >= good.count)).rowcount)
    assert (await whole(read)).problem == ""
    assert "its end is cut off" in (await whole(read, good.head)).problem
    await read.desk(lambda conn: audit.note(conn, "export", read.clock.now()))
    assert "is another one than was noted elsewhere" in (await whole(read, good.head)).problem


def cut(path: Path) -> None:
    with closing(opening.connect(path, isolation_level=None)) as database:
        database.execute("DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)")


async def test_backups_know_the_last_entry(read: Clinic, tmp_path: Path) -> None:
    path, folder = read.config.database.path, tmp_path / "backups"
    config = replace(read.config, backup=BackingUp(folder))
    backups.make(path, folder, NOW)
    last = await read.stage.app.store.read(audit.head)
    assert backups.logs_of(folder, path) == [str(last)]
    await read.stop()
    cut(path)
    _, problem = await asyncio.to_thread(verified, config, ())
    assert "its end is cut off" in problem
    listed, problem = await asyncio.to_thread(shown, config, "P-014")
    assert problem == ""
    assert {"digest shown", "invite used"} >= {one["did"] for one in listed} - {"answer changed"}
    await read.start()


async def test_a_weekly_page_knows_the_last_entry(read: Clinic, tomas: Someone) -> None:
    await read.until("2026-11-16T07:00")
    await tomas.taps("Open")
    entry = tomas.screen.rpartition("nothing to do: log ")[2]
    number = int(entry.partition(":")[0])
    assert (await entries(read))[number - 1 :] == ["digest shown", "week shown"]
    told, problem = await asyncio.to_thread(verified, read.config, (entry,))
    assert (problem, told["count"]) == ("", number + 1)
    await read.desk(lambda conn: conn.execute(delete(log_table).where(log_table.c.id >= number)).rowcount)
    _, problem = await asyncio.to_thread(verified, read.config, (entry,))
    assert f"its end is cut off: entry {number} was noted elsewhere" in problem
    _, problem = await asyncio.to_thread(verified, read.config, (f"1:{'0' * 12}",))
    assert "entry 1 is another one" in problem
    _, problem = await asyncio.to_thread(verified, read.config, ("17:012345",))
    assert "is no entry of the log" in problem


async def test_whatever_shows_a_patients_answers_is_noted(read: Clinic, tomas: Someone) -> None:
    before = len(await entries(read))
    await tomas.presses(tomas.data["Hide"].replace("hide", "why"))
    await tomas.taps("Back")
    await tomas.says("/pair P-014", "/today")
    assert (await entries(read))[before:] == ["reasons shown", "digest shown", "digest shown", "day shown"]
    assert (await whole(read)).problem == ""
    _, problem = await asyncio.to_thread(verified, read.config, ())
    assert problem == ""
