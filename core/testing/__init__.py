"""The public test kit: a clock to set, a bot in memory, a hall to try a plugin in, and what every bot must do."""

from core.testing.clock import SetClock
from core.testing.fake_bot import FakeAnswering, FakeBot
from core.testing.hall import hall_for, install

__all__ = ["FakeAnswering", "FakeBot", "SetClock", "hall_for", "install"]
