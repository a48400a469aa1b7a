"""R18: so many patients, all due at the same moment, with the real program over real connections, by the machine's
clock: at Telegram's thirty messages a second, then at a thousand; meanwhile somebody taps.

Held are numbers that do not depend on the machine: nobody missed, nobody twice, nobody much out of turn, no limit
broken, at thirty a second no time lost, memory. How quick this machine is stands on the page as figures.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from bot import ids
from bot.clock import SystemClock
from bot.config import shipped_questionnaires
from bot.demo.folder import write_config
from bot.prove.proof import Tally, check
from bot.prove.watch import Watch
from bot.prove.world import memory
from bot.store import opening, people, sealing
from bot.store.engine import Store
from bot.store.tables import person

USUAL, PAID = 30, 1000
FIRST_CHAT, TAPPERS, TAP_EVERY_S, LOOK_EVERY_S = 9_000_000, 20, 0.25, 2.0
MOST_MB, OUT_OF_TURN, LATE_SHARE, STARTS_WITHIN_S = 300, 500, 1.02, 20.0
AT_ONCE = 2000
REFUSED_SHARE = 0.001
"""Who taps is answered at once, without a look at the limit; where that is one too many, one comes again as told."""
LAST = "SELECT update_id FROM inbox WHERE state IN ('accepted', 'done') ORDER BY update_id DESC LIMIT 1"
FILL = """
INSERT INTO person (id, clinic_id, role, code, zone, lang, state, chat_id, key_id) VALUES
    (1, 1, 'therapist', 'T-1', '{zone}', 'en', 'active', NULL, 'new1');
CREATE TEMP TABLE n AS
    WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= {many}) SELECT i FROM n;
INSERT INTO person (id, clinic_id, role, code, zone, lang, state, chat_id, key_id)
    SELECT i, 1, 'patient', 'P-' || i, '{zone}', 'en', 'active', CAST({first} + i AS BLOB), 'new' || i FROM n;
INSERT INTO pair (id, clinic_id, patient_id, therapist_id, started_at) SELECT i, 1, i, 1, '{starts}' FROM n;
INSERT INTO session (id, clinic_id, pair_id, local, zone, minutes, starts_at, ends_at, state)
    SELECT i, 1, i, '2026-01-01T10:00', '{zone}', 60, '{starts}', '{ends}', 'planned' FROM n;
INSERT INTO check_in (id, clinic_id, pair_id, session_id, person_id, kind, state, opens_at, closes_at, due_at)
    SELECT printf('%022d', i), 1, i, i, i, 'alliance', 'planned', '{due}', '{closes}', '{due}' FROM n;
"""


def quick(seed: int, amount: int, tally: Tally) -> None:  # noqa: ARG001  (nothing here is left to chance)
    """So many patients at the pace of a paid broadcast. Raises Broken."""
    _at(PAID, amount, tally)


def usual(seed: int, amount: int, tally: Tally) -> None:  # noqa: ARG001
    """So many patients at the pace that every bot has: 100,000 take an hour. Raises Broken."""
    _at(USUAL, amount, tally)


def _at(pace: int, amount: int, tally: Tally) -> None:
    place = tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory())
    with place as folder, bot_api("--limit", str(pace)) as api:
        config = clinic_of(Path(folder), api, amount)
        _judge(_broadcast(api, config, amount, pace), amount, pace, tally)
    tally.done += amount


@dataclass(slots=True)
class Api:
    """The local Bot API in another process."""

    base_url: str
    token: str

    def ask(self, path: str, body: Any = None) -> Any:
        """A GET, or a POST of JSON."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base_url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as reply:
            return json.load(reply)

    def begun(self, chats: Sequence[int]) -> None:
        """These people press Start; nobody hears of it."""
        for start in range(0, len(chats), AT_ONCE):
            self.ask("/phones", [{"user": c, "do": "say", "text": "/start"} for c in chats[start : start + AT_ONCE]])
            offset = 0
            while found := self.ask(f"/bot{self.token}/getUpdates", {"offset": offset, "limit": 100})["result"]:
                offset = found[-1]["update_id"] + 1


@contextmanager
def bot_api(*options: str) -> Iterator[Api]:
    """One that ends with the block; `options` of its command line."""
    command = [sys.executable, "-m", "bot.emulator", "--port", "0", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Api(**json.loads(process.stdout.readline()))
        finally:
            process.terminate()


def clinic_of(folder: Path, api: Api, many: int) -> Path:
    """A database in which everybody is due at once, in a zone where it is noon; where its settings are."""
    clock = SystemClock()
    now = clock.now()
    ahead = 12 - now.hour
    zone = f"Etc/GMT{-ahead:+d}" if ahead else "UTC"  # the signs of these names are turned round
    file = write_config(folder, zone, shipped_questionnaires())
    file.write_text(file.read_text("utf-8") + f'\n[telegram]\nbase_url = "{api.base_url}"\n', "utf-8")
    asyncio.run(_empty(folder / "demo.db", zone))
    hours = {"starts": -2, "ends": -1, "due": 0, "closes": 71}
    moments = {name: f"{now + timedelta(hours=n):%Y-%m-%d %H:%M:%S.000000}" for name, n in hours.items()}
    with closing(opening.connect(folder / "demo.db")) as connection:
        connection.executescript(FILL.format(zone=zone, many=many, first=FIRST_CHAT, **moments))
    asyncio.run(_sealed(folder / "demo.db"))
    api.begun(range(FIRST_CHAT + 2, FIRST_CHAT + 2 + many))
    return file


async def _empty(path: Path, zone: str) -> None:
    async with await Store.open(path, now=SystemClock().now, encrypt=True) as store:
        await store.write(people.ensure_clinic, "Load", zone, None)


async def _sealed(path: Path) -> None:
    async with await Store.open(path, now=SystemClock().now) as store:
        await store.write(_keys_for_all)


def _keys_for_all(conn: Connection) -> None:
    """Keys of their own for everybody, and their chats as `store.people` keeps them; nothing else is sealed yet."""
    rows = conn.execute(select(person.c.id, person.c.role, person.c.clinic_id, person.c.chat_id)).all()
    owners = {row.id: (ids.token(), row.clinic_id) for row in rows}
    names = {number: f"{clinic}:{key_id}" for number, (key_id, clinic) in owners.items()}
    pages = [names[row.id] + sealing.PAGES for row in rows if row.role != "patient"]
    sealing.keyring(conn).make([*names.values(), *pages])
    made = [
        {
            "b_id": row.id,
            "key_id": owners[row.id][0],
            "chat_id": None if chat is None else sealing.book(conn, names[row.id]).seal(chat, person.c.chat_id, row.id),
            "chat_key": None if chat is None else sealing.chat_key(conn, chat),
        }
        for row in rows
        for chat in (None if row.chat_id is None else int(row.chat_id),)
    ]
    conn.execute(update(person).where(person.c.id == bindparam("b_id")), made)


@dataclass(slots=True)
class Seen:
    """What the Bot API saw: questions by chat in order, seconds from a tap to its answer, refusals; seconds from a tap
    until it is `stored`; of the bot's process memory in MB and seconds of CPU.
    """

    at: list[float] = field(default_factory=list)
    chats: list[int] = field(default_factory=list)
    taps: list[float] = field(default_factory=list)
    stored: list[float] = field(default_factory=list)
    taps_at: list[float] = field(default_factory=list)
    replies: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    since: int = 0
    tapped: dict[int, float] = field(default_factory=dict)
    megabytes: float = 0.0
    cpu: float = 0.0

    def look(self, api: Api) -> None:
        """What happened since the last look."""
        events = api.ask(f"/history?since={self.since}")
        self.since += len(events)
        for event in events:
            self.replies[event["chat"]] += event["kind"] == "sent"
            if event["kind"] == "sent" and event["detail"].get("result", {}).get("reply_markup"):
                self.at.append(event["at"])
                self.chats.append(event["chat"])
            elif event["kind"] == "tapped":
                self.tapped[event["chat"]] = event["at"]
                self.taps_at.append(event["at"])
            elif event["kind"] in ("edited", "answered") and event["chat"] in self.tapped:
                self.taps.append(event["at"] - self.tapped.pop(event["chat"]))
            self.refused += event["kind"] == "refused" and event["detail"].get("code") == 429


def _broadcast(api: Api, config: Path, many: int, pace: int) -> Seen:
    """Start the bot, and let somebody tap until everybody has been asked, or it takes far too long."""
    seen, watch, looked, answers = Seen(), Watch(), 0.0, _Answers(config.parent / "demo.db")
    known = {**os.environ, "ACCORD_TOKEN": api.token, "PTB_TIMEDELTA": "1"}
    with subprocess.Popen([sys.executable, "-m", "bot.prove.loaded", str(config), str(pace)], env=known) as bot:
        try:
            for number in range(1_000_000):
                if len(seen.chats) >= many or watch.seconds > 120 + 3 * many / pace + many / 100:
                    break
                threading.Event().wait(TAP_EVERY_S)
                if watch.seconds - looked > LOOK_EVERY_S:
                    looked = watch.seconds
                    seen.look(api)
                before = answers.last()
                if tapped := tap(api, FIRST_CHAT + 2 + number % TAPPERS):
                    seen.stored.append(answers.wait_for(before, tapped))
            threading.Event().wait(LOOK_EVERY_S)
            seen.look(api)
            weigh(bot.pid, seen)
        finally:
            bot.terminate()
            answers.close()
    return seen


class _Answers:
    """The bot's database, as another process sees it: what was tapped is there once its transaction is committed."""

    def __init__(self, database: Path) -> None:
        self._connection = opening.connect(database)

    def last(self) -> int:
        """The newest update whose transaction is committed; 0: none is yet."""
        row = self._connection.execute(LAST).fetchone()
        return 0 if row is None else int(row[0])

    def wait_for(self, before: int, watch: Watch) -> float:
        """Seconds of this watch when there is a newer one."""
        while self.last() <= before and watch.seconds < LOOK_EVERY_S:
            threading.Event().wait(0.002)
        return watch.seconds

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()


def tap(api: Api, chat: int) -> Watch | None:
    """Begin, hide, go on, hide …: each tap is a transaction, and an edit; a watch from then on. None: who is not asked
    yet has nothing to tap.
    """
    shown = [one for one in api.ask(f"/phones/{chat}")["messages"] if one["by_bot"] and one["buttons"]]
    labels = [label for row in shown[-1]["buttons"] for label in row] if shown else []
    for label in ("Hide", "Begin", "Continue"):
        if label in labels:
            watch = Watch()
            api.ask(f"/phones/{chat}/tap", {"label": label})
            return watch
    return None


def weigh(pid: int, seen: Seen) -> None:
    """How much memory the bot took at most, and how much CPU, where the machine says so (Linux)."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        seen.megabytes = int(peak.split()[1]) / 1024
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        seen.cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _judge(seen: Seen, many: int, pace: int, tally: Tally) -> None:
    times, taps, took = Counter(seen.chats), sorted(seen.taps), max(seen.at) - min(seen.at)
    _figures(seen, many, took, taps, tally)
    check(len(times) == many, f"at {pace}/s {len(times)} of {many} patients were asked")
    check(max(times.values()) == 1, f"at {pace}/s somebody was asked twice: {times.most_common(3)}")
    check(seen.refused <= many * REFUSED_SHARE, f"at {pace}/s {seen.refused} messages broke the limit")
    turn = max(abs(place - (chat - FIRST_CHAT - 2)) for place, chat in enumerate(seen.chats))
    check(turn <= OUT_OF_TURN, f"at {pace}/s somebody was asked {turn} places out of turn")
    check(seen.megabytes <= MOST_MB, f"at {pace}/s the bot took {seen.megabytes:.0f} MB")
    if pace == USUAL:  # what answers a tap counts in the limit as a question does
        due = (many + len(taps)) / pace
        check(took <= LATE_SHARE * due + STARTS_WITHIN_S, f"{many} at {pace}/s took {took:.0f} s")


def _figures(seen: Seen, many: int, took: float, taps: Sequence[float], tally: Tally) -> None:
    tally.struck["question"] += many
    tally.figures["seconds"] += round(took)
    tally.figures["a second"] += round(many / took)
    tally.figures["MB"] += round(seen.megabytes)
    tally.figures["CPU"] += round(1_000_000 * seen.cpu / many)
    tally.figures["taps"] += len(taps)
    tally.figures["refused"] += seen.refused
    for share in (50, 99):
        tally.figures[f"p{share}"] += round(1000 * taps[len(taps) * share // 100]) if taps else 0
        stored = sorted(seen.stored)
        tally.figures[f"stored p{share}"] += round(1000 * stored[len(stored) * share // 100]) if stored else 0
