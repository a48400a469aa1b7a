"""The door: an update -> whose it is -> the handler for it. Runs inside the transaction that accepts the update."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection
from telegram import CallbackQuery, ChatMemberUpdated, Update
from telegram import Message as TelegramMessage
from telegram.constants import ChatMemberStatus, ChatType

from bot.chat import (
    away,
    call,
    checkins,
    days,
    digests,
    forgetting,
    goals,
    homework,
    joining,
    linked,
    login,
    menus,
    mine,
    mydata,
    pictures,
    relink,
)
from bot.chat.reply import Outcome, Reply, said
from bot.chat.screens import crisis, fixed, in_language
from bot.config import Config
from bot.core import rights
from bot.core.person import JOINING, Expects, Person
from bot.core.questionnaire import LANGUAGES
from bot.message import Message
from bot.render import page, phrase
from bot.store import alarms, audit, inbox, people
from bot.store import checkins as kept_checkins
from bot.store.refusals import refused


def accept(conn: Connection, update: Update, config: Config, now: datetime) -> Outcome:
    """Do what an update asks and mark it accepted, in one transaction. One accepted before is not done twice."""
    if not inbox.accept(conn, update.update_id):
        return again(conn, update, config, now)
    if update.callback_query is not None:
        return _tap(conn, update.callback_query, config, now)
    if update.message is not None and update.message.chat.type == ChatType.PRIVATE:
        return _message(conn, update.message, config, now)
    return _rest(conn, update, config, now)


def again(conn: Connection, update: Update, config: Config, now: datetime) -> Outcome:
    """The update was accepted, but a stop came before its reply: show what stands now, instead of nothing."""
    query, message = update.callback_query, update.message
    if query is not None:
        return _tap(conn, query, config, now, again=True)
    if message is None or message.chat.type != ChatType.PRIVATE:
        return _rest(conn, update, config, now)
    who = people.by_chat(conn, message.chat.id)
    if who is None or (message.text or "").strip().startswith("/"):  # a command twice is as good as once
        return _message(conn, message, config, now)
    step = joining.present(conn, who, config, now)
    shown = None if step is None else Outcome((Reply(step, None, who.message_id, about=""),))
    shown = shown or checkins.reshow(conn, who, config, now) or Outcome()
    # Whether the words were an answer is not known any more. If they were not, the crisis line must not be missing.
    return Outcome((Reply(_nobody_reads(who, who.lang, config)), *shown.replies))


def _rest(conn: Connection, update: Update, config: Config, now: datetime) -> Outcome:
    """What is neither a tap nor a message; twice is as good as once."""
    if update.edited_message is not None and update.edited_message.chat.type == ChatType.PRIVATE:
        who = people.by_chat(conn, update.edited_message.chat.id)
        return said(Message(phrase(_language(update.edited_message, who), "no_edits")))
    if update.my_chat_member is not None:
        return _membership(conn, update.my_chat_member, config, now)
    return Outcome()


def _tap(conn: Connection, query: CallbackQuery, config: Config, now: datetime, again: bool = False) -> Outcome:
    who = people.by_chat(conn, query.from_user.id)
    data = query.data or ""
    if who is None:
        audit.note(conn, "refused", now, detail="a stranger's tap")
        return Outcome(toast=phrase(_known(query.from_user.language_code), "toast_not_yours"))
    _can_be_reached(conn, who, config, now)
    _forget_expected(conn, who)
    message_id = query.message.message_id if query.message is not None and query.message.is_accessible else None
    handlers = {
        "c": checkins.on_tap, "d": digests.on_tap, "p": digests.on_pair_tap, "e": joining.on_tap,
        "m": mine.on_tap, "i": pictures.on_tap, "g": goals.on_tap, "h": homework.on_tap,
        "f": forgetting.on_tap, "a": away.on_tap, "r": relink.on_tap, "w": login.on_tap, "k": call.on_tap,
        "y": mydata.on_tap,
    }  # fmt: skip
    if again:
        handlers |= {"c": checkins.on_tap_again, "e": joining.on_tap_again}
    if config.on_page(who):
        handlers |= linked.TAPS
    letter = data.partition(":")[0]
    if letter not in handlers or rights.reach(who.role, *rights.TAPS[letter]) is None:
        return _not_yours(conn, who, letter if letter in handlers else "unknown", now)
    outcome = handlers[letter](conn, who, data, message_id, config, now)
    if outcome.toast == phrase(who.lang, "toast_not_yours"):
        return _not_yours(conn, who, letter, now)
    return outcome


def _not_yours(conn: Connection, who: Person, letter: str, now: datetime) -> Outcome:
    """Somebody else's button, or nobody's: the two look the same."""
    refused(conn, who, "tap", letter, now)
    return Outcome(toast=phrase(who.lang, "toast_not_yours"))


def _known(language_code: str | None) -> str:
    """A language we speak, from what the phone says."""
    code = (language_code or "").partition("-")[0]
    return code if code in LANGUAGES else LANGUAGES[0]


def _language(message: TelegramMessage, who: Person | None) -> str:
    if who is not None:
        return who.lang
    return _known(message.from_user.language_code if message.from_user else None)


def _message(conn: Connection, message: TelegramMessage, config: Config, now: datetime) -> Outcome:
    chat_id, words = message.chat.id, (message.text or "").strip()
    who = people.by_chat(conn, chat_id)
    lang = _language(message, who)
    if who is not None:
        _can_be_reached(conn, who, config, now)
        _forget_expected(conn, who)
    elif not words.startswith("/start ") and (waits := relink.waits(conn, chat_id, lang, config, now)):
        return waits
    if words.startswith("/"):
        command, _, rest = words[1:].partition(" ")
        return _command(conn, who, chat_id, command.partition("@")[0].lower(), rest.strip(), lang, config, now)
    if who is None:
        return said(Message(phrase(lang, "need_link") + "\n\n" + fixed(lang, config)))
    outcome = _expected(conn, who, words, config, now)
    if words and outcome is None and config.on_page(who):  # the chat asks nothing that words could answer
        outcome = joining.on_words(conn, who, words, config, now)
    elif words and outcome is None:
        outcome = joining.on_words(conn, who, words, config, now) or checkins.on_words(conn, who, words, config, now)
    return outcome or said(_nobody_reads(who, lang, config))


def _nobody_reads(who: Person | None, lang: str, config: Config) -> Message:
    """The one fixed reply to words nobody asked for."""
    return Message(fixed(lang, config), call.rows(who, config))


def _forget_expected(conn: Connection, who: Person) -> None:
    """Whatever comes next, words that were asked for come at once or not at all; a handler may ask for them anew."""
    if who.expects is not None:
        people.expect(conn, who, None)


def _expected(conn: Connection, who: Person, words: str, config: Config, now: datetime) -> Outcome | None:
    """Words that were asked for on a screen of goals or homework (none typed: a sticker); None if none were."""
    if who.expects is None or now > who.expects.until or who.state != "active":
        return None
    if config.on_page(who) and who.expects.what not in ("away_from", "away_until"):  # asked before it went to the page
        return None
    return EXPECTED[who.expects.what](conn, who, words, who.expects, config, now)


def _command(
    conn: Connection,
    who: Person | None,
    chat_id: int,
    command: str,
    rest: str,
    lang: str,
    config: Config,
    now: datetime,
) -> Outcome:
    if command == "start":
        return joining.start(conn, who, chat_id, rest, lang, config, now)
    if who is None or command == "help":
        return said(_help(who, lang, config))
    own = linked.COMMANDS if config.on_page(who) else {}
    may = command in rights.COMMANDS and rights.reach(who.role, rights.COMMANDS[command]) is not None
    if may and command in ALWAYS and command not in own and (outcome := ALWAYS[command](conn, who, rest, config, now)):
        return outcome
    if who.state in JOINING:
        step = joining.present(conn, who, config, now)
        return said(Message(fixed(lang, config))) if step is None else Outcome((Reply(step, None, who.message_id, ""),))
    if command in rights.COMMANDS and not may:
        refused(conn, who, "send", command, now)
    handler = {**COMMANDS, **own}.get(command) if may else None
    return (handler and handler(conn, who, rest, config, now)) or said(_help(who, lang, config))


def _privacy(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    return said(mydata.privacy(conn, who, config))


def _stop(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome | None:  # noqa: ARG001
    if who.state not in ("settling", "choosing", "active", "paused"):
        return None
    return Outcome((Reply(joining.stop(who), None, who.message_id, about=""),))


def _settings(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome | None:  # noqa: ARG001
    if who.state not in ("active", "paused"):
        return None
    return Outcome((Reply(joining.settings(conn, who, config, now), None, who.message_id, about=""),))


def _zone(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome | None:  # noqa: ARG001
    return Outcome((Reply(joining.zone(who, now), None, who.message_id, about=""),)) if who.state == "active" else None


def _open_check_in(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    return checkins.reshow(conn, who, config, now) or said(Message(phrase(who.lang, "nothing_open")))


def _digest(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome:
    return digests.latest(conn, who, rest, config, now) or said(Message(phrase(who.lang, "no_digest")))


Command = Callable[[Connection, Person, str, Config, datetime], Outcome | None]
ALWAYS: Mapping[str, Command] = {
    "privacy": _privacy,
    "mydata": mydata.command,
    "stop": _stop,
    "forget": forgetting.command,
}
"""What a patient can send at any time, also on the way in and after the end."""
COMMANDS: Mapping[str, Command] = {
    "checkin": _open_check_in, "rate": _open_check_in, "mine": mine.command, "goals": goals.command,
    "homework": homework.command, "away": away.command, "zone": _zone, "settings": _settings, "digest": _digest,
    "today": days.today, "patients": days.patients, "pair": days.pair, "login": login.command,
}  # fmt: skip
"""What somebody who takes part can send with a slash; the words after it are handed on. Who may: `core.rights`."""
EXPECTED: Mapping[str, Callable[[Connection, Person, str, Expects, Config, datetime], Outcome]] = {
    "goal": goals.on_words, "reword": goals.on_words, "homework": homework.on_words, "why": homework.on_words,
    "away_from": away.on_words, "away_until": away.on_words,
}  # fmt: skip
"""What typed words can have been asked for."""


def _help(who: Person | None, lang: str, config: Config) -> Message:
    commands = [] if who is None else menus.offered(who)
    if who is not None and login.is_offered(who, config):
        commands = [*commands, ["login", phrase(lang, "command_login")]]
    contact = in_language(dict(config.clinic.contact), lang)
    return Message(
        page(lang, "help.txt", crisis=crisis(config, lang), contact=contact, commands=commands), call.rows(who, config)
    )


def _membership(conn: Connection, change: ChatMemberUpdated, config: Config, now: datetime) -> Outcome:
    """Somebody blocked the bot, or let it back in: then what is open is offered again, it may never have arrived."""
    who = people.by_chat(conn, change.from_user.id)
    if who is None or change.chat.type != ChatType.PRIVATE:
        return Outcome()
    if change.new_chat_member.status in (ChatMemberStatus.BANNED, ChatMemberStatus.LEFT):
        alarms.lost(conn, who.id, now)
        return Outcome()
    _can_be_reached(conn, who, config, now)
    return checkins.reshow(conn, who, config, now) or Outcome()


def _can_be_reached(conn: Connection, who: Person, config: Config, now: datetime) -> None:
    """Whoever taps or writes has not blocked the bot (any more)."""
    if who.unreachable_since is not None:
        people.change(conn, who.id, unreachable_since=None)
        joining.replan(conn, who, config, now)


def remember_message(conn: Connection, who_chat: int, about: str, message_id: int) -> None:
    """Which message stands for a check-in, or for the person's own conversation (about = "")."""
    who = people.by_chat(conn, who_chat)
    if about.startswith(login.ABOUT):
        login.remember(conn, about, message_id)
    elif about.startswith(call.ABOUT):
        call.remember(conn, about, message_id)
    elif who is not None and about:
        kept_checkins.set_message(conn, about, message_id)
    elif who is not None:
        people.change(conn, who.id, message_id=message_id)
