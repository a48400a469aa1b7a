"""A therapist's digests: opened by a tap, so that nothing is on a lock screen; never before the own form is done."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.chat import pictures
from bot.chat.reply import Outcome, Reply
from bot.chat.screens import show
from bot.config import Config
from bot.core import digest as core_digest
from bot.core.digest import Digest
from bot.core.form import compose
from bot.core.person import Person
from bot.core.taps import Tap, step
from bot.message import Button, Message, in_parts
from bot.render import page, phrase
from bot.store import checkins, digests, histories, people
from bot.store.checkins import Kept
from bot.store.digests import KeptDigest


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:
    """[Open], [More], [Less] or [Hide] on a digest. Anyone else's digest does not exist."""
    parts = data.split(":")
    kept = digests.of_therapist(conn, parts[1], who.id) if len(parts) == 3 else None
    if kept is None or parts[2] not in ("open", "more", "less", "hide", "chart"):
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    if parts[2] == "chart":
        return pictures.of_digest(conn, kept, who, config, now)
    if parts[2] == "hide":
        return Outcome((Reply(prompt(kept, who), message_id),))
    if kept.pair_id is None:
        return _weekly(conn, kept, who, message_id, config, now)
    form = _open_form(conn, kept, who, message_id, config, now)
    if form is not None:
        return Outcome((form,))
    return Outcome(replies(_pair(conn, kept, who, config, now, everything=parts[2] == "more"), message_id))


def replies(parts: Sequence[Message], message_id: int | None, about: str | None = None) -> tuple[Reply, ...]:
    """The first part in place of what was tapped, the others below it."""
    first, *others = parts
    return Reply(first, message_id, about=about), *map(Reply, others)


def prompt(kept: KeptDigest, who: Person) -> Message:
    """What a digest arrives with."""
    words = (
        phrase(who.lang, "ready_weekly") if kept.local is None else phrase(who.lang, "ready_digest", kept.local[-5:])
    )
    return Message(words, ((Button(phrase(who.lang, "open"), f"d:{kept.id}:open"),),))


def after_form(conn: Connection, form: Kept, config: Config, now: datetime) -> list[Message]:
    """The digest that waited for this form, now that it is sent or skipped; nothing if none waits."""
    if form.check_in.voice != "therapist":
        return []
    waiting = digests.waiting_for(conn, form.pair_id, now)
    return [] if waiting is None else _pair(conn, waiting, form.person, config, now)


def _open_form(
    conn: Connection, kept: KeptDigest, who: Person, message_id: int | None, config: Config, now: datetime
) -> Reply | None:
    """The therapist's own form for the last session, if it is still open: it comes first (blind)."""
    for check_in_id in digests.open_forms(conn, kept.pair_id or 0, who.id):
        check = checkins.of_chat(conn, check_in_id, who)
        if check is None or check.asks is None:
            continue
        form = compose(config.questionnaires.by_id, check.asks, "therapist")
        begun = step(form, check.check_in, Tap("begin"), now, config.plan)
        if begun.happened == "closed":
            continue
        shown = checkins.save(conn, check.with_message(message_id), begun, {}, now, config.plan)
        return Reply(show(shown, form, config, now), message_id, about=check_in_id)
    return None


def _pair(
    conn: Connection, kept: KeptDigest, who: Person, config: Config, now: datetime, everything: bool = False
) -> list[Message]:
    built = build(conn, kept.pair_id or 0, kept.local or "", kept.starts or now, config, now)
    shown = len(built.lines) if everything else built.first
    text = page(who.lang, "digest.txt", d=built, shown=shown)
    html = page(who.lang, "digest.html", d=built, spoken=who.lang)
    digests.keep(conn, kept.id, page(who.lang, "digest.txt", d=built, shown=built.first), html, now)
    fold = Button(phrase(who.lang, "more", built.folded), f"d:{kept.id}:more")
    if everything:
        fold = Button(phrase(who.lang, "less"), f"d:{kept.id}:less")
    hide = _hide(kept, who)
    return in_parts(text, ((fold, hide),) if built.folded else ((hide,),))


def _hide(kept: KeptDigest, who: Person) -> Button:
    return Button(phrase(who.lang, "hide"), f"d:{kept.id}:hide")


def build(conn: Connection, pair_id: int, local: str, before: datetime, config: Config, now: datetime) -> Digest:
    """The digest of one pair about everything before an instant. Where the therapist's form is open it is blind."""
    pair = people.pair_of(conn, pair_id)
    history = histories.history_of(conn, pair_id, before, now)
    blind = digests.blind(conn, pair_id)
    return core_digest.build(pair.patient.code, local, history, config.thresholds, blind)


def _weekly(
    conn: Connection, kept: KeptDigest, who: Person, message_id: int | None, config: Config, now: datetime
) -> Outcome:
    built = [build(conn, pair_id, "", now, config, now) for pair_id in people.pairs(conn, therapist_id=who.id)]
    text = page(who.lang, "weekly.txt", digests=_in_order(built))
    html = page(who.lang, "weekly.html", digests=_in_order(built), spoken=who.lang)
    digests.keep(conn, kept.id, text, html, now)
    return Outcome(replies(in_parts(text, ((_hide(kept, who),),)), message_id))


def _in_order(built: Sequence[Digest]) -> list[Digest]:
    """Those with a disagreement first, then other flags, then notes; by code within."""

    def place(d: Digest) -> tuple[bool, bool, bool, str]:
        two_sided = any(line.is_flag and line.finding.rule in ("disagreement", "named_goals") for line in d.lines)
        return not two_sided, not d.has_flag, not d.lines, d.code

    return sorted((d for d in built if d.about is not None), key=place)
