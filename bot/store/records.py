"""A patient's own record, put together; and the words somebody agreed to."""

from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, select

from bot.core.person import Person
from bot.core.record import Consent, Pairing, Record, by_time
from bot.store import away, exports, goals, homework, sealing
from bot.store.exports import Wanted
from bot.store.people import by_id
from bot.store.tables import pair, session
from bot.store.tables_call import call
from bot.store.tables_joining import consent, consent_text
from bot.store.upsert import insert_or_leave


def keep_text(conn: Connection, text: str, lang: str, now: datetime) -> str:
    """Keep the words of a consent text once; the hash by which they are found."""
    text_hash = sha256(text.encode()).hexdigest()
    values = {"text_hash": text_hash, "lang": lang, "text": text, "first_at": now}
    conn.execute(insert_or_leave(conn, consent_text, "text_hash"), values)
    return text_hash


def of_patient(conn: Connection, who: Person, now: datetime) -> Record:
    """Everything that is this patient's own."""
    pairs = conn.execute(select(pair).where(pair.c.patient_id == who.id).order_by(pair.c.id)).all()
    sent = exports.sent(conn, Wanted(patient_id=who.id, person_id=who.id))
    return Record(
        who.code, who.zone, who.lang, who.state, now, consents_of(conn, who),
        tuple(_pairing(conn, row.id, row.therapist_id, row.started_at, row.ended_at) for row in pairs),
        by_time(list(sent)), tuple(away.spans_of(conn, who)), _calls(conn, who),
    )  # fmt: skip


def consents_of(conn: Connection, who: Person) -> tuple[Consent, ...]:
    """Every answer somebody gave to the consent text, with its words where they were kept."""
    columns = (consent.c.version, consent.c.lang, consent.c.agreed, consent.c.at, consent_text.c.text)
    joined = select(*columns).outerjoin(consent_text, consent_text.c.text_hash == consent.c.text_hash)
    rows = conn.execute(joined.where(consent.c.person_id == who.id).order_by(consent.c.at, consent.c.id))
    return tuple(Consent(*row) for row in rows)


def _pairing(conn: Connection, pair_id: int, therapist_id: int, began: datetime, ended: datetime | None) -> Pairing:
    local = {row.id: row.local for row in conn.execute(select(session.c.id, session.c.local).where(
        session.c.pair_id == pair_id))}  # fmt: skip
    words = homework.of_pair(conn, pair_id, sealing.of_pair(conn, pair_id))
    taken_on = sorted((local[n], one) for n, one in words.items())
    listed = goals.goals_of(conn, pair_id, retired=True)
    return Pairing(by_id(conn, therapist_id).code, began, ended, listed, tuple(taken_on))


def _calls(conn: Connection, who: Person) -> tuple[tuple[datetime, datetime | None], ...]:
    rows = conn.execute(
        select(call.c.asked_at, call.c.seen_at).where(call.c.person_id == who.id).order_by(call.c.asked_at)
    )
    return tuple((row.asked_at, row.seen_at) for row in rows)
