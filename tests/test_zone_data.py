"""A new release of the time zones: what was planned with the old one is worked out anew, once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot.store import zone_data
from bot.store.tables import check_in, digest, session
from bot.store.tables import clinic as clinic_table
from tests.conftest import FIRST, Clinic, Someone, denver

SECOND = "2026-11-10T14:00"


def planned_by_an_older_release(conn: Connection) -> None:
    """Everything to come stands an hour off, as if the clock's change of November had been called off since."""
    for table, columns in (
        (session, ("starts_at", "ends_at")),
        (check_in, ("opens_at", "closes_at", "due_at")),
        (digest, ("due_at",)),
    ):
        for row in conn.execute(select(table)).all():
            off = {name: getattr(row, name) + timedelta(hours=1) for name in columns if getattr(row, name)}
            conn.execute(update(table).where(table.c.id == row.id).values(off))
    conn.execute(update(clinic_table).values(zone_data="2019a"))


async def planned(clinic: Clinic) -> list[tuple[Any, ...]]:
    """When everything is."""
    sessions = [(row.starts_at, row.ends_at) for row in await clinic.rows(session)]
    asked = [
        (row.session_id, row.kind, row.person_id, row.opens_at, row.closes_at) for row in await clinic.rows(check_in)
    ]
    return sorted(
        [*sessions, *asked, *((row.session_id or 0, row.due_at) for row in await clinic.rows(digest))], key=str
    )


async def test_what_is_to_come_is_worked_out_anew_from_the_times_that_were_meant(clinic: Clinic, anna: Someone) -> None:
    for code, wall in (("P-014", FIRST), ("P-014", SECOND), ("P-015", "2026-11-03T15:00")):
        await clinic.session(code, wall)
    right = await planned(clinic)
    await clinic.desk(planned_by_an_older_release)
    assert await planned(clinic) != right
    await clinic.restart()
    assert await planned(clinic) == right
    await clinic.until("2026-11-03T16:00")
    assert anna.prompts == ["Ready when you are. It takes about two minutes."]


async def test_that_is_done_once(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.restart()
    monkeypatch.setattr(zone_data, "anew", None)
    await clinic.restart()
    assert (await clinic.rows(session))[0].starts_at == denver(FIRST)


async def test_what_was_sent_is_not_sent_again(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await clinic.desk(lambda conn: conn.execute(update(clinic_table).values(zone_data=None)).rowcount)
    await clinic.restart()
    await clinic.until("2026-11-03T18:00")
    assert len(anna.prompts) == 1
