"""A game -> what the page shows, as JSON-ready values. The words a newcomer reads beside the phones stand here."""

from datetime import datetime
from typing import Any

from bot.demo import ahead
from bot.demo.answering import Next
from bot.demo.game import SILENT, Game
from bot.demo.player import instant
from bot.demo.script import CAST, CLINIC_ZONE, ENDS, STARTS, Person

Json = dict[str, Any]
NEWEST = 40
"""So many messages of a phone are shown."""
SEATS = sorted(CAST, key=lambda who: (who.therapist or who.code, who.role, who.code))
"""From left to right: a therapist's patients, then the therapist."""
HINTS = {
    "link": "You hold everybody's phones. Tap “START” on {name}'s phone: it opens the link from the front desk.",
    "enter": "{name} is coming in. Tap “{label}” on {name}'s phone.",
    "begin": "{name} is asked how the work is going. Tap “{label}” on {name}'s phone, or let {name} answer.",
    "answer": "Answer as you think {name} would, tap by tap. Or let {name} do the rest.",
    "send": "All is answered: tap “{label}” on {name}'s phone.",
    "open": "Something is ready for {name}. Tap “{label}” on {name}'s phone and read it.",
    "read": "This is what {name} reads before the session. Tap “{label}” once you have read it, or jump on.",
    "jump": "Nobody has anything to do. Press “Jump to the next thing”: the clock moves on, and the bot writes.",
    "over": "Two weeks have passed. Look around, jump on, or end the demo with Ctrl-C where you started it.",
    "nothing": "Nothing more is laid out. End the demo with Ctrl-C where you started it.",
    "playing": "The demo plays by itself: watch the phones. Ben does not answer, on purpose.",
}

HELP = {"enter": "Let {name} come in", "open": "Let {name} open it"}
HELP |= dict.fromkeys(("begin", "answer", "send"), "Let {name} answer")


def board(game: Game) -> Json:
    """Everything the page shows, at this moment."""
    waiting = {who: game.waiting(who) for who in CAST}
    return {
        "version": game.version,
        "clock": _clock(game.now),
        "hint": _hint(game, waiting),
        "next": _next(game),
        "playing": game.playing,
        "phones": [_phone(game, who, waiting[who]) for who in SEATS],
        "sessions": [_session(one, game.now) for one in game.sessions],
    }


def _clock(now: datetime) -> Json:
    days = (now.date() - instant(STARTS).date()).days + 1
    of = (instant(ENDS).date() - instant(STARTS).date()).days + 1
    return {
        "day": day(now),
        "time": f"{now:%H:%M}",
        "zone": CLINIC_ZONE.rpartition("/")[2],
        "count": min(days, of),
        "of": of,
    }


def day(at: datetime) -> str:
    """A day in words: "Tuesday 3 November"."""
    return f"{at:%A} {at.day} {at:%B}"


def _next(game: Game) -> Json | None:
    if not game.coming:
        return None
    at = game.coming[0].at.astimezone(game.now.tzinfo)
    when = f"{at:%H:%M}" if at.date() == game.now.date() else f"{day(at)}, {at:%H:%M}"
    return {"words": ahead.in_words(game.coming), "when": when}


def _hint(game: Game, waiting: dict[Person, tuple[int, Next] | None]) -> Json:
    """What to try next: what waits longest, then a link nobody opened, then the clock."""
    open_now = [(waits[0], who, waits[1]) for who, waits in waiting.items() if waits]
    if game.playing:
        acts = [who.number for _, who, _ in open_now if who not in SILENT]
        return {"words": HINTS["playing"]} | ({"user": acts[0]} if acts else {})
    if open_now:
        message, who, step = min(open_now, key=lambda one: one[0])
        words = HINTS[step.kind].format(name=who.name, label=step.label)
        points = step.kind != "answer"  # whoever answers is not told what
        return {"words": words, "user": who.number, "message": message, "label": step.label, "points": points}
    for who in CAST:
        if game.has_link(who):
            return {"words": HINTS["link"].format(name=who.name), "user": who.number}
    return {"words": HINTS["over" if game.is_over else "jump" if game.coming else "nothing"]}


def _phone(game: Game, who: Person, waits: tuple[int, Next] | None) -> Json:
    shown = game.phone(who).as_dict()
    new = [message for message in shown["messages"] if message["by_bot"] and message["id"] > game.seen]
    return {
        "user": who.number, "name": who.name, "code": who.code, "role": who.role, "zone": who.zone, "lang": who.lang,
        "now": game.now.timestamp(), "therapist": who.therapist or who.code,
        "link": game.links[who] if game.has_link(who) else None,
        "messages": [message | {"new": message in new} for message in shown["messages"][-NEWEST:]],
        "toasts": shown["toasts"][-1:], "toast_count": len(shown["toasts"]),
        "locked": game.locked.get(who.number, []), "silent": sum(message["silent"] for message in new),
        "commands": shown["commands"], "spins": [[q["message_id"], q["data"]] for q in shown["unanswered"]],
        "waits": waits is not None, "help": _help(game, who, waits),
    }  # fmt: skip


def _help(game: Game, who: Person, waits: tuple[int, Next] | None) -> str | None:
    """What is written on the button that lets somebody act alone; None: there is none."""
    kind = waits[1].kind if waits else "enter" if game.has_link(who) else None
    return None if game.playing or kind not in HELP else HELP[kind].format(name=who.name)


def _session(one: ahead.Appointed, now: datetime) -> Json:
    starts = datetime.fromisoformat(one.local)
    held = one.state == "planned" and starts <= now.replace(tzinfo=None)
    return {
        "id": one.id,
        "patient": one.patient,
        "therapist": one.therapist,
        "when": f"{day(starts)}, {starts:%H:%M}",
        "state": "held" if held else one.state,
    }
