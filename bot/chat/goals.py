"""/goals: the pair's list of goals on a card; adding, rewording with the other side's word, retiring.

Both sides may change the list at any moment; each tap and each line is decided on the list as it stands then.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.chat import goal_card as screens
from bot.chat import pairs
from bot.chat.pairs import NOTHING, At, Shown
from bot.chat.reply import Outcome, said
from bot.config import Config
from bot.core import goals as rules
from bot.core.history import Goal, History
from bot.core.person import Expects, Pair, Person
from bot.core.plans import plan_of
from bot.core.walltime import is_quiet, zone_of
from bot.message import Message
from bot.render import phrase
from bot.store import digests, goals, histories, outbox, people
from bot.store.goals import Change


def command(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome | None:
    """/goals, or /goals P-014: the card; a therapist with several patients picks one first."""
    found = pairs.find(conn, who, rest, "g:card")
    return pairs.own(_card_of(At(conn, who, found, 0, config, now)), who) if isinstance(found, Pair) else found


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:
    """A tap on the goal list. Another pair's list, goal or change does not exist, nor does anything forged."""
    read = pairs.read_button(conn, who, data, config, now)
    handler = None if read is None else TAPS.get(read[0])
    shown = NOTHING if read is None or handler is None else handler(read[1])
    return pairs.tapped(conn, who, shown, message_id)


def _card_of(at: At) -> Message:
    """The list as this person may see it: a therapist is blind to sessions about which the own form is open."""
    blind = digests.blind(at.conn, at.pair.id) if at.voice == "therapist" else frozenset[str]()
    history = histories.history_of(at.conn, at.pair.id, at.now, at.now)
    unseen = [session.starts for session in history.sessions if session.local in blind]
    if unseen:  # what she hopes for, or typed in a check-in he may not read yet
        new = goals.added_since(at.conn, at.pair.id, "patient", min(unseen))
        history = replace(history, goals=tuple(goal for goal in history.goals if goal.id not in new))
    shown = rules.card(history, at.voice, blind)
    return screens.card(at.who, at.pair, shown, goals.waiting(at.conn, at.pair.id))


def _card(at: At) -> Shown:
    return _card_of(at), None


def _card_saying(at: At, name: str) -> Shown:
    return _card_of(at), phrase(at.who.lang, name)


def _hide(at: At) -> Shown:
    return pairs.hidden(at.who, f"g:card:{at.pair.id}:0"), None


def _earlier(at: At) -> Shown:
    every = History((), goals.goals_of(at.conn, at.pair.id, retired=True))
    return screens.earlier(at.who, at.pair, rules.card(every, at.voice)), None


def _add(at: At) -> Shown:
    if len(goals.goals_of(at.conn, at.pair.id)) >= rules.MOST:
        return _card_saying(at, "goal_full")
    at.expect("goal", 0)
    return screens.ask(at.who, at.pair), None


def _goal(at: At) -> Goal | None:
    """The goal a tap is about, retired or not; None if the pair never had it."""
    every = goals.goals_of(at.conn, at.pair.id, retired=True)
    return next((goal for goal in every if goal.id == at.about), None)


def _open_goal(then: Callable[[At, Goal], Shown]) -> Callable[[At], Shown]:
    """What is done with an open goal; one retired meanwhile shows the list instead, one that never was nothing."""

    def handler(at: At) -> Shown:
        goal = _goal(at)
        if goal is None:
            return NOTHING
        return _card_saying(at, "toast_gone") if goal.retired else then(at, goal)

    return handler


def _change(at: At, goal: Goal) -> Shown:
    return screens.change(at.who, at.pair, goal), None


def _reword(at: At, goal: Goal) -> Shown:
    at.expect("reword", goal.id)
    return screens.ask(at.who, at.pair, goal), None


def _retire(at: At, goal: Goal) -> Shown:
    goals.retire(at.conn, at.pair.id, goal.id, at.now)
    _tell(at, "ready_retired", f"g:gone:{at.pair.id}:{goal.id}")
    return _card(at)


def _gone(at: At) -> Shown:
    goal = _goal(at)
    if goal is None or not goal.retired:
        return NOTHING
    return screens.gone(at.who, at.pair, goal), None


def _tell(at: At, words: str, data: str) -> None:
    """A neutral line to the other side, once, opened by a tap; in quiet hours without a sound."""
    other, plan = at.pair.other(at.who), plan_of(at.pair, at.config.plan)
    if not other.can_be_asked:
        return
    line = Message(phrase(other.lang, words), pairs.hidden(other, data).rows)
    silent = is_quiet(at.now, zone_of(other.zone), plan.quiet_from, plan.quiet_until)
    outbox.add(at.conn, other, f"goals:{data}", "notice", line.to_json() | {"silent": silent}, at.now)


# ------------------------------------------------------------------------------------------------ still yours?


def _of_the_other(then: Callable[[At, Change], Shown]) -> Callable[[At], Shown]:
    """What this person does about a change that the other side made; of an own one there is nothing to answer."""

    def handler(at: At) -> Shown:
        change = goals.change_of(at.conn, at.pair.id, at.about)
        return NOTHING if change is None or change.changed_by == at.voice else then(at, change)

    return handler


def _asked(at: At, change: Change) -> Shown:
    """What is to be answered about this goal now, perhaps reworded once more; the list if nothing is."""
    if change.goal.retired:
        return _card_saying(at, "toast_gone")
    waits = next((c for c in goals.waiting(at.conn, at.pair.id) if c.goal.id == change.goal.id), None)
    if waits is None or waits.changed_by == at.voice:
        return _card(at)
    return screens.reworded(at.who, at.pair, waits), None


def _fits(at: At, change: Change) -> Shown:
    if change.agreed is not None or change.goal.retired:  # answered before, or not asked any more
        return _asked(at, change)
    goals.answer(at.conn, change, True, at.now)
    return _card_saying(at, "toast_fits")


def _keep(at: At, change: Change) -> Shown:
    if change.agreed is not None or change.goal.retired:
        return _asked(at, change)
    goals.answer(at.conn, change, False, at.now)
    _tell(at, "ready_kept", f"g:kept:{at.pair.id}:{change.id}")
    return _card_saying(at, "toast_kept")


def _kept(at: At) -> Shown:
    change = goals.change_of(at.conn, at.pair.id, at.about)
    if change is None or change.changed_by != at.voice or change.agreed is not False:
        return NOTHING
    return screens.kept(at.who, at.pair, change), None


TAPS: Mapping[str, Callable[[At], Shown]] = {
    "card": _card, "hide": _hide, "earlier": _earlier, "add": _add, "gone": _gone, "kept": _kept,
    "change": _open_goal(_change), "reword": _open_goal(_reword), "retire": _open_goal(_retire),
    "asked": _of_the_other(_asked), "fits": _of_the_other(_fits), "keep": _of_the_other(_keep),
}  # fmt: skip


# ------------------------------------------------------------------------------------------------ typed


def on_words(conn: Connection, who: Person, words: str, expects: Expects, config: Config, now: datetime) -> Outcome:
    """The line that was asked for: a new goal, or other words for one. What cannot be kept is asked for again."""
    pair = people.own_pair(conn, who, expects.pair)
    if pair is None:
        return said(Message(phrase(who.lang, "no_pair")))
    at = At(conn, who, pair, expects.about, config, now)
    return pairs.own(_typed_new(at, words) if expects.what == "goal" else _typed_other(at, words), who)


def _typed_new(at: At, words: str) -> Message:
    listed = goals.goals_of(at.conn, at.pair.id)
    if (why := rules.wrong(words, listed)) is not None:
        at.expect("goal", 0)
        return screens.ask(at.who, at.pair, None, screens.refused(at.who.lang, why, words, listed))
    goals.add(at.conn, at.pair.id, rules.tidy(words), at.voice, at.now)
    return _card_of(at)


def _typed_other(at: At, words: str) -> Message:
    goal = _goal(at)
    if goal is None or goal.retired:
        shown = _card_of(at)
        return Message(f"{phrase(at.who.lang, 'toast_gone')}\n\n{shown.text}", shown.rows)
    others = [one for one in goals.goals_of(at.conn, at.pair.id) if one.id != goal.id]
    if (why := rules.wrong(words, others, new=False)) is not None:
        at.expect("reword", goal.id)
        return screens.ask(at.who, at.pair, goal, screens.refused(at.who.lang, why, words, others))
    if rules.tidy(words) != goal.words:
        change_id = goals.reword(at.conn, at.pair.id, goal.id, rules.tidy(words), at.voice, at.now)
        if change_id is not None:
            _tell(at, "ready_reworded", f"g:asked:{at.pair.id}:{change_id}")
    return _card_of(at)
