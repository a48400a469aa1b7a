"""What of strangers is kept. Anybody can find a bot and write to it: that may fill neither the disk nor the line.

Of somebody the clinic knows everything is kept, however much; so is an invite that is good, whoever opens it. Of each
stranger fifty updates a day are kept and answered, of all of them together three hundred a minute and twenty thousand a
day. What is beyond that is confirmed to Telegram, and neither kept nor answered. An update has at most some ten
thousand letters, and none once it is done: the most that one stranger can put on the disk in a day is half a megabyte.
"""

from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import date, datetime
from json import dumps
from typing import Any

from sqlalchemy import Connection

from bot import raw
from bot.store import inbox, people

EACH_DAY, ALL_DAY, ALL_MINUTE = 50, 20_000, 300
LARGEST = 20_000
"""Letters of an update of a stranger; a message has 4,096, and what describes it."""


class Gate:
    """Counts in memory: a restart begins anew, and a stranger has no way to cause one."""

    def __init__(self) -> None:
        self._day: date | None = None
        self._minute: datetime | None = None
        self._known: set[int] = set()
        self._waiting: set[int] = set()
        self._today: Counter[int] = Counter()
        self._of_all, self._this_minute = 0, 0
        self.ignored = 0
        """How many updates were neither kept nor answered."""

    def add(
        self, conn: Connection, updates: Sequence[Mapping[str, Any]], done: Iterable[int], now: datetime
    ) -> list[int]:
        """Store those that are kept, and mark the given ids done; the ids of the new ones, see `store.inbox.add`."""
        self._begin(now)
        strangers = self.strangers(conn, {raw.whose(update) for update in updates})
        opened = {raw.invite_in(update) for update in updates if raw.whose(update) in strangers} - {""}
        good = people.good_invites(conn, opened, now)
        self._waiting = strangers - {raw.whose(update) for update in updates if raw.invite_in(update) in good}
        rows = [
            (update["update_id"], dumps(update))
            for update in updates
            if raw.whose(update) not in strangers or self._is_kept(update, good)
        ]
        self.ignored += len(updates) - len(rows)
        return inbox.add(conn, rows, done, now)

    def must_wait(self, sender: int) -> bool:
        """Whether somebody in the last updates is a stranger, without a good invite: everybody else goes first."""
        return sender in self._waiting

    def _begin(self, now: datetime) -> None:
        if self._day != now.date():
            self._day, self._of_all = now.date(), 0
            self._known.clear()
            self._today.clear()
        minute = now.replace(second=0, microsecond=0)
        if self._minute != minute:
            self._minute, self._this_minute = minute, 0

    def strangers(self, conn: Connection, senders: Collection[int]) -> set[int]:
        """Those of them whom the clinic does not know. An update without a sender is none of a stranger's."""
        unsure = {sender for sender in senders if sender and sender not in self._known}
        self._known |= people.known_chats(conn, unsure)
        return unsure - self._known

    def _is_kept(self, update: Mapping[str, Any], good: Container[str]) -> bool:
        """Whether this one of a stranger is. It counts only if it is, so that nobody is shut out by what is ignored."""
        sender = raw.whose(update)
        room = self._today[sender] < EACH_DAY and self._of_all < ALL_DAY and self._this_minute < ALL_MINUTE
        if not (room and len(dumps(update)) <= LARGEST) and raw.invite_in(update) not in good:
            return False
        self._today[sender] += 1
        self._of_all += 1
        self._this_minute += 1
        return True
