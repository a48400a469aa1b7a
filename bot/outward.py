"""Messages to the Bot API: send, edit, delete, answer; what each refusal means, in one place.

The calls and their errors are the library's, but plain values go in and come out: putting a keyboard together from its
objects, and taking the reply apart into them, costs more than the rest of a call, and nobody here looks at either.
"""

import warnings
from typing import Any

from telegram import Bot, InputFile
from telegram.error import BadRequest
from telegram.warnings import PTBUserWarning

from bot.message import Button, Message

# The library advises against plain values in and out, here and where the inbox asks for raw updates.
warnings.filterwarnings("ignore", "Please use 'Bot", PTBUserWarning)

Json = dict[str, Any]

UNCHANGED = "message is not modified"
GONE_MESSAGE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "there is no text in the message to edit",
    "message to delete not found",
    "message can't be deleted",
)
UNDELETABLE = "message can't be deleted"  # older than two days
TOO_OLD = ("query is too old", "query id is invalid")


async def _call(bot: Bot, method: str, **values: object) -> Any:
    """One call of the Bot API; what is None is left out."""
    return await bot.do_api_request(method, values)


def keyboard(message: Message) -> Json | None:
    """The buttons as the Bot API wants them. None on purpose: an edit without them takes the old ones away."""
    if not message.rows:
        return None
    return {"inline_keyboard": [[_button(button) for button in row] for row in message.rows]}


def _button(button: Button) -> Json:
    if button.url:
        return {"text": button.label, "url": button.url}
    return {"text": button.label, "callback_data": button.data}


async def send(bot: Bot, chat_id: int, message: Message, silent: bool = False) -> int:
    """Send a message; its id."""
    sent = await _call(
        bot, "sendMessage", chat_id=chat_id, text=message.text, reply_markup=keyboard(message), protect_content=True,
        disable_notification=silent or None,
    )  # fmt: skip
    return int(sent["message_id"])


async def send_photo(bot: Bot, chat_id: int, png: bytes, under: Message) -> int:
    """Send a picture to somebody who just asked for it: silently, and covered until it is tapped; its id."""
    sent = await _call(
        bot, "sendPhoto", chat_id=chat_id, photo=InputFile(png, "picture.png"), caption=under.text,
        reply_markup=keyboard(under), protect_content=True, has_spoiler=True, disable_notification=True,
    )  # fmt: skip
    return int(sent["message_id"])


async def send_file(bot: Bot, chat_id: int, name: str, data: bytes) -> int:
    """Send a document to somebody who just asked for it, who may save it: silently; its id."""
    sent = await _call(
        bot, "sendDocument", chat_id=chat_id, document=InputFile(data, name), disable_notification=True,
        disable_content_type_detection=True,
    )  # fmt: skip
    return int(sent["message_id"])


async def edit(bot: Bot, chat_id: int, message_id: int, message: Message) -> bool:
    """Edit a message in place; False if it is no longer there to edit."""
    try:
        await _call(
            bot, "editMessageText", chat_id=chat_id, message_id=message_id, text=message.text,
            reply_markup=keyboard(message),
        )  # fmt: skip
    except BadRequest as error:
        if UNCHANGED in error.message.lower():
            return True
        if error.message.lower() in GONE_MESSAGE:
            return False
        raise
    return True


async def delete(bot: Bot, chat_id: int, message_id: int) -> bool:
    """Delete a message, or find it gone; False if it is too old to be deleted and stays."""
    try:
        await _call(bot, "deleteMessage", chat_id=chat_id, message_id=message_id)
    except BadRequest as error:
        if error.message.lower().startswith(UNDELETABLE):
            return False
        if error.message.lower() not in GONE_MESSAGE:
            raise
    return True


async def menu(bot: Bot, chat_id: int, commands: list[list[str]]) -> None:
    """Set the commands that one chat is offered: names and what they do."""
    named = [{"command": name, "description": words} for name, words in commands]
    await _call(bot, "setMyCommands", commands=named, scope={"type": "chat", "chat_id": chat_id})


async def answer(bot: Bot, query_id: str, toast: str | None) -> None:
    """Answer a tap, so that its spinner stops; too late is no error."""
    try:
        await _call(bot, "answerCallbackQuery", callback_query_id=query_id, text=toast)
    except BadRequest as error:
        if not error.message.lower().startswith(TOO_OLD):
            raise
