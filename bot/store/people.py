"""People and how they come in: persons, pairs, invites, consent. A code that is wrong raises Refused, a sentence."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, delete, func, insert, null, select, update

from bot import ids
from bot.core.codes import meant, read_checked, with_letter
from bot.core.person import Expects, Pair, Person, PersonState, Role
from bot.store.columns import AnyRow
from bot.store.sealing import book, chat_key, of_person, own
from bot.store.tables import clinic, pair, person
from bot.store.tables_joining import consent, invite, invite_try

CLINIC = 1  # the embedded default has one clinic; every row says which, so that there can be more


class Refused(Exception):
    """A request that cannot be carried out; its text is a sentence for the person who asked.

    `kind` and `said` give a page the same sentence in another language; `field`: what was typed wrong, if known.
    """

    def __init__(self, says: str, kind: str = "", *said: str, field: str = "") -> None:
        super().__init__(says)
        self.kind, self.said, self.field = kind, said, field


_FIELDS = (
    person.c.id, person.c.clinic_id, person.c.role, person.c.code, person.c.zone, person.c.lang, person.c.state,
    person.c.chat_id, person.c.unreachable_since, person.c.ask_at, person.c.ask_every, person.c.message_id,
    person.c.digest_lead, person.c.digest_at, person.c.weekly_at,
    person.c.expects, person.c.plan, person.c.pilot, person.c.on_page,
)  # fmt: skip
_BY_CHAT = select(*_FIELDS, own()).where(person.c.chat_key == bindparam("chat"))
_GOOD_INVITES = select(invite.c.code_hash).where(
    invite.c.code_hash.in_(bindparam("hashes", expanding=True)),
    invite.c.used_at.is_(None),
    invite.c.expires_at > bindparam("now"),
)
_KNOWN = select(person.c.chat_key).where(person.c.chat_key.in_(bindparam("keys", expanding=True)))
_BY_ID = select(*_FIELDS, own()).where(person.c.id == bindparam("id"))


def fields() -> tuple[Any, ...]:
    """The columns of `person` that `as_person` takes, in its order."""
    return (*_FIELDS, own())


def as_person(conn: Connection, row: AnyRow) -> Person:
    """A person from a row of `person`."""
    who = Person(*row[:-1])
    if row.chat_id is not None:
        who = replace(who, chat_id=book(conn, row[-1]).open(row.chat_id, person.c.chat_id, row.id))
    return who if row.expects is None else replace(who, expects=Expects.from_json(row.expects))


def ensure_clinic(conn: Connection, name: str, zone: str, pilot_until: datetime | None = None) -> None:
    """Make the one clinic of this database, or bring its name, its zone and the end of a pilot up to date."""
    values = {"name": name, "zone": zone, "pilot_until": pilot_until}
    if conn.execute(update(clinic).where(clinic.c.id == CLINIC).values(values)).rowcount == 0:
        conn.execute(insert(clinic).values(id=CLINIC, **values))


def set_bot_name(conn: Connection, name: str) -> None:
    """Remember the bot's name at Telegram: invite links need it."""
    conn.execute(update(clinic).where(clinic.c.id == CLINIC).values(bot_name=name))


def bot_name(conn: Connection) -> str | None:
    """The bot's name at Telegram, once it has run."""
    return conn.execute(select(clinic.c.bot_name).where(clinic.c.id == CLINIC)).scalar()


def by_chat(conn: Connection, chat_id: int) -> Person | None:
    """Whoever has this chat."""
    row = conn.execute(_BY_CHAT, {"chat": chat_key(conn, chat_id)}).first()
    return None if row is None else as_person(conn, row)


def known_chats(conn: Connection, chats: Collection[int]) -> set[int]:
    """Those of these chats that are somebody's."""
    keys = {chat_key(conn, chat): chat for chat in chats}
    if not keys:
        return set()
    return {keys[key] for key in conn.execute(_KNOWN, {"keys": list(keys)}).scalars()}


def good_invites(conn: Connection, codes: Collection[str], now: datetime) -> set[str]:
    """Those of these codes that would let somebody in now."""
    hashes = {ids.hashed(code): code for code in codes}
    if not hashes:
        return set()
    return {hashes[one] for one in conn.execute(_GOOD_INVITES, {"hashes": list(hashes), "now": now}).scalars()}


def by_id(conn: Connection, person_id: int) -> Person:
    """The person of that id."""
    return as_person(conn, conn.execute(_BY_ID, {"id": person_id}).one())


def find(conn: Connection, code: str) -> Person | None:
    """The person of that code."""
    if not code.isprintable():  # half a character, from a terminal of another encoding, no database takes
        return None
    row = conn.execute(select(*fields()).where(person.c.clinic_id == CLINIC, person.c.code == code)).first()
    return None if row is None else as_person(conn, row)


def by_code(conn: Connection, code: str, role: Role | None = None) -> Person:
    """The person of that code, with or without its check letter; Refused if there is none, or it is of another role."""
    checked = read_checked(code)
    found = find(conn, code) or (find(conn, checked[0]) if checked and checked[1] else None)
    if found is None:
        raise _unknown(conn, code)
    if role is not None and found.role != role:
        raise Refused(f'"{code}" is a {found.role}, and a {role} is needed here.', f"no_{role}", code)
    return found


def _unknown(conn: Connection, code: str) -> Refused:
    """Why there is nobody with this code, and who may have been meant."""
    known = [who.code for who in people(conn)]
    checked = read_checked(code)
    close = meant(code, known) if checked else []
    did_you_mean = f" Did you mean {' or '.join(close)}?" if close else ""
    if checked and checked[0].upper() in map(str.upper, known):
        says = f'The last letter of "{code}" does not fit the code before it.{did_you_mean}'
        return Refused(says, "wrong_letter", code, ", ".join(close))
    says = f'There is nobody with the code "{code}".{did_you_mean} `accord clinic list` shows all codes.'
    return Refused(says, "nobody", code, ", ".join(close))


def people(conn: Connection, role: Role | None = None) -> list[Person]:
    """Everybody, by role and code."""
    query = select(*fields()).order_by(person.c.role.desc(), person.c.code)
    rows = conn.execute(query if role is None else query.where(person.c.role == role))
    return [as_person(conn, row) for row in rows]


def add(conn: Connection, role: Role, code: str, zone: str, lang: str) -> Person:
    """Add somebody, not yet in; Refused if the code is taken, or reads like another one with its check letter."""
    if find(conn, code) is not None:
        raise Refused(f'The code "{code}" is taken. Choose another one.', "taken_code", code, field="code")
    checked = read_checked(code)
    if find(conn, with_letter(code)) or (checked and checked[1] and find(conn, checked[0])):
        says = f'With its check letter "{code}" would be mistaken for somebody else. Choose another one.'
        raise Refused(says, "like_code", code, field="code")
    values = {"clinic_id": CLINIC, "role": role, "code": code, "zone": zone, "lang": lang, "state": "invited"}
    made = conn.execute(insert(person).values(key_id=ids.token(), **values)).inserted_primary_key
    assert made is not None
    return by_id(conn, made[0])


def change(conn: Connection, person_id: int, **values: object) -> None:
    """Change columns of a person. `chat_id` is the number of the chat."""
    if "chat_id" in values:
        values |= _chat(conn, person_id, values["chat_id"])
    conn.execute(update(person).where(person.c.id == person_id).values(**values))


def _chat(conn: Connection, person_id: int, chat_id: object) -> dict[str, bytes | None]:
    """A chat as it is kept: sealed, and the key it is found by."""
    if chat_id is None:
        return {"chat_id": None, "chat_key": None}
    sealed = of_person(conn, person_id).seal(chat_id, person.c.chat_id, person_id)
    return {"chat_id": sealed, "chat_key": chat_key(conn, int(str(chat_id)))}


def is_to_be_erased(conn: Connection, person_id: int) -> bool:
    """Whether everything of a person is erased, or was asked to be."""
    query = select(person.c.id).where(person.c.id == person_id)
    return (
        conn.execute(query.where(person.c.erase_at.is_not(None) | person.c.erased_at.is_not(None))).first() is not None
    )


def expect(conn: Connection, who: Person, expects: Expects | None) -> None:
    """Remember what this person's next typed words mean; None: nothing in particular (any more)."""
    change(conn, who.id, expects=null() if expects is None else expects.to_json())


# ------------------------------------------------------------------------------------------------ pairs

_patient, _therapist = person.alias("patient"), person.alias("therapist")
_PAIR = select(pair.c.clinic_id, pair.c.patient_id, pair.c.therapist_id).where(pair.c.id == bindparam("id"))


def add_pair(conn: Connection, patient_id: int, therapist_id: int, now: datetime, history: bool = False) -> int:
    """Bring a patient and a therapist together; the id of the pair. `history`: the therapist may read the last one."""
    values = {"clinic_id": CLINIC, "patient_id": patient_id, "therapist_id": therapist_id, "started_at": now}
    values |= {"history": history}
    made = conn.execute(insert(pair).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def pair_of(conn: Connection, pair_id: int) -> Pair:
    """The pair of that id."""
    row = conn.execute(_PAIR, {"id": pair_id}).one()
    return Pair(pair_id, row.clinic_id, by_id(conn, row.patient_id), by_id(conn, row.therapist_id))


def has_ended(conn: Connection, pair_id: int) -> bool:
    """Whether the pair of that id does not exist any more."""
    return conn.execute(select(pair.c.ended_at).where(pair.c.id == pair_id)).scalar() is not None


def pairs(conn: Connection, *, patient_id: int | None = None, therapist_id: int | None = None) -> list[int]:
    """The ids of the pairs that have not ended, of a patient or of a therapist, oldest first."""
    query = select(pair.c.id).where(pair.c.ended_at.is_(None)).order_by(pair.c.id)
    if patient_id is not None:
        query = query.where(pair.c.patient_id == patient_id)
    if therapist_id is not None:
        query = query.where(pair.c.therapist_id == therapist_id)
    return list(conn.execute(query).scalars())


def has_history(conn: Connection, pair_id: int) -> bool:
    """Whether the pair's therapist may read the pair before it."""
    return bool(conn.execute(select(pair.c.history).where(pair.c.id == pair_id)).scalar())


def own_pair(conn: Connection, who: Person, pair_id: int) -> Pair | None:
    """The pair of that id if this person is one side of it and it has not ended, else None, as if it did not exist."""
    mine = pair.c.patient_id if who.role == "patient" else pair.c.therapist_id
    query = select(pair.c.id).where(pair.c.id == pair_id, mine == who.id, pair.c.ended_at.is_(None))
    return None if conn.execute(query).first() is None else pair_of(conn, pair_id)


def own_pairs(conn: Connection, who: Person) -> list[Pair]:
    """The pairs this person is one side of, oldest first; a patient has the newest one only."""
    if who.role == "patient":
        return [pair_of(conn, pair_id) for pair_id in pairs(conn, patient_id=who.id)[-1:]]
    return [pair_of(conn, pair_id) for pair_id in pairs(conn, therapist_id=who.id)]


def pair_by_patient_code(conn: Connection, code: str) -> Pair:
    """The patient's present pair; Refused if the code is no patient's or the patient has no therapist."""
    patient = by_code(conn, code, "patient")
    ids = pairs(conn, patient_id=patient.id)
    if not ids:
        raise Refused(f'"{code}" has no therapist at present.', "no_therapist_now", code)
    return pair_of(conn, ids[-1])


# ------------------------------------------------------------------------------------------------ coming in

Redeemed = Literal["in", "again", "bad", "too many", "relink"]


def add_invite(conn: Connection, person_id: int, code_hash: str, expires: datetime, relink: bool = False) -> int:
    """Keep the hash of an invite; earlier ones of the same person stop working. `relink`: for a new phone."""
    revoke_invite(conn, person_id)
    values = {"clinic_id": CLINIC, "person_id": person_id, "code_hash": code_hash, "expires_at": expires}
    values |= {"relink": relink}
    made = conn.execute(insert(invite).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def revoke_invite(conn: Connection, person_id: int) -> bool:
    """Make an invite that was not used stop working; False if there is none."""
    unused = (invite.c.person_id == person_id) & invite.c.used_at.is_(None)
    return conn.execute(delete(invite).where(unused)).rowcount > 0


def invite_of(conn: Connection, person_id: int) -> AnyRow | None:
    """When a person's unused invite expires (`expires_at`), and whether it is for a new phone (`relink`)."""
    unused = (invite.c.person_id == person_id) & invite.c.used_at.is_(None)
    return conn.execute(select(invite.c.expires_at, invite.c.relink).where(unused)).first()


def redeem(
    conn: Connection, code_hash: str, chat_id: int, now: datetime, tries_an_hour: int
) -> tuple[Redeemed, Person | None]:
    """Let the bearer of a code in, once. The same chat may press Start again; a wrong code, a used one, one that has
    expired and one of somebody else look the same. At most `tries_an_hour` wrong tries by one chat. "relink": the code
    is used up, and the chat is yet to be confirmed as that person's; until then it is nobody's ("again", None).
    """
    present, chat = by_chat(conn, chat_id), chat_key(conn, chat_id)
    row = conn.execute(select(invite).where(invite.c.code_hash == code_hash)).first()
    if row is not None and row.used_by == chat and present is not None and present.id == row.person_id:
        return "again", present
    if row is not None and row.relink and present is not None and present.id == row.person_id:
        return "again", present  # opened on the phone that is not lost: the link stays good for the new one
    if row is not None and row.relink and row.used_by == chat:
        return "again", None  # it waits, or was refused
    if _tries(conn, chat, now) >= tries_an_hour:
        return "too many", present
    if row is None or row.used_at is not None or row.expires_at <= now or present is not None:
        conn.execute(insert(invite_try).values(chat_key=chat, at=now))
        return "bad", present
    conn.execute(update(invite).where(invite.c.id == row.id).values(used_at=now, used_by=chat))
    who = by_id(conn, row.person_id)
    if row.relink:
        return "relink", who
    state: PersonState = "consenting" if who.role == "patient" else "settling"
    change(conn, who.id, chat_id=chat_id, state=state, unreachable_since=None)
    return "in", by_id(conn, who.id)


def _tries(conn: Connection, chat: bytes, now: datetime) -> int:
    recent = select(func.count()).where(invite_try.c.chat_key == chat, invite_try.c.at > now - timedelta(hours=1))
    return int(conn.execute(recent).scalar_one())


def add_consent(
    conn: Connection, who: Person, version: int, agreed: bool, now: datetime, text_hash: str | None = None
) -> None:
    """Log that somebody agreed to (or declined) a version of the consent text: in which language, and which words."""
    values = {"person_id": who.id, "version": version, "lang": who.lang, "agreed": agreed, "at": now}
    conn.execute(insert(consent).values(clinic_id=who.clinic_id, text_hash=text_hash, **values))


def agreed_to_less(conn: Connection, version: int) -> list[Person]:
    """The patients who take part, and whose last yes was to an older version of the consent text than this."""
    newest = select(consent.c.person_id).where(consent.c.agreed).group_by(consent.c.person_id)
    older = newest.having(func.max(consent.c.version) < version)
    taking_part = (person.c.role == "patient") & person.c.state.in_(("settling", "choosing", "active"))
    found = select(*fields()).where(taking_part, person.c.id.in_(older)).order_by(person.c.id)
    return [as_person(conn, row) for row in conn.execute(found).all()]


def agreed_at(conn: Connection, who: Person) -> datetime | None:
    """When somebody last agreed to the consent text; None if never."""
    agreed = select(func.max(consent.c.at)).where(consent.c.person_id == who.id, consent.c.agreed)
    at: datetime | None = conn.execute(agreed).scalar()
    return at
