"""The public test kit: a clock to set, a bot in memory, a hall to try a plugin in, a hall to try a bot in, and what
every bot must do (``core.testing.contract``, which needs pytest)."""

from core.testing.clock import SetClock
from core.testing.fake_bot import FakeAnswering, FakeBot
from core.testing.hall import hall_for, install
from core.testing.receiver import RecordingReceiver
from core.testing.rig import Came, Result, Rig, Seen, Trouble

__all__ = [
    "Came",
    "FakeAnswering",
    "FakeBot",
    "RecordingReceiver",
    "Result",
    "Rig",
    "Seen",
    "SetClock",
    "Trouble",
    "hall_for",
    "install",
]
