"""The digests as they were kept, written to files: a text as on the phone, and a page."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, select

from bot.store.columns import AnyRow
from bot.store.tables import digest, pair, person, session


def kept(conn: Connection) -> Sequence[AnyRow]:
    """Every digest that was opened: whose it is, about which session or week, text and HTML as kept."""
    therapist, patient = person.alias("therapist"), person.alias("patient")
    query = (
        select(
            therapist.c.code.label("therapist"), patient.c.code.label("patient"), session.c.local, digest.c.week,
            digest.c.text, digest.c.html,
        )
        .join(therapist, therapist.c.id == digest.c.therapist_id)
        .join(pair, pair.c.id == digest.c.pair_id, isouter=True)
        .join(patient, patient.c.id == pair.c.patient_id, isouter=True)
        .join(session, session.c.id == digest.c.session_id, isouter=True)
        .where(digest.c.text.is_not(None))
        .order_by(digest.c.built_at)
    )  # fmt: skip
    return list(conn.execute(query))


def write(folder: Path, rows: Sequence[AnyRow]) -> list[str]:
    """Write each digest as a text file and a page; their names, without the endings."""
    names = []
    for row in rows:
        name = f"{row.patient}-{row.local[:10]}" if row.patient else f"{row.therapist}-week-{row.week}"
        (folder / f"{name}.txt").write_text(row.text + "\n", "utf-8")
        (folder / f"{name}.html").write_text(row.html, "utf-8")
        names.append(name)
    return names
