"""What values of config.toml mean together, and beside the questionnaires: mistakes that no single value shows."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from bot.config_keys import AT_LEAST, BY_LANGUAGE, CHECK_INS
from bot.config_readers import is_loopback
from bot.core.problem import did_you_mean
from bot.core.questionnaire import Questionnaire, Voice, Words
from bot.core.questionnaire_part import listed, shown
from bot.toml.file import TomlFile

MOST_ROWS, MOST_BUTTONS, MOST_WORDS = 26, 100, 2500
WEB_LIBRARIES = ("starlette", "uvicorn", "python_multipart")
MOST_GOALS, BELOW_THE_FORM = 5, 5

Values = dict[str, dict[str, Any]]
"""The values by table and key; one with a mistake of its own is left out."""


def together(file: TomlFile, values: Values, found: Mapping[str, Questionnaire | None]) -> None:
    """What only several values show together."""
    _one_token(file, values["telegram"])
    _web(file, values["web"])
    _answer_on(file, values)
    _call_me(file, values["call_me"])
    _in_order(file, values["findings"])
    spoken = values["clinic"].get("languages", ())
    for table, key in BY_LANGUAGE:
        if key in values[table]:
            values[table][key] = _in_every_language(file, (table, key), values[table][key], spoken)
    for key in CHECK_INS:
        _known_questionnaires(file, key, values["questionnaires"].get(key, ()), found)
    if values["questionnaires"].get("after_session") == ():
        file.wrong(("questionnaires", "after_session"), 'is empty: write at least one, as ["alliance"].')
    _one_message(file, [one for name in values["questionnaires"].get("therapist", ()) if (one := found.get(name))])
    used = {name for key in CHECK_INS for name in values["questionnaires"].get(key, ())}
    for name in sorted(used):
        _speaks(file, found.get(name), spoken)


def _one_token(file: TomlFile, telegram: Mapping[str, Any]) -> None:
    by_variable, by_file = telegram.get("token_env"), telegram.get("token_file")
    if by_variable and by_file:
        says = 'the token is named twice, by token_env and by token_file: set one of the two to "".'
        file.wrong(("telegram", "token_file"), says)
    elif by_variable == "" and by_file == "":
        says = 'nothing says where the token is: write token_env = "ACCORD_TOKEN", or a path after token_file.'
        file.wrong(("telegram", "token_env"), says)


def _web(file: TomlFile, web: Mapping[str, Any]) -> None:
    """That the clinic's page can be served: its libraries are an extra, and only this machine may go without https."""
    if not web.get("enabled"):
        return
    if any(find_spec(library) is None for library in WEB_LIBRARIES):
        says = "needs libraries that are not installed: run pip install 'accord-checkin[web]'."
        file.wrong(("web", "enabled"), says)
    if not is_loopback(web.get("host", "127.0.0.1")) and web.get("public_url") == "":
        says = 'is reached from other machines: add public_url = "https://…", as browsers are to open it.'
        file.wrong(("web", "host"), says)


def _answer_on(file: TomlFile, values: Values) -> None:
    """That a link in the chat leads to a page which a phone can open, and that Telegram takes it."""
    web, path = values["web"], ("chat", "answer_on")
    if values["chat"].get("answer_on") != "page" or "public_url" not in web or "enabled" not in web:
        return
    if not web["enabled"]:
        file.wrong(path, 'is "page", and there is none: write enabled = true under [web], or "chat" here.')
    elif not web["public_url"]:
        says = 'needs an address for phones: under [web] add public_url = "https://…" (to try it: "http://127.0.0.1:8080").'
        file.wrong(path, says)
    elif "." not in (urlsplit(web["public_url"]).hostname or "") and "[" not in web["public_url"]:
        says = "stands in links of the chat, and Telegram takes none without a dot: write a whole name, or 127.0.0.1."
        file.wrong(("web", "public_url"), says)


def _call_me(file: TomlFile, call: Mapping[str, Any]) -> None:
    """A contact needs hours, or nobody knows when the button reaches somebody; a second one needs a first."""
    if call.get("contact") and call.get("hours") == ():
        says = 'nothing says when the contact is there: write hours = "Mon-Fri 08:00-17:00".'
        file.wrong(("call_me", "hours"), says)
    if call.get("second") and call.get("contact") == "":
        file.wrong(("call_me", "contact"), "is empty, and there is a second one: name who is told first.")
    if call.get("second") and call.get("second") == call.get("contact"):
        file.wrong(("call_me", "second"), "is the first contact too: name somebody else, or nobody.")


def _in_order(file: TomlFile, findings: Mapping[str, Any]) -> None:
    for larger, smaller in AT_LEAST:
        if larger in findings and smaller in findings and findings[larger] < findings[smaller]:
            says = f"is {findings[larger]:g}, less than {smaller} = {findings[smaller]:g}: make it at least as large."
            file.wrong(("findings", larger), says)


def _in_every_language(file: TomlFile, path: tuple[str, str], words: Words, spoken: tuple[str, ...]) -> Words:
    """The words for each language of the clinic. A contact may be one text for all: often it is just a number."""
    if "" in words:
        if len(spoken) > 1 and path != ("clinic", "contact"):
            example = ", ".join(f'{one} = "…"' for one in spoken)
            file.wrong(path, f"is in one language, and clinic.languages has {listed(spoken)}: write {{ {example} }}.")
        return dict.fromkeys(spoken, words[""])
    if path != ("consent", "add") or words:
        for language in spoken:
            if language not in words:
                says = f'is missing (clinic.languages has {language}): add {language} = "…".'
                file.missing((*path, language), says)
    return {language: words[language] for language in spoken if language in words}


def _known_questionnaires(
    file: TomlFile, key: str, names: tuple[str, ...], found: Mapping[str, Questionnaire | None]
) -> None:
    """That a check-in's questionnaires exist and ask its side something. One with mistakes of its own is left be."""
    side: Voice = "therapist" if key == "therapist" else "patient"
    # Without any file it is the folder that is wrong, and that is said once.
    for index, name in enumerate(names if found else ()):
        path = ("questionnaires", key, index)
        if name not in found:
            hint = did_you_mean(name, found) or f" There is: {listed(sorted(found))}."
            file.wrong(path, f"there is no questionnaire {shown(name)} in the folder.{hint}")
        elif (one := found[name]) is not None and not one.items_for(side):
            file.wrong(path, f"{shown(name)} asks the {side} nothing: take it out, or add {side}.en to its items.")


def _one_message(file: TomlFile, asked: Sequence[Questionnaire]) -> None:
    if says := too_large(asked):
        file.wrong(("questionnaires", "therapist"), says)


def too_large(asked: Sequence[Questionnaire]) -> str:
    """Why a therapist's form does not fit one message: a letter for each row, a hundred buttons, 4096 characters."""
    items = [item for one in asked for item in one.items_for("therapist")]
    buttons = sum(len(item.choices) + (MOST_GOALS if item.choices_from else 0) for item in items) + BELOW_THE_FORM
    words = sum(max(map(len, item.wording["therapist"].values()), default=0) for item in items)
    if len(items) <= MOST_ROWS and buttons <= MOST_BUTTONS and words <= MOST_WORDS:
        return ""
    return (
        f"the therapist's form is one message: {MOST_ROWS} questions with {MOST_BUTTONS} buttons and {MOST_WORDS} "
        f"letters fit, and here are {len(items)}, {buttons} and {words}: take a questionnaire out."
    )


def unspoken(questionnaire: Questionnaire, spoken: Sequence[str]) -> list[str]:
    """The clinic's languages in which a questionnaire is not written."""
    return [language for language in spoken if language not in questionnaire.languages]


def _speaks(file: TomlFile, questionnaire: Questionnaire | None, spoken: tuple[str, ...]) -> None:
    for language in unspoken(questionnaire, spoken) if questionnaire else ():
        assert questionnaire is not None
        says = f"the questionnaire {shown(questionnaire.id)} is not written in {language}: add {language} to it, "
        file.wrong(("clinic", "languages"), says + "or take the language out here.")
