"""Calendars (.ics, RFC 5545): appointments and closed days out of them, with all that recurs; a rehearsal into one."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from bot.calendars.entry import MOST_ENTRIES, Bad, Closed, Entry, text_of
from bot.core.codes import with_letter

Window = tuple[datetime, datetime]
"""What recurs is followed from one instant to another."""

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_LETTERS = re.compile(r"[A-Za-z-]*")
_LIKE = re.compile(r"([a-z-]*?)-?[0-9]{2,}(?:-[a-z0-9])?")
_TOO_OFTEN = {"SECONDLY", "MINUTELY", "HOURLY"}
_SIEVES = {"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYEASTER"}
"""What calendars say of months and years. Of days and weeks it can leave nothing, and finding that out takes long."""
MOST_IDLE = 20
"""So many events may repeat for ever and yet not come twice in the window: each is looked for up to the year 9999."""
RECURS = ("RRULE", "RDATE", "RECURRENCE-ID")
_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What the two libraries raise over files that do not keep to the standard."""


def read_appointments(
    data: bytes, zone: ZoneInfo, window: Window, codes: Collection[str], field: str
) -> tuple[list[Entry], list[Bad]]:
    """The appointments in a calendar; the field of each event names one patient by code, with or without its letter.

    Every mistake by its line; events that name nobody (holidays, meetings) are left alone, each once.
    """
    entries: list[Entry] = []
    bad: list[Bad] = []
    alone: dict[int, Bad] = {}
    by_lower = {form.lower(): code for code in codes for form in (code, with_letter(code))}
    for line, event, uid in _events(data, window, bad):
        read = _appointment(line, event, uid, zone, by_lower, field)
        if isinstance(read, Entry):
            entries.append(read)
        elif read.alone:
            alone.setdefault(line, read)
        else:
            bad.append(read)
    return entries, bad + list(alone.values())


def read_closed(data: bytes, window: Window) -> tuple[list[Closed], list[Bad]]:
    """The all-day events of a calendar; those with a time of day are left alone."""
    bad: list[Bad] = []
    found = []
    for line, event, _ in _events(data, window, bad):
        first, end = event.start, event.end
        if not isinstance(first, datetime):
            last = max(first, end - timedelta(days=1))
            found.append(Closed(line, first.isoformat(), last.isoformat(), _line(event.get("SUMMARY", ""))))
    return found, bad


def _events(data: bytes, window: Window, bad: list[Bad]) -> Iterator[tuple[int, Any, str | None]]:
    """Every event in the window, each time it takes place, with the line on which it begins and its name."""
    text = text_of(data)
    if isinstance(text, Bad):
        bad.append(text)
        return
    try:
        found = icalendar.Calendar.from_ical(text).walk("VEVENT")
    except _BROKEN:
        says = "This is not a calendar that I can read: export it anew as .ics and import that."
        bad.append(Bad(1, says, "no_ics"))
        return
    lines = [n for n, line in enumerate(text.splitlines(), 1) if line.strip().upper() == "BEGIN:VEVENT"]
    together: dict[str, list[tuple[int, Any]]] = {}
    for line, event in zip(lines, found, strict=False):
        together.setdefault(str(event.get("UID", f"line {line}")), []).append((line, event))
    count = idle = 0
    for group in together.values():
        times = [] if _is_elsewhen(group, window) else _each_time(group, window, bad)
        idle += len(times) < 2 and _is_endless(group)
        if idle > MOST_IDLE:
            says = "Too many events repeat without ever coming: enter them by hand."
            bad.append(Bad(group[0][0], says, "many_endless"))
            return
        for one in times:
            count += 1
            if count > MOST_ENTRIES:
                says = f"More than {MOST_ENTRIES} events are too many at once: export a shorter time."
                bad.append(Bad(one[0], says, "many_events", (str(MOST_ENTRIES),)))
                return
            yield one


def _each_time(group: Sequence[tuple[int, Any]], window: Window, bad: list[Bad]) -> list[tuple[int, Any, str | None]]:
    """The times that the events of one name take place: what recurs, and what was changed about single times."""
    line = group[0][0]
    calendar = icalendar.Calendar()
    for _, event in group:
        calendar.add_component(event)
    try:
        if any(_never_ends(rule) for _, event in group for rule in _rules(event)):
            raise ValueError("more often than daily")
        times = recurring_ical_events.of(calendar).between(*window)
        recurs = any(name in event for _, event in group for name in RECURS)
        return [(line, event, _uid(event, recurs)) for event in times]
    except _BROKEN:
        says = "This event has a time or a repetition that I cannot read: enter it by hand."
        bad.append(Bad(line, says, "bad_event"))
        return []


def _is_elsewhen(group: Sequence[tuple[int, Any]], window: Window) -> bool:
    """Whether an event without repetition is plainly over before the window, or after it: most of an old calendar."""
    if len(group) > 1 or any(name in group[0][1] for name in RECURS):
        return False
    try:
        first, end = group[0][1].start, group[0][1].end
        year = (first.year, end.year)
    except _BROKEN:
        return False
    return bool(year[1] < window[0].year - 1 or year[0] > window[1].year + 1)


def _rules(event: Any) -> Iterable[Any]:
    rules = event.get("RRULE", [])
    return rules if isinstance(rules, list) else [rules]


def _is_endless(group: Sequence[tuple[int, Any]]) -> bool:
    """Whether one of these repeats for ever; a rule that cannot be read does not, and is told of already."""
    try:
        return any(not {"UNTIL", "COUNT"} & rule.keys() for _, event in group for rule in _rules(event))
    except _BROKEN:
        return False


def _never_ends(rule: Any) -> bool:
    """Whether working out its times would take for ever: more often than daily, again after no time at all, or days
    looked at one by one up to the year 9999 because none fits.
    """
    freq, steps = {str(one).upper() for one in rule.get("FREQ", ())}, [int(n) for n in rule.get("INTERVAL", ())]
    often = _TOO_OFTEN & freq or {"BYSECOND", "BYMINUTE"} & rule.keys()
    sieved = {"DAILY", "WEEKLY"} & freq and _SIEVES & rule.keys()
    sieved = sieved or ("DAILY" in freq and "BYDAY" in rule and max(steps, default=1) > 1)
    return bool(often or sieved) or any(every < 1 for every in steps)


def _appointment(
    line: int, event: Any, uid: str | None, zone: ZoneInfo, by_lower: Mapping[str, str], field: str
) -> Entry | Bad:
    words = _line(event.get(field, ""))
    named = {by_lower[word.lower()] for word in _WORD.findall(words) if word.lower() in by_lower}
    starts, ends = event.start, event.end
    if not named and not _is_like(words, by_lower.values()):
        day = starts.date() if isinstance(starts, datetime) else starts
        says = f'"{words}" on {day} names no patient: it is left alone.'
        return Bad(line, says, "left_alone", (words, day.isoformat()), alone=True)
    if len(named) != 1:
        said = "more than one patient" if named else "no patient that I know"
        says = f'{field} "{words}" names {said}: put one code such as P-014 there.'
        return Bad(line, says, "names_several" if named else "names_none", (words,))
    if not isinstance(starts, datetime):
        says = "An event of a whole day has no time to meet at: give it one."
        return Bad(line, says, "whole_day")
    minutes = (ends - starts) // timedelta(minutes=1)
    status = str(event.get("STATUS", "")).upper()
    return Entry(line, named.pop(), _wall(starts, zone), str(minutes) if minutes else "", uid, status == "CANCELLED")


def _is_like(words: str, codes: Collection[str]) -> bool:
    """Whether a word is meant as a code: it begins as one that is known does, and goes on with digits."""
    begins = {_LETTERS.match(code)[0].lower().strip("-") for code in codes}  # type: ignore[index]
    found = (_LIKE.fullmatch(word.lower()) for word in _WORD.findall(words))
    return any(one is not None and one[1] in begins for one in found)


def _line(value: object) -> str:
    """A text of the file on one line, without signs that a terminal would obey."""
    return "".join(sign for sign in " ".join(str(value).split()) if sign.isprintable())


def _wall(at: datetime, zone: ZoneInfo) -> str:
    """The clinic's wall time; one without a zone is meant as the clinic's."""
    wall = at if at.tzinfo is None else at.astimezone(zone).replace(tzinfo=None)
    return wall.isoformat(timespec="minutes")


def _uid(event: Any, recurs: bool) -> str | None:
    """What names one time of an event: the calendar's own id and, if it recurs, when that time was first meant."""
    if "UID" not in event:
        return None
    return f"{event['UID']}/{event['RECURRENCE-ID'].dt.isoformat()}" if recurs else str(event["UID"])


# ------------------------------------------------------------------------------------------------ writing


def written(rows: Sequence[Mapping[str, str | None]]) -> bytes:
    """What would be sent, as a calendar: an event of no length for each row of a rehearsal."""
    calendar = icalendar.Calendar()
    calendar.add("PRODID", "-//Accord//rehearsal//EN")
    calendar.add("VERSION", "2.0")
    for number, row in enumerate(rows):
        at = datetime.fromisoformat(row["at"] or "")
        event = icalendar.Event()
        event.add("UID", f"{number}-{row['at']}@accord.invalid")
        event.add("DTSTAMP", at)
        event.add("DTSTART", at)
        event.add("SUMMARY", f"{row['what']} to {row['to']}")
        if row["session"]:
            event.add("DESCRIPTION", f"session of {row['session']}")
        calendar.add_component(event)
    return bytes(calendar.to_ical())
