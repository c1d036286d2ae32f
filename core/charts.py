"""Charts as pictures for chats: bars and lines with their intervals, light, and large enough for a phone.

A chart is plain frozen data in one language. :func:`picture` draws it; what stands in it stands in its alt text too.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from core.charting import COLOURS, FAINT, INK, LABEL, NOTE, PALE, SCALE, WIDTH, Canvas
from core.message import Image, cut
from core.texts import Domain, Phrase

_ = Domain("core")

MOST_BARS = 15
"""In a picture, so that it stays about twice as high as it is wide."""
MOST_LINES = 4
"""In a picture: more can't be told apart."""
MAX_ALT = 1000
"""Characters of an alt text (the smallest platform's has 1,024)."""
MOST_SECONDS = 20
"""After which drawing has failed: it takes about half a second."""


class ChartError(Exception):
    """A picture could not be drawn."""


class Range(NamedTuple):
    """From where to where something reaches."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. ``note`` stands beside it in words; ``value`` is None where it isn't shown, and the note says why.

    ``beside`` is a second part, in a second colour, that goes on where the first ends.
    """

    label: str
    value: float | None
    note: str
    interval: Range | None = None
    beside: float = 0


@dataclass(frozen=True, slots=True)
class Point:
    """A value at one step of a line; None where there is none, or it isn't shown."""

    value: float | None
    interval: Range | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line, a point for each step. ``note`` says its last value in words."""

    label: str
    points: tuple[Point, ...]
    note: str


class Chart(Protocol):
    """What can be drawn."""

    def draw(self, canvas: Canvas) -> None:
        """Put it on a canvas, from the top down."""

    @property
    def alt(self) -> Phrase:
        """The same in words."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Horizontal bars from nought, in the order given.

    ``notes`` are figures over all of it, under the bars; ``foot`` says what the figures are made of.
    """

    title: str
    bars: tuple[Bar, ...]
    foot: str = ""
    notes: tuple[str, ...] = ()
    top: float | None = None
    """What a full width is; None for the largest."""

    def draw(self, canvas: Canvas) -> None:
        """Put it on a canvas."""
        canvas.title(self.title)
        shown = self.bars[:MOST_BARS]
        top = self.top or max((_end(one) for one in shown), default=0) or 1
        # The notes stand beside the bars, and the longest bar leaves room for its note.
        room = min(WIDTH * 0.5, max((canvas.width_of(one.note, NOTE) for one in shown), default=0) + 20)
        unit = (WIDTH - room) / max(top, max((_end(one) for one in shown), default=0))
        for one in shown:
            self._row(canvas, one, unit)
        if len(self.bars) > len(shown):
            canvas.text(f"+ {len(self.bars) - len(shown)} …", NOTE, PALE)
        for note in self.notes:
            canvas.gap(10)
            canvas.text(note, NOTE, INK, bold=True)
        canvas.foot(self.foot)

    def _row(self, canvas: Canvas, one: Bar, unit: float) -> None:
        canvas.gap(10)
        canvas.text(one.label, LABEL, INK)
        y = canvas.y + 5
        canvas.bar(0, max(WIDTH * 0.004, 1), y, FAINT)
        end = 0.0
        if one.value is not None:
            end = _end(one) * unit
            canvas.bar(0, one.value * unit, y, COLOURS[0])
            if one.beside:
                canvas.bar(one.value * unit, (one.value + one.beside) * unit, y, COLOURS[1])
            if one.interval is not None:
                canvas.whisker(one.interval.low * unit, one.interval.high * unit, y)
        canvas.beside(one.note, end + 10, y, INK if one.value is not None else PALE)
        canvas.y = y + Canvas.BAR + 4

    @property
    def alt(self) -> Phrase:
        """The same in words."""
        parts = "; ".join([*(f"{one.label}: {one.note}" for one in self.bars[:MOST_BARS]), *self.notes])
        return _("Chart “{title}”. {parts}. {foot}", **_fitting(self.title, parts, self.foot))


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines over steps, such as the waves of a survey. ``steps`` are what stands under them."""

    title: str
    steps: tuple[str, ...]
    lines: tuple[Line, ...]
    foot: str = ""
    bottom: float | None = None
    top: float | None = None
    """The ends of the scale; None for what the values need."""
    percent: bool = False
    """The values are shares."""

    def draw(self, canvas: Canvas) -> None:
        """Put it on a canvas."""
        canvas.title(self.title)
        shown = self.lines[:MOST_LINES]
        ends = [bound for line in shown for point in line.points for bound in _bounds(point)]
        bottom = self.bottom if self.bottom is not None else min(ends, default=0)
        top = self.top if self.top is not None else max(ends, default=1)
        canvas.lines(
            self.steps,
            [[(point.value, *(point.interval or (None, None))) for point in line.points] for line in shown],
            (bottom, top if top > bottom else bottom + 1),
            percent=self.percent,
        )
        for number, line in enumerate(shown):
            canvas.gap(6)
            canvas.key(number, f"{line.label} · {line.note}")
        canvas.foot(self.foot)

    @property
    def alt(self) -> Phrase:
        """The same in words."""
        parts = "; ".join(f"{line.label}: {line.note}" for line in self.lines[:MOST_LINES])
        steps = f"{self.steps[0]} – {self.steps[-1]}" if self.steps else ""
        return _("Chart “{title}”, {steps}. {parts}. {foot}", steps=steps, **_fitting(self.title, parts, self.foot))


async def picture(chart: Chart) -> Image:
    """The chart as a picture with its alt text. Raises :class:`ChartError` where it can't be drawn."""
    return Image(alt=chart.alt, data=await asyncio.to_thread(png, chart))


def png(chart: Chart) -> bytes:
    """The chart as PNG bytes, about 1,000 pixels wide. Blocks for half a second: not for the event loop.

    It is drawn in a process of its own: the renderer holds the interpreter while it draws, 0.4 s the first time, and
    a hall has to answer meanwhile; and its hundred megabytes go when the picture is done.
    """
    canvas = Canvas()
    chart.draw(canvas)
    spec = json.dumps(canvas.spec())
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter and our own words; the chart goes in as data
            [sys.executable, "-I", "-c", _DRAW, str(SCALE)],
            input=spec.encode(),
            capture_output=True,
            timeout=MOST_SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise ChartError(error.stderr.decode(errors="replace")[-500:]) from error
    except subprocess.TimeoutExpired as error:
        raise ChartError(f"it was not drawn in {MOST_SECONDS} s") from error
    return done.stdout


_DRAW = (
    "import sys, vl_convert\n"
    "spec = sys.stdin.buffer.read().decode()\n"
    "sys.stdout.buffer.write(vl_convert.vegalite_to_png(spec, scale=float(sys.argv[1]), allowed_base_urls=[]))"
)


def _end(one: Bar) -> float:
    return max((one.value or 0) + one.beside, one.interval.high if one.interval else 0)


def _bounds(point: Point) -> Sequence[float]:
    if point.value is None:
        return ()
    return point.interval or (point.value,)


def _fitting(title: str, parts: str, foot: str) -> dict[str, str]:
    return {"title": title, "parts": cut(parts, max(1, MAX_ALT - len(title) - len(foot) - 80)), "foot": foot}
