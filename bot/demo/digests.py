"""The digests as they were kept, written to files: a text as on the phone, and a page with the pair's picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from bot import drawing
from bot.core.chart import Chart, for_therapist
from bot.core.thresholds import Thresholds
from bot.store import digests, histories
from bot.store.columns import AnyRow
from bot.store.tables import digest, pair, person, session


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A digest that was opened: the name of its files, the text and HTML as kept; `chart` is None for a whole week."""

    name: str
    text: str
    html: str
    chart: Chart | None
    lang: str


def kept(conn: Connection, thresholds: Thresholds, now: datetime) -> list[KeptPage]:
    """Every digest that was opened, in the order in which they were. The pictures are of what is there at `now`."""
    therapist, patient = person.alias("therapist"), person.alias("patient")
    query = (
        select(
            therapist.c.code.label("therapist"), patient.c.code.label("patient"), session.c.local, digest.c.week,
            digest.c.id, digest.c.text, digest.c.html, digest.c.pair_id, session.c.starts_at, therapist.c.lang,
        )
        .join(therapist, therapist.c.id == digest.c.therapist_id)
        .join(pair, pair.c.id == digest.c.pair_id, isouter=True)
        .join(patient, patient.c.id == pair.c.patient_id, isouter=True)
        .join(session, session.c.id == digest.c.session_id, isouter=True)
        .where(digest.c.text.is_not(None))
        .order_by(digest.c.built_at)
    )  # fmt: skip
    return [_page(conn, row, thresholds, now) for row in conn.execute(query).all()]


def _page(conn: Connection, row: AnyRow, thresholds: Thresholds, now: datetime) -> KeptPage:
    text, html = digests.shown(conn, row.id)
    if row.patient is None:
        return KeptPage(f"{row.therapist}-week-{row.week}", text, html, None, row.lang)
    history = histories.history_of(conn, row.pair_id, row.starts_at, now)
    chart = for_therapist(row.patient, history, digests.blind(conn, row.pair_id), thresholds)
    return KeptPage(f"{row.patient}-{row.local[:10]}", text, html, chart, row.lang)


def write(folder: Path, pages: Sequence[KeptPage]) -> list[str]:
    """Write each digest as a text file and a page; their names, without the endings. Draws: not for the event loop."""
    for one in pages:
        html = one.html if one.chart is None else with_picture(one.html, drawing.svg(one.chart, one.lang))
        (folder / f"{one.name}.txt").write_text(one.text + "\n", "utf-8")
        (folder / f"{one.name}.html").write_text(html, "utf-8")
    return [one.name for one in pages]


def with_picture(html: str, svg: str) -> str:
    """The page with the picture above its footer."""
    above, footer, rest = html.rpartition("<footer")
    return f"{above}{svg}\n{footer}{rest}"
