"""The clinic's own page beside the phones, where its libraries are installed ("[web]"): the front desk, logged in.

The page logs people off after a quarter of an hour, and the demo's clock jumps by days; so whenever the frame is
opened a new session begins, with the cookie that the login would set.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.util import find_spec

from sqlalchemy import Connection

from bot import clinic_people, ids
from bot.demo.stage import Stage
from bot.store import logins, people

DESK = "DESK-1"
COOKIE = "accord"
LIBRARIES = ("starlette", "uvicorn", "multipart")


@dataclass(frozen=True, slots=True)
class Frame:
    """The clinic's page while it is served, at this address."""

    address: str
    _stage: Stage

    async def log_in(self) -> str:
        """Begin a session of the front desk; what its cookie holds."""
        link, key = ids.token(), ids.token()
        await self._stage.desk(_log_in, ids.hashed(link), ids.hashed(key), self._stage.clock.now())
        return key


def _log_in(conn: Connection, link: str, key: str, now: datetime) -> None:
    logins.add_link(conn, people.by_code(conn, DESK), link, now)
    logins.redeem(conn, link, key, now)


@asynccontextmanager
async def clinic_page(stage: Stage, around: str) -> AsyncIterator[Frame | None]:
    """Serve the clinic's page, to be framed by the page at the address `around`; None without its libraries."""
    if not all(find_spec(library) for library in LIBRARIES):
        yield None
        return
    from bot.web.serving import serving

    await stage.desk(clinic_people.add_staff, stage.config, DESK, None, None)
    own = replace(stage.config, web=replace(stage.config.web, host="127.0.0.1", port=0, public_url=""))
    async with serving(own, stage.app.store, stage.clock, frames=around.rstrip("/")) as address:
        yield Frame(address, stage)
