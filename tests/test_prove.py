"""The proofs run, the checker finds what is wrong, equal seeds go equal ways, and what is planted is there to plant."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.config import shipped_questionnaires
from bot.prove.checker import findings
from bot.prove.page import as_html, as_text
from bot.prove.planted import PLANTED
from bot.prove.planting import copied
from bot.prove.proof import Broken, Piece, Proof, Result, Tally
from bot.prove.rows import BY_ROW, PROOFS
from bot.prove.running import Outcome, judge, pieces, run_piece
from bot.prove.worlds import month
from bot.store import keys, opening
from bot.store.sealing import EVERYTHING, put_anew
from bot.store.tables import answer
from tests.conftest import FIRST, Clinic, Someone

QUICK = [proof for proof in PROOFS if proof.quick and proof.row != "R1"]  # the killed story has a test of its own


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # who is killed leaves work undone
@pytest.mark.parametrize("proof", QUICK, ids=[proof.row for proof in QUICK])
def test_a_little_of_each_proof_holds(proof: Proof) -> None:
    result = run_piece(Piece(proof.row, 7, proof.quick))
    assert result.broken is None, f"{result.piece.command}\n{result.broken}"
    assert result.tally.done >= proof.quick


@pytest.mark.deep
def test_another_seed_goes_another_way() -> None:
    assert month(1, 0.1, Tally()) != month(2, 0.1, Tally())


# ------------------------------------------------------------------------------------------------ the checker


@pytest.fixture
async def told(clinic: Clinic, anna: Someone, tmp_path: Path) -> tuple[list[dict[str, Any]], Path, float]:
    """A check-in asked, answered and sent: what the phones saw, and a copy of the file."""
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.fills("432444", *["Skip"] * 4)
    events = [json.loads(json.dumps(event.as_dict())) for event in clinic.emulator.history.events]
    await clinic.stop()
    copy = Path(shutil.copy(clinic.config.database.path, tmp_path / "copy.db"))
    keys.copy(clinic.config.database.path, copy)
    await clinic.start()
    return events, copy, clinic.clock.now().timestamp()


def test_the_checker_has_nothing_to_say_where_all_is_well(told: tuple[list[dict[str, Any]], Path, float]) -> None:
    events, database, ends = told
    assert findings(events, database, shipped_questionnaires(), ends) == []


WRONG = {
    "lost": "DELETE FROM answer WHERE item = 'goals_1'",
    "wrong person": "UPDATE check_in SET person_id = 2 WHERE person_id = 3",
    "left undone": "UPDATE outbox SET state = 'sending' WHERE id = (SELECT min(id) FROM outbox)",
    "never asked": "UPDATE check_in SET state = 'missed' WHERE state = 'planned'",
}


@pytest.mark.parametrize("kind", WRONG)
def test_the_checker_finds_it_in_the_file(kind: str, told: tuple[list[dict[str, Any]], Path, float]) -> None:
    events, database, ends = told
    with closing(opening.connect(database)) as connection, connection:
        assert connection.execute(WRONG[kind]).rowcount > 0
    assert kind in {one.kind for one in findings(events, database, shipped_questionnaires(), ends)}


def test_the_checker_finds_another_value_in_the_file(told: tuple[list[dict[str, Any]], Path, float]) -> None:
    events, database, ends = told
    answers = next(one for one in EVERYTHING if one.name == "answer")
    with opening.engine(database).begin() as conn:
        for row in conn.execute(answers.query.where(answer.c.item == "goals_2")).all():
            put_anew(conn, answers, row, {"value": 5})
    kinds = {one.kind for one in findings(events, database, shipped_questionnaires(), ends)}
    assert "wrong record" in kinds


def test_the_checker_hears_a_tap_that_was_never_confirmed(told: tuple[list[dict[str, Any]], Path, float]) -> None:
    events, database, ends = told
    with closing(opening.connect(database)) as connection, connection:
        connection.execute(WRONG["lost"])
    heard = [event for event in events if event["kind"] != "confirmed"]
    assert "lost" in {one.kind for one in findings(heard, database, shipped_questionnaires(), ends)}


@pytest.mark.parametrize(("came_hours_before", "kinds"), [(50, set()), (40, {"lost"})])
def test_an_update_is_forgotten_two_days_after_it_came_however_late_it_was_confirmed(
    came_hours_before: int, kinds: set[str], told: tuple[list[dict[str, Any]], Path, float]
) -> None:
    events, database, ends = told
    came = next(event for event in events if event["kind"] == "delivered")
    number = came["detail"]["update_id"]
    came["at"] = ends - came_hours_before * 3600
    next(e for e in events if e["kind"] == "confirmed" and e["detail"]["update_id"] == number)["at"] = ends - 30 * 3600
    with closing(opening.connect(database)) as connection, connection:
        assert connection.execute("DELETE FROM inbox WHERE update_id = ?", (number,)).rowcount == 1
    assert {one.kind for one in findings(events, database, shipped_questionnaires(), ends)} == kinds


def _prompt(events: list[dict[str, Any]]) -> dict[str, Any]:
    asked = (event for event in events if event["kind"] == "sent" and event["chat"] == 14)
    return next(event for event in asked if not event["detail"]["silent"])


def _again(seconds: float) -> Callable[[list[dict[str, Any]]], None]:
    def change(events: list[dict[str, Any]]) -> None:
        prompt = _prompt(events)
        events.append(prompt | {"at": prompt["at"] + seconds})

    return change


def _to_vera(events: list[dict[str, Any]]) -> None:
    events.append(_prompt(events) | {"chat": 2})


SEEN = {
    "sent twice": _again(60.0),
    "asked after answered": _again(1800.0),
    "quiet hours": _again(8 * 3600.0),
    "wrong person": _to_vera,
}


@pytest.mark.parametrize("kind", SEEN)
def test_the_checker_finds_it_on_the_phones(kind: str, told: tuple[list[dict[str, Any]], Path, float]) -> None:
    events, database, ends = told
    SEEN[kind](events)
    assert kind in {one.kind for one in findings(events, database, shipped_questionnaires(), ends)}


# ------------------------------------------------------------------------------------------------ the frame


def test_every_fault_can_be_planted(tmp_path: Path) -> None:
    assert len(PLANTED) == 38
    for number, planted in enumerate(PLANTED):
        assert planted.row in BY_ROW
        copied(planted, tmp_path / str(number))


def test_a_row_is_cut_into_pieces_that_can_be_run_again() -> None:
    cut = list(pieces(BY_ROW["R10"], 600, 7))
    assert [(piece.seed, piece.amount) for piece in cut] == [(7, 250), (1007, 250), (2007, 100)]
    assert cut[1].command == "accord prove R10 --seed 1007 --size 250"


def test_what_struck_too_seldom_proves_nothing_and_the_page_says_so() -> None:
    outcome = Outcome(BY_ROW["R10"], 10)
    outcome.add(Result(Piece("R10", 7, 10), Tally(10), 1.0))
    judge([outcome])
    assert not outcome.held
    assert "Too seldom struck to prove anything: holder killed, race" in as_text([outcome], 7, 1.0)
    assert "did not hold" in as_html([outcome], 7, 1.0)


def test_also_a_kind_that_nobody_counts_on_must_strike_often_enough() -> None:
    outcome = Outcome(BY_ROW["R10"], 10)
    struck = Counter({"race": 200, "holder killed": 200, "a new kind": 3})
    outcome.add(Result(Piece("R10", 7, 10), Tally(10, struck), 1.0))
    judge([outcome])
    assert outcome.vacuous == ["a new kind"]


def test_the_page_says_what_was_asked_and_not_done_and_what_did_not_run() -> None:
    outcome = Outcome(BY_ROW["R4"], 14)
    outcome.add(Result(Piece("R4", 7, 14), Tally(14), 1.0))
    page = as_text([outcome], 7, 1.0)
    assert "Asked 500 clinic months, done 14: a month of five patients takes" in page
    assert "Did not run: R18, many patients, all due at once: it takes the machine" in page


def test_what_cannot_be_proved_here_is_no_failure_and_says_so() -> None:
    outcome = Outcome(BY_ROW["R3F"], 10)
    outcome.add(Result(Piece("R3F", 7, 10), Tally(), 1.0, skipped="only root can."))
    judge([outcome])
    assert outcome.held
    assert "R3F  did not run" in as_text([outcome], 7, 1.0)
    assert "Did not run here: only root can." in as_html([outcome], 7, 1.0)


def test_damage_that_nobody_noticed_stands_on_the_page_in_plain_words() -> None:
    outcome = Outcome(BY_ROW["R16"], 10)
    figures = Counter({"struck bit of the file": 5000, "bit of the file found": 700, "bit of the file not found": 300})
    outcome.add(Result(Piece("R16", 7, 10), Tally(10, Counter(), figures), 1.0))
    assert "of 5,000 flipped bits in the live file 700 were found" in as_text([outcome], 7, 1.0)
    assert "300 changed a value WITHOUT ANYBODY NOTICING" in as_text([outcome], 7, 1.0)


@pytest.mark.parametrize("proof", PROOFS, ids=[proof.row for proof in PROOFS])
def test_each_row_can_say_its_figures(proof: Proof) -> None:
    assert Outcome(proof, 1).told.count("{") == 0


def test_a_finding_stands_on_the_page_with_its_command() -> None:
    outcome = Outcome(BY_ROW["R4"], 1)
    outcome.add(Result(Piece("R4", 17, 1), Tally(1), 1.0, str(Broken("lost: <b>"))))
    assert "accord prove R4 --seed 17 --size 1" in as_text([outcome], 17, 1.0)
    assert "lost: &lt;b&gt;" in as_html([outcome], 17, 1.0)


def test_the_command_line_says_what_there_is_and_what_there_is_not() -> None:
    listed = CliRunner().invoke(cli, ["prove", "--list"])
    assert listed.exit_code == 0
    assert all(proof.title in listed.output for proof in PROOFS)
    unknown = CliRunner().invoke(cli, ["prove", "R99"])
    assert unknown.exit_code == 1
