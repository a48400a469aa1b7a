"""A patient's everything goes: from the file, from pages of others, from old backups; and only that."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.config import BackingUp, Retention
from bot.erasing import carry_out
from bot.erasing_now import erase_now
from bot.store import backups, erasing, keys, opening, people, sealing
from bot.store.errors import KeyDestroyed
from bot.store.tables import answer, check_in, inbox, outbox, pair, person, session
from bot.store.tables_audit import audit
from tests.conftest import FIRST, Clinic, Someone, rows_of
from tests.plain_rows import put_plain
from tests.test_backups import NOW

HERS, HIS = "the thing about the convoy", "the fight at the gate"
GONE = "Done. I will not ask anything more, and all is deleted within 24 hours."


@pytest.fixture
async def told(clinic: Clinic, anna: Someone, ben: Someone, tmp_path: Path) -> Clinic:
    """Anna and Ben have answered with own words; there is a backup of it, and an update of each that is unread."""
    clinic.config = replace(clinic.config, backup=BackingUp(tmp_path / "backups"))
    await clinic.restart()
    await clinic.session("P-014", FIRST)
    await clinic.session("P-015", "2026-11-03T15:00")
    for n, (chat, words) in enumerate(((14, HERS), (15, HIS), (143, HIS))):
        raw = json.dumps({"update_id": 5 + n, "message": {"from": {"id": chat}, "text": words}})
        row = {"update_id": 5 + n, "raw": raw, "state": "aside", "received_at": clinic.clock.now()}
        await clinic.desk(put_plain, inbox, row)
    await clinic.until("2026-11-03T17:00")
    for who, words in ((anna, HERS), (ben, HIS)):
        await who.taps("Begin")
        await who.rates(3, 2, 4, 4, 5, 5)
        await who.says(words)
    await clinic.stage.app.upkeep.work()
    return clinic


async def forgets(anna: Someone) -> None:
    await anna.says("/forget")
    await anna.taps("Yes, delete everything", "Delete it now")


def owner(conn: Connection, code: str) -> str:
    return str(conn.execute(sealing._OF_PERSON, {"id": people.by_code(conn, code).id}).scalar_one())


def all_sealed(database: Path, ring_of: Path) -> dict[str, list[str]]:
    """What of a database's sealed values opens with these keys, by owner; those that do not are "closed"."""
    found: dict[str, list[str]] = {}
    with opening.engine(database, ring_of).connect() as conn:
        for of in sealing.EVERYTHING:
            for row in conn.execute(of.query).all():
                try:
                    said = str(sealing.opened(conn, of, row))
                except KeyDestroyed:
                    said = "closed"
                found.setdefault(row.owner, []).append(said)
    return found


async def test_she_is_asked_twice_and_told_what_it_means(told: Clinic, anna: Someone) -> None:
    await anna.says("/forget")
    assert "What is in your medical record stays there." in anna.screen
    await anna.taps("Yes, delete everything")
    assert "This cannot be undone. All is deleted within 24 hours" in anna.screen
    await anna.taps("No, keep it")
    assert anna.screen == "Nothing is deleted. All stays as it is."
    await told.stage.app.upkeep.work()
    assert HERS in [row.value for row in await told.rows(answer)]


async def test_afterwards_nothing_of_her_is_left_and_all_of_the_others(
    told: Clinic, anna: Someone, ben: Someone, tomas: Someone
) -> None:
    path, folder = told.config.database.path, told.config.backup.folder
    assert folder is not None
    hers = await told.stage.app.store.read(owner, "P-014")
    his = await told.stage.app.store.read(owner, "P-015")
    (made,) = backups.listed(folder, path)
    assert HERS in str(all_sealed(folder / made.name, path)[hers])
    await forgets(anna)
    assert anna.screen.startswith(GONE)
    await told.stage.app.upkeep.work()
    assert tomas.prompts[-1].startswith("P-014 takes no part in the check-ins for now.")
    anna_row = next(row for row in await told.rows(person) if row.code == "P-014")
    assert (anna_row.state, anna_row.chat_id, anna_row.zone) == ("discharged", None, "UTC")
    assert anna_row.erased_at is not None
    for table in (pair, session, check_in, answer, outbox):
        left = str(await told.rows(table))
        assert HERS not in left
    assert {row.patient_id for row in await told.rows(pair)} == {ben_id(await told.rows(person)), 5}
    assert HIS in [row.value for row in await told.rows(answer)]
    raws = [row.raw for row in await told.rows(inbox) if row.state == "aside"]
    assert [json.loads(raw)["message"]["from"]["id"] for raw in raws] == [15, 143]
    now = all_sealed(folder / made.name, path)
    assert set(now[hers]) <= {"closed", "{'asks': None}"}  # nothing was asked yet
    assert HIS in str(now[his])
    assert "closed" not in now[his]
    assert (folder / "keys" / "accord.keys").read_bytes() == keys.keys_file(path).read_bytes()
    await anna.says("/start")
    assert "need" in anna.screen.lower() or "link" in anna.screen.lower()
    await told.restart()
    await ben.says("/mine")
    assert "Anna" not in ben.screen


def ben_id(rows: list[Any]) -> int:
    return next(int(row.id) for row in rows if row.code == "P-015")


async def test_the_proof_stays_without_content(told: Clinic, anna: Someone) -> None:
    await forgets(anna)
    await told.stage.app.upkeep.work()
    did = [(row.did, row.by_id, row.about_id) for row in (await told.rows(audit))[-2:]]
    (hers,) = (row.id for row in await told.rows(person) if row.code == "P-014")
    assert did == [("erase asked", hers, hers), ("erased", None, hers)]


async def test_what_stands_in_the_chat_is_taken_back_as_far_as_telegram_lets_it(told: Clinic, anna: Someone) -> None:
    assert anna.sees("Who should read these words?")
    await forgets(anna)
    await told.stage.settle()
    assert [message.text for message in anna.phone.messages if message.by_bot] == [anna.screen]
    assert anna.screen.startswith(GONE)


async def test_while_the_law_holds_it_nothing_is_erased(told: Clinic, anna: Someone) -> None:
    told.config = replace(told.config, retention=Retention(hold=True))
    await told.restart()
    await anna.says("/forget")
    assert "the law obliges your clinic to keep its records" in anna.screen
    await anna.presses("f:now")
    await told.stage.app.upkeep.work()
    assert HERS in [row.value for row in await told.rows(answer)]
    _, problem = await asyncio.to_thread(erase_now, told.config, "P-014", None)
    assert "[retention] hold says that the law wants it kept" in problem


@pytest.mark.deep
async def test_one_that_died_before_the_keys_were_destroyed_is_finished(told: Clinic) -> None:
    store, now = told.stage.app.store, told.clock.now()
    who = await store.read(people.by_code, "P-014")
    hers = await store.read(owner, "P-014")
    await store.write(erasing.erase, who.id, now)
    assert await store.read(lambda conn: sealing.keyring(conn).has(hers))
    await told.restart()
    await told.stage.app.upkeep.work()
    ring = await told.stage.app.store.read(sealing.keyring)
    assert (ring.without(), ring.with_several()) == ({hers}, set())
    assert HIS in [row.value for row in await told.rows(answer)]


async def test_a_key_that_another_process_makes_before_older_ones_are_destroyed_costs_nothing(told: Clinic) -> None:
    store, now = told.stage.app.store, told.clock.now()
    await store.write(erasing.erase, (await store.read(people.by_code, "P-014")).id, now)
    newest = await store.write(erasing.seal_anew)
    owners = await store.read(lambda conn: sealing.keyring(conn).with_several())
    assert owners == newest.keys()
    await store.write(lambda conn: sealing.keyring(conn).make(owners, anew=True))
    assert await store.write(erasing.destroy, now, newest) > len(owners)  # hers, too
    rows = await store.read(lambda conn: [list(sealing.every(conn, of)) for of in sealing.EVERYTHING])
    assert all(values is not None for of in rows for _, values in of)
    assert any(row.owner in owners for of in rows for row, _ in of)


@pytest.mark.deep
async def test_a_transaction_that_was_undone_destroys_nothing(told: Clinic) -> None:
    store, now = told.stage.app.store, told.clock.now()
    who = await store.read(people.by_code, "P-014")

    def dies(conn: Connection) -> None:
        erasing.erase(conn, who.id, now)
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        await store.write(dies)
    await carry_out(store, told.config, now)
    assert {HERS, HIS} <= {row.value for row in await told.rows(answer) if isinstance(row.value, str)}
    assert "closed" not in str(all_sealed(told.config.database.path, told.config.database.path))


async def test_a_backup_from_before_brings_nothing_back(told: Clinic, anna: Someone) -> None:
    path, folder = told.config.database.path, told.config.backup.folder
    assert folder is not None
    (made,) = backups.listed(folder, path)
    await forgets(anna)
    await told.stage.app.upkeep.work()
    await told.stop()
    backups.restore(folder / made.name, path, NOW)
    await told.start()
    await told.stage.app.upkeep.work()
    (hers,) = (row for row in await told.rows(person) if row.code == "P-014")
    assert hers.erased_at is not None
    assert HIS in [row.value for row in await told.rows(answer)]


@pytest.mark.deep
async def test_staff_erase_beside_a_running_bot_and_without_one(told: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.erasing_now.SystemClock", lambda: told.clock)
    done, problem = await asyncio.to_thread(erase_now, told.config, "P-014", "asked on paper")
    assert (problem, done["erased"], done["messages"] > 0) == ("", False, True)
    _, problem = await asyncio.to_thread(erase_now, told.config, "P-014", None)
    assert "is erased already, or about to be" in problem
    told.stage.app.delivery.wake()
    await told.stage.settle()
    await told.wait(hours=25)
    await told.stage.app.upkeep.work()
    assert not [row for row in await told.rows(pair) if row.patient_id == 3 and row.ended_at is None]
    await told.stop()
    done, problem = await asyncio.to_thread(erase_now, told.config, "P-015", None)
    assert (problem, done["erased"]) == ("", True)
    await told.start()
    assert not [row for row in await told.rows(answer) if row.value == HIS]
    assert not [row for row in await told.stage.app.store.read(rows_of, person, {"code": "P-015"}) if row.chat_id]
