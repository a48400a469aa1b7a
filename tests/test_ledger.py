"""The delivery ledger: every planned check-in and digest once, what became of it, and who may know what."""

import csv
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, event, select, update

from bot import clinic as desk
from bot import clinic_ledger
from bot.announcing import announce
from bot.checkin_due import open_or_next
from bot.config import Config
from bot.core import ledger as core
from bot.core.cells import cell
from bot.core.ledger import Fact, Rules, state_of, view
from bot.core.person import Person, Role
from bot.core.plan import Plan
from bot.render import part
from bot.store import appointments, checkins, digests, keyring, keys, people
from bot.store import ledger as store_ledger
from bot.store.ledger import Wanted
from bot.store.people import Refused
from bot.store.tables import check_in, digest, session
from tests.conftest import FIRST, Clinic, Someone, denver
from tests.laws import law
from tests.test_clinic import Desk, made
from tests.test_clinic import desk as desk_
from tests.test_loop import config

pytestmark = pytest.mark.deep

__all__ = ["config", "desk_", "made"]
SECOND = "2026-11-10T14:00"
NOON = datetime(2026, 11, 3, 19, 0, tzinfo=UTC)  # in Denver
RULES = Rules(timedelta(minutes=10), Plan())
HER = Fact(
    "c:1", "check_in", NOON, "P-014", "America/Denver", True, False, "P-014", "T-1", 1, 7, "2026-11-03T11:00", "planned"
)
OPEN = replace(HER, state="open", settled=NOON)
BACK = replace(HER, can_be_asked=False)
DIGEST = replace(HER, id="d:1", what="digest", to="T-1")
MINUTE, LATE = timedelta(minutes=1), timedelta(minutes=10)
NIGHT = NOON + timedelta(hours=10)


@pytest.mark.parametrize(
    ("fact", "after", "says"),
    [
        (HER, -MINUTE, ("planned", None)),
        (HER, LATE - MINUTE, ("planned", None)),
        (HER, LATE, ("overdue", None)),
        (HER, NIGHT - NOON, ("planned", None)),  # it waits for the end of quiet hours
        (replace(HER, plans=(None, {"quiet_from": "23:00"})), NIGHT - NOON, ("overdue", None)),  # hers begin later
        (replace(HER, plans=({"quiet_from": "12:00"}, None)), LATE, ("planned", None)),
        (DIGEST, NIGHT - NOON, ("overdue", None)),  # digests do not wait
        (replace(OPEN, message="waiting"), NIGHT - NOON, ("overdue", None)),
        (BACK, -MINUTE, ("planned", None)),
        (BACK, LATE, ("planned", "not_in_yet")),
        (replace(BACK, unreachable=True), LATE, ("unreachable", None)),
        (OPEN, LATE, ("sent", None)),
        (replace(OPEN, message="sent"), LATE, ("sent", None)),
        (replace(OPEN, message="waiting"), LATE - MINUTE, ("planned", None)),
        (replace(OPEN, message="sending"), LATE, ("overdue", None)),
        (replace(OPEN, message="unknown"), LATE, ("not_delivered", "lost")),
        (replace(OPEN, message="aside"), LATE, ("not_delivered", "not_taken")),
        (replace(OPEN, message="gone"), LATE, ("unreachable", None)),
        (replace(OPEN, state="answered", message="sent"), LATE, ("sent", None)),
        (replace(OPEN, state="missed", message="sent"), LATE, ("sent", None)),
        (replace(HER, state="excused", why="away"), LATE, ("excused", "away")),
        (replace(HER, state="excused", why="withdrawn"), LATE, ("excused", "stopped")),
        (replace(OPEN, state="excused", why="not_met", message="sent"), LATE, ("excused", "not_met")),
        (replace(HER, state="excused", why="pilot"), LATE, ("held_back", "pilot")),
        (replace(OPEN, state="excused", why="pilot", message="sent"), LATE, ("excused", "pilot")),
        (replace(HER, state="not_asked", why="too late"), LATE, ("not_asked", "too_late")),
        (replace(HER, state="not_asked", why="not in yet"), LATE, ("not_asked", "not_in_yet")),
        (replace(HER, state="not_asked", why="unreachable"), LATE, ("unreachable", "unreachable")),
        (replace(HER, state="not_asked", why="outage"), LATE, ("not_asked", "outage")),
        (replace(HER, state="not_asked", why="quite new"), LATE, ("not_asked", "other")),
        (DIGEST, LATE, ("overdue", None)),
        (replace(DIGEST, state="sent", settled=NOON, message="sent"), LATE, ("sent", None)),
        (replace(DIGEST, state="sent", settled=NOON), LATE, ("sent", None)),  # the morning's message stands for it
        (replace(DIGEST, state="not_sent", settled=NOON, why="pilot"), LATE, ("held_back", "pilot")),
        (replace(DIGEST, state="not_sent", settled=NOON, why="unreachable"), LATE, ("unreachable", "unreachable")),
        (replace(DIGEST, state="not_sent", settled=NOON, why="no session"), LATE, ("excused", "no_session")),
        (replace(DIGEST, state="not_sent", settled=NOON, why="too late"), LATE, ("not_asked", "too_late")),
        (replace(DIGEST, state="not_sent", settled=NOON), LATE, ("not_asked", None)),
        (replace(HER, id="o:1", what="notice", state="open", message="held"), LATE, ("held_back", "pilot")),
    ],
)
def test_what_became_of_it(fact: Fact, after: timedelta, says: tuple[str, str | None]) -> None:
    assert state_of(fact, RULES, NOON + after) == says


@pytest.mark.parametrize(
    ("fact", "progress"),
    [
        (OPEN, None),
        (replace(OPEN, begun=True), "opened"),
        (replace(OPEN, begun=True, state="answered"), "answered"),
        (replace(OPEN, begun=True, state="answered", late=True), "late"),
        (replace(OPEN, begun=True, state="missed"), "closed"),
        (replace(OPEN, begun=True, state="answered", blind=True), None),
        (replace(OPEN, begun=True, state="open", blind=True, to="T-1"), "opened"),
        (replace(DIGEST, state="sent", begun=True), "opened"),
    ],
)
def test_how_far_somebody_came_is_for_the_pairs_therapist_alone(fact: Fact, progress: str | None) -> None:
    his, desks = view(fact, 1, RULES, NOON), view(fact, None, RULES, NOON)
    assert his is not None
    assert his.progress == progress
    assert view(fact, 2, RULES, NOON) is None, "another therapist's pair does not exist"
    assert desks == replace(his, progress=None), "the desk never sees it"


@pytest.mark.parametrize("what", core.BY_EVENT)
def test_what_comes_of_an_answer_or_a_silence_is_not_for_the_desk(what: core.What) -> None:
    held = replace(OPEN, id="o:1", what=what, message="held", to="T-1", patient=None)
    assert view(held, None, RULES, NOON) is None
    assert view(held, 1, RULES, NOON) is not None


def test_a_pair_that_has_ended_does_not_exist_any_more_for_its_therapist() -> None:
    assert view(replace(OPEN, ended=True), 1, RULES, NOON) is None
    assert view(replace(OPEN, ended=True), None, RULES, NOON) is not None


@pytest.mark.parametrize("lang", ["en", "es"])
def test_every_word_of_the_ledger_has_its_own_words(lang: str) -> None:
    whys = {*core.WHY.values(), *(why for _, why in core.BY_MESSAGE.values() if why), "other"}
    for name, every in (("state", core.STATES), ("progress", core.PROGRESS), ("why", sorted(whys))):
        assert len({part(lang, "ledger.jinja", name, word) for word in every}) == len(every)


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_taken_for_a_formula(value: str) -> None:
    assert cell(value) == f"'{value}"
    assert [cell(one) for one in ("P-014", "2026", 7, None)] == ["P-014", "2026", 7, None]


# ------------------------------------------------------------------------------------------------ a week


async def page(clinic: Clinic, **wanted: Any) -> dict[str, Any]:
    """A page of the ledger as the desk sees it, or (`reader`) a therapist."""
    read = clinic.stage.app.store.read
    shown: dict[str, Any] = await read(clinic_ledger.ledger, clinic.config, clinic.clock.now(), **wanted)
    return shown


async def lines(clinic: Clinic, **wanted: Any) -> list[str]:
    """The rows of a page, a line each."""
    names = ("local", "what", "to", "state", "why", "progress")
    rows = (await page(clinic, **wanted))["rows"]
    return [" ".join(str(row[name]) for name in names if row.get(name) is not None) for row in rows]


async def person(clinic: Clinic, code: str) -> Person:
    """Somebody as the program knows them."""
    found = await clinic.stage.app.store.read(people.find, code)
    assert found is not None
    return found


@pytest.fixture
async def week(clinic: Clinic) -> Clinic:
    """Anna meets Tomas on two Tuesdays, Clara meets Vera on the first."""
    await clinic.session("P-014", FIRST)
    await clinic.session("P-014", SECOND)
    await clinic.session("P-021", "2026-11-03T10:00")
    return clinic


TUESDAY = {"first": denver(FIRST).date(), "last": denver(FIRST).date()}


async def test_the_desk_sees_what_was_sent_and_never_whether_somebody_answered(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    planned = [
        "2026-11-03T11:00 check_in T-2 planned",
        "2026-11-03T12:00 check_in P-021 planned",
        "2026-11-03T15:00 check_in T-1 planned",
        "2026-11-03T16:00 check_in P-014 planned",
    ]
    assert await lines(week, **TUESDAY) == planned
    await week.until("2026-11-03T16:00")
    sent = [line.replace("planned", "sent") for line in planned]
    assert await lines(week, **TUESDAY) == sent
    await anna.fills()
    await tomas.sends_form()
    assert await lines(week, **TUESDAY) == sent
    assert all("progress" not in row for row in (await page(week))["rows"])


async def test_a_therapist_sees_the_own_pairs_and_how_far_each_came(
    week: Clinic, anna: Someone, tomas: Someone, vera: Someone
) -> None:
    him, her = await person(week, "T-1"), await person(week, "T-2")
    await week.until("2026-11-03T16:00")
    await anna.taps("Begin")
    own, hers = "2026-11-03T15:00 check_in T-1 sent", "2026-11-03T16:00 check_in P-014 sent"
    assert await lines(week, reader=him, **TUESDAY) == [own, hers], "blind: his own form is open"
    await tomas.sends_form()
    assert await lines(week, reader=him, **TUESDAY) == [f"{own} answered", f"{hers} opened"]
    await week.until("2026-11-07T16:00")
    assert await lines(week, reader=him, **TUESDAY) == [f"{own} answered", f"{hers} closed"]
    await anna.taps("Continue")
    await anna.rates(4, 4, 4, 4, 4, 4)
    await anna.taps("Skip", "Send")
    assert await lines(week, reader=him, **TUESDAY) == [f"{own} answered", f"{hers} late"]
    codes = {row["to"] for row in (await page(week, reader=her))["rows"]}
    assert codes == {"T-2", "P-021"}
    assert await lines(week, reader=her, patient="P-014") == []
    assert vera.prompts


async def test_a_digest_is_planned_sent_and_opened(week: Clinic, tomas: Someone) -> None:
    day = {"first": denver(SECOND).date(), "last": denver(SECOND).date(), "therapist": "T-1"}
    assert (await lines(week, **day))[0] == "2026-11-10T13:00 digest T-1 planned"
    await week.until("2026-11-10T13:00")
    assert (await lines(week, **day))[0] == "2026-11-10T13:00 digest T-1 sent"
    await tomas.taps("Open", "Skip this form")
    him = await person(week, "T-1")
    assert (await lines(week, reader=him, **day))[0] == "2026-11-10T13:00 digest T-1 sent opened"
    assert (await lines(week, **day))[0] == "2026-11-10T13:00 digest T-1 sent"


async def test_whom_nothing_reaches_is_named(week: Clinic, anna: Someone) -> None:
    anna.phone.block()
    week.emulator.deliver({})
    await week.until("2026-11-03T16:30")
    assert (await lines(week, patient="P-014", **TUESDAY))[-1] == "2026-11-03T16:00 check_in P-014 unreachable"


async def test_whoever_has_quiet_hours_of_their_own_is_not_overdue_in_them(week: Clinic) -> None:
    later = update(check_in).where(check_in.c.person_id == 3).values(due_at=denver("2026-11-20T12:00"))
    await week.desk(lambda conn: conn.execute(later).rowcount)
    await week.until("2026-11-03T18:00")
    assert (await lines(week, patient="P-014", **TUESDAY))[-1] == "2026-11-03T16:00 check_in P-014 overdue"
    await week.desk(lambda conn: people.change(conn, 3, plan={"quiet_from": "15:30"}))
    assert (await lines(week, patient="P-014", **TUESDAY))[-1] == "2026-11-03T16:00 check_in P-014 planned"


async def test_what_is_moved_stands_where_it_is_planned_now(week: Clinic) -> None:
    sessions = await week.rows(check_in, person_id=3)
    number = min(row.session_id for row in sessions)
    await week.desk(
        desk.move_session, week.config, number, datetime.fromisoformat("2026-11-04T09:00"), week.clock.now()
    )
    assert await lines(week, patient="P-014", **TUESDAY) == []
    day = denver("2026-11-04T09:00").date()
    assert (await lines(week, patient="P-014", first=day, last=day))[:2] == [
        "2026-11-04T10:00 check_in T-1 planned",
        "2026-11-04T11:00 check_in P-014 planned",
    ]


async def test_a_row_says_when_about_which_session_and_of_whom(week: Clinic) -> None:
    await week.until("2026-11-03T16:00")
    row = (await page(week, patient="P-014-J", **TUESDAY))["rows"][-1]
    (kept,) = await week.rows(check_in, person_id=3, kind="alliance", session_id=row["session"])
    assert row == {
        "id": f"c:{kept.id}", "at": "2026-11-03T23:00:00Z", "local": "2026-11-03T16:00", "what": "check_in",
        "to": "P-014", "patient": "P-014", "therapist": "T-1", "session": kept.session_id, "session_starts": FIRST,
        "state": "sent", "why": None, "sent_at": "2026-11-03T23:00:00Z",
    }  # fmt: skip


async def test_a_digest_moves_with_its_session_before_and_after_it_was_announced(week: Clinic) -> None:
    async def shown() -> list[str]:
        rows = await lines(week, therapist="T-1", first=denver(SECOND).date(), last=denver("2026-11-20T12:00").date())
        return [line for line in rows if " digest " in line]

    async def moved(wall: str) -> list[str]:
        (number,) = {row.session_id for row in await week.rows(digest, pair_id=1)}
        await week.desk(desk.move_session, week.config, number, datetime.fromisoformat(wall), week.clock.now())
        return await shown()

    assert await moved("2026-11-11T09:00") == ["2026-11-11T08:00 digest T-1 planned"]
    await week.until("2026-11-11T08:30")
    assert await moved("2026-11-12T10:00") == ["2026-11-12T09:00 digest T-1 planned"]
    await week.until("2026-11-12T09:00")
    assert await shown() == ["2026-11-12T09:00 digest T-1 sent"]


async def test_a_span_ends_before_its_end(week: Clinic) -> None:
    opens = denver("2026-11-03T16:00")
    for begin, end, found in ((opens, opens, 0), (opens, opens + MINUTE, 1), (opens - MINUTE, opens, 0)):
        rows = await week.stage.app.store.read(store_ledger.page, Wanted(begin, end), 9, 0)
        assert len(rows) == found


async def test_without_dates_it_is_a_week_before_and_after_today(week: Clinic) -> None:
    await week.stop()
    week.clock.move_to(denver("2026-11-02T11:00"))
    await week.start()
    shown = await page(week)
    assert (shown["first"], shown["last"]) == ("2026-10-26", "2026-11-09")
    assert {row["local"][:10] for row in shown["rows"]} <= {f"2026-11-{day:02}" for day in range(2, 10)}
    down = {"from": "2026-11-02T10:00", "to": "2026-11-02T11:00"}
    assert shown["head"] == {"duty": None, "alarms": "off", "pilot_until": None, "offline": down}


async def test_what_cannot_be_asked_for_is_said(week: Clinic) -> None:
    day = denver(FIRST).date()
    for wanted, says in (
        ({"first": day, "last": day - timedelta(days=1)}, "ends before it begins"),
        ({"first": day, "last": day + timedelta(days=400)}, "more than 366 days"),
        ({"patient": "P-99"}, "There is nobody"),
        ({"therapist": "P-014"}, "a therapist is needed"),
    ):
        with pytest.raises(Refused, match=says):
            await page(week, **wanted)


async def test_pages_follow_each_other_without_a_gap(week: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await page(week)
    monkeypatch.setattr(clinic_ledger, "MOST", 3)
    first, second = await page(week), await page(week, page=2)
    assert (len(first["rows"]), first["more"]) == (3, True)
    assert first["rows"] + second["rows"] == whole["rows"][:6]
    text = await week.stage.app.store.read(lambda c: clinic_ledger.ledger_csv(c, week.config, week.clock.now()))
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["to"] for row in rows] == [row["to"] for row in whole["rows"]]
    assert {row["what"] for row in rows} == {"check-in", "weekly digest"}
    assert "progress" not in rows[0]


async def test_a_therapists_table_says_how_far_each_came_in_the_own_language(week: Clinic, tomas: Someone) -> None:
    await week.until("2026-11-03T16:00")
    await tomas.sends_form()
    rows = (await page(week, reader=await person(week, "T-1"), **TUESDAY))["rows"]
    heads, own, hers = clinic_ledger.as_csv(rows, "es").splitlines()
    assert heads.endswith(",sent_at,progress")
    assert own == "2026-11-03T15:00,formulario,T-1,P-014,T-1,2026-11-03T14:00,enviado,,2026-11-03T22:00:00Z,respondido"
    assert hers.endswith(",")


# ------------------------------------------------------------------------------------------------ what it costs


async def test_a_page_reads_its_span_through_indexes_and_nothing_whole(week: Clinic) -> None:
    seen: list[str] = []

    def plans(conn: Any) -> None:
        def explain(_conn: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            seen.extend(row[3] for row in cursor.fetchall())

        event.listen(conn, "before_cursor_execute", explain)
        store_ledger.page(conn, Wanted(denver(FIRST), denver(SECOND), 1, 3, 1), 10, 0)
        store_ledger.unsent(conn, denver(SECOND))

    await week.stage.app.store.read(plans)
    whole = {line for line in seen if line.startswith("SCAN")}
    assert whole == {"SCAN anon_1", "SCAN outbox USING INDEX ix_outbox_unsent"}
    for index in ("check_in_opens_at", "digest_planned_at", "outbox_held", "check_in_planned", "digest_planned"):
        assert any(f"USING INDEX ix_{index} (" in line for line in seen), (index, seen)


# ------------------------------------------------------------------------------------------------ the law

Step = tuple[str, int, int]
VERBS = st.sampled_from(["add", "add", "move", "cancel", "held", "pass"])
STEPS = st.lists(st.tuples(VERBS, st.integers(0, 5), st.integers(0, 400)), max_size=15)


@cache
def tables() -> Engine:
    """Tables in memory; each play takes back what it did."""
    made, keyed = create_engine("sqlite://"), Path(mkdtemp()) / "accord.db"
    keys.prepare(keyed)
    keyring.attach(made, keyed)
    with made.begin() as conn:
        check_in.metadata.create_all(conn)
    return made


@law(25, [HealthCheck.function_scoped_fixture])
@given(steps=STEPS, most=st.integers(1, 7))
def test_every_planned_check_in_and_digest_is_in_the_ledger_exactly_once(
    example: Config, steps: list[Step], most: int
) -> None:
    with tables().connect() as conn:
        played = Played(conn, example)
        for step in steps:
            played.does(*step)
        kept = [f"c:{row}" for row in conn.execute(select(check_in.c.id)).scalars()]
        kept += [f"d:{row}" for row in conn.execute(select(digest.c.id)).scalars()]
        assert sorted(played.in_ledger(most)) == sorted(kept)
        conn.rollback()


class Played:
    """A clinic of two pairs in the hands of chance; time goes by in leaps, and what is due is done."""

    def __init__(self, conn: Connection, config: Config) -> None:
        self.conn, self.config, self.now = conn, config, NOON
        people.ensure_clinic(conn, "A", "America/Denver")
        him, *patients = (
            self.joins(*one) for one in (("therapist", "T-1"), ("patient", "P-014"), ("patient", "P-015"))
        )
        for patient in patients:
            people.add_pair(conn, patient.id, him.id, NOON)
        appointments.plan_own_digests(conn, him, config.plan, NOON)

    def joins(self, role: Role, code: str) -> Person:
        """Somebody who is in."""
        who = people.add(self.conn, role, code, "America/Denver", "en")
        people.change(self.conn, who.id, state="active", chat_id=who.id)
        return people.by_id(self.conn, who.id)

    def does(self, what: str, number: int, hours: int) -> None:
        """One step; what cannot be (no such session, two at once) is as good as none."""
        wall = (self.now + timedelta(hours=hours)).replace(tzinfo=None)
        ids = list(self.conn.execute(select(session.c.id).order_by(session.c.id)).scalars())
        with suppress(Refused), self.conn.begin_nested():
            if what == "add":
                desk.add_session(self.conn, self.config, ("P-014", "P-015")[number % 2], wall, None, self.now)
            elif what == "pass":
                self.passes(timedelta(hours=hours))
            elif ids and what == "move":
                desk.move_session(self.conn, self.config, ids[number % len(ids)], wall, self.now)
            elif ids:
                state = "cancelled" if what == "cancel" else "held"
                desk.mark_session(self.conn, self.config, ids[number % len(ids)], state, self.now)

    def passes(self, so_long: timedelta) -> None:
        """Time goes by, and what is due then is done."""
        self.now += so_long
        while ids := checkins.due_ids(self.conn, self.now):
            for row_id in ids:
                open_or_next(self.conn, row_id, self.config, self.now)
        while ids := digests.due_ids(self.conn, self.now):
            for row_id in ids:
                announce(self.conn, row_id, self.config, self.now)

    def in_ledger(self, most: int) -> list[str]:
        """The keys of all rows, over spans that follow each other, in small pages."""
        found, begin = list[str](), NOON - timedelta(days=100)
        while begin < self.now + timedelta(days=100):
            end, skip = begin + timedelta(days=80), 0
            while rows := store_ledger.page(self.conn, Wanted(begin, end), most, skip):
                found += [row.id for row in rows]
                skip += len(rows)
            begin = end
        return found


# ------------------------------------------------------------------------------------------------ in a terminal


def test_the_desk_prints_it_and_writes_it_as_a_table(desk_: Desk, tmp_path: Path) -> None:
    desk_.gives("session", "add", "P-014", FIRST)
    shown = desk_.gives("ledger", "--from", "2026-11-03", "--to", "2026-11-03", "--patient", "P-014-J")
    assert [row["to"] for row in shown["rows"]] == ["T-1", "P-014"]
    printed = desk_.runs("ledger", "--from", "2026-11-03", "--to", "2026-11-03").stdout.splitlines()
    assert printed == [
        "Nobody is named as duty chat: no alarm is sent.",
        "2026-11-03T15:00  check-in           T-1       planned                 P-014 with T-1",
        "2026-11-03T16:00  check-in           P-014     planned                 P-014 with T-1",
    ]
    file = tmp_path / "ledger.csv"
    assert desk_.runs("ledger", "--csv", str(file)).exit_code == 0
    assert file.read_text().splitlines()[0] == "local,what,to,patient,therapist,session_starts,state,why,sent_at"
    assert len(file.read_text().splitlines()) == len(desk_.gives("ledger")["rows"]) + 1
    assert "Nothing from 2030-01-01 to 2030-01-08." in desk_.runs("ledger", "--from", "2030-01-01").stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--from", "tomorrow"), '"tomorrow" is not a date: write it as 2026-11-03.'),
        (("--from", "2026-11-03", "--to", "2026-11-01"), "2026-11-03 to 2026-11-01 ends before it begins."),
        (("--patient", "P-99"), 'There is nobody with the code "P-99".'),
        (("--csv", "/proc/no/such.csv"), "/proc/no/such.csv cannot be written"),
    ],
)
def test_what_is_asked_for_in_vain_is_said(desk_: Desk, words: tuple[str, ...], says: str) -> None:
    result = desk_.runs("ledger", *words)
    assert result.exit_code == 1
    assert result.stderr.startswith(says)
