"""Appointments or closed days from another program's file: every mistake by its line, what it would do, then all of it.

Between the look ahead and the change the file goes to the browser and back, packed: nothing is kept on the way.
"""

import asyncio
import base64
import binascii
import zlib
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot import clinic_closures, clinic_import
from bot.calendars.entry import MOST_BYTES, Bad
from bot.clinic import Shown
from bot.clinic_import import BadFile
from bot.core.fields import Mistake
from bot.render import part
from bot.store.people import Refused
from bot.web.visit import Sent, Visit, once, preview, to

KINDS = ("sessions", "closures")
SUFFIXES = (".ics", ".csv")
FIELD = "summary"
"""Where an event of a calendar names the patient."""
MOST_LINES = 50
"""So many mistakes are shown; a file with more is of another kind."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was handed over: what it holds, its kind by its name, and what becomes of it."""

    data: bytes
    suffix: str
    kind: str
    skip_bad: bool


async def show(visit: Visit) -> Response:
    """The form."""
    return _form(visit, {"kind": visit.asked.get("kind", "sessions")}, {})


def _form(visit: Visit, fields: dict[str, str], mistakes: dict[str, Mistake | Refused], **more: object) -> Response:
    shown = {"fields": fields, "mistakes": mistakes, "lines": [], "rest": 0, **more}
    return visit.page("import", 422 if mistakes else 200, **shown)


async def act(visit: Visit, form: Sent) -> Response:
    """Read the file; show its mistakes, or what it would do, or do it."""
    if form.too_large:
        return _form(visit, {"kind": "sessions"}, {"file": Mistake("too_large", (str(MOST_BYTES // 1_000_000),))})
    fields = {name: form.chose(name) for name in ("kind", "skip")}
    file = _file(form)
    if isinstance(file, Mistake):
        return _form(visit, fields, {"file": file})
    try:
        work = partial(_work, visit=visit, file=file, found=await _read(visit, file))
        if form.chose("step") == "save":
            return await once(visit, form, lambda conn: _led(work(conn), file))
        shown = await preview(visit, work)
    except Refused as refused:
        lines = [_said(visit, one) for one in refused.bad] if isinstance(refused, BadFile) else [str(refused)]
        rest = max(0, len(lines) - MOST_LINES)
        return _form(visit, fields, {"file": Mistake("bad_file")}, lines=lines[:MOST_LINES], rest=rest)
    kept = fields | {"packed": _packed(file.data), "suffix": file.suffix}
    return visit.page("import_preview", shown=shown, fields=kept)


def _said(visit: Visit, one: Bad) -> str:
    """A line of the file and what is wrong with it, or why it is left alone."""
    lang = visit.who.lang
    says = part(lang, "web/mistakes.jinja", one.kind, *one.said) if one.kind else one.says
    return part(lang, "web/mistakes.jinja", "of_line", one.line, says)


def _led(_: Shown, file: File) -> str:
    return to("/week" if file.kind == "sessions" else "/closures", done="imported")


async def _read(visit: Visit, file: File) -> Any:
    """What is in the file. A calendar can take long: one at a time, in a thread, and no tap waits for it."""
    known = await visit.read(clinic_import.codes)
    async with visit.site.reading:
        if file.kind == "closures":
            return await asyncio.to_thread(clinic_import.read_closures, file.data, visit.now)
        what = (visit.config, file.suffix, file.data, FIELD, known, visit.now)
        return await asyncio.to_thread(clinic_import.read_sessions, *what)


def _work(conn: Connection, visit: Visit, file: File, found: Any) -> Shown:
    if file.kind == "closures":
        return clinic_closures.import_closures(conn, visit.config, found, visit.now)
    return clinic_import.import_sessions(conn, visit.config, found, visit.now, file.skip_bad, partial(_said, visit))


def _file(form: Sent) -> File | Mistake:
    kind = form.chose("kind") if form.chose("kind") in KINDS else KINDS[0]
    skip = form.chose("skip") == "yes"
    if form.chose("packed"):
        data = unpacked(form.chose("packed"))
        return Mistake("empty") if data is None else File(data, form.chose("suffix"), kind, skip)
    if form.file is None:
        return Mistake("empty")
    name, data = form.file
    suffix = "." + name.lower().rpartition(".")[2]
    if suffix not in (SUFFIXES if kind == "sessions" else SUFFIXES[:1]):
        return Mistake("no_suffix" if kind == "sessions" else "no_calendar")
    if len(data) > MOST_BYTES:
        return Mistake("too_large", (str(MOST_BYTES // 1_000_000),))
    return File(data, suffix, kind, skip)


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(data)).decode()


def unpacked(words: str) -> bytes | None:
    """What was packed; None if it was not us who packed it, or it would be larger than a file may be."""
    try:
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(base64.urlsafe_b64decode(words), MOST_BYTES + 1)
    except (zlib.error, binascii.Error, ValueError):
        return None
    return data if unpacking.eof and len(data) <= MOST_BYTES else None
