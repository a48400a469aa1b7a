"""A chart -> its picture: a PNG for the chat, SVG text for a page. Both come from one figure.

Portrait and large: it is read on a phone at arm's length, with ten seconds to spare. The two sides differ by line and
marker, not by colour alone, and their names stand beside the lines. Where somebody did not answer the line is broken,
and a mark below says why. Colours: Okabe & Ito (2008), told apart by the colour-blind.

The library takes a second to load and keeps 40 MB, so it is loaded when the first picture is drawn. Nothing here is for
the event loop: call it in a thread.
"""

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from threading import Lock
from typing import TYPE_CHECKING, Any

from bot.core.chart import ALL_DONE, HIGHEST, LOWEST, Chart, Course, Gap, Ratings
from bot.render import chart_words, local, page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 200
WIDTH, LEFT, RIGHT = 1080, 92, 282  # pixels; the names of the lines stand in the right margin
PLOT = WIDTH - LEFT - RIGHT
BESIDE = LEFT + PLOT + 20
TITLE, PANEL, HEAD, HOMEWORK, MARKS, TICKS, KEY_ROW, FOOT = 84, 240, 62, 104, 58, 104, 52, 22  # heights, pixels
LARGE, MIDDLE, NAME, SMALL, DATE = 17, 14, 12.5, 12, 10.5  # points
ALL_NUMBERS, ALL_DATES, DATES = 12, 6, 4  # up to so many sessions are all numbered, all dated; else so many dates
INK, QUIET, GRID, BAND = "#1c2430", "#5b6470", "#dde1e6", "#edf0f3"
PATIENT, THERAPIST, DONE = "#0072b2", "#d55e00", "#009e73"
APART = 0.95  # of the scale: names closer than this would lie on each other

MARK: dict[Gap | str, str] = {
    "drop": "v", "repair": "^", "no_answer": "X", "away": "D", "cancelled": "_", "not_met": "|", "not_asked": ".",
    "blind": "$?$",
}  # fmt: skip

_LOCK = Lock()
"""The library's settings are the process's: one picture at a time."""


def png(chart: Chart, lang: str) -> bytes:
    """The picture for a chat, 1080 pixels wide."""
    with _LOCK:
        drawn = io.BytesIO()
        _figure(chart, lang).savefig(drawn, format="png", metadata={"Software": None})
        return drawn.getvalue()


def svg(chart: Chart, lang: str) -> str:
    """The picture as an <svg> element to stand in a page: nothing outside is referred to; its text says the facts."""
    from matplotlib import rc_context

    with _LOCK, rc_context({"svg.fonttype": "none", "svg.hashsalt": "accord"}):
        drawn = io.StringIO()
        _figure(chart, lang).savefig(drawn, format="svg", metadata={"Date": None})
    return _inline(drawn.getvalue(), chart_words(lang, "title", chart.code), page(lang, "chart.txt", c=chart))


def _inline(drawn: str, title: str, facts: str) -> str:
    """Without the head of a file of its own, of any width, and with words for whoever cannot see it."""
    element = re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    element = re.sub(r"<style.*?</style>", "", element, flags=re.DOTALL)  # in a page it would be everybody's
    element = element.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
    size = re.search(r'viewBox="[^"]*"', element)
    assert size is not None
    head = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {size[0]}'
    head += f' role="img" style="width: 100%; stroke-linejoin: round">\n <title>{escape(title)}</title>'
    return f"{head}\n <desc>{escape(facts)}</desc>" + element[element.index(">") + 1 :].rstrip()


# ------------------------------------------------------------------------------------------------ the sheet


@dataclass(slots=True)
class _Sheet:
    """A figure that is filled from top to bottom, in pixels; `y` is how many are used. Without the library's axes: a
    dozen of them cost more than all that is drawn on them.
    """

    figure: "Figure"
    chart: Chart
    lang: str
    height: int
    y: float = 0

    def word(self, name: str, *values: object) -> str:
        """A word of the reader's language."""
        return chart_words(self.lang, name, *values)

    def say(self, x: float, y: float, words: str, size: float, color: str = INK, **how: Any) -> None:
        """Words beginning (or ending, or centred) at a place, in the middle of their line."""
        how = {"va": "center", "ha": "left", "family": "DejaVu Sans"} | how
        self.figure.text(x / WIDTH, 1 - y / self.height, words, fontsize=size, color=color, **how)

    def line(self, xs: Sequence[float], ys: Sequence[float], **style: Any) -> None:
        """A line, or only its marks."""
        from matplotlib.lines import Line2D

        across, down = [x / WIDTH for x in xs], [1 - y / self.height for y in ys]
        self.figure.add_artist(Line2D(across, down, **style))

    def box(self, x: float, y: float, width: float, height: float, **style: Any) -> None:
        """A filled box; x and y are its lower left corner."""
        from matplotlib.patches import Rectangle

        corner = (x / WIDTH, 1 - y / self.height)
        self.figure.add_artist(Rectangle(corner, width / WIDTH, height / self.height, **style))

    def column(self, n: float) -> float:
        """Where the n-th session is, from the left."""
        count = len(self.chart.columns)
        margin = max(0.5, 0.03 * count)
        return LEFT + PLOT * (n + margin) / (max(count - 1, 0) + 2 * margin)

    @property
    def step(self) -> float:
        """From one session to the next."""
        return self.column(1) - self.column(0)

    @property
    def mark(self) -> float:
        """How large a mark is, in points."""
        return max(4.0, min(10.0, 200 / (len(self.chart.columns) + 5)))

    def head(self, height: int, words: str, size: float) -> None:
        """A line of bold words at the left."""
        self.say(40, self.y + 0.6 * height, words, size, weight="bold")
        self.y += height

    def bands(self, height: int) -> None:
        """A grey band at each session without an answer, so far down."""
        for n, column in enumerate(self.chart.columns):
            if column.gap is not None:
                self.box(
                    max(LEFT, self.column(n - 0.5)), self.y + height, min(self.step, PLOT), height, color=BAND,
                    linewidth=0, zorder=0,
                )  # fmt: skip


def _figure(chart: Chart, lang: str) -> "Figure":
    from matplotlib.figure import Figure

    keys = _keys(chart)
    rows = math.ceil(len(keys) / 2)
    height = TITLE + 3 * (HEAD + PANEL) + TICKS + rows * KEY_ROW + FOOT
    height += HOMEWORK * bool(chart.homework) + MARKS * bool(chart.gaps)
    figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor="white")
    sheet = _Sheet(figure, chart, lang, height)
    sheet.head(TITLE, sheet.word("title", chart.code), LARGE)
    for course in chart.courses:
        _panel(sheet, course)
    if chart.gaps:
        _marks(sheet)
    if chart.homework:
        _homework(sheet)
    _dates(sheet)
    for row in range(rows):
        _key(sheet, keys[2 * row : 2 * row + 2])
    return figure


# ------------------------------------------------------------------------------------------------ the ratings


def _panel(sheet: _Sheet, course: Course) -> None:
    """Goals, tasks or bond: its name, both lines, what is marked on them, and the last numbers beside them."""
    sheet.head(HEAD, sheet.word("about", course.about, sheet.chart.is_own), MIDDLE)
    sheet.bands(PANEL)
    for rating in range(LOWEST, HIGHEST + 1):
        at, is_named = _height(sheet, rating), rating % 2 == 1
        sheet.line([LEFT, LEFT + PLOT], [at, at], color=GRID, linewidth=0.8 if is_named else 0.4, zorder=0.5)
        if is_named:
            sheet.say(LEFT - 24, at, str(rating), SMALL, QUIET, ha="right")
    _lines(sheet, course)
    _names(sheet, course)
    sheet.y += PANEL


def _height(sheet: _Sheet, rating: float) -> float:
    """Where a rating is in the panel that begins at the sheet's `y`."""
    return sheet.y + PANEL * (HIGHEST + 0.45 - rating) / (HIGHEST - LOWEST + 0.9)


def _lines(sheet: _Sheet, course: Course) -> None:
    size, places = sheet.mark, [sheet.column(n) for n in range(len(sheet.chart.columns))]
    if course.therapist:
        sheet.line(
            places, _broken(sheet, course.therapist), linestyle=(0, (2.2, 1.3)), color=THERAPIST, linewidth=2,
            marker="s", markersize=1.25 * size, markerfacecolor="white", markeredgecolor=THERAPIST,
            markeredgewidth=1.8, zorder=2,
        )  # fmt: skip
    sheet.line(
        places, _broken(sheet, course.patient), linestyle="-", color=PATIENT, linewidth=2.6, marker="o",
        markersize=0.95 * size, zorder=3,
    )  # fmt: skip
    for name, found, aside in (("drop", course.drops, 0.62), ("repair", course.repairs, -0.62)):
        heights = [_height(sheet, (course.patient[n] or 0) + aside) for n in found]
        _mark(sheet, name, [places[n] for n in found], heights, size)


def _broken(sheet: _Sheet, ratings: Ratings) -> list[float]:
    """As the library wants it: a line is broken where there is no number."""
    return [math.nan if rating is None else _height(sheet, rating) for rating in ratings]


def _names(sheet: _Sheet, course: Course) -> None:
    """Whose line it is, and its last number, in the right margin at the line's height."""
    patient, therapist = sheet.word("patient", sheet.chart.is_own), sheet.word("therapist")
    sides = ((course.patient, patient, PATIENT), (course.therapist, therapist, THERAPIST))
    named = [(last, words, color) for ratings, words, color in sides if (last := _last(ratings)) is not None]
    if not named:
        sheet.say(LEFT + PLOT / 2, sheet.y + PANEL / 2, sheet.word("no_ratings"), SMALL, QUIET, ha="center")
    for place, (last, words, color) in zip(_spread([last for last, _, _ in named]), named, strict=True):
        sheet.say(BESIDE, _height(sheet, place), f"{words} {last:.1f}", NAME, color, weight="bold")


def _last(ratings: Ratings) -> float | None:
    return next((rating for rating in reversed(ratings) if rating is not None), None)


def _spread(places: Sequence[float]) -> list[float]:
    """Places of one or two names, moved apart where they would lie on each other, and kept on the scale."""
    if len(places) < 2 or abs(places[0] - places[1]) >= APART:
        return list(places)
    middle = min(max((places[0] + places[1]) / 2, LOWEST + APART / 2), HIGHEST - APART / 2)
    up = 1 if places[0] >= places[1] else -1
    return [middle + up * APART / 2, middle - up * APART / 2]


# ------------------------------------------------------------------------------------------------ below the ratings


def _marks(sheet: _Sheet) -> None:
    """Why there is no answer, one mark a session."""
    sheet.bands(MARKS)
    for gap in sheet.chart.gaps:
        at = [sheet.column(n) for n, column in enumerate(sheet.chart.columns) if column.gap == gap]
        _mark(sheet, gap, at, [sheet.y + MARKS / 2] * len(at), sheet.mark)
    sheet.y += MARKS


def _mark(sheet: _Sheet, name: str, xs: Sequence[float], ys: Sequence[float], size: float) -> None:
    """Where nothing was measured the marks are hollow."""
    is_solid = name in ("drop", "repair", "blind")
    sheet.line(
        xs, ys, linestyle="", marker=MARK[name], markersize=size * (0.8 if name == "away" else 1.05), color=INK,
        markerfacecolor=INK if is_solid else "white", markeredgewidth=1 if name == "blind" else 1.6, zorder=4,
    )  # fmt: skip


def _homework(sheet: _Sheet) -> None:
    """A box for each time it is known how much was done; it is full when all was."""
    sheet.bands(HOMEWORK)
    full, foot, width = 0.75 * HOMEWORK, sheet.y + 0.87 * HOMEWORK, min(0.66 * sheet.step, 60)
    for n, column in enumerate(sheet.chart.columns):
        if column.homework is not None:
            left = sheet.column(n) - width / 2
            sheet.box(left, foot, width, full, facecolor="white", edgecolor=QUIET, linewidth=1.2, zorder=2)
            done = full * column.homework / ALL_DONE
            sheet.box(left, foot, width, done, facecolor=DONE, edgecolor=INK, linewidth=1.2, zorder=3)
    words = _two_lines(sheet.word("homework", sheet.chart.is_own))
    sheet.say(BESIDE, sheet.y + HOMEWORK / 2, words, DATE + 0.5, linespacing=1.15)
    for place, name in ((foot - full, "everything"), (foot, "nothing")):
        sheet.say(LEFT - 14, place, sheet.word(name), DATE, QUIET, ha="right")
    sheet.y += HOMEWORK


def _two_lines(words: str) -> str:
    """Broken at the space that is nearest to the middle."""
    spaces = [n for n, letter in enumerate(words) if letter == " "]
    at = min(spaces, key=lambda n: abs(n - len(words) / 2), default=0)
    return f"{words[:at]}\n{words[at + 1 :]}" if at else words


def _dates(sheet: _Sheet) -> None:
    """The number of a session and its date below; not all where they would not fit."""
    columns, number, date = sheet.chart.columns, sheet.y + 0.32 * TICKS, sheet.y + 0.74 * TICKS
    dated = _dated(len(columns))
    for n in range(len(columns)) if len(columns) <= ALL_NUMBERS else dated:
        sheet.say(sheet.column(n), number, str(n + 1), SMALL, ha="center", weight="bold")
    for n in dated:
        sheet.say(sheet.column(n), date, local(sheet.lang, "date", columns[n].local), DATE, QUIET, ha="center")
    for place, name in ((number, "session"), (date, "date")) if columns else ():
        sheet.say(BESIDE + 38, place, sheet.word(name), DATE, QUIET)
    sheet.y += TICKS


def _dated(count: int) -> list[int]:
    """The sessions whose date is written: all, or a few evenly spaced, the first and the last among them."""
    if count <= ALL_DATES:
        return list(range(count))
    return [round(n * (count - 1) / (DATES - 1)) for n in range(DATES)]


def _keys(chart: Chart) -> list[str]:
    """The marks that occur, and so need words."""
    drops = ["drop"] * any(course.drops for course in chart.courses)
    repairs = ["repair"] * any(course.repairs for course in chart.courses)
    return [*drops, *repairs, *chart.gaps]


def _key(sheet: _Sheet, names: Sequence[str]) -> None:
    """One row of the key: a mark and its words, twice."""
    for n, name in enumerate(names):
        x, y = 56 + n * WIDTH / 2, sheet.y + KEY_ROW / 2
        _mark(sheet, name, [x], [y], 9)
        sheet.say(x + 36, y, sheet.word("mark", name), SMALL)
    sheet.y += KEY_ROW
