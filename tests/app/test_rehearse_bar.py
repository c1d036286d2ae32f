"""How far a rehearsal is, as people see it."""

from __future__ import annotations

import io

from app.rehearse.bar import Bar
from app.rehearse.waits import Waits
from sandbox.telegram import TelegramSandbox


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def test_a_bar_says_how_long_it_takes_and_what_it_waits_for() -> None:
    terminal, now = Terminal(), [0.0]
    bar = Bar(shown=True, stream=terminal, clock=lambda: now[0])
    with bar.count("answers", 100, lambda: "3 wait for Telegram") as tick:
        now[0] = 1.0
        tick(10)
        first = terminal.getvalue().rpartition("\r")[2]
        now[0] = 10.0
        tick(10)
    assert "10/100 answers · 3 wait" in first, "too soon to say how long"
    assert "20/100 answers · about 40 s left · 3 wait for Telegram" in terminal.getvalue()


def test_what_is_slow_is_named_with_its_limit() -> None:
    waits, platform = Waits(), TelegramSandbox()
    with waits.one(platform) as patience:
        assert waits.words() == ""
        waits._began["telegram"] = {1: waits._began["telegram"][1] - 12.0, 2: 0.0}
        assert "wait for Telegram, which takes 30 messages a second of a bot" in waits.words()
        del waits._began["telegram"][2]
        assert waits.words().startswith("1 wait for Telegram")
    assert patience == 5.0
