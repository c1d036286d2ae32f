"""Roots that are read when one is needed: the same are trusted, and whoever chose some keeps them."""

from __future__ import annotations

import asyncio
import hashlib
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app import roots

PATHS = ssl.get_default_verify_paths()


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system that trusts one root, in a bundle and by its hash in a folder; ``server.pem`` has its key, too."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.OID_COMMON_NAME, "root")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "server.pem").write_bytes(pem + secret)
    (tmp_path / "bundle.pem").write_bytes(pem)
    folder = tmp_path / "certs"
    folder.mkdir()
    # X509_NAME_hash: the first four bytes, from the right, of the SHA-1 of the name's parts in small letters.
    number = hashlib.sha1(name.public_bytes()[2:], usedforsecurity=False).digest()[3::-1].hex()
    (folder / f"{number}.0").write_bytes(pem)
    monkeypatch.setenv(PATHS.openssl_capath_env, str(folder))
    monkeypatch.delenv(PATHS.openssl_cafile_env, raising=False)
    both = PATHS._replace(cafile=str(tmp_path / "bundle.pem"), capath=str(folder))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: both)
    return tmp_path


async def test_a_root_is_found_at_the_handshake(trusted: Path) -> None:
    with roots.read_when_needed():
        context = ssl.create_default_context()
    assert PATHS.openssl_cafile_env not in os.environ
    assert context.get_ca_certs() == []
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(trusted / "server.pem")

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0, ssl=serving) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
        assert await reader.read() == b"hello"
        writer.close()
        (next((trusted / "certs").iterdir())).unlink()
        with roots.read_when_needed():
            stranger = ssl.create_default_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=stranger, server_hostname="localhost")


def test_a_folder_that_lacks_one_is_not_relied_on(trusted: Path) -> None:
    with (trusted / "bundle.pem").open("ab") as bundle:
        bundle.write((trusted / "bundle.pem").read_bytes())
    with roots.read_when_needed():
        assert PATHS.openssl_cafile_env not in os.environ


def test_a_bundle_that_somebody_chose_stays(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PATHS.openssl_cafile_env, "mine.pem")
    with roots.read_when_needed():
        assert os.environ[PATHS.openssl_cafile_env] == "mine.pem"
    assert os.environ[PATHS.openssl_cafile_env] == "mine.pem"
