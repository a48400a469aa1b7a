"""/forget: a patient's everything goes. Asked twice, with what goes, what stays, and by when."""

from datetime import datetime

from sqlalchemy import Connection

from bot.chat.reply import Outcome, Reply
from bot.config import Config
from bot.core.person import Person
from bot.core.walltime import local_date, zone_of
from bot.message import Button, Message, one_a_line
from bot.render import phrase
from bot.store import erasing, outbox, parting, people


def command(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    """Ask once, or say that the clinic must keep everything for now."""
    return Outcome((Reply(_first(who, config), None, who.message_id, about=""),))


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:
    """[Yes, delete] asks once more; [Delete now] does it; [No, keep it] leaves everything as it is."""
    verb = data.removeprefix("f:")
    if who.role != "patient" or verb not in ("ask", "now", "keep"):
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    if verb == "keep":
        return Outcome((Reply(Message(phrase(who.lang, "forget_kept")), message_id, about=""),))
    if config.retention.hold:
        return Outcome((Reply(_first(who, config), message_id, about=""),))
    if verb == "ask":
        sure = Message(phrase(who.lang, "forget_really", who.code), _buttons(who, "forget_now", "now"))
        return Outcome((Reply(sure, message_id, about=""),))
    if not people.is_to_be_erased(conn, who.id):
        _forget(conn, who, message_id, now)
    return Outcome((Reply(Message(phrase(who.lang, "forgotten")), message_id, about=""),), woke=True)


def _first(who: Person, config: Config) -> Message:
    if config.retention.hold:
        return Message(phrase(who.lang, "forget_held"))
    return Message(phrase(who.lang, "forget_sure"), _buttons(who, "forget_yes", "ask"))


def _buttons(who: Person, words: str, verb: str) -> tuple[tuple[Button, ...], ...]:
    yes, no = Button(phrase(who.lang, words), f"f:{verb}"), Button(phrase(who.lang, "forget_no"), "f:keep")
    return one_a_line([yes, no])


def _forget(conn: Connection, who: Person, message_id: int | None, now: datetime) -> None:
    """End what there is with the therapist, who is told as after /stop, and ask for everything to go."""
    for pair_id in people.pairs(conn, patient_id=who.id):
        pair = people.pair_of(conn, pair_id)
        if pair.therapist.can_be_asked:
            words = Message(phrase(pair.therapist.lang, "ended_for", who.code)).to_json()
            outbox.add(conn, pair.therapist, f"ended:{who.id}:{now.isoformat()}", "notice", words, now)
        parting.end_pair(conn, pair, local_date(now, zone_of(who.zone)), now)
    people.change(conn, who.id, state="discharged")
    erasing.ask(conn, who, now, who.id, None, but=message_id)
