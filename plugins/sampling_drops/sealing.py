"""What is sealed under a drop's own key: addresses, and codes."""

from __future__ import annotations

import json
from uuid import UUID

from storage.vault import Vault


def of(vault: Vault, wrapped: bytes | None) -> Vault:
    """A drop's own vault, by its wrapped key. Raises LookupError when that was thrown away."""
    if wrapped is None:
        raise LookupError("this drop's key was thrown away, with all that it sealed")
    return vault.key(wrapped)


def seal_address(own: Vault, address: dict[str, str], member_id: UUID) -> bytes:
    """An address, for one member's claim alone."""
    data = json.dumps(address, ensure_ascii=False, separators=(",", ":")).encode()
    return own.seal(data, member_id.bytes)


def open_address(own: Vault, sealed: bytes, member_id: UUID) -> dict[str, str]:
    """Back from :func:`seal_address`."""
    address: dict[str, str] = json.loads(own.open(sealed, member_id.bytes))
    return address


def seal_code(own: Vault, code: str, drop_id: UUID) -> bytes:
    """A code."""
    return own.seal(code.encode(), drop_id.bytes)


def open_code(own: Vault, sealed: bytes, drop_id: UUID) -> str:
    """Back from :func:`seal_code`."""
    return own.open(sealed, drop_id.bytes).decode()


def print_of(own: Vault, code: str) -> bytes:
    """By what a code is known again, and not read."""
    return own.lookup(f"code:{code}")
