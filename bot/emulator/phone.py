"""Phones: what a person can do in the chat with the bot, and what the person sees there.

A phone reads and changes only its own person's side; it never calls the Bot API.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar, overload

from bot.emulator.markup import commands_in
from bot.emulator.world import Message, Person, Query, Rows, StoredFile, Toast, World, labels

Json = dict[str, Any]
T = TypeVar("T")

PATIENCE = 5.0


class PhoneError(Exception):
    """Something this person cannot do now, with what the screen shows instead."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as the person sees it now."""

    id: int
    text: str
    by_bot: bool
    at: int
    edited: bool
    silent: bool
    protected: bool
    keyboard: Rows
    entities: list[Json]
    attachment: str | None
    spoiler: bool

    @property
    def buttons(self) -> tuple[tuple[str, ...], ...]:
        """The labels on the keyboard, row by row."""
        return labels(self.keyboard)

    def as_dict(self) -> Json:
        """The message as JSON-ready values."""
        return asdict(self) | {"buttons": self.buttons}


class Phone:
    """One person's phone, open at the chat with the bot."""

    def __init__(self, world: World, person: Person) -> None:
        self._world = world
        self.person = person

    @property
    def id(self) -> int:
        """The person's user id, which is also the id of the chat."""
        return self.person.id

    def say(self, text: str) -> int:
        """Type something and send it; the first time is what Start does."""
        entities = commands_in(text)
        body = {"text": text, "entities": entities} if entities else {"text": text}
        return self._send(body, "said")

    def edit(self, message_id: int, text: str) -> None:
        """Change an own message."""
        message = self.person.messages.get(message_id)
        if message is None or message.by_bot:
            raise PhoneError(f"message {message_id} is not one {self.person.first_name} wrote")
        message.body = {"text": text}
        message.edited = int(self._world.now())
        self._post("edited_message", self._world.json(message))
        self._world.history.record("corrected", self.id, message.id, text)

    def tap(self, label: str, message: int | Shown | None = None) -> str:
        """Tap the button with this label, on the newest message that has one; the query's id, "" for a link."""
        target, button = self._find(label, message)
        if "callback_data" in button:
            return self._press(target.id, button["callback_data"], label)
        self._may_act()
        action = {key: value for key, value in button.items() if key != "text"}
        self._world.history.record("opened", self.id, target.id, label, **action)
        return ""

    def press(self, data: str, message_id: int | None = None) -> str:
        """Send raw callback data, as a forged or outdated client could; any message id will do."""
        return self._press(self.last.id if message_id is None else message_id, data, None)

    def send_voice(self) -> int:
        """Send a voice message."""
        stored = self._world.add_file("voice", "voice.ogg", b"OggS")
        facts = {"file_id": stored.id, "file_unique_id": f"u{stored.id}", "duration": 3, "mime_type": "audio/ogg"}
        return self._send({"voice": facts}, "said")

    def send_sticker(self) -> int:
        """Send a sticker."""
        stored = self._world.add_file("sticker", "sticker.webp", b"RIFF")
        size = {"width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular"}
        return self._send({"sticker": {"file_id": stored.id, "file_unique_id": f"u{stored.id}", **size}}, "said")

    def send_photo(self, caption: str = "") -> int:
        """Send a picture."""
        stored = self._world.add_file("photo", "photo.jpg", b"\xff\xd8\xff")
        sizes = [{"file_id": stored.id, "file_unique_id": f"u{stored.id}", "width": 90, "height": 90}]
        return self._send({"photo": sizes, "caption": caption} if caption else {"photo": sizes}, "said")

    def block(self) -> None:
        """Block the bot; doing so twice changes nothing."""
        self._set_blocked(True)

    def unblock(self) -> None:
        """Let the bot write again."""
        self._set_blocked(False)

    def deactivate(self) -> None:
        """Delete the account."""
        self.person.deactivated = True
        self._world.history.record("deactivated", self.id)

    @property
    def messages(self) -> list[Shown]:
        """All messages of the chat, oldest first."""
        return [self._shown(message) for message in self.person.messages.values()]

    @property
    def last(self) -> Shown:
        """The newest message of the bot."""
        newest = next((m for m in reversed(self.person.messages.values()) if m.by_bot), None)
        if newest is None:
            raise PhoneError(f"the bot has written nothing to {self.person.first_name}")
        return self._shown(newest)

    def sees(self, text: str) -> bool:
        """Whether a message of the bot that is there now contains this text."""
        return self._newest_with(text) is not None

    @property
    def toasts(self) -> list[Toast]:
        """The answers to this person's taps that showed a text."""
        return list(self.person.toasts)

    @property
    def unanswered(self) -> list[Query]:
        """Taps the bot never answered: their buttons still spin."""
        return list(self.person.waiting.values())

    @property
    def notifications(self) -> list[str]:
        """The lock-screen line of each new message that was not silent; edits make none."""
        return list(self.person.notifications)

    @property
    def commands(self) -> list[Json]:
        """The command menu: the narrowest scope and the own language win."""
        for scope in (("chat", self.id), ("all_private_chats", 0), ("default", 0)):
            for language in (self.person.language_code, ""):
                if found := self._world.commands.get((*scope, 0, language)):
                    return found
        return []

    def file(self, message: int | Shown) -> StoredFile:
        """The photo or document of a message."""
        body = self._message(message).body
        attached = body.get("document") or (body.get("photo") or [None])[-1]
        if attached is None:
            raise PhoneError("this message has no file")
        return self._world.files[attached["file_id"]]

    @overload
    async def wait_for(self, what: str, seconds: float = PATIENCE) -> Shown: ...
    @overload
    async def wait_for(self, what: Callable[["Phone"], T], seconds: float = PATIENCE) -> T: ...
    async def wait_for(self, what: str | Callable[["Phone"], Any], seconds: float = PATIENCE) -> Any:
        """Wait until the bot shows this text (gives the message), or until `what(phone)` is true (gives that)."""

        def look() -> Any:
            return self._newest_with(what) if isinstance(what, str) else what(self)

        found = await self._world.history.until(look, seconds, self.id)
        if not found:
            raise PhoneError(f"waited {seconds:g} s in vain for {what!r}; the screen shows: {self._screen()}")
        return found

    def as_dict(self) -> Json:
        """The whole phone as JSON-ready values."""
        return {
            "user": self.person.as_user(),
            "messages": [shown.as_dict() for shown in self.messages],
            "toasts": [asdict(toast) for toast in self.toasts],
            "notifications": self.notifications,
            "unanswered": [asdict(query) for query in self.unanswered],
            "commands": self.commands,
            "blocked": self.person.blocked,
        }

    def _send(self, body: Json, kind: str) -> int:
        self._may_act()
        self.person.started = True
        message = self._world.add_message(self.person, False, body)
        update = self._post("message", self._world.json(message))
        self._world.history.record(kind, self.id, message.id, message.text, what=next(iter(body)), update_id=update)
        return message.id

    def _press(self, message_id: int, data: str, label: str | None) -> str:
        self._may_act()
        query = self._world.add_query(self.person, data, message_id)
        body = {"id": query.id, "from": self.person.as_user(), "chat_instance": str(-self.id), "data": data}
        message = self._world.messages.get(message_id)
        gone = {"message_id": message_id, "chat": self.person.as_chat(), "date": 0}
        body["message"] = self._world.json(message) if message else gone
        update = self._post("callback_query", body)
        detail: Json = {"query_id": query.id, "update_id": update}
        self._world.history.record("tapped", self.id, message_id, label, data=data, **detail)
        return query.id

    def _post(self, kind: str, body: Json) -> int | None:
        return self._world.updates.add(kind, body, self._world.now())

    def _may_act(self) -> None:
        if self.person.blocked:
            raise PhoneError(f"{self.person.first_name} has blocked the bot and must unblock it first")
        if self.person.deactivated:
            raise PhoneError(f"{self.person.first_name} has deleted the account")

    def _set_blocked(self, blocked: bool) -> None:
        if self.person.blocked == blocked:
            return
        self.person.blocked = blocked
        kicked, member = {"status": "kicked", "until_date": 0}, {"status": "member"}
        before, after = (member, kicked) if blocked else (kicked, member)
        body = {
            "chat": self.person.as_chat(),
            "from": self.person.as_user(),
            "date": int(self._world.now()),
            "old_chat_member": before | {"user": self._world.bot},
            "new_chat_member": after | {"user": self._world.bot},
        }
        update = self._post("my_chat_member", body)
        self._world.history.record("blocked" if blocked else "unblocked", self.id, update_id=update)

    def _find(self, label: str, message: int | Shown | None) -> tuple[Message, Json]:
        places = reversed(self.person.messages.values()) if message is None else [self._message(message)]
        for place in places:
            for button in (button for row in place.keyboard for button in row):
                if button["text"] == label:
                    return place, button
        there = "; ".join(f"{m.id}: {', '.join(sum(m.buttons, ()))}" for m in self.messages if m.keyboard)
        raise PhoneError(f'no button "{label}" here; there are {there or "no buttons at all"}')

    def _message(self, message: int | Shown) -> Message:
        number = message.id if isinstance(message, Shown) else message
        if number not in self.person.messages:
            raise PhoneError(f"message {number} is not in this chat")
        return self.person.messages[number]

    def _newest_with(self, text: str) -> Shown | None:
        for message in reversed(self.person.messages.values()):
            if message.by_bot and text in message.text:
                return self._shown(message)
        return None

    def _screen(self) -> str:
        return " | ".join(f"{shown.id}: {shown.text}" for shown in self.messages[-5:]) or "nothing"

    def _shown(self, message: Message) -> Shown:
        body = message.body
        attachment = next((kind for kind in ("photo", "document", "voice", "sticker") if kind in body), None)
        return Shown(
            id=message.id,
            text=message.text,
            by_bot=message.by_bot,
            at=message.date,
            edited=message.edited is not None,
            silent=message.silent,
            protected=body.get("has_protected_content", False),
            keyboard=message.keyboard,
            entities=body.get("entities") or body.get("caption_entities") or [],
            attachment=attachment,
            spoiler=body.get("has_media_spoiler", False),
        )
