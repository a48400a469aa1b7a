"""Cells of a table that a spreadsheet opens: words are shown as they were typed, and never taken for a formula.

The rule is OWASP's "CSV injection" (ASVS 5.0, 1.2.10), with the full-width signs some spreadsheets take for the same.
"""

import re

_SIGN = r"[=+\-@\t\r\n\0＝＋－＠]"
_DANGEROUS, _DISARMED = re.compile(rf"'*\s*{_SIGN}"), re.compile(rf"''*\s*{_SIGN}")

Cell = str | int | float | None


def cell(value: object) -> Cell:
    """The value for a table. A number stays one; words that could begin a formula get a quote in front."""
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if _DANGEROUS.match(text) else text


def typed(text: str) -> str:
    """The opposite of `cell` for words: what was typed."""
    return text[1:] if _DISARMED.match(text) else text
