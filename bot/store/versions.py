"""Which version of what is replaced in place was the last: in the log, so that an old row put back is found.

A row of yesterday is as well sealed as it was. Answers keep their older values beside them, and reading one that was
put back fails at once; goals, homework and the kept text of a digest do not, nor does a chat. So the log notes each
new version of them, and `put_back` compares. What was asked and what was sent needs none: both are frozen once they are
there, and nothing reads an old one again.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.core.questionnaire import Voice
from bot.store import audit
from bot.store.tables import answer, digest, goal, homework, pair, person
from bot.store.tables_audit import audit as log

SHORT = 12


def replaced(conn: Connection, did: audit.Did, pair_id: int, row: str, rev: int, now: datetime, by: Voice) -> None:
    """Note that a row of a pair has a new version, and which side wrote it."""
    of = conn.execute(select(pair.c.patient_id, pair.c.therapist_id).where(pair.c.id == pair_id)).one()
    who = of.patient_id if by == "patient" else of.therapist_id
    audit.note(conn, did, now, by=who, about=of.patient_id, detail=f"{row}@{rev}")


def of_digest(conn: Connection, digest_id: str) -> str:
    """What stands for the kept text of a digest, as it lies there: "ID@HASH"."""
    kept = select(digest.c.text, digest.c.html, digest.c.said).where(digest.c.id == digest_id)
    return f"{digest_id}@{_hash(conn.execute(kept).one())}"


def of_chat(conn: Connection, person_id: int) -> str:
    """What stands for somebody's chat: "ID@HASH"."""
    key = conn.execute(select(person.c.chat_key).where(person.c.id == person_id)).scalar_one()
    return f"{person_id}@{key.hex()[:SHORT]}"


def _hash(parts: Any) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(hashlib.sha256(part or b"").digest())
    return found.hexdigest()[:SHORT]


# ------------------------------------------------------------------------------------------------ looking back


def put_back(conn: Connection) -> str:
    """What of it is not the version that the log noted last, named; "" if all is. What is not there any more was
    deleted in order, or is missed elsewhere.
    """
    last: dict[str, dict[str, str]] = {}
    entries = select(log.c.did, log.c.detail).where(log.c.did.in_([*_NOW, *_LIKE])).order_by(log.c.id)
    for did, detail in conn.execute(entries):
        row, at, version = (detail or "").rpartition("@")
        if at:  # entries from before versions were noted have none
            last.setdefault(_LIKE.get(did, did), {})[row] = version
    for did, known in last.items():
        here = _NOW[did](conn)
        wrong = [row for row, version in known.items() if row in here and here[row] != version]
        if wrong:
            return f"{_WHAT[did]} {wrong[0]} is not as it was when it was last changed: an old one was put back"
    return ""


def _answers(conn: Connection) -> Mapping[str, str]:
    rows = conn.execute(select(answer.c.check_in_id, answer.c.questionnaire, answer.c.item, answer.c.rev))
    return {f"{row.check_in_id} {row.questionnaire}.{row.item}": str(row.rev) for row in rows}


def _goals(conn: Connection) -> Mapping[str, str]:
    rows = conn.execute(select(goal.c.pair_id, goal.c.number, goal.c.rev))
    return {f"{row.pair_id}:{row.number}": str(row.rev) for row in rows}


def _homework(conn: Connection) -> Mapping[str, str]:
    return {str(row.session_id): str(row.rev) for row in conn.execute(select(homework.c.session_id, homework.c.rev))}


def _digests(conn: Connection) -> Mapping[str, str]:
    rows = select(digest.c.id, digest.c.text, digest.c.html, digest.c.said).where(digest.c.text.is_not(None))
    return {row.id: _hash(row[1:]) for row in conn.execute(rows)}


def _chats(conn: Connection) -> Mapping[str, str]:
    rows = select(person.c.id, person.c.chat_key).where(person.c.chat_key.is_not(None))
    return {str(row.id): row.chat_key.hex()[:SHORT] for row in conn.execute(rows)}


_NOW: Mapping[str, Callable[[Connection], Mapping[str, str]]] = {
    "answer changed": _answers, "goal changed": _goals, "homework changed": _homework, "digest shown": _digests,
    "invite used": _chats,
}  # fmt: skip
"""By what the log calls it: the versions that the tables have now."""
_LIKE = {"phone changed": "invite used"}
_WHAT = {
    "answer changed": "the answer", "goal changed": "the goal", "homework changed": "the homework of session",
    "digest shown": "the text of digest", "invite used": "the chat of person",
}  # fmt: skip
