"""A table of appointments (.csv): a header patient,starts and perhaps minutes, then a line for each."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO

from bot.calendars.days import ORDERS, Order, in_order
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
        says = f"This is no table ({wrong}): save it as CSV and import that."
        return [], [Bad(1, says, "no_table", (str(wrong),))]
    if not rows:
        return [], [Bad(1, f"The file is empty: {EXAMPLE}.", "empty_file")]
    (line, header), *rest = rows
    names, order = _named(header)
    if problem := _of_header(line, names):
        return [], [problem]
    if len(rest) > MOST_ENTRIES:
        says = f"{len(rest)} lines are too many at once: split the file, {MOST_ENTRIES} lines each."
        return [], [Bad(line, says, "many_lines", (str(len(rest)), str(MOST_ENTRIES)))]
    read = [_entry(line, names, row) for line, row in rest]
    entries = in_order([one for one in read if isinstance(one, Entry)], order)
    if isinstance(entries, Bad):
        return [], [entries]
    return entries, [one for one in read if isinstance(one, Bad)]


def _named(header: Sequence[str]) -> tuple[list[str], Order | None]:
    """The names of the columns, and which comes first in dates such as 11/3/2026, if "starts (M/D/YYYY)" says so."""
    names, order = [], None
    for name in header:
        plain, _, more = name.strip().lower().partition("(")
        if plain.strip() == "starts" and more:
            order = ORDERS.get(more.strip(" )")[:3], order)
        names.append(plain.strip() if plain.strip() == "starts" and order else name.strip().lower())
    return names, order


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


def _of_header(line: int, names: Sequence[str]) -> Bad | None:
    if missing := [name for name in NEEDED if name not in names]:
        return Bad(line, f'There is no column "{missing[0]}": {EXAMPLE}.', "no_column", (missing[0],))
    if unknown := [name for name in names if name not in KNOWN and name]:
        says = f'I do not know the column "{unknown[0]}": leave it out, and {EXAMPLE}.'
        return Bad(line, says, "unknown_column", (unknown[0],))
    if len(set(names)) < len(names):
        return Bad(line, f"A column is there twice: {EXAMPLE}.", "twice_column")
    return None


def _entry(line: int, names: Sequence[str], row: Sequence[str]) -> Entry | Bad:
    cells = dict(zip(names, (cell.strip() for cell in row), strict=False))
    if any(cell.strip() for cell in row[len(names) :]):
        says = f"There are more cells than columns: {', '.join(names)} are expected."
        return Bad(line, says, "more_cells", (", ".join(names),))
    if missing := [name for name in NEEDED if not cells.get(name)]:
        says = f'There is no {missing[0]}: write the line as "P-014,2026-11-03T14:00,60".'
        return Bad(line, says, "no_cell", (missing[0],))
    return Entry(line, cells["patient"], cells["starts"], cells.get("minutes", ""))
