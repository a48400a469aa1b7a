"""The fields of a form: what is read, what is not, and that nothing that can be typed does any harm."""

from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.core import fields
from bot.core.fields import Reader, optional, read

READERS: dict[str, Reader] = {
    "text": fields.text, "code": fields.code, "zone": fields.zone, "day": fields.day, "clock": fields.clock,
    "whole": fields.whole(1, 1440), "one": fields.one_of(("a", "b")), "ticked": fields.ticked,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("text", " Thanksgiving ", "Thanksgiving"),
        ("text", "x" * 200, "x" * 120),
        ("code", "P-014", "P-014"),
        ("zone", "America/Denver", "America/Denver"),
        ("day", "2026-11-03", date(2026, 11, 3)),
        ("clock", "9:05", time(9, 5)),
        ("clock", "14:00:00", time(14, 0)),
        ("whole", "1440", 1440),
        ("one", "b", "b"),
        ("ticked", "yes", True),
        ("ticked", "", False),
    ],
)
def test_what_is_read(name: str, typed: str, value: Any) -> None:
    assert read({"x": typed}, {"x": READERS[name]}) == ({"x": value}, {})


@pytest.mark.parametrize(
    ("name", "typed", "kind"),
    [
        ("text", "", "empty"),
        ("text", "   ", "empty"),
        ("text", "a\0b", "unprintable"),
        ("code", "Anna Smith", "no_code"),
        ("zone", "Mars/Olympus", "no_zone"),
        ("zone", "Denver", "near_zone"),
        ("zone", "EST", "fixed_zone"),
        ("code", "Smith", "like_name"),
        ("day", "2026-02-30", "no_day"),
        ("day", "1999-12-31", "far_day"),
        ("clock", "24:00", "no_clock"),
        ("clock", "1:5", "no_clock"),
        ("whole", "0", "no_number"),
        ("whole", "１２", "no_number"),
        ("whole", "-1", "no_number"),
        ("one", "c", "no_choice"),
    ],
)
def test_what_is_not(name: str, typed: str, kind: str) -> None:
    values, mistakes = read({"x": typed}, {"x": READERS[name]})
    assert (values, mistakes["x"].kind) == ({}, kind)


def test_every_mistake_is_found_at_once_and_a_field_that_is_missing_is_empty() -> None:
    values, mistakes = read({"day": "x"}, READERS)
    assert set(mistakes) == set(READERS) - {"ticked"}
    assert values == {"ticked": False}
    assert read({}, {"day": optional(fields.day, "none")}) == ({"day": "none"}, {})


@given(some.dictionaries(some.sampled_from(list(READERS)), some.text(max_size=200)))
def test_whatever_is_typed_is_a_value_or_a_mistake(typed: dict[str, str]) -> None:
    values, mistakes = read(typed, READERS)
    assert values.keys() | mistakes.keys() == READERS.keys()
    assert values.keys() & mistakes.keys() == set()
    assert all(len(said) <= 120 for one in mistakes.values() for said in one.said)
