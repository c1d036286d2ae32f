"""The certificates of those who vouch for others, read when one is needed and not all at every start."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BY_HASH = re.compile(r"[0-9a-f]{8}\.\d+")
"""How OpenSSL names a certificate in a folder to find it by its subject (openssl-rehash)."""


@contextmanager
def read_when_needed() -> Iterator[None]:
    """Contexts for TLS that are made in here with the system's certificates find each in its folder at a handshake.

    Otherwise OpenSSL reads the bundle of all of them, 20 ms and 1 MB for each context; aiohttp makes two when it is
    imported, a tenth of a start. Where the folder may lack what the bundle has, all is left as it is.
    """
    if not _folder_has_all():
        yield
        return
    os.environ["SSL_CERT_FILE"] = os.devnull  # OpenSSL's own variable for the bundle
    try:
        yield
    finally:
        del os.environ["SSL_CERT_FILE"]


def _folder_has_all() -> bool:
    paths = ssl.get_default_verify_paths()
    if paths.openssl_cafile_env in os.environ or paths.cafile is None or paths.capath is None:
        return False  # whoever runs this has chosen a bundle, or there are not both
    try:
        bundled = Path(paths.cafile).read_bytes().count(b"-----BEGIN CERTIFICATE-----")
        filed = sum(1 for name in os.listdir(paths.capath) if _BY_HASH.fullmatch(name))
    except OSError:
        return False
    return 0 < bundled <= filed
