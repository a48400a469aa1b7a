"""The check letter of a code: P-014 is written P-014-K, so that a slip of the pen is not another patient.

ISO 7064, pure system MOD 37,2: it catches every single changed character and every swap of two neighbours. The dash
counts as the 37th character, so that a dash that moved is caught too; as a check letter it is written "+", as "-" would
be lost. The letter is computed, never stored; capitals and small letters are the same.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,15}")
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
AS_LETTER = CHARACTERS.replace("-", "+")
AS_CLOSE = 0.6  # of difflib, 1.0 is the same word


def not_a_code(typed: str) -> str:
    """Why this can be nobody's code: "no_code", or "like_name" if it has no digit, as a name has none; else ""."""
    if not CODE.fullmatch(typed):
        return "no_code"
    return "" if any(sign.isdigit() for sign in typed) else "like_name"


def check_letter(code: str) -> str:
    """The check letter of a code of letters, digits and dashes; ValueError for any other character."""
    total = 0
    for character in code.upper():
        total = (total + CHARACTERS.index(character)) * 2 % 37
    return AS_LETTER[(1 - total) % 37]


def with_letter(code: str) -> str:
    """A code as it is printed: P-014-K."""
    return f"{code}-{check_letter(code)}"


def read_checked(typed: str) -> tuple[str, bool] | None:
    """A typed code that ends in a check letter: the code without it, and whether it fits. None if it ends in none."""
    code, _, letter = typed.rpartition("-")
    if len(letter) != 1 or letter.upper() not in AS_LETTER or not code:
        return None
    if any(character not in CHARACTERS for character in code.upper()):
        return None
    return code, check_letter(code) == letter.upper()


def meant(typed: str, known: Iterable[str]) -> list[str]:
    """The known codes (at most three) that a mistyped one may have meant, with their letters, the likeliest first.

    One whose letter is the one that was typed comes first: a letter that was copied right belongs to the right code.
    """
    full = {with_letter(code).upper(): with_letter(code) for code in known}
    close = get_close_matches(typed.upper(), full, n=3, cutoff=AS_CLOSE)
    return [full[one] for one in sorted(close, key=lambda one: one[-1] != typed.upper()[-1:])]
