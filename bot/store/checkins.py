"""Check-ins and their answers. One is looked up together with the chat that owns it: anyone else's is not found."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, insert, select, text, update

from bot.core.checkin import CheckIn, Place, next_due
from bot.core.form import Asks, Key
from bot.core.history import Answer
from bot.core.person import Person
from bot.core.plan import Changes, Plan, changed
from bot.core.questionnaire import Voice
from bot.core.taps import Step
from bot.store import answers, audit
from bot.store.columns import AnyRow, Utc
from bot.store.people import by_id
from bot.store.sealing import book, chat_key, own
from bot.store.tables import answer_before, check_in, outbox, pair, person, session

_COLUMNS = (
    check_in.c.id, check_in.c.clinic_id, check_in.c.pair_id, check_in.c.session_id, check_in.c.person_id,
    check_in.c.kind, check_in.c.state, check_in.c.why, check_in.c.opens_at, check_in.c.reminds_at, check_in.c.closes_at,
    check_in.c.opened_at, check_in.c.late, check_in.c.asks, check_in.c.place, check_in.c.message_id, check_in.c.due_at,
)  # fmt: skip
_patient, _therapist = person.alias("patient"), person.alias("therapist")
_KEPT = (
    select(
        *_COLUMNS,
        session.c.local,
        session.c.starts_at,
        session.c.zone.label("session_zone"),
        _patient.c.code.label("code"),
        own(_patient).label("owner"),
        exists().where(answer_before.c.check_in_id == check_in.c.id).label("changed"),
        _patient.c.plan.label("patients_plan"),
        _therapist.c.plan.label("therapists_plan"),
        pair.c.ended_at,
    )
    .join(session, session.c.id == check_in.c.session_id)
    .join(pair, pair.c.id == check_in.c.pair_id)
    .join(_patient, _patient.c.id == pair.c.patient_id)
    .join(_therapist, _therapist.c.id == pair.c.therapist_id)
    .where(check_in.c.id == bindparam("id"))
)
_OF_CHAT = _KEPT.join(person, person.c.id == check_in.c.person_id).where(person.c.chat_key == bindparam("chat"))
_SAVE = (
    update(check_in)
    .where(check_in.c.id == bindparam("b_id"))
    .values({
        name: bindparam(f"b_{name}")
        for name in ("state", "why", "late", "place", "due_at", "message_id", "reminds_at")
    })
    .values(answered_at=func.coalesce(check_in.c.answered_at, bindparam("b_answered_at", type_=Utc())))
)  # fmt: skip
_OPEN = (
    update(check_in)
    .where(check_in.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in ("opened_at", "closes_at", "asks")})
)
_MESSAGE = update(check_in).where(check_in.c.id == bindparam("b_id")).values(message_id=bindparam("b_message_id"))
_ANSWERED_BEFORE = (
    select(check_in.c.id)
    .where(check_in.c.pair_id == bindparam("pair"), check_in.c.person_id == bindparam("person"))
    .where(check_in.c.kind == bindparam("kind"), check_in.c.state == "answered", check_in.c.id != bindparam("id"))
    .limit(1)
)
_EARLIEST_DUE = (
    select(check_in.c.id)
    .where(check_in.c.due_at <= bindparam("now"))
    .order_by(check_in.c.due_at)
    .limit(bindparam("most"))
)
_DUE = _EARLIEST_DUE.where(text("check_in.state <> 'planned'"))  # as its index has it
_TO_OPEN = _EARLIEST_DUE.where(check_in.c.state == "planned")


@dataclass(frozen=True, slots=True)
class Kept:
    """A check-in as it is kept: its state for the wizard, what it asks, and what it is about."""

    check_in: CheckIn
    person: Person
    pair_id: int
    session_id: int
    local: str
    starts: datetime
    session_zone: str
    opens: datetime
    asks: Asks | None
    message_id: int | None
    why: str | None
    opened: datetime | None
    code: str  # the patient's, for the therapist's eyes
    ended: bool = False  # the pair does not exist any more: there is nobody to answer
    plans: tuple[Changes | None, Changes | None] = (None, None)  # what the therapist's and the patient's plan change
    owner: str = ""  # with whose keys it is sealed
    given: answers.Given = field(default_factory=answers.Given)

    def plan(self, clinics: Plan) -> Plan:
        """The plan of this pair, from the clinic's."""
        return changed(changed(clinics, self.plans[0]), self.plans[1])

    def with_message(self, message_id: int | None) -> "Kept":
        """The same, standing in that message."""
        return self if message_id is None else replace(self, message_id=message_id)


def of_chat(conn: Connection, check_in_id: str, who: Person) -> Kept | None:
    """The check-in of that id if it is this person's, else None, as if it did not exist."""
    row = conn.execute(_OF_CHAT, {"id": check_in_id, "chat": chat_key(conn, who.chat_id or 0)}).first()
    return None if row is None else _kept(conn, row, who)


def by_check_in_id(conn: Connection, check_in_id: str) -> Kept:
    """The check-in of that id, for the tick."""
    row = conn.execute(_KEPT, {"id": check_in_id}).one()
    return _kept(conn, row, by_id(conn, row.person_id))


def _kept(conn: Connection, row: AnyRow, who: Person) -> Kept:
    keys = book(conn, row.owner)
    given = answers.of_check_in(conn, row.id, keys, row.changed)
    asks = None if row.asks is None else Asks.from_json(keys.open(row.asks, check_in.c.asks, row.id))
    return Kept(
        from_row(row, who, given.values), who, row.pair_id, row.session_id, row.local, row.starts_at, row.session_zone,
        row.opens_at, asks, row.message_id, row.why, row.opened_at, row.code,
        row.ended_at is not None, (row.therapists_plan, row.patients_plan), row.owner, given,
    )  # fmt: skip


def from_row(row: AnyRow, who: Person, given: Mapping[Key, Answer]) -> CheckIn:
    """The wizard's value of a row of `check_in`."""
    voice: Voice = "patient" if who.role == "patient" else "therapist"
    place = Place() if row.place is None else _place(row.place)
    return CheckIn(
        row.id, voice, row.kind, row.state, who.zone, row.closes_at, given, place, row.reminds_at, row.late
    )  # fmt: skip


def _place(data: Mapping[str, Any]) -> Place:
    times = {name: None if data[name] is None else datetime.fromisoformat(data[name]) for name in ("touched", "again")}
    return Place(
        data["screen"], data["at"], data["turn"], data["hidden"], data["started"], reminded=data["reminded"], **times
    )


def _place_json(place: Place) -> dict[str, Any]:
    times = {
        name: None if at is None else at.isoformat()
        for name, at in (("touched", place.touched), ("again", place.again))
    }
    return {
        "screen": place.screen, "at": place.at, "turn": place.turn, "hidden": place.hidden, "started": place.started,
        "reminded": place.reminded, **times,
    }  # fmt: skip


def save(conn: Connection, kept: Kept, step: Step, versions: Mapping[str, int], now: datetime, plan: Plan) -> Kept:
    """Write what a tap changed: answers, the dropped ones, place and state, in the caller's transaction."""
    changed = step.check_in
    for key, value in step.wrote.items():
        kept = replace(kept, given=_write_answer(conn, kept, key, value, versions, now))
    for of, item in step.dropped:
        answers.drop(conn, book(conn, kept.owner), changed.id, (of, item), now)
        kept.given.values.pop((of, item), None)
    answered = now if changed.state == "answered" and kept.check_in.state != "answered" else None
    why = "not_met" if step.happened == "did_not_meet" else kept.why
    _put(conn, replace(kept, check_in=changed, why=why), plan, answered)
    return replace(kept, check_in=changed, why=why)


def _write_answer(
    conn: Connection, kept: Kept, key: Key, value: Answer, versions: Mapping[str, int], now: datetime
) -> answers.Given:
    of, item = key
    last = kept.asks.last_homework if kept.asks else None
    about_last = kept.check_in.voice == "therapist" and key == ("homework", "done") and last is not None
    values = {
        "clinic_id": kept.person.clinic_id, "check_in_id": kept.check_in.id, "questionnaire": of, "item": item,
        "version": versions.get(of, 1), "filed_under": last if about_last else kept.session_id,
    }  # fmt: skip
    rev = kept.given.next_rev(key, value)
    if rev > max(1, kept.given.revs.get(key, 0)):
        detail = f"{kept.check_in.id} {of}.{item}@{rev}"
        audit.note(conn, "answer changed", now, by=kept.person.id, detail=detail)
    return answers.put(conn, book(conn, kept.owner), kept.given, values, value, now)


def _put(conn: Connection, kept: Kept, plan: Plan, answered: datetime | None) -> None:
    check = kept.check_in
    values = {
        "b_id": check.id, "b_state": check.state, "b_why": kept.why, "b_late": check.late,
        "b_place": _place_json(check.place), "b_due_at": next_due(check, kept.opens, plan), "b_answered_at": answered,
        "b_message_id": kept.message_id, "b_reminds_at": check.reminds,
    }  # fmt: skip
    conn.execute(_SAVE, values)


def put(conn: Connection, kept: Kept, plan: Plan) -> None:
    """Write place, state and message of a check-in that the tick changed."""
    _put(conn, kept, plan, None)


def open_now(
    conn: Connection, kept: Kept, reminds: datetime | None, closes: datetime, now: datetime, plan: Plan
) -> Kept:
    """Open a planned check-in: its reminder and closing count from this moment."""
    opened = replace(kept, check_in=replace(kept.check_in, state="open", reminds=reminds, closes=closes))
    assert kept.asks is not None
    sealed = book(conn, kept.owner).seal(kept.asks.to_json(), check_in.c.asks, kept.check_in.id)
    conn.execute(_OPEN, {"b_id": kept.check_in.id, "b_opened_at": now, "b_closes_at": closes, "b_asks": sealed})
    put(conn, opened, plan)
    return opened


def set_asks(conn: Connection, kept: Kept, asks: Asks) -> None:
    """Keep what a check-in asks: at its opening, and when a goal is added to it."""
    sealed = book(conn, kept.owner).seal(asks.to_json(), check_in.c.asks, kept.check_in.id)
    conn.execute(update(check_in).where(check_in.c.id == kept.check_in.id).values(asks=sealed))


def answered_before(conn: Connection, kept: Kept) -> bool:
    """Whether this person has answered a check-in of this kind, in this pair, before this one."""
    this = {"pair": kept.pair_id, "person": kept.person.id, "kind": kept.check_in.kind, "id": kept.check_in.id}
    return conn.execute(_ANSWERED_BEFORE, this).first() is not None


def settle(conn: Connection, check_in_id: str, state: str, why: str) -> None:
    """End a check-in unasked: excused or not_asked, and why."""
    values = {"state": state, "why": why, "due_at": None}
    conn.execute(update(check_in).where(check_in.c.id == check_in_id).values(values))


def postpone(conn: Connection, check_in_id: str, until: datetime) -> None:
    """Look at a check-in again at `until`."""
    conn.execute(update(check_in).where(check_in.c.id == check_in_id).values(due_at=until))


def set_message(conn: Connection, check_in_id: str, message_id: int) -> None:
    """Remember which message stands for a check-in."""
    conn.execute(_MESSAGE, {"b_id": check_in_id, "b_message_id": message_id})


def withdraw(conn: Connection, session_id: int, why: str) -> list[str]:
    """End every check-in of a session that is not answered; the ids of those that were open."""
    waiting = select(check_in.c.id, check_in.c.state).where(
        check_in.c.session_id == session_id, check_in.c.state.in_(("planned", "open", "missed"))
    )
    rows = list(conn.execute(waiting))
    for row in rows:
        settle(conn, row.id, "excused", why)
    return [row.id for row in rows if row.state != "planned"]


def withdraw_person(conn: Connection, person_id: int, why: str) -> None:
    """End a person's open check-ins. Those still planned stay: at their opening it is seen who takes part then."""
    mine = (check_in.c.person_id == person_id) & (check_in.c.state == "open")
    conn.execute(update(check_in).where(mine).values(state="excused", why=why, due_at=None))


def due_ids(conn: Connection, now: datetime, most: int = 100) -> list[str]:
    """The check-ins under way whose time has come (to remind, to hide, to close), the oldest first."""
    return list(conn.execute(_DUE, {"now": now, "most": most}).scalars())


def to_open(conn: Connection, now: datetime, most: int) -> list[str]:
    """The planned check-ins whose time has come, the oldest first; none if `most` is not above 0."""
    return list(conn.execute(_TO_OPEN, {"now": now, "most": max(most, 0)}).scalars())


def open_of(conn: Connection, person_id: int) -> list[str]:
    """A person's open check-ins, the one opened last at the end."""
    query = select(check_in.c.id).where(check_in.c.person_id == person_id, check_in.c.state == "open")
    return list(conn.execute(query.order_by(check_in.c.opened_at, check_in.c.id)).scalars())


def open_in_chats(conn: Connection) -> list[str]:
    """The open check-ins that stand in somebody's chat, and about which nothing waits to be sent."""
    unsent = exists().where(text("outbox.state IN ('waiting', 'sending')"), outbox.c.about == check_in.c.id)
    standing = (check_in.c.state == "open") & check_in.c.message_id.is_not(None)
    # As the index of what is due has it: every open check-in is in it, as it closes one day.
    query = select(check_in.c.id).where(text("check_in.due_at IS NOT NULL"), standing, ~unsent)
    return list(conn.execute(query.order_by(check_in.c.id)).scalars())


def answerable_of(conn: Connection, person_id: int, since: datetime) -> list[str]:
    """A person's check-ins that may still be answered: open ones, and missed ones that closed after `since`."""
    late = (check_in.c.state == "missed") & (check_in.c.closes_at > since)
    query = select(check_in.c.id).where(check_in.c.person_id == person_id, (check_in.c.state == "open") | late)
    return list(conn.execute(query.order_by(check_in.c.opened_at, check_in.c.id)).scalars())


def insert_ready(conn: Connection, rows: list[dict[str, Any]]) -> None:
    """Insert many planned check-ins at once."""
    conn.execute(insert(check_in), rows)
