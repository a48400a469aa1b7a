"""What was kept for as long as the clinic says goes in the night, and only that; whatever the law holds stays."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, delete, text, update

from bot import clinic_people
from bot.chat.joining import consent
from bot.config import BackingUp, Config, Retention
from bot.core.health import Facts, lines
from bot.core.retention import Span, Tonight, is_due, last_night, next_night
from bot.health import examine
from bot.store import audit, backups, people, retention
from bot.store.columns import metadata
from bot.store.tables import answer, inbox, outbox, pair, person
from bot.store.tables_audit import audit as log_table
from bot.store.tables_joining import invite, invite_try
from tests.conftest import BEGINS, DENVER, FIRST, Clinic, Someone, denver
from tests.laws import law
from tests.plain_rows import put_plain
from tests.test_doctor import WELL, line
from tests.test_erasing import HERS, HIS, all_sealed, owner

pytestmark = pytest.mark.deep

KEPT = Retention(records=Span(7), messages=Span(2), invites=Span(2), unread=Span(2))
DISCHARGED = "2026-11-05T09:00"


@pytest.fixture
def config(example: Config) -> Config:
    """Short spans, as a story has no years."""
    return replace(example, retention=KEPT)


@pytest.fixture
async def over(clinic: Clinic, anna: Someone, ben: Someone, tmp_path: Path) -> Clinic:
    """Anna and Ben have answered with own words, there is a backup of it; then Anna's treatment ends."""
    clinic.config = replace(clinic.config, backup=BackingUp(tmp_path / "backups"))
    await clinic.restart()
    await clinic.session("P-014", FIRST)
    await clinic.session("P-015", "2026-11-03T15:00")
    await clinic.until("2026-11-03T17:00")
    for who, words in ((anna, HERS), (ben, HIS)):
        await who.taps("Begin")
        await who.rates(3, 2, 4, 4, 5, 5)
        await who.says(words)
    await clinic.until(DISCHARGED)
    await clinic.stage.app.upkeep.work()
    await clinic.desk(clinic_people.discharge, clinic.config, "P-014", clinic.clock.now())
    return clinic


async def night(clinic: Clinic, day: str) -> None:
    """Let the night before this day go by, with the bot running."""
    await clinic.until(f"{day}T03:29")
    await clinic.stage.app.upkeep.work()
    await clinic.until(f"{day}T03:31")
    await clinic.stage.app.upkeep.work()


async def words(clinic: Clinic) -> list[str]:
    return [row.value for row in await clinic.rows(answer) if isinstance(row.value, str)]


# ------------------------------------------------------------------------------------------------ records


async def test_a_record_ends_so_long_after_the_treatment_and_no_old_backup_opens_it(over: Clinic) -> None:
    path, folder = over.config.database.path, over.config.backup.folder
    assert folder is not None
    made = backups.listed(folder, path)[-1]
    hers, his = [await over.stage.app.store.read(owner, code) for code in ("P-014", "P-015")]
    await night(over, "2026-11-12")  # six days and eighteen hours
    assert HERS in await words(over)
    await night(over, "2026-11-13")
    assert HERS not in await words(over)
    (gone,) = [row for row in await over.rows(person) if row.code == "P-014"]
    assert (gone.erased_at, gone.chat_id) == (over.clock.now(), None)
    assert HIS in await words(over)
    assert not [row for row in await over.rows(pair) if row.patient_id == gone.id]
    opened = all_sealed(folder / made.name, path)
    assert set(opened[hers]) <= {"closed", "{'asks': None}"}
    assert HIS in str(opened[his])
    for file in (path, path.with_name(f"{path.name}-wal")):
        assert HERS.encode() not in file.read_bytes()


async def test_the_log_keeps_that_it_was_and_why(over: Clinic) -> None:
    await night(over, "2026-11-13")
    rows = await over.rows(log_table)
    assert [row.why for row in rows if row.did == "erase asked"] == ["retention"]
    assert [row.about_id for row in rows if row.did == "erased"] == [3]
    assert (await over.stage.app.store.read(audit.verify)).problem == ""


async def test_a_treatment_that_goes_on_with_somebody_else_has_not_ended(clinic: Clinic) -> None:
    await clinic.stage.app.upkeep.work()
    await clinic.desk(clinic_people.transfer, clinic.config, "P-014", "T-2", False, clinic.clock.now())
    assert await clinic.stage.app.store.read(retention.records) == []


async def test_what_the_law_holds_stays_and_the_doctor_says_what_would_go(over: Clinic) -> None:
    over.config = replace(over.config, retention=replace(KEPT, hold=True))
    await over.restart()
    await night(over, "2026-11-20")
    assert HERS in await words(over)
    said = line(lines(await examine(over.config, over.clock)), "retention")
    assert said.state == "note"
    assert (
        "[retention] hold keeps everything; without it would go tonight: the records of 1 patient (P-014)" in said.says
    )


async def test_the_doctor_rehearses_the_night(over: Clinic) -> None:
    await over.desk(clinic_people.discharge, over.config, "P-021", over.clock.now())
    await over.until("2026-11-12T12:00")
    await over.desk(clinic_people.discharge, over.config, "P-015", over.clock.now())
    said = line(lines(await examine(over.config, over.clock)), "retention")
    assert said.says.startswith("Tonight goes: the records of 2 patients (P-014, P-021), ")
    assert said.says.endswith("The next record to end: P-015, on 2026-11-19.")
    before = await over.rows(outbox)
    assert [row.body for row in await over.rows(outbox)] == [row.body for row in before]


async def test_without_a_time_no_record_ends(over: Clinic) -> None:
    over.config = replace(over.config, retention=Retention())
    await over.restart()
    await night(over, "2027-02-20")
    assert HERS in await words(over)
    said = line(lines(await examine(over.config, over.clock)), "retention")
    assert said.says == "Tonight nothing goes. No patient's record ends: [retention] records says no time."


# ------------------------------------------------------------------------------------------------ the rest


async def test_of_what_was_sent_the_words_go_and_that_it_was_sent_stays(over: Clinic) -> None:
    sent = [row for row in await over.rows(outbox) if row.state == "sent"]
    assert sent
    assert all(row.body for row in sent)
    await night(over, "2026-11-06")
    assert {row.id for row in await over.rows(outbox)} >= {row.id for row in sent}
    assert not [row.body for row in await over.rows(outbox) if row.not_before < over.clock.now() - timedelta(days=2)
                and row.body]  # fmt: skip
    assert [row.body for row in await over.rows(outbox) if row.body]
    (noted,) = [row.detail for row in await over.rows(log_table) if (row.detail or "").startswith("messages")]
    assert int(noted.split()[1]) >= 2


async def test_links_tries_and_what_could_not_be_read_go(over: Clinic) -> None:
    raw = {"update_id": 9, "raw": "{}", "state": "aside", "received_at": over.clock.now() - timedelta(days=2)}
    await over.desk(put_plain, inbox, raw)
    await over["977"].says("/start of-nobody")
    assert await over.rows(invite)
    assert await over.rows(invite_try)
    await night(over, "2026-11-07")
    for table in (invite, invite_try):
        assert await over.rows(table) == []
    assert not [row for row in await over.rows(inbox) if row.state == "aside"]


async def test_it_goes_on_after_a_stop_in_the_middle(
    over: Clinic, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 1)
    real, calls = retention.sweep, 0

    def stopped(conn: Connection, kind: str, before: datetime, now: datetime) -> int:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError("the power went")
        return real(conn, kind, before, now)

    monkeypatch.setattr(retention, "sweep", stopped)
    await over.until("2026-11-13T03:31")
    await over.stage.app.upkeep.work()
    assert HERS in await words(over)
    assert calls == 3
    log.clear()
    await over.restart()
    await over.stage.app.upkeep.work()
    assert HERS not in await words(over)
    before = over.clock.now() - timedelta(days=2)
    assert not [row for row in await over.rows(outbox) if row.body and row.not_before < before]


# ------------------------------------------------------------------------------------------------ the log


async def filled(clinic: Clinic, entries: int = 8) -> datetime:
    """A log with entries of two days; between the days."""
    for n in range(entries):
        at = clinic.clock.now() + timedelta(days=n // (entries // 2))
        await clinic.desk(lambda conn, a=at: audit.note(conn, "chart shown", a, by=1, about=3))
    return clinic.clock.now() + timedelta(hours=12)


async def test_the_beginning_of_the_log_goes_in_order(clinic: Clinic) -> None:
    between = await filled(clinic)
    store = clinic.stage.app.store
    head = await store.read(audit.head)
    older = await store.read(audit.older, between)
    assert head is not None
    went = await clinic.desk(lambda conn: retention.sweep(conn, "log", between, clinic.clock.now()))
    assert went == older == 9  # five invites were used
    rows = await clinic.rows(log_table)
    assert [row.did for row in rows] == ["cut", *["chart shown"] * 4, "log cut", "not kept longer"]
    assert (rows[0].by_id, rows[0].about_id, rows[0].detail) == (None, None, None)
    whole = await store.read(audit.verify, [head, audit.Head(2, "0" * 16)])  # of what went nobody knows any more
    assert (whole.problem, whole.count) == ("", 6)
    again = await clinic.desk(
        lambda conn: retention.sweep(conn, "log", between + timedelta(days=2), clinic.clock.now())
    )
    assert again == 5  # the last one stays
    assert (await store.read(audit.verify)).problem == ""


def remove_to(n: int) -> Callable[[Connection], None]:
    def do(conn: Connection) -> None:
        conn.execute(delete(log_table).where(log_table.c.id < n))
        conn.execute(
            update(log_table).where(log_table.c.id == n).values(did="cut", by_id=None, about_id=None, detail=None)
        )

    return do


@pytest.mark.parametrize("cut_first", [False, True])
async def test_a_beginning_that_somebody_takes_out_is_missed(clinic: Clinic, cut_first: bool) -> None:
    between = await filled(clinic)
    if cut_first:
        await clinic.desk(lambda conn: retention.sweep(conn, "log", between, clinic.clock.now()))
    await clinic.desk(remove_to(11))
    assert (await clinic.stage.app.store.read(audit.verify)).problem == "its beginning is missing"


# ------------------------------------------------------------------------------------------------ what is said


async def test_the_words_a_patient_agrees_to_say_how_long(clinic: Clinic, anna: Someone) -> None:
    await anna.says("/privacy")
    assert "All that is kept here about you is deleted 7 days after your treatment has ended" in anna.screen
    who = await clinic.stage.app.store.read(people.by_code, "P-014")
    years = replace(clinic.config, retention=Retention(records=Span(1, "years")))
    assert "se borra 1 año después de terminar" in consent(replace(who, lang="es"), years).text
    kept = replace(clinic.config, retention=Retention())
    assert "kept for as long as your clinic keeps your record" in consent(who, kept).text


SAID: list[tuple[Tonight, str, str]] = [
    (Tonight(hold=True), "ok", "[retention] hold keeps everything."),
    (Tonight(), "ok", "Tonight nothing goes."),
    (Tonight(("P-1",), {"messages": 1204, "log": 1}), "ok",
     "Tonight goes: the records of 1 patient (P-1), 1,204 old messages, 1 log line."),
    (Tonight(tuple(f"P-{n}" for n in range(12))), "ok", "P-9 and 2 more)."),
]  # fmt: skip


@pytest.mark.parametrize(("tonight", "state", "says"), SAID)
def test_what_the_doctor_says(tonight: Tonight, state: str, says: str) -> None:
    facts: Facts = replace(WELL, tonight=tonight)
    said = line(lines(facts), "retention")
    assert (said.state, says in said.says) == (state, True), said.says


# ------------------------------------------------------------------------------------------------ spans and nights

MOMENTS = st.integers(0, 100 * 365 * 24).map(lambda hours: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(hours=hours))
SPANS = st.builds(Span, st.integers(1, 40), st.sampled_from(["days", "years"]))


@law(100)
@given(MOMENTS, MOMENTS, SPANS)
def test_nothing_goes_before_its_time_and_nothing_stays_two_days_longer(
    began: datetime, now: datetime, span: Span
) -> None:
    if began < span.before(now):
        assert span.after(began) <= now
    elif began <= now:
        assert now <= span.after(began) + timedelta(days=2)


@pytest.mark.parametrize(
    ("span", "began", "ends"),
    [
        (Span(7, "years"), "2026-11-05", "2033-11-05"),
        (Span(1, "years"), "2024-02-29", "2025-03-01"),
        (Span(4, "years"), "2024-02-29", "2028-03-01"),
        (Span(30), "2024-02-29", "2024-03-30"),
    ],
)
def test_until_when_something_is_kept(span: Span, began: str, ends: str) -> None:
    assert span.after(datetime.fromisoformat(began)) == datetime.fromisoformat(ends)


NIGHTS = [
    ("2026-11-02T10:00", "2026-11-02T03:30", "2026-11-03T03:30"),
    ("2026-11-02T03:29", "2026-11-01T03:30", "2026-11-02T03:30"),
    ("2026-11-02T03:30", "2026-11-02T03:30", "2026-11-03T03:30"),
    ("2026-11-01T12:00", "2026-11-01T03:30", "2026-11-02T03:30"),  # the clocks went back in that night
    ("2027-03-14T01:00", "2027-03-13T03:30", "2027-03-14T03:30"),  # and forward in this one
]


@pytest.mark.parametrize(("now", "last", "coming"), NIGHTS)
def test_when_the_night_is(now: str, last: str, coming: str) -> None:
    assert last_night(denver(now), DENVER) == denver(last)
    assert next_night(denver(now), DENVER) == denver(coming)


def test_a_night_that_was_missed_is_made_up_for() -> None:
    now, day = denver(BEGINS), timedelta(days=1)
    assert not is_due(None, now, DENVER)  # not at a first start in the middle of a day
    assert is_due(now - day, now, DENVER)
    assert not is_due(denver("2026-11-02T03:30"), now, DENVER)
    assert is_due(now + day, now, DENVER)  # the clock was wrong


def test_the_messages_whose_text_is_kept_are_found_by_their_age() -> None:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    where = "length(body) > 0 AND state IN ('sent') AND not_before < '2026'"
    with engine.connect() as conn:
        plan = conn.execute(text(f"EXPLAIN QUERY PLAN SELECT id FROM outbox WHERE {where}")).all()
    engine.dispose()
    assert "ix_outbox_kept" in str(plan)
