"""Where things go in a chart: a canvas filled from the top down, which becomes one Vega-Lite specification."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Any, ClassVar

WIDTH, MARGIN, SCALE = 480, 24, 2
"""Points of what is drawn and around it, and pixels to each: 1,056 pixels wide, as wide as a phone shows."""
TITLE, LABEL, NOTE, SMALL = 24, 18, 17, 13
"""Sizes of letters, in points."""
INK, PALE, FAINT, BACK = "#1c2430", "#5b6573", "#c9d0d9", "white"
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")
"""Told apart by everybody (M. Okabe and K. Ito, Color Universal Design)."""
SHAPES = ("circle", "square", "triangle-up", "diamond")
DASHES: tuple[tuple[int, ...], ...] = ((1, 0), (6, 3), (2, 3), (8, 3, 2, 3))
"""Beside the colours, for eyes and printers that see none."""
LETTER = 0.53
"""How wide a letter is on the whole, of its size; a wide one (CJK, emoji) twice as much."""
MOST_LINES = 3
"""Of a label."""


_WORD = re.compile(r"[^ \t\n\r\f\v\x1c-\x1f\x85]+")  # a space that does not break is a part of it
_JOINERS = "\u200c\u200d"  # letters are joined by them in some scripts
_TINTS = "\u200d\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Me"})
"""Among them the key around a digit of an emoji, for which fonts have a box."""


class Canvas:
    """Marks in points, with ``y`` where the next one goes."""

    BAR: ClassVar[int] = 20
    """How high a bar is."""

    def __init__(self) -> None:
        self.y: float = 0
        self._layers: list[dict[str, Any]] = []

    def foot(self, text: str) -> None:
        """What the figures are made of."""
        if text:
            self.gap(12)
            self.text(text, SMALL, PALE, most=5)

    def title(self, text: str) -> None:
        """The title, bold."""
        self.text(text, TITLE, INK, bold=True)
        self.gap(4)

    def gap(self, points: float) -> None:
        """Leave room."""
        self.y += points

    def text(
        self, text: str, size: int, colour: str, *, bold: bool = False, x: float = 0, most: int = MOST_LINES
    ) -> None:
        """Words over the whole width, in as many lines as they need, at most ``most``."""
        columns = int((WIDTH - x) / (size * LETTER * (1.07 if bold else 1)))
        for line in wrapped(drawable(text), columns, most):
            self._words(line, x, self.y + size * 0.65, size, colour, bold=bold, limit=WIDTH - x)
            self.y += size * 1.3

    def beside(self, text: str, x: float, y: float, colour: str) -> None:
        """Words beside a bar."""
        self._words(text, x, y + self.BAR / 2, NOTE, colour, limit=WIDTH - x)

    def bar(self, left: float, right: float, y: float, colour: str) -> None:
        """A bar, or a part of one."""
        self._mark({"type": "rect", "color": colour}, [{"x": left, "x2": right, "y": y, "y2": y + self.BAR}])

    def whisker(self, low: float, high: float, y: float) -> None:
        """How far an interval reaches, light around it so that it is seen on every colour."""
        middle, tick = y + self.BAR / 2, self.BAR * 0.28
        strokes = [
            {"x": low, "x2": high, "y": middle, "y2": middle},
            {"x": low, "x2": low, "y": middle - tick, "y2": middle + tick},
            {"x": high, "x2": high, "y": middle - tick, "y2": middle + tick},
        ]
        self._mark({"type": "rule", "color": BACK, "strokeWidth": 4.5, "strokeCap": "square"}, strokes)
        self._mark({"type": "rule", "color": INK, "strokeWidth": 1.8}, strokes)

    def lines(
        self,
        steps: Sequence[str],
        lines: Sequence[Sequence[tuple[float | None, float | None, float | None]]],
        ends: tuple[float, float],
        *,
        percent: bool,
    ) -> None:
        """Lines of (value, low, high) over steps, on a scale between ``ends``."""
        height, left = 220, 48
        marked = ticks(*ends)
        low, high = marked[0], marked[-1]
        self.gap(12)
        top = self.y

        def place(value: float) -> float:
            return top + height * (1 - (value - low) / (high - low))

        width = WIDTH - left - 12
        across = [left + 12 + (width - 12) * (at / max(1, len(steps) - 1)) for at in range(len(steps))]
        for value in marked:
            y = place(value)
            self._mark({"type": "rule", "color": FAINT}, [{"x": left, "x2": WIDTH, "y": y, "y2": y}])
            written = f"{value:.0%}" if percent else f"{value:.4g}"
            self._words(written, left - 8, y, SMALL, PALE, align="right")
        for number, points in enumerate(lines):
            colour = COLOURS[number]
            known = [(x, *point) for x, point in zip(across, points, strict=True) if point[0] is not None]
            spans = [(x, a, b) for x, _value, a, b in known if a is not None and b is not None]
            self._mark(
                {"type": "rule", "color": colour, "strokeWidth": 6, "opacity": 0.3},
                [{"x": x, "x2": x, "y": place(a), "y2": place(b)} for x, a, b in spans],
            )
            dots = [{"x": x, "y": place(value)} for x, value, _a, _b in known if value is not None]
            strokes: list[list[dict[str, Any]]] = [[]]
            for x, (known_as, _a, _b) in zip(across, points, strict=True):
                if known_as is None:
                    strokes.append([])  # no line goes over what isn't known
                else:
                    strokes[-1].append({"x": x, "y": place(known_as)})
            for stroke in strokes:
                mark = {"type": "line", "color": colour, "strokeWidth": 3, "strokeDash": DASHES[number]}
                self._mark(mark, stroke)
            self._mark(
                {"type": "point", "color": colour, "filled": True, "opacity": 1, "size": 90, "shape": SHAPES[number]},
                dots,
            )
        self.y = top + height + 12
        # As many of the steps as have room under them.
        every = max(1, -(-len(steps) * 62 // width))
        for at in range(len(steps) - 1, -1, -every):
            self._words(
                steps[at],
                across[at] + (12 if at else 0),
                self.y + SMALL,
                SMALL,
                PALE,
                align="right" if at else "center",
            )
        self.gap(SMALL * 2)

    def key(self, number: int, text: str) -> None:
        """What a line is, beside its colour and shape."""
        shape = {"type": "point", "color": COLOURS[number], "filled": True, "opacity": 1, "size": 110}
        self._mark({**shape, "shape": SHAPES[number]}, [{"x": 8, "y": self.y + NOTE * 0.65}])
        self.text(text, NOTE, INK, x=22)

    @staticmethod
    def width_of(text: str, size: int) -> float:
        """How wide words are, in points, roughly."""
        return columns_of(text) * size * LETTER

    def spec(self) -> dict[str, Any]:
        """It as a Vega-Lite specification."""
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "width": WIDTH,
            "height": self.y,
            "padding": MARGIN,
            "background": BACK,
            "config": {"view": {"stroke": None}, "font": "sans-serif"},
            "layer": self._layers,
        }

    def _words(
        self,
        text: str,
        x: float,
        y: float,
        size: int,
        colour: str,
        *,
        bold: bool = False,
        align: str = "left",
        limit: float = WIDTH,
    ) -> None:
        mark = {"type": "text", "align": align, "baseline": "middle", "fontSize": size, "color": colour}
        mark |= {"limit": limit, "fontWeight": "bold" if bold else "normal"}
        self._mark(mark, [{"x": x, "y": y, "text": drawable(text)}])

    def _mark(self, mark: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        encoding: dict[str, Any] = {"text": {"field": "text"}} if "text" in rows[0] else {}
        for axis in ("x", "y"):
            # Points are points: no scale of Vega's own comes between.
            encoding[axis] = {"field": axis, "type": "quantitative", "scale": None, "axis": None}
            if f"{axis}2" in rows[0]:
                encoding[f"{axis}2"] = {"field": f"{axis}2"}
        self._layers.append({"mark": mark, "data": {"values": rows}, "encoding": encoding})


def ticks(low: float, high: float) -> list[float]:
    """Round values, four to eight, from below ``low`` to above ``high``."""
    rough = (high - low) / 6
    power = 10 ** floor(log10(rough))
    step = next(power * nice for nice in (1, 2, 5, 10) if power * nice >= rough)
    return [step * at for at in range(floor(low / step), ceil(high / step) + 1)]


def drawable(text: str) -> str:
    """The text without what the renderer can't draw: emoji, for which it has no font, and what is no letter at all.

    A text of emoji alone becomes their names.
    """
    text = "".join(
        one for one in text if one in _JOINERS or unicodedata.category(one) not in _UNSEEN or one.isspace()
    )
    kept = " ".join(_WORD.findall("".join(one for one in text if not _is_emoji(one))))
    return (
        kept
        if kept.strip(_JOINERS)
        else ", ".join(unicodedata.name(one, "").lower() for one in text if one not in _TINTS and _is_emoji(one))
    )


def columns_of(text: str) -> int:
    """How many columns words take: a wide character two, a combining one none."""
    return sum(_columns(one) for one in text)


def wrapped(text: str, columns: int, most: int) -> list[str]:
    """Words in lines of at most so many columns, cut with an ellipsis where ``most`` lines don't hold them."""
    lines: list[str] = []
    line = ""
    for word in _WORD.findall(text):
        longer = f"{line} {word}".strip()
        if columns_of(longer) <= columns:
            line = longer
            continue
        if line:
            lines.append(line)
        while columns_of(word) > columns:  # a word, or a script without spaces, that fills lines of its own
            head = _head(word, columns)
            lines.append(head)
            word = word[len(head) :]
        line = word
    if line:
        lines.append(line)
    if len(lines) > most:
        lines = [*lines[: most - 1], _head(f"{lines[most - 1]} {lines[most]}", columns - 1).rstrip() + "…"]
    return lines


def _head(text: str, columns: int) -> str:
    taken = 0
    for at, one in enumerate(text):
        taken += _columns(one)
        if taken > columns:
            return text[: max(at, 1)]
    return text


def _is_emoji(one: str) -> bool:
    # The planes of pictures, with the signs that tint them, and the wide ones among older symbols.
    wide = unicodedata.category(one) == "So" and unicodedata.east_asian_width(one) == "W"
    return "\U0001f000" <= one <= "\U0001faff" or wide or one == "\ufe0f"


def _columns(one: str) -> int:
    if unicodedata.combining(one) or unicodedata.category(one) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(one) in "WF" else 1
