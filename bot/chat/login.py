"""/login: a link to the clinic's page, for therapists and staff. It works once, and its message hides itself."""

from datetime import datetime

from sqlalchemy import Connection

from bot import ids
from bot.chat.reply import Outcome, Reply
from bot.config import Config
from bot.core.login import may_log_in
from bot.core.person import Person
from bot.message import Button, Message
from bot.render import page, phrase
from bot.store import logins, outbox

ABOUT = "login:"
"""A message that holds a link is about "login:" and the number under which the link is kept."""


def is_offered(who: Person, config: Config) -> bool:
    """Whether there is a page, and it is for this person."""
    return config.web.enabled and may_log_in(who)


def command(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome | None:  # noqa: ARG001
    """A new link; None where there is no page for this person. Those made before stop working."""
    if not is_offered(who, config):
        return None
    link, login_id = make_link(conn, config, who, now)
    # With a button: a reply that cannot be given at once is then asked for again, and never stored.
    hide = ((Button(phrase(who.lang, "hide"), f"w:{login_id}:hide"),),)
    return Outcome((Reply(Message(page(who.lang, "login.txt", link=link), hide), about=f"{ABOUT}{login_id}"),))


def make_link(conn: Connection, config: Config, who: Person, now: datetime) -> tuple[str, int]:
    """A link for this person, and the number under which it is kept."""
    token = ids.token()
    login_id = logins.add_link(conn, who, ids.hashed(token), now)
    return f"{config.web.address}/login#{token}", login_id


def remember(conn: Connection, about: str, message_id: int) -> None:
    """Which message holds a link."""
    logins.set_message(conn, int(about.removeprefix(ABOUT)), message_id)


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    """[Hide] under a link. It goes on working until it is over."""
    number = data.split(":")[1]
    if message_id is None or not logins.is_own(conn, who, number):
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    logins.hidden(conn, int(number))
    return Outcome((Reply(_gone(who), message_id),))


def _gone(who: Person) -> Message:
    return Message(phrase(who.lang, "login_gone"))


def hide(conn: Connection, login_id: int, config: Config, now: datetime) -> None:  # noqa: ARG001
    """Take a link that is over out of the chat."""
    who, message_id = logins.message_of(conn, login_id)
    logins.hidden(conn, login_id)
    body = _gone(who).to_json() | {"edit": message_id}
    outbox.add(conn, who, f"login:{login_id}:over", "edit", body, now)
