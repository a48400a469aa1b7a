"""Users, their private chats with the bot, messages, button presses and files, as plain state.

It keeps what is and tells the history; what is allowed is decided in `refuse` and `methods`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.emulator.history import History
from bot.emulator.updates import Updates

Json = dict[str, Any]
Rows = list[list[Json]]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was sent, under the path it is downloaded from."""

    id: str
    path: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Toast:
    """What a person saw after a tap: a fleeting line, or an alert to be closed."""

    text: str
    alert: bool
    at: float
    query_id: str


@dataclass(slots=True)
class Query:
    """One tap on a button, waiting for its answer."""

    id: str
    user: int
    data: str
    message_id: int
    at: float
    answered: bool = False


@dataclass(slots=True)
class Message:
    """A message as it stands now; `body` is what Telegram's JSON has beside ids, dates and keyboard."""

    id: int
    chat: int
    date: int
    by_bot: bool
    body: Json
    keyboard: Rows = field(default_factory=list)
    editable: bool = True
    silent: bool = False
    edited: int | None = None

    @property
    def text(self) -> str:
        """The words of the message: its text, or its caption."""
        words = self.body.get("text") or self.body.get("caption")
        return words if isinstance(words, str) else ""


@dataclass(slots=True)
class Person:
    """A user known to the emulator, and this user's side of the chat with the bot."""

    id: int
    first_name: str
    language_code: str = "en"
    last_name: str = ""
    username: str = ""
    started: bool = False
    blocked: bool = False
    deactivated: bool = False
    pinned: int | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    waiting: dict[str, Query] = field(default_factory=dict)
    toasts: list[Toast] = field(default_factory=list)
    notifications: list[str] = field(default_factory=list)

    def as_user(self) -> Json:
        """The person as Telegram's User."""
        return {"id": self.id, "is_bot": False, **self._names(), "language_code": self.language_code}

    def as_chat(self) -> Json:
        """The private chat with the person as Telegram's Chat."""
        return {"id": self.id, "type": "private", **self._names()}

    def _names(self) -> Json:
        names = {"first_name": self.first_name, "last_name": self.last_name, "username": self.username}
        return {key: name for key, name in names.items() if name}


def labels(keyboard: Rows) -> tuple[tuple[str, ...], ...]:
    """What is written on the buttons, row by row."""
    return tuple(tuple(button["text"] for button in row) for row in keyboard)


class World:
    """Everything there is, looked up by id."""

    def __init__(self, now: Callable[[], float], bot: Json, keep_history: bool, first_update_id: int) -> None:
        self.now = now
        self.bot = bot
        self.history = History(now, keep_history)
        self.updates = Updates(now, self.history, first_update_id)
        self.people: dict[int, Person] = {}
        self.messages: dict[int, Message] = {}
        self.queries: dict[str, Query] = {}
        self.files: dict[str, StoredFile] = {}
        self.paths: dict[str, StoredFile] = {}
        self.commands: dict[tuple[str, int, int, str], list[Json]] = {}
        self.descriptions: dict[tuple[str, str], str] = {}
        # How long a tap can be answered is undocumented; people report 5 to 20 seconds.
        self.answer_within = 20.0
        self._last_message = 0
        self._last_query = 0

    def json(self, message: Message) -> Json:
        """The message as Telegram's Message."""
        person = self.people[message.chat]
        sender = self.bot if message.by_bot else person.as_user()
        shown = {"message_id": message.id, "from": sender, "chat": person.as_chat(), "date": message.date}
        if message.edited:
            shown["edit_date"] = message.edited
        shown |= message.body
        if message.keyboard:
            shown["reply_markup"] = {"inline_keyboard": message.keyboard}
        return shown

    def add_message(self, person: Person, by_bot: bool, body: Json, keyboard: Rows | None = None) -> Message:
        """Put a new message into the person's chat; the caller tells the history."""
        self._last_message += 1
        message = Message(self._last_message, person.id, int(self.now()), by_bot, body, keyboard or [])
        person.messages[message.id] = self.messages[message.id] = message
        return message

    def remove_message(self, message: Message) -> None:
        """Take a message away for both sides."""
        del self.people[message.chat].messages[message.id], self.messages[message.id]

    def add_query(self, person: Person, data: str, message_id: int, query_id: str = "") -> Query:
        """Remember a tap until it is answered."""
        self._last_query += 1
        number = query_id or f"{person.id}{self._last_query:09d}"
        query = Query(number, person.id, data, message_id, self.now())
        self.queries[query.id] = person.waiting[query.id] = query
        return query

    def answer(self, query: Query, text: str, alert: bool) -> None:
        """End the spinner of a tap; a text is shown as a toast."""
        query.answered = True
        person = self.people[query.user]
        person.waiting.pop(query.id, None)
        if text:
            person.toasts.append(Toast(text, alert, self.now(), query.id))

    def add_file(self, kind: str, name: str, content: bytes) -> StoredFile:
        """Keep a file for download."""
        number = len(self.files) + 1
        suffix = name.rpartition(".")[2] if "." in name else "bin"
        stored = StoredFile(f"{kind}-{number:06d}", f"{kind}s/file_{number}.{suffix}", name, content)
        self.files[stored.id] = self.paths[stored.path] = stored
        return stored

    def know(self, user_id: int, first_name: str = "", language_code: str = "") -> Person:
        """The person with this id, made (or renamed) as needed."""
        person = self.people.get(user_id)
        if person is None:
            person = self.people[user_id] = Person(user_id, first_name or f"User {user_id}")
        person.first_name = first_name or person.first_name
        person.language_code = language_code or person.language_code
        return person

    def deliver_raw(self, update: Json) -> int:
        """Queue this JSON as an update; a sound sender becomes a person, a sound tap can be answered."""
        number = self.updates.add_raw(update)
        for kind in ("message", "callback_query"):
            part = update.get(kind)
            sender = part.get("from") if isinstance(part, dict) else None
            if isinstance(part, dict) and isinstance(sender, dict) and isinstance(sender.get("id"), int):
                self._note_raw(part, self.know(sender["id"], str(sender.get("first_name") or "")))
        self.history.record("queued", update_id=number, update=update)
        return number

    def _note_raw(self, part: Json, person: Person) -> None:
        person.started = True
        query_id, shown = part.get("id"), part.get("message")
        if isinstance(query_id, str) and query_id not in self.queries:
            message_id = shown.get("message_id", 0) if isinstance(shown, dict) else 0
            self.add_query(person, str(part.get("data", "")), message_id, query_id)
