"""Whether a database file is whole: looked at before any use, and once a week while the bot works.

Found: a file cut short, a page that is overwritten, swapped or not a page, an index that does not fit its table, a
reference into nothing, a -wal file that was taken away or an old copy put in the file's place (the note beside it then
knows of a later sign of life). In an encrypted file each page has a checksum (SQLCipher's HMAC), and every bit that
flips in what is stored is found. In a plain one it is not if it flips inside a value and makes another valid value; a
backup's checksum shows it in a backup.
"""

import contextlib
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.store import opening
from bot.store.driver import sqlite3
from bot.store.errors import CannotOpen, Damaged, NotADatabase

_STUMBLED = sqlite3.SQLITE_ERROR
THOROUGH_UP_TO = 64 * 1024 * 1024
"""Smaller files are looked at with their indexes at every start, in a second or two; larger ones at 10 s a GB."""


def require_sound(database: Path) -> None:
    """Raise Damaged if something is found wrong with a database that is there, at a start."""
    if not database.exists():
        return
    if found := damage(database, thorough=database.stat().st_size <= THOROUGH_UP_TO):
        raise Damaged(database, found)


def damage(database: Path, thorough: bool = True) -> str:
    """What is wrong with the file; "" if nothing is found. `thorough`: also whether indexes fit (30 s for each GB).

    Raises CannotOpen; KeyMissing or NeedsCipher if it is the key that is wrong, not the file.
    """
    try:
        with opening.opened(database) as connection:
            if verdict := _verdict(connection, thorough):
                return verdict
            (page,) = connection.execute("PRAGMA page_size").fetchone()
            if database.stat().st_size % int(page):  # SQLite reads the rest of a page as zeros
                return "its end is missing"
            broken = connection.execute("PRAGMA foreign_key_check").fetchone() if thorough else None
            if broken is not None:
                return f"a row of {broken[0]} refers to a row of {broken[2]} that is not there"
            return _went_back(database, connection)
    except NotADatabase:
        if opening.is_anothers(database):  # either is possible, and looks the same
            return f"no page opens with its key: the keys beside it ({database.name}.keys) are another's, or it is"
        return "it is not a database"
    except ValueError:  # a name that is no text any more, a moment that is none
        return "something in it cannot be read"
    except CannotOpen as error:
        if "malformed" in str(error):
            return "it is malformed"
        why = error.__cause__
        if isinstance(why, sqlite3.Error) and getattr(why, "sqlite_errorcode", _STUMBLED) == _STUMBLED:
            return "something in it cannot be read"  # these statements are sound: what they stumble over is the file
        raise


def _verdict(connection: sqlite3.Connection, thorough: bool) -> str:
    check = "integrity_check" if thorough else "quick_check"
    (verdict,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
    return "" if verdict == "ok" else str(verdict).removeprefix("*** in database main ***\n").partition("\n")[0]


def _went_back(database: Path, connection: sqlite3.Connection) -> str:
    """Whether the note beside the file knows of a later sign of life than the file itself."""
    seen, kept = moment(database, "alive_at"), _alive_at(connection)
    if seen is None or (kept is not None and kept >= seen):
        return ""
    return (
        f"it ends {'before' if kept is None else f'at {kept:%Y-%m-%d %H:%M} UTC, before'} its last sign of life at "
        f"{seen:%Y-%m-%d %H:%M} UTC: its -wal file was taken away, or an old copy was put in its place "
        f"(if that was meant, delete {note_of(database).name})"
    )


def _alive_at(connection: sqlite3.Connection) -> datetime | None:
    with contextlib.suppress(sqlite3.OperationalError):  # a database that is not made yet
        row = connection.execute("SELECT at FROM heartbeat").fetchone()
        return None if row is None else datetime.fromisoformat(f"{row[0]}+00:00")
    return None


# ------------------------------------------------------------------------------------------------ the note


def note_of(database: Path) -> Path:
    """The file beside a database that knows when it was last alive, and last scrubbed."""
    return database.with_name(f"{database.name}.upkeep")


def noted(database: Path) -> dict[str, Any]:
    """What the note says; {} if there is none, or none that can be read."""
    try:
        note = json.loads(note_of(database).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def moment(database: Path, name: str) -> datetime | None:
    """A moment of the note, such as "scrubbed_at"; None if it is not there, or no moment."""
    try:
        return datetime.fromisoformat(noted(database).get(name) or "")
    except (TypeError, ValueError):
        return None


def remember(database: Path, **what: str) -> None:
    """Add to the note. It need not survive a power cut: an older one only knows less."""
    file = note_of(database)
    part = file.with_name(f"{file.name}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(noted(database) | what, out)
        if os.geteuid() == 0:  # the bot, which is not root, must be able to change it
            os.fchown(out.fileno(), database.stat().st_uid, database.stat().st_gid)
    part.replace(file)


def forget(database: Path) -> None:
    """The file was replaced on purpose: what is known of the one before says nothing of it."""
    note_of(database).unlink(missing_ok=True)
