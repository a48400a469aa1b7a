"""Which pair a command or a button of the goal list and of homework is about, and what both have in common."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.chat.reply import Outcome, Reply, said
from bot.config import Config
from bot.core.person import Expects, Pair, Person
from bot.core.questionnaire import Voice
from bot.message import Button, Message, Rows
from bot.render import phrase
from bot.store import people

TYPE_WITHIN = timedelta(minutes=15)
CODES_A_ROW, MOST_CODES = 3, 96
"""A keyboard has room for a hundred buttons."""

Shown = tuple[Message | None, str | None]
"""A screen (None: there is no such thing for this person) and the fleeting line that answers the tap."""
NOTHING: Shown = (None, None)


@dataclass(frozen=True, slots=True)
class At:
    """A tap or a typed line in its transaction: whose, in which pair, about what (goal, change, session; 0: none)."""

    conn: Connection
    who: Person
    pair: Pair
    about: int
    config: Config
    now: datetime

    @property
    def voice(self) -> Voice:
        """The side this person is."""
        return "patient" if self.who.role == "patient" else "therapist"

    def expect(self, what: str, about: int) -> None:
        """The next typed words are the answer to what is asked now, for a quarter of an hour."""
        people.expect(self.conn, self.who, Expects(what, self.pair.id, about, self.now + TYPE_WITHIN))


def find(conn: Connection, who: Person, code: str, verb: str) -> Pair | Outcome | None:
    """The pair a command is about: the only one, or the one with this code; else what to say. None: takes no part.

    A therapist with several patients picks one: `verb`, with its door, goes into each button before the pair.
    """
    if who.state != "active":
        return None
    mine = people.own_pairs(conn, who)
    if who.role == "therapist" and code:
        return by_code(mine, code) or said(Message(phrase(who.lang, "no_such_patient")))
    if not mine:
        return said(Message(phrase(who.lang, "no_pair")))
    return mine[0] if len(mine) == 1 else own(_pick(who, mine, verb), who)


def by_code(mine: list[Pair], code: str) -> Pair | None:
    """The pair whose patient has this code; case makes no difference."""
    return next((pair for pair in mine if pair.patient.code.casefold() == code.casefold()), None)


def _pick(who: Person, mine: list[Pair], verb: str) -> Message:
    codes = tuple(Button(pair.patient.code, f"{verb}:{pair.id}:0") for pair in mine[:MOST_CODES])
    return Message(phrase(who.lang, "which_patient"), in_rows(codes, CODES_A_ROW))


def in_rows(buttons: tuple[Button, ...], width: int) -> Rows:
    """Short buttons, several in a row."""
    return tuple(buttons[n : n + width] for n in range(0, len(buttons), width))


def read_button(conn: Connection, who: Person, data: str, config: Config, now: datetime) -> tuple[str, At] | None:
    """The verb of a button and what it is about; None if it is forged, or about a pair of somebody else."""
    parts = data.split(":")
    if who.state != "active" or len(parts) != 4 or not all(n.isdecimal() and len(n) <= 12 for n in parts[2:]):
        return None
    pair = people.own_pair(conn, who, int(parts[2]))
    return None if pair is None else (parts[1], At(conn, who, pair, int(parts[3]), config, now))


def tapped(conn: Connection, who: Person, shown: Shown, message_id: int | None) -> Outcome:
    """The screen in place of the one that was tapped; it stands for the person's own conversation from now on."""
    screen, toast = shown
    if screen is None:
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    if message_id is not None and message_id != who.message_id:  # what is typed next moves this one
        people.change(conn, who.id, message_id=message_id)
    return Outcome((Reply(screen, message_id, about=""),), toast, woke=True)


def own(message: Message, who: Person) -> Outcome:
    """A fresh message that stands for the person's own conversation; the one before goes."""
    return Outcome((Reply(message, None, who.message_id, about=""),), woke=True)


def hidden(who: Person, verb: str) -> Message:
    """What stands where something private was; `verb`, a whole button, brings it back."""
    return Message(phrase(who.lang, "ready_hidden"), ((Button(phrase(who.lang, "open"), verb),),))
