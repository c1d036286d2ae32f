"""A picture's bytes: which kind they are and how large they draw, read from their head without a decoder."""

from __future__ import annotations

from enum import StrEnum

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_NO_FRAMES = {0xC4, 0xC8, 0xCC}  # between the frame headers SOF0 to SOF15, but other tables (ITU-T T.81, table B.1)
_BARE = {0x01, *range(0xD0, 0xD8)}  # markers without a length (ITU-T T.81, B.1.1.3)


class PictureKind(StrEnum):
    """The kinds that every platform shows; the value is the ending of a file's name."""

    PNG = "png"
    JPEG = "jpg"

    @property
    def media_type(self) -> str:
        """As in a ``Content-Type``."""
        return "image/png" if self is PictureKind.PNG else "image/jpeg"


def kind_of(data: bytes) -> PictureKind | None:
    """By the first bytes, never by what somebody called it; None for anything else."""
    if data.startswith(_PNG):
        return PictureKind.PNG
    return PictureKind.JPEG if data.startswith(_JPEG) else None


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None where the head is broken or the bytes are of no kind known here."""
    width, height = _png(data) if data.startswith(_PNG) else _jpeg(data)
    return (width, height) if width and height else None


def _png(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR" or len(data) < 24:
        return 0, 0
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while data[at : at + 1] == b"\xff" and at + 9 <= len(data):
        marker = data[at + 1]
        if marker == 0xFF:  # padding before a marker
            at += 1
        elif marker in _BARE:
            at += 2
        elif 0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES:
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return 0, 0
