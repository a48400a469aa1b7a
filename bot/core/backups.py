"""Backups as values: what one is called, which of them are kept, when the next one is due."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

NEWEST = 4
"""The newest ones are kept whatever their age: a damage that is found late may be in the last of them."""
HOURS = 6
SCRUB_EVERY = timedelta(days=7)
DRILL_EVERY = timedelta(days=1)
AFTER_FAILURE = timedelta(minutes=10)
"""How long a backup that failed waits for its next try."""

_NAME = re.compile(r"(?P<stem>.+)-(?P<at>\d{8}T\d{6}Z)\.db")


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup: its file's name, when and from which version it was made, its size, and what is known of it since.

    `sha256` is None for a file without a note beside it; `drilled_at`: when it was last restored for practice;
    `problem`: what was found wrong with it, or "".
    """

    name: str
    made_at: datetime
    version: str = ""
    bytes: int = 0
    sha256: str | None = None
    drilled_at: datetime | None = None
    problem: str = ""

    def drilled(self, at: datetime, problem: str) -> "Backup":
        """The same after a drill: restored at `at`, or with what stood in the way."""
        return replace(self, problem=problem) if problem else replace(self, drilled_at=at, problem="")


def name_of(stem: str, at: datetime) -> str:
    """The name of a backup of the database `stem`.db: "accord-20261103T141500Z.db"."""
    return f"{stem}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.db"


def made_at(stem: str, name: str) -> datetime | None:
    """When the backup of that name was made; None if it is no backup of that database."""
    found = _NAME.fullmatch(name)
    if found is None or found["stem"] != stem:
        return None
    try:
        return datetime.strptime(found["at"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:  # the 31st of February
        return None


def surplus(backups: Collection[Backup], keep_days: int) -> list[Backup]:
    """Those that are not kept: all but the newest four, one for each of the last six hours and of `keep_days` days.

    Hours and days are counted where there are backups, back from the newest one: after a long outage nothing goes
    that would have stayed without it. Of an hour and a day the last one stays; a bad one is never the one that stays.
    """
    newest_first = sorted((one for one in backups if not one.problem), key=lambda one: one.made_at, reverse=True)
    kept = {one.name for one in newest_first[:NEWEST]}
    for form, most in (("%Y%m%d%H", HOURS), ("%Y%m%d", keep_days)):
        spans: dict[str, str] = {}
        for one in newest_first:
            spans.setdefault(one.made_at.astimezone(UTC).strftime(form), one.name)
        kept |= set(list(spans.values())[:most])
    oldest_good = min((one.made_at for one in newest_first), default=None)
    return [
        one for one in backups
        if (one.name not in kept if not one.problem else oldest_good is not None and one.made_at < oldest_good)
    ]  # fmt: skip


def due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    """Whether what is done every so often is to be done now. A last time to come means that the clock was wrong."""
    return last is None or now - last >= every or now < last
