"""/homework: a therapist puts in words what was taken on and what it is for; the patient reads it with one command.

It belongs to the pair's last session that has started. Once the patient was asked about it, it stays as it is: the
answers speak of those words. From the next session on there is new homework to write down.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from bot.chat import pairs
from bot.chat.pairs import NOTHING, At, Shown
from bot.chat.reply import Outcome, said
from bot.config import Config
from bot.core.goals import tidy
from bot.core.history import Homework
from bot.core.homework import LONGEST
from bot.core.person import Expects, Pair, Person
from bot.message import Button, Message
from bot.render import local, page, phrase
from bot.store import homework, people
from bot.store.columns import AnyRow


def command(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome | None:
    """/homework shows a patient what it is; /homework P-014 WORDS sets it, asking a therapist for what is missing."""
    code, words = [*rest.split(maxsplit=1), "", ""][:2]
    found = pairs.find(conn, who, code, "h:set")
    if not isinstance(found, Pair):
        return found
    at = At(conn, who, found, 0, config, now)
    if who.role == "patient":
        return pairs.own(_mine(at), who)
    return pairs.own(_set(at, words) if words else _asked_for(at), who)


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:
    """A tap on a screen of homework. Anyone else's does not exist."""
    read = pairs.read_button(conn, who, data, config, now)
    handler = None if read is None else TAPS[who.role].get(read[0])
    shown = NOTHING if read is None or handler is None else handler(read[1])
    return pairs.tapped(conn, who, shown, message_id)


def on_words(conn: Connection, who: Person, words: str, expects: Expects, config: Config, now: datetime) -> Outcome:
    """The line that was asked for: what was taken on, or what it is for."""
    pair = people.own_pair(conn, who, expects.pair)
    if pair is None or who.role != "therapist":
        return said(Message(phrase(who.lang, "no_pair")))
    at = At(conn, who, pair, expects.about, config, now)
    return pairs.own(_set(at, words) if expects.what == "homework" else _reason(at, words), who)


def how_to_set(conn: Connection, who: Person, pair_id: int, session_id: int, now: datetime) -> str:
    """How a therapist puts in words what was agreed on, one line; empty if it is in words, or cannot be any more."""
    session = homework.session_now(conn, pair_id, now)
    if session is None or session.id != session_id or homework.of_session(conn, session_id) is not None:
        return ""
    if homework.was_asked(conn, session_id):
        return ""
    return phrase(who.lang, "homework_how", people.pair_of(conn, pair_id).patient.code)


# ------------------------------------------------------------------------------------------------ the patient's


def _mine(at: At) -> Message:
    latest = homework.latest(at.conn, at.pair.id)
    local_time, words = latest or ("", None)
    text = page(at.who.lang, "homework_mine.txt", homework=words, when=local_time)
    return Message(text, (_hide(at, "mine"),))


def _hide(at: At, verb: str) -> tuple[Button, ...]:
    return (_button(at, "hide", f"hide_{verb}"),)


def _button(at: At, label: str, verb: str, about: int = 0) -> Button:
    return Button(phrase(at.who.lang, label), f"h:{verb}:{at.pair.id}:{about}")


# ------------------------------------------------------------------------------------------------ the therapist's


def _session(at: At) -> AnyRow | Message:
    """The session in which homework is set now, or why it cannot be."""
    session = homework.session_now(at.conn, at.pair.id, at.now)
    if session is None:
        return Message(phrase(at.who.lang, "homework_early"))
    if homework.was_asked(at.conn, session.id):
        return Message(phrase(at.who.lang, "homework_asked", at.pair.patient.code))
    return session


def _asked_for(at: At, problem: str = "") -> Message:
    session = _session(at)
    if isinstance(session, Message):
        return session
    at.expect("homework", session.id)
    return _screen(at, "ask", session, homework.of_session(at.conn, session.id), problem)


def _screen(at: At, stage: str, session: AnyRow, kept: Homework | None, problem: str = "") -> Message:
    """One of three: ask for the words, ask for the reason, both are kept."""
    when = local(at.who.lang, "day_and_time", session.local)
    values = {"stage": stage, "homework": kept, "code": at.pair.patient.code, "when": when, "problem": problem}
    skip = (_button(at, "skip", "skip", session.id),) if stage == "why" else ()
    return Message(page(at.who.lang, "homework_set.txt", **values), ((*skip, *_hide(at, "set")),))


def _set(at: At, typed: str) -> Message:
    """Keep the words, and ask what it is for."""
    session, words = _session(at), tidy(typed)
    if isinstance(session, Message):
        return session
    if (problem := _problem(at, words)) is not None:
        return _asked_for(at, problem)
    homework.put(at.conn, at.pair.id, session.id, words, at.now)
    at.expect("why", session.id)
    return _screen(at, "why", session, homework.of_session(at.conn, session.id))


def _problem(at: At, words: str) -> str | None:
    if not words:
        return phrase(at.who.lang, "nothing_typed")
    return phrase(at.who.lang, "too_long", LONGEST) if len(words) > LONGEST else None


def _reason(at: At, typed: str) -> Message:
    """Keep what it is for; the session it was asked about must still be the one."""
    session, why = _session(at), tidy(typed)
    if isinstance(session, Message):
        return session
    kept = homework.of_session(at.conn, session.id)
    if session.id != at.about or kept is None:  # the next session has begun meanwhile
        return _asked_for(at)
    if (problem := _problem(at, why)) is not None:
        at.expect("why", session.id)
        return _screen(at, "why", session, kept, problem)
    homework.put_why(at.conn, session.id, why, at.now)
    return _screen(at, "done", session, homework.of_session(at.conn, session.id))


def _skipped(at: At) -> Shown:
    """No (other) reason: what stands is shown, as often as it is tapped."""
    session = homework.session_now(at.conn, at.pair.id, at.now)
    kept = None if session is None else homework.of_session(at.conn, session.id)
    if session is None or kept is None or session.id != at.about:
        return NOTHING
    return _screen(at, "done", session, kept), None


TAPS: Mapping[str, Mapping[str, Callable[[At], Shown]]] = {
    "patient": {
        "mine": lambda at: (_mine(at), None),
        "hide_mine": lambda at: (pairs.hidden(at.who, f"h:mine:{at.pair.id}:0"), None),
    },
    "therapist": {
        "set": lambda at: (_asked_for(at), None),
        "skip": _skipped,
        "hide_set": lambda at: (pairs.hidden(at.who, f"h:set:{at.pair.id}:0"), None),
    },
}
"""By role: only a therapist sets, only a patient reads it as the own."""
