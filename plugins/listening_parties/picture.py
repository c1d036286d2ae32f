"""A party's tracks and their votes as a picture that reads on a phone. Blocking: not for the event loop."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

WIDTH, ROW, SCALE = 540, 62, 2
"""Points, and pixels to each: 1,080 pixels wide, as wide as a phone shows without making it smaller."""
MOST = 15
"""Tracks in a picture: it stays about twice as high as it is wide."""
PADDING = 24
TITLE_ROOM = 32
"""Columns of each of the title's two lines; a wide character takes two."""
UP, DOWN, INK, PALE = "#1f77b4", "#e07b39", "#1c2430", "#6b7685"
"""Blue and orange: told apart by everybody."""


def draw(title: str, tracks: Sequence[tuple[str, int, int]]) -> bytes:
    """A PNG of tracks (name, ups, downs), the best liked first."""
    import vl_convert  # heavy, and no start needs it

    return bytes(vl_convert.vegalite_to_png(_chart(title, tracks), scale=SCALE))


def _chart(title: str, tracks: Sequence[tuple[str, int, int]]) -> dict[str, Any]:
    best = sorted(tracks, key=lambda one: one[2] - one[1])[:MOST]
    most = max((ups + downs for _name, ups, downs in best), default=0) or 1
    rows = [
        {
            "row": number,
            "name": _plain(name),
            "ups": ups,
            "all": ups + downs,
            "votes": f"▲ {ups}   ▼ {downs}",
        }
        for number, (name, ups, downs) in enumerate(best)
    ]
    y = {"field": "row", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0, "paddingOuter": 0}}
    # Room on the right for the numbers beside the longest bar.
    x = {"type": "quantitative", "axis": None, "scale": {"domain": [0, most * 1.35]}}
    bar = {"type": "bar", "height": 16, "yOffset": 10, "cornerRadius": 3}
    text = {"type": "text", "align": "left", "baseline": "middle"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "width": WIDTH,
        "height": ROW * len(rows),
        "padding": PADDING,
        "background": "white",
        "title": {"text": _lines(_plain(title)), "anchor": "start", "fontSize": 26, "color": INK, "offset": 18},
        "config": {"view": {"stroke": None}, "font": "sans-serif"},
        "data": {"values": rows},
        "layer": [
            {
                "mark": {**text, "fontSize": 18, "yOffset": -14, "color": INK, "limit": WIDTH - 2 * PADDING},
                "encoding": {"y": y, "x": {"value": 0}, "text": {"field": "name"}},
            },
            {"mark": {**bar, "color": DOWN}, "encoding": {"y": y, "x": {"field": "all", **x}}},
            {"mark": {**bar, "color": UP}, "encoding": {"y": y, "x": {"field": "ups", **x}}},
            {
                "mark": {**text, "fontSize": 16, "yOffset": 11, "dx": 8, "color": PALE},
                "encoding": {"y": y, "x": {"field": "all", **x}, "text": {"field": "votes"}},
            },
        ],
    }


def _plain(text: str) -> str:
    """Without emoji: they come in sequences that no font here draws as one."""
    kept: list[str] = []
    dropped = False
    for one in text:
        # What joins emoji joins letters, too: it goes with them alone.
        emoji = unicodedata.category(one) in ("So", "Sk") and one > "\u2100"
        dropped = emoji or (dropped and one in "\u200d\ufe0f")
        kept += [] if dropped else [one]
    return " ".join("".join(kept).split()) or "♪"


def _lines(text: str) -> list[str]:
    """A title on two lines at most."""
    first = cut(text, TITLE_ROOM)
    if first == text:
        return [text]
    head = first[:-1].rsplit(" ", 1)[0] if " " in first else first[:-1]
    return [head, cut(text[len(head) :].strip(), TITLE_ROOM)]


def cut(text: str, columns: int) -> str:
    """The text with an ellipsis where it takes more columns: a wide character takes two, a combining one none."""
    taken = 0
    for at, one in enumerate(text):
        taken += 0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        if taken > columns:
            return text[: at - 1].rstrip() + "…"
    return text
