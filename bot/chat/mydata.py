"""/mydata: a patient's own record, as a page to read and as JSON for another program. Files go only to who asks."""

import json
from datetime import datetime

from sqlalchemy import Connection

from bot.chat import joining
from bot.chat.reply import File, Outcome, Page, Reply, said
from bot.config import Config
from bot.core.person import Person
from bot.core.record import Record, sheets, to_json
from bot.core.walltime import zone_of
from bot.message import Button, Message
from bot.render import page, phrase
from bot.store import people, records


def command(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    """/mydata: what the record is, and a button that sends it."""
    return said(_asked(who))


def privacy(conn: Connection, who: Person, config: Config) -> Message:
    """/privacy: the text that was agreed to, and the way to one's own record."""
    text = joining.consent(who, config, people.agreed_at(conn, who))
    mine = Button(phrase(who.lang, "my_data"), "y:open")
    return text if who.state == "consenting" else Message(text.text, (*text.rows, (mine,)))


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    """[My own data], [Send me both files]; it is always the record of whoever taps."""
    verb = data.partition(":")[2]
    if who.role != "patient" or verb not in ("open", "send"):
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    if verb == "open":
        return said(_asked(who))

    def made(reading: Connection) -> Page:
        record = records.of_patient(reading, who, now)
        return Page(tuple(_sent(who, file) for file in files(record, config)))

    return Outcome(page=made)


def _asked(who: Person) -> Message:
    return Message(page(who.lang, "mydata.txt"), ((Button(phrase(who.lang, "send_files"), "y:send"),),))


def _sent(who: Person, file: File) -> Reply:
    return Reply(Message(phrase(who.lang, "record_trouble")), file=file)


def files(record: Record, config: Config) -> tuple[File, File]:
    """The record as a page and as JSON. Their names say nothing: they may stand in a list of downloads."""
    zone = zone_of(record.zone)
    text = page(
        record.lang, "record.html", r=record, sheets=sheets(record, config.questionnaires.by_id),
        clinic=config.clinic.name, local=lambda at: at.astimezone(zone),
    )  # fmt: skip
    data = json.dumps(to_json(record), ensure_ascii=False, indent=1)
    return File("record.html", text.encode()), File("record.json", data.encode())
