"""How things stand with one of a therapist's own patients: the digest's lines and the picture. Nobody else sees this.

The own form comes first here as in the chat: while it is open, nothing of the patient's is shown.
"""

import asyncio
from functools import partial

from sqlalchemy import Connection
from starlette.responses import Response

from bot import drawing
from bot.chat.pages import build
from bot.config import Config
from bot.core.chart import Chart, for_therapist
from bot.core.digest import Digest
from bot.core.person import Pair
from bot.store import audit, digests, histories, loops, people
from bot.web import found
from bot.web.visit import Missing, Visit

PAGE = "page"
"""In the log: it was shown on the clinic's page, not in the chat."""


def own_pair(conn: Connection, visit: Visit) -> Pair:
    """The pair of this therapist and the patient of the address; Missing for staff, and for anyone else's."""
    pair = found.pair(conn, found.patient(conn, visit))
    if pair is None or pair.therapist.id != visit.who.id:
        raise Missing
    return pair


def standing(conn: Connection, pair: Pair, visit: Visit) -> Digest | None:
    """What the digest would say now; None while the own form is open."""
    if digests.open_forms(conn, pair.id, visit.who.id):
        return None
    return build(conn, pair.id, "", visit.now, visit.config, visit.now)


async def was_read(visit: Visit, pair_id: int, shown: Digest | None) -> None:
    """Keep that it was shown, before it is, and that the patient's own words were: nobody is reminded of them then."""
    if shown is not None and visit.request.method == "GET":  # whoever asks for the head alone sees none
        await visit.site.store.write(_read, visit, pair_id, shown)


def _read(conn: Connection, visit: Visit, pair_id: int, shown: Digest) -> None:
    patient = people.pair_of(conn, pair_id).patient
    audit.note(conn, "digest shown", visit.now, by=visit.who.id, about=patient.id, detail=PAGE)
    loops.words_read(conn, pair_id, [words.local for words in shown.words if words.words is not None])


async def picture(visit: Visit) -> Response:
    """The picture of the pair; drawn in a thread, as that takes a while."""
    patient_id, chart = await visit.read(_chart, visit, visit.config)
    if visit.request.method == "GET":
        note = partial(audit.note, by=visit.who.id, about=patient_id, detail=PAGE)
        await visit.site.store.write(lambda conn: note(conn, "chart shown", visit.now))
    png = await asyncio.to_thread(drawing.png, chart, visit.who.lang)
    return Response(png, media_type="image/png")


def _chart(conn: Connection, visit: Visit, config: Config) -> tuple[int, Chart]:
    pair = own_pair(conn, visit)
    if digests.open_forms(conn, pair.id, visit.who.id):
        raise Missing
    history = histories.history_of(conn, pair.id, visit.now, visit.now)
    chart = for_therapist(pair.patient.code, history, digests.blind(conn, pair.id), config.thresholds)
    return pair.patient.id, chart
