"""What the bot does for its own database beside its work: signs of life, backups, their drill, the weekly scrub.

Woken once a minute. Everything that takes long runs in a thread: copying reads a consistent view and stops nobody.
"""

import asyncio
import logging
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bot import erasing
from bot.clock import Clock
from bot.config import Config
from bot.core.backups import AFTER_FAILURE, DRILL_EVERY, SCRUB_EVERY, Backup, due
from bot.core.retention import is_due
from bot.core.walltime import zone_of
from bot.retaining import let_go
from bot.store import audit, backups, outages, soundness
from bot.store.engine import Store
from bot.store.errors import BackupFailed, Damaged, StoreError

log = logging.getLogger(__name__)

SETTINGS = "settings"
"""The folder beside the backups with config.toml and the questionnaires as they were at the last one."""


def require_sound(config: Config) -> None:
    """Raise Damaged, with the last good backup and the command that restores it, if the database is not whole."""
    try:
        soundness.require_sound(config.database.path)
    except Damaged as error:
        raise with_remedy(config, error.found) from None


def with_remedy(config: Config, found: str) -> Damaged:
    """What is wrong with the database, and what to do."""
    path = config.database.path
    good = backups.last_good(config.backup.folder, path)
    if good is None:
        return Damaged(path, found, "Nothing is sent. There is no backup: keep the file, and ask whoever knows SQLite.")
    command = f'accord restore "{good}" --to "{path}" --set-aside'
    return Damaged(path, found, f"Nothing is sent. The last good backup is {good}. To go back to it: {command}")


def back_up(config: Config, folder: Path, now: datetime) -> Backup:
    """Make a backup in the folder, remove there what is not kept, and put the settings beside. Raises BackupFailed.

    The token is not among them: it stands in a file of its own, or in the environment.
    """
    made = backups.make(config.database.path, folder, now)
    if folder == config.backup.folder:  # what somebody puts elsewhere is theirs to keep
        backups.prune(folder, config.database.path, config.backup.keep, now)
    try:
        _copy_settings(config, folder / SETTINGS)
    except OSError as error:
        raise BackupFailed(f"the settings were not copied to {folder / SETTINGS}: {error.strerror or error}") from error
    return made


def drill(config: Config, folder: Path, backup: Backup, now: datetime) -> Backup:
    """Restore a backup for practice, and remember when that went well: the backup itself will not be kept for ever."""
    drilled = backups.drill(folder, backup, now, config.database.path)
    if drilled.problem:
        log.error("backup %s cannot be restored: %s", drilled.name, drilled.problem)
    else:
        soundness.remember(config.database.path, drilled_at=now.isoformat())
    return drilled


def _copy_settings(config: Config, folder: Path) -> None:
    questionnaires = folder / "questionnaires"
    for made in (folder, questionnaires):
        made.mkdir(mode=0o700, exist_ok=True)
    _copy(config.file, folder / "config.toml")
    for file in config.questionnaires.folder.glob("*.toml"):
        _copy(file, questionnaires / file.name)
    backups.hand_over(config.database.path, folder, *folder.rglob("*"))


def _copy(file: Path, target: Path) -> None:
    if not target.exists() or target.read_bytes() != file.read_bytes():
        part = target.with_name(f"{target.name}.part")
        shutil.copyfile(file, part)
        os.chmod(part, 0o600)
        part.replace(target)


class Upkeep:
    """Looks after the database of a running bot, whenever it is woken by `work`."""

    def __init__(self, store: Store, config: Config, clock: Clock) -> None:
        self._store, self._config, self._clock = store, config, clock
        self._working = asyncio.Lock()
        self._failed_at: datetime | None = None
        self.damaged: Damaged | None = None
        """What was found wrong with the database while the bot worked."""
        self.on_damage: Callable[[], None] | None = None
        """Called once when something is found: a bot must not go on with a damaged file."""

    async def work(self) -> None:
        """Do what is due. A second call while one is at work does nothing."""
        if self._working.locked() or self.damaged is not None:
            return
        async with self._working:
            try:
                for part in (self._sign_of_life, self._let_go, self._erase, self._back_up, self._drill, self._scrub):
                    if self.damaged is None:
                        await part()
            except (StoreError, OSError) as error:
                log.error("the upkeep of the database failed: %s", error)

    async def _sign_of_life(self) -> None:
        """Note beside the file when it was last alive: a start finds out if the file knows less than that."""
        alive = await self._store.read(outages.last_beat)
        last = await self._store.read(audit.head)
        if alive is not None:
            soundness.remember(self._config.database.path, alive_at=alive.isoformat(), log=str(last or ""))

    async def _let_go(self) -> None:
        """Once a night, what was kept for long enough goes; a night that was missed is made up for."""
        path, now = self._config.database.path, self._clock.now()
        last = soundness.moment(path, "let_go_at")
        due_now = is_due(last, now, zone_of(self._config.clinic.zone))
        if due_now:
            await let_go(self._store, self._config, now)
        if due_now or last is None:
            soundness.remember(path, let_go_at=now.isoformat())

    async def _erase(self) -> None:
        """Whoever is to be forgotten is; and what was cut off in the middle is finished."""
        await erasing.carry_out(self._store, self._config, self._clock.now())

    async def _back_up(self) -> None:
        folder, now = self._config.backup.folder, self._clock.now()
        if folder is None or not due(self._failed_at, AFTER_FAILURE, now):
            return
        listed = await asyncio.to_thread(backups.listed, folder, self._config.database.path)
        if not due(listed[0].made_at if listed else None, self._config.backup.every, now):
            return
        try:
            made = await asyncio.to_thread(back_up, self._config, folder, now)
        except BackupFailed as error:
            self._failed_at = now
            log.error("no backup: %s", error)
            await self._look()  # a damaged page cannot be copied either
        else:
            self._failed_at = None
            log.info("backup %s: %d bytes", made.name, made.bytes)

    async def _drill(self) -> None:
        """Once a day the newest backup is restored for practice: one that nobody has restored is a hope."""
        folder, now, path = self._config.backup.folder, self._clock.now(), self._config.database.path
        if folder is None or not due(soundness.moment(path, "drilled_at"), DRILL_EVERY, now):
            return
        listed = await asyncio.to_thread(backups.listed, folder, path)
        if listed and not listed[0].problem:
            await asyncio.to_thread(drill, self._config, folder, listed[0], now)

    async def _scrub(self) -> None:
        """Once a week everything is read: the database with its indexes, and every backup."""
        path, now = self._config.database.path, self._clock.now()
        if not due(soundness.moment(path, "scrubbed_at"), SCRUB_EVERY, now):
            return
        await self._look()
        if self.damaged is None:
            bad = await asyncio.to_thread(backups.scrub, folder, path) if (folder := self._config.backup.folder) else []
            for one in bad:
                log.error("backup %s %s", one.name, one.problem)
            soundness.remember(path, scrubbed_at=now.isoformat())

    async def _look(self) -> None:
        """Look at the whole file; if something is wrong with it nothing may be sent any more."""
        found = await asyncio.to_thread(soundness.damage, self._config.database.path)
        if found:
            self.damaged = await asyncio.to_thread(with_remedy, self._config, found)
            log.critical("%s", self.damaged)
            if self.on_damage is not None:
                self.on_damage()
