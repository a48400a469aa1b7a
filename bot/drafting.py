"""`accord import`: a questionnaire of another program -> a file of ours, as a draft to read."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from bot.core.draft import NAME, REDCAP, Draft, from_fhir, from_redcap, toml_text
from bot.core.questionnaire import Voice
from bot.exporting import write_new
from bot.questionnaire_folder import read_questionnaire
from bot.store.people import Refused

MOST_BYTES = 1_000_000


def draft(source: Path, file: Path, voice: Voice, lang: str) -> tuple[list[str], list[str]]:
    """Write the draft; what is to be looked at, and why there is none."""
    try:
        made = _read(source)
        write_new(file, toml_text(made, voice, lang).encode())
    except Refused as why:
        return [], [str(why)]
    mistakes = read_questionnaire(file, file.name)[0].mistakes
    told = [f"{file}: a draft of {len(made.items)} questions. Read it, and write source, licence and measures."]
    return [*told, *(f"left to you: {note}" for note in made.notes), *map(str, mistakes)], []


def _read(source: Path) -> Draft:
    try:
        if source.stat().st_size > MOST_BYTES:
            raise Refused(f"{source.name} is larger than 1 MB: this is no questionnaire.")
        text = source.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(f"{source.name} is not in UTF-8: save it so, and import that.") from None
    except (OSError, ValueError) as error:
        raise Refused(f"{source} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    made = _of_json(text, source) if source.suffix.lower() == ".json" else _of_csv(text, source)
    if not made.items:
        raise Refused(f"{source.name}: there is no question in it that could be taken over.")
    return made


def _of_json(text: str, source: Path) -> Draft:
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(f"{source.name} is no JSON that can be read.") from None
    if not isinstance(data, dict) or data.get("resourceType") != "Questionnaire":
        raise Refused(f'{source.name} is no FHIR Questionnaire: its "resourceType" must say so.')
    return from_fhir(data, source.stem)


def _of_csv(text: str, source: Path) -> Draft:
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as wrong:
        raise Refused(f"{source.name} is no table ({wrong}): export the dictionary from REDCap as CSV.") from None
    missing = [name for name in REDCAP if name not in (rows[0] if rows else {})]
    if missing:
        raise Refused(f'{source.name} is no REDCap dictionary: there is no column "{missing[0]}".')
    return from_redcap([{k: v for k, v in row.items() if k and isinstance(v, str)} for row in rows if row[NAME]],
                       source.stem)  # fmt: skip
