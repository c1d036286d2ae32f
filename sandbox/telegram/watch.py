"""Waiting for what a member will see."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.telegram.world import Message


class Watch:
    """Futures by key: each is told once, of the first thing that happens under one of its keys."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[Message]]] = {}

    @contextmanager
    def expect(self, *keys: str) -> Iterator[asyncio.Future[Message]]:
        """A future that ends with the first message that is told under any of ``keys``."""
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        for key in keys:
            self._waiting.setdefault(key, []).append(future)
        try:
            yield future
        finally:
            future.cancel()
            for key in keys:
                waiting = self._waiting.get(key, [])
                if future in waiting:
                    waiting.remove(future)
                if not waiting:
                    self._waiting.pop(key, None)

    def tell(self, key: str, message: Message) -> None:
        """Something visible happened."""
        for future in self._waiting.pop(key, ()):
            if not future.done():
                future.set_result(message)


def changed(message: Message) -> str:
    """The key of a message that the bot changes."""
    return f"changed {message.key}"


def to_member(chat: int, user: int) -> str:
    """The key of a message that the bot addresses to somebody in a chat."""
    return f"to {chat} {user}"
