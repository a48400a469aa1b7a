"""Finding out how Accord is: versions, files, the clock, the work, the backups. `core.health` says what that means."""

import platform
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from bot.clock import Clock
from bot.config import Config, read_token, warnings
from bot.core.forwarding import Forwarding
from bot.core.health import Backups, Facts, Machine, Vitals
from bot.core.retention import Tonight, next_night
from bot.core.walltime import zone_of
from bot.store import backups, calls, forwarded, keys, letters, lock, opening, retention, soundness, zone_data
from bot.store.driver import sqlcipher, sqlite3, whose
from bot.store.engine import Store
from bot.store.errors import StoreError
from bot.wire import server_time

OTHERS = 0o077


async def examine(config: Config, clock: Clock) -> Facts:
    """All facts, beside a running bot or without one. Nothing is changed; a database that is not whole is not read."""
    path = config.database.path
    untold: tuple[str, ...] = ()
    tonight: Tonight | None = None
    sent_on: Forwarding | None = None
    vitals, why_none = None, f"There is no database {path} yet: start the bot." if not path.exists() else ""
    damage, unopened = _damage(path) if path.exists() else ("", "")
    if path.exists() and not damage and not (why_none := unopened):
        try:
            async with await Store.open(path, now=clock.now, migrate=False) as store:
                vitals = await store.read(letters.vitals, clock.now())
                night = next_night(clock.now(), zone_of(config.clinic.zone))
                tonight = await store.read(retention.ahead, config.retention, night)
                untold = await store.read(calls.untold, config.call_me.contacts)
                sent_on = Forwarding(*await store.read(forwarded.behind)) if config.log.forward else None
        except StoreError as error:
            why_none = str(error)
    ahead = await clock_ahead(config, clock)
    found = facts(config, clock.now(), vitals, ahead, why_none, f"{path} is damaged: {damage}." if damage else "")
    return replace(found, untold=untold, tonight=tonight, forwarding=sent_on)


def _damage(path: Path) -> tuple[str, str]:
    """What is wrong with the file; or why it cannot be opened at all: a key, or SQLCipher, is missing."""
    try:
        return soundness.damage(path, thorough=False), ""
    except StoreError as error:
        return "", str(error)


async def clock_ahead(config: Config, clock: Clock) -> timedelta | None:
    """How far this machine's clock is ahead of the Bot API's, to a second; None if that does not answer."""
    before = clock.now()
    theirs = await server_time(config.telegram.base_url)
    if theirs is None:
        return None
    ours = before + (clock.now() - before) / 2
    ahead = ours - theirs - timedelta(seconds=0.5)  # the header has whole seconds, cut off
    return timedelta(0) if abs(ahead) < timedelta(seconds=1) else ahead


def facts(
    config: Config, now: datetime, vitals: Vitals | None, ahead: timedelta | None, why_none: str = "", damage: str = ""
) -> Facts:
    """The facts, from what was found out already and what the machine says."""
    path, token = config.database.path, read_token(config)
    machine = Machine(
        accord=version("accord-checkin"),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version_info,
        sqlite_of=whose(),
        zones=zone_data.installed(),
        token="" if isinstance(token, str) else token.says,
        warnings=len(warnings(config)),
        open_files=_open_files(config),
        free=shutil.disk_usage(path.parent if path.parent.is_dir() else Path()).free,
        clock_ahead=ahead,
        holder=lock.holder(path),
        damage=damage,
        key=keys.whence(path),
        keyless=_keyless(config),
        cipher=sqlcipher(),
        encrypt=config.database.encrypt,
        encrypted=_encrypted(path),
        plain=keys.plain_copies(path),
        scrubbed_at=soundness.moment(path, "scrubbed_at"),
        bytes=path.stat().st_size if path.exists() else 0,
    )
    return Facts(now, machine, vitals, _backups(config), why_none)


def _keyless(config: Config) -> str:
    """What is wrong with the keys of a database that is there."""
    try:
        if config.database.path.exists():
            keys.require(config.database.path)
    except StoreError as error:
        return str(error)
    return ""


def _encrypted(path: Path) -> bool:
    """Whether the database file is encrypted; one that does not open is spoken of elsewhere."""
    try:
        return opening.key_of(path) is not None
    except StoreError:
        return False


def _backups(config: Config) -> Backups:
    folder, path = config.backup.folder, config.database.path
    drilled = soundness.moment(path, "drilled_at")
    if folder is None:
        return Backups(drilled_at=drilled)
    found = backups.listed(folder, path)
    good = [one for one in found if not one.problem]
    same = bool(found) and path.exists() and folder.stat().st_dev == path.stat().st_dev
    bad = len(found) - len(good)
    return Backups(config.backup.every, good[0] if good else None, len(found), bad, drilled, same)


def _open_files(config: Config) -> tuple[str, ...]:
    """The files that other accounts of this machine can read or write."""
    path, folder = config.database.path, config.backup.folder
    files = [path, path.with_name(f"{path.name}-wal"), config.telegram.token_file]
    files += [keys.master_file(path), keys.keys_file(path)]
    files += [*folder.glob("*.db"), *folder.glob("keys/*.keys")] if folder is not None else []
    return tuple(str(file) for file in files if file is not None and _is_open(file))


def _is_open(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & OTHERS)
    except OSError:  # not there, or gone meanwhile
        return False
