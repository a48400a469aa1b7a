"""S14: floods, with the real program over real connections: somebody the bot knows sends a thousand messages a second,
a stranger as many, and as many strangers one each; meanwhile others tap.

Held: everything of the person the clinic knows is kept and carried out, of each stranger no more than fifty updates, of
all together no more than three hundred a minute; nobody who taps is left without an answer. How long they waited stands
on the page as figures.
"""

import os
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.gate import ALL_MINUTE, EACH_DAY
from bot.prove.load import FIRST_CHAT, MOST_MB, Api, Seen, bot_api, clinic_of, tap, weigh
from bot.prove.proof import Tally, check
from bot.prove.watch import Watch
from bot.prove.world import memory
from bot.store import opening

PATIENTS, PACE, A_SECOND, AT_ONCE = 24, 30, 1000, 20
FLOODER = FIRST_CHAT + 2 + PATIENTS - 1
STRANGER, STRANGERS = 7_000_000, 8_000_000
SETTLES_S = 5.0
TAPPERS, TAP_EVERY_S, LONGEST_S, LONGEST_WAIT_S = 20, 0.1, 1200.0, 30.0


def floods(seed: int, amount: int, tally: Tally) -> None:  # noqa: ARG001  (nothing here is left to chance)
    """So many messages of each flood. Raises Broken."""
    place = tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory())
    with place as folder, bot_api() as api:
        config = clinic_of(Path(folder), api, PATIENTS)
        known = {**os.environ, "ACCORD_TOKEN": api.token, "PTB_TIMEDELTA": "1"}
        with subprocess.Popen([sys.executable, "-m", "bot.prove.loaded", str(config), str(PACE)], env=known) as bot:
            try:
                seen = _flooded(api, Path(folder) / "demo.db", amount)
                weigh(bot.pid, seen)
            finally:
                bot.terminate()
        _judge(seen, Path(folder) / "demo.db", amount, tally)
    tally.done += amount


def _flooded(api: Api, database: Path, amount: int) -> Seen:
    seen, watch = Seen(), Watch()
    while len(seen.chats) < PATIENTS and watch.seconds < LONGEST_S:
        threading.Event().wait(0.2)
        seen.look(api)
    sending, watch = threading.Thread(target=_pour, args=(api, amount), daemon=True), Watch()
    sending.start()
    number = 0
    while (sending.is_alive() or not _is_through(database, amount)) and watch.seconds < LONGEST_S:
        threading.Event().wait(TAP_EVERY_S)
        tap(api, FIRST_CHAT + 2 + number % TAPPERS)
        number += 1
    threading.Event().wait(SETTLES_S)
    seen.look(api)
    return seen


def _pour(api: Api, amount: int) -> None:
    """All three floods, mixed, at the pace of a thousand a second each, if the machine can."""
    watch = Watch()
    for begin in range(0, amount, AT_ONCE):
        numbers = range(begin, min(begin + AT_ONCE, amount))
        steps: list[dict[str, Any]] = [{"user": FLOODER, "do": "say", "text": f"message {n}"} for n in numbers]
        steps += [{"user": STRANGER, "do": "say", "text": "x" * 4000} for n in numbers]
        steps += [{"user": STRANGERS + n, "do": "say", "text": f"/start {n}"} for n in numbers]
        steps += [{"user": STRANGER, "do": "voice"}] if begin == 0 else []
        api.ask("/phones", steps)
        threading.Event().wait(max(numbers[-1] / A_SECOND - watch.seconds, 0.0))


def _is_through(database: Path, amount: int) -> bool:
    """Whether no more is left to do than the last taps."""
    return _rows(database, "state = 'done'") >= amount and _rows(database, "state IN ('new', 'accepted')") <= TAPPERS


def _rows(database: Path, where: str) -> int:
    with closing(opening.connect(database)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM inbox WHERE {where}").fetchone()[0])


def _judge(seen: Seen, database: Path, amount: int, tally: Tally) -> None:
    minutes = 2 + (max(seen.taps_at) - min(seen.taps_at)) / 60 if seen.taps_at else 2
    stored, taps = _rows(database, "1"), sorted(seen.taps)
    strangers = stored - amount - len(taps) - len(seen.tapped)
    check(_rows(database, "state = 'aside'") == 0, "updates were set aside")
    check(_rows(database, "state IN ('new', 'accepted')") == 0, "updates were not carried out")
    check(strangers >= 0, f"{-strangers} of {amount} messages of somebody the clinic knows were not kept")
    check(strangers <= ALL_MINUTE * minutes, f"{strangers} updates of strangers were kept in {minutes:.0f} minutes")
    check(seen.replies[STRANGER] <= EACH_DAY, f"a stranger was answered {seen.replies[STRANGER]} times")
    check(not seen.tapped, f"{len(seen.tapped)} taps were never answered while others flooded")
    check(bool(taps) and taps[-1] <= LONGEST_WAIT_S, f"somebody waited {taps[-1] if taps else 0:.1f} s for an answer")
    check(seen.megabytes <= MOST_MB, f"the bot took {seen.megabytes:.0f} MB")
    tally.struck["flood"] += 3 * amount
    tally.figures["strangers"] += strangers
    tally.figures["MB"] = max(tally.figures["MB"], round(seen.megabytes))
    for share in (50, 99):
        tally.figures[f"p{share}"] += round(1000 * taps[len(taps) * share // 100])
