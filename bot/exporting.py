"""`accord export`: what was sent, as a file for another program. The file is new, and for this account alone."""

import csv
import io
import json
import os
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from bot.clinic import Shown
from bot.config import Config
from bot.core.cells import typed
from bot.core.dictionary import COLUMNS, dictionary
from bot.core.export import Format, Row, Sent, long_table, wide_table
from bot.core.fhir import Style, bundle
from bot.core.fhir_check import mistakes
from bot.core.walltime import at_local, zone_of
from bot.store import exports, people
from bot.store.exports import Wanted
from bot.store.people import Refused

BASE = "https://accord.invalid/fhir"
"""Under which address code systems stand as long as a clinic has none of its own: it leads nowhere, on purpose."""
NEEDS = "{form} needs a library that is not installed: pip install 'accord-checkin[{extra}]'"


def export(
    conn: Connection,
    config: Config,
    form: Format,
    file: Path,
    now: datetime,  # noqa: ARG001
    *,
    patient: str | None = None,
    therapist: str | None = None,
    first: date | None = None,
    last: date | None = None,
    identified: bool = False,
    lang: str | None = None,
    base: str | None = None,
) -> Shown:
    """Write the file; how much is in it. Refused if it is there already, or nothing is found."""
    lang = lang or config.clinic.languages[0]
    found = list(exports.sent(conn, wanted(conn, config, patient, therapist, first, last)))
    if not found and form != "dictionary":
        raise Refused("Nothing was answered there: no file is written.")
    data = _made(form, found, config, lang, identified, base or BASE)
    write_new(file, data)
    return {
        "file": str(file), "format": form, "patients": len({one.patient for one in found}),
        "check_ins": len(found), "identified": identified,
    }  # fmt: skip


def wanted(
    conn: Connection, config: Config, patient: str | None, therapist: str | None, first: date | None, last: date | None
) -> Wanted:
    """The filters, from codes and the clinic's dates (both inclusive)."""
    zone = zone_of(config.clinic.zone)
    begin = None if first is None else at_local(first, time(0), zone)
    end = None if last is None else at_local(last + timedelta(days=1), time(0), zone)
    if begin is not None and end is not None and end <= begin:
        raise Refused(f"{first} to {last} ends before it begins.")
    of_patient = None if patient is None else people.by_code(conn, patient, "patient").id
    of_therapist = None if therapist is None else people.by_code(conn, therapist, "therapist").id
    return Wanted(begin, end, of_patient, of_therapist)


def _made(form: Format, found: Sequence[Sent], config: Config, lang: str, identified: bool, base: str) -> bytes:
    forms = config.questionnaires.by_id
    if form == "fhir":
        return _fhir(bundle(found, forms, Style(base.rstrip("/"), lang, identified)))
    if form == "dictionary":
        return _csv(COLUMNS, dictionary(forms, lang)).encode()
    long, wide = long_table(found, forms, lang, identified), wide_table(found, forms, identified)
    if form == "xlsx":
        return _workbook({"answers": long, "sessions": wide})
    # Excel knows UTF-8 by the mark at the beginning; REDCap wants its file to begin with record_id.
    return _csv(*long).encode("utf-8-sig") if form == "long" else _csv(*wide).encode()


def _csv(columns: Sequence[str], rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _workbook(tables: dict[str, tuple[Sequence[str], Sequence[Row]]]) -> bytes:
    """An Excel file with a sheet for each table: words are written as words, never as formulas or links."""
    try:
        import xlsxwriter
    except ImportError:
        raise Refused(NEEDS.format(form="xlsx", extra="xlsx")) from None
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        for name, (columns, rows) in tables.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for y, line in enumerate([columns, *([row.get(name) for name in columns] for row in rows)]):
                for x, value in enumerate(line):
                    _put(sheet, y, x, value)
    return data.getvalue()


def _put(sheet: Any, y: int, x: int, value: object) -> None:
    if isinstance(value, int | float):
        sheet.write_number(y, x, value)
    elif value is not None:
        sheet.write_string(y, x, typed(str(value)))


def _fhir(collection: dict[str, Any]) -> bytes:
    """The collection as JSON, once the library and our own look at its codes have found nothing."""
    try:
        from fhir.resources.R4B.bundle import Bundle
    except ImportError:
        raise Refused(NEEDS.format(form="fhir", extra="fhir")) from None
    if wrong := mistakes(collection):
        raise Refused("This would be no valid FHIR: " + " ".join(wrong[:3]))
    Bundle.model_validate(collection)
    return json.dumps(collection, ensure_ascii=False, indent=1).encode()


def write_new(file: Path, data: bytes) -> None:
    """A new file that only this account can read."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(data)
    except FileExistsError:
        raise Refused(f"{file} is there already: name another file.") from None
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}.") from None
