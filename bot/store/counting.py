"""What the clinic's numbers are counted from: who was asked and when they answered, which digests were talked about.

No answer is read; ids of people go no further than to be counted.
"""

from datetime import datetime

from sqlalchemy import Connection, select

from bot.core.aggregates import Asking, Digested
from bot.core.loop import READ
from bot.store import sealing
from bot.store.columns import AnyRow
from bot.store.tables import check_in, digest, pair


def askings(conn: Connection, since: datetime, now: datetime) -> list[Asking]:
    """The check-ins of patients that were opened since and are settled: answered in time, or closed unanswered."""
    rows = conn.execute(
        select(check_in.c.person_id, check_in.c.state, check_in.c.opened_at, check_in.c.answered_at, check_in.c.late)
        .join(pair, pair.c.id == check_in.c.pair_id)
        .where(check_in.c.person_id == pair.c.patient_id, check_in.c.kind == "alliance")
        .where(check_in.c.opened_at >= since, check_in.c.opened_at <= now)
        .where(check_in.c.state.in_(("answered", "missed")))
    )
    return [
        Asking(row.person_id, row.answered_at - row.opened_at if row.state == "answered" and not row.late else None)
        for row in rows
    ]


def disagreements(conn: Connection, since: datetime, now: datetime) -> list[Digested]:
    """The digests since that named a disagreement to their therapist."""
    rows = conn.execute(
        select(digest.c.id, digest.c.pair_id, digest.c.outcome, digest.c.said)
        .where(digest.c.pair_id.is_not(None), digest.c.opened_at >= since, digest.c.opened_at <= now)
        .where(digest.c.said.is_not(None))
    ).all()
    return [Digested(row.pair_id, row.outcome in READ) for row in rows if _names_one(_said(conn, row))]


def _said(conn: Connection, row: AnyRow) -> object:
    return sealing.of_pair(conn, row.pair_id).open(row.said, digest.c.said, row.id)


def _names_one(said: object) -> bool:
    return isinstance(said, dict) and any(flag[0] == "disagreement" for flag in said.get("flags", ()))
