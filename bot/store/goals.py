"""A pair's list of goals: numbered for good, reworded with the other side's word, retired and never deleted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from bot.core.history import Goal
from bot.core.questionnaire import Voice
from bot.store import versions
from bot.store.columns import AnyRow
from bot.store.people import CLINIC
from bot.store.sealing import Book, of_pair
from bot.store.tables import goal, goal_change

_COLUMNS = (goal.c.pair_id, goal.c.number, goal.c.words, goal.c.rev, goal.c.added_by, goal.c.retired_at)
_ALL = select(*_COLUMNS).where(goal.c.pair_id == bindparam("pair")).order_by(goal.c.number)
_OPEN = _ALL.where(goal.c.retired_at.is_(None))


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


def goals_of(conn: Connection, pair_id: int, retired: bool = False, book: Book | None = None) -> tuple[Goal, ...]:
    """The pair's goals by number; the retired ones only if asked for."""
    rows = conn.execute(_ALL if retired else _OPEN, {"pair": pair_id}).all()
    if not rows:
        return ()
    book = book or of_pair(conn, pair_id)
    return tuple(_goal(book, row) for row in rows)


def _goal(book: Book, row: AnyRow) -> Goal:
    words = book.open(row.words, goal.c.words, row.pair_id, row.number, rev=row.rev)
    return Goal(row.number, words, row.added_by, row.retired_at is not None)


def add_first(conn: Connection, pair_id: int, words: str, now: datetime) -> None:
    """Make the patient's hopes the first goal, unless the pair has one."""
    if conn.execute(select(goal.c.id).where(goal.c.pair_id == pair_id)).first() is None:
        add(conn, pair_id, words, "patient", now)


def add(conn: Connection, pair_id: int, words: str, added_by: Voice, now: datetime) -> int:
    """Add a goal to a pair's list; its number, which no other goal of the pair ever had."""
    last = conn.execute(select(func.max(goal.c.number)).where(goal.c.pair_id == pair_id)).scalar()
    number = (last or 0) + 1
    sealed = of_pair(conn, pair_id).seal(words, goal.c.words, pair_id, number, rev=1)
    values = {"pair_id": pair_id, "number": number, "words": sealed, "added_by": added_by, "added_at": now}
    conn.execute(insert(goal).values(clinic_id=CLINIC, **values))
    return number


def retire(conn: Connection, pair_id: int, number: int, now: datetime) -> bool:
    """Take a goal off the list; False if it is off already."""
    open_one = (goal.c.pair_id == pair_id) & (goal.c.number == number) & goal.c.retired_at.is_(None)
    return conn.execute(update(goal).where(open_one).values(retired_at=now)).rowcount > 0


# ------------------------------------------------------------------------------------------------ rewording

_CHANGES = select(
    goal_change.c.id, goal_change.c.words_before, goal_change.c.words.label("new_words"), goal_change.c.changed_by,
    goal_change.c.agreed, goal.c.pair_id, goal.c.number, goal.c.words, goal.c.rev, goal.c.added_by, goal.c.retired_at,
).join(goal, goal.c.id == goal_change.c.goal_id)  # fmt: skip


def _change(conn: Connection, row: AnyRow) -> Change:
    book = of_pair(conn, row.pair_id)
    before = book.open(row.words_before, goal_change.c.words_before, row.id)
    words = book.open(row.new_words, goal_change.c.words, row.id)
    return Change(row.id, row.pair_id, _goal(book, row), before, words, row.changed_by, row.agreed)


def change_of(conn: Connection, pair_id: int, change_id: int) -> Change | None:
    """The change of that id if it is this pair's, else None, as if it did not exist."""
    row = conn.execute(_CHANGES.where(goal_change.c.id == change_id, goal.c.pair_id == pair_id)).first()
    return None if row is None else _change(conn, row)


def waiting(conn: Connection, pair_id: int) -> list[Change]:
    """The changes of open goals that the other side has not answered, by number."""
    unanswered = (goal.c.pair_id == pair_id) & goal_change.c.agreed.is_(None) & goal.c.retired_at.is_(None)
    return [_change(conn, row) for row in conn.execute(_CHANGES.where(unanswered).order_by(goal.c.number)).all()]


def reword(conn: Connection, pair_id: int, number: int, words: str, by: Voice, now: datetime) -> int | None:
    """Give a goal other words; the id of the change that waits for the other side, None if nothing waits.

    A change that was waiting is over: whoever rewords anew has answered it, or thought better of it. The words before
    stay those that both last stood by, so that "keep the old words" never brings back what one side alone wrote.
    """
    row = conn.execute(select(goal).where(goal.c.pair_id == pair_id, goal.c.number == number)).one()
    earlier = next((one for one in waiting(conn, pair_id) if one.goal.id == number), None)
    book = of_pair(conn, pair_id)
    before = _goal(book, row).words if earlier is None else earlier.words_before
    if earlier is not None:
        settle(conn, earlier.id, False)
    _put(conn, pair_id, number, words, by, now)
    values = {
        "clinic_id": row.clinic_id, "goal_id": row.id, "words_before": b"", "words": b"", "changed_by": by,
        "changed_at": now, "agreed": True if words == before else None,
    }  # fmt: skip
    made = conn.execute(insert(goal_change).values(values)).inserted_primary_key
    assert made is not None
    change_id = int(made[0])
    _keep_words(conn, book, change_id, before, words)
    return None if words == before else change_id


def _keep_words(conn: Connection, book: Book, change_id: int, before: str, words: str) -> None:
    """Both wordings of a change, sealed for its row: that has its number only once it is there."""
    sealed = {
        "words_before": book.seal(before, goal_change.c.words_before, change_id),
        "words": book.seal(words, goal_change.c.words, change_id),
    }
    conn.execute(update(goal_change).where(goal_change.c.id == change_id).values(sealed))


def _put(conn: Connection, pair_id: int, number: int, words: str, by: Voice, now: datetime) -> None:
    """Give a goal other words, as the row's next version."""
    here = (goal.c.pair_id == pair_id) & (goal.c.number == number)
    rev = conn.execute(select(goal.c.rev).where(here)).scalar_one() + 1
    sealed = of_pair(conn, pair_id).seal(words, goal.c.words, pair_id, number, rev=rev)
    conn.execute(update(goal).where(here).values(words=sealed, rev=rev))
    versions.replaced(conn, "goal changed", pair_id, f"{pair_id}:{number}", rev, now, by)


def settle(conn: Connection, change_id: int, agreed: bool) -> None:
    """Write the answer to a change."""
    conn.execute(update(goal_change).where(goal_change.c.id == change_id).values(agreed=agreed))


def answer(conn: Connection, change: Change, agreed: bool, now: datetime) -> None:
    """The other side's word on a change that waits: the new words stand, or the old ones come back."""
    settle(conn, change.id, agreed)
    if not agreed:
        by: Voice = "patient" if change.changed_by == "therapist" else "therapist"
        _put(conn, change.pair_id, change.goal.id, change.words_before, by, now)


def added_since(conn: Connection, pair_id: int, voice: Voice, since: datetime) -> frozenset[int]:
    """The numbers of the goals that one side added at or after an instant."""
    mine = (goal.c.pair_id == pair_id) & (goal.c.added_by == voice) & (goal.c.added_at >= since)
    return frozenset(conn.execute(select(goal.c.number).where(mine)).scalars())
