"""Digests: when one is due, whose it is, and the text as it was shown."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select, update

from bot.core.person import Person
from bot.store import sealing
from bot.store.away import reads_for
from bot.store.tables import check_in, digest, pair, person, session


@dataclass(frozen=True, slots=True)
class KeptDigest:
    """A digest as it is kept. `local` and `starts`: the session it comes before; None for one of all pairs: the
    weekly one, or (with `day`) that of a morning.
    """

    id: str
    therapist_id: int
    pair_id: int | None
    session_id: int | None
    state: str
    local: str | None
    starts: datetime | None
    day: date | None = None
    planned: datetime | None = None


@dataclass(frozen=True, slots=True)
class OfDay:
    """A morning's digest, and the message that shows it now."""

    id: str
    message_id: int | None


_KEPT = (
    select(
        digest.c.id, digest.c.therapist_id, digest.c.pair_id, digest.c.session_id, digest.c.state, session.c.local,
        session.c.starts_at, digest.c.day, digest.c.planned_at,
    )
    .join(session, session.c.id == digest.c.session_id, isouter=True)
    .join(pair, pair.c.id == digest.c.pair_id, isouter=True)
)  # fmt: skip
_STANDS = pair.c.ended_at.is_(None)  # or it is of all pairs


def due_ids(conn: Connection, now: datetime, most: int = 100) -> list[str]:
    """The digests whose time has come, the oldest first."""
    query = select(digest.c.id).where(digest.c.due_at <= now).order_by(digest.c.due_at).limit(most)
    return list(conn.execute(query).scalars())


def by_digest_id(conn: Connection, digest_id: str) -> KeptDigest:
    """The digest of that id."""
    return KeptDigest(*conn.execute(_KEPT.where(digest.c.id == digest_id)).one())


def of_reader(conn: Connection, digest_id: str, who: Person, now: datetime) -> KeptDigest | None:
    """The digest of that id if it is this therapist's, or of one they cover for today, else None, as if it did not
    exist. So is one of a pair that has ended.
    """
    row = conn.execute(_KEPT.where(digest.c.id == digest_id, _STANDS)).first()
    kept = None if row is None else KeptDigest(*row)
    return kept if kept is not None and reads_for(conn, who, kept.therapist_id, now) else None


def latest_of(conn: Connection, therapist_id: int) -> KeptDigest | None:
    """The digest that this therapist was sent last."""
    sent = _KEPT.where(digest.c.therapist_id == therapist_id, digest.c.state == "sent", _STANDS)
    row = conn.execute(sent.order_by(digest.c.built_at.desc()).limit(1)).first()
    return None if row is None else KeptDigest(*row)


def waiting_for(conn: Connection, pair_id: int, now: datetime) -> KeptDigest | None:
    """The digest that was announced before a session of this pair that has not started yet."""
    sent = _KEPT.where(digest.c.pair_id == pair_id, digest.c.state == "sent", session.c.starts_at > now)
    sent = sent.where(session.c.state.in_(("planned", "held")))
    row = conn.execute(sent.order_by(session.c.starts_at).limit(1)).first()
    return None if row is None else KeptDigest(*row)


def before_session(conn: Connection, pair_id: int, session_id: int) -> KeptDigest | None:
    """The digest that comes before a session of a pair, if there is one: not before its first."""
    row = conn.execute(_KEPT.where(digest.c.pair_id == pair_id, digest.c.session_id == session_id)).first()
    return None if row is None else KeptDigest(*row)


def of_day(conn: Connection, therapist_id: int, day: date) -> OfDay | None:
    """The morning's digest of a day, if one was sent."""
    mine = (digest.c.therapist_id == therapist_id) & (digest.c.day == day) & (digest.c.state == "sent")
    row = conn.execute(select(digest.c.id, digest.c.message_id).where(mine)).first()
    return None if row is None else OfDay(*row)


def opened_in(conn: Connection, digest_id: str, message_id: int | None) -> None:
    """Which message shows a digest now; None: it was put away."""
    conn.execute(update(digest).where(digest.c.id == digest_id).values(message_id=message_id))


def give_up_message(conn: Connection, therapist_id: int, message_id: int | None, but: str | None = None) -> None:
    """Another page stands in this message now: no digest that was open there is brought up to date in it."""
    if message_id is not None:
        there = (digest.c.therapist_id == therapist_id) & (digest.c.message_id == message_id)
        conn.execute(update(digest).where(there, digest.c.id != (but or "")).values(message_id=None))


def mark(conn: Connection, digest_id: str, state: str, now: datetime, why: str | None = None) -> None:
    """Say that a digest was announced (or not sent, and why): it is not due any more."""
    values = {"state": state, "due_at": None, "built_at": now, "why": why}
    conn.execute(update(digest).where(digest.c.id == digest_id).values(values))


def postpone(conn: Connection, digest_id: str, until: datetime) -> None:
    """Look at a digest again at `until`."""
    conn.execute(update(digest).where(digest.c.id == digest_id).values(due_at=until))


def keep(conn: Connection, digest_id: str, text: str, html: str) -> None:
    """Keep what was shown, as it was shown."""
    book = sealing.of_digest(conn, digest_id)
    sealed = {"text": book.seal(text, digest.c.text, digest_id), "html": book.seal(html, digest.c.html, digest_id)}
    conn.execute(update(digest).where(digest.c.id == digest_id).values(sealed))


def shown(conn: Connection, digest_id: str) -> tuple[str, str]:
    """What was shown, as text and as HTML."""
    row = conn.execute(select(digest.c.text, digest.c.html).where(digest.c.id == digest_id)).one()
    book = sealing.of_digest(conn, digest_id)
    return book.open(row.text, digest.c.text, digest_id), book.open(row.html, digest.c.html, digest_id)


def open_forms(conn: Connection, pair_id: int, therapist_id: int) -> list[str]:
    """The therapist's own forms of this pair that are open: neither sent nor skipped nor closed."""
    query = select(check_in.c.id).where(
        check_in.c.pair_id == pair_id, check_in.c.person_id == therapist_id, check_in.c.state == "open"
    )
    return list(conn.execute(query.order_by(check_in.c.opens_at.desc())).scalars())


def blind(conn: Connection, pair_id: int) -> frozenset[str]:
    """The wall times of sessions whose form the therapist has open, or is still to get."""
    rows = conn.execute(
        select(session.c.local)
        .join(check_in, check_in.c.session_id == session.c.id)
        .join(person, person.c.id == check_in.c.person_id)
        .where(
            check_in.c.pair_id == pair_id,
            person.c.role == "therapist",
            check_in.c.state.in_(("planned", "open")),
        )
    )
    return frozenset(rows.scalars())
