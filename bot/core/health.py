"""How a clinic's Accord is: what was found out about it -> a line for each thing, and the same as counts.

A line is ok, a note (to be known, nobody is needed) or act (somebody must do something). Nothing here names a person.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from bot.core import forwarding
from bot.core.backups import SCRUB_EVERY, Backup
from bot.core.forwarding import Forwarding
from bot.core.retention import Tonight, counted, rehearsed

State = Literal["ok", "note", "act"]

UNSENT_FROM = timedelta(minutes=15)
SILENT_FROM = timedelta(minutes=3)
"""A bot that works leaves a sign of life every minute."""
CLOCK_NOTE, CLOCK_ACT = timedelta(seconds=5), timedelta(seconds=60)
LEAST_FREE = 500_000_000
FREE_FOR_COPIES = 4
"""So many times the database must fit on the disk: a backup, its drill, a migration's copy, and the -wal."""
DRILLED_WITHIN = timedelta(days=8)
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is without the database: versions, files, the disk, the clock.

    `clock_ahead`: how far this machine's clock is ahead of the Bot API's; None if that did not answer. `token`: what is
    wrong with it. `open_files`: those that other accounts can read.
    """

    accord: str
    python: str
    sqlite: tuple[int, int, int]
    sqlite_of: str
    zones: str
    token: str = ""
    warnings: int = 0
    open_files: tuple[str, ...] = ()
    free: int = 0
    clock_ahead: timedelta | None = timedelta(0)
    holder: int | None = None  # the process that holds the database
    damage: str = ""
    key: str = ""  # where the master key lies
    keyless: str = ""  # what is wrong with the keys
    cipher: str = ""  # the version of SQLCipher; "": there is none
    encrypt: bool = True  # whether the file is to be encrypted
    encrypted: bool = False  # whether it is
    plain: tuple[str, ...] = ()  # copies of the database from before it was sealed
    scrubbed_at: datetime | None = None
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the database says of the work."""

    alive_at: datetime | None
    zones_current: bool = True
    unsent: int = 0
    unsent_since: datetime | None = None
    set_aside: int = 0
    unread: int = 0
    unknown: int = 0
    copies: int = 0
    stuck: int = 0  # alerts to the clinic's own people that do not arrive


@dataclass(frozen=True, slots=True)
class Backups:
    """What is known of the backups; `every` None: none are made."""

    every: timedelta | None = None
    newest: Backup | None = None
    count: int = 0
    bad: int = 0
    drilled_at: datetime | None = None
    same_disk: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was found out at one moment. `vitals`: None if no database could be asked; `why_none` says why."""

    now: datetime
    machine: Machine
    vitals: Vitals | None
    backups: Backups = field(default_factory=Backups)
    why_none: str = ""
    untold: tuple[str, ...] = ()  # contacts of [call_me] whom no request would reach now
    tonight: Tonight | None = None  # what retention lets go next; None: not asked
    forwarding: Forwarding | None = None  # of the log of who saw what; None: it is kept here alone


@dataclass(frozen=True, slots=True)
class Line:
    """One thing, in one sentence."""

    name: str
    state: State
    says: str


def lines(facts: Facts) -> list[Line]:
    """A line for each thing, always in this order."""
    machine, vitals = facts.machine, facts.vitals
    every = [_program(machine), _sqlite(machine), _zones(machine, vitals), _token(machine), _settings(machine)]
    every += [_files(machine), _keys(machine), _disk(machine), _clock(machine), _database(facts)]
    every += [_file(machine)] if vitals is not None else []
    if vitals is not None:
        every += [_bot(machine, vitals, facts.now), _unsent(vitals, facts.now), _letters(vitals), _copies(vitals)]
        every += [_alerts(vitals)] if vitals.stuck else []
    every += [_contacts(facts)] if facts.untold else []
    every += [_retention(facts.tonight)] if facts.tonight is not None else []
    every += [_forwarding(facts.forwarding, facts.now)] if facts.forwarding is not None else []
    return [*every, _backup(facts), _drill(facts), _scrub(facts)]


def _contacts(facts: Facts) -> Line:
    codes = " and ".join(facts.untold)
    return Line(
        "contacts", "act", f"[call_me] names {codes}, whom no request reaches now: invite them, or name others."
    )


def _retention(tonight: Tonight) -> Line:
    """The next night rehearsed: whose records end, what else goes, and who is next."""
    is_held_back, says = rehearsed(tonight)
    return Line("retention", "note" if is_held_back else "ok", says)


def _forwarding(found: Forwarding, now: datetime) -> Line:
    must_act, says = forwarding.said(found, now)
    return Line("log", "act" if must_act else "ok", says)


def _alerts(vitals: Vitals) -> Line:
    says = (
        f"{counted(vitals.stuck, 'alert')} to the clinic's own contacts did not arrive, such as a request to be called"
    )
    return Line("alerts", "act", f"{says}: tell them now, and look at the bot's log.")


def needs_somebody(found: list[Line]) -> bool:
    """Whether anything is to be done."""
    return any(line.state == "act" for line in found)


# ------------------------------------------------------------------------------------------------ the machine


def _program(machine: Machine) -> Line:
    return Line("program", "ok", f"Accord {machine.accord}, Python {machine.python}.")


def is_fixed(sqlite: tuple[int, int, int]) -> bool:
    """Whether two connections cannot damage a file in WAL mode: from 3.51.3 on, 3.50.7 and 3.44.6
    (https://sqlite.org/wal.html#walresetbug).
    """
    return sqlite >= (3, 51, 3) or (3, 50, 7) <= sqlite < (3, 51) or (3, 44, 6) <= sqlite < (3, 45)


def _sqlite(machine: Machine) -> Line:
    which = f"SQLite {'.'.join(map(str, machine.sqlite))} of {machine.sqlite_of}"
    if is_fixed(machine.sqlite):
        return Line("sqlite", "ok", f"{which}.")
    return Line(
        "sqlite", "act",
        f"{which} can damage a database that two programs use at once, as the bot and the desk do. "
        'Install a newer one: pip install "sqlcipher3>=0.6.4" into Accord\'s environment (needs SQLite 3.51.3).',
    )  # fmt: skip


def _zones(machine: Machine, vitals: Vitals | None) -> Line:
    if vitals is None or vitals.zones_current:
        return Line("time zones", "ok", f"The time zones of release {machine.zones}.")
    says = f"Release {machine.zones} is installed, what is planned is of another one: start the bot again."
    return Line("time zones", "act", says)


def _token(machine: Machine) -> Line:
    if not machine.token:
        return Line("token", "ok", "The bot's token is there.")
    if machine.holder is not None:  # it may stand in the environment of the bot alone
        return Line("token", "note", "The bot has its token; from here it cannot be seen.")
    return Line("token", "act", f"{machine.token[:1].upper()}{machine.token[1:]}")


def _settings(machine: Machine) -> Line:
    if not machine.warnings:
        return Line("settings", "ok", "The configuration is in order.")
    return Line("settings", "note", f"The configuration has {counted(machine.warnings, 'warning')}: accord check.")


def _files(machine: Machine) -> Line:
    if not machine.open_files:
        return Line("files", "ok", "Only Accord's account can read the database, its backups and the token.")
    says = f"Other accounts can read {', '.join(machine.open_files)}: chmod go= takes their rights away."
    return Line("files", "act", says)


def _keys(machine: Machine) -> Line:
    if machine.keyless:
        return Line("keys", "act", f"{machine.keyless[0].upper()}{machine.keyless[1:]}.")
    if machine.plain:
        says = f"{', '.join(machine.plain)}: in plain words, from before the database was sealed. Delete it once all is"
        return Line("keys", "act", f"{says} well.")
    return Line("keys", "ok", f"Answers are sealed. The master key: {machine.key}; keep a copy where no backup lies.")


def _disk(machine: Machine) -> Line:
    needed = max(LEAST_FREE, FREE_FOR_COPIES * machine.bytes)
    says = f"{machine.free // MB:,} MB are free; the database has {machine.bytes / MB:,.1f} MB"
    if machine.free >= needed:
        return Line("disk", "ok", f"{says}.")
    return Line("disk", "act", f"{says}: make room, at least {needed // MB:,} MB.")


def _clock(machine: Machine) -> Line:
    ahead = machine.clock_ahead
    if ahead is None:
        return Line("clock", "act", "The Bot API does not answer: is there a network, is base_url right?")
    off = abs(ahead)
    if off < CLOCK_NOTE:
        return Line("clock", "ok", "The clock agrees with the Bot API's.")
    says = f"The clock is {_long(off)} {'ahead of' if ahead > timedelta(0) else 'behind'} the Bot API's"
    if off < CLOCK_ACT:
        return Line("clock", "note", f"{says}.")
    return Line("clock", "act", f"{says}: everything comes at a wrong time. Turn time synchronization on.")


# ------------------------------------------------------------------------------------------------ the work


def _database(facts: Facts) -> Line:
    machine = facts.machine
    if machine.damage:
        return Line("database", "act", machine.damage)
    if facts.vitals is None:
        return Line("database", "act", facts.why_none)
    return Line("database", "ok", "The database is whole, as far as SQLite can tell.")


def _file(machine: Machine) -> Line:
    """Whether the database file is encrypted as a whole."""
    if machine.encrypted:
        return Line("file", "ok", f"The database file is encrypted (SQLCipher {machine.cipher}).")
    plain = "The database file is not encrypted: who has it alone can read codes and appointments"
    if not machine.encrypt:
        return Line("file", "note", f"{plain}. [database] encrypt = false says so.")
    if not machine.cipher:
        remedy = 'pip install "sqlcipher3>=0.6.4" into Accord\'s environment, where there is one for this machine'
        return Line("file", "note", f"{plain}. {remedy}; then start the bot again.")
    return Line("file", "act", f"{plain}. Start the bot again, while no other program has the file open.")


def _bot(machine: Machine, vitals: Vitals, now: datetime) -> Line:
    if vitals.alive_at is None:
        return Line("bot", "note", "The bot has never run on this database.")
    silent = now - vitals.alive_at
    if machine.holder is None:
        return Line("bot", "act", f"The bot does not run; its last sign of life is {_long(silent)} old: accord run.")
    if silent >= SILENT_FROM:
        says = f"The bot runs (process {machine.holder}) and does not work since {_long(silent)}: start it again."
        return Line("bot", "act", says)
    return Line("bot", "ok", f"The bot runs (process {machine.holder}).")


def _unsent(vitals: Vitals, now: datetime) -> Line:
    if vitals.unsent_since is None:
        return Line("unsent", "ok", "Nothing waits to be sent.")
    age = now - vitals.unsent_since
    says = f"{counted(vitals.unsent, 'message')} to be sent, the oldest since {_long(age)}"
    if age < UNSENT_FROM:
        return Line("unsent", "ok", f"{says}.")
    return Line("unsent", "act", f"{says}: look at the bot's log, and at accord clinic ledger.")


def _letters(vitals: Vitals) -> Line:
    lost = f" Of {counted(vitals.unknown, 'message')} nobody knows if they arrived." if vitals.unknown else ""
    if not vitals.set_aside and not vitals.unread:
        return Line("letters", "note" if lost else "ok", f"No letter is set aside.{lost}")
    says = (
        f"Set aside: {counted(vitals.set_aside, 'message')} that Telegram refused, "
        f"{counted(vitals.unread, 'update')} that could not be read: accord doctor letters.{lost}"
    )
    return Line("letters", "act", says)


def _copies(vitals: Vitals) -> Line:
    if not vitals.copies:
        return Line("copies", "ok", "Nothing was sent twice.")
    says = f"At most {counted(vitals.copies, 'message')} arrived twice, after a lost reply. No answer is stored twice."
    return Line("copies", "ok", says)


# ------------------------------------------------------------------------------------------------ backups


def _backup(facts: Facts) -> Line:
    of = facts.backups
    if of.every is None:
        return Line("backup", "act", "No backups are made: name a folder under [backup].")
    if of.newest is None:
        return Line("backup", "act", "There is no backup yet: accord backup.")
    age = facts.now - of.newest.made_at
    says = f"The last of {counted(of.count, 'backup')} is {_long(age)} old"
    if of.bad:
        return Line("backup", "act", f"{says}; {of.bad} of them cannot be used: remove them, and look at the disk.")
    if age > 2 * of.every + timedelta(minutes=5):
        return Line("backup", "act", f"{says}, and one is due every {_long(of.every)}: look at the bot's log.")
    if of.same_disk:
        return Line("backup", "note", f"{says}. They lie on the database's own disk: copy them to another one.")
    return Line("backup", "ok", f"{says}.")


def _drill(facts: Facts) -> Line:
    at = facts.backups.drilled_at
    if at is None:
        state: State = "act" if facts.backups.newest is not None else "note"
        return Line("drill", state, "No backup was ever restored for practice: accord backup does it.")
    says = f"A backup was last restored for practice {_long(facts.now - at)} ago"
    if facts.now - at > DRILLED_WITHIN:
        return Line("drill", "act", f"{says}: accord backup does it.")
    return Line("drill", "ok", f"{says}.")


def _scrub(facts: Facts) -> Line:
    at = facts.machine.scrubbed_at
    if at is None:
        return Line("scrub", "note", "The files were not read through yet; a running bot does it once a week.")
    says = f"All files were last read through {_long(facts.now - at)} ago"
    if facts.now - at > SCRUB_EVERY + timedelta(days=1):
        return Line("scrub", "act", f"{says}; a running bot does it once a week: look at its log.")
    return Line("scrub", "ok", f"{says}.")


def _long(time: timedelta) -> str:
    """A duration as people say it, in its largest unit."""
    seconds = int(abs(time).total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}s"
    return counted(seconds, "second")


# ------------------------------------------------------------------------------------------------ counts


def exposition(facts: Facts) -> str:
    """The same as counts, in the text format of Prometheus 0.0.4: numbers only, nothing of anybody."""
    found = [f'accord_check{{name="{line.name}"}} {_LEVEL[line.state]}' for line in lines(facts)]
    head = (
        "# HELP accord_check How a thing is: 0 well, 1 to be known, 2 somebody must act.\n# TYPE accord_check gauge\n"
    )
    return head + "\n".join(found) + "\n" + "".join(_metrics(facts))


_LEVEL: dict[State, int] = {"ok": 0, "note": 1, "act": 2}


def _metrics(facts: Facts) -> Iterator[str]:
    machine, vitals, of, now = facts.machine, facts.vitals, facts.backups, facts.now
    yield _metric("database_bytes", "Size of the database.", machine.bytes)
    yield _metric("disk_free_bytes", "Free on its disk.", machine.free)
    if machine.clock_ahead is not None:
        yield _metric("clock_ahead_seconds", "Against the Bot API's clock.", machine.clock_ahead.total_seconds())
    if vitals is not None:
        if vitals.alive_at is not None:
            yield _metric("alive_age_seconds", "Since the last sign of life.", (now - vitals.alive_at).total_seconds())
        since = vitals.unsent_since or now
        yield _metric("unsent", "Messages that wait to be sent.", vitals.unsent)
        yield _metric("unsent_age_seconds", "Of the oldest of them.", (now - since).total_seconds())
        yield _metric("refused", "Messages that Telegram refused, set aside.", vitals.set_aside)
        yield _metric("unread", "Updates that could not be read, set aside.", vitals.unread)
        yield _metric("unknown", "Messages of which nobody knows if they arrived.", vitals.unknown)
        yield _metric("alerts_stuck", "Alerts to the clinic's contacts that did not arrive.", vitals.stuck)
        yield _metric("copies", "Messages that may have arrived twice.", vitals.copies)
    yield _metric("backups", "Backups kept.", of.count)
    if of.newest is not None:
        yield _metric("backup_age_seconds", "Of the newest.", (now - of.newest.made_at).total_seconds())
    if of.drilled_at is not None:
        yield _metric("drill_age_seconds", "Since a backup was restored.", (now - of.drilled_at).total_seconds())
    if machine.scrubbed_at is not None:
        yield _metric("scrub_age_seconds", "Since all was read.", (now - machine.scrubbed_at).total_seconds())


def _metric(name: str, says: str, value: float) -> str:
    return f"# HELP accord_{name} {says}\n# TYPE accord_{name} gauge\naccord_{name} {value:g}\n"
