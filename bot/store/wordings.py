"""The wording that people answered. Changed words under the same version would make two answers look alike."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot.core.questionnaire import Questionnaire
from bot.store.tables import answer, wording


def changed(conn: Connection, questionnaires: Iterable[Questionnaire], now: datetime) -> list[str]:
    """Remember the wording of each questionnaire; a sentence for each whose wording changed after it was answered."""
    return [says for one in questionnaires if (says := _changed(conn, one, now))]


def _changed(conn: Connection, one: Questionnaire, now: datetime) -> str | None:
    same = (wording.c.questionnaire == one.id) & (wording.c.version == one.version)
    known = conn.execute(select(wording.c.fingerprint).where(same)).scalar()
    mark = _fingerprint(one)
    if known is None:
        conn.execute(insert(wording).values(questionnaire=one.id, version=one.version, fingerprint=mark, seen_at=now))
        return None
    if known == mark:
        return None
    answered = (answer.c.questionnaire == one.id) & (answer.c.version == one.version)
    if conn.execute(select(answer.c.id).where(answered).limit(1)).first() is None:
        conn.execute(update(wording).where(same).values(fingerprint=mark, seen_at=now))
        return None
    return (
        f'The questionnaire "{one.id}" was changed, and version {one.version} of it has been answered: '
        f"set version = {one.version + 1} in its file."
    )


def _fingerprint(one: Questionnaire) -> str:
    """The same for the same words, scales and conditions; how the answers are scored is no wording."""
    asked = {key: value for key, value in _plain(one).items() if key != "scores"}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=_plain).encode()).hexdigest()


def _plain(one: Any) -> Any:
    """What `dataclasses.asdict` gives, one level at a time: a copy of everything takes ten times as long."""
    return {field.name: getattr(one, field.name) for field in fields(one)} if is_dataclass(one) else str(one)
