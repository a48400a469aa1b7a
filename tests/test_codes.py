"""Check letters: a slip of the pen is not another patient."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.codes import CHARACTERS, check_letter, meant, read_checked, with_letter

codes = st.text(CHARACTERS, min_size=1, max_size=16)


@given(codes)
def test_a_letter_fits_its_own_code_whatever_its_case(code: str) -> None:
    assert read_checked(with_letter(code)) == (code, True)
    assert read_checked(with_letter(code).lower()) == (code.lower(), True)


@given(codes, st.data())
def test_every_single_changed_character_is_caught(code: str, data: st.DataObject) -> None:
    full = with_letter(code)
    place = data.draw(st.integers(0, len(full) - 1))
    wrong = data.draw(st.sampled_from(CHARACTERS + "+"))
    assume(wrong != full[place])
    read = read_checked(full[:place] + wrong + full[place + 1 :])
    assert read is None or not read[1]


@given(codes, st.data())
def test_every_swap_of_neighbours_is_caught(code: str, data: st.DataObject) -> None:
    full = with_letter(code)
    place = data.draw(st.integers(0, len(full) - 2))
    assume(full[place] != full[place + 1])
    read = read_checked(full[:place] + full[place + 1] + full[place] + full[place + 2 :])
    assert read is None or not read[1]


def test_the_letters_are_those_of_the_standard() -> None:
    """ISBT 128 numbers blood donations with it: G123498654321 has the letter H."""
    assert check_letter("G123498654321") == "H"


@pytest.mark.parametrize("typed", ["P-014", "P014", "", "-", "-K", "P-014-KK", "P_014-K", "P 014-K", "Ñ-K"])
def test_what_has_no_check_letter_is_not_read_as_if(typed: str) -> None:
    assert read_checked(typed) is None


def test_what_was_meant_begins_with_the_one_whose_letter_was_typed() -> None:
    assert meant("P-041-J", ["P-014", "P-041", "T-1"])[0] == with_letter("P-014")
    assert with_letter("P-041") in meant("P-041-J", ["P-014", "P-041", "T-1"])
