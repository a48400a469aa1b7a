"""The log of who saw what, kept a second time elsewhere: each entry goes to syslog, in order, at least once.

What goes is what the log holds, ids and keys, without the reason that somebody typed; with it goes the entry's head,
which `accord audit verify --head` compares. A syslog that is not there never stops the bot: it is caught up with later.
"""

import asyncio
import json
import logging
import socket
from collections.abc import Sequence

from bot.store import forwarded
from bot.store.audit import head_of
from bot.store.columns import AnyRow
from bot.store.engine import Store

log = logging.getLogger(__name__)

AT_ONCE = 200
PATIENCE_S = 2.0
"""How long a syslog whose buffer is full may keep one entry waiting."""
EVERY_S = 5
MARK = "<38>accord-audit: "
"""Facility auth (4), severity info (6), and who speaks (RFC 3164)."""


def syslog(where: str) -> socket.socket:
    """A way to the syslog at "unix:/dev/log" or "udp:127.0.0.1:514". Raises OSError. logging.SysLogHandler would only
    print that an entry was not taken, and could wait for ever.
    """
    kind, _, rest = where.partition(":")
    host, _, port = rest.rpartition(":")
    if kind == "unix":
        way, address = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), rest
    else:
        family, *_, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)[0]  # type: ignore[assignment]
        way = socket.socket(family, socket.SOCK_DGRAM)
    way.settimeout(PATIENCE_S)
    try:
        way.connect(address)
    except OSError:
        way.close()
        raise
    return way


def as_line(row: AnyRow) -> str:
    """An entry as it goes there: JSON on one line."""
    told = {"entry": row.id, "at": row.at.isoformat(), "did": row.did, "by": row.by_id, "about": row.about_id}
    return json.dumps(told | {"detail": row.detail, "head": str(head_of(row))})


class Forward:
    """Sends on what waits, whenever told to."""

    def __init__(self, store: Store, where: str) -> None:
        self._store, self._where = store, where
        self._trouble = False

    async def go(self) -> None:
        """All that waits. What was taken is noted after it was taken: after a crash it is sent once more."""
        while rows := await self._store.read(forwarded.after, AT_ONCE):
            taken = await asyncio.to_thread(self._send, rows)
            if taken:
                await self._store.write(forwarded.up_to, taken)
            if taken != rows[-1].id:
                return

    def _send(self, rows: Sequence[AnyRow]) -> int:
        """Send these, and say which was the last that was taken; 0: none."""
        taken = 0
        try:
            with syslog(self._where) as way:
                for row in rows:
                    way.send(f"{MARK}{as_line(row)}".encode())
                    taken = row.id
        except OSError as error:
            if not self._trouble:  # said once, until it goes well again
                log.error("the log of who saw what is not sent on: %s", type(error).__name__)
            self._trouble = True
            return taken
        if self._trouble:
            log.info("the log of who saw what is sent on again")
        self._trouble = False
        return taken
