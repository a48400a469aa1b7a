"""The list of goals: on a card, changed by either side, with the other side's word; nobody sees another pair's."""

from datetime import datetime

import pytest
from sqlalchemy import Connection

from bot.store import goals as kept_goals
from bot.store import people
from bot.store.tables import goal, goal_change, pair
from tests.conftest import FIRST, Clinic, Someone

SLEEP, ANGER = "sleep through the night", "less anger at home"
NOT_YOURS = "This button does not work any more. Send /help to see what I can do."
REWORDED = "One line of your list was reworded. Open to read."
FIXED = "Nobody reads messages here."


@pytest.fixture
async def listed(clinic: Clinic) -> Clinic:
    """Anna and Tomas have two goals, the second in Tomas's words."""
    await clinic.desk(kept_goals.add, 1, SLEEP, "patient", clinic.clock.now())
    await clinic.desk(kept_goals.add, 1, ANGER, "therapist", clinic.clock.now())
    return clinic


async def words(clinic: Clinic) -> list[str]:
    """The open goals of Anna and Tomas."""
    return [row.words for row in await clinic.rows(goal, pair_id=1) if row.retired_at is None]


# ------------------------------------------------------------------------------------------------ the card


@pytest.mark.usefixtures("listed")
async def test_anna_reads_her_list_and_whose_words_they_are(anna: Someone) -> None:
    await anna.says("/goals")
    assert f"1. {SLEEP}\n" in anna.screen
    assert f"2. {ANGER} (your therapist's words)" in anna.screen
    assert anna.buttons == ["Add a goal", "Change 1", "Change 2", "Hide"]
    assert "Need a person now? /help" in anna.screen


@pytest.mark.usefixtures("listed")
async def test_tomas_picks_whose_list_he_reads(tomas: Someone) -> None:
    await tomas.says("/goals")
    assert tomas.screen == "Which patient is this about?"
    assert tomas.buttons == ["P-014", "P-015"]
    await tomas.taps("P-014")
    assert tomas.screen.startswith("Goals of P-014")
    assert f"2. {ANGER} (your words)" in tomas.screen


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("/goals P-014", "Goals of P-014"),
        ("/goals p-015", "There is no goal on the list yet."),
        ("/goals P-021", "You have no patient with that code."),
        ("/goals nobody", "You have no patient with that code."),
    ],
)
@pytest.mark.usefixtures("listed")
async def test_tomas_may_name_the_code(tomas: Someone, typed: str, says: str) -> None:
    await tomas.says(typed)
    assert says in tomas.screen


async def test_with_one_patient_there_is_nothing_to_pick(vera: Someone) -> None:
    await vera.says("/goals")
    assert vera.screen.startswith("Goals of P-021")


async def test_who_has_stopped_has_no_list(anna: Someone) -> None:
    await anna.says("/goals")
    add = anna.data["Add a goal"]
    await anna.says("/stop")
    await anna.taps("Yes, stop")
    await anna.presses(add)
    assert anna.toast == NOT_YOURS
    await anna.says("/goals")
    assert "Your goals" not in anna.screen


async def test_the_card_stays_one_message(listed: Clinic, anna: Someone) -> None:
    await anna.says("/goals")
    before = len(anna.phone.messages)
    await anna.taps("Change 2", "Back", "Add a goal", "Back")
    assert len(anna.phone.messages) == before
    await anna.taps("Add a goal")
    await anna.says("be with the children")
    assert len(anna.phone.messages) == before + 1  # her own line
    assert "3. be with the children" in anna.screen
    assert await words(listed) == [SLEEP, ANGER, "be with the children"]


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("way", [(), ("Add a goal",), ("Change 1",), ("Change 1", "Reword"), ("Earlier goals",)])
async def test_hide_is_on_every_screen(anna: Someone, way: tuple[str, ...]) -> None:
    await anna.says("/goals")
    await anna.taps("Change 2", "Retire", *way, "Hide")
    assert (anna.screen, anna.buttons) == ("Ready when you are.", ["Open"])
    await anna.taps("Open")
    assert SLEEP in anna.screen


# ------------------------------------------------------------------------------------------------ who ticked what


@pytest.fixture
async def ticked(listed: Clinic, anna: Someone, tomas: Someone) -> Clinic:
    """Both ticked after the first session: Anna her sleep, Tomas the anger; a second session is to come."""
    await listed.session("P-014", FIRST)
    await listed.session("P-014", "2026-11-10T14:00")
    await listed.until("2026-11-03T15:00")
    await tomas.sends_form("4444", f"E 2. {ANGER}", "G No")
    await listed.until("2026-11-03T16:00")
    await anna.fills("444444", f"1. {SLEEP}", "Done", *["Skip"] * 4)
    return listed


@pytest.mark.usefixtures("ticked")
async def test_tomas_sees_who_ticked_what_side_by_side(tomas: Someone) -> None:
    await tomas.says("/goals P-014")
    assert f"1. {SLEEP}\nPatient: ★ | You: ·" in tomas.screen
    assert f"2. {ANGER} (your words)\nPatient: · | You: ★" in tomas.screen
    assert "The marks are about Tue 3 Nov:" in tomas.screen


@pytest.mark.usefixtures("ticked")
async def test_anna_sees_her_own_ticks_only(anna: Someone) -> None:
    await anna.says("/goals")
    assert f"1. {SLEEP}\nYou: ★" in anna.screen
    assert f"2. {ANGER} (your therapist's words)\nYou: ·\n" in anna.screen


async def test_while_his_form_is_open_tomas_sees_nothing_of_that_session(
    ticked: Clinic, anna: Someone, tomas: Someone
) -> None:
    await ticked.until("2026-11-10T16:00")
    await anna.taps("Begin", *["Mostly"] * 6, "Skip", "Change", f"2. {ANGER}", "Done", "Send")
    await tomas.says("/goals P-014")
    assert f"2. {ANGER} (your words)\nPatient: · | You: ★" in tomas.screen
    await anna.says("/goals")
    assert f"2. {ANGER} (your therapist's words)\nYou: · ★" in anna.screen
    await tomas.taps("Begin")
    await tomas.taps("Skip this form")
    await tomas.says("/goals P-014")
    assert f"2. {ANGER} (your words)\nPatient: · ★ | You: ★ –" in tomas.screen


# ------------------------------------------------------------------------------------------------ typing


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("x" * 121, "That is too long. Please use at most 120 characters."),
        ("  Sleep  THROUGH the night", "That is on the list already, as number 1."),
    ],
)
async def test_what_cannot_be_kept_is_asked_for_again(listed: Clinic, anna: Someone, typed: str, says: str) -> None:
    await anna.says("/goals")
    await anna.taps("Add a goal")
    await anna.says(typed)
    assert anna.screen.startswith(says)
    assert "Type the goal in one line" in anna.screen
    await anna.says("be with   the children")
    assert await words(listed) == [SLEEP, ANGER, "be with the children"]


async def test_a_sticker_is_no_goal(listed: Clinic, anna: Someone) -> None:
    await anna.says("/goals")
    await anna.taps("Add a goal")
    anna.phone.send_sticker()
    await listed.stage.settle()
    assert anna.screen.startswith("I can only keep typed words.")
    await anna.says("be with the children")
    assert len(await words(listed)) == 3


@pytest.mark.parametrize("away", ["/help", "tap", "wait"])
async def test_words_are_a_goal_only_where_they_were_asked_for(listed: Clinic, anna: Someone, away: str) -> None:
    await anna.says("/settings", "/goals")
    await anna.taps("Add a goal")
    if away == "tap":
        await anna.taps("Back")
    elif away == "wait":
        await listed.wait(minutes=15, seconds=1)
    else:
        await anna.says(away)
    await anna.says("I cannot go on")
    assert anna.screen.startswith(FIXED)
    assert await words(listed) == [SLEEP, ANGER]


async def test_five_are_the_most_whoever_adds(listed: Clinic, anna: Someone, tomas: Someone) -> None:
    """Both were asked for a goal when there was room for one."""
    for more in ("three", "four"):
        await listed.desk(kept_goals.add, 1, more, "patient", listed.clock.now())
    await anna.says("/goals")
    await tomas.says("/goals P-014")
    add = anna.data["Add a goal"]
    await anna.taps("Add a goal")
    await tomas.taps("Add a goal")
    await anna.says("five")
    assert "Add a goal" not in anna.buttons
    await tomas.says("six")
    assert tomas.screen.startswith("There are five goals already.")
    await anna.presses(add)
    assert anna.toast.startswith("There are five goals already.")
    assert await words(listed) == [SLEEP, ANGER, "three", "four", "five"]


# ------------------------------------------------------------------------------------------------ rewording


@pytest.fixture
async def reworded(listed: Clinic, anna: Someone, tomas: Someone) -> Clinic:
    """Tomas has reworded Anna's first goal."""
    await tomas.says("/goals P-014")
    await tomas.taps("Change 1", "Reword")
    await tomas.says("sleep six hours")
    assert anna.prompts[-1] == REWORDED
    return listed


@pytest.mark.usefixtures("reworded")
async def test_the_other_side_is_asked_whether_it_is_still_hers(anna: Someone) -> None:
    assert (anna.screen, anna.buttons) == (REWORDED, ["Open"])
    await anna.taps("Open")
    assert anna.screen == (
        "Your therapist put it in other words:\n\n1. sleep six hours\n\n"
        f"Before: {SLEEP}\n\nIs it still yours?"
    )  # fmt: skip
    assert anna.buttons == ["Yes, that fits", "No, keep the old words", "Hide"]


async def test_yes_keeps_the_new_words(reworded: Clinic, anna: Someone, tomas: Someone) -> None:
    before = len(tomas.prompts)
    await anna.taps("Open", "Yes, that fits")
    assert anna.toast == "Thank you. The new words stay."
    assert "1. sleep six hours" in anna.screen
    assert [row.agreed for row in await reworded.rows(goal_change)] == [True]
    assert len(tomas.prompts) == before


async def test_no_brings_the_old_words_back_and_tells_who_changed_them(
    reworded: Clinic, anna: Someone, tomas: Someone
) -> None:
    await anna.taps("Open", "No, keep the old words")
    assert await words(reworded) == [SLEEP, ANGER]
    assert tomas.prompts[-1] == "One line of your list has its old words. Open to read."
    await tomas.taps("Open")
    assert tomas.screen == f"P-014 would like to keep the old words:\n\n1. {SLEEP}\n\nYour words were: sleep six hours"
    (row,) = await reworded.rows(goal_change)
    assert (row.words_before, row.words, row.agreed) == (SLEEP, "sleep six hours", False)


async def test_each_answer_counts_once(reworded: Clinic, anna: Someone, tomas: Someone) -> None:
    await anna.taps("Open")
    no, yes = anna.data["No, keep the old words"], anna.data["Yes, that fits"]
    await anna.presses(no)
    before = len(tomas.prompts)
    await anna.presses(no)
    await anna.presses(yes)
    assert await words(reworded) == [SLEEP, ANGER]
    assert len(tomas.prompts) == before


@pytest.mark.usefixtures("reworded")
async def test_who_did_not_open_it_finds_it_on_the_card(anna: Someone) -> None:
    await anna.says("/goals")
    await anna.taps("Reworded: 1")
    assert "Is it still yours?" in anna.screen


async def test_reworded_twice_the_old_words_are_those_both_stood_by(
    reworded: Clinic, anna: Someone, tomas: Someone
) -> None:
    await anna.taps("Open")
    yes = anna.data["Yes, that fits"]
    await tomas.taps("Change 1", "Reword")
    await tomas.says("sleep seven hours")
    await anna.presses(yes)  # to words that are no more
    assert "1. sleep seven hours" in anna.screen
    assert f"Before: {SLEEP}" in anna.screen
    await anna.taps("No, keep the old words")
    assert await words(reworded) == [SLEEP, ANGER]


async def test_reworded_by_the_one_who_was_asked_it_is_the_others_turn(
    reworded: Clinic, anna: Someone, tomas: Someone
) -> None:
    await anna.says("/goals")
    await anna.taps("Change 1", "Reword")
    await anna.says("sleep five hours")
    assert "Reworded: 1" not in anna.buttons
    assert tomas.prompts[-1] == REWORDED
    await tomas.taps("Open", "No, keep the old words")
    assert await words(reworded) == [SLEEP, ANGER]


async def test_the_old_words_typed_again_ask_nobody(reworded: Clinic, anna: Someone, tomas: Someone) -> None:
    before = len(anna.prompts)
    await tomas.taps("Change 1", "Reword")
    await tomas.says(SLEEP)
    assert len(anna.prompts) == before
    await anna.taps("Open")
    assert "Is it still yours?" not in anna.screen
    assert await words(reworded) == [SLEEP, ANGER]


async def test_at_night_it_comes_without_a_sound(listed: Clinic, anna: Someone, tomas: Someone) -> None:
    await listed.until("2026-11-02T21:00")
    await tomas.says("/goals P-014")
    await tomas.taps("Change 1", "Reword")
    await tomas.says("sleep six hours")
    assert anna.screen == REWORDED
    assert anna.prompts == []


# ------------------------------------------------------------------------------------------------ retiring


async def test_a_retired_goal_is_folded_away_and_nothing_is_deleted(
    listed: Clinic, anna: Someone, tomas: Someone
) -> None:
    await anna.says("/goals")
    await anna.taps("Change 1", "Retire")
    assert SLEEP not in anna.screen
    await anna.taps("Earlier goals")
    assert f"1. {SLEEP}" in anna.screen
    assert tomas.prompts[-1] == "One line of your list was put away. Open to read."
    await tomas.taps("Open")
    assert tomas.screen.startswith(f"P-014 put this goal away:\n\n1. {SLEEP}")
    assert len(await listed.rows(goal)) == 2


async def test_retired_twice_is_retired_once(listed: Clinic, anna: Someone, tomas: Someone) -> None:
    await anna.says("/goals")
    await anna.taps("Change 1")
    retire = anna.data["Retire"]
    await anna.presses(retire)
    (row,) = [row for row in await listed.rows(goal) if row.retired_at]
    before = len(tomas.phone.messages)
    await listed.wait(minutes=1)
    await anna.presses(retire)
    assert anna.toast == "That goal is not on the list any more. Here is the list."
    assert [one for one in await listed.rows(goal) if one.retired_at] == [row]
    assert len(tomas.phone.messages) == before


async def test_of_a_goal_retired_meanwhile_nothing_is_asked_any_more(
    reworded: Clinic, anna: Someone, tomas: Someone
) -> None:
    await anna.taps("Open")
    yes = anna.data["Yes, that fits"]
    await anna.says("/goals")
    await anna.taps("Change 1", "Reword")
    await tomas.taps("Change 1", "Retire")
    await anna.says("sleep five hours")
    assert anna.screen.startswith("That goal is not on the list any more. Here is the list.")
    await anna.presses(yes)
    assert anna.toast == "That goal is not on the list any more. Here is the list."
    assert await words(reworded) == [ANGER]


async def test_its_number_is_never_used_again(listed: Clinic, anna: Someone) -> None:
    await anna.says("/goals")
    await anna.taps("Change 2", "Retire", "Add a goal")
    await anna.says(ANGER)  # the same words, and yet another goal
    assert f"3. {ANGER}" in anna.screen
    assert [row.number for row in await listed.rows(goal)] == [1, 2, 3]


async def test_the_next_check_in_leaves_it_out_an_open_one_keeps_what_it_asks(
    ticked: Clinic, anna: Someone, tomas: Someone
) -> None:
    await ticked.until("2026-11-10T15:00")
    await tomas.says("/goals P-014")
    await tomas.taps("Change 2", "Retire")
    await tomas.taps("Begin", "E Change", f"F 2. {ANGER}")  # his form was open
    await ticked.until("2026-11-10T16:00")
    await anna.taps("Begin", *["Mostly"] * 6, "Skip", "Change")
    assert anna.buttons[:2] == [f"1. {SLEEP}", "Something else"]


# ------------------------------------------------------------------------------------------------ another's


async def test_vera_and_clara_find_nothing_of_annas_list(
    reworded: Clinic, anna: Someone, tomas: Someone, vera: Someone, clara: Someone
) -> None:
    await anna.taps("Open")
    data = [*anna.data.values()]
    await tomas.taps("Change 1")
    data += [*tomas.data.values(), "g:card:1:0", "g:add:1:0", "g:earlier:1:0", "g:gone:1:1", "g:kept:1:1"]
    data += [f"g:{verb}:3:1" for verb in ("asked", "fits", "keep", "kept")]  # through the pair of these two
    before = await reworded.rows(goal), await reworded.rows(goal_change)
    for thief in (vera, clara):
        await thief.says("/help")
        shown = thief.screen
        for one in data:
            await thief.presses(one)
            assert (thief.toast, thief.screen) == (NOT_YOURS, shown)
    assert (await reworded.rows(goal), await reworded.rows(goal_change)) == before


FORGED = [
    "g", "g:", "g:card", "g:card:1", "g:card:1:0:0", "g:erase:1:1", "g:card:-1:0", "g:card:x:0", "g:card:²:0",
    "g:change:1:99", "g:retire:1:0", "g:reword:1:99", "g:asked:1:99", "g:fits:1:99", "g:keep:1:1", "g:kept:1:1",
    "g:gone:1:1", "g:card:999999999999:0", "g:card:9999999999999:0", "h:set:1:0", "h:skip:1:1",
]  # fmt: skip


async def test_forged_buttons_change_nothing(reworded: Clinic, tomas: Someone, anna: Someone) -> None:
    """Not even those of his own pair: what he reworded himself he cannot answer for her."""
    await anna.says("/help")
    before = await reworded.rows(goal), await reworded.rows(goal_change)
    for data in FORGED:
        await anna.presses(data.replace("g:keep:1:1", "g:keep:1:77").replace("g:kept:1:1", "g:kept:1:77"))
        assert anna.toast == NOT_YOURS, data
    for data in ("g:fits:1:1", "g:keep:1:1"):
        await tomas.presses(data)
        assert tomas.toast == NOT_YOURS, data
    assert (await reworded.rows(goal), await reworded.rows(goal_change)) == before


async def test_a_goal_of_ben_is_not_reached_through_annas_pair(listed: Clinic, tomas: Someone) -> None:
    await listed.desk(kept_goals.add, 2, "run again", "patient", listed.clock.now())
    await tomas.says("/goals P-014")
    await tomas.presses("g:change:1:3")
    assert tomas.toast == NOT_YOURS
    await tomas.presses("g:change:2:1")
    assert tomas.screen == "1. run again"


async def test_after_a_change_of_therapist_the_list_is_the_new_pairs(
    listed: Clinic, anna: Someone, tomas: Someone
) -> None:
    await tomas.says("/goals P-014")
    change = tomas.data["Change 1"]
    now = listed.clock.now()
    vera = await listed.stage.app.store.read(people.by_code, "T-2")
    patient = await listed.stage.app.store.read(people.by_code, "P-014")
    await listed.desk(_new_therapist, patient.id, vera.id, now)
    await tomas.presses(change)
    assert tomas.toast == NOT_YOURS
    await anna.says("/goals")
    assert "There is no goal on the list yet." in anna.screen


def _new_therapist(conn: Connection, patient_id: int, therapist_id: int, now: datetime) -> None:
    conn.execute(pair.update().where(pair.c.patient_id == patient_id).values(ended_at=now))
    people.add_pair(conn, patient_id, therapist_id, now)
