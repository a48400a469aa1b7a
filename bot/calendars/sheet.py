"""A table of appointments (.csv): a header patient,starts and perhaps minutes, then a line for each."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO

from bot.calendars.entry import MOST_ENTRIES, Bad, Entry, text_of

NEEDED, KNOWN = ("patient", "starts"), ("patient", "starts", "minutes")
EXAMPLE = "write the first line as patient,starts,minutes"


def read_sheet(data: bytes) -> tuple[list[Entry], list[Bad]]:
    """The appointments of a table, and every mistake in its shape."""
    text = text_of(data)
    if isinstance(text, Bad):
        return [], [text]
    try:
        rows = list(_rows(text))
    except csv.Error as wrong:
        return [], [Bad(1, f"This is no table ({wrong}): save it as CSV and import that.")]
    if not rows:
        return [], [Bad(1, f"The file is empty: {EXAMPLE}.")]
    (line, header), *rest = rows
    names = [name.strip().lower() for name in header]
    if problem := _of_header(names):
        return [], [Bad(line, problem)]
    if len(rest) > MOST_ENTRIES:
        return [], [Bad(line, f"{len(rest)} lines are too many at once: split the file, {MOST_ENTRIES} lines each.")]
    read = [_entry(line, names, row) for line, row in rest]
    return [one for one in read if isinstance(one, Entry)], [one for one in read if isinstance(one, Bad)]


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with the number of its line."""
    lines = text.splitlines(keepends=True)
    begins = 1 if lines and lines[0].lower().startswith("sep=") else 0  # a hint that spreadsheets write
    header = next((line for line in lines[begins:] if line.strip()), "")
    reader = csv.reader(StringIO("".join(lines[begins:]), newline=""), delimiter=_delimiter(header), strict=True)
    for row in reader:
        if any(cell.strip() for cell in row):
            yield reader.line_num + begins, row


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _of_header(names: Sequence[str]) -> str | None:
    if missing := [name for name in NEEDED if name not in names]:
        return f'There is no column "{missing[0]}": {EXAMPLE}.'
    if unknown := [name for name in names if name not in KNOWN and name]:
        return f'I do not know the column "{unknown[0]}": leave it out, and {EXAMPLE}.'
    if len(set(names)) < len(names):
        return f"A column is there twice: {EXAMPLE}."
    return None


def _entry(line: int, names: Sequence[str], row: Sequence[str]) -> Entry | Bad:
    cells = dict(zip(names, (cell.strip() for cell in row), strict=False))
    if any(cell.strip() for cell in row[len(names) :]):
        return Bad(line, f"There are more cells than columns: {', '.join(names)} are expected.")
    if missing := [name for name in NEEDED if not cells.get(name)]:
        return Bad(line, f'There is no {missing[0]}: write the line as "P-014,2026-11-03T14:00,60".')
    return Entry(line, cells["patient"], cells["starts"], cells.get("minutes", ""))
