"""Which links a track may carry. They are shown to everybody and opened by us never: nothing is resolved here."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import quote, urlsplit, urlunsplit

from core.texts import Domain, Phrase

_ = Domain("listening_parties")

MAX_LINK = 500
"""Characters of a link: a platform's button takes 512, and songs have short addresses."""
PORTS = {"http": 80, "https": 443}
PRIVATE = (
    "localhost",
    "local",
    "internal",
    "home.arpa",
    "lan",
    "home",
    "corp",
    "private",
    "intranet",
    "test",
    "invalid",
)
"""Ends of names that are nobody's on the public internet (RFC 6761, 6762, 8375; ICANN's list of collisions)."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_FORBIDDEN = re.compile(r"[\s\x00-\x1f\x7f\\<>\"`{}|^]")


class BadLink(ValueError):
    """This link is not shown; ``words`` say why."""

    def __init__(self, words: Phrase) -> None:
        super().__init__(words.key)
        self.words = words


def public(text: str) -> str:
    """The link as it is shown, its host in the form that is looked up. Raises :class:`BadLink`."""
    text = text.strip()
    if len(text) > MAX_LINK:
        raise BadLink(_("The link is too long: at most {most} characters.", most=MAX_LINK))
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadLink(_("This is no link that I know. Copy it from your browser, with https:// in front.")) from None
    if parts.scheme not in PORTS or not parts.hostname or _FORBIDDEN.search(text):
        raise BadLink(_("This is no link that I know. Copy it from your browser, with https:// in front."))
    if "@" in parts.netloc:
        raise BadLink(_("A link with a user name in it is not shown to others."))
    if port is not None and port != PORTS[parts.scheme]:
        raise BadLink(_("A link with a port number is not shown to others."))
    host = _host(parts.hostname)
    path, query = (quote(part, safe="/%:=&?+$,;!~*'@-._") for part in (parts.path, parts.query))
    return urlunsplit((parts.scheme, host, path, query, quote(parts.fragment, safe="/%:=&?+$,;!~*'@-._")))


def _host(name: str) -> str:
    # What a browser makes of look-alikes, such as digits and dots of other scripts, before it looks the name up.
    name = unicodedata.normalize("NFKC", name).replace("\u3002", ".").rstrip(".").lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        pass
    else:
        raise BadLink(_not_public())
    try:
        name = name.encode("idna").decode("ascii")
    except UnicodeError:
        raise BadLink(_not_public()) from None
    labels = name.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadLink(_not_public())
    # No top-level domain begins with a digit (RFC 3696, 2): this is an address, in one of its older spellings.
    if labels[-1][0].isdigit() or any(name == end or name.endswith(f".{end}") for end in PRIVATE):
        raise BadLink(_not_public())
    return name


def _not_public() -> Phrase:
    return _("This link leads to no public place. Others could not open it.")
