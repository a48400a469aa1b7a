"""The page of one pair: what the digest says, why, and what is made of it; never before the own form is done.

A page is either a digest's ("d:ID:verb", before a session) or the pair's as things stand now ("p:PAIR:verb").
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bot.chat import pictures
from bot.chat.reply import Outcome, Page, Reply
from bot.chat.screens import show
from bot.config import Config
from bot.core import digest as core_digest
from bot.core.chart import Chart, for_therapist
from bot.core.digest import Digest, Line
from bot.core.form import compose
from bot.core.loop import OUTCOMES, READ, Snooze
from bot.core.measures import own
from bot.core.person import GIVEN_UP, Pair, Person
from bot.core.taps import Tap, step
from bot.message import Button, Message, Rows, one_a_line, split
from bot.render import page, part, phrase
from bot.store import (
    appointments,
    audit,
    away,
    checkins,
    digests,
    histories,
    loops,
    outbox,
    parting,
    people,
    versions,
)
from bot.store.checkins import Kept


@dataclass(frozen=True, slots=True)
class View:
    """What a therapist looks at: a pair, before which session, and the digest it is (None: just as things stand)."""

    who: Person
    pair: Pair
    local: str
    before: datetime
    digest_id: str | None
    message_id: int | None = None

    @property
    def covering(self) -> bool:
        """Whether somebody reads it who covers for the pair's therapist."""
        return self.who.id != self.pair.therapist.id

    def data(self, *verb: str) -> str:
        """What a button of this page sends."""
        return ":".join(["d", self.digest_id, *verb] if self.digest_id else ["p", str(self.pair.id), *verb])


def pair_view(conn: Connection, who: Person, pair_id: int, now: datetime) -> View | None:
    """A pair of this therapist's, or one they cover: the digest before the next session, or as things stand."""
    if not away.may_read(conn, who, pair_id, now):
        return None
    pair, next_one = people.pair_of(conn, pair_id), appointments.next_of(conn, pair_id, now)
    coming = None if next_one is None else digests.before_session(conn, pair_id, next_one.id)
    if coming is None:
        return View(who, pair, "", now, None)
    return View(who, pair, coming.local or "", coming.starts or now, coming.id)


Verb = Callable[[Connection, View, list[str], Config, datetime], Outcome]


def on_page(conn: Connection, view: View, verb: str, more: list[str], config: Config, now: datetime) -> Outcome:
    """A verb on a page that is this therapist's. The own form comes first, whatever was tapped."""
    digests.give_up_message(conn, view.who.id, view.message_id, but=view.digest_id)
    form = _open_form(conn, view, config, now)
    if form is not None:
        # What became of a digest that was read may be said at any time; it shows nothing.
        decided = _was(conn, view, [*more, ""], config, now) if verb == "was" else Outcome()
        return replace(decided, replies=(form,), page=None)
    known = VERBS.get(verb)
    if known is None:
        return Outcome(toast=phrase(view.who.lang, "toast_stale"))
    return known(conn, view, [*more, "", ""], config, now)


def after_form(conn: Connection, form: Kept, config: Config, now: datetime) -> Outcome | None:
    """The digest that waited for this form, now that it is sent or skipped; None if none waits."""
    if form.check_in.voice != "therapist":
        return None
    waiting = digests.waiting_for(conn, form.pair_id, now)
    if waiting is None:
        return None
    pair = people.pair_of(conn, form.pair_id)
    view = View(form.person, pair, waiting.local or "", waiting.starts or now, waiting.id, form.message_id)
    return _page(view, config, now)


def _open_form(conn: Connection, view: View, config: Config, now: datetime) -> Reply | None:
    """The therapist's own form for the last session, if it is still open: it comes first (blind)."""
    for check_in_id in digests.open_forms(conn, view.pair.id, view.who.id):
        check = checkins.of_chat(conn, check_in_id, view.who)
        if check is None or check.asks is None:
            continue
        form = compose(config.questionnaires.by_id, check.asks, "therapist")
        begun = step(form, check.check_in, Tap("begin"), now, config.plan)
        if begun.happened == "closed":
            continue
        shown = checkins.save(conn, check.with_message(view.message_id), begun, {}, now, config.plan)
        return Reply(show(shown, form, config, now), view.message_id, about=check_in_id)
    return None


# ------------------------------------------------------------------------------------------------ one pair


def build(
    conn: Connection, pair_id: int, local: str, before: datetime, config: Config, now: datetime, covering: bool = False
) -> Digest:
    """The digest of one pair about everything before an instant. Where the therapist's form is open it is blind; not
    for a cover, who has no form to be influenced in, and must not miss what the patient wrote.
    """
    pair = people.pair_of(conn, pair_id)
    history = histories.history_of(conn, pair_id, before, now)
    around = loops.around(conn, pair, before, now)
    blind = frozenset[str]() if covering else digests.blind(conn, pair_id)
    forms = own(config.questionnaires.by_id)
    return core_digest.build(pair.patient.code, local, history, config.thresholds, blind, around, forms)


def _open(conn: Connection, view: View, more: list[str], config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    return _page(view, config, now, everything=more[:1] == ["all"], n=number(more[1]))


def _page(
    view: View, config: Config, now: datetime, everything: bool = False, n: int = 0, toast: str | None = None
) -> Outcome:
    return Outcome(toast=toast, page=partial(_shown, view=view, config=config, now=now, everything=everything, n=n))


def _shown(conn: Connection, view: View, config: Config, now: datetime, everything: bool, n: int) -> Page:
    """The page as it is now, and what is kept of it: its text, and that its words were read."""
    built, lang = build(conn, view.pair.id, view.local, view.before, config, now, view.covering), view.who.lang
    first = page(lang, "digest.txt", d=built, shown=built.first)
    text = page(lang, "digest.txt", d=built, shown=len(built.lines)) if everything else first
    html = page(lang, "digest.html", d=built, spoken=lang) if view.digest_id else ""
    fold = "all" if everything else "first"
    buttons = _buttons(conn, view, built, everything)
    shown = paged(lang, text, buttons, n, lambda turn: view.data("open", fold, str(turn)))
    kept = partial(_keep, view=view, built=built, text=first, html=html, now=now)
    return Page((Reply(shown, view.message_id),), kept)


def _keep(conn: Connection, view: View, built: Digest, text: str, html: str, now: datetime) -> None:
    if view.digest_id is not None:
        digests.keep(conn, view.digest_id, text, html)
        digests.opened_in(conn, view.digest_id, view.message_id)
        loops.shown(conn, view.digest_id, built, now)
    kept = None if view.digest_id is None else versions.of_digest(conn, view.digest_id)
    audit.note(conn, "digest shown", now, by=view.who.id, about=view.pair.patient.id, detail=kept)
    loops.words_read(conn, view.pair.id, [words.local for words in built.words if words.words is not None])


def paged(lang: str, text: str, rows: Rows, n: int, data: Callable[[int], str]) -> Message:
    """Page `n` of a text that may be too long for one message: one message all along, so that [Hide] hides all."""
    parts = split(text)
    n = min(n, len(parts) - 1)
    turns = [Button(phrase(lang, "page_before"), data(n - 1))] if n else []
    turns += [Button(phrase(lang, "page_after"), data(n + 1))] if n + 1 < len(parts) else []
    return Message(parts[n], ((tuple(turns), *rows) if turns else rows))


def number(words: str) -> int:
    """The page a button names; the first for anything else."""
    return int(words) if words.isdecimal() and len(words) < 4 else 0


def _buttons(conn: Connection, view: View, built: Digest, everything: bool) -> Rows:
    lang = view.who.lang
    below = [_button(view, "chart", "chart")] if built.about else []
    if parting.earlier_pair(conn, view.pair.id) is not None:
        below.append(_button(view, "before", "before"))
    if built.folded:
        words = phrase(lang, "less") if everything else phrase(lang, "more", built.folded)
        below.insert(0, Button(words, view.data("open", *([] if everything else ["all"]))))
    if built.lines or built.snoozed:
        below.append(_button(view, "why", "why"))
    outcomes = _outcomes(conn, view, built) if view.digest_id is not None and built.about else []
    return tuple(tuple(row) for row in (outcomes, below, [_button(view, "hide", "hide")]) if row)


def _outcomes(conn: Connection, view: View, built: Digest) -> list[Button]:
    """[Discussed] [Plan changed] [Not yet], with the one that was said ticked."""
    said, lang = loops.outcome_of(conn, view.digest_id or "", built.about), view.who.lang
    labels = ((word, phrase(lang, f"outcome_{word}")) for word in OUTCOMES)
    return [Button(phrase(lang, "ticked", w) if word == said else w, view.data("was", word)) for word, w in labels]


def _button(view: View, words: str, *verb: str) -> Button:
    return Button(phrase(view.who.lang, words), view.data(*verb))


# ------------------------------------------------------------------------------------------------ the loop


def _was(conn: Connection, view: View, more: list[str], config: Config, now: datetime) -> Outcome:
    """What became of it. With the first two the patient is told, neutrally and silently, that it was read."""
    word = next((one for one in OUTCOMES if one == more[0]), None)
    if word is None or view.digest_id is None:
        return Outcome(toast=phrase(view.who.lang, "toast_stale"))
    loops.decide(conn, view.digest_id, word, now)
    told = word in READ and _tell_patient(conn, view.pair.patient, view.digest_id, now)
    toast = phrase(view.who.lang, "toast_noted_told" if told else "toast_noted")
    done = _page(view, config, now, toast=toast)
    return replace(done, woke=told)


def _tell_patient(conn: Connection, patient: Person, digest_id: str, now: datetime) -> bool:
    about = loops.shown_of_patient(conn, digest_id)
    if about is None or not patient.can_be_asked:
        return False
    body = Message(phrase(patient.lang, "was_read")).to_json() | {"silent": True}
    outbox.add(conn, patient, f"read:{digest_id}:{about}", "notice", body, now)
    return True


def _why(conn: Connection, view: View, more: list[str], config: Config, now: datetime) -> Outcome:
    """Rule, limits and dates of every line; each flag can be left out for two sessions."""
    audit.note(conn, "reasons shown", now, by=view.who.id, about=view.pair.patient.id, detail=view.digest_id)
    return Outcome(page=partial(_reasons, view=view, config=config, now=now, n=number(more[0])))


def _reasons(conn: Connection, view: View, config: Config, now: datetime, n: int) -> Page:
    built, lang = build(conn, view.pair.id, view.local, view.before, config, now, view.covering), view.who.lang
    text = page(lang, "why.txt", d=built, lines=built.lines + built.snoozed, t=config.thresholds)
    rows = [_snooze_button(view, line, "aside") for line in built.lines if line.is_flag]
    rows += [_snooze_button(view, line, "again") for line in built.snoozed]
    back = (_button(view, "back", "open"), _button(view, "hide", "hide"))
    shown = paged(lang, text, (*one_a_line(rows), back), n, lambda turn: view.data("why", str(turn)))
    return Page((Reply(shown, view.message_id),))


def _snooze_button(view: View, line: Line, verb: str) -> Button:
    finding, lang = line.finding, view.who.lang
    name = part(lang, "loop.jinja", "name", finding)
    return Button(phrase(lang, f"snooze_{verb}", name), view.data(verb, finding.rule, finding.about))


def _aside(conn: Connection, view: View, more: list[str], config: Config, now: datetime) -> Outcome:
    """Leave a flag out for two sessions; it is named at the end, so that nothing is silently missing."""
    built = build(conn, view.pair.id, view.local, view.before, config, now, view.covering)
    for line in built.lines:
        found = line.finding
        if line.is_flag and [found.rule, found.about] == more[:2]:
            loops.put_aside(conn, view.pair, Snooze(found.rule, found.about, found.direction, line.local), now)
    return _page(view, config, now)


def _again(conn: Connection, view: View, more: list[str], config: Config, now: datetime) -> Outcome:
    loops.wake(conn, view.pair.id, more[0], more[1])
    return _page(view, config, now)


def _chart(conn: Connection, view: View, more: list[str], config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    """The picture of the pair, as a message of its own."""
    in_words = _button(view, "in_words", "words")
    audit.note(conn, "chart shown", now, by=view.who.id, about=view.pair.patient.id)
    return pictures.drawn(_picture(conn, view, config, now), view.who, in_words)


def _in_words(conn: Connection, view: View, more: list[str], config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    audit.note(conn, "chart shown", now, by=view.who.id, about=view.pair.patient.id)
    return pictures.in_words(_picture(conn, view, config, now), view.who)


def _picture(conn: Connection, view: View, config: Config, now: datetime) -> Chart:
    """Both sides, up to the session this page comes before; nothing of the patient's where the own form is open."""
    history = histories.history_of(conn, view.pair.id, view.before, now)
    blind = frozenset[str]() if view.covering else digests.blind(conn, view.pair.id)
    return for_therapist(view.pair.patient.code, history, blind, config.thresholds)


def _before(conn: Connection, view: View, more: list[str], config: Config, now: datetime) -> Outcome:
    """How things stood with the patient's therapist before this one, where the clinic said that it may be read."""
    if parting.earlier_pair(conn, view.pair.id) is None:
        return Outcome(toast=phrase(view.who.lang, "toast_stale"))
    audit.note(conn, "history shown", now, by=view.who.id, about=view.pair.patient.id)
    return Outcome(page=partial(_earlier, view=view, config=config, now=now, n=number(more[0])))


def _earlier(conn: Connection, view: View, config: Config, now: datetime, n: int) -> Page:
    """The last digest of each earlier pair that may be read, the newest first, and how the answers went, in words."""
    lang, code, parts, of = view.who.lang, view.pair.patient.code, [], view.pair.id
    while (earlier := parting.earlier_pair(conn, of)) is not None:
        of, ended = earlier
        built = build(conn, of, "", ended, config, now, covering=True)
        chart = for_therapist(code, histories.history_of(conn, of, ended, now), frozenset(), config.thresholds)
        parts += [page(lang, "digest.txt", d=built, shown=len(built.lines)), page(lang, "chart.txt", c=chart)]
    back = ((_button(view, "back", "open"), _button(view, "hide", "hide")),)
    text = "\n\n".join([phrase(lang, "before_you"), *parts])
    shown = paged(lang, text, back, n, lambda turn: view.data("before", str(turn)))
    return Page((Reply(shown, view.message_id),))


def _ended(conn: Connection, view: View, more: list[str], config: Config, now: datetime) -> Outcome:
    """Whose check-ins have ended; the page, if they go on again."""
    patient = view.pair.patient
    if patient.state not in GIVEN_UP:
        return _open(conn, view, more, config, now)
    return Outcome((Reply(Message(phrase(view.who.lang, "ended_for", patient.code)), view.message_id),))


VERBS: Mapping[str, Verb] = {
    "before": _before, "ended": _ended,
    "chart": _chart, "words": _in_words,
    "open": _open, "was": _was, "why": _why, "aside": _aside, "again": _again,
}  # fmt: skip
"""What can be tapped on a page."""
