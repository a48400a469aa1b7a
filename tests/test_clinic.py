"""The desk: `accord clinic …` in a terminal. Every verb, what it prints, and how it refuses."""

import json
import os
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli import cli
from bot.clock import ManualClock
from bot.store import opening
from bot.store.lock import acquire
from tests.conftest import ROOT, copied, denver

EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")


class Desk:
    """A terminal at the front desk, with a configuration and a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "config.toml"
        self.database = folder / "accord.db"
        self.file.write_text(EXAMPLE.replace('"questionnaires"  ', f'"{ROOT / "questionnaires"}"'), encoding="utf-8")

    def runs(self, *words: str) -> Result:
        """A command as it is typed."""
        return CliRunner().invoke(cli, ["clinic", *words, "--config", str(self.file)])

    def gives(self, *words: str) -> Any:
        """What a command prints with --json: one line, one value."""
        result = self.runs(*words, "--json")
        assert result.exit_code == 0, result.output
        assert result.stdout.count("\n") == 1
        return json.loads(result.stdout)

    def refuses(self, *words: str) -> str:
        """The sentence a command refuses with; nothing on stdout, exit code 1, nothing written."""
        before = self.gives("list")
        result = self.runs(*words, "--json")
        assert (result.exit_code, result.stdout) == (1, "")
        assert self.gives("list") == before
        return result.stderr.strip()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is migrated already, with a therapist and two patients."""
    folder = tmp_path_factory.mktemp("desk")
    desk = Desk(folder)
    desk.gives("therapist", "add", "--code", "T-1", "--zone", "America/Denver", "--lang", "en")
    for code in ("P-014", "P-015"):
        desk.gives("patient", "add", "--code", code, "--therapist", "T-1", "--zone", "America/Denver", "--lang", "es")
    return folder


@pytest.fixture
def desk(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.delenv("ACCORD_TOKEN", raising=False)
    monkeypatch.setattr("bot.desk.SystemClock", lambda: ManualClock(denver("2026-11-02T10:00")))
    copied(made / "accord.db", tmp_path)
    return Desk(tmp_path)


# ------------------------------------------------------------------------------------------------ people


def test_a_therapist_is_added(desk: Desk) -> None:
    shown = desk.gives("therapist", "add", "--code", "T-2", "--zone", "Europe/Berlin", "--lang", "en")
    assert shown == {
        "id": shown["id"], "role": "therapist", "code": "T-2", "check": "S", "zone": "Europe/Berlin", "lang": "en",
        "state": "invited",
    }  # fmt: skip


def test_a_patient_is_added_with_a_therapist(desk: Desk) -> None:
    words = ("patient", "add", "--code", "P-016", "--therapist", "T-1", "--zone", "America/Denver", "--lang", "es")
    shown = desk.gives(*words)
    assert {name: shown[name] for name in ("code", "therapist", "lang", "state")} == {
        "code": "P-016", "therapist": "T-1", "lang": "es", "state": "invited",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("patient add --code P-014 --therapist T-1 --zone America/Denver", 'The code "P-014" is taken'),
        ("patient add --code P-9 --therapist T-9 --zone America/Denver", 'nobody with the code "T-9"'),
        ("patient add --code P-9 --therapist P-014 --zone America/Denver", "a therapist is needed"),
        ("patient add --code P-9 --therapist T-1 --zone America/Denvr", "America/Denver"),
        ("patient add --code P-9 --therapist T-1 --zone America/Denver --lang fr", '"fr" is not one of'),
        ("therapist add --code T-9 --zone Colorado", 'no time zone "Colorado". Did you mean "America/Denver"?'),
        ("therapist add --code T-9 --zone EST", 'knows no summer time. Did you mean "America/New_York"?'),
        ("therapist add --code T-9 --zone Mars/Olympus", 'no time zone "Mars/Olympus"'),
        ("invite P-404", 'nobody with the code "P-404"'),
        ("session add P-404 2026-11-03T14:00", 'nobody with the code "P-404"'),
        ("session add T-1 2026-11-03T14:00", "a patient is needed"),
        ("session add P-014 2026-11-31T14:00", "write it as 2026-11-03T14:00"),
        ("session add P-014 2026-11-03", "write it as 2026-11-03T14:00"),
        ("session add P-014 2026-11-03T14:00+02:00", "write it as 2026-11-03T14:00"),
        ("session add P-014 2026-11-03T14:00 --minutes 0", "1 to 1440"),
        ("session move 404 2026-11-03T14:00", "There is no session 404"),
        ("session cancel 404", "There is no session 404"),
        ("session held 404", "There is no session 404"),
        ("session missed 404", "There is no session 404"),
        ("session weekly P-014 Someday", 'write it as "Tue 14:00"'),
        ("session weekly P-014 Tue --from 2026-11-03", 'write it as "Tue 14:00"'),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(desk: Desk, words: str, says: str) -> None:
    assert says in desk.refuses(*words.split())


@pytest.mark.parametrize(
    "words",
    ["therapist add", "patient add --code P-9", "invite", "session add P-014", "session move 1", "session cancel one",
     "session remove 1", "list --everything", "nonsense"],
)  # fmt: skip
def test_a_wrong_command_line_is_exit_code_2(desk: Desk, words: str) -> None:
    assert desk.runs(*words.split()).exit_code == 2


def test_a_bad_configuration_is_exit_code_1_with_every_mistake(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.file.write_text(EXAMPLE.replace("America/Denver", "Denver").replace('"60 min"', '"an hour"'))
    result = desk.runs("list")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) > 2
    assert not desk.database.exists()


# ------------------------------------------------------------------------------------------------ invites


def test_an_invite_has_a_code_a_link_and_an_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    invited = desk.gives("invite", "P-014")
    assert re.fullmatch(r"[\w-]{22}", invited["code"])
    assert invited["link"].endswith(f"?start={invited['code']}")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", invited["expires"])
    assert desk.gives("invite", "P-014")["code"] != invited["code"]
    assert os.environ.get("ACCORD_TOKEN") is None
    monkeypatch.undo()


def test_in_a_terminal_it_comes_with_a_qr_code(desk: Desk) -> None:
    result = desk.runs("invite", "P-014")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "The bot's name is not known before its first run" in result.stderr
    with closing(opening.connect(desk.database)) as conn, conn:
        conn.execute("UPDATE clinic SET bot_name = 'accord_bot'")
    result = desk.runs("invite", "P-014")
    assert result.stderr == ""
    assert desk.runs("invite", "P-014").stderr == "The invite that was made before does not work any more.\n"
    assert "https://t.me/" in result.stdout
    assert "█" in result.stdout or "▀" in result.stdout


# ------------------------------------------------------------------------------------------------ sessions


def test_a_session_is_at_the_clinics_wall_time(desk: Desk) -> None:
    shown = desk.gives("session", "add", "P-014", "2026-11-03T14:00", "--minutes", "45")
    assert shown == {
        "id": shown["id"], "patient": "P-014", "starts": "2026-11-03T14:00", "zone": "America/Denver", "minutes": 45,
        "state": "planned", "confirm": False, "effect": {"moved": 0, "dropped": 0, "new": 3},
        "changes": [{"what": "new", "of": "session", "at": "2026-11-03T14:00", "was": None, "patient": "P-014-J",
                     "therapist": "T-1"}],
    }  # fmt: skip


def test_two_sessions_at_one_time_are_refused(desk: Desk) -> None:
    first = desk.gives("session", "add", "P-014", "2026-11-03T14:00")
    assert f"(session {first['id']})" in desk.refuses("session", "add", "P-014", "2026-11-03T14:00")
    taken = desk.refuses("session", "add", "P-015", "2026-11-03T14:59")
    assert taken.startswith(f"T-1 has a session at that time already (session {first['id']}): P-014, 2026-11-03 14:00")
    desk.gives("session", "add", "P-015", "2026-11-03T15:00")


@pytest.mark.parametrize(("verb", "state"), [("cancel", "cancelled"), ("held", "held"), ("missed", "missed")])
def test_a_session_is_marked(desk: Desk, verb: str, state: str) -> None:
    made = desk.gives("session", "add", "P-014", "2026-11-03T14:00")
    effect = {"moved": 0, "dropped": 0 if state == "held" else 3, "new": 0}
    shown = desk.gives("session", verb, str(made["id"]))
    assert shown == made | {"state": state, "effect": effect, "changes": shown["changes"]}


def test_a_session_is_moved_and_counts_as_planned_again(desk: Desk) -> None:
    made = desk.gives("session", "add", "P-014", "2026-11-03T14:00")
    desk.gives("session", "cancel", str(made["id"]))
    moved = desk.gives("session", "move", str(made["id"]), "2026-11-04T09:30")
    assert (moved["starts"], moved["state"]) == ("2026-11-04T09:30", "planned")


def test_weekly_lays_out_sessions(desk: Desk) -> None:
    made = desk.gives("session", "weekly", "P-014", "Tue 14:00", "--from", "2030-01-01")
    assert (made["weekly"], made["from"], made["sessions"]) == ("Tue 14:00", "2030-01-01", [])
    made = desk.gives("session", "weekly", "P-015", "thu 09:30")
    sessions = [row for row in desk.gives("list") if row["role"] == "session" and row["patient"] == "P-015"]
    assert [row["id"] for row in sessions] == made["sessions"]
    assert 8 <= len(sessions) <= 9
    assert {row["starts"][10:] for row in sessions} == {"T09:30"}


def test_weekly_leaves_a_time_alone_that_is_taken(desk: Desk) -> None:
    first = desk.gives("session", "add", "P-014", "2026-11-10T14:30")
    made = desk.gives("session", "weekly", "P-015", "Tue 14:00")
    assert [(one["starts"], f"(session {first['id']})" in one["why"]) for one in made["left_out"]] == [
        ("2026-11-10T14:00", True)
    ]
    assert len(made["sessions"]) == 8


def test_the_list_has_everybody_and_every_session(desk: Desk) -> None:
    desk.gives("session", "add", "P-014", "2026-11-03T14:00")
    rows = desk.gives("list")
    assert [(row["role"], row.get("code", row.get("patient"))) for row in rows] == [
        ("therapist", "T-1"), ("patient", "P-014"), ("patient", "P-015"), ("session", "P-014"),
    ]  # fmt: skip
    assert all(isinstance(row["id"], int) for row in rows)


def test_without_json_a_person_reads_a_sentence(desk: Desk) -> None:
    result = desk.runs("session", "add", "P-014", "2026-11-03T14:00")
    assert result.stdout.splitlines() == [
        "Session 1: P-014 2026-11-03 14:00 America/Denver, planned.",
        "3 check-ins are new.",
    ]
    assert "P-014" in desk.runs("list").stdout


def test_the_desk_never_sees_an_answer_or_a_chat(desk: Desk) -> None:
    names = {name for row in desk.gives("list") for name in row}
    assert names <= {
        "id", "role", "code", "check", "zone", "lang", "state", "patient", "therapist", "starts", "minutes", "confirm",
    }  # fmt: skip


def test_an_older_database_is_not_changed_under_the_bot_that_runs_on_it(desk: Desk) -> None:
    """After an upgrade somebody at the desk is quicker than whoever starts the new version."""
    with closing(opening.connect(desk.database)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    with acquire(desk.database):
        result = desk.runs("list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is already running the bot" in result.stderr
    assert not list(desk.database.parent.glob("*.backup-*"))
