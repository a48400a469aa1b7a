"""Messages to the Bot API: send, edit, delete, answer; what each refusal means, in one place."""

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest

from bot.message import Message

UNCHANGED = "message is not modified"
GONE_MESSAGE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message to delete not found",
    "message can't be deleted",
)
TOO_OLD = ("query is too old", "query id is invalid")


def keyboard(message: Message) -> InlineKeyboardMarkup | None:
    """The buttons as the library wants them. None on purpose: an edit without them takes the old ones away."""
    if not message.rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(b.label, callback_data=b.data) for b in row] for row in message.rows]
    )


async def send(bot: Bot, chat_id: int, message: Message, silent: bool = False) -> int:
    """Send a message; its id."""
    sent = await bot.send_message(
        chat_id, message.text, reply_markup=keyboard(message), protect_content=True, disable_notification=silent or None
    )  # fmt: skip
    return sent.message_id


async def edit(bot: Bot, chat_id: int, message_id: int, message: Message) -> bool:
    """Edit a message in place; False if it is no longer there to edit."""
    try:
        await bot.edit_message_text(message.text, chat_id, message_id, reply_markup=keyboard(message))
    except BadRequest as error:
        if UNCHANGED in error.message.lower():
            return True
        if error.message.lower() in GONE_MESSAGE:
            return False
        raise
    return True


async def delete(bot: Bot, chat_id: int, message_id: int) -> None:
    """Delete a message; one that is gone, or too old to delete, is left."""
    try:
        await bot.delete_message(chat_id, message_id)
    except BadRequest as error:
        if error.message.lower() not in GONE_MESSAGE:
            raise


async def answer(bot: Bot, query_id: str, toast: str | None) -> None:
    """Answer a tap, so that its spinner stops; too late is no error."""
    try:
        await bot.answer_callback_query(query_id, toast)
    except BadRequest as error:
        if not error.message.lower().startswith(TOO_OLD):
            raise
