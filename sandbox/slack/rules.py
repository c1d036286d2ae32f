"""skeleton"""

from __future__ import annotations
from typing import Any, NamedTuple


class R(NamedTuple):
    limit: int


MESSAGE_TEXT = R(40000)
UPDATE_TEXT = R(4000)
BLOCKS_TEXT = R(13200)


def check_blocks(blocks: Any) -> list[str]:
    return []


def check_view(view: Any) -> list[str]:
    return []


def check_metadata(metadata: Any) -> str:
    return ""


def too_large(view: Any) -> bool:
    return False


def text_length(blocks: Any) -> int:
    return 0


def check_input(block: Any, raw: Any) -> str:
    return ""
