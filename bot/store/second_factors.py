"""The second factor of those who log in to the clinic's page: the secret of their authenticator app, sealed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from bot import ids, totp
from bot.core.person import Person
from bot.store import audit, logins, sealing
from bot.store.tables_web import second_factor, web_session


@dataclass(frozen=True, slots=True)
class Factor:
    """Somebody's. `confirmed`: a code of it was given once; `used`: the step of the last code that was."""

    secret: bytes
    confirmed: bool
    used: int


def of(conn: Connection, who: Person) -> Factor | None:
    """What somebody has; None: nothing yet."""
    row = conn.execute(select(second_factor).where(second_factor.c.person_id == who.id)).first()
    if row is None:
        return None
    secret = sealing.of_person(conn, who.id).open(row.secret, second_factor.c.secret, who.id)
    return Factor(bytes.fromhex(secret), row.confirmed_at is not None, row.used)


def of_or_made(conn: Connection, who: Person) -> Factor:
    """What somebody has, or a new one, which counts once a code of it was given."""
    found = of(conn, who)
    if found is not None:
        return found
    secret = ids.secret(totp.SIZE)
    sealed = sealing.of_person(conn, who.id).seal(secret.hex(), second_factor.c.secret, who.id)
    conn.execute(insert(second_factor).values(person_id=who.id, clinic_id=who.clinic_id, secret=sealed, used=0))
    return Factor(secret, False, 0)


def give(conn: Connection, session: logins.Session, typed: str, now: datetime) -> bool:
    """Take a code: whether it was good. The same code is good once."""
    who, factor = session.who, of(conn, session.who)
    step = None if factor is None else totp.fitting(factor.secret, typed, now, factor.used)
    if factor is None or step is None:
        audit.note(conn, "factor refused", now, by=who.id)
        return False
    if not factor.confirmed:
        audit.note(conn, "factor set up", now, by=who.id)
        conn.execute(update(second_factor).where(second_factor.c.person_id == who.id).values(confirmed_at=now))
    conn.execute(update(second_factor).where(second_factor.c.person_id == who.id).values(used=step))
    conn.execute(update(web_session).where(web_session.c.id == session.id).values(passed_at=now))
    return True


def forget(conn: Connection, who: Person, now: datetime) -> bool:
    """Somebody sets up a new one at the next log-in, and is logged off; whether there was one."""
    gone = conn.execute(delete(second_factor).where(second_factor.c.person_id == who.id)).rowcount == 1
    logins.end_all(conn, who.id)
    audit.note(conn, "factor reset", now, detail=who.code)
    return gone
