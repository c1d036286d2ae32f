"""What is sealed under a drop's own key: addresses, and codes."""

from __future__ import annotations

import json
from uuid import UUID

from storage.vault import Vault


def new_key(vault: Vault) -> bytes:
    """A fresh key for a drop, wrapped by the master key."""
    return vault.new_key()


def _of(vault: Vault, wrapped: bytes | None) -> Vault:
    if wrapped is None:
        raise LookupError("this drop's key was thrown away, with all that it sealed")
    return vault.key(wrapped)


def seal_address(vault: Vault, wrapped: bytes | None, address: dict[str, str], member_id: UUID) -> bytes:
    """An address, for one member's claim alone."""
    data = json.dumps(address, ensure_ascii=False, separators=(",", ":")).encode()
    return _of(vault, wrapped).seal(data, member_id.bytes)


def open_address(vault: Vault, wrapped: bytes | None, sealed: bytes, member_id: UUID) -> dict[str, str]:
    """Back from :func:`seal_address`."""
    address: dict[str, str] = json.loads(_of(vault, wrapped).open(sealed, member_id.bytes))
    return address


def seal_code(vault: Vault, wrapped: bytes | None, code: str, drop_id: UUID) -> bytes:
    """A code."""
    return _of(vault, wrapped).seal(code.encode(), drop_id.bytes)


def open_code(vault: Vault, wrapped: bytes | None, sealed: bytes, drop_id: UUID) -> str:
    """Back from :func:`seal_code`."""
    return _of(vault, wrapped).open(sealed, drop_id.bytes).decode()


def fingerprint(vault: Vault, wrapped: bytes | None, code: str) -> bytes:
    """By what a code is known again."""
    return _of(vault, wrapped).lookup(f"code:{code}")
