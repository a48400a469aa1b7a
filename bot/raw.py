"""What an update says before it is parsed: plain values, of which nothing is sure."""

from collections.abc import Mapping
from typing import Any

from bot.core.questionnaire import LANGUAGES

KINDS = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of updates that are asked for."""


def is_id(value: object) -> bool:
    """Whether it can be the number of an update, a person or a chat."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62


def whose(raw: Mapping[str, Any]) -> int:
    """The person an update comes from, 0 for an odd one: messages and taps of one person share one queue."""
    for kind in KINDS:
        part = raw.get(kind)
        sender = part.get("from") if isinstance(part, dict) else None
        if isinstance(sender, dict) and is_id(sender.get("id")):
            return int(sender["id"])
    return 0


def spoken(raw: dict[str, Any]) -> str:
    """The language of the phone an update comes from, if it is one of ours."""
    part = raw.get("callback_query") or raw.get("message")
    sender = part.get("from") if isinstance(part, dict) else None
    code = str(sender.get("language_code", ""))[:2] if isinstance(sender, dict) else ""
    return code if code in LANGUAGES else LANGUAGES[0]


def what_is_read(raw: dict[str, Any]) -> dict[str, Any]:
    """The update without the words and buttons of the message that was tapped: they are not needed, and cost most."""
    query = raw.get("callback_query")
    message = query.get("message") if isinstance(query, dict) else None
    if not isinstance(query, dict) or not isinstance(message, dict):
        return raw
    place = {name: message[name] for name in ("message_id", "date", "chat") if name in message}
    return raw | {"callback_query": query | {"message": place}}


def invite_in(raw: Mapping[str, Any]) -> str:
    """The code of an invite that is opened by this update; "" if none is. What has odd letters is no code of ours."""
    message = raw.get("message")
    words = message.get("text") if isinstance(message, dict) else None
    if not isinstance(words, str) or not words.startswith("/start ") or not words.isascii():
        return ""
    return words.removeprefix("/start ").strip()
