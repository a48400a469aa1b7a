"""Days away, as spans of local dates (both included): joined where they touch, cut at a return, read when typed."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Literal

Span = tuple[date, date]
DAY = timedelta(days=1)
LONGEST = timedelta(days=2 * 365)
Wrong = Literal["reversed", "past", "long"]

MONTHS = {
    "jan": 1, "ene": 1, "feb": 2, "mar": 3, "apr": 4, "abr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "ago": 8,
    "sep": 9, "set": 9, "oct": 10, "nov": 11, "dec": 12, "dic": 12,
}  # fmt: skip
"""The first three letters of the months, in English and in Spanish."""


def wrong(span: Span, today: date) -> Wrong | None:
    """Why a span cannot be kept; None if it can. One that began earlier may still be said."""
    first, last = span
    if last < first:
        return "reversed"
    if last < today:
        return "past"
    return "long" if last - first > LONGEST or last - today > LONGEST else None


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same days in as few spans as possible, in order: those that overlap or follow one another become one."""
    joined: list[Span] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + DAY:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def without(spans: Iterable[Span], gone: Span) -> list[Span]:
    """The spans without the days of another one."""
    first, last = gone
    left: list[Span] = []
    for begins, ends in merged(spans):
        parts = ((begins, min(ends, first - DAY)), (max(begins, last + DAY), ends))
        left += dict.fromkeys(part for part in parts if part[0] <= part[1])
    return left


def month_later(day: date) -> date:
    """The same day a month later; the month's last day if it has no such day."""
    year, month = day.year + day.month // 12, day.month % 12 + 1
    return next(later for n in range(4) if (later := _date(year, month, day.day - n)) is not None)


def read_day(typed: str, today: date) -> date | None:
    """A day: "2026-12-24", "24 Dec", "December 24", "24 de diciembre"; without a year the next one. None: none."""
    text = typed.strip().lower()
    if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", text):
        return _date(*map(int, text.split("-")))
    months = [MONTHS[word[:3]] for word in re.findall(r"[^\W\d_]{3,}", text) if word[:3] in MONTHS]
    numbers = [int(number) for number in re.findall(r"\d{1,4}", text)]
    days, years = [n for n in numbers if n < 32], [n for n in numbers if n > 999]
    if len(months) != 1 or len(days) != 1 or len(years) > 1 or len(days) + len(years) != len(numbers):
        return None
    if years:
        return _date(years[0], months[0], days[0])
    coming = (_date(year, months[0], days[0]) for year in range(today.year, today.year + 9))
    return next((day for day in coming if day is not None and day >= today), None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
