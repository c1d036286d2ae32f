"""What a process does at points of a send that nobody outside can aim at: freeze, or say how long it took."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import aiohttp

from bots.slack.bot import SlackBot
from core.delivery import Lane
from core.workforce import Workforce

POSTS = {"discord": "/messages", "slack": "/chat.postMessage", "telegram": "/sendMessage"}
"""How the addresses of the calls end that post."""


def freeze_at(points: list[str]) -> None:
    """Freeze at each of these points once, in sends to Slack: the one platform where a second one could stand.

    ``claimed``: before it commits that it sends; ``committed``: after that; ``checked``: after its last look at the
    lease.
    """

    def freeze(point: str) -> None:
        if points and points[0] == point:
            del points[0]
            os.kill(os.getpid(), signal.SIGSTOP)

    mine, send = Lane._mine, SlackBot.send

    async def committing(lane: Lane, job: Any) -> bool:
        slack = lane._bot.platform == SlackBot.platform
        if slack:
            freeze("claimed")
        took = await mine(lane, job)
        if slack and took:
            freeze("committed")
        return took

    async def sending(bot: SlackBot, *arguments: Any, **more: Any) -> Any:
        freeze("checked")
        return await send(bot, *arguments, **more)

    Lane._mine = committing  # type: ignore[method-assign, assignment]  # as long as this process lives
    SlackBot.send = sending  # type: ignore[method-assign, assignment]  # the same


def measure(path: str) -> None:
    """Write a line for each post: the platform, and microseconds from the last look at the lease to the request."""
    looked: ContextVar[float] = ContextVar("looked")
    alive: Callable[[Workforce], bool] = Workforce.alive.fget  # type: ignore[attr-defined]  # a property has one
    write = aiohttp.ClientRequest.send

    def looking(workforce: Workforce) -> bool:
        looked.set(time.perf_counter())
        return alive(workforce)

    async def writing(request: aiohttp.ClientRequest, *arguments: Any) -> Any:
        response = await write(request, *arguments)
        name = next((name for name, end in POSTS.items() if request.url.path.endswith(end)), None)
        if name and request.method == "POST" and (since := looked.get(0.0)):
            looked.set(0.0)  # a library that tries again does so with the platform's own key
            with open(path, "a") as file:  # noqa: ASYNC230  a test's, and short
                file.write(f"{name} {(time.perf_counter() - since) * 1e6:.0f}\n")
        return response

    Workforce.alive = property(looking)  # type: ignore[method-assign, assignment]  # as long as this process lives
    aiohttp.ClientRequest.send = writing  # type: ignore[method-assign, assignment]  # the same
