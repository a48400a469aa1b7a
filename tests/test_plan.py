"""A plan of one's own: the clinic's, with what the therapist's says differently, and then the patient's."""

from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import clinic_plan
from bot.core.plan import OF_A_THERAPIST, OF_THE_CLINIC, Plan, changed, plain
from bot.store import appointments, people
from bot.store.people import Refused
from bot.store.tables import check_in, digest
from tests.conftest import FIRST, Clinic, Someone, denver


async def plans(clinic: Clinic, code: str, *values: str, reset: tuple[str, ...] = ()) -> dict[str, Any]:
    """Change somebody's plan at the desk."""
    shown: dict[str, Any] = await clinic.desk(
        clinic_plan.set_plan, clinic.config, code, values, reset, clinic.clock.now()
    )
    return shown


def said(shown: dict[str, Any], key: str) -> tuple[str, str]:
    """A key's value, and whose plan says so."""
    return next((row["value"], row["from"]) for row in shown["plan"] if row["key"] == key)


async def opens(clinic: Clinic, code: str, kind: str = "alliance") -> list[Any]:
    """When this person's check-ins of a kind open."""
    who = people.by_code
    person_id = (await clinic.desk(who, code)).id
    return [row.opens_at for row in await clinic.rows(check_in, person_id=person_id, kind=kind)]


# ------------------------------------------------------------------------------------------------ levels


async def test_the_closer_plan_says_it_field_by_field(clinic: Clinic) -> None:
    await plans(clinic, "T-1", 'patient_opens_after="90 min"', "ask_every=3")
    shown = await plans(clinic, "P-014", "ask_every=2")
    assert said(shown, "patient_opens_after") == ("90 min", "T-1")
    assert said(shown, "ask_every") == ("2", "P-014")
    assert said(shown, "quiet_from") == ("21:00", "clinic")
    shown = await plans(clinic, "P-014", reset=("ask_every",))
    assert said(shown, "ask_every") == ("3", "T-1")


async def test_one_patient_is_asked_later_and_the_others_as_ever(clinic: Clinic) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.session("P-015", "2026-11-03T15:00")
    shown = await plans(clinic, "P-014", "patient_opens_after=90 min")
    assert shown["effect"] == {"moved": 1, "dropped": 0, "new": 0}
    assert await opens(clinic, "P-014") == [denver("2026-11-03T16:30")]
    assert await opens(clinic, "P-015") == [denver("2026-11-03T17:00")]


async def test_a_therapists_plan_is_what_the_patients_settings_say(clinic: Clinic, anna: Someone) -> None:
    await plans(clinic, "T-1", "patient_opens_after=120 min")
    await anna.says("/settings")
    assert "2 hours after" in anna.screen
    await anna.taps("When to ask")
    assert anna.buttons[0] == "2 hours after"


async def test_what_is_open_is_not_asked_again(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:01")
    await plans(clinic, "P-014", "patient_opens_after=3 h")
    await clinic.until("2026-11-03T20:00")
    assert anna.prompts == ["Ready when you are. It takes about two minutes."]
    await anna.taps("Begin")
    assert anna.sees("1 of")


async def test_nobody_is_written_to_in_quiet_hours_of_ones_own(clinic: Clinic, anna: Someone) -> None:
    """A night shift: quiet from eight in the morning until six in the evening."""
    await clinic.session("P-014", FIRST)
    await plans(clinic, "P-014", "quiet_from=08:00", "quiet_until=18:00")
    await clinic.until("2026-11-03T17:59")
    assert anna.prompts == []
    await clinic.until("2026-11-03T18:00")
    assert anna.prompts == ["Ready when you are. It takes about two minutes."]
    await anna.taps("Later")
    assert not any("Tomorrow" in button for button in anna.buttons), anna.buttons


async def test_later_is_offered_outside_the_therapists_quiet_hours(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await plans(clinic, "T-1", "quiet_until=09:00")
    await clinic.until("2026-11-03T16:01")
    await anna.taps("Later")
    assert not any("8:00" in button for button in anna.buttons), anna.buttons


# ------------------------------------------------------------------------------------------------ what, to whom, off


async def test_a_therapist_who_is_not_asked_gets_digests_all_the_same(
    clinic: Clinic, anna: Someone, tomas: Someone
) -> None:
    await plans(clinic, "T-1", "ask_therapist=false")
    await plans(clinic, "P-014", "questionnaires.after_first=")
    await clinic.session("P-014", FIRST)
    await clinic.session("P-014", SECOND)
    await clinic.until("2026-11-03T16:01")
    await anna.fills("222222")
    await clinic.until("2026-11-10T13:00")
    assert tomas.prompts == ["Your week is ready.", "Your 14:00 is ready."]
    await tomas.taps("Open")
    assert tomas.sees("P-014")


async def test_off_while_something_is_open_withdraws_it_and_is_no_silence(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:01")
    shown = await plans(clinic, "P-014", "ask_patient=false")
    assert shown["effect"] == {"moved": 0, "dropped": 1, "new": 0}  # the homework; of what is open nothing is said
    assert [(row.state, row.why) for row in await clinic.rows(check_in, person_id=3)] == [("excused", "off")]
    await anna.taps("Begin")
    assert anna.screen == "This one is not needed any more. There is nothing to do."
    shown = await plans(clinic, "P-014", reset=("ask_patient",))
    assert shown["effect"]["new"] == 1  # the homework; that the other one is asked anew is not for the desk


async def test_each_pair_can_have_questionnaires_of_its_own(clinic: Clinic, tomas: Someone) -> None:
    await plans(clinic, "P-014", "questionnaires.therapist=homework")
    await clinic.session("P-014", FIRST)
    await clinic.session("P-015", "2026-11-03T15:00")
    await clinic.until("2026-11-03T15:00")
    await tomas.taps("Begin")
    assert "We want" not in tomas.screen
    await tomas.taps("Hide")
    await clinic.until("2026-11-03T16:00")
    await tomas.taps("Begin")
    assert "We want" in tomas.screen


async def test_a_therapists_digests_come_as_the_plan_says_until_they_wish_otherwise(
    clinic: Clinic, tomas: Someone
) -> None:
    await plans(clinic, "T-1", "digest_before=2 h", "weekly_day=Wed")
    await clinic.session("P-014", FIRST)
    await clinic.session("P-014", SECOND)
    before = {row.session_id: row.due_at for row in await clinic.rows(digest)}
    assert before[2] == denver("2026-11-10T12:00")
    assert before[None] == denver("2026-11-04T07:00")
    await tomas.says("/settings")
    assert "Weekly page: Wednesday 07:00" in tomas.screen
    await tomas.taps("When digests come", "30 minutes before")
    assert {row.session_id: row.due_at for row in await clinic.rows(digest)}[2] == denver("2026-11-10T13:30")
    await plans(clinic, "P-014", "digest_before=3 h")
    assert {row.session_id: row.due_at for row in await clinic.rows(digest)}[2] == denver("2026-11-10T11:00")


async def test_a_session_is_as_long_as_the_patients_plan_says(clinic: Clinic) -> None:
    await plans(clinic, "P-014", "session_length=90 min")
    await clinic.session("P-014", FIRST)
    assert await opens(clinic, "T-1") == [denver("2026-11-03T15:30")]


# ------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("code", "value", "says"),
    [
        ("P-014", "ask_evry=2", 'Did you mean "ask_every"?'),
        ("P-014", "ask_every", "has no value"),
        ("P-014", "ask_every=two", "must be a whole number"),
        ("P-014", "ask_every=0", "from 1 to 52"),
        ("P-014", "quiet_from=25:00", "no time of day"),
        ("P-014", "patient_opens_after=5", "a unit"),
        ("P-014", "hide_after=5 min", "the same for everybody"),
        ("P-014", "weekly_day=Mon", "all pairs of a therapist"),
        ("P-014", "homework=perhaps", "must be true or false"),
        ("P-014", "questionnaires.after_session=goal", 'Did you mean "goals"?'),
        ("P-014", "questionnaires.after_session=", "ask_patient=false"),
        ("T-1", "questionnaires.therapist=start", "asks the therapist nothing"),
        ("T-1", "questionnaires.therapist=goals,goals", "stands here twice"),
        ("S-9", "ask_every=2", "S-9"),
    ],
)  # fmt: skip
async def test_what_no_plan_can_say_is_refused_with_the_remedy(
    clinic: Clinic, code: str, value: str, says: str
) -> None:
    with pytest.raises(Refused) as refused:
        await plans(clinic, code, value)
    assert says in str(refused.value)


async def test_all_mistakes_are_named_and_nothing_is_half_saved(clinic: Clinic) -> None:
    with pytest.raises(Refused) as refused:
        await plans(clinic, "P-014", "ask_every=2", "ask_evry=2", "quiet_from=25:00", reset=("nothing",))
    assert len(str(refused.value).splitlines()) == 3
    shown = await clinic.desk(clinic_plan.show_plan, clinic.config, "P-014", clinic.clock.now())
    assert {row["from"] for row in shown["plan"]} == {"clinic"}


# ------------------------------------------------------------------------------------------------ laws

SECOND = "2026-11-10T14:00"

VALUES: dict[type, st.SearchStrategy[object]] = {
    timedelta: st.integers(0, 20_000).map(lambda n: timedelta(minutes=n)),
    time: st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    bool: st.booleans(),
    int: st.integers(0, 52),
    str: st.sampled_from(["lead", "morning"]),
}


@given(st.data(), st.sampled_from([name for name in Plan.__slots__]))  # noqa: C416
def test_a_value_is_kept_and_read_back_as_it_was(data: st.DataObject, key: str) -> None:
    value = data.draw(VALUES[type(getattr(Plan(), key))])
    again = changed(Plan(), {key: plain(value), "of another version": 1})
    assert getattr(again, key) == value
    assert changed(again, {key: plain(getattr(Plan(), key))}) == Plan()


CHANGES = (
    "ask_every=2", "ask_patient=false", "ask_therapist=false", "homework=false", "patient_opens_after=3 h",
    "quiet_from=12:00", "patient_closes_after=20 h", "homework_days_before=2", "digest_before=5 h",
)  # fmt: skip


@pytest.mark.parametrize("order", range(0, 9, 2))
async def test_whatever_changes_nothing_stale_is_left(clinic: Clinic, order: int) -> None:
    """After any changes, in any order, what is kept is what would be planned from the beginning."""
    for week in range(3):
        await clinic.session("P-014", f"2026-11-{3 + 7 * week:02}T14:00")
    fresh = await _planned(clinic)
    turned = CHANGES[order:] + CHANGES[:order]
    for n, change in enumerate(turned):
        await plans(clinic, ("P-014", "T-1")[n % 2], change)
        assert await _planned(clinic) == await clinic.desk(_derived, clinic)
    for code in ("P-014", "T-1"):
        await plans(clinic, code, reset=tuple(change.partition("=")[0] for change in turned))
    assert await _planned(clinic) == fresh


async def _planned(clinic: Clinic) -> set[tuple[object, ...]]:
    rows = await clinic.rows(check_in, state="planned")
    return {(row.session_id, row.kind, row.opens_at, row.reminds_at, row.closes_at) for row in rows}


def _derived(conn: Any, clinic: Clinic) -> set[tuple[object, ...]]:
    pair = people.pair_by_patient_code(conn, "P-014")
    planned = appointments.derived(conn, pair, clinic.config.plan, clinic.clock.now()).planned
    return {(one.session, one.kind, one.opens, one.reminds, one.closes) for one in planned}


def test_every_key_of_the_plan_is_of_one_kind() -> None:
    assert set(Plan.__slots__) >= OF_THE_CLINIC | OF_A_THERAPIST
    assert not OF_THE_CLINIC & OF_A_THERAPIST
