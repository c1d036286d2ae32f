"""Surveys, as members answer them."""

from __future__ import annotations

from tests.plugins.surveys import Town, choice, labels, town

__all__ = ["town"]


async def test_a_member_answers_press_by_press(town: Town) -> None:
    wave = await town.open()
    assert labels(town.card())[:3] == ["Tea", "Coffee", "Neither"]
    seen = await town.bot.choose(choice(town.card()).action, "mia", "0")
    assert "Which tea?" in seen.text
    assert "2 of 4" in seen.text
    seen = await town.pick(wave, "mia", 1, 0, 3)
    assert seen.opened is not None
    seen = await town.write(wave, "mia", 1, "Rooibos")
    assert "How many cups of Green, Another one a day?" in seen.text
    seen = await town.write(wave, "mia", 2, "4")
    assert "Why?" in seen.text
    seen = await town.press(wave, "mia", "s", 3)
    assert "your answers count" in seen.text
    assert await town.kept() == [
        ("cups", 0, None, 4.0),
        ("leaf", 0, "Green", None),
        ("leaf", 1, "other", None),
        ("likes", 0, "Tea", None),
        ("why", 0, None, None),
    ]
    await town.until_card("1 response so far")
