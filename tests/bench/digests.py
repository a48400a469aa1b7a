"""Digests: what findings cost beside a bare render of the same texts, and what opened weekly ones cost the taps."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection

from bot.core.digest import Digest, build
from bot.core.form import Asks
from bot.core.history import History, Side, answered
from bot.core.thresholds import Thresholds
from bot.population import Population, pair
from bot.render import page
from bot.store.tables import answer, check_in, digest, person, session
from bot.store.tables import pair as pair_table
from tests.bench import race, seed
from tests.bench.botapi import BotApi, Event, bot_api, tap_times
from tests.bench.figures import Figure, middle, quantile

PAIRS, SESSIONS = 50, 30
ROUNDS, QUICK_ROUNDS = 15, 5
THERAPISTS, QUICK_THERAPISTS = 1000, 300
EACH, MET = 5, 8  # pairs of a therapist who opens a weekly digest, and their sessions so far
OPENED_A_S = (5.0, 29.5)  # all of a clinic within three minutes; and each at the moment it can have been announced
WARM = 4
TAPPERS = 36
TAP_EVERY_S = 0.1
FIRST_ID = 100_000
THERAPISTS_CHAT = 8_000_000


def measure(quick: bool) -> Iterator[Figure]:
    """Both, one after the other."""
    yield from _findings(QUICK_ROUNDS if quick else ROUNDS)
    for a_second in OPENED_A_S:
        yield from _taps(QUICK_THERAPISTS if quick else THERAPISTS, a_second)


# ------------------------------------------------------------------------------------------------ findings and text


def _findings(rounds: int) -> Iterator[Figure]:
    """A therapist of 50 pairs: the digest of each, and the weekly one of all."""
    rng, of = Random(1), replace(Population(), sessions=SESSIONS)
    pairs = [pair(rng, of) for _ in range(PAIRS)]
    built = _built(pairs)
    texts: dict[str, Callable[[Sequence[Digest]], object]] = {
        "50 digests": lambda some: [page("en", "digest.txt", d=one, shown=one.first) for one in some],
        "the weekly digest of 50": lambda some: page("en", "weekly.txt", digests=some),
    }
    for name, text in texts.items():
        text(built)
        turns = [(_cpu(lambda: text(built)), _cpu(lambda: text(_built(pairs)))) for _ in range(rounds)]  # noqa: B023
        bare, whole = (middle([turn[n] for turn in turns]) for n in (0, 1))
        told = f"{1000 * whole:.0f} over {1000 * bare:.0f} ms; {SESSIONS} sessions a pair"
        bound = 3 if name == "50 digests" else None
        yield Figure(f"{name}: findings and text over a bare render", whole / bare, bound=bound, behind=told)


def _built(pairs: Sequence[History]) -> list[Digest]:
    return [build(f"P-{n:03d}", "2026-12-01T14:00", one, Thresholds()) for n, one in enumerate(pairs)]


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


# ------------------------------------------------------------------------------------------------ taps meanwhile


def _taps(therapists: int, a_second: float) -> Iterator[Figure]:
    """Taps of a quiet bot, and of one whose therapists open their weekly digests as fast as they can come."""
    with bot_api() as api, tempfile.TemporaryDirectory() as folder:
        course = race.lay_out(api, Path(folder), 2 * TAPPERS + WARM)
        chats = [THERAPISTS_CHAT + n for n in range(therapists)]
        messages = _announced(api, chats)
        seed.filled(Path(folder) / "accord.db", _weekly_digests, chats)
        with race.contender("bot", course, 256):
            opens = [
                {"user": chat, "do": "press", "data": f"d:{_digest_id(n)}:open", "message_id": message}
                for n, (chat, message) in enumerate(zip(chats, messages, strict=True))
            ]
            count = int(len(opens) / a_second / TAP_EVERY_S)
            _tapped(course, race.steps(course, 0, WARM), opens[:1], a_second)  # makes ready templates and statements
            idle = _tapped(course, race.steps(course, WARM, WARM + TAPPERS)[:count], [], a_second)
            busy = _tapped(course, race.steps(course, WARM + TAPPERS, WARM + 2 * TAPPERS)[:count], opens[1:], a_second)
    ms = [1000 * quantile(taps, share) for taps in (idle, busy) for share in (0.5, 0.99)]
    told = f"idle {ms[0]:.1f} and {ms[1]:.1f} ms (median, p99), meanwhile {ms[2]:.1f} and {ms[3]:.1f}"
    name = f"p99 of a tap while {therapists} weekly digests are opened, {a_second:g} a second, over idle"
    yield Figure(name, ms[3] / ms[1], bound=2 if a_second == OPENED_A_S[0] else None, behind=told)


def _announced(api: BotApi, chats: Sequence[int]) -> list[int]:
    """The message with [Open] in each therapist's chat."""
    api.started(chats)
    keyboard = {"inline_keyboard": [[{"text": "Open", "callback_data": "d:0:open"}]]}
    return [api.call("sendMessage", chat_id=c, text="A page is ready.", reply_markup=keyboard)["message_id"]
            for c in chats]  # fmt: skip


def _tapped(
    course: race.Course, taps: list[dict[str, object]], opens: list[dict[str, object]], a_second: float
) -> list[float]:
    """Seconds from tap to edit of these taps, one every 100 ms, while the others go in at their pace."""
    since = len(course.api.ask("/history"))
    begun, opened = time.monotonic(), 0
    for n, tap in enumerate(taps):
        due = min(int((time.monotonic() - begun) * a_second), len(opens))
        course.api.act([*opens[opened:due], tap])
        opened = due
        time.sleep(max(0.0, begun + (n + 1) * TAP_EVERY_S - time.monotonic()))
    wanted = {str(tap["user"]) for tap in taps}
    course.api.wait_for(course.api.counts("tapped"), "answered")
    events: list[Event] = course.api.ask("/history")[since:]
    return list(tap_times([event for event in events if str(event.get("chat")) in wanted]))


# ------------------------------------------------------------------------------------------------ their database


def _digest_id(n: int) -> str:
    return f"w{n:021d}"


def _weekly_digests(conn: Connection, chats: Sequence[int]) -> None:
    """Therapists with pairs that have answered for weeks, and a weekly digest each that was announced."""
    rng, of, at = Random(2), replace(Population(), sessions=MET), seed.now()
    for n, chat in enumerate(chats):
        who = FIRST_ID + n * (EACH + 1)
        people = [seed._person(who, "therapist", f"T-{n + 10}", chat)]
        people += [seed._person(who + k, "patient", f"P-{n}-{k}", None) for k in range(1, EACH + 1)]
        seed._insert(conn, person, people)
        rows = [{"id": who + k, "clinic_id": 1, "patient_id": who + k, "therapist_id": who, "started_at": at}
                for k in range(1, EACH + 1)]  # fmt: skip
        seed._insert(conn, pair_table, rows)
        for k in range(1, EACH + 1):
            _course(conn, pair(rng, of), who + k, who, at)
        row = {"id": _digest_id(n), "clinic_id": 1, "therapist_id": who, "week": date(2026, 11, 2), "state": "sent",
               "built_at": at}  # fmt: skip
        seed._insert(conn, digest, [row])


def _course(conn: Connection, past: History, pair_id: int, therapist: int, at: datetime) -> None:
    """A made-up pair's sessions and answers, up to last week."""
    sessions, checks, answers = [], [], []
    for n, one in enumerate(past.sessions):
        starts, session_id = at - timedelta(weeks=MET - n), pair_id * MET + n
        row = seed._session_row(pair_id, starts) | {"id": session_id, "local": f"{starts:%Y-%m-%dT%H:%M}"}
        sessions.append(row | {"state": one.state})
        for who, side in ((pair_id, one.patient), (therapist, one.therapist)):
            checked, said = _check_in(side, pair_id, session_id, who, starts)
            checks += checked
            answers += said
    seed._insert(conn, session, sessions)
    seed._insert(conn, check_in, checks)
    seed._insert(conn, answer, answers)


def _check_in(
    side: Side, pair_id: int, session_id: int, who: int, starts: datetime
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The check-in of one side with its answers; nothing if it was not asked."""
    if side.alliance is None:
        return [], []
    ident, at = f"{session_id:010d}{who:012d}", starts.astimezone(UTC)
    state = side.alliance if isinstance(side.alliance, str) else "answered"
    row = {
        "id": ident, "clinic_id": 1, "pair_id": pair_id, "session_id": session_id, "person_id": who,
        "kind": "alliance", "state": state, "opens_at": at, "closes_at": at, "opened_at": at,
        "answered_at": at if state == "answered" else None, "asks": Asks(("alliance", "goals")).to_json(),
    }  # fmt: skip
    parts = {"alliance": answered(side.alliance) or {}, "goals": answered(side.goals) or {}}
    said = [
        {"clinic_id": 1, "check_in_id": ident, "filed_under": session_id, "questionnaire": name, "version": 1,
         "item": item, "value": list(value) if isinstance(value, tuple) else value, "answered_at": at}
        for name, part in parts.items() for item, value in part.items()
    ]  # fmt: skip
    return [row], said if state == "answered" else []
