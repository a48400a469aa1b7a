"""The picture of a pair, sent to a therapist who asks for it under a digest. It is drawn after the commit (`inbox`).

A picture arrives silently, covered until it is tapped, with a caption that says nothing: what a notification shows of
it is no private word. The same facts come as text on a further tap.
"""

from datetime import datetime

from sqlalchemy import Connection

from bot.chat.reply import Outcome, Picture, Reply, said
from bot.config import Config
from bot.core.chart import Chart
from bot.core.person import Person
from bot.message import Button, Message
from bot.render import page, phrase


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    """[Hide] under a picture, or under its words."""
    if data != "i:hide":
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    stays = Message(phrase(who.lang, "picture_stays"))
    return said(stays) if message_id is None else Outcome((Reply(stays, removes=message_id),))


def in_words(chart: Chart, who: Person) -> Outcome:
    """The facts of a picture, as text."""
    return said(Message(page(who.lang, "chart.txt", c=chart), ((_hide(who),),)))


def drawn(chart: Chart, who: Person, *buttons: Button) -> Outcome:
    """The picture as a message of its own; if it cannot be drawn or sent, a sentence."""
    under = Message(phrase(who.lang, "ready_picture"), ((*buttons, _hide(who)),))
    trouble = Message(phrase(who.lang, "picture_trouble"))
    reply = Reply(trouble, picture=Picture(chart, who.lang, under))
    return Outcome((reply,), phrase(who.lang, "toast_picture"))


def _hide(who: Person) -> Button:
    return Button(phrase(who.lang, "hide"), "i:hide")
