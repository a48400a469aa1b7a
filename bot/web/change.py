"""A change by the front desk: a form, what it would do, and then the change itself, once.

What was typed stays, mistakes stand beside their fields, and nothing is half saved: the look ahead is the change
itself, in a transaction that is undone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot.clinic import Shown
from bot.core.fields import Mistake, Reader, one_of, optional, read
from bot.store.people import Refused
from bot.web.visit import Sent, Visit, once, preview

UNPROCESSABLE = 422
Option = tuple[str, str]
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form. `kind`: text, date, time, number, zone, choice or tick. A choice without a reader takes what
    is offered; "" is not one that could be taken if it is `needed`.
    """

    name: str
    kind: str = "text"
    reader: Reader | None = None
    needed: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What a change is about: its name for people, where it was asked for, what fields hold at first, what can be
    chosen, whatever the work needs (`of`), and how each field is now.
    """

    subject: str
    back: str
    starts: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Sequence[Option]] = field(default_factory=dict)
    of: Any = None
    now: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change. `about` raises Missing; `work` raises Refused, which stands beside the field `refused_at`.

    `led_to` gives the address to go to, from what the change is about and what it gave. `together`: mistakes that only
    several fields show, of those that could be read.
    """

    name: str
    fields: tuple[Field, ...]
    about: Callable[[Connection, Visit], About]
    work: Callable[[Connection, Visit, About, Values], Shown]
    led_to: Callable[[About, Shown], str]
    refused_at: str = ""
    together: Callable[[Values], dict[str, Mistake]] = lambda _: {}


async def show(one: Change, visit: Visit) -> Response:
    """The form as it begins; what stands behind the ? of the address fills in fields."""
    about = await visit.read(one.about, visit)
    if not one.fields:
        return await _look_ahead(visit, one, about, {}, {})
    known = {of.name for of in one.fields}
    given = {name: value for name, value in visit.asked.items() if name in known}
    return _form(visit, one, about, {**about.starts, **given}, {})


def _form(
    visit: Visit, one: Change, about: About, fields: Mapping[str, str], mistakes: Mapping[str, Mistake | Refused]
) -> Response:
    status = UNPROCESSABLE if mistakes else 200
    shown = {"change": one, "about": about, "fields": fields, "mistakes": mistakes, "options": about.options}
    return visit.page("change", status, first=next(iter(mistakes), None), **shown)


async def act(one: Change, visit: Visit, form: Sent) -> Response:
    """Read the form; then show what it would do, or do it, or go back to the fields."""
    about = await visit.read(one.about, visit)
    step = form.chose("step")
    if step == "edit":
        return _form(visit, one, about, form.fields, {})
    values, mistakes = read(form.fields, {of.name: _reader(of, about) for of in one.fields})
    mistakes = one.together(values) | mistakes
    if mistakes:
        return _form(visit, one, about, form.fields, mistakes)
    if step != "save":
        return await _look_ahead(visit, one, about, values, form.fields)
    try:
        return await once(visit, form, lambda conn: one.led_to(about, one.work(conn, visit, about, values)))
    except Refused as refused:
        return _refused(visit, one, about, form.fields, refused)


async def _look_ahead(visit: Visit, one: Change, about: About, values: Values, fields: Mapping[str, str]) -> Response:
    """What it would do, with a button that does it."""
    try:
        shown = await preview(visit, lambda conn: one.work(conn, visit, about, values))
    except Refused as refused:
        return _refused(visit, one, about, fields, refused)
    kept = {of.name: fields.get(of.name, "") for of in one.fields}  # what goes along unseen to the next step
    return visit.page("preview", change=one, about=about, fields=kept, shown=shown)


def _refused(visit: Visit, one: Change, about: About, fields: Mapping[str, str], refused: Refused) -> Response:
    """The form again, with the refusal beside a field it has, or above them all."""
    at = refused.field or one.refused_at or (one.fields[0].name if one.fields else "")
    known = {of.name for of in one.fields}
    return _form(visit, one, about, fields, {at if at in known else "all": refused})


def _reader(of: Field, about: About) -> Reader:
    if of.reader is not None:
        return of.reader
    offered = [value for value, _ in about.options.get(of.name, ()) if value or not of.needed]
    return optional(one_of(offered), "") if "" in offered else one_of(offered)
