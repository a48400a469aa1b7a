"""What is wrong with a statement that is no TOML, in words that say what to type instead."""

import re
from collections.abc import Callable

from bot.toml.scan import ASSIGNMENT, FIRST_WORD, Statement

CURLY = re.compile(r"[“”„‟‘’‚‛«»]")
TIME = re.compile(r"(\d{1,2}:\d{2})\s*(?:#.*)?$")
COMMA_NUMBER = re.compile(r"([+-]?\d+),(\d+)\s*(?:#.*)?$")
ANY_FLAG = re.compile(r"(?i)(true|yes|on|false|no|off)\s*(?:#.*)?$")
NUMBER = re.compile(r"[+-]?[\d_.]+([eE][+-]?\d+)?$")
STRAIGHT_TEXT = re.compile(r"""("(?:\\.|[^"\\\n])*"|'[^'\n]*')""")


def explain(statement: Statement, source: str, message: str) -> str:
    """The sentence for a statement (its text is `source`) that tomllib refused with `message`."""
    if statement.heading:
        return _heading(source, statement, message)
    for says in (_flaw(statement, source), _twice(message), _value(source), _inside(source, message)):
        if says:
            return says
    return f"this is not TOML ({message.lower()}): compare config.example.toml and the files in questionnaires/."


def _heading(source: str, statement: Statement, message: str) -> str:
    name = ".".join(step for step in statement.path if isinstance(step, str)) or "name"
    brackets = f"[[{name}]]" if source.lstrip().startswith("[[") else f"[{name}]"
    if "declare" in message or "overwrite" in message or "mutate" in message:
        if brackets == "[item]":
            return "[item] stands twice: write [[item]], with two brackets on each side, above every item."
        return f"the table {brackets} stands twice, or is a key already: put all its keys under one heading."
    if statement.flaw == "heading":
        return f"a heading needs its closing bracket and nothing after it: write {brackets}."
    if statement.flaw == "deep":
        return "has too many dots: a heading goes at most 6 levels deep."
    return f"this heading is not TOML ({message.lower()}): write {brackets}."


def _flaw(statement: Statement, source: str) -> str | None:
    """What the scanner has seen."""
    value = _value_of(source)
    if statement.flaw == "equals":
        return _no_equals(source)
    if CURLY.match(value) or _curly_in_list(source):
        return 'curly quotes: type straight ones (").'
    if statement.flaw == "quote":
        return 'missing closing quote: write one straight quote (") on each side of the text.'
    if statement.flaw == "bracket" and value.startswith("{"):
        return "a { … } opens and closes on one line: join its lines, or add the missing closing bracket }."
    if statement.flaw == "bracket":
        return "missing closing bracket: end the list with ]."
    if statement.flaw == "deep":
        return "is nested too deep: at most 6 levels of brackets or dots are read."
    return None


def _no_equals(source: str) -> str:
    bare = source.strip()
    word = FIRST_WORD.match(bare)
    rest = bare[word.end() :].lstrip() if word else ""
    if word is None or not word.group().isascii() or (rest and not re.match(r"[:\"'“”\w\[{]", rest)):
        return "a key has only letters a-z, digits, _ and -: rename it, or put # before the line if it is a remark."
    if rest.startswith(":"):
        return f"a colon after the key: write = instead, {word.group()} = …"
    return f"missing = between the key and its value: write {word.group()} = … (or # before a remark)."


def _twice(message: str) -> str | None:
    if "overwrite" in message or "Duplicate" in message or "mutate" in message:
        return "this key stands twice in its table: keep one of the two and take the other out."
    return None


def _value_of(source: str) -> str:
    assigned = ASSIGNMENT.match(source)
    return source[assigned.end() :].strip() if assigned else ""


def _curly_in_list(source: str) -> bool:
    """Whether a list or inline table holds curly quotes outside of straight ones."""
    value = _value_of(source)
    return value[:1] in ("[", "{") and bool(CURLY.search(STRAIGHT_TEXT.sub("", value)))


def _value(source: str) -> str | None:
    """What a value that stands without quotes should look like."""
    value = _value_of(source)
    if not value or value.startswith("#"):
        return 'nothing stands after the =: write a value, "" for an empty text.'
    if found := TIME.match(value):
        return f'a time needs quotes: write "{found.group(1)}".'
    if found := COMMA_NUMBER.match(value):
        return f"a number has a point, not a comma: write {found.group(1)}.{found.group(2)}."
    if found := ANY_FLAG.match(value):
        meant = "true" if found.group(1).lower() in ("true", "yes", "on") else "false"
        return f"write {meant}, in small letters and without quotes (or put quotes around it if it is text)."
    return _unquoted(value)


def _unquoted(value: str) -> str | None:
    plain = value.split("#")[0].strip()
    if plain[:1] in ("'", '"', "[", "{") or NUMBER.fullmatch(plain):
        return None
    if plain.endswith(('"', "'")):
        return 'missing opening quote: write one straight quote (") on each side of the text.'
    return f'text needs quotes: write "{plain[:60]}".'


Sign = Callable[[str, str], bool]

INSIDE: tuple[tuple[Sign, str], ...] = (
    (
        lambda _, message: "Unescaped" in message or "hex" in message,
        "a backslash in double quotes: use / in paths, or single quotes around the text.",
    ),
    (
        lambda source, message: "Unclosed array" in message or _value_of(source).startswith("["),
        "the list is not well formed: put a comma between two entries, quotes around each text, and one ] at its end.",
    ),
    (
        lambda source, message: "inline table" in message or _value_of(source).startswith("{"),
        'the table in { } is not well formed: write { en = "…", es = "…" }, no comma after the last.',
    ),
    (
        lambda _, message: "Expected newline" in message,
        "something stands after the value: take it out, or put # before it if it is a remark.",
    ),
    (
        lambda _, message: "Unterminated" in message,
        'missing closing quote: write one straight quote (") on each side of the text.',
    ),
)


def _inside(source: str, message: str) -> str | None:
    """What is wrong inside a value that begins well."""
    return next((says for sign, says in INSIDE if sign(source, message)), None)
