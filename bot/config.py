"""config.toml and the questionnaires -> one frozen Config, or every mistake of all files at once. The keys, how each is
read and what it is by default stand in `config_keys`; here is what they mean together.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.config_keys import CHECK_INS, TABLES, Key
from bot.config_readers import Refused, holds_token
from bot.config_together import Values, together
from bot.core.call import CallMe
from bot.core.discretion import Chat, Web
from bot.core.ledger import Rules
from bot.core.person import Person
from bot.core.pilot import ends
from bot.core.plan import Changes, Plan
from bot.core.questionnaire import Questionnaire, Words
from bot.core.questionnaire_part import kind_of, unknown
from bot.core.retention import Retention
from bot.core.thresholds import Thresholds
from bot.core.walltime import zone_of
from bot.questionnaire_folder import ROOT, load_questionnaires, read_folder, shipped_questionnaires
from bot.toml.file import Mistake, TomlFile, open_file

__all__ = [
    "Alarms", "BackingUp", "Clinic", "Config", "Consent", "Crisis", "Database", "Invite", "Log", "Metrics", "Mistake",
    "Pilot", "Questionnaires", "Retention", "Telegram", "Web", "check", "default_config", "load", "load_questionnaires",
    "read_token", "shipped_questionnaires", "warnings",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clinic:
    """Who runs this. `zone` is that of the sessions; `approval` is empty until someone has approved the use."""

    name: str
    zone: str
    languages: tuple[str, ...]
    approval: str
    contact: Words
    answers_seen: Words


@dataclass(frozen=True, slots=True)
class Crisis:
    """What people are told who need a person now; `overseas` for where the line does not work."""

    line: Words
    overseas: Words


@dataclass(frozen=True, slots=True)
class Telegram:
    """The Bot API, and where its token is: in an environment variable or in a file, never here."""

    base_url: str
    token_env: str
    token_file: Path | None


@dataclass(frozen=True, slots=True)
class Database:
    """Where everything is kept, and whether the file is encrypted as a whole, where that is possible."""

    path: Path
    encrypt: bool = True


@dataclass(frozen=True, slots=True)
class Questionnaires:
    """The questionnaires by id, and which of them each check-in holds, in order."""

    folder: Path
    by_id: Mapping[str, Questionnaire]
    after_session: tuple[str, ...]
    after_first: tuple[str, ...]
    homework: tuple[str, ...]
    therapist: tuple[str, ...]

    def asked_by(self, *plans: Changes | None) -> "Questionnaires":
        """The same with what closer plans say of what is asked, the closest last."""
        named = ((key, f"questionnaires.{key}") for key in CHECK_INS)
        own: dict[str, Any] = {key: tuple(plan[name]) for key, name in named for plan in plans if plan and name in plan}
        return replace(self, **own) if own else self


@dataclass(frozen=True, slots=True)
class Invite:
    """How long an invite can be used, and how often a person may try one."""

    valid: timedelta
    tries_per_hour: int


@dataclass(frozen=True, slots=True)
class Consent:
    """What the clinic adds to the consent text, by language; empty for nothing."""

    add: Words


@dataclass(frozen=True, slots=True)
class BackingUp:
    """Where backups go (None: none are made), how often one is made, and for how many days one of each is kept."""

    folder: Path | None = None
    every: timedelta = timedelta(minutes=15)
    keep: int = 14


@dataclass(frozen=True, slots=True)
class Metrics:
    """The port of this machine at which counts can be read; 0: nowhere."""

    port: int = 0


@dataclass(frozen=True, slots=True)
class Alarms:
    """Who is told when deliveries stand still ("": nobody), from when on; the address of the heartbeat ("": none), how
    often; the command for alerts that do not arrive (empty: none)."""

    duty_chat: str = ""
    overdue_after: timedelta = timedelta(minutes=10)
    heartbeat_url: str = ""
    heartbeat_every: timedelta = timedelta(minutes=5)
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pilot:
    """The last day on which only those who joined get messages; None: no pilot."""

    until: date | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """How much is logged; the syslog that keeps the log of who saw what a second time ("": none)."""

    level: str
    forward: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a clinic decides."""

    file: Path
    clinic: Clinic
    crisis: Crisis
    telegram: Telegram
    database: Database
    questionnaires: Questionnaires
    plan: Plan
    thresholds: Thresholds
    invite: Invite
    consent: Consent
    backup: BackingUp
    retention: Retention
    metrics: Metrics
    alarms: Alarms
    call_me: CallMe
    pilot: Pilot
    web: Web
    log: Log
    chat: Chat

    @property
    def pilot_ends(self) -> datetime | None:
        """The instant from which on everybody gets messages; None: no pilot."""
        return ends(self.pilot.until, zone_of(self.clinic.zone))

    def on_page(self, who: Person) -> bool:
        """Whether this person's chat carries no question and no answer: the clinic's, or the person's own choice."""
        return self.chat.on_page or (who.on_page and self.web.for_phones)

    @property
    def ledger_rules(self) -> Rules:
        """What the delivery ledger must know to say what is overdue."""
        return Rules(self.alarms.overdue_after, self.plan)


def default_config(folder: Path = Path()) -> Path:
    """The file to check if none is named: the folder's own config.toml, else the example that comes with Accord."""
    own = folder / "config.toml"
    return own if own.exists() else ROOT / "config.example.toml"


def load(path: Path) -> tuple[Config | None, list[Mistake]]:
    """The configuration, or None and every mistake of config.toml and of all questionnaire files."""
    absent = f"there is no such file: copy config.example.toml (in {ROOT}) to config.toml, fill it in, and name it."
    file = open_file(path, path.name, absent)
    if file.mistakes and not file.data:
        return None, file.mistakes
    _unknown_tables(file)
    values = {table: _table(file, table, keys) for table, keys in TABLES.items()}
    folder = _beside(path, values["questionnaires"].get("folder", "questionnaires"))
    found, mistakes = read_folder(folder, values["questionnaires"].get("folder", folder.name))
    together(file, values, found)
    if every := sorted(file.mistakes) + mistakes:
        return None, every
    by_id = {ident: one for ident, one in found.items() if one is not None}
    return _config(path, values, folder, by_id), []


def check(path: Path) -> tuple[list[Mistake], list[str]]:
    """What `accord check` says of a configuration: every mistake, and the warnings if there is none."""
    config, mistakes = load(path)
    return mistakes, warnings(config) if config else []


def _config(path: Path, values: Values, folder: Path, by_id: Mapping[str, Questionnaire]) -> Config:
    telegram = values["telegram"]
    token_file = _beside(path, telegram["token_file"]) if telegram["token_file"] else None
    backups = values["backup"]["folder"]
    return Config(
        file=path,
        clinic=Clinic(**values["clinic"]),
        crisis=Crisis(**values["crisis"]),
        telegram=Telegram(telegram["base_url"], telegram["token_env"], token_file),
        database=Database(_beside(path, values["database"]["path"]), values["database"]["encrypt"]),
        questionnaires=Questionnaires(**values["questionnaires"] | {"folder": folder, "by_id": by_id}),
        plan=Plan(**values["plan"]),
        thresholds=Thresholds(**values["findings"]),
        invite=Invite(**values["invite"]),
        consent=Consent(**values["consent"]),
        backup=BackingUp(**values["backup"] | {"folder": _beside(path, backups) if backups else None}),
        retention=Retention(**values["retention"]),
        metrics=Metrics(**values["metrics"]),
        alarms=Alarms(**values["alarms"]),
        call_me=CallMe(**values["call_me"]),
        pilot=Pilot(values["pilot"].get("until")),
        web=Web(**values["web"]),
        log=Log(**values["log"]),
        chat=Chat(**values["chat"]),
    )


def _beside(path: Path, written: str) -> Path:
    """A path of the file: relative to the file's folder, not to where the program was started."""
    return path.parent / os.path.expanduser(written)


def _unknown_tables(file: TomlFile) -> None:
    for name, value in file.data.items():
        if name in TABLES:
            continue
        homes = [table for table, keys in TABLES.items() if name in keys]
        if homes and not isinstance(value, dict):
            file.wrong((name,), f"stands outside of its table: move it under [{homes[0]}].")
        else:
            file.wrong((name,), f"there is no such table.{unknown(name, tuple(TABLES))}")


def _table(file: TomlFile, table: str, keys: Mapping[str, Key]) -> dict[str, Any]:
    """The values of one table; a key with a mistake is left out."""
    data = file.data.get(table, {})
    if not isinstance(data, dict):
        file.wrong((table,), f"must be a table, not {kind_of(data)}: write [{table}] on a line of its own.")
        return {}
    for name in data:
        if name not in keys:
            file.wrong((table, name), _unknown_key(table, name, data[name]))
    read = ((name, _read(file, (table, name), key, data.get(name))) for name, key in keys.items())
    values = {name: value for name, value in read if value is not None}
    if table == "telegram" and data.get("token_file") and "token_env" not in data:
        values["token_env"] = ""
    return values


def _unknown_key(table: str, name: str, value: object) -> str:
    if name == "token" or holds_token(value) or holds_token(name):
        return TOKEN_HERE
    homes = [other for other, keys in TABLES.items() if name in keys]
    if homes:
        return f"there is no such key in [{table}]: it belongs under [{homes[0]}], move it there."
    return f"there is no such key in [{table}].{unknown(name, tuple(TABLES[table]))}"


TOKEN_HERE = (
    "the bot's token must not stand in this file, which gets copied, mailed and printed: take it out, and put it into "
    "the environment variable that token_env names, or into a file of its own that token_file names."
)


def _read(file: TomlFile, path: tuple[str, str], key: Key, value: object) -> Any:
    """A key's value, its default if it is left out, or None after a mistake."""
    if value is None:
        if key.remedy:
            file.missing(path, f"is missing: under [{path[0]}] add {key.remedy}.")
        return None if key.remedy else key.default
    if holds_token(value):
        file.wrong(path, TOKEN_HERE)
        return None
    try:
        return key.read(value)
    except Refused as refusal:
        for says, steps in refusal.mistakes:
            file.wrong((*path, *steps), says)
        return None


def read_token(config: Config, environ: Mapping[str, str] | None = None) -> str | Mistake:
    """The bot's token, from where the configuration says; read only when the bot is about to run."""
    telegram = config.telegram
    if telegram.token_file is None:
        found = (os.environ if environ is None else environ).get(telegram.token_env, "").strip()
        key, where = "telegram.token_env", f"the environment variable {telegram.token_env}"
    else:
        key, where = "telegram.token_file", f"the file {telegram.token_file.name}"
        try:
            found = telegram.token_file.read_text(encoding="utf-8-sig")[:1000].strip()
        except (OSError, ValueError):
            return Mistake(config.file.name, 0, key, f"{where} cannot be read: put the token, and only it, into it.")
    if not found:
        return Mistake(config.file.name, 0, key, f"{where} is empty: put the token that @BotFather gave you into it.")
    if any(not letter.isprintable() or letter in " /" for letter in found):
        return Mistake(
            config.file.name, 0, key, f"{where} holds more than a token: put the token, and only it, into it."
        )
    return found


def warnings(config: Config) -> list[str]:
    """What can be run, but should be known before it is."""
    return [*_approval(config), *_token_file(config), *_address(config), *_never(config), *_left_over(config)]


def _approval(config: Config) -> Iterator[str]:
    if not config.clinic.approval:
        yield (
            "clinic.approval is empty: such messengers are generally not approved for official or nonpublic "
            "information. Do not enroll a DoD patient without written approval of the privacy office and the CIO; "
            "then write who approved it, and when."
        )


def _token_file(config: Config) -> Iterator[str]:
    path = config.telegram.token_file
    if path is None:
        return
    try:
        mode = path.stat().st_mode
    except OSError:
        yield "telegram.token_file: there is no such file yet: the bot cannot run before it is there."
        return
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield "telegram.token_file: other accounts of this machine can read it: take their rights away (chmod 600)."


def _address(config: Config) -> Iterator[str]:
    address = urlsplit(config.telegram.base_url)
    if address.scheme == "http" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
        yield "telegram.base_url: http carries the token and every answer unencrypted: use https."


def _never(config: Config) -> Iterator[str]:
    plan = config.plan
    for side, reminds, closes in (
        ("patient", plan.patient_reminds_after, plan.patient_closes_after),
        ("therapist", plan.therapist_reminds_after, plan.therapist_closes_after),
    ):
        if reminds >= closes:
            yield f"plan.{side}_reminds_after: no reminder will be sent, since the check-in closes before it."


def _left_over(config: Config) -> Iterator[str]:
    texts = {
        "clinic.contact": config.clinic.contact,
        "crisis.line": config.crisis.line,
        "crisis.overseas": config.crisis.overseas,
    }
    for key, words in texts.items():
        if any("…" in text for text in words.values()):
            yield f"{key} still has the … of the example: write your own number in its place."
