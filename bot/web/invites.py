"""An invite as a sheet to print: a link that works once and its QR code, and on it no name and no code of anybody.

The link is shown in the reply itself, once: the database keeps only its hash, so there is no page to go back to.
"""

import base64
import io
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot import clinic, ids
from bot.clinic import Invited
from bot.core.person import Person
from bot.core.walltime import zone_of
from bot.render import part
from bot.store import logins, people, relinks
from bot.store.people import Refused
from bot.web import found
from bot.web.visit import Sent, Visit, note_edit


class _Shown(Exception):
    """Raised for a form that was sent before: its invite is not made anew."""


async def make(visit: Visit, form: Sent) -> Response:
    """Make an invite for whoever the address names, and show it. What would void something is asked first."""
    who = await visit.read(_who, visit)
    back = BACK[who.role].format(who.code)
    if form.chose("sure") != "yes" and (ask := await visit.read(_to_ask, visit, form, who)):
        return visit.page("invite_ask", code=who.code, role=who.role, back=back, action=visit.request.url.path, **ask)
    try:
        invited = await visit.site.store.write(_made, visit, form, who)
    except Refused as refused:
        return visit.page("invite", 409, code=who.code, back=back, mistakes={"all": refused}, link="", image="")
    except _Shown:
        return visit.page("invite", 409, code=who.code, back=back, link="", image="")
    name = await visit.read(people.bot_name)
    link = invited.link(name or "")
    days = max(1, visit.config.invite.valid.days)
    sheet = {name: part(who.lang, "web/sheet.jinja", name) for name in ("head", "image")}
    sheet |= {"once": part(who.lang, "web/sheet.jinja", "once", days), "lang": who.lang}
    return visit.page("invite", code=who.code, back=back, link=link, image=qr_code(link), sheet=sheet)


BACK = {"patient": "/patients/{}", "therapist": "/therapists", "staff": "/settings"}


def _who(conn: Connection, visit: Visit) -> Person:
    role = visit.request.url.path.split("/")[1]
    of = {"patients": found.patient, "therapists": found.therapist, "staff": found.staff}
    return of[role](conn, visit)


def _to_ask(conn: Connection, visit: Visit, form: Sent, who: Person) -> dict[str, Any]:
    """What a new invite would void, or asks of others; nothing if it voids nothing, or its form was sent before."""
    if logins.sent_before(conn, ids.hashed(form.token)) is not None or who.state == "discharged":
        return {}
    linked, before = who.chat_id is not None, people.invite_of(conn, who.id)
    unused = before is not None and before.expires_at > visit.now
    waiting = relinks.of_person(conn, who.id, visit.now) is not None
    if not (linked or unused or waiting):
        return {}
    pair = found.pair(conn, who) if who.role == "patient" else None
    until = before.expires_at.astimezone(zone_of(visit.config.clinic.zone)) if before and unused else None
    return {"linked": linked, "until": until, "waiting": waiting, "therapist": pair.therapist.code if pair else ""}


def _made(conn: Connection, visit: Visit, form: Sent, who: Person) -> Invited:
    if people.bot_name(conn) is None:
        says = "The bot's name is not known before its first run, so the link would lead nowhere: start the bot first."
        raise Refused(says, "no_bot")
    form_hash = ids.hashed(form.token)
    if logins.sent_before(conn, form_hash) is not None:
        raise _Shown
    invited = clinic.invite(conn, visit.config, who.code, visit.now, relink=who.chat_id is not None)
    logins.keep_sent(conn, form_hash, visit.who, "/", visit.now)
    note_edit(conn, visit)
    return invited


def qr_code(link: str) -> str:
    """The link as a QR code, as an address that holds the whole picture."""
    import segno

    svg = io.BytesIO()
    segno.make(link, error="m").save(svg, kind="svg", scale=6, border=2, xmldecl=False, svgclass=None, lineclass=None)
    return "data:image/svg+xml;base64," + base64.b64encode(svg.getvalue()).decode()
