"""What a fortnight has led to, line by line.

Ids and instants at which something happened differ from one run to the next; what was meant does not. Each line names
people by their codes and sessions by their wall times, so that two chronicles can be compared and read.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bot.store.driver import sqlite3
from bot.store.unsealing import unsealed

_WHOSE = """
    SELECT check_in.id AS id, patient.code || ' ' || session.local || ' ' || check_in.kind AS about
    FROM check_in JOIN session ON session.id = check_in.session_id JOIN pair ON pair.id = check_in.pair_id
    JOIN person patient ON patient.id = pair.patient_id
    UNION ALL
    SELECT digest.id, 'digest ' || coalesce(patient.code || ' ' || session.local, digest.week)
    FROM digest LEFT JOIN session ON session.id = digest.session_id LEFT JOIN pair ON pair.id = digest.pair_id
    LEFT JOIN person patient ON patient.id = pair.patient_id
"""
QUERIES = {
    "person": "SELECT code, state, zone, lang, ask_at, ask_every, unreachable_since, chat_id FROM person",
    "consent": "SELECT code, version, consent.lang, agreed FROM consent JOIN person ON person.id = person_id",
    "invite": "SELECT code, used_by IS NOT NULL AS used FROM invite JOIN person ON person.id = person_id",
    "session": """
        SELECT code, local, session.zone, minutes, session.state, confirm FROM session
        JOIN pair ON pair.id = pair_id JOIN person ON person.id = patient_id""",
    "goal": """
        SELECT code, number, words, added_by, retired_at FROM goal
        JOIN pair ON pair.id = pair_id JOIN person ON person.id = patient_id""",
    "check-in": f"""
        WITH whose AS ({_WHOSE}) SELECT code, about, check_in.state, why, late, asks
        FROM check_in JOIN whose USING (id) JOIN person ON person.id = person_id""",
    "answer": f"""
        WITH whose AS ({_WHOSE}) SELECT code, about, local AS filed, questionnaire, version, item, value
        FROM answer JOIN check_in ON check_in.id = check_in_id JOIN whose ON whose.id = check_in_id
        JOIN person ON person.id = person_id JOIN session ON session.id = filed_under""",
    "digest": f"""
        WITH whose AS ({_WHOSE}) SELECT code, about, digest.state, text
        FROM digest JOIN whose USING (id) JOIN person ON person.id = therapist_id""",
    "told": f"""
        WITH whose AS ({_WHOSE}) SELECT code, kind, whose.about,
            CASE WHEN kind = 'reminder' AND outbox.state = 'unknown' THEN 'sent' ELSE outbox.state END AS state
        FROM outbox LEFT JOIN whose ON whose.id = outbox.about JOIN person ON person.id = person_id
        WHERE kind NOT IN ('edit', 'delete')""",
    "left": "SELECT state, error FROM inbox WHERE state != 'done'",
}
"""By the word a line begins with. `told`: each prompt, reminder, digest and notice, once; how often it went out is
counted elsewhere, and screens that hid themselves are left out, as a process that starts late hides them otherwise.
Of a reminder over which a process died nobody knows whether it went; it is not sent again, by design.
"""


def chronicle(database: Path) -> Counter[str]:
    """Everything that must be the same with kills and without, each line as often as it stands there."""
    with unsealed(database) as plain, closing(sqlite3.connect(plain)) as connection:
        connection.row_factory = sqlite3.Row
        rows = ((word, row) for word, query in QUERIES.items() for row in connection.execute(query))
        return Counter(line for word, row in rows for line in _lines(word, row))


def _lines(word: str, row: sqlite3.Row) -> Iterator[str]:
    """A row as a line; of a text each line is one, so that a difference is read where it is."""
    values = dict(row)
    text = values.pop("text", None)
    shown = " ".join(f"{name}={value}" for name, value in values.items() if value is not None)
    yield f"{word} {shown}"
    for number, line in enumerate((text or "").splitlines()):
        yield f"{word} {shown} line {number}: {line}"


def differences(calm: Counter[str], killed: Counter[str]) -> list[str]:
    """What only one of them says."""
    gone = [f"only without kills: {line}" for line in sorted((calm - killed).elements())]
    return gone + [f"only with kills:    {line}" for line in sorted((killed - calm).elements())]
