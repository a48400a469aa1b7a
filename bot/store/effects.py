"""Changes of the schedule with what they do to check-ins to come, counted in the transaction that makes them."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, select

from bot.core.effect import Ahead, Effect, compare
from bot.core.plan import Plan
from bot.store.appointments import derived, replan
from bot.store.people import pair_of
from bot.store.tables import check_in

T = TypeVar("T")


def with_effect(
    conn: Connection, pair_ids: Collection[int], plan: Plan, now: datetime, work: Callable[[], T]
) -> tuple[T, Effect]:
    """Carry out `work` on these pairs' sessions, plan the pairs anew, and count; what `work` gives, and the effect."""
    before = {pair_id: ahead(conn, pair_id, plan, now) for pair_id in pair_ids}
    done = work()
    for pair_id in pair_ids:
        replan(conn, pair_id, plan, now)
    effects = (compare(seen, ahead(conn, pair_id, plan, now)) for pair_id, seen in before.items())
    return done, sum(effects, Effect())


def ahead(conn: Connection, pair_id: int, plan: Plan, now: datetime) -> Ahead:
    """The pair's check-ins that will be asked, with their moments.

    Not those that are open: the desk, which reads the difference, would learn from it who has answered already.
    """
    pair = pair_of(conn, pair_id)
    planned = {
        (one.session, one.kind, (pair.patient if one.voice == "patient" else pair.therapist).id): one
        for one in derived(conn, pair, plan, now).planned
    }
    rows = conn.execute(
        select(check_in.c.session_id, check_in.c.kind, check_in.c.person_id)
        .where(check_in.c.pair_id == pair_id, check_in.c.state == "planned", check_in.c.closes_at > now)
    )  # fmt: skip
    seen: dict[object, object] = {}
    for key in map(tuple, rows):
        one = planned.get(key)
        if one is not None and one.why is None:
            seen[key] = (one.opens, one.reminds, one.closes)
    return seen
