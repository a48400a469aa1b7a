"""A pair's list of goals: numbered for good, reworded with the other side's word, retired and never deleted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from bot.core.history import Goal
from bot.core.questionnaire import Voice
from bot.store.columns import AnyRow
from bot.store.people import CLINIC
from bot.store.tables import goal, goal_change


@dataclass(frozen=True, slots=True)
class Change:
    """A goal that was reworded. `words_before`: the last words that both sides stood by; `agreed` None: not answered.

    At most one change of a goal waits for an answer; `goal` is the goal as it stands now.
    """

    id: int
    pair_id: int
    goal: Goal
    words_before: str
    words: str
    changed_by: Voice
    agreed: bool | None


def goals_of(conn: Connection, pair_id: int, retired: bool = False) -> tuple[Goal, ...]:
    """The pair's goals by number; the retired ones only if asked for."""
    columns = (goal.c.number, goal.c.words, goal.c.added_by, goal.c.retired_at)
    query = select(*columns).where(goal.c.pair_id == pair_id).order_by(goal.c.number)
    if not retired:
        query = query.where(goal.c.retired_at.is_(None))
    return tuple(_goal(row) for row in conn.execute(query))


def _goal(row: AnyRow) -> Goal:
    return Goal(row.number, row.words, row.added_by, row.retired_at is not None)


def add_first(conn: Connection, pair_id: int, words: str, now: datetime) -> None:
    """Make the patient's hopes the first goal, unless the pair has one."""
    if conn.execute(select(goal.c.id).where(goal.c.pair_id == pair_id)).first() is None:
        add(conn, pair_id, words, "patient", now)


def add(conn: Connection, pair_id: int, words: str, added_by: Voice, now: datetime) -> int:
    """Add a goal to a pair's list; its number, which no other goal of the pair ever had."""
    last = conn.execute(select(func.max(goal.c.number)).where(goal.c.pair_id == pair_id)).scalar()
    number = (last or 0) + 1
    values = {"pair_id": pair_id, "number": number, "words": words, "added_by": added_by, "added_at": now}
    conn.execute(insert(goal).values(clinic_id=CLINIC, **values))
    return number


def retire(conn: Connection, pair_id: int, number: int, now: datetime) -> bool:
    """Take a goal off the list; False if it is off already."""
    open_one = (goal.c.pair_id == pair_id) & (goal.c.number == number) & goal.c.retired_at.is_(None)
    return conn.execute(update(goal).where(open_one).values(retired_at=now)).rowcount > 0


# ------------------------------------------------------------------------------------------------ rewording

_CHANGES = select(
    goal_change.c.id, goal_change.c.words_before, goal_change.c.words.label("new_words"), goal_change.c.changed_by,
    goal_change.c.agreed, goal.c.pair_id, goal.c.number, goal.c.words, goal.c.added_by, goal.c.retired_at,
).join(goal, goal.c.id == goal_change.c.goal_id)  # fmt: skip


def _change(row: AnyRow) -> Change:
    return Change(row.id, row.pair_id, _goal(row), row.words_before, row.new_words, row.changed_by, row.agreed)


def change_of(conn: Connection, pair_id: int, change_id: int) -> Change | None:
    """The change of that id if it is this pair's, else None, as if it did not exist."""
    row = conn.execute(_CHANGES.where(goal_change.c.id == change_id, goal.c.pair_id == pair_id)).first()
    return None if row is None else _change(row)


def waiting(conn: Connection, pair_id: int) -> list[Change]:
    """The changes of open goals that the other side has not answered, by number."""
    unanswered = (goal.c.pair_id == pair_id) & goal_change.c.agreed.is_(None) & goal.c.retired_at.is_(None)
    return [_change(row) for row in conn.execute(_CHANGES.where(unanswered).order_by(goal.c.number))]


def reword(conn: Connection, pair_id: int, number: int, words: str, by: Voice, now: datetime) -> int | None:
    """Give a goal other words; the id of the change that waits for the other side, None if nothing waits.

    A change that was waiting is over: whoever rewords anew has answered it, or thought better of it. The words before
    stay those that both last stood by, so that "keep the old words" never brings back what one side alone wrote.
    """
    row = conn.execute(select(goal).where(goal.c.pair_id == pair_id, goal.c.number == number)).one()
    earlier = next((one for one in waiting(conn, pair_id) if one.goal.id == number), None)
    before = row.words if earlier is None else earlier.words_before
    if earlier is not None:
        settle(conn, earlier.id, False)
    conn.execute(update(goal).where(goal.c.id == row.id).values(words=words))
    values = {
        "clinic_id": row.clinic_id, "goal_id": row.id, "words_before": before, "words": words, "changed_by": by,
        "changed_at": now, "agreed": True if words == before else None,
    }  # fmt: skip
    made = conn.execute(insert(goal_change).values(values)).inserted_primary_key
    assert made is not None
    return None if words == before else int(made[0])


def settle(conn: Connection, change_id: int, agreed: bool) -> None:
    """Write the answer to a change."""
    conn.execute(update(goal_change).where(goal_change.c.id == change_id).values(agreed=agreed))


def answer(conn: Connection, change: Change, agreed: bool) -> None:
    """The other side's word on a change that waits: the new words stand, or the old ones come back."""
    settle(conn, change.id, agreed)
    if not agreed:
        of = (goal.c.pair_id == change.pair_id) & (goal.c.number == change.goal.id)
        conn.execute(update(goal).where(of).values(words=change.words_before))


def added_since(conn: Connection, pair_id: int, voice: Voice, since: datetime) -> frozenset[int]:
    """The numbers of the goals that one side added at or after an instant."""
    mine = (goal.c.pair_id == pair_id) & (goal.c.added_by == voice) & (goal.c.added_at >= since)
    return frozenset(conn.execute(select(goal.c.number).where(mine)).scalars())
