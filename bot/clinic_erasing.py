"""The clinic's door to erasure: a patient's everything goes, unless the law holds it."""

from datetime import datetime

from sqlalchemy import Connection

from bot import clinic_people
from bot.clinic import Shown
from bot.config import Config
from bot.store import erasing, people
from bot.store.people import Refused


def erase(conn: Connection, config: Config, code: str, why: str | None, now: datetime, by: int | None = None) -> Shown:
    """Ask for everything of a patient to go: nothing is asked or sent any more, and within a day all rows are gone.

    Refused while the configuration holds what the law wants kept.
    """
    who = people.by_code(conn, code, "patient")
    if config.retention.hold:
        raise Refused(f'Nothing of "{who.code}" is erased: [retention] hold says that the law wants it kept.')
    if people.is_to_be_erased(conn, who.id):
        raise Refused(f'Everything of "{who.code}" is erased already, or about to be.')
    if who.state != "discharged":
        clinic_people.discharge(conn, config, code, now)
    deleted = erasing.ask(conn, people.by_id(conn, who.id), now, by, why)
    return {"code": who.code, "messages": deleted}
