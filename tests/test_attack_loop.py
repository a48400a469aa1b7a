"""What a hostile reading of the loop found: each story went wrong once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import clinic as desk
from bot.config import Config
from bot.core.digest import build
from bot.core.findings import findings
from bot.core.history import Answers, History, Session, Side
from bot.core.loop import Around, LastTime, Said, Snooze
from bot.core.thresholds import Thresholds
from bot.render import page
from bot.store.tables import check_in, digest, outbox, pair
from tests.conftest import FIRST, Clinic, Someone
from tests.own_form import MARKS
from tests.own_form import questionnaire as parsed
from tests.plain_rows import put_plain
from tests.test_digests import THIRD, after, read, week
from tests.test_loop import apart, own_words

pytestmark = pytest.mark.deep

__all__ = ["apart", "week"]
FOURTH = "2026-11-24T14:00"
UNREAD = "A message to you has not been read for three days."
WAS_READ = "Your last check-in was read."


@pytest.fixture
def config(example: Config, request: pytest.FixtureRequest) -> Config:
    """Without the form after the first session (unless a test asks for it) and without homework."""
    asked = replace(example.questionnaires, after_first=("start",) if hasattr(request, "param") else ())
    return replace(example, questionnaires=asked, plan=replace(example.plan, homework=False))


async def in_the_mornings(tomas: Someone) -> None:
    await tomas.says("/settings")
    await tomas.taps("When digests come", "All together at 07:30")


# ---------------------------------------------------------------- lock screen


async def test_a_page_that_was_put_off_does_not_come_by_itself_with_its_words(apart: Clinic, tomas: Someone) -> None:
    apart.emulator.faults.add("flood", method="sendMessage", chat=1, retry_after=30)
    await tomas.says("/pair P-014")
    await apart.wait(minutes=2)
    assert not any("tasks" in line for line in tomas.prompts), tomas.prompts


async def test_own_answers_that_were_put_off_do_not_come_by_themselves(apart: Clinic, anna: Someone) -> None:
    apart.emulator.faults.add("flood", method="sendMessage", chat=14, retry_after=30)
    await anna.says("/mine")
    await apart.wait(minutes=2)
    assert not any("Goals" in line for line in anna.prompts), anna.prompts


# ---------------------------------------------------------------- hide


@pytest.mark.proof
async def test_hide_hides_a_long_page_too(clinic: Clinic, tomas: Someone) -> None:
    """Eighteen patients of his are unhappy: the weekly page is longer than one message."""
    for n in range(30, 48):
        values = (f"P-0{n}", "T-1", "America/Denver", "en", clinic.clock.now())
        await clinic.desk(desk.add_patient, clinic.config, *values)
        one = clinic[str(n)]
        await one.says(f"/start {await clinic.stage.invite(f'P-0{n}')}")
        await one.taps("I agree", "Yes, that is right", "1 hour after")
        await clinic.session(f"P-0{n}", f"2026-11-03T14:{n - 30:02}", minutes=1)
    await clinic.until("2026-11-03T15:00")
    for shown in list(tomas.phone.messages):
        if "Your 14:" in shown.text:
            await tomas.taps("Begin", on=shown.id)
            await tomas.taps("A 5", "B 5", "C 5", "D 5", "Send")
    await clinic.until("2026-11-03T16:00")
    for n in range(30, 48):
        await clinic[str(n)].fills("111111")
    await clinic.until("2026-11-09T07:00")
    await tomas.taps("Open", "Next page", "Page before", "Next page", "Hide")
    assert not tomas.sees("P-030"), [m.text[:60] for m in tomas.phone.messages]


@pytest.mark.usefixtures("apart")
async def test_hide_works_on_today(tomas: Someone) -> None:
    await tomas.says("/today")
    await tomas.taps("Hide")
    assert "P-014: You rate" not in tomas.screen, (tomas.toast, tomas.screen)


async def test_what_was_hidden_stays_hidden_in_the_morning(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await week.session("P-015", "2026-11-10T10:00")
    await in_the_mornings(tomas)
    await after(week, anna, tomas, "443355", "4445", FIRST)
    await week.until("2026-11-10T07:30")
    await tomas.taps("Open", "14:00", "Hide")
    assert "P-014" not in tomas.screen
    await week.until("2026-11-10T13:00")
    assert not tomas.sees("P-014: You rate agreement on tasks differently"), tomas.screen


async def test_a_form_being_filled_is_not_overwritten_by_the_morning_page(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    await week.session("P-015", "2026-11-10T10:00")
    await in_the_mornings(tomas)
    await after(week, anna, tomas, "443355", "", FIRST)
    await week.until("2026-11-10T12:57")
    message = [m for m in tomas.phone.messages if "Your day is ready." in m.text][-1]
    await tomas.taps("Open", on=message.id)
    await tomas.taps("14:00")
    await tomas.taps("A 4", "B 4")
    await week.until("2026-11-10T13:00")
    assert tomas.sees("A. We want the same things from this work."), [m.text[:60] for m in tomas.phone.messages]


# ---------------------------------------------------------------- outcomes


async def test_discussed_can_be_tapped_after_the_session(apart: Clinic, tomas: Someone) -> None:
    data = tomas.data["Discussed"]
    place = tomas.phone.last
    await apart.until("2026-11-10T15:01")
    await tomas.presses(data, place)
    assert [row.outcome for row in await apart.rows(digest, session_id=2)] == ["discussed"]


async def test_anna_is_not_told_that_something_was_read_which_was_not_shown(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    await after(week, anna, tomas, "", "4445", FIRST)
    await read(week, tomas)
    assert "No answer from the patient" in tomas.screen
    data, place = tomas.data["Discussed"], tomas.phone.last
    await anna.fills("111111")
    await tomas.presses(data, place)
    assert not anna.sees(WAS_READ)


async def test_an_outcome_does_not_move_to_another_talk(apart: Clinic, anna: Someone, tomas: Someone) -> None:
    await tomas.taps("Discussed")
    wanted = datetime.fromisoformat("2026-11-19T14:00")
    await apart.desk(desk.move_session, apart.config, 2, wanted, apart.clock.now())
    await after(apart, anna, tomas, "222255", "4445", THIRD)
    told = [m.text for m in anna.phone.messages].count(WAS_READ)
    await apart.until("2026-11-19T13:00")
    await tomas.taps("Open")
    assert "✓ Discussed" not in tomas.buttons
    await tomas.taps("Discussed" if "Discussed" in tomas.buttons else "✓ Discussed")
    assert [m.text for m in anna.phone.messages].count(WAS_READ) == told + 1


async def test_two_flags_about_the_tasks_can_be_told_apart(apart: Clinic, tomas: Someone) -> None:
    await tomas.taps("Why?")
    assert len(set(tomas.buttons)) == len(tomas.buttons), (apart, tomas.buttons)


async def test_another_lead_does_not_take_back_a_digest_that_came(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await after(week, anna, tomas, "443355", "", FIRST)
    await week.until("2026-11-10T13:00")
    await tomas.says("/settings")
    await tomas.taps("When digests come", "30 minutes before")
    await tomas.says("/rate")
    await tomas.taps("Begin", "A 4", "B 4", "C 4", "D 5", "Send")
    assert "You rate agreement on tasks differently." in tomas.screen, tomas.screen


async def test_a_therapist_of_before_reads_nothing_more(apart: Clinic, tomas: Someone) -> None:
    """No command ends a pair so far; its column is read by /pair and /goals, and not by digests."""
    await tomas.taps("Hide")
    await apart.desk(lambda conn: conn.execute(pair.update().values(ended_at=apart.clock.now())).rowcount)
    await tomas.says("/pair P-014")
    assert tomas.screen == "You have no patient with that code. /patients shows yours."
    await tomas.taps("Open")
    assert not tomas.sees("Patient 3.0")


async def test_one_bad_row_of_the_outbox_delays_nobody(
    clinic: Clinic, anna: Someone, ben: Someone, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.demo.stage.PATIENCE_S", 1.0)
    values = {"clinic_id": 1, "person_id": 3, "key": "x", "kind": "notice", "rank": 1, "body": {"rows": []},
              "state": "waiting", "not_before": clinic.clock.now()}  # fmt: skip
    await clinic.session("P-014", FIRST)
    await clinic.session("P-015", "2026-11-03T15:00")
    await clinic.desk(put_plain, outbox, values)
    await clinic.until("2026-11-03T17:01")
    assert ben.prompts
    assert anna.prompts
    log.clear()


# ---------------------------------------------------------------- unread words


async def test_unread_words_can_be_read_where_the_notice_leads(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await week.until("2026-11-03T15:00")
    await tomas.sends_form("4444")
    await week.until("2026-11-03T16:10")
    await own_words(anna)
    await week.until("2026-11-10T15:30")
    await tomas.sends_form("4444")
    await week.until("2026-11-12T16:30")
    assert tomas.prompts[-1] == UNREAD
    await tomas.taps("Open")
    assert tomas.sees("slower, please"), tomas.screen
    before = tomas.prompts.count(UNREAD)
    await week.until("2026-11-16T16:30")
    assert tomas.prompts.count(UNREAD) == before


async def test_words_that_never_reached_the_phone_are_not_read(week: Clinic, anna: Someone, tomas: Someone) -> None:
    await week.until("2026-11-03T15:00")
    await tomas.sends_form("4444")
    await week.until("2026-11-03T16:10")
    await own_words(anna)
    await week.until("2026-11-10T13:00")
    week.emulator.faults.add("bad", chat=1, text="slower", count=9, description="Bad Request: no")
    await tomas.taps("Open")
    assert not tomas.sees("slower, please")
    assert [row for row in await week.rows(check_in) if row.words_due_at is not None], tomas.screen


# ---------------------------------------------------------------- /digest, /pair


async def test_digest_is_the_one_that_came_last(week: Clinic, anna: Someone, tomas: Someone) -> None:
    for wall in ("2026-11-03T09:00", "2026-11-10T09:00"):
        await week.session("P-015", wall)
    await week.until("2026-11-03T10:00")
    await tomas.sends_form("4444")
    await after(week, anna, tomas, "443355", "4445", FIRST)
    await week.until("2026-11-10T08:00")
    bens = tomas.phone.last
    assert bens.text == "Your 09:00 is ready."
    await week.until("2026-11-10T10:00")
    await tomas.sends_form("4444")
    await week.until("2026-11-10T13:01")
    await tomas.taps("Open", on=bens.id)
    await tomas.says("/digest")
    assert "P-014" in tomas.screen, tomas.screen


@pytest.mark.usefixtures("week")
async def test_before_the_first_session_pair_does_not_speak_of_the_second(tomas: Someone) -> None:
    await tomas.says("/pair P-014")
    assert "Tue 10 Nov" not in tomas.screen
    assert "Discussed" not in tomas.buttons


# ---------------------------------------------------------------- pictures


async def test_in_words_under_an_old_picture_shows_the_form(apart: Clinic, tomas: Someone) -> None:
    await tomas.taps("Chart")
    picture = tomas.phone.last
    words = tomas.data["In words"]
    await apart.until("2026-11-10T15:01")
    await tomas.presses(words, picture)
    assert tomas.sees("A. We want the same things from this work."), tomas.screen


# ---------------------------------------------------------------- outages


async def test_an_old_digest_is_not_blamed_on_a_later_outage(apart: Clinic, tomas: Someone) -> None:
    data, place = tomas.data["Why?"], tomas.phone.last
    await apart.until("2026-11-10T15:00")
    await tomas.sends_form("4444")
    await apart.until("2026-11-12T09:00")
    await apart.stop()
    apart.clock.move_to(apart.clock.now().replace(hour=23))
    await apart.start()
    await tomas.presses(data.replace(":why", ":open"), place)
    assert not tomas.sees("We were offline")


# ---------------------------------------------------------------- cancelled


async def test_new_words_are_not_announced_for_a_session_that_was_cancelled(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    await week.until("2026-11-03T15:00")
    await tomas.sends_form("4444")
    await read(week, tomas)
    await week.desk(desk.mark_session, week.config, 2, "cancelled", week.clock.now())
    await own_words(anna)
    assert tomas.prompts[-1] != "Something new for your 14:00."


# ---------------------------------------------------------------- blind


@pytest.mark.parametrize("config", ["with start"], indirect=True)
async def test_hopes_are_not_read_before_the_own_form_is_done(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin", *["Mostly"] * 6, "Skip")
    await anna.taps(*["Mostly"] * 1)
    await anna.says("to leave the army")
    for label in ("Skip", "Skip", "Send"):
        if label in anna.buttons:
            await anna.taps(label)
    await tomas.says("/goals P-014")
    assert "to leave the army" not in tomas.screen, tomas.screen


# ---------------------------------------------------------------- values


def alliance(*ratings: int) -> dict[str, int]:
    names = ("goals_1", "goals_2", "tasks_1", "tasks_2", "bond_1", "bond_2")
    return dict(zip(names, ratings, strict=False))


def one(day: int, patient: Side = Side(), therapist: Side = Side()) -> Session:  # noqa: B008
    at = datetime(2026, 3, day, 21, tzinfo=UTC)
    answered = replace(patient, answered_at=patient.answered_at or at + timedelta(hours=2))
    return Session(at, f"2026-03-{day:02d}T14:00", "held", answered if patient != Side() else patient, therapist)


APART = {"patient": Side(alliance(4, 4, 3, 3, 5, 5)), "therapist": Side(alliance(4, 4, 4, 5))}


def test_homework_that_does_not_fit_is_not_left_out_with_the_tasks() -> None:
    """Only agreement on tasks was put aside; that the homework does not fit is new, and a flag of its own."""
    fits_not: Answers = {"given": "yes", "done": 3, "well": 3, "why": 1, "fits": 1, "difficulty": 1}
    history = History((one(3, **APART), one(10, replace(APART["patient"], homework=fits_not), APART["therapist"])))
    aside = Around((Snooze("disagreement", "tasks", "patient lower", "2026-03-03T14:00"),))
    text = page("en", "digest.txt", d=(d := build("P", "", history, Thresholds(), around=aside)), shown=d.first)
    assert "The homework does not fit" in text, text


@pytest.mark.parametrize(
    ("patient", "therapist"), [((4, 4, 3, 4, 5, 5), (4, 4, 5, 5)), ((4, 4, 3, 3, 5, 5), (4, 4, 3, 3))]
)
def test_what_was_left_out_is_not_said_to_agree(patient: tuple[int, ...], therapist: tuple[int, ...]) -> None:
    history = History((one(3, Side(alliance(*patient)), Side(alliance(*therapist))),))
    found = [f for f in findings(history, Thresholds())[0] if f.about == "tasks"]
    aside = tuple(Snooze(f.rule, f.about, f.direction, "2026-03-03T14:00") for f in found)
    built = build("P", "", history, Thresholds(), around=Around(aside))
    assert "You agree on tasks" not in page("en", "digest.txt", d=built, shown=built.first)


def test_own_scores_of_a_late_form_are_shown_like_everything_else_that_is_late() -> None:
    mine = parsed(scores=MARKS)
    late = Side(own={"own": {f"item_{n}": 1 for n in range(1, 13)}}, answered_at=datetime(2026, 3, 11, tzinfo=UTC))
    fine = Side(own={"own": {f"item_{n}": 5 for n in range(1, 13)}})
    history = History((one(3, late), one(10, fine)))
    built = build("P", "", history, Thresholds(), own=(mine,))
    assert any(m.patient == 1.0 for m in built.measures), built.measures


def test_not_rated_since_is_not_said_of_what_may_not_be_seen_yet() -> None:
    history = History((one(3, **APART), one(10, Side(alliance(5, 5, 5, 5, 5, 5)))))
    around = Around(last=LastTime("2026-03-03T14:00", "discussed", (Said("disagreement", "tasks", 3.0),)))
    built = build("P", "", history, Thresholds(), frozenset({"2026-03-10T14:00"}), around)
    assert "not rated since" not in page("en", "digest.txt", d=built, shown=built.first)


def test_a_week_does_not_say_that_nothing_stands_out_of_a_flag_put_aside() -> None:
    history = History((one(3, **APART),))
    aside = tuple(Snooze(f.rule, f.about, f.direction, "2026-03-03T14:00") for f in findings(history, Thresholds())[0])
    built = build("P-014", "", history, Thresholds(), around=Around(aside))
    assert not built.lines
    assert built.snoozed
    assert "Nothing stands out: P-014" not in page("en", "weekly.txt", digests=[built])


def test_the_same_line_is_not_said_twice_of_two_homeworks_and_put_aside_for_the_older() -> None:
    no: Answers = {"given": "no"}
    yes: Answers = {"given": "yes", "done": 3, "well": 3}
    told = [one(d, Side(homework=yes), Side(homework=no)) for d in (3, 10)]
    built = build("P", "", History(tuple(told)), Thresholds())
    keys = [(line.finding.rule, line.finding.about) for line in built.lines]
    assert len(keys) == len(set(keys)), keys
