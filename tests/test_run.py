"""`python -m bot run` as a process of its own, against the local Bot API in another one, by the machine's clock."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.core.walltime import zone_of
from tests.conftest import ROOT

EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")
AT_ONCE = {
    "patient_opens_after": "0 min", "patient_closes_before_next": "0 min", "therapist_opens_after": "0 min",
    "quiet_from": "00:00", "quiet_until": "00:00",
}  # fmt: skip
PATIENCE_S, STOPS_WITHIN_S = 30, 10
TOMAS, ANNA = 1, 14


class Phones:
    """The phones of a local Bot API in another process."""

    def __init__(self, base_url: str, token: str) -> None:
        self.base_url, self.token = base_url, token

    def call(self, path: str, body: Any = None) -> Any:
        """One call of the control API; what it refuses is an error here."""
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(self.base_url + path, data), timeout=PATIENCE_S + 5) as reply:
                return json.load(reply)
        except HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def sees(self, user: int, text: str) -> dict[str, Any]:
        """Wait until this phone shows a text; the newest message with it."""
        phone = self.call(f"/phones/{user}?" + urlencode({"sees": text, "wait": PATIENCE_S}))
        return next(one for one in reversed(phone["messages"]) if one["by_bot"] and text in one["text"])

    def says(self, user: int, words: str) -> None:
        """Type something."""
        self.call(f"/phones/{user}/say", {"text": words})

    def taps(self, user: int, *labels_and_then: tuple[str, str]) -> None:
        """Tap buttons, each followed by what is to be seen then."""
        for label, then in labels_and_then:
            self.call(f"/phones/{user}/tap", {"label": label})
            self.sees(user, then)


@contextmanager
def process(*words: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """A process of this Python; killed at the end if it still runs."""
    command = [sys.executable, *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **environment}
    ) as running:
        try:
            yield running
        finally:
            running.kill()


@pytest.fixture(scope="module")
def phones() -> Iterator[Phones]:
    with process("-m", "bot.emulator", "--port", "0", "--json") as emulator:
        assert emulator.stdout is not None
        where = json.loads(emulator.stdout.readline())
        yield Phones(where["base_url"], where["token"])


def written(folder: Path, base_url: str) -> Path:
    """A configuration in which nothing has to be waited for."""
    text = EXAMPLE.replace("https://api.telegram.org", base_url)
    text = text.replace('folder = "questionnaires"', f'folder = "{ROOT / "questionnaires"}"')
    for key, value in AT_ONCE.items():
        before = next(line for line in text.splitlines() if line.startswith(f"{key} = "))
        text = text.replace(before, f'{key} = "{value}"')
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


@contextmanager
def service(config: Path, phones: Phones) -> Iterator["subprocess.Popen[str]"]:
    """`python -m bot run`, once it says that it is running."""
    with process("-m", "bot", "run", "--config", str(config), ACCORD_TOKEN=phones.token) as running:
        assert running.stderr is not None
        said = []
        while (line := running.stderr.readline()) and "running as" not in line:
            said.append(line)
        assert line, "".join(said)
        yield running


def stopped(running: "subprocess.Popen[str]") -> int:
    """Its exit code after SIGTERM, in time."""
    running.send_signal(signal.SIGTERM)
    return running.wait(STOPS_WITHIN_S)


def desk(config: Path, *words: str) -> Any:
    """`accord clinic … --json`, beside the running bot."""
    done = CliRunner().invoke(cli, ["clinic", *words, "--config", str(config), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def joins(config: Path, phones: Phones, user: int, code: str, taps: tuple[tuple[str, str], ...]) -> None:
    """Somebody opens the link from the clinic and taps through."""
    invited = desk(config, "invite", code)
    phones.call(f"/phones/{user}", {"first_name": code})
    phones.says(user, f"/start {invited['code']}")
    first = "Do you agree" if len(taps) > 1 else "where you are?"
    phones.sees(user, first)
    phones.taps(user, *taps)


SETTLE, WHEN, IN = ("I agree", "where you are?"), ("Yes, that is right", "When"), ("Right after", "All set")


def test_from_start_to_the_digest_with_real_processes(phones: Phones, tmp_path: Path) -> None:
    config = written(tmp_path, phones.base_url)
    with service(config, phones) as running:
        desk(config, "therapist", "add", "--code", "T-1", "--zone", "America/Denver", "--lang", "en")
        desk(config, "patient", "add", "--code", "P-014", "--therapist", "T-1", "--zone", "America/Denver")
        joins(config, phones, TOMAS, "T-1", (("Yes, that is right", "All set"),))
        joins(config, phones, ANNA, "P-014", (SETTLE, WHEN, IN))
        now = datetime.now(UTC).astimezone(zone_of("America/Denver"))
        for ago, minutes in ((timedelta(minutes=1), "1"), (-timedelta(minutes=30), "60")):
            desk(config, "session", "add", "P-014", f"{now - ago:%Y-%m-%dT%H:%M}", "--minutes", minutes)
        anna_answers(phones)
        tomas_reads(phones)
        assert stopped(running) == 0


def anna_answers(phones: Phones) -> None:
    """The whole check-in on Anna's phone."""
    phones.sees(ANNA, "Ready when you are.")
    phones.taps(ANNA, ("Begin", "1 of 12"), *[("Partly", f"{n} of ") for n in range(2, 8)], ("Skip", "8 of "))
    phones.taps(ANNA, *[("Skip", f"{n} of ") for n in (9, 10, 11)], ("Skip", "Your answers"), ("Send", "Sent."))


def tomas_reads(phones: Phones) -> None:
    """First his own form, then what the two of them see differently."""
    ready = phones.sees(TOMAS, "is ready.")
    assert ["Open"] in ready["buttons"]
    phones.taps(TOMAS, ("Open", "A. We want"), ("A 5", "A. We want the same things from this work. → Fully"))
    phones.taps(TOMAS, ("B 5", "→ Fully"), ("C 5", "→ Fully"), ("D 5", "on board with how we work. → Fully"))
    phones.taps(TOMAS, ("Send", "Patient 3.0, you 5.0."))


def test_a_second_one_is_told_who_holds_the_database(phones: Phones, tmp_path: Path) -> None:
    config = written(tmp_path, phones.base_url)
    with service(config, phones) as running:
        command = [sys.executable, "-m", "bot", "run", "--config", str(config)]
        environment = {**os.environ, "ACCORD_TOKEN": phones.token}
        second = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=PATIENCE_S)
        assert second.returncode == 3
        assert f"process {running.pid}" in second.stderr
        assert second.stdout == ""
        assert stopped(running) == 0


def test_it_stops_in_time_even_where_the_bot_api_does_not_answer(tmp_path: Path, phones: Phones) -> None:
    config = written(tmp_path, "http://127.0.0.1:9")
    with process("-m", "bot", "run", "--config", str(config), ACCORD_TOKEN=phones.token) as running:
        assert running.stderr is not None
        assert "does not answer" in running.stderr.readline()
        assert stopped(running) == 0


@pytest.mark.parametrize(("token", "says"), [("", "ACCORD_TOKEN is empty"), ("7000000001:WRONG", "does not know this")])
def test_without_the_right_token_it_says_so_and_ends(phones: Phones, tmp_path: Path, token: str, says: str) -> None:
    config = written(tmp_path, phones.base_url)
    with process("-m", "bot", "run", "--config", str(config), ACCORD_TOKEN=token) as running:
        _, stderr = running.communicate(timeout=PATIENCE_S)
        assert running.returncode == 1
        assert says in stderr
        assert "Traceback" not in stderr
