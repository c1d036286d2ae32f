"""Codes that people read in one place and write in another. Kept as fingerprints, good once."""

from __future__ import annotations

import secrets

CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without letters that look like others."""
CODE_LENGTH = 8
"""30^8 codes, each good once and for a day at most: guessing one is hopeless at any platform's rate."""


def new_code() -> str:
    """A code that nobody can guess."""
    return "".join(secrets.choice(CODE_LETTERS) for _number in range(CODE_LENGTH))


def shown(code: str) -> str:
    """As people read it."""
    return f"{code[:4]}-{code[4:]}"


def clean(code: str) -> str:
    """Back from what people wrote: small letters, spaces and hyphens don't matter."""
    return "".join(letter for letter in code.upper() if letter in CODE_LETTERS)
