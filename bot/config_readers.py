"""How a value of config.toml is read: a TOML value -> what the program works with, or a refusal with the remedy."""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import date, time, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.core.call import Hours, NoHours, parse_hours
from bot.core.problem import did_you_mean
from bot.core.questionnaire import LANGUAGES
from bot.core.questionnaire_part import foreign, ill_text, kind_of, listed, shown, unknown
from bot.core.retention import Span
from bot.core.zones import misnamed

TOKEN = re.compile(r"\d{6,12}:[\w-]{30,}")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LONGEST_DURATION = timedelta(days=366)
UNITS = {
    "s": timedelta(seconds=1),
    "sec": timedelta(seconds=1),
    "second": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "minute": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
DURATION = re.compile(r"([0-9]{1,7}) ?([A-Za-z]+)")
LASTING = re.compile(r"([0-9]{1,5}) ?(days?|years?)")
MOST_YEARS = 100
CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
SYSLOG = re.compile(r"unix:/\S{1,100}|udp:\S+:\d{1,5}")
ADDRESS = re.compile(r"https?://[^\s/@]+(?:/\S*)?")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,15}")
URL = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Refused(Exception):
    """A value that cannot be read: a sentence with the remedy, and the steps to the place inside the value."""

    def __init__(self, says: str, *steps: str | int) -> None:
        super().__init__(says)
        self.mistakes: list[tuple[str, tuple[str | int, ...]]] = [(says, steps)]


Reader = Callable[[object], Any]


def each(found: Sequence[tuple[Reader, object, str | int]]) -> list[Any]:
    """Reads every value at its step; refuses with the mistakes of all of them."""
    values, refused = [], []
    for reader, value, step in found:
        try:
            values.append(reader(value))
        except Refused as refusal:
            refused += [(says, (step, *steps)) for says, steps in refusal.mistakes]
    if refused:
        together = Refused("")
        together.mistakes = refused
        raise together
    return values


def _text(value: object, example: str) -> str:
    if not isinstance(value, str):
        raise Refused(f"must be text in quotes, not {kind_of(value)}: write {example}.")
    return value.strip()


def text(longest: int = 300, *, empty: bool = False) -> Reader:
    """A text; an empty one only if it may be."""

    def read(value: object) -> str:
        found = _text(value, '"…"')
        if (found or not empty) and (says := ill_text(found, longest)):
            raise Refused(says)
        return found

    return read


def flag(value: object) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise Refused(f"must be true or false without quotes, not {kind_of(value)}: write true or false.")
    return value


def whole(low: int, high: int) -> Reader:
    """A whole number in a range."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            told = str(value)[:20] if isinstance(value, float) else kind_of(value)
            raise Refused(f"must be a whole number without quotes, not {told}: write one from {low} to {high}.")
        if not low <= value <= high:
            raise Refused(f"must be from {low} to {high}, not {str(value)[:20]}: write a number in that range.")
        return value

    return read


def number(low: float, high: float) -> Reader:
    """A number in a range, with or without a decimal point."""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            says = f"must be a number without quotes, not {kind_of(value)}: write one from {low:g} to {high:g}."
            raise Refused(says)
        # nan is in no range.
        if not low <= value <= high:
            says = f"must be from {low:g} to {high:g}, not {str(value)[:20]}: write a number in that range."
            raise Refused(says)
        return float(value)

    return read


def duration(value: object) -> timedelta:
    """An elapsed time: "60 min", "24 h", "3 days", "5 s"."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise Refused(f'needs quotes and a unit: write "{str(value)[:10]} min" (or s, h, days).')
    found = DURATION.fullmatch(written := _text(value, '"60 min" (or s, h, days)'))
    if found is None:
        says = f'{shown(written)} is no duration: write a whole number and a unit, as "90 min", "24 h", "3 days".'
        raise Refused(says)
    count, word = int(found.group(1)), found.group(2)
    unit = UNITS.get(word.lower()) or UNITS.get(word.lower().removesuffix("s"))
    if unit is None:
        raise Refused(f'{shown(word)} is no unit: write s, min, h or days, as "60 min".{did_you_mean(word, UNITS)}')
    # Compared before it is multiplied out: a timedelta overflows.
    if count > LONGEST_DURATION // unit:
        raise Refused(f'{shown(written)} is longer than a year: write "366 days" or less.')
    return count * unit


def at_least(least: timedelta, example: str) -> Reader:
    """A duration that is not shorter than that."""

    def read(value: object) -> timedelta:
        found = duration(value)
        if found < least:
            raise Refused(f"is too short: write at least {least.total_seconds():g} s, as {example}.")
        return found

    return read


def lasting(least: int) -> Reader:
    """How long something is kept, "90 days" or "7 years", at least so many days; "" for good."""

    def read(value: object) -> Span | None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise Refused(f'needs quotes and a unit: write "{str(value)[:10]} days" (or years).')
        if not (written := _text(value, '"7 years" (or days)')):
            return None
        found = LASTING.fullmatch(written)
        if found is None:
            says = f'{shown(written)} is no such time: write whole days or years, as "90 days" or "7 years".'
            raise Refused(says)
        span = Span(int(found.group(1)), "years" if found.group(2).startswith("year") else "days")
        if not least <= span.days <= MOST_YEARS * 365:
            says = f'must be from "{least} days" to "{MOST_YEARS} years", not {shown(written)}: write'
            raise Refused(f"{says} a time in that range.")
        return span

    return read


def clock(value: object) -> time:
    """A time of day: "18:00"."""
    if isinstance(value, time):
        raise Refused(f'a time needs quotes: write "{value:%H:%M}".')
    found = CLOCK.fullmatch(written := _text(value, '"18:00"'))
    if found is None or int(found.group(1)) > 23 or int(found.group(2)) > 59:
        raise Refused(f'{shown(written)} is no time of day: write hours 00-23 and minutes, as "18:00".')
    return time(int(found.group(1)), int(found.group(2)))


def weekday(value: object) -> int:
    """A day of the week, 0 for Monday: "Mon" or "Monday"."""
    word = _text(value, '"Mon"').capitalize()
    for days in (DAYS, LONG_DAYS):
        if word in days:
            return days.index(word)
    hint = did_you_mean(word[:20], (*DAYS, *LONG_DAYS))
    raise Refused(f"{shown(word)} is no day of the week: write one of {listed(DAYS)}.{hint}")


def zone(value: object) -> str:
    """The name of a time zone: "America/Denver"."""
    name = _text(value, '"America/Denver"')
    wrong = misnamed(name)
    if wrong is not None:
        kind, near = wrong
        hint = " Did you mean " + " or ".join(f'"{one}"' for one in near) + "?" if near else ""
        is_none = "knows no summer time" if kind == "fixed_zone" else "is no time zone"
        raise Refused(f'{shown(name)} {is_none}: write a region and a city, as "America/Denver".{hint}')
    return name


def _language(value: object) -> str:
    language = _text(value, '"en"')
    if language not in LANGUAGES:
        raise Refused(foreign(language))
    return language


def languages(value: object) -> tuple[str, ...]:
    """The languages people can choose from; the first is the one they start in."""
    if not isinstance(value, list):
        raise Refused(f'must be a list, not {kind_of(value)}: write ["en", "es"].')
    if not value:
        raise Refused('is empty: write at least one language, as ["en"].')
    return _once(each([(_language, one, index) for index, one in enumerate(value)]))


def names(value: object) -> tuple[str, ...]:
    """A list of questionnaires by id; that there are such is checked where the files are known."""
    if not isinstance(value, list):
        raise Refused(f'must be a list, not {kind_of(value)}: write ["alliance", "goals"].')
    return _once(each([(text(40), one, index) for index, one in enumerate(value)]))


def arguments(value: object) -> tuple[str, ...]:
    """A command and its arguments, each on its own, as no shell takes it apart; [] is none."""
    if not isinstance(value, list):
        raise Refused(f'must be a list, not {kind_of(value)}: write ["/usr/local/bin/alert", "--mail"].')
    return tuple(each([(text(500), one, index) for index, one in enumerate(value)]))


def _once(found: Sequence[str]) -> tuple[str, ...]:
    for index, one in enumerate(found):
        if one in found[:index]:
            raise Refused(f"{shown(one)} stands here twice: take one out.", index)
    return tuple(found)


def words(value: object) -> dict[str, str]:
    """A text by language; or one text, under "", that stands for every language."""
    if isinstance(value, str):
        return {"": text(1000)(value)}
    if not isinstance(value, dict):
        raise Refused(f'must be a text by language, not {kind_of(value)}: write {{ en = "…", es = "…" }}.')

    return dict(zip(value, each([(_in(language), one, language) for language, one in value.items()]), strict=True))


def _in(language: str) -> Reader:
    """The reader of a text in that language: any text, or a refusal of the language."""
    return text(1000) if language in LANGUAGES else lambda _: _language(language)


def one_of(known: Sequence[str]) -> Reader:
    """One of the known words, in small or capital letters."""

    def read(value: object) -> str:
        word = _text(value, f'"{known[0]}"')
        found = next((one for one in known if one.casefold() == word.casefold()), None)
        if found is None:
            raise Refused(f"{shown(word)} is none of the choices.{unknown(word, known)}")
        return found

    return read


def url(value: object) -> str:
    """The address of a Bot API, without the token."""
    address = _text(value, '"https://api.telegram.org"').rstrip("/")
    if not URL.fullmatch(address):
        raise Refused('is no address: write one as "https://api.telegram.org".')
    if re.search(r"/bot[^/]*$", address):
        raise Refused("must end before /bot: take that and the token out, Accord adds both.")
    return address


def ping(value: object) -> str:
    """An address that is asked again and again, path and all; "" for none. It is a secret: never unencrypted."""
    address = _text(value, '"https://hc-ping.com/…"')
    if not address:
        return ""
    if not ADDRESS.fullmatch(address):
        raise Refused('is no address: write one as "https://hc-ping.com/…".')
    parts = urlsplit(address)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise Refused("goes out unencrypted: write https://…")
    return address


def code(value: object) -> str:
    """The code of somebody of the staff; "" for nobody."""
    found = _text(value, '"S-1"')
    if found and not CODE.fullmatch(found):
        raise Refused('is no code: write one as accord clinic list shows it, such as "S-1".')
    return found


def hours(value: object) -> tuple[Hours, ...]:
    """Hours of weekdays; "" for none."""
    example = '"Mon-Fri 08:00-17:00, Sat 09:00-12:00"'
    try:
        return parse_hours(_text(value, example))
    except NoHours as wrong:
        raise Refused(f"{shown(str(wrong))} are no hours: write them as {example}, in the clinic's time.") from None


def last_day(value: object) -> date | None:
    """A date, the last day of something; "" for none."""
    found = _text(value, '"2027-01-15"')
    if not found:
        return None
    try:
        return date.fromisoformat(found)
    except ValueError:
        raise Refused(f'{shown(found)} is not a date: write it as "2027-01-15".') from None


def site(value: object) -> str:
    """Where browsers find the clinic's page, without a path; "" for the machine itself."""
    address = _text(value, '"https://checkin.example.org"').rstrip("/")
    if address and (not URL.fullmatch(address) or "/" in address.partition("://")[2]):
        raise Refused('is no address of a page: write one without a path, as "https://checkin.example.org".')
    if address.startswith("http://") and not is_loopback(urlsplit(address).hostname or ""):
        raise Refused("carries log-ins unencrypted: write https://…, and let a web server in front of Accord do that.")
    return address


def syslog(value: object) -> str:
    """Where a syslog listens, "unix:/dev/log" or "udp:127.0.0.1:514"; "" for none."""
    where = _text(value, '"unix:/dev/log"')
    if where and not SYSLOG.fullmatch(where):
        raise Refused('is no place of a syslog: write "unix:/dev/log", or "udp:127.0.0.1:514".')
    return where


def is_loopback(host: str) -> bool:
    """Whether a host's name or address can be reached from this machine only."""
    return host in ("localhost", "::1") or host.startswith("127.")


def variable(value: object) -> str:
    """The name of an environment variable; "" for none."""
    name = _text(value, '"ACCORD_TOKEN"')
    if name and not VARIABLE.fullmatch(name):
        raise Refused('is no name of an environment variable: write "ACCORD_TOKEN", and set that to the token.')
    return name


def holds_token(value: object) -> bool:
    """Whether a bot's token stands anywhere in a value."""
    if isinstance(value, str):
        return TOKEN.search(value) is not None
    inside: Collection[object] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(holds_token(one) for one in inside)
