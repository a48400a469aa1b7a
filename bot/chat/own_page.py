"""What the chat does not show where all is on the page: a link to it there, and its taps and words on that page.

The page shows the same messages and sends the same buttons to the same functions as a chat would.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from bot.chat import checkins, days, digests, goals, homework, mine, mydata
from bot.chat.reply import Outcome, said
from bot.config import Config
from bot.core.person import Person
from bot.message import OPENS, Button, Message
from bot.render import phrase
from bot.store import own_pages, people
from bot.store.own_pages import Own
from bot.store.refusals import refused

Handler = Callable[[Connection, Person, str, int | None, Config, datetime], Outcome]


def link(conn: Connection, who: Person, what: str, about: str, now: datetime) -> Message:
    """The message with a link to one's own page of something: nothing else is in it."""
    carried = own_pages.ask(conn, who, what, about, now)
    return Message(phrase(who.lang, "own_link"), ((Button(phrase(who.lang, "open"), f"{OPENS}{carried}"),),))


# ------------------------------------------------------------------------------------------------ the page


def _digest(conn: Connection, who: Person, about: str, config: Config, now: datetime) -> Outcome:
    if not about:
        return said(Message(phrase(who.lang, "no_digest")))
    return digests.on_tap(conn, who, f"d:{about}:open", None, config, now)


def _pair(conn: Connection, who: Person, about: str, config: Config, now: datetime) -> Outcome:
    """By a patient's code, or by the button that led here."""
    if about.startswith("p:"):
        return digests.on_pair_tap(conn, who, about, None, config, now)
    return days.pair(conn, who, about, config, now)


OPEN: Mapping[str, Callable[[Connection, Person, str, Config, datetime], Outcome | None]] = {
    "mine": mine.command, "goals": goals.command, "homework": homework.command, "mydata": mydata.command,
    "digest": _digest, "today": days.today, "patients": days.patients, "pair": _pair,
}  # fmt: skip
"""What each page begins with."""
_OF_PAIRS: Mapping[str, Handler] = {"d": digests.on_tap, "p": digests.on_pair_tap, "c": checkins.on_tap}
TAPS: Mapping[str, Mapping[str, Handler]] = {
    "mine": {"m": mine.on_tap}, "goals": {"g": goals.on_tap}, "homework": {"h": homework.on_tap}, "mydata": {},
    **dict.fromkeys(("digest", "today", "patients", "pair"), _OF_PAIRS),
}  # fmt: skip
"""The buttons of each page, by their first letter. [Send me both files] is two links there."""
WORDS = {
    "goal": goals.on_words, "reword": goals.on_words, "homework": homework.on_words, "why": homework.on_words,
}  # fmt: skip
"""What typed words can have been asked for, on the pages of the same name."""


def opened(conn: Connection, who: Person, own: Own, config: Config, now: datetime) -> Outcome:
    """The page as it begins."""
    return OPEN[own.what](conn, who, own.about, config, now) or said(Message(phrase(who.lang, "no_pair")))


def tapped(conn: Connection, who: Person, own: Own, data: str, config: Config, now: datetime) -> Outcome:
    """A button of the page; one that is none of its own changes nothing, and is kept as refused."""
    people.expect(conn, who, None)
    letter = data.partition(":")[0]
    handler = TAPS[own.what].get(letter)
    outcome = None if handler is None else handler(conn, who, data, None, config, now)
    if outcome is None or outcome.toast == phrase(who.lang, "toast_not_yours"):
        refused(conn, who, "tap", letter if handler else "unknown", now)
    return outcome or Outcome(toast=phrase(who.lang, "toast_not_yours"))


def wrote(conn: Connection, who: Person, own: Own, words: str, config: Config, now: datetime) -> Outcome:
    """Words for what was asked; a page that asks nothing shows itself again."""
    if not asks(who, own, now) or who.expects is None:
        return opened(conn, who, own, config, now)
    expects = who.expects
    people.expect(conn, who, None)
    return WORDS[expects.what](conn, who, words, expects, config, now)


def asks(who: Person, own: Own, now: datetime) -> bool:
    """Whether the page waits for words."""
    return (
        own.what in ("goals", "homework")
        and who.expects is not None
        and who.expects.what in WORDS
        and now <= who.expects.until
    )
