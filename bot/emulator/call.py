"""One Bot API call: which parameters each method has, of which types, and who can be written to.

It knows of no single method's meaning; that is `methods` and `profile`.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.emulator.refuse import bad_request, forbidden
from bot.emulator.world import Message, Person, World, labels

Json = dict[str, Any]
Uploads = dict[str, tuple[str, bytes]]

_SEND = (
    "chat_id:chat disable_notification:flag protect_content:flag message_effect_id:text "
    "allow_paid_broadcast:flag reply_parameters:object reply_markup:object parse_mode:text "
)
_CAPTION = "caption:text caption_entities:array "
SIGNATURES = {
    "getMe": "",
    "getUpdates": "offset:whole limit:whole timeout:whole allowed_updates:array",
    "sendMessage": _SEND + "text:text entities:array link_preview_options:object",
    "sendPhoto": _SEND + _CAPTION + "photo:file has_spoiler:flag show_caption_above_media:flag",
    "sendDocument": _SEND + _CAPTION + "document:file thumbnail:file disable_content_type_detection:flag",
    "sendChatAction": "chat_id:chat action:text",
    "editMessageText": (
        "chat_id:chat message_id:whole text:text parse_mode:text entities:array "
        "link_preview_options:object reply_markup:object"
    ),
    "editMessageReplyMarkup": "chat_id:chat message_id:whole reply_markup:object",
    "deleteMessage": "chat_id:chat message_id:whole",
    "answerCallbackQuery": "callback_query_id:text text:text show_alert:flag url:text cache_time:whole",
    "setMyCommands": "commands:array scope:object language_code:text",
    "getMyCommands": "scope:object language_code:text",
    "deleteMyCommands": "scope:object language_code:text",
    "setMyDescription": "description:text language_code:text",
    "getMyDescription": "language_code:text",
    "setMyShortDescription": "short_description:text language_code:text",
    "getMyShortDescription": "language_code:text",
    "getChat": "chat_id:chat",
    "getFile": "file_id:text",
    "setWebhook": (
        "url:text certificate:file ip_address:text max_connections:whole allowed_updates:array "
        "drop_pending_updates:flag secret_token:text"
    ),
    "deleteWebhook": "drop_pending_updates:flag",
    "getWebhookInfo": "",
}


# Parameters Telegram has and this emulator does not: topics, business accounts, inline and rich messages.
NOT_OFFERED = {"business_connection_id", "message_thread_id", "direct_messages_topic_id", "inline_message_id"}
NOT_OFFERED |= {"suggested_post_parameters", "rich_message"}


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the methods see it: parameters of the right types, uploads by field name."""

    world: World
    method: str
    params: Json
    uploads: Uploads

    def note(self, kind: str, message: Message | None = None, **detail: Any) -> None:
        """Tell the history what this call did."""
        detail |= {"method": self.method, "params": self.params}
        if message is None:
            self.world.history.record(kind, self.params.get("chat_id"), self.params.get("message_id"), **detail)
        else:
            shown = labels(message.keyboard)
            detail["silent"] = message.silent
            self.world.history.record(kind, message.chat, message.id, message.text, shown, **detail)

    def done(self) -> bool:
        """Note a call that shows nothing in a chat, and say True."""
        self.note("called")
        return True


def checked(method: str, given: Json) -> Json:
    """The parameters with the types of the method; unknown ones are refused, unlike at Telegram."""
    signature = PARAMETERS[method]
    params: Json = {}
    for name, value in given.items():
        if name in NOT_OFFERED:
            raise bad_request(f'parameter "{name}" is not offered by this emulator')
        if name not in signature:
            raise bad_request(f'unknown parameter "{name}"')
        if value is None:
            continue
        try:
            params[name] = signature[name](value)
        except (ValueError, TypeError):
            raise bad_request(f'parameter "{name}" has a wrong value') from None
    return params


def decoded_json(text: str) -> Any:
    """JSON of sound text: an escaped half of a character is a ValueError, as it is no UTF-8."""
    decoded = json.loads(text)
    if "\\ud" in text.lower():
        json.dumps(decoded, ensure_ascii=False).encode()
    return decoded


def whole(value: Any) -> int:
    """A whole number, perhaps written as text."""
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?\d{1,19}", str(value)):
        raise ValueError
    return int(value)


def _chat(value: Any) -> int | str:
    return value if isinstance(value, str) and value.startswith("@") else whole(value)


def _flag(value: Any) -> bool:
    return str(value).lower() in ("true", "yes", "1")


def _text(value: Any) -> str:
    if isinstance(value, (dict, list, bool)):
        raise ValueError
    return str(value)


def _object(value: Any) -> Json:
    decoded = decoded_json(value) if isinstance(value, str) else value
    if not isinstance(decoded, dict):
        raise ValueError
    return decoded


def _array(value: Any) -> list[Any]:
    decoded = decoded_json(value) if isinstance(value, str) else value
    if not isinstance(decoded, list):
        raise ValueError
    return decoded


_KINDS: dict[str, Callable[[Any], Any]] = {
    "whole": whole,
    "chat": _chat,
    "flag": _flag,
    "text": _text,
    "file": _text,
    "object": _object,
    "array": _array,
}
PARAMETERS = {
    method: {name: _KINDS[kind] for name, kind in (pair.split(":") for pair in signature.split())}
    for method, signature in SIGNATURES.items()
}


def reachable(world: World, params: Json) -> Person:
    """The person behind chat_id, if the bot may write there."""
    person = known(world, params)
    if person.deactivated:
        raise forbidden("user is deactivated")
    if person.blocked:
        raise forbidden("bot was blocked by the user")
    if not person.started:
        raise forbidden("bot can't initiate conversation with a user")
    return person


def known(world: World, params: Json) -> Person:
    """The person behind chat_id, reachable or not."""
    if "chat_id" not in params:
        raise bad_request("chat_id is empty")
    if (person := world.people.get(params["chat_id"])) is None:
        raise bad_request("chat not found")
    return person
