"""A clinic's own file: twelve items on seven points, dropped into the folder and named in the configuration."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import Config, check, load
from tests.conftest import FIRST, ROOT, Clinic, Someone

POINTS = ["Never", "Rarely", "Now and then", "Sometimes", "Often", "Very often", "Always"]
HEAD = f"""
id = "own"
version = 1
source = "The clinic's licence no. 7"
licence = "licensed to the clinic"
[title]
en = "Twelve things"
[scale.often]
first = 1
en = {POINTS}
"""
ITEM = """
[[item]]
id = "item_{n}"
measures = "own"
kind = "scale"
scale = "often"
patient.en = "Item number {n} of the clinic's own."
"""


def written(folder: Path, *replacements: tuple[str, str]) -> Path:
    """A configuration with the own file beside those that come with Accord."""
    shutil.copytree(ROOT / "questionnaires", folder / "questionnaires")
    items = "".join(ITEM.format(n=n) for n in range(1, 13))
    (folder / "questionnaires" / "own.toml").write_text(HEAD.replace("'", '"').replace('clinic"s', "clinic's") + items)
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    for old, new in (('after_first = ["start"]', "after_first = []"), *replacements):
        assert old in text
        text = text.replace(old, new)
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


ASKED = ('after_session = ["alliance", "goals"]', 'after_session = ["own"]')
IN_ENGLISH = ('languages = ["en", "es"]', 'languages = ["en"]')


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config, mistakes = load(written(tmp_path, ASKED, IN_ENGLISH))
    assert config is not None, mistakes
    return replace(config, plan=replace(config.plan, homework=False))


async def test_twelve_items_on_seven_points(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin")
    assert anna.screen.startswith("1 of 12")
    assert anna.buttons[:7] == POINTS
    await anna.taps(*(POINTS[n % 7] for n in range(12)))
    assert "Item number 12 of the clinic's own.\n→ Often" in anna.screen
    await anna.taps("Send")
    assert list((await clinic.answers("P-014")).values()) == [n % 7 + 1 for n in range(12)]


async def test_what_is_not_compared_is_still_a_check_in_that_was_answered(
    clinic: Clinic, anna: Someone, tomas: Someone
) -> None:
    """The rules know the items of `alliance`; of others the digest says the scores, and never that nobody answered."""
    for wall in (FIRST, "2026-11-10T14:00"):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin", *["Always"] * 12, "Send")
    await clinic.until("2026-11-10T13:00")
    await tomas.taps("Open", "Skip this form")
    assert tomas.screen.startswith(
        "Twelve things: own patient 7.0.\n\nThe patient answered your clinic's own questions."
    )


@pytest.mark.parametrize(
    ("replacements", "says"),
    [
        ((ASKED,), "is not written in es"),
        ((IN_ENGLISH, ('therapist = ["alliance",', 'therapist = ["own",')), "asks the therapist nothing"),
    ],
)
def test_what_does_not_fit_is_said_before_the_bot_runs(
    tmp_path: Path, replacements: tuple[tuple[str, str], ...], says: str
) -> None:
    mistakes, _ = check(written(tmp_path, *replacements))
    assert [mistake for mistake in map(str, mistakes) if says in mistake]


def test_a_therapists_form_that_does_not_fit_one_message_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, IN_ENGLISH, ('therapist = ["alliance",', 'therapist = ["own", "alliance",'))
    own = tmp_path / "questionnaires" / "own.toml"
    own.write_text(own.read_text().replace('patient.en = "Item', 'therapist.en = "Item'))
    mistakes, _ = check(file)
    assert "the therapist's form is one message" in "\n".join(map(str, mistakes))
