"""Alarms to the duty chat: what is said, when, and that it never becomes a storm; and the heartbeat that goes out."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, update

from bot import clinic_ledger, clinic_people
from bot.alarming import alarm
from bot.app import _scheduler
from bot.clock import SystemClock
from bot.config import Config
from bot.core.alarm import AGAIN, APART, STUCK_FROM, Bout, happened, lasting, works
from bot.heartbeat import Heartbeat
from bot.store import alarms, outbox, people
from bot.store.tables import check_in, person
from bot.store.tables import outbox as outbox_table
from bot.store.tables_watch import alarm as alarm_table
from bot.store.tables_watch import offline
from tests.conftest import FIRST, Clinic, Someone, denver
from tests.test_locale import CLINICAL

pytestmark = pytest.mark.deep

WHICH, WHO = "The delivery ledger shows which.", "The delivery ledger shows who."
WAITS = f"1 message waits past its time.\n{WHICH}"
OVER = "All messages went out again."
NOW = datetime(2026, 11, 3, 19, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def config(example: Config) -> Config:
    """Somebody is on duty."""
    return replace(example, alarms=replace(example.alarms, duty_chat="S-1"))


@pytest.fixture
async def duty(clinic: Clinic) -> Someone:
    """Somebody of the staff has come in, and has read what happened before."""
    await clinic.desk(clinic_people.add_staff, clinic.config, "S-1", None, None)
    staff = clinic["77"]
    await staff.says(f"/start {await clinic.stage.invite('S-1')}")
    await staff.taps("Yes, that is right")
    await clinic.wait(minutes=20)
    return staff


def told(duty: Someone) -> list[str]:
    """The alarms the duty chat got, without what stood there at the beginning."""
    heads = ("I was offline from Mon 2 Nov, 09:00", "All set.")
    return [shown.text for shown in duty.phone.messages if shown.by_bot and not shown.text.startswith(heads)]


async def left_alone(clinic: Clinic, until: str | None) -> None:
    """Nobody looks at Anna's check-in before that time, as if the work on it had gone wrong."""
    at = None if until is None else denver(until)

    def put(conn: Connection) -> None:
        conn.execute(update(check_in).where(check_in.c.person_id == 3, check_in.c.state == "planned").values(due_at=at))

    await clinic.desk(put)


# ------------------------------------------------------------------------------------------------ overdue


async def test_what_waits_past_its_time_is_said_once_again_after_hours_and_when_it_is_over(
    clinic: Clinic, duty: Someone, anna: Someone
) -> None:
    await clinic.session("P-014", "2026-11-03T09:00")
    await left_alone(clinic, "2026-11-03T18:30")
    await clinic.until("2026-11-03T11:09")
    assert told(duty) == []
    await clinic.until("2026-11-03T11:11")
    assert told(duty) == [WAITS]
    for hour in range(12, 17):
        await clinic.until(f"2026-11-03T{hour}:11")
    assert told(duty) == [WAITS]
    await clinic.until("2026-11-03T17:12")
    assert told(duty) == [WAITS, f"1 message still waits past its time.\n{WHICH}"]
    await clinic.until("2026-11-03T18:31")
    assert anna.prompts
    assert told(duty)[2:] == [OVER]
    await clinic.until("2026-11-04T12:00")
    assert told(duty)[2:] == [OVER]


async def test_what_telegram_does_not_take_for_long_is_overdue(clinic: Clinic, duty: Someone, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    clinic.emulator.faults.add("gateway", method="sendMessage", chat=14, count=9_999)
    await clinic.until("2026-11-03T16:12")
    assert told(duty) == [WAITS]
    day = denver(FIRST).date()
    shown = await clinic.stage.app.store.read(
        lambda c: clinic_ledger.ledger(c, clinic.config, clinic.clock.now(), first=day, last=day, patient="P-014")
    )
    assert [(row["to"], row["state"]) for row in shown["rows"]] == [("T-1", "sent"), ("P-014", "overdue")]
    clinic.emulator.faults.clear()
    await clinic.until("2026-11-03T16:30")
    assert anna.prompts
    assert told(duty) == [WAITS, OVER]


async def test_who_sleeps_or_is_not_in_is_not_overdue(clinic: Clinic, duty: Someone, anna: Someone) -> None:
    await clinic.session("P-014", "2026-11-03T19:30")  # asked at 21:30: quiet hours
    await anna.says("/stop")
    await anna.taps("Yes, stop")
    await clinic.until("2026-11-04T12:00")
    assert told(duty) == []


# ------------------------------------------------------------------------------------------------ unreachable


async def test_people_who_cannot_be_reached_are_summed_up(clinic: Clinic, duty: Someone) -> None:
    for code, wall in (("P-014", "14:00"), ("P-015", "15:30"), ("P-021", "13:20")):
        await clinic.session(code, f"2026-11-03T{wall}")
        clinic.emulator.faults.add("forbidden", method="sendMessage", chat=int(code[-2:]), count=9)
    await clinic.until("2026-11-03T15:21")
    assert told(duty) == [f"1 person cannot be reached any more.\n{WHO}"]
    await clinic.until("2026-11-03T17:35")
    assert told(duty)[1:] == [f"1 person cannot be reached any more.\n{WHO}"] * 2


async def test_two_within_ten_minutes_are_one_message(
    clinic: Clinic, duty: Someone, anna: Someone, ben: Someone
) -> None:
    first, second = f"1 person cannot be reached any more.\n{WHO}", f"2 people cannot be reached any more.\n{WHO}"
    clinic["P-021"].phone.block()
    await clinic.wait(minutes=1)
    assert told(duty) == [first]
    anna.phone.block()
    await clinic.wait(minutes=4)
    ben.phone.block()
    await clinic.wait(minutes=4)
    assert told(duty) == [first]
    await clinic.wait(minutes=3)
    assert told(duty) == [first, second]


async def test_whoever_came_back_meanwhile_is_no_news(clinic: Clinic, duty: Someone, anna: Someone) -> None:
    clinic["P-021"].phone.block()
    await clinic.wait(minutes=1)
    clinic["P-021"].phone.unblock()
    anna.phone.block()
    await clinic.wait(minutes=1)
    anna.phone.unblock()
    await clinic.wait(minutes=30)
    assert len(told(duty)) == 1


async def test_a_block_that_is_noticed_twice_is_said_once(clinic: Clinic, duty: Someone, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T15:59")
    anna.phone.block()
    await clinic.until("2026-11-03T18:00")
    assert told(duty) == [f"1 person cannot be reached any more.\n{WHO}"]


async def test_it_is_kept_when_that_began_and_counted_once(clinic: Clinic, duty: Someone) -> None:
    began = clinic.clock.now()
    for later in (0, 5):
        await clinic.desk(alarms.lost, 3, began + later * MINUTE)
    assert [row.unreachable_since for row in await clinic.rows(person, id=3)] == [began]
    assert [row.count for row in await clinic.rows(alarm_table, kind="unreachable")] == [1]
    assert told(duty) == []


async def test_somebody_without_a_chat_is_no_news(clinic: Clinic, duty: Someone) -> None:
    await clinic.desk(lambda conn: people.change(conn, 4, chat_id=None))
    who = await clinic.stage.app.store.read(people.by_code, "P-015")
    await clinic.desk(outbox.add, who, "test", "notice", {"text": "x", "rows": []}, clinic.clock.now())
    await clinic.wait(minutes=2)
    assert [row.state for row in await clinic.rows(outbox_table, key="test")] == ["gone"]
    assert told(duty) == []
    assert await clinic.rows(alarm_table, kind="unreachable") == []


# ------------------------------------------------------------------------------------------------ offline


async def test_after_an_outage_it_is_said_from_when_to_when_and_what_was_lost(clinic: Clinic, duty: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.session("P-014", "2026-11-10T14:00")
    await clinic.until("2026-11-03T12:00")
    await clinic.stop()
    clinic.clock.move_to(denver("2026-11-10T13:00"))
    await clinic.start()
    assert told(duty) == [
        "I was offline from Tue 3 Nov, 12:00 to Tue 10 Nov, 13:00.\n2 messages were not sent because of it."
    ]
    await clinic.restart()
    await clinic.wait(hours=1)
    assert len(told(duty)) == 1


async def test_a_machine_that_was_suspended_was_offline(clinic: Clinic, duty: Someone, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T15:30")
    clinic.clock.suspend(hours=3)
    clinic.stage.app.ticks.wake()
    await clinic.stage.settle()
    says = "I was offline from Tue 3 Nov, 15:30 to Tue 3 Nov, 18:30.\nWhat was due then comes now."
    assert told(duty) == [says]
    assert anna.prompts
    *_, gap = await clinic.rows(offline)
    assert (gap.began_at, gap.ended_at) == (denver("2026-11-03T15:30"), denver("2026-11-03T18:30"))


async def test_a_clock_that_leaps_over_days_in_which_nothing_is_due_is_no_outage(clinic: Clinic, duty: Someone) -> None:
    await clinic.until("2026-11-08T10:00")
    assert told(duty) == []
    assert await clinic.rows(offline) == []


def test_the_machines_clock_sees_a_gap_by_the_time_of_day() -> None:
    clock = SystemClock()
    assert timedelta(0) <= clock.gap(clock.now()) < timedelta(minutes=1)
    assert clock.gap(clock.now() - timedelta(hours=2)) >= timedelta(hours=2)


# ------------------------------------------------------------------------------------------------ set aside


async def test_a_message_that_telegram_will_never_take_is_said(clinic: Clinic, duty: Someone) -> None:
    await clinic.session("P-014", FIRST)
    clinic.emulator.faults.add("bad", method="sendMessage", chat=14)
    await clinic.until("2026-11-03T16:02")
    where = "The delivery ledger or the log shows which."
    assert told(duty) == [f"1 message could not be sent and is not tried again.\n{where}"]


async def test_what_somebody_sent_and_nobody_could_read_is_said(
    clinic: Clinic, duty: Someone, log: pytest.LogCaptureFixture
) -> None:
    clinic.emulator.deliver({"callback_query": {"id": "7", "from": {"id": 14}}})
    await clinic.wait(minutes=2)
    assert told(duty) == ["1 message to me could not be read and was put aside.\nThe log says more."]
    log.clear()


async def test_an_alarm_that_is_not_taken_raises_no_other(clinic: Clinic, duty: Someone, anna: Someone) -> None:
    clinic.emulator.faults.add("bad", method="sendMessage", chat=77, count=9)
    anna.phone.block()
    await clinic.wait(hours=2)
    assert told(duty) == []
    assert [row.state for row in await clinic.rows(outbox_table, kind="alarm")] == ["aside"]


# ------------------------------------------------------------------------------------------------ to whom, and what


async def test_an_alarm_says_nothing_about_anybody(clinic: Clinic, duty: Someone, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await duty.says("/settings")
    await duty.taps("Español")
    await clinic.until("2026-11-03T12:00")
    await left_alone(clinic, "2026-11-04T12:00")
    anna.phone.block()
    await clinic.until("2026-11-03T16:30")
    says = ["Ya no se puede contactar a 1 persona.\nEl registro de envíos muestra quiénes."]
    assert told(duty)[-1:] == says, "who cannot be reached is not overdue as well"
    every = " ".join(row.body["text"] for row in await clinic.rows(outbox_table, kind="alarm")).lower()
    assert [word for word in (*CLINICAL, "p-0", "t-1", "anna") if word in every] == []


async def test_it_goes_out_in_front_of_everything_else(clinic: Clinic, duty: Someone) -> None:
    def piled_up(conn: Connection) -> list[str]:
        him, staff = people.by_code(conn, "T-1"), people.by_code(conn, "S-1")
        body = {"text": "x", "rows": []}
        for kind, who in (("digest", him), ("notice", him), ("prompt", him), ("alarm", staff)):
            outbox.add(conn, who, f"test:{kind}", kind, body, clinic.clock.now())
        claimed = [one.kind for one in outbox.claim(conn, clinic.clock.now(), 9)[0]]
        for one in outbox.cut_off(conn):
            outbox.wait_alone(conn, one.id, clinic.clock.now())
        return claimed

    assert await clinic.desk(piled_up) == ["alarm", "prompt", "notice", "digest"]
    assert told(duty) == ["x"]


async def test_when_the_duty_chat_is_lost_that_is_logged_once_and_stands_over_the_ledger(
    clinic: Clinic, duty: Someone, anna: Someone, log: pytest.LogCaptureFixture
) -> None:
    async def head() -> object:
        read = clinic.stage.app.store.read
        return (await read(lambda c: clinic_ledger.ledger(c, clinic.config, clinic.clock.now())))["head"]["alarms"]

    assert await head() == "on"
    duty.phone.block()
    anna.phone.block()
    for _ in range(5):
        await clinic.wait(minutes=15)
    assert [record.message for record in log.records if record.levelno == logging.ERROR] == [
        "alarms do not arrive: the duty chat is unreachable"
    ]
    assert await head() == "unreachable"
    log.clear()
    duty.phone.unblock()
    await clinic.wait(minutes=2)
    assert told(duty)[-1] == f"1 person cannot be reached any more.\n{WHO}"
    assert await head() == "on"


@pytest.mark.parametrize(("code", "status"), [("S-9", "unknown"), ("P-014", "unknown"), ("T-1", "unknown")])
async def test_only_somebody_of_the_staff_is_told(clinic: Clinic, duty: Someone, code: str, status: str) -> None:
    config = replace(clinic.config, alarms=replace(clinic.config.alarms, duty_chat=code))
    assert await clinic.desk(alarm, config, clinic.clock.now()) == status
    assert told(duty) == []


async def test_where_nobody_is_named_nothing_is_kept_to_be_said_later(clinic: Clinic, anna: Someone) -> None:
    anna.phone.block()
    await clinic.stage.settle()
    nobody = replace(clinic.config, alarms=replace(clinic.config.alarms, duty_chat=""))
    assert [row.count for row in await clinic.rows(alarm_table, kind="unreachable")] == [1]
    assert await clinic.desk(alarm, nobody, clinic.clock.now()) == "off"
    assert [row.count for row in await clinic.rows(alarm_table, kind="unreachable")] == [0]


# ------------------------------------------------------------------------------------------------ no storm


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 600)), max_size=60))
def test_a_state_is_never_said_twice_in_ten_minutes_and_its_end_follows_its_beginning(
    course: list[tuple[bool, int]],
) -> None:
    bout, now, said = Bout("overdue"), NOW, list[tuple[datetime, str]]()
    for there, minutes in course:
        now += minutes * MINUTE
        bout, word = lasting(bout, there, now)
        said += [(now, word)] if word else []
    times, words = [at for at, _ in said], "".join(word[0] for _, word in said)
    assert all(later - earlier >= APART for earlier, later in pairwise(times))
    assert all(after - at >= AGAIN for (at, _), (after, word) in pairwise(said) if word == "lasts")
    assert words.replace("l", "").replace("bo", "") in ("", "b"), "began, lasts … lasts, over; and again"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 30)), max_size=60))
def test_every_event_is_said_once_and_never_two_messages_in_ten_minutes(course: list[tuple[int, int]]) -> None:
    bout, now, said, happening = Bout("unreachable"), NOW, list[tuple[datetime, int]](), 0
    for events, minutes in [*course, (0, 10)]:
        now += minutes * MINUTE
        bout, happening = replace(bout, count=bout.count + events, since=bout.since or now), happening + events
        count = bout.count
        bout, word = happened(bout, now)
        said += [(now, count)] if word else []
    assert sum(count for _, count in said) == happening
    assert all(later[0] - earlier[0] >= APART for earlier, later in pairwise(said))


# ------------------------------------------------------------------------------------------------ the heartbeat


@pytest.mark.parametrize(
    ("ticked", "polled", "stuck", "does"),
    [
        (0, 0, None, True),
        (2, 3, 5, True),
        (None, 0, None, False),
        (0, None, None, False),
        (2.1, 0, None, False),
        (0, 3.1, None, False),
        (0, 0, 5.1, False),
    ],
)
def test_what_it_means_that_the_bot_works(
    ticked: float | None, polled: float | None, stuck: float | None, does: bool
) -> None:
    tick, poll, since = (None if minutes is None else NOW - minutes * MINUTE for minutes in (ticked, polled, stuck))
    assert works(NOW, tick, poll, since) is does


@dataclass
class Listener:
    """Somebody outside who waits for heartbeats."""

    url: str = ""
    heard: list[str] = field(default_factory=list)
    answers: int = 200
    silent: bool = False


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    """A server on this machine."""
    outside = Listener()

    async def hear(request: web.Request) -> web.Response:
        outside.heard.append(request.path_qs)
        if outside.silent:
            await asyncio.Event().wait()
        return web.Response(status=outside.answers, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_get("/{path:.*}", hear)
    runner = web.AppRunner(app, shutdown_timeout=0.1)  # nobody waits for the one that never answers
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    outside.url = f"http://127.0.0.1:{runner.addresses[0][1]}/secret-key?ok"
    yield outside
    await runner.cleanup()


async def test_a_heartbeat_goes_out_while_it_works_and_not_when_something_stands_still(
    clinic: Clinic, duty: Someone, listener: Listener
) -> None:
    assert told(duty) == []
    app = clinic.stage.app
    beat = Heartbeat(listener.url, app.heartbeat._works).beat
    await clinic.wait(minutes=1)
    clinic.emulator.deliver({})
    await clinic.stage.settle()
    await beat()
    assert listener.heard == ["/secret-key?ok"]
    app.delivery.stuck_since = clinic.clock.now() - STUCK_FROM - MINUTE
    await beat()
    app.delivery.stuck_since = None
    app.inbox.polled_at = clinic.clock.now() - timedelta(hours=1)
    await beat()
    app.inbox.polled_at = clinic.clock.now()
    app.ticks.worked_at = clinic.clock.now() - timedelta(hours=1)
    await beat()
    assert len(listener.heard) == 1
    app.ticks.worked_at = clinic.clock.now()
    await beat()
    assert len(listener.heard) == 2


async def test_an_address_that_does_not_answer_is_given_up_soon(
    listener: Listener, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.heartbeat.PATIENCE_S", 0.02)
    listener.silent = True
    await Heartbeat(listener.url, lambda: True).beat()
    assert [record.message for record in caplog.records] == ["no heartbeat went out: TimeoutError"]


@pytest.mark.parametrize(("url", "jobs"), [("", 3), ("https://example.org/x", 4)])
async def test_it_has_a_place_in_the_schedule_if_there_is_an_address(clinic: Clinic, url: str, jobs: int) -> None:
    config = replace(clinic.config, alarms=replace(clinic.config.alarms, heartbeat_url=url))
    scheduled = _scheduler(clinic.stage.app, config, clinic.clock.now())
    scheduled.start(paused=True)
    assert len(scheduled.get_jobs()) == jobs
    scheduled.shutdown(wait=False)


async def test_messages_that_nobody_answers_are_a_standstill_and_then_no_more(
    clinic: Clinic, duty: Someone, anna: Someone
) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T15:59")
    clinic.emulator.faults.add("gateway", method="sendMessage", count=9_999)
    await clinic.until("2026-11-03T16:06")
    stuck = clinic.stage.app.delivery.stuck_since
    assert stuck is not None
    assert clinic.clock.now() - stuck > STUCK_FROM
    clinic.emulator.faults.clear()
    await clinic.wait(minutes=1)
    assert anna.prompts
    assert clinic.stage.app.delivery.stuck_since is None
    assert told(duty) == []


async def test_what_is_wrong_with_it_is_logged_once_without_the_address(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    heartbeat = Heartbeat(listener.url, lambda: True)
    for status in (500, 302, 500):
        listener.answers = status
        await heartbeat.beat()
    assert len(listener.heard) == 3, "a redirect is not followed"
    listener.answers = 204
    await heartbeat.beat()
    await Heartbeat("http://127.0.0.1:9/secret-key", lambda: True).beat()
    await Heartbeat("", lambda: True).beat()
    mine = [record.message for record in caplog.records if record.name == "bot.heartbeat"]
    assert mine == [
        "no heartbeat went out: HTTP 500",
        "heartbeats go out again",
        "no heartbeat went out: ClientConnectorError",
    ]
