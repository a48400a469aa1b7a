"""The bot's database as anybody may read it who has its key, with no more of the bot's code in between."""

import shutil
import tempfile
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.store import opening

_LEFT = """
    SELECT (SELECT count(*) FROM inbox WHERE state = 'new'),
           (SELECT count(*) FROM inbox WHERE state = 'accepted'),
           (SELECT count(*) FROM check_in WHERE due_at <= :now) + (SELECT count(*) FROM digest WHERE due_at <= :now),
           (SELECT count(*) FROM outbox WHERE state = 'sending' OR (state = 'waiting' AND not_before <= :now))
"""
_NEXT = """
    SELECT min(at) FROM (
        SELECT min(due_at) AS at FROM check_in UNION ALL SELECT min(due_at) FROM digest
        UNION ALL SELECT min(not_before) FROM outbox WHERE state = 'waiting'
    )
"""


@dataclass(frozen=True, slots=True)
class Left:
    """What is still to be done at a moment. `unmarked`: updates accepted, whose reply may or may not be out."""

    new: int
    unmarked: int
    due: int
    to_send: int

    @property
    def nothing(self) -> bool:
        """Whether all is done."""
        return not (self.new or self.unmarked or self.due or self.to_send)


class Database:
    """Opened anew for each look: a connection that stayed open would spare a new process the recovery after a kill."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def left(self, now: datetime) -> Left:
        """What is left to do."""
        return Left(*self._one(_LEFT, {"now": _text(now)}))

    def left_behind(self, now: datetime) -> Left:
        """The same of a bot that was killed: looked up in a copy, as whoever opens the file first puts it right."""
        with tempfile.TemporaryDirectory() as folder:
            for file in self._path.parent.glob(f"{self._path.name}*"):
                shutil.copy(file, folder)
            with closing(opening.connect(Path(folder) / self._path.name)) as connection:
                return Left(*connection.execute(_LEFT, {"now": _text(now)}).fetchone())

    def next_at(self) -> datetime | None:
        """When something is due next."""
        (at,) = self._one(_NEXT, {})
        return None if at is None else datetime.fromisoformat(at).replace(tzinfo=UTC)

    def not_done(self, updates: Iterable[int | None]) -> list[int | None]:
        """Those of these updates that are not in the inbox, or not done."""
        with closing(opening.connect(self._path, mode="mode=ro")) as connection:
            done = {i for (i,) in connection.execute("SELECT update_id FROM inbox WHERE state = 'done'")}
        return [update for update in updates if update not in done]

    def _one(self, query: str, values: dict[str, str]) -> tuple[Any, ...]:
        with closing(opening.connect(self._path, mode="mode=ro")) as connection:
            row: tuple[Any, ...] = connection.execute(query, values).fetchone()
        return row


def _text(at: datetime) -> str:
    """An instant as it stands in the file."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
