"""What was sent, as files for other programs; questionnaires of other programs, as drafts. Own words stay here."""

import csv
import io
import json
import re
import zipfile
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from bot import clinic_people, exporting
from bot.config import Config
from bot.core.cells import cell, typed
from bot.core.draft import CHOICES, NAME
from bot.core.fhir import Style, questionnaire
from bot.core.fhir_check import mistakes
from bot.core.questionnaire import VOICES
from bot.drafting import draft
from bot.questionnaire_folder import read_questionnaire
from bot.store.people import Refused
from tests.conftest import BEGINS, PHONES, Clinic, Someone, copied, opened

FORMULA = "=cmd|'/C calc'!A0"
ALONE = "I will bring it up myself"
FORMATS = ("long", "wide", "xlsx", "fhir")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def answered(example: Config, enrolled: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clinic]:
    """Anna and Tomas answered about one session, Anna with a formula for Tomas; Clara wrote something for herself."""
    database = copied(enrolled, tmp_path_factory.mktemp("answered"))
    async with opened(example, database, BEGINS, 200_000_001) as clinic:
        for code in PHONES:
            clinic[code].phone.person.started = True
        for code in ("P-014", "P-021"):
            await clinic.session(code)
        await clinic.until("2026-11-03T16:00")
        await clinic["T-1"].taps("Begin", "A 4", "B 5", "Send")
        for code, words, whom in (("P-014", FORMULA, "For my therapist"), ("P-021", "mine alone", ALONE)):
            await fills(clinic[code], words, whom)
        yield clinic


async def fills(patient: Someone, words: str, whom: str) -> None:
    """A form with own words, one rating skipped, and the form after the first session."""
    await patient.taps("Begin")
    await patient.rates(4, 4, 3, 2, 5, 0)
    await patient.says(words)
    await patient.taps(whom, "Fully")
    await patient.says("hope of sleep")
    await patient.taps("Fully", "Not yet talked about", "Send")


once = pytest.mark.asyncio(loop_scope="module")


async def export(clinic: Clinic, form: str, folder: Path, **wanted: Any) -> bytes:
    """The bytes of an export."""

    def read(conn: Connection) -> bytes:
        file = folder / f"{form}-{len(list(folder.iterdir()))}"
        exporting.export(conn, clinic.config, form, file, clinic.clock.now(), **wanted)  # type: ignore[arg-type]
        assert file.stat().st_mode & 0o777 == 0o600
        return file.read_bytes()

    return await clinic.stage.app.store.read(read)


def table(data: bytes) -> list[dict[str, str]]:
    """The rows of a CSV."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def cells_of(data: bytes) -> str:
    """What stands in the cells of a workbook, as XML."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        found = [book.read(name).decode() for name in book.namelist() if re.search("sharedStrings|/sheet", name)]
    return "".join(one.partition("?>")[2] for one in found)


# ------------------------------------------------------------------------------------------------ coded


@once
async def test_coded_nothing_tells_words_days_or_chats(answered: Clinic, tmp_path: Path) -> None:
    for form in FORMATS:
        data = await export(answered, form, tmp_path)
        told = cells_of(data) if form == "xlsx" else data.decode()
        found = [word for word in ("calc", "alone", "hope of", "2026-11", "T-1", "Anna", "chat") if word in told]
        assert (form, found) == (form, [])
        assert "P-014" in told


@once
async def test_long_has_a_row_for_each_answer(answered: Clinic, tmp_path: Path) -> None:
    rows = table(await export(answered, "long", tmp_path, patient="P-014"))
    by_item = {(row["side"], row["questionnaire"], row["item"]): row for row in rows}
    assert (
        by_item["patient", "alliance", "tasks_2"] | {"label": "A little", "value": "2", "version": "1"}
        == (by_item["patient", "alliance", "tasks_2"])
    )
    assert by_item["patient", "alliance", "bond_2"]["status"] == "skipped"
    assert by_item["patient", "alliance", "own_words"]["status"] == "left out"
    assert by_item["therapist", "alliance", "goals_2"]["value"] == "5"
    assert {row["record_id"] for row in rows} == {"P-014"}


@once
async def test_identified_has_words_and_days_but_never_what_was_for_oneself(answered: Clinic, tmp_path: Path) -> None:
    rows = table(await export(answered, "long", tmp_path, identified=True))
    words = [row["value"] for row in rows if row["item"] == "own_words"]
    assert [typed(one) for one in words] == [FORMULA]
    assert words == [f"'{FORMULA}"]
    assert {row["session_starts"] for row in rows} == {"2026-11-03T14:00"}
    assert not [row for row in rows if row["record_id"] == "P-021" and row["item"].endswith(("words", "for"))]
    book = cells_of(await export(answered, "xlsx", tmp_path, identified=True))
    assert "<f>" not in book
    assert "<t>=cmd|" in book


@once
async def test_wide_has_a_row_for_each_session_and_begins_with_record_id(answered: Clinic, tmp_path: Path) -> None:
    data = await export(answered, "wide", tmp_path)
    assert data.startswith(b"record_id,redcap_repeat_instrument,redcap_repeat_instance,")
    anna, clara = table(data)
    assert (anna["record_id"], anna["redcap_repeat_instance"], anna["pt_alliance_tasks_2"]) == ("P-014", "1", "2")
    assert (anna["th_alliance_goals_1"], anna["pt_start_say"], clara["th_alliance_goals_1"]) == ("4", "not_yet", "")


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "kept.csv").write_text("mine")
    with pytest.raises(Refused, match="there already"):
        exporting.write_new(tmp_path / "kept.csv", b"other")
    with pytest.raises(Refused, match="cannot be written"):
        exporting.write_new(tmp_path / "none" / "kept.csv", b"other")
    assert (tmp_path / "kept.csv").read_text() == "mine"


# ------------------------------------------------------------------------------------------------ formulas


@given(st.text("'=+-@\t\r\n ＝a1", max_size=8))
def test_no_words_begin_a_formula_and_all_come_back(text: str) -> None:
    written = str(cell(text))
    assert written.strip()[:1] not in ("=", "+", "-", "@", "＝") or not written.strip()
    assert typed(written) == text


# ------------------------------------------------------------------------------------------------ FHIR


@once
async def test_fhir_has_questions_answers_and_scores(answered: Clinic, tmp_path: Path) -> None:
    kept = json.loads(await export(answered, "fhir", tmp_path, identified=True, base="https://clinic.example/fhir/"))
    found: dict[str, list[Any]] = {}
    for entry in kept["entry"]:
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    forms = {one["url"] for one in found["Questionnaire"]}
    assert "https://clinic.example/fhir/Questionnaire/alliance-therapist" in forms
    assert {one["questionnaire"].partition("|")[0] for one in found["QuestionnaireResponse"]} <= forms
    assert all(one["authored"].endswith("+00:00") for one in found["QuestionnaireResponse"])
    scores = {one["id"]: one["valueQuantity"]["value"] for one in found["Observation"]}
    assert (scores["P-014-1-alliance-tasks"], scores["P-014-1-alliance-goals"]) == (2.5, 4.0)
    assert "P-014-1-alliance-bond" not in scores
    assert mistakes(kept) == []


SPOILS = [
    ("Questionnaire", "status", "activ", "none of its codes"),
    ("Questionnaire", "name", "how we", "not one for a machine"),
    ("QuestionnaireResponse", "status", "done", "none of its codes"),
    ("QuestionnaireResponse", "item", [{"linkId": "nowhere"}], "which is not asked"),
    ("Observation", "status", "finished", "none of its codes"),
    ("Observation", "category", [], "survey"),
    ("Observation", "valueQuantity", {}, "has no value"),
    ("Observation", "id", "a_b", "at most 64"),
]


@once
async def test_what_the_library_lets_through_is_found(answered: Clinic, tmp_path: Path) -> None:
    data = await export(answered, "fhir", tmp_path)
    for kind, key, value, says in SPOILS:
        kept = json.loads(data)
        next(entry["resource"] for entry in kept["entry"] if entry["resource"]["resourceType"] == kind)[key] = value
        assert says in " ".join(mistakes(kept)), (kind, key)
    kept = json.loads(data)
    asked = next(e["resource"] for e in kept["entry"] if e["resource"]["id"] == "alliance-patient")["item"]
    asked[0]["type"], asked[1]["linkId"] = "likert", asked[2]["linkId"]
    assert {"likert", "2 times"} <= {word for word in ("likert", "2 times") if word in " ".join(mistakes(kept))}


def test_every_shipped_questionnaire_is_valid_for_both_sides(example: Config) -> None:
    from fhir.resources.R4B.questionnaire import Questionnaire

    forms = [
        questionnaire(form, voice, Style("https://a.example", lang))
        for form in example.questionnaires.by_id.values()
        for voice, lang in zip(VOICES, ("en", "es"), strict=True)
        if form.items_for(voice)
    ]
    assert mistakes({"type": "collection", "entry": [{"resource": form} for form in forms]}) == []
    assert all(Questionnaire.model_validate(form) for form in forms)


@once
async def test_the_dictionary_knows_every_variable_of_the_wide_table(answered: Clinic, tmp_path: Path) -> None:
    wide = await export(answered, "wide", tmp_path, identified=True)
    data = await export(answered, "dictionary", tmp_path)
    rows = {row[NAME]: row for row in table(data)}
    assert len(data.decode().splitlines()[0].split(",")) >= 18
    assert next(iter(rows)) == "record_id"
    named = {name.partition("___")[0] for name in table(wide)[0]}
    assert {n for n in named if n.startswith(("pt_", "th_")) and not n.endswith(("_words", "_hopes"))} <= rows.keys()
    assert rows["pt_alliance_goals_1"][CHOICES].startswith("1, Not at all | 2, A little")
    assert rows["th_homework_done_last"][CHOICES].startswith("0, None")
    (tmp_path / "own.csv").write_bytes(data)
    assert draft(tmp_path / "own.csv", tmp_path / "own.toml", "patient", "en")[1] == []


@once
async def test_only_what_is_wanted_is_in_it(answered: Clinic, tmp_path: Path) -> None:
    of = {row["record_id"] for row in table(await export(answered, "long", tmp_path, therapist="T-2"))}
    assert of == {"P-021"}
    await answered["P-021"].says("/stop")
    await answered["P-021"].taps("Yes, stop")
    assert {row["record_id"] for row in table(await export(answered, "wide", tmp_path))} == {"P-014"}
    assert table(await export(answered, "wide", tmp_path, patient="P-021"))[0]["record_id"] == "P-021"
    for wanted in ({"first": date(2026, 11, 20)}, {"last": date(2026, 11, 1)}, {"therapist": "T-9"}):
        with pytest.raises(Refused):
            await export(answered, "long", tmp_path, **wanted)


@once
async def test_a_second_pair_begins_its_numbers_anew(answered: Clinic, tmp_path: Path) -> None:
    values = (answered.config, "P-014", "T-2", False)
    await answered.desk(clinic_people.transfer, *values, answered.clock.now())
    await answered.session("P-014", "2026-11-10T14:00")
    await answered.until("2026-11-10T16:00")
    await fills(answered["P-014"], "anew", "For my therapist")
    rows = table(await export(answered, "wide", tmp_path, patient="P-014"))
    assert [(row["pair"], row["session"], row["redcap_repeat_instance"]) for row in rows] == [
        ("1", "1", "1"), ("2", "1", "2"),
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------ drafts

HEADER = (
    "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,"
    '"Choices, Calculations, OR Slider Labels",Text Validation Type OR Show Slider Number,'
    "Branching Logic (Show field only if...)\n"
)
REDCAP = HEADER + (
    "record_id,sleep_form,,text,Record ID,,,\n"
    'rested,sleep_form,,radio,How <b>rested</b>?,"0, Not at all | 1, Partly | 2, Fully",,\n'
    "help,sleep_form,,radio,What helped?,\"tea, Tea | walk, A walk\",,[rested] = '2'\n"
    'aids,sleep_form,,checkbox,Which aids?,"1, Light | 2, Noise",,[rested] > 1\n'
    "says,sleep_form,Last,notes,Anything else?,,,\n"
    "sum,sleep_form,,calc,Sum,[rested],,\n"
)


def test_a_redcap_dictionary_becomes_a_draft(tmp_path: Path) -> None:
    (tmp_path / "sleep.csv").write_text(REDCAP)
    told, problem = draft(tmp_path / "sleep.csv", tmp_path / "sleep.toml", "patient", "en")
    assert problem == []
    assert [note.partition(":")[2][:20] for note in told[1:]]
    assert {"aids", "says", "sum"} == {note.split(": ")[1] for note in told if note.startswith("left to you")}
    made = read_questionnaire(tmp_path / "sleep.toml", "sleep.toml")[1]
    assert made is not None
    assert [(item.id, item.kind) for item in made.items] == [
        ("rested", "scale"), ("help", "choice"), ("aids", "many"), ("says", "text"),
    ]  # fmt: skip
    assert made.item("rested").wording["patient"]["en"] == "How rested ?"
    assert made.item("help").only_if is not None
    assert made.item("help").only_if.among == (2,)  # type: ignore[union-attr]


def test_our_own_fhir_comes_back_as_a_draft(example: Config, tmp_path: Path) -> None:
    form = example.questionnaires.by_id["homework"]
    data = questionnaire(form, "patient", Style("https://a.example", "en"))
    (tmp_path / "in.json").write_text(json.dumps(data))
    _, problem = draft(tmp_path / "in.json", tmp_path / "out.toml", "patient", "en")
    made = read_questionnaire(tmp_path / "out.toml", "out.toml")[1]
    assert problem == []
    assert made is not None
    assert [(item.id, item.kind, item.wording["patient"]["en"]) for item in made.items] == [
        (item.id, item.kind, item.wording["patient"]["en"]) for item in form.items
    ]
    assert made.item("done").choices == tuple(
        type(choice)(choice.id, {"en": choice.label["en"]}) for choice in form.item("done").choices
    )


BAD = {
    "none.json": (None, "cannot be read"),
    "list.json": ("[]", "no FHIR Questionnaire"),
    "deep.json": ("[" * 100_000, "no JSON"),
    "cut.json": ('{"resourceType": "Questionnaire"', "no JSON"),
    "patient.json": ('{"resourceType": "Patient"}', "no FHIR Questionnaire"),
    "empty.json": ('{"resourceType": "Questionnaire"}', "no question"),
    "odd.json": ('{"resourceType": "Questionnaire", "item": [1, {"item": {}}, {"type": "choice", "answerOption": [0],'
                 ' "enableWhen": [3], "linkId": null}, {"type": [], "text": {}}]}', None),
    "names.csv": ("a,b\n1,2\n", "no REDCap dictionary"),
    "quote.csv": (HEADER + 'x,"y', "no table"),
    "short.csv": (HEADER + "x\n", "no question"),
    "large.csv": ("x" * 1_000_001, "larger than 1 MB"),
    "latin.csv": ("\udce9", "not in UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_one_sentence_and_no_draft(name: str, tmp_path: Path) -> None:
    text, says = BAD[name]
    if text is not None:
        (tmp_path / name).write_text(text, "utf-8", "surrogateescape")
    _, problem = draft(tmp_path / name, tmp_path / "out.toml", "patient", "en")
    assert (problem == []) is (says is None)
    assert says is None or says in problem[0]
    assert (tmp_path / "out.toml").exists() is (says is None)
