"""Draws what a phone shows as an SVG, from the messages the local Bot API recorded. For README; no library needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap

from bot.emulator import Shown

WIDTH, PAD, LINE, BUTTON = 360, 14, 19, 36
COLUMNS = 44
INK, PAPER, BUBBLE, LINK, MINE = "#1c2430", "#dfe6ec", "#ffffff", "#2a6fb0", "#e3f4d7"


@dataclass(slots=True)
class Sheet:
    """SVG elements from top to bottom."""

    parts: list[str]
    y: int

    def add(self, svg: str, height: int) -> None:
        """An element, and how far it reaches down."""
        self.parts.append(svg)
        self.y += height


def phone(title: str, messages: Sequence[Shown]) -> str:
    """A phone with these messages under a title."""
    sheet = Sheet([], 56)
    for message in messages:
        _message(sheet, message)
    height = sheet.y + PAD
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
            ' font-family="DejaVu Sans, Verdana, sans-serif" font-size="13">',
            f'<rect width="{WIDTH}" height="{height}" rx="22" fill="{PAPER}"/>',
            f'<path d="M0 44V22A22 22 0 0 1 22 0H{WIDTH - 22}A22 22 0 0 1 {WIDTH} 22V44Z" fill="#35566f"/>',
            f'<text x="{PAD + 4}" y="29" fill="#fff" font-size="15" font-weight="bold">{escape(title)}</text>',
            *sheet.parts,
            "</svg>\n",
        ]
    )


def _message(sheet: Sheet, message: Shown) -> None:
    lines = [piece for line in message.text.split("\n") for piece in (wrap(line, COLUMNS) or [""])]
    height = len(lines) * LINE + 16
    x, width = (PAD, WIDTH - 2 * PAD) if message.by_bot else (WIDTH // 3, WIDTH * 2 // 3 - PAD)
    fill = BUBBLE if message.by_bot else MINE
    box = f'<rect x="{x}" y="{sheet.y}" width="{width}" height="{height}" rx="12" fill="{fill}"/>'
    rows = [
        f'<text x="{x + 10}" y="{sheet.y + 21 + n * LINE}" fill="{INK}">{escape(line)}</text>'
        for n, line in enumerate(lines)
    ]
    sheet.add("\n".join([box, *rows]), height + 6)
    for row in message.keyboard:
        _buttons(sheet, [button["text"] for button in row])
    sheet.y += 8


def _buttons(sheet: Sheet, labels: Sequence[str]) -> None:
    width = (WIDTH - 2 * PAD - 5 * (len(labels) - 1)) / len(labels)
    parts = []
    for n, label in enumerate(labels):
        x = PAD + n * (width + 5)
        middle = x + width / 2
        parts.append(f'<rect x="{x:.1f}" y="{sheet.y}" width="{width:.1f}" height="{BUTTON - 5}" rx="8" fill="#fff"/>')
        parts.append(
            f'<text x="{middle:.1f}" y="{sheet.y + 20}" fill="{LINK}" text-anchor="middle">{escape(label)}</text>'
        )
    sheet.add("\n".join(parts), BUTTON)
