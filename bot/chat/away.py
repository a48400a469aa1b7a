"""/away: a patient says from when until when nothing shall be asked, and that they are back.

Buttons carry dates and nothing else: "a:for:<first of the span to change, or 0>:<first>:<days>".
"""

from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from bot.chat import joining
from bot.chat.pairs import TYPE_WITHIN
from bot.chat.reply import Outcome, Reply
from bot.config import Config
from bot.core.away import DAY, Span, month_later, read_day, wrong
from bot.core.person import Expects, Person
from bot.core.walltime import local_date, zone_of
from bot.message import Button, Message, Rows, one_a_line
from bot.render import local, page, phrase
from bot.store import away, people


def command(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome | None:  # noqa: ARG001
    """/away: the days as they are, or the question from when."""
    if who.state != "active":
        return None
    return _fresh(_shown(conn, who, now), who)


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:
    """A tap on one of these screens; whatever it says, it is about the own days of whoever taps."""
    _, verb, *more = [*data.split(":"), "", "", ""]
    screen = _tapped(conn, who, verb, more, config, now) if who.role == "patient" and who.state == "active" else None
    if screen is None:
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    return Outcome((Reply(screen, message_id, about=""),))


def on_words(conn: Connection, who: Person, words: str, expects: Expects, config: Config, now: datetime) -> Outcome:
    """A typed day: from when, or until when."""
    today, changed = _today(who, now), _ordinal(expects.pair)
    day = read_day(words, today)
    if day is None:
        people.expect(conn, who, Expects(expects.what, expects.pair, expects.about, now + TYPE_WITHIN))
        return _fresh(Message(f"{phrase(who.lang, 'away_no_day')} {phrase(who.lang, 'away_type')}"), who)
    if expects.what == "away_from":
        return _fresh(_until(who, changed, day, today), who)
    first = _ordinal(expects.about) or today
    return _fresh(_keep(conn, who, changed, (first, day), config, now), who)


def _fresh(message: Message, who: Person) -> Outcome:
    return Outcome((Reply(message, None, who.message_id, about=""),))


def _today(who: Person, now: datetime) -> date:
    return local_date(now, zone_of(who.zone))


def _ordinal(number: int) -> date | None:
    """A date kept as its number; 0 is none."""
    return date.fromordinal(number) if number else None


def _read(text: str) -> date | None:
    """A date from a button; None for "0" and for anything forged."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _tapped(conn: Connection, who: Person, verb: str, more: list[str], config: Config, now: datetime) -> Message | None:
    today, changed, first = _today(who, now), _read(more[0]), _read(more[1])
    if verb == "ask":
        return _from(who, changed, today)
    if verb == "type":
        what = "away_until" if first else "away_from"
        of, about = (0 if day is None else day.toordinal() for day in (changed, first))
        people.expect(conn, who, Expects(what, of, about, now + TYPE_WITHIN))
        return Message(phrase(who.lang, "away_type"))
    if verb == "from" and first:
        return _until(who, changed, first, today)
    if verb == "for" and first and (last := _last(first, more[2])):
        return _keep(conn, who, changed, (first, last), config, now)
    if verb == "back":
        return _back(conn, who, changed, config, now)
    return None


# ------------------------------------------------------------------------------------------------ screens


def _button(who: Person, words: str, *data: object) -> Button:
    return Button(phrase(who.lang, words), ":".join(["a", *map(str, data)]))


def _from(who: Person, changed: date | None, today: date) -> Message:
    of = changed or 0
    buttons = [
        _button(who, "away_today", "from", of, today),
        _button(who, "away_tomorrow", "from", of, today + DAY),
        _button(who, "away_other", "type", of),
    ]
    return Message(phrase(who.lang, "away_from"), one_a_line(buttons))


LENGTHS = ("3", "7", "14", "month")


def _last(first: date, length: str) -> date | None:
    """The last day of so long a time; None if nobody offers that."""
    if length not in LENGTHS or first.year > 9000:
        return None
    return month_later(first) - DAY if length == "month" else first + timedelta(days=int(length) - 1)


def _until(who: Person, changed: date | None, first: date, today: date) -> Message:
    why = wrong((first, max(first, today)), today)
    if why is not None:
        asked = _from(who, changed, today)
        return Message(f"{phrase(who.lang, f'away_{why}')}\n\n{asked.text}", asked.rows)
    of = changed or 0
    buttons = [_button(who, f"away_{length}", "for", of, first, length) for length in LENGTHS]
    typed = _button(who, "away_typed", "type", of, first)
    return Message(phrase(who.lang, "away_until", local(who.lang, "day", _iso(first))), one_a_line([*buttons, typed]))


def _iso(day: date) -> str:
    return f"{day.isoformat()}T00:00"


def _shown(conn: Connection, who: Person, now: datetime) -> Message:
    """The days that are still to come, or the question from when."""
    today = _today(who, now)
    spans = [span for span in away.spans_of(conn, who) if span[1] >= today]
    if not spans:
        return _from(who, None, today)
    rows = [(_iso(first), _iso(last)) for first, last in spans]
    return Message(page(who.lang, "away.txt", spans=rows), _span_rows(who, spans[0], today))


def _span_rows(who: Person, span: Span, today: date) -> Rows:
    """What can be done about the first of them, or beside it."""
    back = "away_back" if span[0] <= today else "away_off"
    return one_a_line(
        [
            _button(who, back, "back", span[0]),
            _button(who, "away_change", "ask", span[0]),
            _button(who, "away_more", "ask", 0),
        ]
    )


# ------------------------------------------------------------------------------------------------ changes


def _keep(conn: Connection, who: Person, changed: date | None, span: Span, config: Config, now: datetime) -> Message:
    """Keep the days, in place of the span that is to be changed; a range that cannot be is asked for again."""
    today = _today(who, now)
    why = wrong(span, today)
    if why is not None:
        asked = _until(who, changed, span[0], today) if why != "past" else _from(who, changed, today)
        return Message(f"{phrase(who.lang, f'away_{why}')}\n\n{asked.text}", asked.rows)
    _drop(conn, who, changed, today)
    away.add(conn, who, span)
    joining.replan(conn, who, config, now)
    return _shown(conn, who, now)


def _drop(conn: Connection, who: Person, begins: date | None, today: date) -> None:
    """Take back what is still to come of the span that begins on a day; what is over was away."""
    for first, last in away.spans_of(conn, who):
        if first == begins:
            away.remove(conn, who, (max(first, today), max(last, today)))


def _back(conn: Connection, who: Person, begins: date | None, config: Config, now: datetime) -> Message:
    _drop(conn, who, begins, _today(who, now))
    joining.replan(conn, who, config, now)
    left = [span for span in away.spans_of(conn, who) if span[1] >= _today(who, now)]
    return _shown(conn, who, now) if left else Message(phrase(who.lang, "away_over"))
