"""What stands around a pair's digests: outcomes, flags put aside, why a check-in was not asked, unread words."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bot.core.digest import Digest
from bot.core.loop import SNOOZED_FOR, Around, LastTime, Outcome, Said, Snooze
from bot.core.person import Pair
from bot.core.walltime import local_date, zone_of
from bot.store import outages, sealing
from bot.store.tables import away, check_in, digest, session, snooze

UNREAD_AFTER = timedelta(days=3)


def around(conn: Connection, of: Pair, before: datetime, now: datetime) -> Around:
    """All of it, for the digest about everything before an instant."""
    last = conn.execute(
        select(session.c.id, session.c.starts_at)
        .where(session.c.pair_id == of.id, session.c.starts_at < before, session.c.state.in_(("planned", "held")))
        .order_by(session.c.starts_at.desc())
    ).first()
    why, away_until = _not_asked(conn, of, last.id) if last is not None else (None, None)
    down = (
        outages.between(conn, last.starts_at, min(now, before), zone_of(of.therapist.zone)) if last is not None else ()
    )
    return Around(
        _snoozes(conn, of.id), _last_time(conn, of.id, before), tuple(down), why, away_until, _unread(conn, of.id)
    )


def _not_asked(conn: Connection, of: Pair, session_id: int) -> tuple[str | None, str | None]:
    """Why the patient was not asked about a session, and until when they are away if that is why."""
    row = conn.execute(
        select(check_in.c.why, check_in.c.opens_at).where(
            check_in.c.session_id == session_id,
            check_in.c.person_id == of.patient.id,
            check_in.c.kind == "alliance",
            check_in.c.state.in_(("excused", "not_asked")),
        )
    ).first()
    if row is None or row.why != "away":
        return (None, None) if row is None else (row.why, None)
    # Judged when it opened, which quiet hours may have put off to the next day.
    day = local_date(row.opens_at, zone_of(of.patient.zone))
    covers = (away.c.first <= day + timedelta(days=1)) & (away.c.last >= day)
    until = conn.execute(select(away.c.last).where(away.c.person_id == of.patient.id, covers)).scalar()
    return "away", None if until is None else until.isoformat()


# ------------------------------------------------------------------------------------------------ outcomes


def shown(conn: Connection, digest_id: str, built: Digest, now: datetime) -> None:
    """A digest was opened: which flags it showed, so that the next one can say what became of them."""
    flags = [[line.finding.rule, line.finding.about, line.finding.patient] for line in built.lines if line.is_flag]
    last = next((one for one in built.history.sessions if one.local == built.about), None)
    said = {"about": built.about, "flags": flags, "answered": last is not None and last.patient.answered_at is not None}
    mine = update(digest).where(digest.c.id == digest_id)
    if _said(conn, digest_id).get("about") != built.about:  # opened first, or its session was moved since
        conn.execute(mine.values(outcome=None, outcome_at=None, opened_at=now))
    sealed = sealing.of_digest(conn, digest_id).seal(said, digest.c.said, digest_id) if built.about else None
    conn.execute(mine.values(said=sealed))


def _said(conn: Connection, digest_id: str) -> dict[str, Any]:
    """What a digest showed when it was opened last."""
    sealed = conn.execute(select(digest.c.said).where(digest.c.id == digest_id)).scalar()
    return sealing.of_digest(conn, digest_id).open(sealed, digest.c.said, digest_id) or {} if sealed else {}


def decide(conn: Connection, digest_id: str, outcome: Outcome, now: datetime) -> None:
    """What the therapist made of a digest; a later word stands."""
    conn.execute(update(digest).where(digest.c.id == digest_id).values(outcome=outcome, outcome_at=now))


def outcome_of(conn: Connection, digest_id: str, about: str | None) -> Outcome | None:
    """What the therapist made of a digest about a session (wall time); None: nothing so far."""
    if _said(conn, digest_id).get("about") != about:
        return None
    word: Outcome | None = conn.execute(select(digest.c.outcome).where(digest.c.id == digest_id)).scalar()
    return word


def _last_time(conn: Connection, pair_id: int, before: datetime) -> LastTime | None:
    """The digest that was opened before this one."""
    row = conn.execute(
        select(digest.c.id, digest.c.outcome)
        .join(session, session.c.id == digest.c.session_id)
        .where(digest.c.pair_id == pair_id, digest.c.opened_at.is_not(None), session.c.starts_at < before)
        .order_by(session.c.starts_at.desc())
    ).first()
    said = {} if row is None else _said(conn, row.id)
    if row is None or not said:
        return None
    return LastTime(said["about"], row.outcome, tuple(Said(*flag) for flag in said["flags"]))


def shown_of_patient(conn: Connection, digest_id: str) -> str | None:
    """The session (wall time) whose answers of the patient's a digest showed when it was opened; None: none."""
    said = _said(conn, digest_id)
    return str(said["about"]) if said.get("answered") else None


# ------------------------------------------------------------------------------------------------ snoozes


def _snoozes(conn: Connection, pair_id: int) -> tuple[Snooze, ...]:
    query = select(snooze.c.rule, snooze.c.about, snooze.c.direction, session.c.local)
    rows = conn.execute(query.join(session, session.c.id == snooze.c.session_id).where(snooze.c.pair_id == pair_id))
    return tuple(Snooze(*row) for row in rows)


def put_aside(conn: Connection, of: Pair, one: Snooze, now: datetime) -> None:
    """Leave a flag out for the next sessions; twice is as good as once."""
    wake(conn, of.id, one.rule, one.about)
    at = select(session.c.id).where(session.c.pair_id == of.id, session.c.local == one.since)
    session_id = conn.execute(at.order_by(session.c.id.desc())).scalar()
    if session_id is not None:
        values = {
            "clinic_id": of.clinic_id, "pair_id": of.id, "rule": one.rule, "about": one.about,
            "direction": one.direction, "session_id": session_id, "sessions": SNOOZED_FOR, "at": now,
        }  # fmt: skip
        conn.execute(insert(snooze).values(values))


def wake(conn: Connection, pair_id: int, rule: str, about: str) -> None:
    """Say a flag again."""
    of_pair = (snooze.c.pair_id == pair_id) & (snooze.c.rule == rule) & (snooze.c.about == about)
    conn.execute(delete(snooze).where(of_pair))


# ------------------------------------------------------------------------------------------------ unread words


def words_came(conn: Connection, check_in_id: str, now: datetime) -> None:
    """Own words were sent: if nobody reads them, somebody is told."""
    conn.execute(update(check_in).where(check_in.c.id == check_in_id).values(words_due_at=now + UNREAD_AFTER))


def _unread(conn: Connection, pair_id: int) -> tuple[str, ...]:
    waiting = (check_in.c.pair_id == pair_id) & check_in.c.words_due_at.is_not(None)
    query = select(session.c.local).join(check_in, check_in.c.session_id == session.c.id).where(waiting)
    return tuple(conn.execute(query).scalars())


def words_read(conn: Connection, pair_id: int, locals_: Iterable[str]) -> None:
    """The pair's own words about the sessions at these wall times were shown to the therapist."""
    sessions = select(session.c.id).where(session.c.pair_id == pair_id, session.c.local.in_(list(locals_)))
    conn.execute(update(check_in).where(check_in.c.session_id.in_(sessions)).values(words_due_at=None))


def words_due(conn: Connection, now: datetime, most: int) -> list[str]:
    """The check-ins whose own words nobody has read in time."""
    query = select(check_in.c.id).where(check_in.c.words_due_at <= now).order_by(check_in.c.words_due_at).limit(most)
    return list(conn.execute(query).scalars())


def words_again(conn: Connection, check_in_id: str, at: datetime) -> None:
    """Look again later whether they were read."""
    conn.execute(update(check_in).where(check_in.c.id == check_in_id).values(words_due_at=at))
