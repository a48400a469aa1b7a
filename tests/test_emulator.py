"""The emulator, told as what Anna sees on her phone and what Telegram answers her bot."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import aiohttp
import pytest
from telegram import Bot, BotCommandScopeChat, ForceReply, LinkPreviewOptions, Message, MessageEntity, Update
from telegram import InlineKeyboardButton as Button
from telegram import InlineKeyboardMarkup as Keyboard
from telegram.error import BadRequest, Conflict, Forbidden, NetworkError, RetryAfter, TimedOut
from telegram.request import HTTPXRequest

from bot.emulator import Emulator, Phone, PhoneError

ANNA, BEN, STRANGER = 11, 12, 99
SCALE = Keyboard([[Button("1", callback_data="c7:1"), Button("2", callback_data="c7:2")]])
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (40).to_bytes(4, "big") + (30).to_bytes(4, "big")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = 1_790_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture(autouse=True)
def no_deprecations(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library warns of whole seconds in RetryAfter unless durations are asked for."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def emulator(clock: Clock) -> AsyncIterator[Emulator]:
    async with Emulator(clock) as running:
        yield running


@pytest.fixture
async def bot(emulator: Emulator) -> AsyncIterator[Bot]:
    request = HTTPXRequest(httpx_kwargs={"verify": False}, read_timeout=2)
    polling = HTTPXRequest(httpx_kwargs={"verify": False})
    address = emulator.base_url + "/bot"
    files = emulator.base_url + "/file/bot"
    async with Bot(emulator.token, address, files, request=request, get_updates_request=polling) as running:
        yield running


@pytest.fixture
def anna(emulator: Emulator) -> Phone:
    phone = emulator.phone(ANNA, "Anna")
    phone.say("/start")
    return phone


class Wire:
    """Bot API calls without a library, which would not let mistakes through."""

    def __init__(self, emulator: Emulator, http: aiohttp.ClientSession) -> None:
        self.address, self.http = f"{emulator.base_url}/bot{emulator.token}/", http

    async def __call__(self, method: str, params: dict[str, Any] | None = None) -> Any:
        async with self.http.post(self.address + method, json=params or {}) as reply:
            return await reply.json()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


@pytest.fixture
def wire(emulator: Emulator, http: aiohttp.ClientSession) -> Wire:
    return Wire(emulator, http)


async def ask(bot: Bot, text: str = "How was it?") -> Message:
    return await bot.send_message(ANNA, text, reply_markup=SCALE)


async def updates(bot: Bot, offset: int | None = None, **more: Any) -> list[Update]:
    return list(await bot.get_updates(offset=offset, timeout=more.pop("timeout", 0), **more))


async def last_tap(bot: Bot) -> Update:
    return (await updates(bot, -1))[0]


# Talking


@pytest.mark.usefixtures("anna")
async def test_anna_writes_and_the_bot_reads_her(bot: Bot) -> None:
    (update,) = await updates(bot)
    message = update.message
    assert message is not None
    assert message.from_user is not None
    assert (message.text, message.chat_id, message.from_user.first_name) == ("/start", ANNA, "Anna")
    assert message.parse_entities() == {message.entities[0]: "/start"}


async def test_the_bot_writes_and_anna_reads_it(bot: Bot, anna: Phone) -> None:
    sent = await ask(bot)
    assert anna.sees("How was it?")
    assert anna.last.id == sent.message_id
    assert anna.last.buttons == (("1", "2"),)


async def test_a_tap_is_answered_and_the_message_becomes_the_next_question(bot: Bot, anna: Phone) -> None:
    await ask(bot)
    anna.tap("2")
    query = (await last_tap(bot)).callback_query
    assert query is not None
    assert query.data == "c7:2"
    assert anna.unanswered
    await query.answer("Noted")
    await query.edit_message_text("Thank you")
    assert (anna.last.text, anna.last.buttons, anna.last.edited) == ("Thank you", (), True)
    assert [toast.text for toast in anna.toasts] == ["Noted"]
    assert not anna.unanswered


async def test_only_new_and_loud_messages_light_the_lock_screen(bot: Bot, anna: Phone) -> None:
    sent = await bot.send_message(ANNA, "A new\ncheck-in")
    await bot.send_message(ANNA, "Psst", disable_notification=True)
    await bot.edit_message_text("Changed", ANNA, sent.message_id)
    assert anna.notifications == ["A new check-in"]
    assert [shown.silent for shown in anna.messages if shown.by_bot] == [False, True]


async def test_what_a_send_asked_for_is_kept_on_the_message(bot: Bot, emulator: Emulator, anna: Phone) -> None:
    quiet = LinkPreviewOptions(is_disabled=True)
    sent = await bot.send_message(
        ANNA, "x", protect_content=True, message_effect_id="5104841245755180586", link_preview_options=quiet
    )
    assert (sent.has_protected_content, sent.effect_id, sent.link_preview_options) == (
        True,
        "5104841245755180586",
        quiet,
    )
    assert anna.last.protected
    assert emulator.history.of("sent")[0].detail["params"]["protect_content"] is True


async def test_anna_corrects_herself(bot: Bot, anna: Phone) -> None:
    anna.edit(anna.say("helo"), "hello")
    edited = (await last_tap(bot)).edited_message
    assert edited is not None
    assert edited.text == "hello"
    assert edited.edit_date


@pytest.mark.parametrize("kind", ["voice", "sticker", "photo"])
async def test_anna_sends_something_else(bot: Bot, anna: Phone, kind: str) -> None:
    getattr(anna, f"send_{kind}")()
    message = (await last_tap(bot)).message
    assert message is not None
    assert message.effective_attachment
    assert message.text is None


async def test_blocking_and_unblocking_are_told(bot: Bot, anna: Phone) -> None:
    anna.block()
    anna.block()
    with pytest.raises(PhoneError, match="unblock it first"):
        anna.say("hello?")
    anna.unblock()
    members = [u.my_chat_member for u in await updates(bot) if u.my_chat_member]
    assert [m.new_chat_member.status for m in members] == ["kicked", "member"]


async def test_a_tap_on_what_is_not_there_lists_what_is(bot: Bot, anna: Phone) -> None:
    await ask(bot)
    with pytest.raises(PhoneError, match='no button "3" here; there are 2: 1, 2'):
        anna.tap("3")


async def test_a_tap_finds_the_newest_keyboard_or_the_one_it_is_given(bot: Bot, anna: Phone) -> None:
    older, newer = await ask(bot, "one"), await ask(bot, "two")
    anna.tap("1")
    anna.tap("1", older.message_id)
    assert [query.message_id for query in anna.unanswered] == [newer.message_id, older.message_id]


async def test_a_link_opens_without_a_query(bot: Bot, anna: Phone, emulator: Emulator) -> None:
    await bot.send_message(ANNA, "x", reply_markup=Keyboard([[Button("Site", url="https://example.org/a")]]))
    assert anna.tap("Site") == ""
    assert emulator.history.of("opened")[0].detail == {"url": "https://example.org/a"}


async def test_forged_data_on_bens_message_arrives_as_annas_tap(bot: Bot, emulator: Emulator, anna: Phone) -> None:
    emulator.phone(BEN, "Ben").say("/start")
    his = await bot.send_message(BEN, "for Ben", reply_markup=SCALE)
    anna.press("c7:2", his.message_id)
    query = (await last_tap(bot)).callback_query
    assert query is not None
    assert isinstance(query.message, Message)
    assert (query.from_user.id, query.message.chat.id) == (ANNA, BEN)


async def test_a_tap_on_a_deleted_message_carries_an_inaccessible_one(bot: Bot, anna: Phone) -> None:
    sent = await ask(bot)
    await bot.delete_message(ANNA, sent.message_id)
    assert not anna.sees("How was it?")
    anna.press("c7:2", sent.message_id)
    query = (await last_tap(bot)).callback_query
    assert query is not None
    assert query.message is not None
    assert not query.message.is_accessible


async def test_waiting_for_a_message_that_comes(bot: Bot, anna: Phone) -> None:
    waiting = asyncio.create_task(anna.wait_for("How"))
    counted = asyncio.create_task(anna.wait_for(lambda phone: len(phone.messages) == 2))
    await ask(bot)
    assert (await waiting).buttons == (("1", "2"),)
    assert await counted


async def test_waiting_in_vain_says_what_is_there_instead(bot: Bot, anna: Phone) -> None:
    await ask(bot)
    with pytest.raises(PhoneError, match=r"in vain for 'Hallo'; the screen shows: .*How was it"):
        await anna.wait_for("Hallo", 0.01)


async def test_a_document_and_a_photo_arrive_and_can_be_fetched(bot: Bot, anna: Phone) -> None:
    sent = await bot.send_document(ANNA, b"<p>digest</p>", filename="digest.html", caption="For you")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.mime_type) == ("digest.html", "text/html")
    again = await bot.send_document(ANNA, sent.document.file_id)
    assert anna.file(again.message_id).content == b"<p>digest</p>"
    assert await (await sent.document.get_file()).download_as_bytearray() == b"<p>digest</p>"
    photo = await bot.send_photo(ANNA, PNG, caption="<b>Chart</b>", parse_mode="HTML")
    assert (photo.photo[0].width, photo.photo[0].height, photo.caption) == (40, 30, "Chart")
    assert anna.notifications == ["For you", "digest.html", "Chart"]


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (b"not a picture", "Image_process_failed"),
        (PNG[:16] + (9000).to_bytes(4, "big") + (1001).to_bytes(4, "big"), "Photo_invalid_dimensions"),
        (PNG[:16] + (21).to_bytes(4, "big") + (1).to_bytes(4, "big"), "Photo_invalid_dimensions"),
        (b"", "File must be non-empty"),
        (b"\xff\xd8\xff" * 3_400_000, "File is too big"),
    ],
)
async def test_pictures_telegram_will_not_take(bot: Bot, picture: bytes, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        await bot.send_photo(ANNA, picture)


# The bot itself


async def test_menus_by_scope_and_language_the_narrowest_wins(bot: Bot, emulator: Emulator, anna: Phone) -> None:
    await bot.set_my_commands([("start", "Begin")])
    await bot.set_my_commands([("start", "Empezar")], language_code="es")
    spanish = emulator.phone(BEN, "Ben", language_code="es")
    assert [phone.commands[0]["description"] for phone in (anna, spanish)] == ["Begin", "Empezar"]
    await bot.set_my_commands([("digest", "Read")], scope=BotCommandScopeChat(ANNA))
    assert [command["command"] for command in anna.commands] == ["digest"]
    await bot.delete_my_commands(scope=BotCommandScopeChat(ANNA))
    assert [command.command for command in await bot.get_my_commands()] == ["start"]
    assert anna.commands[0]["command"] == "start"


@pytest.mark.usefixtures("anna")
async def test_what_the_bot_says_of_itself(bot: Bot, emulator: Emulator) -> None:
    await bot.set_my_description("Asks two minutes", language_code="en")
    await bot.set_my_short_description("Check-ins")
    assert (await bot.get_my_description("en")).description == "Asks two minutes"
    assert (await bot.get_my_short_description()).short_description == "Check-ins"
    assert (bot.username, bot.id) == ("accord_test_bot", int(emulator.token.split(":")[0]))
    assert (await bot.get_chat(ANNA)).first_name == "Anna"
    assert await bot.send_chat_action(ANNA, "typing")


# What Telegram refuses


def rows(count: int) -> Keyboard:
    return Keyboard([[Button("x", callback_data="x")]] * count)


def one(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "x"} | button]]}


def send(text: Any = "x", **more: Any) -> tuple[str, dict[str, Any]]:
    return "sendMessage", {"chat_id": ANNA, "text": text} | more


def edit(text: str = "y", **more: Any) -> tuple[str, dict[str, Any]]:
    return "editMessageText", {"chat_id": ANNA, "text": text, "message_id": 2} | more


BOLD = [{"type": "bold", "offset": 0, "length": 2}]
PARSE = "can't parse entities: "
BUTTON = "can't parse inline keyboard button: "
LATE = "query is too old and response timeout expired or query ID is invalid"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (send(""), "message text is empty"),
        (send(" \n "), "text must be non-empty"),
        (send("<b></b>", parse_mode="HTML"), "message text is empty"),
        (send("x" * 4097), "message is too long"),
        (send(chat_id=STRANGER), "chat not found"),
        (send(chat_id="@nobody"), "chat not found"),
        (("sendMessage", {"text": "x"}), "chat_id is empty"),
        (send(chat_id="x"), 'parameter "chat_id" has a wrong value'),
        (send(colour="red"), 'unknown parameter "colour"'),
        (send(rich_message={}), 'parameter "rich_message" is not offered by this emulator'),
        (send(entities='[{"type": "\\ud83d"}]'), 'parameter "entities" has a wrong value'),
        (send(reply_markup="[]"), 'parameter "reply_markup" has a wrong value'),
        (send({}), 'parameter "text" has a wrong value'),
        (send(parse_mode="Wiki"), "unsupported parse_mode"),
        (send(parse_mode="MarkdownV2"), "parse_mode MarkdownV2 is not offered by this emulator; use HTML or entities"),
        (send("a < b", parse_mode="HTML"), PARSE + 'Unsupported start tag "" at byte offset 2'),
        (send("é<p>", parse_mode="HTML"), PARSE + 'Unsupported start tag "p" at byte offset 2'),
        (send("<b", parse_mode="HTML"), PARSE + "Unclosed start tag at byte offset 0"),
        (send("<a href='x", parse_mode="HTML"), PARSE + 'Unclosed start tag "a" at byte offset 0'),
        (send("<b>x", parse_mode="HTML"), PARSE + 'Can\'t find end tag corresponding to start tag "b"'),
        (send("x</b>", parse_mode="HTML"), PARSE + "Unexpected end tag at byte offset 1"),
        (send("<b>x</b", parse_mode="HTML"), PARSE + "Unclosed end tag at byte offset 4"),
        (
            send("<b>x</i>", parse_mode="HTML"),
            PARSE + 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"',
        ),
        (send("<span>x</span>", parse_mode="HTML"), PARSE + 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        (
            send(entities=BOLD),
            "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 1",
        ),
        (
            send("x😀", entities=BOLD),
            "entity beginning at UTF-16 offset 0 begins or ends in a middle of a UTF-16 symbol",
        ),
        (send(entities=[{"type": "loud"}]), PARSE + "an entity must be an Object with a known type"),
        (send(entities=[{"type": "bold"}]), PARSE + "an entity needs a whole offset and a length of at least 1"),
        (send(reply_markup=one()), BUTTON + "Text buttons are unallowed in the inline keyboard"),
        (
            send(reply_markup=one(url="a.io", pay=True)),
            BUTTON + "exactly one action is allowed, found pay and url",
        ),
        (send(reply_markup=one(callback_data="")), "BUTTON_DATA_INVALID"),
        (send(reply_markup=one(callback_data="я" * 33)), "BUTTON_DATA_INVALID"),
        (send(reply_markup=one(text=" ", callback_data="1")), "inline keyboard button text must be non-empty"),
        (send(reply_markup=one(text=None, callback_data="1")), BUTTON + 'Field "text" must be of type String'),
        (send(reply_markup=one(callback_data="1", style="pink")), BUTTON + "invalid button style specified"),
        (send(reply_markup=one(callback_data="1", size=3)), BUTTON + 'unknown field "size"'),
        (send(reply_markup=one(url="nowhere")), "inline keyboard button URL 'nowhere' is invalid: Wrong HTTP URL"),
        (
            send(reply_markup=one(url="happ://a.io/x")),
            "inline keyboard button URL 'happ://a.io/x' is invalid: Unsupported URL protocol",
        ),
        (
            send(reply_markup=one(url="http://localhost:8080/x")),
            "inline keyboard button URL 'http://localhost:8080/x' is invalid: Wrong HTTP URL",
        ),
        (send(reply_markup=one(url=1)), BUTTON + 'Field "url" must be of type String'),
        (send(reply_markup=one(copy_text={"text": ""})), "BUTTON_COPY_TEXT_INVALID"),
        (send(reply_markup=one(copy_text="112")), BUTTON + 'Field "copy_text" must be of type Object'),
        (send(reply_markup={"inline_keyboard": [["x"]]}), BUTTON + "InlineKeyboardButton must be an Object"),
        (
            send(reply_markup={"inline_keyboard": [{}]}),
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
        ),
        (send(reply_markup=rows(101).to_dict()), "reply markup is too long"),
        (send(reply_markup={"buttons": []}), "object expected as reply markup"),
        (send(reply_parameters={"message_id": 77}), "message to be replied not found"),
        (edit(message_id=77), "message to edit not found"),
        (edit(message_id=1), "message can't be edited"),
        (edit(message_id=None), "message identifier is not specified"),
        (edit(message_id=3), "there is no text in the message to edit"),
        (edit(chat_id=BEN), "message to edit not found"),
        (("deleteMessage", {"chat_id": ANNA, "message_id": 77}), "message to delete not found"),
        (("answerCallbackQuery", {"callback_query_id": "1"}), LATE),
        (("sendPhoto", {"chat_id": ANNA}), "there is no photo in the request"),
        (
            ("sendPhoto", {"chat_id": ANNA, "photo": "https://example.org/a.png"}),
            "wrong file identifier/HTTP URL specified",
        ),
        (("sendPhoto", {"chat_id": ANNA, "photo": "document-000001"}), "IMAGE_PROCESS_FAILED"),
        (
            ("sendDocument", {"chat_id": ANNA, "document": "document-000001", "caption": "x" * 1025}),
            "message caption is too long",
        ),
        (("getFile", {"file_id": "x"}), "wrong file_id or the file is temporarily unavailable"),
        (("getChat", {"chat_id": STRANGER}), "chat not found"),
        (("sendChatAction", {"chat_id": ANNA, "action": "dancing"}), "wrong parameter action in request"),
        (("setMyCommands", {"commands": [{"command": "Start", "description": "x"}]}), "BOT_COMMAND_INVALID"),
        (("setMyCommands", {"commands": [{"command": "a", "description": ""}]}), "BOT_COMMAND_DESCRIPTION_INVALID"),
        (("setMyCommands", {"commands": [{}] * 101}), "BOT_COMMANDS_TOO_MUCH"),
        (
            ("setMyCommands", {"commands": [{}]}),
            "can't parse BotCommand: exactly command and description are expected",
        ),
        (("setMyCommands", {"commands": "x"}), 'parameter "commands" has a wrong value'),
        (("getMyCommands", {"scope": {"type": "moon"}}), "can't parse BotCommandScope: unsupported type specified"),
        (("getMyCommands", {"scope": {"type": "chat", "chat_id": STRANGER}}), "chat not found"),
        (("getMyCommands", {"scope": {"type": "chat", "chat_id": "x"}}), "chat not found"),
        (("setMyDescription", {"description": "x" * 513}), "description is too long"),
        (("setWebhook", {"url": "http://x"}), "bad webhook: An HTTPS URL must be provided for webhook"),
    ],
)
@pytest.mark.usefixtures("anna")
async def test_refused_in_telegrams_words(
    emulator: Emulator, wire: Wire, call: tuple[str, dict[str, Any]], words: str
) -> None:
    document = emulator.world.add_file("document", "x.txt", b"x")
    assert (await wire(*send("How was it?")))["result"]["message_id"] == 2
    assert (await wire("sendDocument", {"chat_id": ANNA, "document": document.id}))["result"]["message_id"] == 3
    emulator.phone(BEN, "Ben").say("/start")
    refused = await wire(*call)
    assert (refused["error_code"], refused["description"]) == (400, f"Bad Request: {words}")
    assert emulator.history.events[-1].detail["description"] == refused["description"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("blocked", "bot was blocked by the user"),
        ("deactivated", "user is deactivated"),
        ("started", "bot can't initiate conversation with a user"),
    ],
)
async def test_people_who_cannot_be_reached(bot: Bot, anna: Phone, change: str, words: str) -> None:
    sent = await ask(bot)
    setattr(anna.person, change, change != "started")
    with pytest.raises(Forbidden, match=words):
        await ask(bot)
    with pytest.raises(Forbidden, match=words):
        await bot.edit_message_text("x", ANNA, sent.message_id)


@pytest.mark.usefixtures("anna")
async def test_an_edit_that_changes_nothing(bot: Bot) -> None:
    sent = await ask(bot)
    with pytest.raises(BadRequest, match="exactly the same as a current content and reply markup"):
        await bot.edit_message_text("How was it?", ANNA, sent.message_id, reply_markup=SCALE)
    with pytest.raises(BadRequest, match="is not modified"):
        await bot.edit_message_reply_markup(ANNA, sent.message_id, reply_markup=SCALE)


async def test_an_edit_without_keyboard_takes_it_away(bot: Bot, anna: Phone) -> None:
    sent = await ask(bot)
    await bot.edit_message_text("How was it?", ANNA, sent.message_id)
    assert not anna.last.keyboard
    await bot.edit_message_reply_markup(ANNA, sent.message_id, reply_markup=SCALE)
    assert anna.last.buttons == (("1", "2"),)


async def test_a_message_with_a_reply_keyboard_stays_as_it_is(bot: Bot, anna: Phone) -> None:
    await bot.send_message(ANNA, "x", reply_markup=ForceReply())
    with pytest.raises(BadRequest, match="can't be edited"):
        await bot.edit_message_text("y", ANNA, anna.last.id)


async def test_limits_are_counted_after_parsing_in_code_points(bot: Bot, anna: Phone) -> None:
    await bot.send_message(ANNA, "<b>" + "😀" * 4096 + "</b>", parse_mode="HTML")
    assert anna.last.entities == [{"offset": 0, "length": 8192, "type": "bold"}]
    await bot.send_message(ANNA, "x", reply_markup=rows(100))
    assert len(anna.last.buttons) == 100


@pytest.mark.parametrize(
    ("html", "text", "entities"),
    [
        ("a &lt;b&gt; &amp; &quot;&eacute;&#233;&#xE9;", 'a <b> & "&eacute;éé', []),
        ("&#0;&#xZZ;&", "&#0;&#xZZ;&", []),
        ("<b>x<i>y</i></b>", "xy", [("bold", 0, 2), ("italic", 1, 1)]),
        ("  <u>x</u>  ", "x", [("underline", 0, 1)]),
        ("<b> x </b>", " x", [("bold", 0, 2)]),
        ("<s>x</s><b></b><code>y</>", "xy", [("strikethrough", 0, 1), ("code", 1, 1)]),
        ("<a href='https://a.io?b=1&amp;c'>x</a>", "x", [("text_link", 0, 1, "https://a.io?b=1&c")]),
        ("<a>a.io</a><a>y</a>", "a.ioy", [("text_link", 0, 4, "http://a.io")]),
        ('<pre><code class="language-py">x</code></pre>', "x", [("pre", 0, 1, "py")]),
        ("<blockquote expandable>x</blockquote>", "x", [("expandable_blockquote", 0, 1)]),
        ('<span class="tg-spoiler">x</span>', "x", [("spoiler", 0, 1)]),
        ('<tg-emoji emoji-id="5">👍</tg-emoji>', "👍", [("custom_emoji", 0, 2, "5")]),
        ('<tg-time unix="1790000000">soon</tg-time>', "soon", [("date_time", 0, 4, 1790000000)]),
        ("<tg-time unix=soon>soon</tg-time>", "soon", []),
    ],
)
async def test_html_is_read_like_telegram_reads_it(
    wire: Wire, anna: Phone, html: str, text: str, entities: list[tuple[Any, ...]]
) -> None:
    await wire(*send(html, parse_mode="HTML"))
    assert anna.last.text == text
    shown = [(e["type"], e["offset"], e["length"], *list(e.values())[3:]) for e in anna.last.entities]
    assert shown == entities


@pytest.mark.usefixtures("anna")
async def test_entities_that_are_given_are_kept(bot: Bot) -> None:
    bold = MessageEntity("bold", 3, 1)
    sent = await bot.send_message(ANNA, "😀 <x\n", entities=[bold])
    assert (sent.text, sent.entities) == ("😀 <x", (bold,))


async def test_a_query_is_answered_once_in_time_and_briefly(bot: Bot, anna: Phone, clock: Clock) -> None:
    await ask(bot)
    first, late = anna.tap("1"), anna.tap("2")
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.answer_callback_query(first, "x" * 201)
    await bot.answer_callback_query(first, "Careful", show_alert=True)
    assert anna.toasts[0].alert
    clock.at += 21
    for query in (first, late):
        with pytest.raises(BadRequest, match="Query is too old"):
            await bot.answer_callback_query(query)
    assert [query.id for query in anna.unanswered] == [late]


@pytest.mark.usefixtures("anna")
async def test_a_message_older_than_two_days_stays(bot: Bot, clock: Clock) -> None:
    sent = await ask(bot)
    clock.at += 48 * 3600 + 1
    with pytest.raises(BadRequest, match="can't be deleted for everyone"):
        await bot.delete_message(ANNA, sent.message_id)
    await bot.edit_message_text("still editable", ANNA, sent.message_id)


# Updates


async def test_updates_come_again_until_confirmed(bot: Bot, anna: Phone) -> None:
    anna.say("two")
    first = await updates(bot)
    assert await updates(bot) == first
    assert await updates(bot, first[0].update_id + 1) == first[1:]
    assert await updates(bot, first[1].update_id + 1) == []
    assert await updates(bot) == []


async def test_a_negative_offset_forgets_what_is_older(bot: Bot, anna: Phone, emulator: Emulator) -> None:
    for text in ("two", "three"):
        anna.say(text)
    assert [u.message.text for u in await updates(bot, -2) if u.message] == ["two", "three"]
    assert len(emulator.history.of("dropped")) == 1
    assert len(await updates(bot, -50, limit=1)) == 1
    assert len(await updates(bot, 999_999_999)) == 2, "an offset from nowhere confirms nothing"


async def test_a_long_poll_ends_when_something_happens(bot: Bot, emulator: Emulator, anna: Phone) -> None:
    (start,) = await updates(bot)
    polling = asyncio.create_task(updates(bot, start.update_id + 1, timeout=30))
    await emulator.idle()
    anna.say("hello")
    assert [update.message.text for update in await polling if update.message] == ["hello"]


async def test_a_second_poller_throws_the_first_one_out(bot: Bot, emulator: Emulator) -> None:
    first = asyncio.create_task(updates(bot, timeout=30))
    await emulator.idle()
    second = asyncio.create_task(updates(bot, timeout=30))
    with pytest.raises(Conflict, match="terminated by other getUpdates request; make sure that only one"):
        await first
    emulator.phone(ANNA).say("hi")
    assert len(await second) == 1


async def test_a_webhook_and_polling_exclude_each_other(bot: Bot, emulator: Emulator) -> None:
    poll = asyncio.create_task(updates(bot, timeout=30))
    await emulator.idle()
    await bot.set_webhook("https://example.org/hook")
    with pytest.raises(Conflict, match="terminated by setWebhook request"):
        await poll
    emulator.phone(ANNA).say("hi")
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await updates(bot)
    assert (await bot.get_webhook_info()).pending_update_count == 1
    await bot.delete_webhook(drop_pending_updates=True)
    assert await updates(bot) == []


async def test_a_tap_lives_150_seconds_and_a_message_a_day(bot: Bot, anna: Phone, clock: Clock) -> None:
    await ask(bot)
    anna.tap("1")
    assert len(await updates(bot)) == 2
    clock.at += 150
    assert [bool(update.message) for update in await updates(bot)] == [True]
    clock.at += 24 * 3600
    assert await updates(bot) == []
    assert anna.unanswered, "the button spins for ever"


async def test_only_the_kinds_asked_for_are_kept(bot: Bot, anna: Phone) -> None:
    await updates(bot, -1, allowed_updates=["callback_query"])
    anna.say("unheard")
    assert len(await updates(bot)) == 1, "what was queued before stays"
    await updates(bot, allowed_updates=[])
    anna.say("heard")
    assert len(await updates(bot)) == 2


async def test_raw_updates_are_delivered_as_they_are(emulator: Emulator, wire: Wire) -> None:
    emulator.deliver({"message": {"text": 5}})
    emulator.deliver({"update_id": "seven", "message": None})
    emulator.deliver({"callback_query": {"id": "q1", "from": {"id": BEN}, "data": "x"}})
    raw = (await wire("getUpdates"))["result"]
    assert [update.get("message", 0) for update in raw] == [{"text": 5}, None, 0]
    assert (await wire("answerCallbackQuery", {"callback_query_id": "q1"}))["result"]
    rest = (await wire("getUpdates", {"offset": raw[0]["update_id"] + 1}))["result"]
    assert rest == raw[2:], "an id of its own is delivered once"


# Faults


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ({"kind": "flood", "retry_after": 7}, RetryAfter, "Retry in 0:00:07"),
        ({"kind": "forbidden"}, Forbidden, "blocked by the user"),
        ({"kind": "bad", "description": "Bad Request: CHAT_RESTRICTED"}, BadRequest, "Chat_restricted"),
        ({"kind": "broken", "seconds": 0.01}, NetworkError, "Internal Server Error"),
        ({"kind": "gateway"}, NetworkError, "Bad Gateway"),
        ({"kind": "cut"}, NetworkError, "disconnected"),
        ({"kind": "hang", "seconds": 30}, TimedOut, "Timed out"),
    ],
)
async def test_a_fault_hits_once_and_nothing_was_sent(
    bot: Bot, emulator: Emulator, anna: Phone, fault: dict[str, Any], error: type[Exception], words: str
) -> None:
    emulator.faults.add(**fault)
    with pytest.raises(error, match=words):
        await bot.send_message(ANNA, "x", read_timeout=0.05)
    assert not anna.sees("x")
    await bot.send_message(ANNA, "x")
    assert len(emulator.history.of("sent")) == 1


@pytest.mark.parametrize("reply_bytes", [0, 20])
async def test_a_reply_lost_after_the_message_was_accepted(
    bot: Bot, emulator: Emulator, anna: Phone, reply_bytes: int
) -> None:
    emulator.faults.add("lost", method="sendMessage", reply_bytes=reply_bytes)
    with pytest.raises(NetworkError):
        await bot.send_message(ANNA, "x")
    assert anna.sees("x")
    assert [event.kind for event in emulator.history.of("sent", "fault", chat=ANNA)] == ["fault", "sent"]


async def test_a_hanging_call_goes_on_when_released(bot: Bot, emulator: Emulator, anna: Phone) -> None:
    fault = emulator.faults.add("hang")
    sending = asyncio.create_task(ask(bot))
    await emulator.until(lambda: fault.hits)
    assert not anna.sees("How")
    emulator.faults.clear()
    assert (await sending).text == "How was it?"


@pytest.mark.usefixtures("anna")
async def test_faults_pick_their_calls(bot: Bot, emulator: Emulator) -> None:
    emulator.phone(BEN).say("hi")
    emulator.faults.add("forbidden", method="sendMessage", chat=BEN, text="two", count=2)
    for text in ("one", "two", "two", "two"):
        await bot.send_message(ANNA, text)
    outcomes = [await outcome(bot.send_message(BEN, text)) for text in ("one", "two", "two", "two")]
    assert outcomes == ["sent", "Forbidden", "Forbidden", "sent"]


async def outcome(sending: Awaitable[Any]) -> str:
    try:
        await sending
    except Exception as error:
        return type(error).__name__
    return "sent"


@pytest.mark.usefixtures("anna")
async def test_a_share_of_calls_fails_the_same_way_for_a_seed(bot: Bot, emulator: Emulator) -> None:
    fault = emulator.faults.add("broken", share=0.5)
    outcomes = [await outcome(bot.send_message(ANNA, "x")) for _ in range(20)]
    assert outcomes.count("NetworkError") == fault.hits == 7


def test_a_fault_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match='no fault is called "fire"; there are flood,'):
        Emulator().faults.add("fire")
    with pytest.raises(ValueError, match="a fault has no speed"):
        Emulator().faults.add("cut", speed=1)


@pytest.mark.usefixtures("anna")
async def test_the_strict_limit_bans_for_a_second(bot: Bot, emulator: Emulator, clock: Clock) -> None:
    emulator.window.limit = 2
    assert [await outcome(ask(bot)) for _ in range(3)] == ["sent", "sent", "RetryAfter"]
    clock.at += 0.9
    assert await outcome(ask(bot)) == "RetryAfter"
    clock.at += 0.1
    assert await outcome(ask(bot)) == "sent"


async def test_latency_is_added_to_every_call(bot: Bot, emulator: Emulator) -> None:
    emulator.latency = 0.03
    before = time.perf_counter()
    await bot.get_me()
    assert time.perf_counter() - before >= 0.03


# History


async def test_the_history_tells_the_conversation_in_order(bot: Bot, emulator: Emulator, anna: Phone) -> None:
    heard: list[str] = []
    stop = emulator.history.subscribe(lambda event: heard.append(event.kind))
    await ask(bot)
    query = anna.tap("2")
    await bot.answer_callback_query(query)
    await updates(bot)
    stop()
    await bot.delete_message(ANNA, anna.last.id)
    assert heard == ["sent", "tapped", "answered", "delivered", "delivered"]
    tapped = emulator.history.of("tapped", chat=ANNA)[0]
    assert (tapped.text, tapped.data, tapped.message_id) == ("2", "c7:2", 2)
    assert emulator.history.events[-1].kind == "deleted"
    assert emulator.history.since(tapped.number)[0].kind == "answered"


async def test_history_can_be_left_out_and_is_still_counted() -> None:
    async with Emulator(keep_history=False) as emulator:
        emulator.phone(ANNA).say("hi")
        assert emulator.history.events == []
        assert emulator.history.counts == {"said": 1}


# The server


async def test_stopping_does_not_wait_for_a_long_poll(emulator: Emulator, bot: Bot) -> None:
    waiting = asyncio.create_task(outcome(updates(bot, timeout=30)))
    await emulator.idle()
    before = time.perf_counter()
    await emulator.stop()
    assert time.perf_counter() - before < 0.2
    assert await waiting == "sent", "the poll went home with nothing"


async def test_after_an_outage_the_same_world_goes_on(emulator: Emulator, bot: Bot, anna: Phone) -> None:
    port = int(emulator.base_url.rpartition(":")[2])
    await emulator.stop()
    assert await outcome(ask(bot)) == "NetworkError"
    anna.say("anyone there?")
    await emulator.start(port)
    await ask(bot)
    assert len(await updates(bot)) == 2


async def test_only_loopback_is_served() -> None:
    with pytest.raises(ValueError, match="loopback only"):
        await Emulator().start(host="0.0.0.0")
    with pytest.raises(ValueError, match="loopback only"):
        await Emulator().start(host="example.org")
    with pytest.raises(ValueError, match="a token is"):
        Emulator(token="secret")


@pytest.mark.parametrize("encoding", ["params", "data", "json"])
async def test_every_encoding_of_a_call_is_understood(anna: Phone, wire: Wire, encoding: str) -> None:
    fields = {"chat_id": str(ANNA), "text": "é", "reply_markup": json.dumps(SCALE.to_dict())}
    body: dict[str, Any] = {encoding: fields}
    async with wire.http.post(wire.address + "SENDmessage", **body) as reply:
        assert (await reply.json())["result"]["text"] == "é"
    assert anna.last.buttons == (("1", "2"),)


@pytest.mark.parametrize(
    ("path", "body", "code", "description"),
    [
        ("bot1:x/getMe", None, 401, "Unauthorized"),
        ("bot{token}/getMoon", None, 404, "Not Found: method not found"),
        ("bot{token}/getMe", "[1]", 400, "Bad Request: can't parse the request: a JSON object is expected"),
        ("bot{token}/getMe", "{", 400, "Bad Request: can't parse the request: a JSON object is expected"),
        ("file/bot{token}/photos/1.png", None, 404, "Not Found"),
    ],
)
async def test_calls_that_go_nowhere(
    emulator: Emulator, http: aiohttp.ClientSession, path: str, body: str | None, code: int, description: str
) -> None:
    url = f"{emulator.base_url}/{path.format(token=emulator.token)}"
    headers = {"Content-Type": "application/json"}
    async with http.get(url, data=body, headers=headers) as reply:
        assert reply.status == code
        assert await reply.json() == {"ok": False, "error_code": code, "description": description}


# The phones over HTTP


class Remote:
    """Another process' view of the emulator."""

    def __init__(self, base_url: str, http: aiohttp.ClientSession) -> None:
        self.base_url, self.http = base_url, http

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, self.base_url + path, json=body) as reply:
            answer = await reply.json()
            return answer if reply.status == 200 else (reply.status, answer["error"])


@pytest.fixture
def remote(emulator: Emulator, http: aiohttp.ClientSession) -> Remote:
    return Remote(emulator.base_url, http)


async def test_a_conversation_over_http(remote: Remote, bot: Bot) -> None:
    await remote("POST", "/phones/11", {"first_name": "Anna", "language_code": "es"})
    assert await remote("POST", "/phones/11/say", {"text": "/start"}) == {"message_id": 1}
    looking = asyncio.create_task(remote("GET", "/phones/11?sees=How&wait=2"))
    await ask(bot)
    phone = await looking
    assert (phone["user"]["first_name"], phone["messages"][1]["buttons"]) == ("Anna", [["1", "2"]])
    query = await remote("POST", "/phones/11/tap", {"label": "2", "message_id": 2})
    await remote("POST", "/phones/11/press", {"data": "forged"})
    await bot.answer_callback_query(query["query_id"], "Noted")
    phone = await remote("GET", "/phones/11")
    assert phone["toasts"][0]["text"] == "Noted"
    assert [query["data"] for query in phone["unanswered"]] == ["forged"]
    assert phone["notifications"] == ["How was it?"]


async def test_history_faults_and_files_over_http(remote: Remote, bot: Bot) -> None:
    await remote("POST", "/phones/11/say", {"text": "hi"})
    (planned,) = await remote("POST", "/faults", {"kind": "cut", "method": "sendMessage"})
    assert planned["count"] == 1
    assert await outcome(ask(bot)) == "NetworkError"
    assert (await remote("GET", "/faults"))[0]["hits"] == 1
    await remote("DELETE", "/faults")
    waiting = asyncio.create_task(remote("GET", "/history?since=3&wait=2"))
    await bot.send_document(ANNA, b"x", filename="x.txt")
    assert [event["kind"] for event in await waiting] == ["document"]
    async with remote.http.get(remote.base_url + "/phones/11/files/2") as reply:
        assert await reply.read() == b"x"
    assert (await remote("GET", "/counters"))["document"] == 1


async def test_many_things_at_once(remote: Remote) -> None:
    steps = [{"user": user, "do": "say", "text": "hi"} for user in range(1, 60)]
    assert len(await remote("POST", "/phones", [*steps, {"user": 1, "do": "block"}])) == 60
    (failed,) = await remote("POST", "/phones", [{"user": 1, "do": "tap", "label": "x"}])
    assert failed == {"error": 'no button "x" here; there are no buttons at all'}
    ids = await remote("POST", "/updates", [{"message": {}}, {"message": {}}])
    assert len(ids["update_ids"]) == 2
    assert (await remote("GET", "/counters"))["pending"] == 62


@pytest.mark.parametrize(
    ("method", "path", "body", "answer"),
    [
        ("POST", "/phones/11/dance", {}, (400, 'a phone cannot "dance"; it can say, edit, tap,')),
        ("POST", "/phones/11/say", {}, (400, "text is missing")),
        ("POST", "/phones/11/say", {"text": 5}, (400, "text must be of type str")),
        ("POST", "/phones/11/say", {"text": "x", "loud": 1}, (400, "loud is not known here; there is text")),
        ("POST", "/phones/11/say", [], (400, "a JSON object is expected")),
        ("POST", "/phones/Anna/say", {"text": "x"}, (400, "a user id must be a whole number")),
        ("POST", "/phones/11/tap", {"label": "x"}, (409, 'no button "x" here; there are no buttons at all')),
        ("POST", "/phones/11/press", {"data": "x"}, (409, "the bot has written nothing to User 11")),
        ("POST", "/phones/11/edit", {"message_id": 1, "text": "x"}, (409, "message 1 is not one User 11 wrote")),
        ("GET", "/phones/11/files/1", None, (409, "message 1 is not in this chat")),
        ("GET", "/phones/11?sees=x&wait=0", None, (409, "waited 0 s in vain for 'x'; the screen shows: nothing")),
        ("GET", "/phones/11?sees=x&wait=y", None, (400, "wait must be a number of seconds")),
        ("POST", "/faults", {"kind": "fire"}, (400, 'no fault is called "fire"')),
        ("POST", "/faults", {}, (400, "kind is missing")),
        ("GET", "/moon", None, (404, "there is no GET /moon")),
    ],
)
async def test_mistakes_over_http_are_sentences(
    remote: Remote, method: str, path: str, body: Any, answer: tuple[int, str]
) -> None:
    status, error = await remote(method, path, body)
    assert (status, error[: len(answer[1])]) == answer


async def test_a_phone_that_cannot_do_it_says_why(remote: Remote, anna: Phone) -> None:
    with pytest.raises(PhoneError, match="no file"):
        anna.file(1)
    anna.deactivate()
    assert await remote("POST", "/phones/11/sticker") == (409, "Anna has deleted the account")
    async with remote.http.post(remote.base_url + "/phones/11/say", data="{") as reply:
        assert await reply.json() == {"error": "the body is not JSON"}


async def test_as_a_program_it_says_where_it_is_and_ends_when_told(http: aiohttp.ClientSession) -> None:
    command = [sys.executable, "-m", "bot.emulator", "--port", "0", "--json", "--token", "5:five", "--limit", "1"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    where = json.loads(await process.stdout.readline())
    async with http.get(f"{where['base_url']}/bot{where['token']}/getMe") as reply:
        assert (await reply.json())["result"]["id"] == 5
    process.send_signal(signal.SIGTERM)
    rest, _ = await asyncio.wait_for(process.communicate(), 2)
    assert (process.returncode, rest) == (0, b"")
