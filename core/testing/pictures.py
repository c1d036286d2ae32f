"""Small pictures for tests, made from nothing: one colour, any size."""

from __future__ import annotations

import zlib


def png(width: int = 8, height: int = 6, shade: int = 128) -> bytes:
    """A whole PNG of one grey. Two shades make two different pictures."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + bytes((8, 0, 0, 0, 0))
    rows = zlib.compress((b"\0" + bytes((shade,)) * width) * height, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def large(size: int = 1_500_000) -> bytes:
    """A whole PNG of so many bytes: a comment fills it, as in cameras’ files."""
    head, end = png(40, 30).rsplit(b"IEND", 1)
    filling = size - len(head) - len(end) - 4 - 12
    text = b"tEXt" + b"x" * filling
    chunk = filling.to_bytes(4) + text + zlib.crc32(text).to_bytes(4)
    return head[:-4] + chunk + head[-4:] + b"IEND" + end


def jpeg(width: int = 8, height: int = 6) -> bytes:
    """The head of a JPEG, padded as cameras do: enough for whoever reads its size, not to be drawn."""
    comment = b"\xff\xfe" + (6).to_bytes(2) + b"mine"
    frame = b"\xff\xc0" + (11).to_bytes(2) + b"\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x01\x01\x11\x00"
    return b"\xff\xd8" + comment + b"\xff" + frame + b"\xff\xd9"
