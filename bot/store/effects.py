"""Changes of the schedule with what they do, counted and named in the transaction that makes them."""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from bot.core.codes import with_letter
from bot.core.effect import Changed, Effect, Seen, changes, compare
from bot.core.plan import Plan
from bot.store.appointments import LOOK_BACK, derived, replan, sessions_of
from bot.store.people import pair_of
from bot.store.tables import check_in

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done:
    """What a change does: so many check-ins, and the sessions that come, move or go; without any, the check-ins."""

    effect: Effect
    changes: list[Changed]


def with_effect(
    conn: Connection, pair_ids: Collection[int], plan: Plan, zone: ZoneInfo, now: datetime, work: Callable[[], T]
) -> tuple[T, Done]:
    """Carry out `work` on these pairs' sessions, plan the pairs anew, and compare; what `work` gives, and the effect.

    What was asked already is left out of it, also if it is to be asked anew: the desk, which reads the difference,
    would learn from it who has answered.
    """
    before = {pair_id: _View.of(conn, pair_id, plan, now) for pair_id in pair_ids}
    asked = {pair_id: _asked(conn, pair_id) for pair_id in pair_ids}
    done = work()
    effect, named = Effect(), []
    for pair_id, seen in before.items():
        replan(conn, pair_id, plan, now)
        after = _View.of(conn, pair_id, plan, now, asked[pair_id])
        effect += compare(seen.check_ins, after.check_ins)
        named.append((seen, after))
    sessions = [one for pair in named for one in _between(*pair, zone, check_ins=False)]
    lines = sessions or [one for pair in named for one in _between(*pair, zone, check_ins=True)]
    return done, Done(effect, sorted(lines, key=lambda one: (one.at, one.patient)))


@dataclass(frozen=True, slots=True)
class _View:
    """A pair at a moment: its sessions that stand, and its check-ins that will be asked."""

    codes: tuple[str, str]
    sessions: Mapping[Hashable, Seen]
    check_ins: Mapping[Hashable, tuple[datetime, datetime | None, datetime]]
    kinds: Mapping[Hashable, str]

    @staticmethod
    def of(
        conn: Connection, pair_id: int, plan: Plan, now: datetime, but: Collection[Hashable] = frozenset()
    ) -> "_View":
        """The view of a pair now, without the check-ins in `but`."""
        pair = pair_of(conn, pair_id)
        planned = {
            (one.session, one.kind, (pair.patient if one.voice == "patient" else pair.therapist).id): one
            for one in derived(conn, pair, plan, now).planned
        }
        rows = conn.execute(
            select(check_in.c.session_id, check_in.c.kind, check_in.c.person_id)
            .where(check_in.c.pair_id == pair_id, check_in.c.state == "planned", check_in.c.closes_at > now)
        )  # fmt: skip
        due = {key: planned[key] for key in map(tuple, rows) if key in planned and planned[key].why is None}
        due = {key: one for key, one in due.items() if key not in but}
        sessions: dict[Hashable, Seen] = {
            row.id: Seen(row.local, row.minutes)
            for row in sessions_of(conn, pair_id, now - LOOK_BACK)
            if row.state != "cancelled"
        }
        return _View(
            (with_letter(pair.patient.code), pair.therapist.code),
            sessions,
            {key: (one.opens, one.reminds, one.closes) for key, one in due.items()},
            {key: "homework" if one.kind == "homework" else one.voice for key, one in due.items()},
        )

    def walls(self, zone: ZoneInfo) -> dict[Hashable, Seen]:
        """The check-ins by their wall time."""
        return {
            key: Seen(at[0].astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes"), at)
            for key, at in self.check_ins.items()
        }


def _between(before: _View, after: _View, zone: ZoneInfo, *, check_ins: bool) -> list[Changed]:
    if check_ins:
        return changes({**before.kinds, **after.kinds}, before.walls(zone), after.walls(zone), before.codes)
    names = dict.fromkeys([*before.sessions, *after.sessions], "session")
    return changes(names, before.sessions, after.sessions, before.codes)


def _asked(conn: Connection, pair_id: int) -> set[Hashable]:
    """The check-ins of a pair that were sent: which one, by session, kind and person."""
    rows = conn.execute(
        select(check_in.c.session_id, check_in.c.kind, check_in.c.person_id)
        .where(check_in.c.pair_id == pair_id, check_in.c.opened_at.is_not(None))
    )  # fmt: skip
    return set(map(tuple, rows))
