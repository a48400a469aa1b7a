"""S1: everybody asks for what is not theirs, by every button and command that names a thing, many thousand times.

Whose a thing is is read from the tables here, not asked of the store. What comes back must be to the letter what comes
back for a thing that does not exist, and each refusal must be counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import Random

from sqlalchemy import Connection, func, select
from telegram import CallbackQuery, Chat, Message, Update, User

from bot import ids
from bot.chat import door
from bot.chat.reply import Outcome
from bot.config import Config
from bot.prove.inside import worked
from bot.prove.proof import Tally, check
from bot.prove.world import NUMBERS
from bot.render import phrase
from bot.store import inbox
from bot.store.tables import check_in, digest, pair, person
from bot.store.tables_refusal import refusal

DAYS_S, A_FEW_S = 9 * 86400.0, 2.2 * 86400.0
A_FEW = 1000
"""Of fewer tries than these the days are fewer, too."""
FIRST_UPDATE = 10**9
STRANGER = 999_001
VERBS = {
    "check-in": ("c:{}:{turn}:b", "c:{}:{turn}:p:0:1", "c:{}:{turn}:x", "c:{}:{turn}:n", "c:{}:{turn}:h",
                 "c:{}:{turn}:s:0", "c:{}:{turn}:z"),
    "digest": ("d:{}:open", "d:{}:open:all", "d:{}:why", "d:{}:chart", "d:{}:words", "d:{}:hide", "d:{}:before",
               "d:{}:was:discussed"),
    "pair": ("p:{}:open", "p:{}:why", "p:{}:chart", "p:{}:words", "p:{}:before", "p:{}:ended", "p:{}:hide"),
    "lists": ("g:card:{}:0", "g:add:{}:0", "g:retire:{}:1", "h:set:{}:0", "h:mine:{}:0"),
}  # fmt: skip
"""What the buttons about each kind of thing send."""
COMMANDS = ("/pair {}", "/goals {}", "/homework {}", "/homework {} another line")


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that is somebody's: how buttons and commands name it, and the chats of those whose it is."""

    kind: str
    name: str
    owners: frozenset[int]


@dataclass(slots=True)
class Asking:
    """Whoever asks, at the open database."""

    conn: Connection
    config: Config
    now: datetime
    number: int = FIRST_UPDATE

    def taps(self, chat: int, data: str) -> Outcome:
        """What a tap leads to."""
        user = User(chat, "Somebody", False)
        shown = Message(1, self.now, Chat(chat, "private"), from_user=user)
        query = CallbackQuery(str(self.number), user, "1", message=shown, data=data)
        return self._accepted(Update(self.number + 1, callback_query=query))

    def says(self, chat: int, words: str) -> Outcome:
        """What words lead to."""
        said = Message(1, self.now, Chat(chat, "private"), from_user=User(chat, "Somebody", False), text=words)
        return self._accepted(Update(self.number + 1, message=said))

    def _accepted(self, update: Update) -> Outcome:
        self.number = update.update_id
        inbox.add(self.conn, [(update.update_id, "{}")], [], self.now)
        return door.accept(self.conn, update, self.config, self.now)


def tries(seed: int, amount: int, tally: Tally) -> None:
    """So many. Raises Broken."""
    work = partial(_tried, seed=seed, amount=amount, tally=tally)
    worked(seed, DAYS_S if amount >= A_FEW else A_FEW_S, work)


def _tried(conn: Connection, config: Config, now: datetime, seed: int, amount: int, tally: Tally) -> None:
    asking, random, known = Asking(conn, config, now), Random(seed), list(things(conn))
    own_ones_open(asking, known, tally)
    before, refused, langs = refusals(conn), 0, languages(conn)
    chats, kinds = [*NUMBERS.values(), STRANGER], sorted({one.kind for one in known})
    of_kind = {kind: [one for one in known if one.kind == kind] for kind in kinds}
    while tally.done < amount:
        thing, chat = random.choice(of_kind[random.choice(kinds)]), random.choice(chats)
        if chat in thing.owners:
            continue
        if thing.kind == "code":
            _asked_by_code(asking, thing, chat, random, tally)
        else:
            data = random.choice(VERBS[thing.kind]).format(thing.name, turn=random.randrange(12))
            outcome = asking.taps(chat, data)
            check(is_refused(outcome, langs.get(chat, "en")), f"{chat} got something for {data}: {outcome}")
            refused += chat in langs
        tally.struck[thing.kind] += 1
        tally.done += 1
    counted = refusals(conn) - before
    check(counted >= refused, f"of {refused} refusals {counted} were counted")


def things(conn: Connection) -> Iterator[Thing]:
    """Everything there is, and some that there is not: of another clinic."""
    chats = {row.id: NUMBERS[row.code] for row in conn.execute(select(person.c.id, person.c.code))}
    for row in conn.execute(select(check_in.c.id, check_in.c.person_id)):
        yield Thing("check-in", row.id, frozenset({chats[row.person_id]}))
    for row in conn.execute(select(digest.c.id, digest.c.therapist_id)):
        yield Thing("digest", row.id, frozenset({chats[row.therapist_id]}))
    sides = select(pair.c.id, pair.c.patient_id, pair.c.therapist_id, person.c.code)
    for number, patient, therapist, code in conn.execute(sides.join(person, person.c.id == pair.c.patient_id)):
        yield Thing("pair", str(number), frozenset({chats[therapist]}))
        yield Thing("lists", str(number), frozenset({chats[therapist], chats[patient]}))
        yield Thing("code", code, frozenset({chats[therapist], chats[patient]}))
    for kind in ("check-in", "digest"):
        yield from (Thing(kind, ids.token(), frozenset()) for _ in range(3))
    yield from (Thing(kind, str(number), frozenset()) for kind in ("pair", "lists") for number in (0, 99, 10**6))


def is_refused(outcome: Outcome, lang: str) -> bool:
    """Whether it is what comes back for nobody's button."""
    return outcome.toast == phrase(lang, "toast_not_yours") and not outcome.replies and outcome.page is None


def own_ones_open(asking: Asking, known: list[Thing], tally: Tally) -> list[Thing]:
    """Those that open for their owners now; nothing of it is kept. Raises Broken if there is none of a kind that has
    some: without that the proof would hold for a bot that refuses everything.
    """
    verbs, found = {"check-in": "c:{}:0:b", "digest": "d:{}:open", "pair": "p:{}:open"}, []
    with asking.conn.begin_nested() as looked:
        for thing in known:
            for chat in thing.owners if thing.kind in verbs else ():
                opened = asking.taps(chat, verbs[thing.kind].format(thing.name))
                if not is_refused(opened, "en") and not is_refused(opened, "es"):
                    tally.figures[f"own {thing.kind}"] += 1
                    found.append(thing)
        looked.rollback()
    needed = {thing.kind for thing in known if thing.owners} & verbs.keys()
    check(all(tally.figures[f"own {kind}"] for kind in needed), "nobody's own things open")
    return found


def _asked_by_code(asking: Asking, thing: Thing, chat: int, random: Random, tally: Tally) -> None:
    """A command with somebody else's code says what it says of a code that nobody has."""
    command = random.choice(COMMANDS)
    replies = [_shown(asking, chat, command.format(code)) for code in (thing.name, "P-999")]
    check(replies[0] == replies[1], f"{chat} got something for {command.format(thing.name)}: {replies[0]}")
    tally.figures["by code"] += 1


def _shown(asking: Asking, chat: int, words: str) -> list[str]:
    outcome = asking.says(chat, words)
    pages = () if outcome.page is None else outcome.page(asking.conn).replies
    return [str(reply.message) for reply in (*outcome.replies, *pages)]


def refusals(conn: Connection) -> int:
    """How many refusals were counted."""
    return int(conn.execute(select(func.coalesce(func.sum(refusal.c.count), 0))).scalar_one())


def languages(conn: Connection) -> dict[int, str]:
    """Those whom the bot knows, by chat."""
    return {NUMBERS[row.code]: row.lang for row in conn.execute(select(person.c.code, person.c.lang))}
