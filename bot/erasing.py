"""Carrying out erasures that were asked for: the rows, then the keys, then the copy of the keys beside the backups."""

import asyncio
import logging
from datetime import datetime, timedelta

from bot.config import Config
from bot.store import backups, erasing
from bot.store.engine import Store

log = logging.getLogger(__name__)


async def carry_out(store: Store, config: Config, now: datetime, ahead: timedelta = timedelta()) -> int:
    """Erase whoever is due, or will be so far ahead, and finish what a stop has cut off; how many people."""
    due = await store.read(erasing.due, now + ahead)
    for person_id in due:
        await store.write(erasing.erase, person_id, now)
        log.info("everything of person %d is erased", person_id)
    newest = await store.write(erasing.seal_anew)
    if await store.write(erasing.destroy, now, newest):
        folder = config.backup.folder
        if folder is not None and folder.is_dir():
            await asyncio.to_thread(backups.copy_keys, config.database.path, folder)
    return len(due)
