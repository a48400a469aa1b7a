"""What has been kept for as long as the clinic says: found, and deleted some at a time, so that nobody's tap waits.

A patient's record ends as if the desk had erased it: `store.erasing` does it. The rest are rows that nobody needs any
more. Whatever goes is noted in the log by number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, delete, func, literal_column, select, text, update

from bot.core.retention import Retention, Tonight
from bot.store import audit, erasing, logins, own_pages, page_links, people
from bot.store.tables import inbox, outbox, pair, person
from bot.store.tables_joining import invite, invite_try, relink
from bot.store.tables_refusal import refusal

AT_ONCE = 200
LOG_AT_ONCE = 2000
"""Entries of the log are small, and each time some go one comes."""
TRIES_KEPT = timedelta(days=1)
_OVER = outbox.c.state.in_(("sent", "dropped", "gone", "held"))
_HAS_BODY = text("length(body) > 0")  # as the index has it


# ------------------------------------------------------------------------------------------------ records


@dataclass(frozen=True, slots=True)
class Ended:
    """A patient whose treatment is over: since when."""

    id: int
    code: str
    at: datetime


_RECORDS = (
    select(person.c.id, person.c.code, func.max(pair.c.ended_at).label("at"))
    .join(pair, pair.c.patient_id == person.c.id)
    .where(person.c.state == "discharged", person.c.erase_at.is_(None), person.c.erased_at.is_(None))
    .group_by(person.c.id, person.c.code)
    .having(func.count() == func.count(pair.c.ended_at))  # in no pair that goes on
    .order_by(func.max(pair.c.ended_at), person.c.id)
)


def records(conn: Connection) -> list[Ended]:
    """The patients who were discharged and whose record is there, the longest ago first."""
    return [Ended(row.id, row.code, row.at) for row in conn.execute(_RECORDS)]


def end_records(conn: Connection, before: datetime, now: datetime) -> int:
    """Ask for the erasure of some whose treatment ended before an instant; how many."""
    due = [one for one in records(conn) if one.at < before][:AT_ONCE]
    for one in due:
        erasing.ask(conn, people.by_id(conn, one.id), now, None, "retention")
    return len(due)


# ------------------------------------------------------------------------------------------------ the rest


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of one table that are over before an instant."""

    id: Column[Any]
    since: ColumnElement[Any]
    over: tuple[ColumnElement[bool], ...] = ()

    def old(self, before: datetime) -> list[ColumnElement[bool]]:
        return [*self.over, self.since < before]


_KINDS: Mapping[str, tuple[_Rows, ...]] = {
    "messages": (_Rows(outbox.c.id, outbox.c.not_before, (_HAS_BODY, _OVER)),),  # type: ignore[arg-type]
    "invites": (
        _Rows(invite.c.id, func.coalesce(invite.c.used_at, invite.c.expires_at, type_=invite.c.expires_at.type)),
        _Rows(relink.c.id, func.coalesce(relink.c.decided_at, relink.c.expires_at, type_=relink.c.expires_at.type)),
    ),
    "unread": (_Rows(inbox.c.update_id, inbox.c.received_at, (inbox.c.state == "aside",)),),
    "log": (_Rows(refusal.c.id, refusal.c.last_at),),
}


def sweep(conn: Connection, kind: str, before: datetime, now: datetime) -> int:
    """Let some of a kind go that are older; how many. Of a message its text goes, that it was sent stays."""
    went = 0
    for rows in _KINDS[kind]:
        ids = list(conn.execute(select(rows.id).where(*rows.old(before)).limit(AT_ONCE)).scalars())
        if ids and kind == "messages":
            conn.execute(update(outbox).where(outbox.c.id.in_(ids)).values(body=b""))
        elif ids:
            conn.execute(delete(rows.id.table).where(rows.id.in_(ids)))
        went += len(ids)
    if kind == "log":
        went += audit.cut(conn, before, LOG_AT_ONCE, now)
    if went:
        audit.note(conn, "not kept longer", now, detail=f"{kind} {went}")
    return went


def tidy(conn: Connection, now: datetime) -> None:
    """What is of no use to anybody: links and sessions that are over, tries with a wrong code."""
    conn.execute(delete(invite_try).where(invite_try.c.at < now - TRIES_KEPT))
    logins.forget_old(conn, now)
    page_links.forget_old(conn, now)
    own_pages.forget_old(conn, now)


# ------------------------------------------------------------------------------------------------ a look ahead


def ahead(conn: Connection, rules: Retention, night: datetime) -> Tonight:
    """What goes in the night that begins then, and whose record ends next; nothing is changed."""
    counts = {kind: _count(conn, kind, span.before(night)) for kind, span in rules.things.items()}
    if rules.records is None:
        return Tonight(counts=counts, hold=rules.hold, keeps_records=True)
    found = records(conn)
    due = [one for one in found if one.at < rules.records.before(night)]
    later = found[len(due)] if len(due) < len(found) else None
    next_at = None if later is None else rules.records.after(later.at)
    return Tonight(tuple(one.code for one in due), counts, later.code if later else "", next_at, rules.hold)


def _count(conn: Connection, kind: str, before: datetime) -> int:
    counts = (select(func.count(literal_column("1"))).select_from(rows.id.table).where(*rows.old(before))
              for rows in _KINDS[kind])  # fmt: skip
    found = sum(int(conn.execute(count).scalar_one()) for count in counts)
    return found + (audit.older(conn, before) if kind == "log" else 0)
