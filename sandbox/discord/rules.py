"""What Discord refuses. Only the signatures yet: the rules follow."""

from __future__ import annotations
from typing import Any

PINS = 250
REACTIONS = 20


def check_message(body: Any, files: Any, *, path: tuple[str, ...] = (), old: Any = None) -> None: ...
def check_modal(data: Any) -> None: ...
def check_nonce(body: Any) -> None: ...
def check_thread(body: Any) -> None: ...
def checked_emoji(text: str) -> str:
    return text


class _L:
    limit = 2000


TEXT = _L()
