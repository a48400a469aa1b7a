"""What the phones saw of a fortnight: whether anything went unsaid, was said twice, or to somebody else."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from bot.demo.script import CAST
from bot.emulator import Event, History, Phone
from bot.store.driver import sqlite3
from bot.store.unsealing import unsealed

CLOCK_TIME = re.compile(r"\b\d\d:\d\d\b|\b\d+:[0-9a-f]{12}\b")
"""And the log's last entry on the weekly page: a keyed hash is another one in another run."""
CODE = re.compile(r"\b[PT]-\d+\b")
Said = Counter[tuple[int, str]]
"""Words by chat, as often as they were said. Times are left out: after a death things may happen a minute later."""
_OWNERS = """
    SELECT check_in.id, chat_id FROM check_in JOIN person ON person.id = person_id
    UNION ALL SELECT digest.id, chat_id FROM digest JOIN person ON person.id = therapist_id
"""


def said(history: History, *kinds: str) -> Said:
    """What the bot said, by the kinds of the history: `sent` anew, `edited` in place."""
    return Counter((event.chat or 0, CLOCK_TIME.sub("", event.text or "")) for event in history.of(*kinds))


def unsaid(calm: History, killed: History) -> list[str]:
    """What somebody was told without kills, and less often, or never, with them."""
    missing = said(calm, "sent", "edited") - said(killed, "sent", "edited")
    return [f"never told {chat}: {words!r}" for chat, words in sorted(missing.elements())]


def copies(calm: History, killed: History) -> Said:
    """Messages that were sent more often with kills than without."""
    once = said(calm, "sent")
    return Counter({words: n for words, n in (said(killed, "sent") - once).items() if words in once})


def standing(phones: Iterable[Phone]) -> Said:
    """The bot's messages with buttons that are there at the end."""
    shown = ((phone, message) for phone in phones for message in phone.messages if message.by_bot and message.keyboard)
    return Counter((phone.id, CLOCK_TIME.sub("", message.text)) for phone, message in shown)


def outgoing(database: Path) -> tuple[set[str], int]:
    """The words of what goes through the outbox, and how many copies of it there may be by the bot's own count."""
    with unsealed(database) as plain, closing(sqlite3.connect(plain)) as connection:
        rows = connection.execute("SELECT json_extract(body, '$.text'), attempts FROM outbox").fetchall()
    return {CLOCK_TIME.sub("", text or "") for text, _ in rows}, sum(max(attempts - 1, 0) for _, attempts in rows)


def astray(history: History, database: Path) -> list[str]:
    """Everything that somebody got and that was meant for, or speaks of, somebody else."""
    with unsealed(database) as plain, closing(sqlite3.connect(plain)) as connection:
        owners: dict[str, int] = dict(connection.execute(_OWNERS).fetchall())
    return [
        f"{event.chat} got {what}: {event.text!r}"
        for event in history.of("sent", "edited")
        for what in (*_buttons_of_others(event, owners), *_codes_of_others(event), *_words_of_others(event, history))
    ]


def _buttons_of_others(event: Event, owners: dict[str, int]) -> Iterator[str]:
    markup = event.detail["result"].get("reply_markup", {"inline_keyboard": []})
    for button in (button for row in markup["inline_keyboard"] for button in row):
        kind, ident, *_ = button["callback_data"].split(":")
        if kind in ("c", "d") and owners.get(ident) != event.chat:
            yield f"a button of {owners.get(ident)}"


def _codes_of_others(event: Event) -> Iterator[str]:
    """A therapist reads the codes of own patients, a patient none."""
    reader = next(who for who in CAST if who.number == event.chat)
    own = {who.code for who in CAST if who.therapist == reader.code}
    yield from (f"the code {code}" for code in set(CODE.findall(event.text or "")) - own)


def _words_of_others(event: Event, history: History) -> Iterator[str]:
    """What a patient typed is for the patient and the therapist, and the other way round."""
    for words in history.of("said"):
        if len(words.text or "") > 12 and (words.text or "") in (event.text or "") and not _together(event, words):
            yield f"words of {words.chat}"


def _together(one: Event, other: Event) -> bool:
    number = {who.code: who.number for who in CAST}
    pairs = [{who.number, number[who.therapist]} for who in CAST if who.therapist]
    return one.chat == other.chat or {one.chat, other.chat} in pairs
