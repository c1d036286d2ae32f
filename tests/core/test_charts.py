"""Charts as pictures: what is drawn, and that the words say the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charting import COLOURS, WIDTH, Canvas, columns_of, drawable, ticks, wrapped
from core.charts import MOST_BARS, Bar, Bars, Line, Lines, Point, Range, picture
from core.message import Message
from core.numbers import decimal, percent
from core.texts import Catalogues

NASTY = '<b>\u202e\u05e9\u05dc\u05d5\u05dd 日本語 \\ " {title} %s\u0000 👍🏽' + "w" * 400


def drawn(chart: Bars | Lines) -> list[dict[str, Any]]:
    canvas = Canvas()
    chart.draw(canvas)
    layers: list[dict[str, Any]] = canvas.spec()["layer"]
    return layers


def words(layers: list[dict[str, Any]]) -> list[str]:
    return [row["text"] for layer in layers for row in layer["data"]["values"] if "text" in row]


def rectangles(layers: list[dict[str, Any]], colour: str) -> list[tuple[float, float]]:
    return [
        (row["x"], row["x2"])
        for layer in layers
        if layer["mark"]["type"] == "rect" and layer["mark"]["color"] == colour
        for row in layer["data"]["values"]
    ]


async def test_a_picture_that_a_message_can_carry() -> None:
    bars = (Bar("Discord", 0.42, "42% · n 210", Range(0.38, 0.46)), Bar(NASTY, 0.1, NASTY), Bar("Slack", None, "few"))
    image = await picture(Bars(NASTY, bars, "500 answers"))
    assert image.data.startswith(b"\x89PNG")
    assert 1000 <= int.from_bytes(image.data[16:20]) <= 1100
    alt = Catalogues().say(image.alt, "en")
    assert len(alt) <= 1024
    assert "Discord: 42% · n 210" in alt
    assert Message.from_data(Message(image=image).to_data()).image == image


async def test_lines_are_drawn_and_break_where_nothing_is_known() -> None:
    points = (Point(10, Range(5, 15)), Point(12), Point(None), Point(20))
    chart = Lines("NPS", ("Jan", "Feb", "Mar", "Apr"), (Line("All", points, "20, n 50"),), "95% intervals")
    assert (await picture(chart)).data.startswith(b"\x89PNG")
    strokes = [layer["data"]["values"] for layer in drawn(chart) if layer["mark"]["type"] == "line"]
    assert [len(one) for one in strokes] == [2, 1]
    assert "Jan – Apr" in Catalogues().say(chart.alt, "en")
    assert (await picture(Lines("None yet", (), ()))).data


def test_bars_are_as_long_as_their_values_and_hidden_ones_have_no_length() -> None:
    layers = drawn(Bars("Q", (Bar("a", 4, "4"), Bar("b", 2, "2", beside=1), Bar("c", None, "fewer than 5"))))
    (_zero, a), (_none, b) = rectangles(layers, COLOURS[0])
    assert a == pytest.approx(2 * b)
    assert rectangles(layers, COLOURS[1]) == [(b, pytest.approx(1.5 * b))]
    assert a <= WIDTH
    assert "fewer than 5" in words(layers)


def test_a_whisker_reaches_from_end_to_end_and_its_note_stands_behind_it() -> None:
    layers = drawn(Bars("Q", (Bar("a", 0.5, "note", Range(0.25, 0.75)),)))
    (_start, end), *_others = rectangles(layers, COLOURS[0])
    rule = next(layer["data"]["values"][0] for layer in layers if layer["mark"]["type"] == "rule")
    assert (rule["x"], rule["x2"]) == (pytest.approx(end / 2), pytest.approx(end * 1.5))
    note = next(row for layer in layers for row in layer["data"]["values"] if row.get("text") == "note")
    assert note["x"] > rule["x2"]


def test_more_bars_than_fit_are_counted() -> None:
    chart = Bars("Q", tuple(Bar(f"option {number}", 1, "1") for number in range(MOST_BARS + 3)))
    said = words(drawn(chart))
    assert f"option {MOST_BARS - 1}" in said
    assert f"option {MOST_BARS}" not in said
    assert "+ 3 …" in said


def test_emoji_are_left_to_the_words_beside_the_picture() -> None:
    assert drawable("Yes 👍🏽 please") == "Yes please"
    assert drawable("👍🏽") == "thumbs up sign"
    assert drawable("👨‍👩‍👧") == "man, woman, girl", "what joins them is nothing to read"
    assert drawable("5️⃣") == "5"
    assert drawable("⭐⭐") == "white medium star, white medium star"
    assert drawable("▲ 3 日本 ✓") == "▲ 3 日本 ✓"


@given(st.text(), st.integers(3, 40), st.integers(1, 4))
def test_no_line_is_longer_than_it_may_be(text: str, columns: int, most: int) -> None:
    lines = wrapped(text, columns, most)
    assert len(lines) <= most
    assert all(columns_of(line) <= columns for line in lines)


@given(st.floats(-1000, 1000), st.floats(0.001, 1000))
def test_a_scale_has_round_values_around_all_there_is(low: float, size: float) -> None:
    marked = ticks(low, low + size)
    assert marked[0] <= low + 1e-9
    assert marked[-1] >= low + size - 1e-9
    assert 2 <= len(marked) <= 9


def test_numbers_as_people_write_them() -> None:
    assert percent(0.4235, "en") == "42%"
    assert percent(0.4235, "de-AT", 1) == "42,4\u00a0%"
    assert decimal(1234.56, "fr") == "1\u202f234,6"
    assert decimal(3, "en") == "3"
    assert decimal(3, "en", 2, always=True) == "3.00"
    assert decimal(5000, "xx", 0) == "5,000"
