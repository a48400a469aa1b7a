"""The screens of the goal list: the card, what can be done with a goal, what is asked of the other side."""

from collections.abc import Sequence

from bot.chat.pairs import in_rows
from bot.core.goals import LONGEST, MOST, Card, Wrong, same_as
from bot.core.history import Goal
from bot.core.person import Pair, Person
from bot.message import Button, Message, one_a_line
from bot.render import page, phrase
from bot.store.goals import Change

CHANGES_A_ROW = 3
MOST_EARLIER = 25
"""Of the longest goals so many fit a message; the ones retired first are left out."""


def button(who: Person, label: str, verb: str, pair_id: int, about: int = 0, *values: object) -> Button:
    """A button of the goal list: the pair, and the goal's number or the change it is about."""
    return Button(phrase(who.lang, label, *values), f"g:{verb}:{pair_id}:{about}")


def refused(lang: str, why: Wrong, words: str, others: Sequence[Goal]) -> str:
    """Why typed words did not become a goal, and what to do now."""
    if why == "goal_twice":
        return phrase(lang, why, same_as(words, others))
    return phrase(lang, why, LONGEST) if why == "too_long" else phrase(lang, why)


def _foot(who: Person, pair: Pair, *, back: bool = True) -> tuple[Button, ...]:
    """[Back] to the card and [Hide]."""
    hide = button(who, "hide", "hide", pair.id)
    return (button(who, "back", "card", pair.id), hide) if back else (hide,)


def card(who: Person, pair: Pair, shown: Card, waiting: Sequence[Change]) -> Message:
    """The list: each goal with who ticked it, and what can be done."""
    asked = [button(who, "reworded", "asked", pair.id, c.id, c.goal.id) for c in waiting if c.changed_by != who.role]
    changes = [button(who, "change_goal", "change", pair.id, g.goal.id, g.goal.id) for g in shown.goals]
    rows: list[tuple[Button, ...]] = [*one_a_line(asked)]
    if len(shown.goals) < MOST:
        rows.append((button(who, "add_goal", "add", pair.id),))
    rows += in_rows(tuple(changes), CHANGES_A_ROW)
    if shown.earlier:
        rows.append((button(who, "earlier", "earlier", pair.id),))
    text = page(who.lang, "goal_card.txt", card=shown, role=who.role, code=pair.patient.code, most=MOST)
    return Message(text, (*rows, _foot(who, pair, back=False)))


def earlier(who: Person, pair: Pair, shown: Card) -> Message:
    """The retired goals."""
    return Message(page(who.lang, "goal_earlier.txt", goals=shown.earlier[-MOST_EARLIER:]), (_foot(who, pair),))


def change(who: Person, pair: Pair, goal: Goal) -> Message:
    """One goal, to be reworded or retired."""
    rows = one_a_line(
        [button(who, "reword", "reword", pair.id, goal.id), button(who, "retire", "retire", pair.id, goal.id)]
    )
    return Message(_about(who, pair, "change", goal), (*rows, _foot(who, pair)))


def ask(who: Person, pair: Pair, goal: Goal | None = None, problem: str = "") -> Message:
    """The question for typed words: a new goal, or other words for one."""
    text = page(who.lang, "goal_ask.txt", goal=goal, problem=problem, most=LONGEST, role=who.role)
    return Message(text, (_foot(who, pair),))


def reworded(who: Person, pair: Pair, asked: Change) -> Message:
    """Still yours? The other side's question about a goal in new words."""
    rows = one_a_line(
        [button(who, "fits", "fits", pair.id, asked.id), button(who, "keep_old", "keep", pair.id, asked.id)]
    )
    return Message(_about(who, pair, "reworded", asked.goal, asked.words_before), (*rows, _foot(who, pair, back=False)))


def kept(who: Person, pair: Pair, answered: Change) -> Message:
    """The other side would rather keep the old words: for the one who changed them."""
    goal = Goal(answered.goal.id, answered.words_before)
    return Message(_about(who, pair, "kept", goal, answered.words), (_foot(who, pair),))


def gone(who: Person, pair: Pair, goal: Goal) -> Message:
    """The other side retired a goal."""
    return Message(_about(who, pair, "gone", goal), (_foot(who, pair),))


def _about(who: Person, pair: Pair, what: str, goal: Goal, other_words: str = "") -> str:
    values = {"what": what, "goal": goal, "other_words": other_words, "role": who.role, "code": pair.patient.code}
    return page(who.lang, "goal_change.txt", **values)
