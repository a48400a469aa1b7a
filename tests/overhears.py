"""Reads along what all tests make the bot log, at DEBUG: the cast's names, answers and goals are canaries in each
story, and so is the emulator's token. Begun when conftest is imported, as pytest puts levels back that are set later.
"""

import logging
import os
import re

from bot import logs

PRIVATE = re.compile(r"\b(Anna|Tomas|Clara|Vera|Mostly|Partly|EMULATED\w*)\b|goals_1|\bsleep\b")
HEARD: list[str] = []
"""Lines that say who or what, each behind the test in which it was logged."""
OURS = ("bot", "telegram", "apscheduler", "alembic", "sqlalchemy", "asyncio")


class _Overhears(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in OURS:
            line = self.format(record)
            if PRIVATE.search(line):
                HEARD.append(f"{os.environ.get('PYTEST_CURRENT_TEST')}: {line}")


def begin() -> None:
    """Read along from now on, what the service itself would log at DEBUG, in its own words."""
    handler = _Overhears(logging.DEBUG)
    handler.setFormatter(logs.Redacting("%(name)s %(message)s"))
    for name in logs.LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
