"""[Call me, please] under faults, a part of the independent checker: it shares no code with the bot.

Held is: each request is kept; it reaches a contact within a minute in which nothing is wrong; a repetition says that it
is one; a second contact hears after a quarter of an hour in which nobody tapped [I have it]; what is not delivered for
longer than five minutes goes by the second route. Times in which something is wrong do not count, and the history says
when that was; what only keeps messages from going out (the Bot API, the wire) does not excuse the second route.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Event = Mapping[str, Any]
Span = tuple[float, float]
Tables = Mapping[str, Sequence[Any]]
Said = tuple[str, str]
"""A kind of finding, and its words."""

WITHIN_S, SECOND_S, ROUTE_S = 60.0, 900.0, 300.0
CONTACTS = ("T-1", "T-2")
AGAIN = ("Sent once more, in case it did not arrive:", "Se envía otra vez, por si no llegó:")
GRACE_S = {"hang": 80.0, "full": 120.0, "io": 120.0, "slow": 240.0, "clock": 600.0}
"""How long after its end a spell still explains a wait: what hangs, is tried again or goes by a wrong clock."""
SHUT_S = 3600.0
"""How long the bot may take to notice that somebody can be reached again: it may be dead, or the line down."""
OUTSIDE = ("lost", "cut", "hang", "broken", "gateway", "flood", "forbidden", "down")
"""Spells that keep messages from going out, and nothing else."""


@dataclass(slots=True)
class Story:
    """The history, by what matters here: when something was wrong, what arrived where, what went another way."""

    wrong: list[Span] = field(default_factory=list)
    inside: list[Span] = field(default_factory=list)
    """Of the wrong times those in which the bot itself could not work."""
    clock: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 0.0)])
    arrived: dict[tuple[int, str], list[tuple[float, str]]] = field(default_factory=dict)
    routes: dict[int, list[float]] = field(default_factory=dict)
    asked: list[tuple[int, float]] = field(default_factory=list)
    shut: dict[int, list[list[float]]] = field(default_factory=dict)
    """From when to when a chat took nothing: from a refusal or a block until its person was heard again."""

    def is_shut(self, chat: int, begin: float, end: float) -> bool:
        """Whether a chat took nothing at some moment of this time."""
        return any(start <= end and begin <= stop + SHUT_S for start, stop in self.shut.get(chat, ()))

    def free(self, begin: float, end: float, inside: bool = False) -> float:
        """How many seconds of this time nothing was wrong (inside: the bot could work)."""
        left, at = 0.0, begin
        for start, stop in self.inside if inside else self.wrong:
            left += max(min(start, end) - at, 0.0)
            at = max(at, min(stop, end))
        return left + max(end - at, 0.0)

    def true(self, stored: str | None, after: float = 0.0) -> float | None:
        """When it was, of an instant as the bot's clock gave it, or of so many seconds after it by that clock: one that
        went wrong in between, or was put right, makes them fewer or more.
        """
        if stored is None:
            return None
        at = datetime.fromisoformat(stored).replace(tzinfo=UTC).timestamp() + after
        return next((at - off for since, off in reversed(self.clock) if at - off >= since), at)


def read(events: Sequence[Event], ends: float) -> Story:
    """Go through the history once."""
    story, on, dead = Story(), dict[str, float](), list[float]()
    expired = {event["detail"]["update_id"] for event in events if event["kind"] == "expired"}
    wrong: list[Span] = []
    inside: list[Span] = []
    for event in events:
        _shut_or_open(event, story, expired)
        at, kind, detail = event["at"], event["kind"], event["detail"]
        if kind == "spell":
            name = detail["spell"]
            if detail["off"] != story.clock[-1][1]:
                story.clock.append((at, detail["off"]))
            if detail["on"]:
                on[name] = at
                continue
            span = (on.pop(name, at), at + GRACE_S.get(name, WITHIN_S))
            wrong.append(span)
            inside += [] if name in OUTSIDE else [span]
        elif kind == "up" and dead:
            span = (dead[0], at + WITHIN_S)
            wrong.append(span)
            inside.append(span)
            dead.clear()
        elif kind == "fault":
            _fault(at, detail, wrong, dead)
        elif kind == "second route":
            story.routes.setdefault(detail["alert"], []).append(at)
        elif kind in ("sent", "tapped"):
            _message(event, story, expired)
    late = [(start, ends) for start in (*on.values(), *dead)]
    story.wrong, story.inside = _merged(wrong + late), _merged(inside + late)
    return story


def _fault(at: float, detail: Mapping[str, Any], wrong: list[Span], dead: list[float]) -> None:
    if detail["fault"] in ("died", "killed before", "killed after"):
        dead.append(at)
    elif detail.get("pause"):  # the Bot API said how long to wait
        wrong.append((at, at + detail["pause"] + WITHIN_S))


def _shut_or_open(event: Event, story: Story, expired: set[int]) -> None:
    kind, detail, chat = event["kind"], event["detail"], event["chat"]
    forbidden = kind == "fault" and detail["fault"] == "forbidden"
    if forbidden:
        chat = detail["params"].get("chat_id")
    spans = story.shut.setdefault(chat, [])
    is_open = not spans or spans[-1][1] < float("inf")
    if forbidden or kind == "blocked" or (kind == "refused" and detail.get("code") == 403):
        spans += [[event["at"], float("inf")]] if is_open else []
    elif not is_open and kind in ("said", "tapped", "unblocked") and detail.get("update_id") not in expired:
        spans[-1][1] = event["at"]


def _message(event: Event, story: Story, expired: set[int]) -> None:
    """A tap that Telegram itself has forgotten, as nobody fetched it in time, was never made for the bot."""
    if event["kind"] == "tapped":
        if event["data"] == "k:ask" and event["detail"]["update_id"] not in {None, *expired}:
            story.asked.append((event["chat"], event["at"]))
        return
    markup = (event["detail"].get("result") or {}).get("reply_markup") or {}
    for row in markup.get("inline_keyboard", []):
        for button in row:
            if button.get("callback_data", "").startswith("k:open:"):
                key = (event["chat"], button["callback_data"][7:])
                story.arrived.setdefault(key, []).append((event["at"], event["text"] or ""))


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], stop)
        else:
            merged.append((start, stop))
    return merged


# ------------------------------------------------------------------------------------------------ what is held


def calls(events: Sequence[Event], tables: Tables, ends: float) -> Iterator[Said]:
    """Everything that is wrong about requests to be called."""
    story = read(events, ends)
    chats = {row["id"]: row["chat_id"] for row in tables["person"]}
    contacts = {row["code"]: row["chat_id"] for row in tables["person"] if row["code"] in CONTACTS}
    alerts = [row for row in tables["outbox"] if row["key"].startswith("call:")]
    sent = {row["key"]: row["state"] for row in alerts}
    told = {row["key"]: story.true(row["not_before"]) or ends for row in alerts}
    routes = {row["key"]: story.routes.get(row["id"], []) for row in tables["alert"]}
    yield from _kept(story, tables, chats)
    yield from _marked(story, contacts)
    for row in tables["call"]:
        asked = story.true(row["asked_at"])
        assert asked is not None
        seen = story.true(row["seen_at"]) or ends
        begun = max(asked, told.get(f"call:{row['id']}:{CONTACTS[0]}", asked))
        due = max(begun + SECOND_S, story.true(row["asked_at"], SECOND_S) or 0.0)
        one = _Call(row["id"], row["state"], asked, due, seen, contacts, sent, routes)
        yield from _reached(one, story)
        yield from _second(one, story)
        yield from _routed(one, story)


@dataclass(frozen=True, slots=True)
class _Call:
    """One request: when it was made, when a second contact is due, when it was seen; what the outbox and the second
    route know of it by key.
    """

    id: str
    state: str
    asked: float
    due: float
    seen: float
    contacts: Mapping[str, int]
    sent: Mapping[str, str]
    routes: Mapping[str, Sequence[float]]

    def first(self, story: Story, code: str) -> float | None:
        """When its alert first arrived at a contact."""
        came = story.arrived.get((self.contacts[code], self.id), [])
        return came[0][0] if came else None

    def lost(self, code: str) -> bool:
        """Whether it is known that this contact could not be told: never tried, or refused for good."""
        return self.sent.get(f"call:{self.id}:{code}") in (None, "gone", "aside")


def _kept(story: Story, tables: Tables, chats: Mapping[int, int]) -> Iterator[Said]:
    """A tap that was taken over is a request, or there was one already."""
    patients = {row["chat_id"] for row in tables["person"] if row["role"] == "patient"}
    known = [
        (chats[row["person_id"]], story.true(row["asked_at"]) or 0.0, story.true(row["seen_at"]) or float("inf"))
        for row in tables["call"]
    ]
    # What a clock that was set back shows twice says one of two moments: so much either way.
    most = 1.0 + max(abs(off) for _, off in story.clock)
    for chat, at in story.asked:
        mine = [(asked, seen) for whose, asked, seen in known if whose == chat]
        open_then = any(asked <= at + most and seen >= at - most for asked, seen in mine)
        soon = any(asked >= at - most and story.free(at, asked) <= WITHIN_S for asked, _ in mine)
        if chat in patients and not open_then and not soon:
            yield "lost", f"{chat} asked to be called at {_wall(at)}, and there is no request"


def _marked(story: Story, contacts: Mapping[str, int]) -> Iterator[Said]:
    """It goes to contacts alone, and whatever comes again says so."""
    for (chat, call_id), came in story.arrived.items():
        if chat not in contacts.values():
            yield "wrong person", f"{chat} was told of call {call_id}"
        for at, words in came[1:]:
            if not words.startswith(AGAIN):
                yield "sent twice", f"call {call_id} came again to {chat} at {_wall(at)} without saying so: {words!r}"


def _reached(one: _Call, story: Story) -> Iterator[Said]:
    """It reaches somebody within a minute in which nothing is wrong; nobody there: the second route, as quickly."""
    came = [at for code in CONTACTS if (at := one.first(story, code)) is not None]
    came += [at for key, times in one.routes.items() if key.startswith(f"call:{one.id}:") for at in times]
    first = min([*came, one.seen])
    untold = one.lost(CONTACTS[0]) and (
        f"call:{one.id}:{CONTACTS[0]}" in one.sent
        or story.is_shut(one.contacts[CONTACTS[0]], one.asked, one.asked + SHUT_S)
    )
    late = SECOND_S if untold else 0.0  # the first one's phone refused it: then it is the second's turn
    if story.free(one.asked, first) > WITHIN_S + late:
        gone = "never" if not came else _wall(first)
        yield "late", f"call {one.id} of {_wall(one.asked)} reached somebody {gone}; it is {one.state}"


def _second(one: _Call, story: Story) -> Iterator[Said]:
    """After a quarter of an hour without [I have it] the second contact is told, if that is possible."""
    due, chat = one.due, one.contacts[CONTACTS[1]]
    came = one.first(story, CONTACTS[1])
    tried = f"call:{one.id}:{CONTACTS[1]}" in one.sent
    lost = one.lost(CONTACTS[1]) and (tried or story.is_shut(chat, one.asked, due + SHUT_S))
    if one.seen <= due + WITHIN_S or (lost and one.state != "sent"):
        return
    if story.free(due, min(one.seen, came or one.seen)) > WITHIN_S:
        yield "late", f"call {one.id} of {_wall(one.asked)}: the second contact was told {came and _wall(came)}"


def _routed(one: _Call, story: Story) -> Iterator[Said]:
    """Undelivered for longer than five minutes: it went another way, too."""
    for code, begun in zip(CONTACTS, (one.asked, one.due), strict=True):
        key = f"call:{one.id}:{code}"
        if key not in one.sent or one.sent[key] == "gone":
            continue
        until = min(one.first(story, code) or one.seen, one.seen)
        if story.free(begun, until, inside=True) > ROUTE_S + 2 * WITHIN_S and not one.routes.get(key):
            yield "left undone", f"{key} was not delivered for long, and went by no second route"


def _wall(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%d %H:%M:%S}"
