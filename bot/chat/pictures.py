"""The picture of a pair, sent to a therapist who asks for it under a digest. It is drawn after the commit (`inbox`).

A picture arrives silently, covered until it is tapped, with a caption that says nothing: what a notification shows of
it is no private word. The same facts come as text on a further tap.
"""

from datetime import datetime

from sqlalchemy import Connection

from bot.chat.reply import Outcome, Picture, Reply, said
from bot.config import Config
from bot.core.chart import Chart, for_therapist
from bot.core.person import Person
from bot.message import Button, Message
from bot.render import page, phrase
from bot.store import digests, histories, people
from bot.store.digests import KeptDigest


def of_digest(conn: Connection, kept: KeptDigest, who: Person, config: Config, now: datetime) -> Outcome:
    """[Chart] under a digest of this therapist's; the weekly one has none."""
    chart = _chart(conn, kept, config, now)
    if chart is None:
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    return drawn(chart, who, Button(phrase(who.lang, "in_words"), f"p:{kept.id}:words"))


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:
    """[Hide] under a picture, or under its words; [In words]. Anyone else's digest does not exist."""
    parts = data.split(":")
    if parts[1:] == ["hide"]:
        stays = Message(phrase(who.lang, "picture_stays"))
        return said(stays) if message_id is None else Outcome((Reply(stays, removes=message_id),))
    kept = digests.of_therapist(conn, parts[1], who.id) if len(parts) == 3 and parts[2] == "words" else None
    chart = None if kept is None else _chart(conn, kept, config, now)
    if chart is None:
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    return said(Message(page(who.lang, "chart.txt", c=chart), ((_hide(who),),)))


def drawn(chart: Chart, who: Person, *buttons: Button) -> Outcome:
    """The picture as a message of its own; if it cannot be drawn or sent, a sentence."""
    under = Message(phrase(who.lang, "ready_picture"), ((*buttons, _hide(who)),))
    trouble = Message(phrase(who.lang, "picture_trouble"))
    reply = Reply(trouble, picture=Picture(chart, who.lang, under))
    return Outcome((reply,), phrase(who.lang, "toast_picture"))


def _hide(who: Person) -> Button:
    return Button(phrase(who.lang, "hide"), "p:hide")


def _chart(conn: Connection, kept: KeptDigest, config: Config, now: datetime) -> Chart | None:
    """Both sides, up to the session the digest comes before; nothing of the patient's where the own form is open."""
    if kept.pair_id is None:
        return None
    history = histories.history_of(conn, kept.pair_id, kept.starts or now, now)
    patient = people.pair_of(conn, kept.pair_id).patient
    return for_therapist(patient.code, history, digests.blind(conn, kept.pair_id), config.thresholds)
