"""Backup and restore for the command line: values or a sentence come out."""

from pathlib import Path
from time import perf_counter
from typing import Any

from bot.clock import SystemClock
from bot.config import Config
from bot.store import backups
from bot.store.errors import StoreError
from bot.upkeep import back_up, drill

NO_FOLDER = "Nothing says where backups go: name a folder with --to, or write one after folder under [backup]."
Shown = dict[str, Any]


def back_up_now(config: Config, folder: Path | None) -> tuple[Shown, str]:
    """Make a backup and drill it; what was made, or why not."""
    clock, began = SystemClock(), perf_counter()
    folder = folder or config.backup.folder
    if folder is None:
        return {}, NO_FOLDER
    if not config.database.path.exists():
        return {}, f"There is no database {config.database.path} yet."
    try:
        made = back_up(config, folder, clock.now())
    except StoreError as error:
        return {}, str(error)
    drilled = drill(config, folder, made, clock.now())
    if drilled.problem:
        return {}, f"{folder / made.name} was made, and cannot be restored: {drilled.problem}"
    rows = sum(backups.rows_of(folder, made).values())
    return {
        "file": str(folder / made.name), "bytes": made.bytes, "rows": rows, "sha256": made.sha256,
        "version": made.version, "seconds": round(perf_counter() - began, 3),
    }, ""  # fmt: skip


def _no_backup(source: Path) -> str:
    """Why this cannot be restored, with the file that can; empty if it is a file."""
    if source.is_file():
        return ""
    folder = source if source.is_dir() else source.parent
    newest = max((file.name for file in folder.glob("*-*Z.db")), default=None) if folder.is_dir() else None
    what = f"{source} is a folder." if source.is_dir() else f"There is no backup {source}."
    if newest is None:
        return f"{what} No backup lies there either: name the folder of [backup] in config.toml, and a file in it."
    return f"{what} Name a file: the newest there is {folder / newest}"


def restore_now(source: Path, target: Path, set_aside: bool) -> tuple[Shown, str]:
    """Restore a backup; what is there then, or why not."""
    clock, began = SystemClock(), perf_counter()
    if says := _no_backup(source):
        return {}, says
    try:
        restored = backups.restore(source, target, clock.now() if set_aside else None)
    except (StoreError, OSError) as error:
        return {}, str(error)
    return {
        "file": str(target), "rows": sum(restored.rows.values()), "version": restored.version,
        "checked": restored.checked, "seconds": round(perf_counter() - began, 3),
    }, ""  # fmt: skip
