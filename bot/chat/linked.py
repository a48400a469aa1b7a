"""Where check-ins are answered on the clinic's page: what the chat says instead, and the page's taps and words.

The page shows the same messages and sends the same buttons as a chat would; only the way there differs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from bot.chat import checkins, digests, own_page
from bot.chat.reply import Outcome, Reply, said
from bot.chat.screens import in_chat, show
from bot.config import Config
from bot.core import rights
from bot.core.checkin import Place, is_over
from bot.core.form import Asks, Form, compose
from bot.core.person import Person
from bot.message import Message
from bot.render import phrase
from bot.store import away as kept_away
from bot.store import checkins as kept_checkins
from bot.store import digests as kept_digests
from bot.store import outbox, people
from bot.store.checkins import Kept
from bot.store.page_links import Lead
from bot.store.refusals import refused

# ------------------------------------------------------------------------------------------------ the chat


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:
    """[New link], and whatever else of a check-in stands in a chat from before: nothing is answered here."""
    tapped = checkins.read_button(data)
    kept = kept_checkins.of_chat(conn, tapped[0], who) if tapped else None
    if kept is None or kept.asks is None:
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    if message_id is not None and message_id != kept.message_id:
        kept_checkins.set_message(conn, kept.check_in.id, message_id)
    message = in_chat(kept, _form(kept, config), config, now)
    toast = phrase(who.lang, "toast_new_link") if message.leads_to_page else None
    return Outcome((Reply(message, message_id, about=kept.check_in.id),), toast)


def _digest(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    """[Open] under a digest: a link to it."""
    kept = kept_digests.of_reader(conn, data.split(":")[1], who, now)
    if kept is None:
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    kept_digests.opened_in(conn, kept.id, None)
    if message_id is not None and data.split(":")[2:] != ["open"]:  # it was opened before all went to the page
        return Outcome((Reply(digests.prompt(kept, who), message_id),))
    return said(own_page.link(conn, who, "digest", kept.id, now))


def _latest(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    """/digest: a link to the one that came last."""
    kept = kept_digests.latest_of(conn, who.id)
    if kept is None:
        return said(own_page.link(conn, who, "digest", "", now))
    return _digest(conn, who, f"d:{kept.id}:open", None, config, now)


def _pair(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:
    """A button of a pair's page, or of a notice about one: a link to what it leads to."""
    _, pair_id, verb, *_ = [*data.split(":"), "", ""]
    if verb == "hide":
        return digests.on_pair_tap(conn, who, data, message_id, config, now)
    if pair_id == "all":
        return Outcome((Reply(own_page.link(conn, who, "patients", "", now), message_id),))
    number = int(pair_id) if pair_id.isdecimal() and len(pair_id) < 10 else 0
    if not kept_away.may_read(conn, who, number, now):
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    about = data if verb == "ended" else f"p:{number}:open"
    return Outcome((Reply(own_page.link(conn, who, "pair", about, now), message_id),))


def _on_its_page(what: str) -> "Command":
    """A command whose reply would show answers, or the words of a goal: a link to it. Of a therapist's words only the
    code is taken along.
    """

    def command(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
        code = rest.split()[0] if rest.split() and who.role == "therapist" else ""
        return said(own_page.link(conn, who, what, code, now))

    return command


def _from_button(what: str) -> "Handler":
    """An old button of these: what it showed goes, in its place a link."""

    def on_tap(
        conn: Connection,
        who: Person,
        data: str,
        message_id: int | None,
        config: Config,  # noqa: ARG001
        now: datetime,
    ) -> Outcome:
        parts = data.split(":")
        number = int(parts[2]) if len(parts) > 2 and parts[2].isdecimal() and len(parts[2]) <= 12 else 0
        pair = people.own_pair(conn, who, number) if who.role == "therapist" else None
        if who.role == "therapist" and pair is None:
            return Outcome(toast=phrase(who.lang, "toast_not_yours"))
        code = "" if pair is None else pair.patient.code
        return Outcome((Reply(own_page.link(conn, who, what, code, now), message_id),))

    return on_tap


Command = Callable[[Connection, Person, str, Config, datetime], Outcome]
Handler = Callable[[Connection, Person, str, int | None, Config, datetime], Outcome]
TAPS: Mapping[str, Handler] = {
    "c": on_tap, "d": _digest, "p": _pair, "g": _from_button("goals"), "h": _from_button("homework"),
    "m": _from_button("mine"), "y": _from_button("mydata"),
}  # fmt: skip
"""In place of what these buttons do where the chat asks; see `door`."""
COMMANDS: Mapping[str, Command] = {
    **{what: _on_its_page(what) for what in ("mine", "goals", "homework", "mydata", "today", "patients", "pair")},
    "digest": _latest,
}
"""The same of commands."""


def _form(kept: Kept, config: Config) -> Form:
    return compose(config.questionnaires.by_id, kept.asks or Asks(()), kept.check_in.voice)


# ------------------------------------------------------------------------------------------------ the page


@dataclass(frozen=True, slots=True)
class Screen:
    """What the page shows. `words`: how many characters may be written (0: none), `goal`: they make a goal. `working`:
    it should not stay on a screen. `note`: what is said above.
    """

    message: Message
    place: Place
    lang: str
    words: int = 0
    goal: bool = False
    working: bool = False
    note: str = ""


def found(conn: Connection, lead: Lead | None) -> Kept | None:
    """The check-in that a link leads to, looked up as for a tap in the chat of whoever it is for."""
    if lead is None:
        return None
    who = people.by_id(conn, lead.person_id)
    kept = kept_checkins.of_chat(conn, lead.check_in_id, who)
    if kept is None or kept.asks is None or rights.reach(who.role, *rights.TAPS["c"]) is None:
        return None
    return kept


def is_answerable(kept: Kept, config: Config, now: datetime) -> bool:
    """Whether there is anything to open a link for: an answer is still taken, be it late."""
    return not kept.ended and not is_over(kept.check_in, now, kept.plan(config.plan))


def screen(kept: Kept, config: Config, now: datetime) -> Screen:
    """Where the person is, for the page."""
    place = kept.check_in.place
    wanted = checkins.longest_words(kept, config) if is_answerable(kept, config, now) and not place.hidden else None
    words, goal = wanted or (0, False)
    working = kept.check_in.state != "answered" and not place.hidden
    message = show(kept, _form(kept, config), config, now)
    return Screen(message, place, kept.person.lang, words, goal, working)


def begin(conn: Connection, kept: Kept, config: Config, now: datetime) -> None:
    """The link was used: that is [Begin], or [Continue]."""
    checkins.on_tap(conn, kept.person, f"c:{kept.check_in.id}:{kept.check_in.place.turn}:b", None, config, now)


def tapped(conn: Connection, kept: Kept, data: str, config: Config, now: datetime) -> Screen | None:
    """A button of the page; None if it is none of this check-in's. Its chat learns of an end, without a word of it."""
    if not data.startswith(f"c:{kept.check_in.id}:"):
        refused(conn, kept.person, "tap", "c", now)
        return None
    outcome = checkins.on_tap(conn, kept.person, data, None, config, now)
    silent = {phrase(kept.person.lang, word) for word in ("toast_sent", "toast_hidden")}
    note = outcome.toast if outcome.toast is not None and outcome.toast not in silent else ""
    return replace(_after(conn, kept, config, now), note=note)


def wrote(conn: Connection, kept: Kept, turn: str, words: str, config: Config, now: datetime) -> Screen:
    """Words for the question that was shown; what is wrong with them is said above it."""
    place, lang = kept.check_in.place, kept.person.lang
    if turn != str(place.turn):
        return replace(screen(kept, config, now), note=phrase(lang, "toast_stale"))
    # It may have hidden itself while somebody wrote: whoever sends words for it has it in front of them.
    here = replace(kept, check_in=replace(kept.check_in, place=replace(place, hidden=False)))
    outcome = checkins.in_words(conn, here, words, config, now)
    after = _after(conn, kept, config, now)
    if outcome is None or after.place.turn != place.turn:
        return after
    return replace(after, message=outcome.replies[-1].message)


def _after(conn: Connection, before: Kept, config: Config, now: datetime) -> Screen:
    """The screen that follows; if it is the last one, the chat's message says so too."""
    kept = kept_checkins.of_chat(conn, before.check_in.id, before.person)
    assert kept is not None
    ended = is_answerable(before, config, now) and not is_answerable(kept, config, now)
    if ended and kept.message_id is not None:
        place = kept.check_in.place
        body = in_chat(kept, _form(kept, config), config, now).to_json() | {"edit": kept.message_id, "turn": place.turn}
        outbox.add(conn, kept.person, f"page:{kept.check_in.id}:over", "edit", body, now, about=kept.check_in.id)
    return screen(kept, config, now)
