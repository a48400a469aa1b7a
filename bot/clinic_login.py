"""The clinic's door to its page: a link that logs somebody in, once."""

from datetime import datetime

from sqlalchemy import Connection

from bot.chat.login import make_link
from bot.clinic import Shown
from bot.config import Config
from bot.core.login import LINK_LASTS, may_log_in
from bot.core.person import Person
from bot.store import people, second_factors
from bot.store.people import Refused


def login(conn: Connection, config: Config, code: str | None, now: datetime) -> Shown:
    """Make a link for somebody of the staff or a therapist; without a code for the only one of the staff."""
    if not config.web.enabled:
        raise Refused(f"The page is off: set enabled = true under [web] in {config.file.name}.")
    who = _only_one(conn) if code is None else people.by_code(conn, code)
    if not may_log_in(who):
        raise Refused(f'"{who.code}" may not see the page: it is for staff, and for therapists who are in.')
    link, _ = make_link(conn, config, who, now)
    return {"code": who.code, "link": link, "expires": (now + LINK_LASTS).strftime("%Y-%m-%dT%H:%M:%SZ")}


def reset_factor(conn: Connection, config: Config, code: str, now: datetime) -> Shown:  # noqa: ARG001
    """Let somebody set up another authenticator app at the next log-in; they are logged off."""
    who = people.by_code(conn, code)
    if not second_factors.forget(conn, who, now):
        raise Refused(f'"{who.code}" has set up no authenticator app.')
    return {"code": who.code}


def _only_one(conn: Connection) -> Person:
    staff = [who for who in people.people(conn, "staff") if may_log_in(who)]
    if not staff:
        raise Refused("There is nobody of the staff yet: accord clinic staff add --code S-1")
    if len(staff) > 1:
        raise Refused(f"Say who is to log in: {', '.join(who.code for who in staff)}.")
    return staff[0]
