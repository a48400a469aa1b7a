"""The keys for the command line: where they lie, and another master key. Values or a sentence come out."""

from typing import Any

from bot.config import Config
from bot.store import backups, keys
from bot.store.errors import StoreError
from bot.store.rotation import rotate

Shown = dict[str, Any]


def shown(config: Config) -> tuple[Shown, str]:
    """Where the keys lie and how many there are, never what they are; or why nobody can tell."""
    path = config.database.path
    try:
        keys.require(path)
    except StoreError as error:
        return {}, str(error)
    lines = list(keys.all_lines(path))
    return {
        "master": keys.whence(path), "fingerprint": keys.wanted(path), "keys": str(keys.keys_file(path)),
        "in_use": sum(line.wrapped is not None for line in lines),
        "destroyed": sum(line.wrapped is None for line in lines),
    }, ""  # fmt: skip


def rotated(config: Config) -> tuple[Shown, str]:
    """Replace the master key, also in the copy beside the backups; or why it cannot be done."""
    path, folder = config.database.path, config.backup.folder
    try:
        count = rotate(path)
        if folder is not None and folder.is_dir():
            backups.copy_keys(path, folder)
    except (StoreError, OSError) as error:
        return {}, str(error)
    return {"wrapped": count, "master": keys.whence(path), "fingerprint": keys.wanted(path)}, ""
