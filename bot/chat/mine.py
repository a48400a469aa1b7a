"""/mine: a patient's own answers over time, in plain words and as a picture. Nothing of the therapist's is in it."""

from datetime import datetime

from sqlalchemy import Connection

from bot.chat import pictures
from bot.chat.reply import Outcome, Reply, said
from bot.chat.screens import crisis
from bot.config import Config
from bot.core.chart import Chart, for_patient
from bot.core.history import History
from bot.core.person import Person
from bot.message import Button, Message
from bot.render import page, phrase
from bot.store import histories, people


def command(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    """/mine."""
    return said(_shown(_chart(conn, who, now), who, config))


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:
    """[Picture], [Hide] and [Open] under one's own answers; it is always the answers of whoever taps."""
    verb = data.partition(":")[2]
    if who.role != "patient" or verb not in ("open", "hide", "picture"):
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    if verb == "hide":
        hidden = Message(phrase(who.lang, "ready_hidden"), ((Button(phrase(who.lang, "open"), "m:open"),),))
        return Outcome((Reply(hidden, message_id),))
    chart = _chart(conn, who, now)
    if verb == "picture" and chart.is_rated:
        return pictures.drawn(chart, who)
    return Outcome((Reply(_shown(chart, who, config), message_id),))


def _shown(chart: Chart, who: Person, config: Config) -> Message:
    text = page(who.lang, "mine.txt", c=chart, crisis=crisis(config, who.lang))
    picture = [Button(phrase(who.lang, "picture"), "m:picture")] if chart.is_rated else []
    return Message(text, ((*picture, Button(phrase(who.lang, "hide"), "m:hide")),) if chart.answers else ())


def _chart(conn: Connection, who: Person, now: datetime) -> Chart:
    """Of the pair that was formed last; without one there is nothing."""
    pairs = people.pairs(conn, patient_id=who.id)
    return for_patient(histories.history_of(conn, pairs[-1], now, now) if pairs else History(()))
