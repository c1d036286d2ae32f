"""Lengths as Telegram counts them."""

from __future__ import annotations


def utf16(text: str) -> int:
    """The length of a text in UTF-16 units. Source: MessageEntity."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def byte_offset(text: str, index: int) -> int:
    """Where a character stands in the UTF-8 text: parse errors name it so."""
    return len(text[:index].encode())
