"""The desk's commands about people in a terminal: what they print, how they refuse, codes with their check letter."""

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.core.codes import with_letter
from tests.test_clinic import Desk, desk, made

pytestmark = pytest.mark.deep

__all__ = ["desk", "made"]
LATER, LAST = "2099-01-01", "2099-01-10"


@pytest.mark.parametrize("code", ["P-014", "P-014-J", "P-014-j"])
def test_a_code_is_taken_with_and_without_its_letter(desk: Desk, code: str) -> None:
    assert desk.gives("show", code)["code"] == "P-014"
    assert desk.gives("session", "add", code, "2026-11-03T14:00")["patient"] == "P-014"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("P-014-K", 'The last letter of "P-014-K" does not fit the code before it. Did you mean P-014-J'),
        ("P-041-J", 'There is nobody with the code "P-041-J". Did you mean P-014-J'),
        ("X-999-Q", 'There is nobody with the code "X-999-Q". `accord clinic list`'),
    ],
)
def test_a_wrong_letter_is_refused_and_the_right_one_named(desk: Desk, code: str, says: str) -> None:
    for words in (("session", "add", code, "2026-11-03T14:00"), ("patient", "discharge", code), ("show", code)):
        assert desk.refuses(*words).startswith(says)


def test_a_code_that_reads_like_another_one_is_not_given(desk: Desk) -> None:
    words = ("--therapist", "T-1", "--zone", "America/Denver")
    assert "mistaken for somebody else" in desk.refuses("patient", "add", "--code", "P-014-J", *words)
    desk.gives("patient", "add", "--code", with_letter("Q-1"), *words)
    assert "mistaken for somebody else" in desk.refuses("patient", "add", "--code", "Q-1", *words)


def test_list_and_show_print_the_letter(desk: Desk) -> None:
    assert "P-014-J" in desk.runs("list").stdout
    assert "full: P-014-J" in desk.runs("show", "P-014").stdout


def test_show_says_when_an_invite_expires(desk: Desk) -> None:
    expires = desk.gives("invite", "P-014")["expires"]
    assert desk.gives("show", "P-014")["invite"] == {"expires": expires, "relink": False}
    said = f"{expires[:10]} {expires[11:16]} (UTC)"
    assert f"invite: expires {said}, relink no" in desk.runs("show", "P-014").stdout
    assert desk.runs("invite", "revoke", "P-014").stdout.strip() == "P-014 has no invite any more."
    assert desk.gives("show", "P-014")["invite"] is None


def test_away_is_said_listed_and_taken_back(desk: Desk) -> None:
    days = _soon()
    assert desk.gives("away", "P-014", days)["away"] == [days]
    assert [row["patient"] for row in desk.gives("away", "list")] == ["P-014"]
    assert desk.runs("away", "list").stdout.strip() == f"P-014: {days}."
    assert desk.runs("away", "remove", "P-014").stdout.startswith("P-014: not away.")
    assert "is not away on these days" in desk.refuses("away", "remove", "P-014")


def _soon() -> str:
    """Ten days within the next two years, whatever the day on which the tests run."""
    from datetime import timedelta

    from bot.clock import SystemClock

    today = SystemClock().now().date()
    return f"{today + timedelta(days=40)}..{today + timedelta(days=49)}"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("away P-014 2020-01-01..2020-01-10", "is over already"),
        (f"away P-014 {LAST}..{LATER}", "ends before it begins"),
        (f"away P-014 {LATER}..{LAST}", "more than two years"),
        ("away P-014 soon", '"soon" is not a date'),
        (f"away T-1 {LATER}", "a patient is needed"),
        (f"leave P-014 {LATER}", "a therapist is needed"),
        (f"leave T-1 {LATER}", "more than two years"),
        ("patient pause P-014", "takes no part at present (invited)"),
        ("patient resume P-014", "is not paused"),
        ("patient transfer P-014 --to T-1", 'is with "T-1" already'),
        ("therapist discharge T-1", "still has P-014, P-015"),
        ("person set P-014", "say --zone or --lang"),
        ("person set P-014 --zone Mars/Olympus", 'no time zone "Mars/Olympus"'),
        ("relink confirm P-014", "No new phone waits"),
        ("invite P-014 --relink", "is not in yet"),
        ("invite revoke P-014", "no invite that could still be used"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(desk: Desk, words: str, says: str) -> None:
    assert says in desk.refuses(*words.split())


@pytest.mark.parametrize("words", ["away", "away P-014", "leave T-1", "patient transfer P-014", "person set", "relink"])
def test_a_wrong_command_line_is_exit_code_2(desk: Desk, words: str) -> None:
    assert desk.runs(*words.split()).exit_code == 2


def test_a_leave_is_previewed_taken_and_ended(desk: Desk) -> None:
    days = _soon()
    starts = f"{days[:10]}T14:00"
    desk.gives("session", "add", "P-014", starts)
    looked = desk.runs("leave", "T-1", days, "--cancel", "--preview").stdout
    assert looked.startswith(f"T-1 is on leave {days}.")
    assert "14:00 · P-014-J · T-1: cancelled" in looked
    assert looked.endswith("This was a preview: nothing is saved.\n")
    assert [row["state"] for row in desk.gives("list") if row["role"] == "session"] == ["planned"]
    desk.gives("leave", "T-1", days, "--cancel")
    assert [row["state"] for row in desk.gives("list") if row["role"] == "session"] == ["cancelled"]
    assert desk.gives("show", "T-1")["leave"] == [days]
    assert desk.runs("leave", "T-1", days, "--remove").stdout.strip() == "T-1: leave none."
    assert desk.runs("leave", "T-1", days, "--remove", "--cancel").exit_code == 2


def test_in_a_terminal_the_end_is_shown_and_asked_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.cli_people._is_terminal", lambda: True)
    desk.gives("session", "add", "P-014", f"{_soon()[:10]}T14:00")
    words = ["clinic", "patient", "discharge", "P-014", "--config", str(desk.file)]
    result = CliRunner().invoke(cli, words, input="n\n")
    assert result.exit_code == 1
    assert "3 check-ins are dropped." in result.stdout
    assert "14:00 · P-014-J · T-1: cancelled" in result.stdout
    assert desk.gives("show", "P-014")["state"] == "invited"
    assert desk.gives("patient", "discharge", "P-014", "--preview")["preview"] is True
    assert CliRunner().invoke(cli, words, input="y\n").exit_code == 0
    assert desk.gives("show", "P-014")["state"] == "discharged"


def test_people_come_change_and_go(desk: Desk) -> None:
    desk.gives("therapist", "add", "--code", "T-2", "--zone", "America/Denver")
    shown = desk.gives("patient", "transfer", "P-014-J", "--to", "T-2", "--history", "yes")
    assert (shown["therapist"], shown["history"]) == ("T-2", True)
    assert desk.runs("patient", "discharge", "P-015").stdout == (
        "P-015 is discharged. What was answered stays.\nNo check-in changes.\n"
    )
    assert desk.gives("therapist", "discharge", "T-1")["state"] == "discharged"
    assert desk.gives("person", "set", "P-014", "--lang", "en")["lang"] == "en"
    assert desk.gives("staff", "add", "--code", "S-1")["role"] == "staff"
    assert "is discharged" in desk.refuses("invite", "P-015")
