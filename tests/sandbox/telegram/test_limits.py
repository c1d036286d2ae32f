import pytest

from sandbox.telegram.errors import ApiError
from sandbox.telegram.limits import SendLimits


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_group_takes_twenty_a_minute_and_a_private_chat_more() -> None:
    clock = Clock()
    limits = SendLimits(clock=clock)
    for _ in range(20):
        limits.take(-1001)
        limits.take(7)
        clock.now += 1.0
    with pytest.raises(ApiError) as caught:
        limits.take(-1001)
    assert caught.value.retry_after == 40
    assert caught.value.body() == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 40",
        "parameters": {"retry_after": 40},
    }
    limits.take(7)
    clock.now += 40.0
    limits.take(-1001)


def test_a_chat_takes_a_short_burst() -> None:
    clock = Clock()
    limits = SendLimits(clock=clock)
    for _ in range(3):
        limits.take(7)
    with pytest.raises(ApiError):
        limits.take(7)
    limits.take(8)


def test_all_chats_together_take_thirty_a_second() -> None:
    limits = SendLimits(clock=Clock())
    for chat in range(30):
        limits.take(chat)
    with pytest.raises(ApiError):
        limits.take(31)


def test_edits_count_in_their_chat_over_a_minute_and_not_in_all() -> None:
    clock = Clock()
    limits = SendLimits(clock=clock)
    for chat, most in ((-1001, 20), (7, 60)):
        limits.take(chat)
        for _ in range(most - 1):
            limits.take(chat, edit=True)
        with pytest.raises(ApiError) as caught:
            limits.take(chat, edit=True)
        assert caught.value.retry_after == 60
    limits.take(8)
    clock.now += 60.0
    limits.take(7, edit=True)


def test_limits_may_be_lifted() -> None:
    limits = SendLimits(enabled=False, clock=Clock())
    for _ in range(100):
        limits.take(7)
