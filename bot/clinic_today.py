"""The clinic's door to the day: what became of an appointment, and taking that back for some minutes."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.clinic import Shown, mark_session, one_changed
from bot.config import Config
from bot.core.person import Person
from bot.store import appointments, marks
from bot.store.people import Refused

UNDO = timedelta(minutes=10)
"""How long a mark can be taken back."""
STATES = ("held", "missed", "cancelled")


def mark(conn: Connection, config: Config, session_id: int, state: str, who: Person, now: datetime) -> Shown:
    """Say what became of a session, and remember what it was before. Saying the same again changes nothing."""
    if state not in STATES:
        raise Refused(f'"{state}" is not what can become of a session: {", ".join(STATES)}.')
    before = appointments.session_row(conn, session_id)
    if before.state == state and not before.confirm:
        return one_changed(conn, config, session_id, now, lambda _: None)
    shown = mark_session(conn, config, session_id, state, now)
    marks.add(conn, who, before, state, now)
    return shown


def undo(conn: Connection, config: Config, mark_id: int, now: datetime) -> Shown:
    """Take a mark back; Refused once its minutes have passed, or if the session was changed since."""
    one = marks.find(conn, mark_id, now - UNDO)
    if one is None:
        raise Refused("This can no longer be taken back: say what is right instead.", "no_undo")
    row = appointments.session_row(conn, one.session_id)
    if row.state != one.state:
        raise Refused("The session was changed since: look at it again.", "changed_since")
    if one.state == "cancelled":  # its time may have gone to somebody else meanwhile
        appointments.refuse_to_stand(conn, row, row.starts_at, row.ends_at)
    marks.undone(conn, mark_id, now)
    return one_changed(
        conn, config, one.session_id, now,
        lambda _: appointments.mark_session(conn, one.session_id, one.state_before, one.confirm_before),
    )  # fmt: skip
