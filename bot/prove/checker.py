"""The independent checker: what the phones saw and tapped, against the database file, with none of the bot's own code.

It reads the history of the local Bot API (plain values, as GET /history gives them) and the SQLite file, and says what
is lost, doubled, in a wrong record, sent twice, sent in quiet hours, sent to the wrong person, asked after it was
answered, or never done. The meaning of a button and of a screen is worked out anew, from the words people saw.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.prove.called import CONTACTS, calls
from bot.prove.heard import Heard, hear
from bot.store.driver import sqlite3
from bot.store.unsealing import unsealed

Event = Mapping[str, Any]
Row = sqlite3.Row

QUIET_FROM, QUIET_UNTIL = 21, 8
FORGOTTEN_AFTER_S = 1.9 * 86400
"""The bot forgets updates that are done after two days."""
DEATHS = ("died", "killed before", "killed after")
CLOSE_S = 30.0
"""So soon after a copy a death explains the next one."""
CLOCK_WRONG_S = 300.0
"""So wrong a machine's clock may be without anybody noticing."""
REMINDED_AFTER_S = 2 * 3600.0 - CLOSE_S
"""A question that had to wait for the end of an outage may be followed so soon by its reminder."""
AMBIGUOUS = ("lost", "killed after")
"""Faults after which a message may be there though the bot cannot know it."""
REACHED_LATE_S = 45 * 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `kind`: lost, doubled, wrong record, sent twice, quiet hours, wrong person,
    asked after answered, never asked or left undone.
    """

    kind: str
    words: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.words}"


@dataclass(frozen=True, slots=True)
class Case:
    """What the checker is given. `moved`: chats of people who changed their zone; their quiet hours are not judged."""

    events: Sequence[Event]
    tables: Mapping[str, list[Row]]
    ends: float
    heard: Heard
    moved: frozenset[int] = frozenset()
    clock_wrong_s: float = CLOCK_WRONG_S


def findings(
    events: Sequence[Event],
    database: Path,
    questionnaires: Path,
    ends: float,
    moved: Iterable[int] = (),
    clock_wrong_s: float = CLOCK_WRONG_S,
    called: bool = False,
) -> list[Finding]:
    """Everything that is wrong. `ends`: when it ended, and everything due until then was to be done (epoch seconds).
    `called`: the history says when something was wrong, so that requests to be called can be judged.
    """
    case = Case(events, tables(database), ends, hear(events, questionnaires), frozenset(moved), clock_wrong_s)
    checks = (_updates, _answers, _invented, _records, _copies, _quiet, _strangers, _too_late, _never, _undone)
    about_calls = calls(events, case.tables, ends) if called else ()
    return [*(finding for check in checks for finding in check(case)), *(Finding(*said) for said in about_calls)]


def tables(database: Path) -> dict[str, list[Row]]:
    """Every table of the file, in a copy with what is sealed opened."""
    with unsealed(database) as plain, closing(sqlite3.connect(plain)) as connection:
        connection.row_factory = sqlite3.Row
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: list(connection.execute(f'SELECT * FROM "{name}"')) for name in names}


def seconds(text: str | None) -> float | None:
    """An instant as it stands in the file, in epoch seconds."""
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


# ------------------------------------------------------------------------------------------------ lost, doubled


def _updates(case: Case) -> Iterator[Finding]:
    """What was confirmed to Telegram is not there any more: it must be dealt with. Floods of strangers need not."""
    states = {row["update_id"]: row["state"] for row in case.tables["inbox"]}
    known = {row["chat_id"] for row in case.tables["person"]}
    ignored = {
        event["detail"]["update_id"] for event in case.events
        if event["kind"] == "queued" and (sender := sent_by(event["detail"]["update"])) and sender not in known
    }  # fmt: skip
    came: dict[int, float] = {}
    for event in case.events:
        if event["kind"] not in ("delivered", "confirmed"):
            continue
        number = event["detail"]["update_id"]
        came.setdefault(number, event["at"])  # stored from then on; a bot that is stopped again confirms much later
        if event["kind"] == "delivered":
            continue
        if number not in states and number not in ignored and came[number] > case.ends - FORGOTTEN_AFTER_S:
            yield Finding("lost", f"update {number} was confirmed and is not in the file")
        elif states.get(number) in ("new", "accepted"):
            yield Finding("lost", f"update {number} was confirmed and never done")


def sent_by(update: Event) -> int | None:
    """Whose phone it came from; None where an odd update does not say so."""
    senders = (part.get("from") for part in update.values() if isinstance(part, dict))
    numbers = (sender.get("id") for sender in senders if isinstance(sender, dict))
    return next((number for number in numbers if type(number) is int), None)


def _answers(case: Case) -> Iterator[Finding]:
    """What the phone showed as taken is stored, with that value."""
    stored = {(row["check_in_id"], row["questionnaire"], row["item"]): row["value"] for row in case.tables["answer"]}
    for key, answer in case.heard.answers.items():
        if answer.certain and key not in stored and not answer.conditional:
            yield Finding("lost", f"{key}: {answer.label!r} was tapped and taken, and is not stored")
        elif answer.certain and key in stored and str(stored[key]) != answer.value:
            yield Finding("wrong record", f"{key}: {answer.label!r} was tapped, {stored[key]} is stored")


def _invented(case: Case) -> Iterator[Finding]:
    """No answer without somebody who gave it."""
    chats = _chats(case)
    persons = {row["id"]: row["person_id"] for row in case.tables["check_in"]}
    for row in case.tables["answer"]:
        chat = chats.get(persons.get(row["check_in_id"], 0))
        if (chat, row["check_in_id"]) not in case.heard.touched and chat not in case.heard.typed:
            yield Finding("wrong record", f"answer {row['id']} of {row['check_in_id']}: chat {chat} never gave one")


def _records(case: Case) -> Iterator[Finding]:
    """Each row belongs to the right pair, and there is one of each."""
    pairs = {row["id"]: row for row in case.tables["pair"]}
    sessions = {row["id"]: row["pair_id"] for row in case.tables["session"]}
    check_ins = {row["id"]: row for row in case.tables["check_in"]}
    for row in case.tables["check_in"]:
        pair = pairs[row["pair_id"]]
        if sessions.get(row["session_id"]) != row["pair_id"]:
            yield Finding("wrong record", f"check-in {row['id']}: its session is another pair's")
        if row["person_id"] not in (pair["patient_id"], pair["therapist_id"]):
            yield Finding("wrong record", f"check-in {row['id']}: its person is not of its pair")
    for row in case.tables["answer"]:
        if sessions.get(row["filed_under"]) != check_ins[row["check_in_id"]]["pair_id"]:
            yield Finding("wrong record", f"answer {row['id']} is filed under another pair's session")
    for table, columns in ONE_OF_EACH.items():
        seen = Counter(tuple(row[column] for column in columns) for row in case.tables[table])
        yield from (Finding("doubled", f"{table} {key}: {n} rows") for key, n in seen.items() if n > 1)


ONE_OF_EACH = {
    "check_in": ("pair_id", "session_id", "kind", "person_id"),
    "answer": ("check_in_id", "questionnaire", "item"),
    "outbox": ("key",),
    "inbox": ("update_id",),
}


# ------------------------------------------------------------------------------------------------ messages


def _buttons(event: Event) -> list[str]:
    markup = (event["detail"].get("result") or {}).get("reply_markup") or {}
    return [button["callback_data"] for row in markup.get("inline_keyboard", []) for button in row]


def _about(data: Sequence[str]) -> str | None:
    """The check-in or digest that a message's buttons belong to."""
    parts = next((one.split(":") for one in data if one[:2] in ("c:", "d:")), None)
    return None if parts is None else f"{parts[0]}:{parts[1]}"


def _loud(case: Case) -> dict[tuple[int, str, str], list[float]]:
    """When each message that makes a sound came: by chat, what it is about, and its words."""
    came: dict[tuple[int, str, str], list[float]] = defaultdict(list)
    for event in case.events:
        if event["kind"] == "sent" and not event["detail"].get("silent"):
            about = _about(_buttons(event))
            if about is not None:
                came[event["chat"], about, event["text"]].append(event["at"])
    return came


def _copies(case: Case) -> Iterator[Finding]:
    """No message twice, unless its reply was lost, or the process died over it. "Later" asks again, and may."""
    deaths = [e["at"] for e in case.events if e["kind"] == "fault" and e["detail"]["fault"] in DEATHS]
    troubles = [e["at"] for e in case.events if e["kind"] == "fault" and e["detail"]["fault"] == "disk"]
    unsure = _unsure(case)
    for (chat, about, words), times in _loud(case).items():
        explained = 1 + unsure[chat, about, words] + case.heard.put_off[about.partition(":")[2]]
        explained += times[-1] - times[0] > REMINDED_AFTER_S  # the one reminder has the same words
        explained += sum(any(at - 1 <= death <= at + CLOSE_S for death in deaths) for at in times[:-1])
        explained += sum(any(at - 60 <= one <= at + CLOSE_S for one in troubles) for at in times[:-1])
        if len(times) > explained:
            shown = ", ".join(f"{datetime.fromtimestamp(at, UTC):%d %H:%M:%S}" for at in times)
            yield Finding("sent twice", f"{chat} got {words!r} {len(times)} times ({shown}), {explained} explained")


def _unsure(case: Case) -> Counter[tuple[int, str, str]]:
    """How many tries of a message there were of which nobody knows whether they arrived."""
    unsure: Counter[tuple[int, str, str]] = Counter()
    for event in case.events:
        detail = event["detail"]
        if event["kind"] == "fault" and detail["fault"] in AMBIGUOUS and detail.get("method") == "sendMessage":
            markup = detail["params"].get("reply_markup") or {}
            data = [button["callback_data"] for row in markup.get("inline_keyboard", []) for button in row]
            unsure[event["chat"], _about(data) or "", event["text"]] += 1
    return unsure


def _quiet(case: Case) -> Iterator[Finding]:
    """A question or reminder does not ring between 21:00 and 08:00 on the receiver's wall."""
    zones = {row["chat_id"]: ZoneInfo(row["zone"]) for row in case.tables["person"] if row["chat_id"] is not None}
    for event in case.events:
        if event["kind"] != "sent" or event["detail"].get("silent") or event["chat"] in case.moved:
            continue
        if any(data.startswith("c:") for data in _buttons(event)) and event["chat"] in zones:
            wall = datetime.fromtimestamp(event["at"], zones[event["chat"]])
            early, late = (wall + timedelta(seconds=by) for by in (-case.clock_wrong_s, case.clock_wrong_s))
            if all(at.hour >= QUIET_FROM or at.hour < QUIET_UNTIL for at in (early, wall, late)):
                yield Finding("quiet hours", f"{event['chat']} at {wall:%a %d %H:%M:%S %Z}: {event['text']!r}")


def _strangers(case: Case) -> Iterator[Finding]:
    """Nobody gets a button of somebody else's, nor a code that is not of their own patients."""
    chats = _chats(case)
    owners = {f"c:{row['id']}": {chats.get(row["person_id"])} for row in case.tables["check_in"]}
    covers = {chats.get(row["cover_id"]) for row in case.tables["leave"]}
    for row in case.tables["digest"]:
        owners[f"d:{row['id']}"] = {chats.get(row["therapist_id"]), *covers}
    codes = _codes(case)
    for event in case.events:
        if event["kind"] not in ("sent", "edited", "photo"):
            continue
        about = _about(_buttons(event))
        if about is not None and about in owners and event["chat"] not in owners[about]:
            yield Finding("wrong person", f"{event['chat']} got a button of {about}")
        for code, readers in codes.items():
            if code in (event["text"] or "") and event["chat"] not in readers | covers:
                yield Finding("wrong person", f"{event['chat']} read {code}: {event['text']!r}")


def _codes(case: Case) -> dict[str, set[int | None]]:
    """Who may read a patient's code: the therapists the patient has, or had; who calls them back, if they asked."""
    chats, readers = _chats(case), {}
    contacts = {row["chat_id"] for row in case.tables["person"] if row["code"] in CONTACTS}
    called = {row["person_id"] for row in case.tables["call"]}
    for row in case.tables["person"]:
        if row["role"] == "patient":
            mine = [pair["therapist_id"] for pair in case.tables["pair"] if pair["patient_id"] == row["id"]]
            readers[row["code"]] = {chats.get(number) for number in mine} | (contacts if row["id"] in called else set())
    return readers


def _chats(case: Case) -> dict[int, int]:
    return {row["id"]: row["chat_id"] for row in case.tables["person"]}


def _too_late(case: Case) -> Iterator[Finding]:
    """Who has sent a form is not asked for it any more."""
    for (chat, about, words), times in _loud(case).items():
        kind, _, ident = about.partition(":")
        sent = case.heard.sent.get(ident)
        late = [] if kind != "c" or sent is None else [at for at in times if at > sent + CLOSE_S]
        for at in late:
            wall = datetime.fromtimestamp(at, UTC)
            gone = timedelta(seconds=round(at - sent)) if sent is not None else None
            yield Finding("asked after answered", f"{chat} at {wall:%d %H:%M} UTC, {gone} after Send: {words!r}")


# ------------------------------------------------------------------------------------------------ never done


def _never(case: Case) -> Iterator[Finding]:
    """What counts as asked (open, missed, answered) came to the phone, unless it is known that it could not."""
    shown = {
        about for event in case.events if event["kind"] in ("sent", "edited") if (about := _about(_buttons(event)))
    }
    known = {row["about"] for row in case.tables["outbox"] if row["state"] in ("gone", "aside", "unknown", "dropped")}
    for row in case.tables["check_in"]:
        if row["state"] in ("open", "missed", "answered") and f"c:{row['id']}" not in shown and row["id"] not in known:
            yield Finding("never asked", f"check-in {row['id']} is {row['state']}, and nobody saw it")
    for row in case.tables["digest"]:
        if row["state"] in ("offered", "sent") and f"d:{row['id']}" not in shown and row["id"] not in known:
            yield Finding("never asked", f"digest {row['id']} is {row['state']}, and nobody saw it")


def _undone(case: Case) -> Iterator[Finding]:
    """Nothing that was due is left, and nobody waits for an answer to a tap for ever."""
    for table, column in (("check_in", "due_at"), ("check_in", "words_due_at"), ("digest", "due_at")):
        for row in case.tables[table]:
            at = seconds(row[column])
            if at is not None and at < case.ends - REACHED_LATE_S:
                yield Finding("left undone", f"{table} {row['id']} has been due since {row[column]}")
    for row in case.tables["outbox"]:
        if row["state"] == "sending" or (row["state"] == "waiting" and _past(row["not_before"], case.ends)):
            yield Finding("left undone", f"outbox {row['id']} ({row['kind']}) is {row['state']}")
    for row in case.tables["check_in"]:
        if row["state"] == "open" and _past(row["closes_at"], case.ends):
            yield Finding("left undone", f"check-in {row['id']} is open past its closing")


def _past(text: str | None, ends: float) -> bool:
    at = seconds(text)
    return at is not None and at < ends - REACHED_LATE_S
