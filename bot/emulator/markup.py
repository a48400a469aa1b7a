"""Text as Telegram counts it: HTML to text and entities, UTF-16 offsets, trimming, length limits. Pure."""

import re
from dataclasses import dataclass
from typing import Any

from bot.emulator.refuse import Refusal, bad_request

Json = dict[str, Any]

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
OTHER_TYPES = "expandable_blockquote mention hashtag cashtag bot_command url email phone_number text_mention"
ENTITY_TYPES = frozenset([*TAGS.values(), *OTHER_TYPES.split()])
NAMED = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"'}
SPACES = " \t\n\r\v\f"
# A tag ends at the first ">" outside quotes; the alternatives never overlap, so this stays linear.
PIECE = re.compile(r"""<(?:"[^"]*"|'[^']*'|[^>"'])*>?|&#?\w+;|[^<&]+|[<&]""")
ATTRIBUTE = re.compile(r"""([^\s=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"']+))?""")
COMMAND = re.compile(r"(?:^|(?<=\s))/[A-Za-z0-9_]{1,64}(?:@\w+)?")


@dataclass(slots=True)
class _Open:
    tag: str
    attributes: dict[str, str]
    start: int
    at: int


def units(text: str) -> int:
    """Length in UTF-16 code units, as entity offsets count."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def commands_in(text: str) -> list[Json]:
    """The bot_command entities of what a person typed."""
    if "/" not in text:  # the expression tries every letter, and a flood of long messages is all letters
        return []
    return [
        {"type": "bot_command", "offset": units(text[: m.start()]), "length": len(m[0])} for m in COMMAND.finditer(text)
    ]


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Text and entities of Telegram's HTML; raises its 'can't parse entities' refusals."""
    text, offset = "", 0
    stack: list[_Open] = []
    entities: list[Json] = []
    for piece in PIECE.finditer(source):
        token = piece[0]
        if token.startswith("</"):
            if entity := _end(token, stack, offset, text, source[: piece.start()]):
                entities.append(entity)
        elif token.startswith("<"):
            stack.append(_start(token, offset, len(text), source[: piece.start()]))
        else:
            text += _decoded(token)
            offset += units(_decoded(token))
    if stack:
        raise _unparsable(f'Can\'t find end tag corresponding to start tag "{stack[-1].tag}"')
    return text, sorted(entities, key=lambda e: (e["offset"], -e["length"]))


def _decoded(token: str) -> str:
    if token.startswith("&#"):
        digits = token[2:-1].lower()
        try:
            code = int(digits[1:], 16) if digits.startswith("x") else int(digits)
            return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else token
        except ValueError:
            return token
    return NAMED.get(token, token)


def _start(token: str, offset: int, at: int, before: str) -> _Open:
    where = f"at byte offset {len(before.encode())}"
    name = re.split(r"[\s>]", token[1:], maxsplit=1)[0].lower()
    if token == "<" + name:
        raise _unparsable(f"Unclosed start tag {where}")
    if name not in TAGS:
        raise _unparsable(f'Unsupported start tag "{name}" {where}')
    if not token.endswith(">"):
        raise _unparsable(f'Unclosed start tag "{name}" {where}')
    found = ATTRIBUTE.findall(token[1 + len(name) : -1])
    attributes = {key.lower(): _attribute(value) for key, value in found}
    if name == "span" and attributes.get("class") != "tg-spoiler":
        raise _unparsable(f'Tag "span" must have class "tg-spoiler" {where}')
    return _Open(name, attributes, offset, at)


def _attribute(value: str) -> str:
    bare = value[1:-1] if value[:1] in ('"', "'") else value
    return re.sub(r"&#?\w+;", lambda found: _decoded(found[0]), bare)


def _end(token: str, stack: list[_Open], offset: int, text: str, before: str) -> Json | None:
    where = f"at byte offset {len(before.encode())}"
    if not stack:
        raise _unparsable(f"Unexpected end tag {where}")
    if not token.endswith(">"):
        raise _unparsable(f"Unclosed end tag {where}")
    opened, name = stack.pop(), token[2:-1].strip().lower()
    if name not in ("", opened.tag):
        raise _unparsable(f'Unmatched end tag {where}, expected "</{opened.tag}>", found "</{name}>"')
    if offset == opened.start:
        return None
    entity = _entity(opened, text[opened.at :], stack[-1] if stack else None)
    return entity and {"offset": opened.start, "length": offset - opened.start, **entity}


def _entity(opened: _Open, inner: str, parent: _Open | None) -> Json | None:
    given = opened.attributes
    match opened.tag:
        case "a":
            return _link(given.get("href") or inner)
        case "code" if parent and parent.tag == "pre":
            parent.attributes["language"] = given.get("class", "").removeprefix("language-")
            return None
        case "pre" if given.get("language"):
            return {"type": "pre", "language": given["language"]}
        case "blockquote" if "expandable" in given:
            return {"type": "expandable_blockquote"}
        case "tg-emoji":
            return {"type": "custom_emoji", "custom_emoji_id": given.get("emoji-id", "")}
        case "tg-time" if given.get("unix", "").isdecimal():
            return {"type": "date_time", "unix_time": int(given["unix"])}
    return {"type": TAGS[opened.tag]} if opened.tag != "tg-time" else None


def _link(url: str) -> Json | None:
    if re.match(r"[a-z]+://|mailto:|tel:", url):
        return {"type": "text_link", "url": url}
    return {"type": "text_link", "url": f"http://{url}"} if "." in url else None


def _unparsable(words: str) -> Refusal:
    return bad_request(f"can't parse entities: {words}")


def check_entities(text: str, entities: list[Any]) -> list[Json]:
    """Entities given by the bot, kept as given when they lie inside the text on whole characters."""
    ends, total = {0}, 0
    for character in text:
        total += 1 + (character > "\uffff")
        ends.add(total)
    for entity in entities:
        _check_entity(entity, ends, total)
    return entities


def _check_entity(entity: Any, ends: set[int], total: int) -> None:
    if not isinstance(entity, dict) or entity.get("type") not in ENTITY_TYPES:
        raise _unparsable("an entity must be an Object with a known type")
    offset, length = entity.get("offset"), entity.get("length")
    if type(offset) is not int or type(length) is not int or length < 1:
        raise _unparsable("an entity needs a whole offset and a length of at least 1")
    start = f"entity beginning at UTF-16 offset {offset}"
    if offset < 0 or offset + length > total:
        raise bad_request(f"{start} ends after the end of the text at UTF-16 offset {total}")
    if offset not in ends or offset + length not in ends:
        raise bad_request(f"{start} begins or ends in a middle of a UTF-16 symbol")


def trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Text without white space around it, entities moved along, as Telegram stores it."""
    lead = len(text) - len(text.lstrip(SPACES))
    if lead and entities:
        # Leading space inside an entity stays; up to there every character is one unit.
        lead = min(lead, min(e["offset"] for e in entities))
    short = text[lead:].rstrip(SPACES)
    if short == text or not entities:
        return short, entities
    end = units(short)
    moved = [{**e, "offset": e["offset"] - lead} for e in entities if e["offset"] - lead < end]
    return short, [{**e, "length": min(e["length"], end - e["offset"])} for e in moved]


def formatted(text: str, parse_mode: str | None, entities: list[Any] | None) -> tuple[str, list[Json]]:
    """What the reader gets: parsed or given entities, trimmed."""
    if parse_mode and not entities:
        if parse_mode.lower() in ("markdown", "markdownv2"):
            raise bad_request(f"parse_mode {parse_mode} is not offered by this emulator; use HTML or entities")
        if parse_mode.lower() != "html":
            raise bad_request("unsupported parse_mode")
        return trimmed(*parse_html(text))
    return trimmed(text, check_entities(text, entities) if entities else [])
