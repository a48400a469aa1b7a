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
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 200
WIDTH, LEFT, RIGHT = 1080, 92, 282  # pixels; the names of the lines stand in the right margin
PLOT = WIDTH - LEFT - RIGHT
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
    """A figure that is filled from top to bottom; `y` is how many pixels are used."""

    figure: "Figure"
    chart: Chart
    lang: str
    height: int
    y: int = 0

    def word(self, name: str, *values: object) -> str:
        """A word of the reader's language."""
        return chart_words(self.lang, name, *values)

    def strip(self, height: int, left: int = LEFT, width: int = PLOT) -> "Axes":
        """The next so many pixels, without a frame, over the sessions unless told otherwise."""
        top = self.height - self.y - height
        box = (left / WIDTH, top / self.height, width / WIDTH, height / self.height)
        axes = self.figure.add_axes(box)
        axes.set_axis_off()
        self.y += height
        return axes

    def over_sessions(self, height: int, is_banded: bool = True) -> "Axes":
        """The next so many pixels, with a grey band at each session without an answer."""
        axes, columns = self.strip(height), self.chart.columns
        margin = max(0.5, 0.03 * len(columns))
        axes.set_xlim(-margin, max(len(columns) - 1, 0) + margin)
        for n, column in enumerate(columns):
            if column.gap is not None and is_banded:
                axes.axvspan(n - 0.5, n + 0.5, color=BAND, linewidth=0)
        return axes

    def head(self, height: int, words: str, size: float) -> None:
        """A line of bold words at the left."""
        _say(self.strip(height, 0, WIDTH), 40 / WIDTH, 0.4, words, size, weight="bold")

    @property
    def size(self) -> float:
        """How large a mark is, in points."""
        return max(5.0, min(10.0, 250 / (len(self.chart.columns) + 5)))


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


def _say(axes: "Axes", x: float, y: float, words: str, size: float, color: str = INK, **how: Any) -> None:
    """Words at a place of the strip, 0-1 both ways, its right margin beyond 1."""
    how = {"va": "center", "ha": "left"} | how
    axes.text(x, y, words, transform=axes.transAxes, fontsize=size, color=color, family="DejaVu Sans", **how)


# ------------------------------------------------------------------------------------------------ the ratings


def _panel(sheet: _Sheet, course: Course) -> None:
    """Goals, tasks or bond: its name, both lines, what is marked on them, and the last numbers beside them."""
    sheet.head(HEAD, sheet.word("about", course.about, sheet.chart.is_own), MIDDLE)
    axes = sheet.over_sessions(PANEL)
    axes.set_ylim(LOWEST - 0.45, HIGHEST + 0.45)
    for rating in range(LOWEST, HIGHEST + 1):
        axes.axhline(rating, color=GRID, linewidth=0.8 if rating % 2 else 0.4, zorder=0.5)
        if rating % 2:
            place = (rating - LOWEST + 0.45) / (HIGHEST - LOWEST + 0.9)
            _say(axes, -24 / PLOT, place, str(rating), SMALL, QUIET, ha="right")
    _lines(axes, sheet, course)
    _names(axes, sheet, course)


def _lines(axes: "Axes", sheet: _Sheet, course: Course) -> None:
    size, places = sheet.size, range(len(sheet.chart.columns))
    if course.therapist:
        axes.plot(
            places, _broken(course.therapist), linestyle=(0, (2.2, 1.3)), color=THERAPIST, linewidth=2, marker="s",
            markersize=1.25 * size, markerfacecolor="white", markeredgecolor=THERAPIST, markeredgewidth=1.8,
            clip_on=False, zorder=2,
        )  # fmt: skip
    axes.plot(
        places, _broken(course.patient), linestyle="-", color=PATIENT, linewidth=2.6, marker="o",
        markersize=0.95 * size, clip_on=False, zorder=3,
    )  # fmt: skip
    for name, found, aside in (("drop", course.drops, 0.62), ("repair", course.repairs, -0.62)):
        _mark(axes, name, found, [(course.patient[n] or 0) + aside for n in found], size)


def _broken(ratings: Ratings) -> list[float]:
    """As the library wants it: a line is broken where there is no number."""
    return [math.nan if rating is None else rating for rating in ratings]


def _names(axes: "Axes", sheet: _Sheet, course: Course) -> None:
    """Whose line it is, and its last number, in the right margin at the line's height."""
    patient, therapist = sheet.word("patient", sheet.chart.is_own), sheet.word("therapist")
    sides = ((course.patient, patient, PATIENT), (course.therapist, therapist, THERAPIST))
    named = [(last, words, color) for ratings, words, color in sides if (last := _last(ratings)) is not None]
    if not named:
        _say(axes, 0.5, 0.5, sheet.word("no_ratings"), SMALL, QUIET, ha="center")
    for place, (last, words, color) in zip(_spread([last for last, _, _ in named]), named, strict=True):
        height = (place - LOWEST + 0.45) / (HIGHEST - LOWEST + 0.9)
        _say(axes, 1 + 22 / PLOT, height, f"{words} {last:.1f}", NAME, color, weight="bold")


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
    axes = sheet.over_sessions(MARKS)
    axes.set_ylim(0, 1)
    for gap in sheet.chart.gaps:
        at = [n for n, column in enumerate(sheet.chart.columns) if column.gap == gap]
        _mark(axes, gap, at, [0.5] * len(at), sheet.size)


def _mark(axes: "Axes", name: str, xs: Sequence[float], ys: Sequence[float], size: float) -> None:
    """Hollow marks: nothing was measured there."""
    solid = name in ("drop", "repair")
    axes.plot(
        xs, ys, linestyle="", marker=MARK[name], markersize=size * (0.8 if name == "away" else 1.05), color=INK,
        markerfacecolor=INK if solid or name == "blind" else "white", markeredgewidth=1 if name == "blind" else 1.6,
        clip_on=False, zorder=4,
    )  # fmt: skip


def _homework(sheet: _Sheet) -> None:
    """A box for each time it is known how much was done; it is full when all was."""
    axes = sheet.over_sessions(HOMEWORK)
    axes.set_ylim(-0.7, ALL_DONE + 0.7)
    known = [(n, column.homework) for n, column in enumerate(sheet.chart.columns) if column.homework is not None]
    low, high = axes.get_xlim()
    width = min(0.66, 60 * (high - low) / PLOT)
    at = [n for n, _ in known]
    axes.bar(at, ALL_DONE, width, color="white", edgecolor=QUIET, linewidth=1.2, zorder=2)
    axes.bar(at, [done for _, done in known], width, color=DONE, edgecolor=INK, linewidth=1.2, zorder=3)
    words = sheet.word("homework", sheet.chart.is_own)
    _say(axes, 1 + 22 / PLOT, 0.5, _two_lines(words), DATE + 0.5, linespacing=1.15)
    for place, name in ((0.87, "everything"), (0.13, "nothing")):
        _say(axes, -14 / PLOT, place, sheet.word(name), DATE, QUIET, ha="right")


def _two_lines(words: str) -> str:
    """Broken at the space that is nearest to the middle."""
    spaces = [n for n, letter in enumerate(words) if letter == " "]
    at = min(spaces, key=lambda n: abs(n - len(words) / 2), default=0)
    return f"{words[:at]}\n{words[at + 1 :]}" if at else words


def _dates(sheet: _Sheet) -> None:
    """The number of a session and its date below; not all where they would not fit."""
    axes, columns = sheet.over_sessions(TICKS, is_banded=False), sheet.chart.columns
    axes.set_ylim(0, 1)
    dated = _dated(len(columns))
    for n in range(len(columns)) if len(columns) <= ALL_NUMBERS else dated:
        axes.text(n, 0.68, str(n + 1), ha="center", va="center", fontsize=SMALL, color=INK, weight="bold")
    for n in dated:
        day = local(sheet.lang, "date", columns[n].local)
        axes.text(n, 0.26, day, ha="center", va="center", fontsize=DATE, color=QUIET)
    for place, name in ((0.68, "session"), (0.26, "date")) if columns else ():
        _say(axes, 1 + 60 / PLOT, place, sheet.word(name), DATE, QUIET)


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
    axes = sheet.strip(KEY_ROW, 0, WIDTH)
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(0, 1)
    for n, name in enumerate(names):
        x = 56 + n * (WIDTH // 2)
        _mark(axes, name, [x], [0.5], 9)
        _say(axes, (x + 36) / WIDTH, 0.5, sheet.word("mark", name), SMALL)
