"""A therapist's digests: each opened by a tap, so that nothing is on a lock screen. Anyone else's does not exist."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bot.chat import days
from bot.chat.pages import View, build, number, on_page, paged, pair_view
from bot.chat.reply import Outcome, Page, Reply
from bot.config import Config
from bot.core.digest import Digest
from bot.core.person import Person
from bot.core.weekly import weekly_place
from bot.message import Button, Message
from bot.render import page, phrase
from bot.store import audit, digests, people
from bot.store.digests import KeptDigest


def latest(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome | None:  # noqa: ARG001
    """/digest: the one that came last, opened; None if none came yet."""
    kept = digests.latest_of(conn, who.id)
    return None if kept is None else on_tap(conn, who, f"d:{kept.id}:open", None, config, now)


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:
    """A tap on a digest. Anyone else's digest does not exist."""
    _, digest_id, verb, *more = [*data.split(":"), "", ""]
    kept = digests.of_reader(conn, digest_id, who, now)
    if kept is None:
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    if verb == "hide":
        digests.opened_in(conn, kept.id, None)
        digests.give_up_message(conn, who.id, message_id)
        return Outcome((Reply(prompt(kept, who), message_id),))
    if kept.pair_id is None and verb != "open":
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    if kept.day is not None:
        return days.open_morning(conn, kept, who, message_id, config, now)
    if kept.pair_id is None:
        n = number(more[0])
        return Outcome(page=partial(_weekly, kept=kept, who=who, message_id=message_id, config=config, now=now, n=n))
    if kept.pair_id not in people.pairs(conn, therapist_id=kept.therapist_id):  # the pair has ended
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    view = View(who, people.pair_of(conn, kept.pair_id), kept.local or "", kept.starts or now, kept.id, message_id)
    return on_page(conn, view, verb, more, config, now)


def on_pair_tap(
    conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime
) -> Outcome:
    """A tap on a pair's page. Anyone else's pair does not exist."""
    _, pair_id, verb, *more = [*data.split(":"), "", ""]
    if data == days.HIDE:
        return Outcome((Reply(Message(phrase(who.lang, "put_away")), message_id),))
    if pair_id == "all" and who.role == "therapist" and who.state == "active":
        return days.patients(conn, who, "", config, now)
    view = pair_view(conn, who, int(pair_id) if pair_id.isdecimal() and len(pair_id) < 10 else 0, now)
    if view is None or verb == "hide":
        gone = Message(phrase(who.lang, "put_away")) if view else None
        return Outcome((Reply(gone, message_id),)) if gone else Outcome(toast=phrase(who.lang, "toast_not_yours"))
    return on_page(conn, replace(view, message_id=message_id), verb, more, config, now)


def prompt(kept: KeptDigest, who: Person) -> Message:
    """What a digest arrives with."""
    if kept.day is not None:
        words = phrase(who.lang, "ready_day")
    elif kept.local is None:
        words = phrase(who.lang, "ready_weekly")
    else:
        words = phrase(who.lang, "ready_digest", kept.local[-5:])
    return Message(words, ((Button(phrase(who.lang, "open"), f"d:{kept.id}:open"),),))


# ------------------------------------------------------------------------------------------------ weekly


def _weekly(
    conn: Connection, kept: KeptDigest, who: Person, message_id: int | None, config: Config, now: datetime, n: int
) -> Page:
    covering = kept.therapist_id != who.id
    built = [
        build(conn, pair_id, "", now, config, now, covering)
        for pair_id in people.pairs(conn, therapist_id=kept.therapist_id)
    ]
    text = page(who.lang, "weekly.txt", digests=_in_order(built))
    html = page(who.lang, "weekly.html", digests=_in_order(built), spoken=who.lang)
    hide = Button(phrase(who.lang, "hide"), f"d:{kept.id}:hide")
    keep = partial(_keep, digest_id=kept.id, text=text, html=html, who=who, now=now)
    last = audit.head(conn)
    below = f"\n{phrase(who.lang, 'log_entry', last.short)}" if last is not None else ""
    shown = paged(who.lang, text + below, ((hide,),), n, lambda turn: f"d:{kept.id}:open:{turn}")
    return Page((Reply(shown, message_id),), keep)


def _keep(conn: Connection, digest_id: str, text: str, html: str, who: Person, now: datetime) -> None:
    digests.keep(conn, digest_id, text, html)
    audit.note(conn, "week shown", now, by=who.id, detail=digest_id)


def _in_order(built: Sequence[Digest]) -> list[Digest]:
    """Those with a disagreement first, then drops, silence, homework; by code within."""
    return sorted((d for d in built if d.about is not None), key=lambda d: (weekly_place(d), d.code))
