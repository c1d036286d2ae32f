"""The vault."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.errors import BadMasterKey, CannotOpenSeal
from storage.vault import Vault


def test_what_was_sealed_opens_again_in_its_place_alone(vault: Vault) -> None:
    sealed = vault.seal(b"someone", b"account")
    assert b"someone" not in sealed
    assert vault.open(sealed, b"account") == b"someone"
    with pytest.raises(CannotOpenSeal, match="moved from another place"):
        vault.open(sealed, b"dialogue")


def test_the_same_is_never_sealed_alike(vault: Vault) -> None:
    assert vault.seal(b"someone", b"account") != vault.seal(b"someone", b"account")


def test_damage_is_noticed(vault: Vault) -> None:
    sealed = bytearray(vault.seal(b"someone", b"account"))
    sealed[-1] ^= 1
    with pytest.raises(CannotOpenSeal, match="damaged"):
        vault.open(bytes(sealed), b"account")
    for short in (b"", b"\x01", bytes(60)):
        with pytest.raises(CannotOpenSeal, match="no sealed value"):
            vault.open(short, b"account")


def test_another_key_is_named_as_the_reason(vault: Vault) -> None:
    with pytest.raises(CannotOpenSeal, match="another master key"):
        Vault.generate().open(vault.seal(b"someone", b"account"), b"account")


def test_a_lookup_depends_on_the_key(vault: Vault) -> None:
    assert vault.lookup("someone") == vault.lookup("someone")
    assert vault.lookup("someone") != vault.lookup("somebody")
    assert vault.lookup("someone") != Vault.generate().lookup("someone")


def test_keys_are_derived_as_the_standard_says() -> None:
    def derived(purpose: bytes) -> bytes:
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(bytes(range(32)))

    vault = Vault(bytes(range(32)))
    assert vault.check == derived(b"hallkeeper check 1")
    assert vault._derive(b"hallkeeper seal 1") == derived(b"hallkeeper seal 1")


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    with pytest.raises(BadMasterKey, match="Restore it from your backup"):
        Vault.from_file(path)
    made = Vault.from_file(path, create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert Vault.from_file(path, create=True).check == made.check
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"not base64!", b"c2hvcnQ=", b"\xff\xfe"])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(content)
    with pytest.raises(BadMasterKey):
        Vault.from_file(path, create=True)
    assert path.read_bytes() == content
