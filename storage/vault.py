"""The vault: seals what must not be read from a stolen database, with a key that is kept apart from it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import BadMasterKey, CannotOpenSeal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12  # NIST SP 800-38D, 8.2: 96 bits; drawn at random, so one key is good for 2^32 seals
_HEAD = len(_VERSION) + _KEY_ID_BYTES + _NONCE_BYTES
_TAG_BYTES = 16
_EXPECTED = "One line of base64 is expected. Restore it from your backup."
_WRAPPED = b"key"
"""What the seal of a key is bound to."""


class Vault:
    """Seals with AES-256-GCM and looks up with HMAC-SHA256, each with its own key derived from the master key.

    A sealed value is: version (1 byte), key id (4), nonce (12), ciphertext with its tag (16 more than the data).
    """

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != KEY_BYTES:
            raise BadMasterKey(
                f"A master key is {KEY_BYTES} bytes, this one is {len(master_key)}. "
                "Check that the key file was copied whole."
            )
        self._master_key = master_key
        self._lookup_key = self._derive(b"hallkeeper lookup 1")
        self._check = self._derive(b"hallkeeper check 1")
        self._head = _VERSION + self._check[:_KEY_ID_BYTES]

    @cached_property
    def _seal(self) -> AESGCM:
        # Loaded at the first seal: 7 ms and 7 MB (it brings an OpenSSL of its own) that no start needs.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._derive(b"hallkeeper seal 1"))

    def _derive(self, purpose: bytes) -> bytes:
        """HKDF-SHA256 (RFC 5869) without a salt; 32 bytes are its first block, so its second step is one HMAC."""
        key = hmac.digest(bytes(hashlib.sha256().digest_size), self._master_key, "sha256")
        return hmac.digest(key, purpose + b"\x01", "sha256")

    @classmethod
    def generate(cls) -> Vault:
        """A vault with a new random key, which is nowhere but in memory."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def from_file(cls, path: Path | str, *, create: bool = False) -> Vault:
        """The vault whose key is in a file, as base64 on one line. ``create`` makes the file when there is none.

        A new file is readable by its owner alone; an existing one is never written to.

        :raises BadMasterKey: the file can't be read or made, or holds no key.
        """
        path = Path(path)
        if create and not path.exists():
            return cls._create(path)
        try:
            return cls.from_text(path.read_text("ascii"))
        except OSError as error:
            raise BadMasterKey(
                f"The master key at {path} can't be read ({error.strerror}). Restore it from your backup, or, for a "
                "store that is still empty, make a new one."
            ) from error
        except UnicodeDecodeError as error:
            raise BadMasterKey(f"{path} holds no master key. {_EXPECTED}") from error
        except BadMasterKey as error:
            raise BadMasterKey(f"{path}: {error}") from error

    @classmethod
    def from_text(cls, text: str) -> Vault:
        """The vault of a key as it stands in its file.

        :raises BadMasterKey: it is no key.
        """
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except (binascii.Error, ValueError) as error:
            raise BadMasterKey(f"This is no master key. {_EXPECTED}") from error

    @classmethod
    def _create(cls, path: Path) -> Vault:
        vault = cls.generate()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # O_EXCL: whoever else makes this file at the same moment keeps theirs.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(base64.b64encode(vault._master_key) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            return cls.from_file(path)
        except OSError as error:
            raise BadMasterKey(
                f"The master key can't be written to {path} ({error.strerror}). Choose another folder."
            ) from error
        return vault

    @property
    def check(self) -> bytes:
        """What a store remembers so as to know its key again. It gives nothing of the key away."""
        return self._check

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Encrypt ``data``; it opens again only with the same ``context`` (say, its table and column)."""
        nonce = os.urandom(_NONCE_BYTES)
        return self._head + nonce + self._seal.encrypt(nonce, data, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What was sealed.

        :raises CannotOpenSeal: damaged, sealed with another key, or for another context.
        """
        if len(sealed) < _HEAD + _TAG_BYTES or not sealed.startswith(_VERSION):
            raise CannotOpenSeal("This is no sealed value of a kind known here. Did a newer hallkeeper write it?")
        if not sealed.startswith(self._head):
            raise CannotOpenSeal("This was sealed with another master key. Restore that key file from your backup.")
        from cryptography.exceptions import InvalidTag

        try:
            return self._seal.decrypt(sealed[_HEAD - _NONCE_BYTES : _HEAD], sealed[_HEAD:], context)
        except InvalidTag:
            raise CannotOpenSeal(
                "A sealed value is damaged, or was moved from another place. Restore the row from your backup."
            ) from None

    def new_key(self) -> bytes:
        """A new key for things that are to be thrown away together, wrapped: keep it beside them. See :meth:`key`."""
        return self.seal(secrets.token_bytes(KEY_BYTES), _WRAPPED)

    def key(self, wrapped: bytes) -> Vault:
        """A vault that seals with a key from :meth:`new_key`. Without its row nothing it sealed opens ever again.

        :raises CannotOpenSeal: see :meth:`open`.
        """
        return Vault(self.open(wrapped, _WRAPPED))

    def lookup(self, text: str) -> bytes:
        """A keyed fingerprint (32 bytes) to find a value by without keeping it in the clear.

        Keyed BLAKE2b (RFC 7693): as good as HMAC, and Python's keeps the interpreter while it reckons so little. HMAC
        lets go of it each time, and gets it back only after the writer had its turn: 0.2 ms a call under load.
        """
        return hashlib.blake2b(text.encode(), digest_size=32, key=self._lookup_key).digest()
