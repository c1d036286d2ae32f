"""Pictures as the platforms look at them: by what is in the bytes, whatever they were called."""

from __future__ import annotations

_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_PLAIN = frozenset({0xC4, 0xC8, 0xCC})
_SIZED = frozenset(range(0xC0, 0xD0)) - _PLAIN
"""Markers of JPEG's frames, which say how large it is. Source: ITU-T T.81, table B.1."""


def media_type(content: bytes) -> str:
    """The kind of picture, empty for what is none."""
    return next((kind for head, kind in _KINDS if content.startswith(head)), "")


def size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels; zeros where the bytes are no whole picture."""
    kind = media_type(content)
    if kind == "image/png" and content.rstrip().endswith(b"IEND\xaeB`\x82"):
        return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    if kind == "image/gif":
        return int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")
    return _jpeg(content) if kind == "image/jpeg" else (0, 0)


def _jpeg(content: bytes) -> tuple[int, int]:
    place = 2
    while place + 8 < len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker in _SIZED:
            return int.from_bytes(content[place + 7 : place + 9]), int.from_bytes(content[place + 5 : place + 7])
        place += 1 if marker == 0xFF else 2 + int.from_bytes(content[place + 2 : place + 4])
    return 0, 0
