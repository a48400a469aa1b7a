"""S3: buttons that were tampered with. Of an id that is somebody's own one letter is changed, left out or put in, or an
id is made up; the same of the code of an invite.

What comes back must be to the letter what comes back for what never existed, each refusal must be counted, and nothing
in the database may have changed.
"""

from datetime import datetime, timedelta
from functools import partial
from random import Random

from sqlalchemy import Connection, func, select

from bot import ids
from bot.config import Config
from bot.prove.inside import worked
from bot.prove.proof import Tally, check
from bot.prove.strangers import (
    A_FEW,
    A_FEW_S,
    DAYS_S,
    VERBS,
    Asking,
    Thing,
    is_refused,
    languages,
    own_ones_open,
    refusals,
    things,
)
from bot.store import people
from bot.store.tables import answer, check_in, digest, person

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LONGEST = 64
"""Letters that a button can send."""
MADE_UP, INVITES = 0.2, 0.1
NEWCOMER = 990_000_000
CHANGES = ("changed", "left out", "put in")


def taps(seed: int, amount: int, tally: Tally) -> None:
    """So many. Raises Broken."""
    work = partial(_tried, seed=seed, amount=amount, tally=tally)
    worked(seed, DAYS_S if amount >= A_FEW else A_FEW_S, work)


def _tried(conn: Connection, config: Config, now: datetime, seed: int, amount: int, tally: Tally) -> None:
    asking, random = Asking(conn, config, now), Random(seed)
    own = [thing for thing in things(conn) if thing.kind in ("check-in", "digest") and thing.owners]
    own = own_ones_open(asking, own, tally)
    names, langs = {thing.name for thing in own}, languages(conn)
    code, stored, before, refused = _invite(conn, now), _stored(conn), refusals(conn), 0
    while tally.done < amount:
        if random.random() < INVITES:
            _opened(asking, random, code, tally)
        else:
            refused += _tapped(asking, random, random.choice(own), names, langs, tally)
        tally.done = tally.struck.total()
    check(_stored(conn) == stored, "something was stored for a button that nobody has")
    check(refusals(conn) - before >= refused, f"of {refused} refusals {refusals(conn) - before} were counted")
    asking.says(NEWCOMER - 1, f"/start {code}")
    check(_stored(conn) != stored, "nor does the right invite let anybody in")


def tampered(random: Random, name: str) -> tuple[str, str]:
    """An id with one letter changed, left out or put in; and which of it."""
    letter, how = random.choice(ALPHABET), random.choice(CHANGES)
    at = random.randrange(len(name) + (how == "put in"))
    rest = name[at:] if how == "put in" else name[at + 1 :]
    return name[:at] + ("" if how == "left out" else letter) + rest, how


def _tapped(asking: Asking, random: Random, thing: Thing, names: set[str], langs: dict[int, str], tally: Tally) -> int:
    """By its owner, who would get in with the right id."""
    name, how = (ids.token(), "made up") if random.random() < MADE_UP else tampered(random, thing.name)
    if name in names:
        return 0
    data = random.choice(VERBS[thing.kind]).format(name, turn=random.randrange(12))[:LONGEST]
    chat = next(iter(thing.owners))
    outcome = asking.taps(chat, data)
    check(is_refused(outcome, langs[chat]), f"{chat} got something for {data}: {outcome}")
    tally.struck[how] += 1
    return 1


def _opened(asking: Asking, random: Random, code: str, tally: Tally) -> None:
    """An invite with such a code lets nobody in, and says what any wrong one says."""
    wrong, how = tampered(random, code)
    if wrong == code:
        return
    said = [asking.says(NEWCOMER + 2 * tally.done + n, f"/start {words}") for n, words in enumerate((wrong, "no-such"))]
    check(said[0].replies == said[1].replies, f"an invite with a letter {how} got {said[0].replies}")
    tally.struck["invite"] += 1


def _invite(conn: Connection, now: datetime) -> str:
    """Somebody new is invited; the code."""
    who, code = people.add(conn, "patient", "P-777", "America/Denver", "en"), ids.token()
    people.add_invite(conn, who.id, ids.hashed(code), now + timedelta(days=7))
    return code


def _stored(conn: Connection) -> list[object]:
    """What no wrong button may change."""
    states = select(check_in.c.id, check_in.c.state).order_by(check_in.c.id)
    digests = select(digest.c.id, digest.c.state).order_by(digest.c.id)
    known = select(func.count(), func.count(person.c.chat_key)).select_from(person)
    rows: list[object] = [conn.execute(one).all() for one in (states, digests, known)]
    return [*rows, conn.execute(select(func.count()).select_from(answer)).scalar_one()]
