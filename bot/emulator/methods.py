"""Bot API methods that people see: messages sent, edited and deleted, taps answered."""

from collections.abc import Callable
from typing import Any

from bot.emulator.call import Call, reachable, whole
from bot.emulator.files import document, get_file, photo
from bot.emulator.markup import formatted
from bot.emulator.refuse import (
    CHAT_ACTIONS,
    DELETABLE_FOR,
    MAX_CAPTION,
    MAX_TEXT,
    MAX_TOAST,
    NOT_MODIFIED,
    OTHER_MARKUP,
    QUERY_TOO_OLD,
    bad_request,
    inline_keyboard,
)
from bot.emulator.world import Message, Person, Rows

Json = dict[str, Any]


def _words(call: Call, name: str, entities: str, most: int, too_long: str) -> Json:
    text = call.params.get(name, "")
    words, marks = formatted(text, call.params.get("parse_mode"), call.params.get(entities))
    if text and not text.strip():
        raise bad_request("text must be non-empty")
    if len(words) > most:
        raise bad_request(too_long)
    return {name: words, entities: marks} if marks else {name: words} if words else {}


def _text_body(call: Call) -> Json:
    body = _words(call, "text", "entities", MAX_TEXT, "message is too long")
    if not body:
        raise bad_request("message text is empty")
    if "link_preview_options" in call.params:
        body["link_preview_options"] = call.params["link_preview_options"]
    return body


def _markup(call: Call) -> tuple[Rows, bool]:
    """The inline keyboard, and whether the message stays editable."""
    markup = call.params.get("reply_markup")
    if markup is None or markup == {}:
        return [], True
    if "inline_keyboard" in markup:
        return inline_keyboard(markup), True
    if not OTHER_MARKUP & markup.keys():
        raise bad_request("object expected as reply markup")
    return [], "remove_keyboard" in markup


def _send(call: Call, kind: str, body: Json, preview: str = "") -> Json:
    keyboard, editable = _markup(call)
    person = reachable(call.world, call.params)
    if "reply_parameters" in call.params:
        body["reply_to_message"] = _replied(call, person)
    if effect := call.params.get("message_effect_id"):
        body["effect_id"] = effect
    if call.params.get("protect_content"):
        body["has_protected_content"] = True
    message = call.world.add_message(person, True, body, keyboard)
    message.editable = editable
    message.silent = call.params.get("disable_notification", False)
    if not message.silent:
        person.notifications.append(" ".join(message.text.split()) or preview)
    result = call.world.json(message)
    call.note(kind, message, result=result)
    return result


def _replied(call: Call, person: Person) -> Json:
    message = person.messages.get(whole(call.params["reply_parameters"].get("message_id", 0)))
    if message is None:
        raise bad_request("message to be replied not found")
    return {k: v for k, v in call.world.json(message).items() if k != "reply_to_message"}


def send_message(call: Call) -> Json:
    """Send a text."""
    return _send(call, "sent", _text_body(call))


def send_photo(call: Call) -> Json:
    """Send a picture with a caption."""
    caption = _words(call, "caption", "caption_entities", MAX_CAPTION, "message caption is too long")
    spoiler = {"has_media_spoiler": True} if call.params.get("has_spoiler") else {}
    return _send(call, "photo", photo(call) | caption | spoiler, "Photo")


def send_document(call: Call) -> Json:
    """Send a file with a caption."""
    caption = _words(call, "caption", "caption_entities", MAX_CAPTION, "message caption is too long")
    body = document(call) | caption
    return _send(call, "document", body, body["document"]["file_name"])


def _own_message(call: Call, missing: str) -> Message:
    person = reachable(call.world, call.params)
    if "message_id" not in call.params:
        raise bad_request("message identifier is not specified")
    if (message := person.messages.get(call.params["message_id"])) is None:
        raise bad_request(missing)
    return message


def _editable(call: Call) -> Message:
    message = _own_message(call, "message to edit not found")
    if not message.by_bot or not message.editable:
        raise bad_request("message can't be edited")
    return message


def edit_message_text(call: Call) -> Json:
    """Replace text and keyboard; a keyboard that is not given is taken away."""
    body = _text_body(call)
    keyboard, _ = _markup(call)
    message = _editable(call)
    if "text" not in message.body:
        raise bad_request("there is no text in the message to edit")
    same = all(message.body.get(part) == body.get(part) for part in ("text", "entities"))
    if same and message.keyboard == keyboard:
        raise bad_request(NOT_MODIFIED)
    replaced = ("text", "entities", "link_preview_options")
    message.body = body | {part: value for part, value in message.body.items() if part not in replaced}
    return _edited(call, message, keyboard)


def edit_message_reply_markup(call: Call) -> Json:
    """Replace only the keyboard."""
    keyboard, _ = _markup(call)
    message = _editable(call)
    if message.keyboard == keyboard:
        raise bad_request(NOT_MODIFIED)
    return _edited(call, message, keyboard)


def _edited(call: Call, message: Message, keyboard: Rows) -> Json:
    message.keyboard = keyboard
    message.edited = int(call.world.now())
    result = call.world.json(message)
    call.note("edited", message, result=result)
    return result


def delete_message(call: Call) -> bool:
    """Take a message away, unless it is older than two days."""
    message = _own_message(call, "message to delete not found")
    if call.world.now() - message.date > DELETABLE_FOR:
        raise bad_request("message can't be deleted for everyone")
    call.world.remove_message(message)
    call.note("deleted", message)
    return True


def answer_callback_query(call: Call) -> bool:
    """End the spinner of a tap, once and while it still turns, perhaps with a toast."""
    world, text = call.world, call.params.get("text", "")
    query = world.queries.get(call.params.get("callback_query_id", ""))
    if query is None or query.answered or world.now() - query.at > world.answer_within:
        raise bad_request(QUERY_TOO_OLD)
    if len(text) > MAX_TOAST:
        raise bad_request("MESSAGE_TOO_LONG")
    world.answer(query, text, call.params.get("show_alert", False))
    detail = {"query_id": query.id, "alert": call.params.get("show_alert", False)}
    detail |= {"method": call.method, "params": call.params}
    world.history.record("answered", query.user, query.message_id, text or None, data=query.data, **detail)
    return True


def send_chat_action(call: Call) -> bool:
    """Show 'typing' and the like."""
    if call.params.get("action") not in CHAT_ACTIONS:
        raise bad_request("wrong parameter action in request")
    reachable(call.world, call.params)
    return call.done()


METHODS: dict[str, Callable[[Call], Any]] = {
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "sendDocument": send_document,
    "sendChatAction": send_chat_action,
    "editMessageText": edit_message_text,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "deleteMessage": delete_message,
    "answerCallbackQuery": answer_callback_query,
    "getFile": get_file,
}
