"""The clinic's door to plans of one's own: what a therapist's or a patient's plan says differently from the clinic's.

Keys and values are those of config.toml: the keys of [plan], and those of [questionnaires] with that word before them.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection

from bot import config_readers
from bot.clinic import Shown, changing
from bot.config import Config
from bot.config_keys import CHECK_INS, TABLES
from bot.config_together import too_large, unspoken
from bot.core.person import Person
from bot.core.plan import OF_A_THERAPIST, OF_THE_CLINIC, WEEKDAYS, plain
from bot.core.plans import plan_of, wished_by
from bot.core.problem import did_you_mean
from bot.core.questionnaire import Voice
from bot.store import appointments, audit, people
from bot.store.people import Refused

ASKED = "questionnaires."
KEYS = (*(key for key in TABLES["plan"] if key not in OF_THE_CLINIC), *(ASKED + key for key in CHECK_INS))
"""What a plan of one's own may say."""
UNITS = ((timedelta(days=1), "days"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def set_plan(
    conn: Connection, config: Config, code: str, values: Sequence[str], reset: Sequence[str], now: datetime
) -> Shown:
    """Change somebody's plan: values as "ask_every=2", keys in `reset` as others' plans say. Every mistake is named."""
    who = _planned(conn, code)
    found, mistakes = _read(config, who, values, reset)
    if mistakes:
        raise Refused("\n".join(mistakes))
    kept = {key: value for key, value in (who.plan or {}).items() if key not in reset} | found

    def work() -> Shown:
        people.change(conn, who.id, plan=kept or None)
        audit.note(conn, "plan changed", now, about=who.id, detail=", ".join(sorted({*found, *reset}))[:200])
        changed = people.by_id(conn, who.id)
        if who.role == "therapist" and who.state == "active":
            appointments.plan_own_digests(conn, changed, config.plan, now)
        return show_plan(conn, config, code, now)

    return changing(conn, config, [pair.id for pair in people.own_pairs(conn, who)], now, work)


def show_plan(conn: Connection, config: Config, code: str, now: datetime) -> Shown:  # noqa: ARG001
    """The plan as it is for somebody: each key, its value as in config.toml, and whose plan says so."""
    who = _planned(conn, code)
    above = _above(conn, who)
    rows = [
        {"key": key, "value": worded(key, value), "from": _whose(key, above)}
        for key, value in in_force(conn, config, who).items()
    ]
    return {"id": who.id, "code": who.code, "plan": rows}


def in_force(conn: Connection, config: Config, who: Person) -> Shown:
    """Every key of the plan that somebody can have for oneself, with its value as it is."""
    above = _above(conn, who)
    pair = next(iter(people.own_pairs(conn, who)), None) if who.role == "patient" else None
    plan = asdict(wished_by(who, config.plan) if pair is None else plan_of(pair, config.plan))
    asked = config.questionnaires.asked_by(*(one.plan for one in above))
    values = plan | {ASKED + key: getattr(asked, key) for key in CHECK_INS}
    return {key: values[key] for key in KEYS}


def _above(conn: Connection, who: Person) -> list[Person]:
    """Whose plans stand above the clinic's, the closest last."""
    pair = next(iter(people.own_pairs(conn, who)), None) if who.role == "patient" else None
    return [who] if pair is None else [pair.therapist, who]


def _whose(key: str, above: Sequence[Person]) -> str:
    return next((one.code for one in reversed(above) if key in (one.plan or {})), "clinic")


def _planned(conn: Connection, code: str) -> Person:
    who = people.by_code(conn, code)
    if who.role == "staff":
        raise Refused(f'"{who.code}" is staff, and a plan is of a therapist or a patient.')
    return who


# ------------------------------------------------------------------------------------------------ reading


def _read(config: Config, who: Person, values: Sequence[str], reset: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """What is to be kept, as plain values, and every mistake."""
    found: dict[str, Any] = {}
    mistakes = [says for key in reset if (says := _unfit(key, who))]
    for written in values:
        key, sign, text = (part.strip() for part in written.partition("="))
        if says := _unfit(key, who) or ("" if sign else f'"{key}" has no value: write {key}=…'):
            mistakes.append(says)
            continue
        try:
            found[key] = _value(config, key, text)
        except config_readers.Refused as refused:
            mistakes += [f"{key} {says}" for says, _ in refused.mistakes]
    return found, mistakes


def _unfit(key: str, who: Person) -> str:
    """Why this key is none of this person's plan."""
    if key in OF_THE_CLINIC:
        return f'"{key}" is the same for everybody: change it in config.toml.'
    if key not in KEYS:
        return (
            f'There is no "{key[:40]}" in a plan.{did_you_mean(key, KEYS)} `accord clinic plan {who.code}` shows all.'
        )
    if key in OF_A_THERAPIST and who.role == "patient":
        return f'"{key}" is for all pairs of a therapist: change it in the therapist\'s plan.'
    return ""


def _value(config: Config, key: str, text: str) -> Any:
    """A typed value as it is kept; refused in the words of config.toml."""
    if key.startswith(ASKED):
        return _questionnaires(
            config, key.removeprefix(ASKED), [one for part in text.split(",") if (one := part.strip())]
        )
    word: object = text.strip("\"'")
    if text.lower() in ("true", "false"):
        word = text.lower() == "true"
    elif text.lstrip("-").isdecimal() and len(text) < 10:
        word = int(text)
    return plain(TABLES["plan"][key].read(word))


def _questionnaires(config: Config, key: str, names: list[str]) -> list[str]:
    found, side = config.questionnaires.by_id, "therapist" if key == "therapist" else "patient"
    voice: Voice = "therapist" if key == "therapist" else "patient"
    for name in config_readers.names(names):
        if name not in found:
            raise config_readers.Refused(f'names "{name}", and there is none.{did_you_mean(name, found)}')
        if not found[name].items_for(voice):
            raise config_readers.Refused(f'names "{name}", which asks the {side} nothing.')
        if missing := unspoken(found[name], config.clinic.languages):
            raise config_readers.Refused(f'names "{name}", which is not written in {missing[0]}.')
    if key == "after_session" and not names:
        raise config_readers.Refused("is empty: write ask_patient=false if this patient is not to be asked.")
    if key == "therapist" and (says := too_large([found[name] for name in names])):
        raise config_readers.Refused(says)
    return names


def worded(key: str, value: Any) -> str:
    """A value of a plan as config.toml has it: "24 h", "18:00", "true", "alliance, goals"."""
    if key == "weekly_day":
        return WEEKDAYS[value]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, tuple | list):
        return ", ".join(value) or "nothing"
    return _elapsed(value) if isinstance(value, timedelta) else str(value)


def _elapsed(value: timedelta) -> str:
    for unit, name in UNITS:
        if value and not value % unit:
            return f"{value // unit} {name}" if (name != "days" or value >= 2 * unit) else "24 h"
    return f"{int(value.total_seconds())} s" if value else "0 min"
