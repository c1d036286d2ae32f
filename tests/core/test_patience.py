"""What takes too long is stopped, and nothing else is."""

from __future__ import annotations

import asyncio

import pytest

from core.patience import Patience


async def under(patience: Patience, seconds: float) -> str:
    with patience:
        await asyncio.sleep(seconds)
    return "done"


async def test_what_is_quick_is_left_alone_and_what_is_slow_stopped() -> None:
    patience = Patience(0.05)
    ends = await asyncio.gather(
        under(patience, 0.0),
        under(patience, 5.0),
        under(patience, 0.01),
        under(patience, 5.0),
        return_exceptions=True,
    )
    assert [str(end) or type(end) for end in ends] == ["done", TimeoutError, "done", TimeoutError]


async def test_each_has_its_own_time() -> None:
    patience = Patience(0.05)
    assert await under(patience, 0.03) == "done"
    assert await under(patience, 0.03) == "done"
    with pytest.raises(TimeoutError):
        await under(patience, 5.0)


async def test_a_task_that_was_stopped_goes_on() -> None:
    patience = Patience(0.01)
    with pytest.raises(TimeoutError):
        await under(patience, 5.0)
    await asyncio.sleep(0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert await under(Patience(5.0), 0.0) == "done"


async def test_whoever_is_cancelled_by_others_is_cancelled() -> None:
    task = asyncio.create_task(under(Patience(5.0), 5.0))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_passes_through() -> None:
    with pytest.raises(LookupError), Patience(5.0):
        raise LookupError
