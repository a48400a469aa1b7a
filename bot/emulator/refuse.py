"""What Telegram refuses, and in which words. Pure functions of their arguments: nothing here changes anything."""

import re
from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
TERMINATED = "terminated by other getUpdates request; make sure that only one bot instance is running"
TERMINATED_BY_WEBHOOK = "terminated by setWebhook request"
WEBHOOK_SET = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


ACTIONS = _names(
    "url callback_data web_app login_url switch_inline_query switch_inline_query_current_chat "
    "switch_inline_query_chosen_chat copy_text callback_game pay"
)
BUTTON_FIELDS = ACTIONS | {"text", "style", "icon_custom_emoji_id"}
OTHER_MARKUP = _names("keyboard remove_keyboard force_reply")
CHAT_ACTIONS = _names(
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document "
    "choose_sticker find_location record_video_note upload_video_note"
)
SCOPES = _names(
    "default all_private_chats all_group_chats all_chat_administrators chat chat_administrators chat_member"
)
MAX_TEXT, MAX_CAPTION, MAX_TOAST, MAX_BUTTONS, MAX_DATA = 4096, 1024, 200, 100, 64
MAX_PHOTO, MAX_UPLOAD, MAX_DOWNLOAD = 10_000_000, 50_000_000, 20_000_000
DELETABLE_FOR = 48 * 3600.0


class Refusal(Exception):
    """An answer other than ok: its code, the words Telegram uses, and parameters such as retry_after."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> Json:
        """The reply as Telegram writes it."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        return body | {"parameters": self.parameters} if self.parameters else body


def bad_request(words: str) -> Refusal:
    """A 400 in these words."""
    return Refusal(400, f"Bad Request: {words}")


def forbidden(words: str) -> Refusal:
    """A 403 in these words."""
    return Refusal(403, f"Forbidden: {words}")


def conflict(words: str) -> Refusal:
    """A 409 in these words."""
    return Refusal(409, f"Conflict: {words}")


def flood(retry_after: int) -> Refusal:
    """A 429 that asks to wait."""
    return Refusal(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


def inline_keyboard(markup: Json) -> list[list[Json]]:
    """The rows of an inline keyboard, each button checked; empty rows are dropped as Telegram does."""
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    if sum(map(len, rows)) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return [[_button(button) for button in row] for row in rows if row]


def _button(given: Any) -> Json:
    if not isinstance(given, dict):
        raise _cannot_parse("InlineKeyboardButton must be an Object")
    button: Json = given
    if None in given.values():
        button = {key: value for key, value in given.items() if value is not None}
    if not button.keys() <= BUTTON_FIELDS:
        raise _cannot_parse(f'unknown field "{min(button.keys() - BUTTON_FIELDS)}"')
    text = button.get("text")
    if not isinstance(text, str):
        raise _cannot_parse('Field "text" must be of type String')
    if not text.strip():
        raise bad_request("inline keyboard button text must be non-empty")
    if button.get("style", "primary") not in ("primary", "success", "danger"):
        raise _cannot_parse("invalid button style specified")
    _check_action(button)
    return button


def _check_action(button: Json) -> None:
    actions = button.keys() & ACTIONS
    if not actions:
        raise _cannot_parse("Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise _cannot_parse(f"exactly one action is allowed, found {' and '.join(sorted(actions))}")
    action = actions.pop()
    if check := CHECKS.get(action):
        check(button[action])


def _check_data(data: Any) -> None:
    if not isinstance(data, str) or not 1 <= len(data.encode()) <= MAX_DATA:
        raise bad_request("BUTTON_DATA_INVALID")


def _check_url(url: Any) -> None:
    if not isinstance(url, str):
        raise _cannot_parse('Field "url" must be of type String')
    if re.match(r"(?!https?:|tg:|ton:)\w+://", url):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Unsupported URL protocol")
    if not re.fullmatch(r"tg://\S+|(https?://)?[^\s/]+\.[^\s/]+(/\S*)?", url):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def _check_copy(copied: Any) -> None:
    if not isinstance(copied, dict):
        raise _cannot_parse('Field "copy_text" must be of type Object')
    if not isinstance(copied.get("text"), str) or not 1 <= len(copied["text"]) <= 256:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")


CHECKS = {"callback_data": _check_data, "url": _check_url, "copy_text": _check_copy}


def _cannot_parse(words: str) -> Refusal:
    return bad_request(f"can't parse inline keyboard button: {words}")


def bot_commands(commands: Sequence[Any]) -> list[Json]:
    """A list of commands for the menu, each name and description checked."""
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not isinstance(command, dict) or command.keys() != {"command", "description"}:
            raise bad_request("can't parse BotCommand: exactly command and description are expected")
        if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command["command"]).removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command["description"])) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return [{**c, "command": str(c["command"]).removeprefix("/")} for c in commands]
