"""What a control means, said in at most 48 bytes, so that last month's button still works after a restart.

Layout: version byte, the plugin's two-letter short code, verb length and verb, then the community and arguments, each
with a tag byte. As base64url it fits 64 characters, the smallest of what platforms let a control carry, and uses
only characters that deep links allow.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field, replace
from uuid import UUID

VERSION = 1
"""The encoding's version. A button of an unknown version gets a kind word instead of a guess."""
MAX_BYTES = 48
"""48 bytes are 64 characters of base64url: the smallest payload of the platforms (64 bytes)."""
MAX_VERB = 6
"""Short, so that two UUIDs and two small numbers still fit."""
MAX_NUMBER = 2**24 - 1
"""Small numbers take one to three bytes."""

_CODE = re.compile(r"[a-z]{2}")
_VERB = re.compile(r"[a-z]{1,6}")
_TAG_COMMUNITY, _TAG_UUID, _TAG_PICK, _TAG_NUMBER = 1, 2, 8, 16

Argument = UUID | int


class ActionError(ValueError):
    """The action does not fit or cannot be read; the text says why."""


class UnknownVersion(ActionError):
    """The control was made by another version of hallkeeper."""


@dataclass(frozen=True, slots=True)
class Action:
    """A press's meaning: which plugin, which verb, about what.

    ``plugin`` is the plugin's permanent two-letter code. ``community`` lets a press in a private chat find its way.
    ``pick`` is the option that was pressed, on platforms where every option is a button of its own.
    Raises :class:`ActionError` when made with what cannot be carried.
    """

    plugin: str
    verb: str
    args: tuple[Argument, ...] = ()
    community: UUID | None = None
    pick: int | None = None
    _packed: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.plugin):
            raise ActionError(f"a plugin's short code is two small letters, not {self.plugin!r}")
        if not _VERB.fullmatch(self.verb):
            raise ActionError(f"a verb is one to {MAX_VERB} small letters, not {self.verb!r}")
        for number in (*self.args, self.pick):
            if isinstance(number, int) and not 0 <= number <= MAX_NUMBER:
                raise ActionError(f"a number in an action lies between 0 and {MAX_NUMBER}, not {number}")
        object.__setattr__(self, "_packed", self._pack())  # the fields are read here alone
        _must_fit(len(self._packed))

    def with_pick(self, pick: int) -> Action:
        """The same action for one option of a choice."""
        return replace(self, pick=pick)

    def must_hold_pick(self, most: int) -> None:
        """Raises :class:`ActionError` where :meth:`with_pick` would, for any pick up to ``most``."""
        _must_fit(len(self._packed) + len(_pack_number(_TAG_PICK, most)))

    def without_pick(self) -> Action:
        """The choice's own action, without the option."""
        return self if self.pick is None else replace(self, pick=None)

    def encode(self) -> str:
        """As text of at most 64 characters out of ``[A-Za-z0-9_-]``."""
        return base64.urlsafe_b64encode(self._packed).rstrip(b"=").decode()

    def _pack(self) -> bytes:
        out = bytearray([VERSION])
        out += self.plugin.encode()
        out.append(len(self.verb))
        out += self.verb.encode()
        if self.community is not None:
            out.append(_TAG_COMMUNITY)
            out += self.community.bytes
        for arg in self.args:
            if isinstance(arg, UUID):
                out.append(_TAG_UUID)
                out += arg.bytes
            else:
                out += _pack_number(_TAG_NUMBER, arg)
        if self.pick is not None:
            out += _pack_number(_TAG_PICK, self.pick)
        return bytes(out)

    @classmethod
    def decode(cls, text: str) -> Action:
        """Back from :meth:`encode`. Raises :class:`ActionError` for anything that we could not have written."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise ActionError("not an action") from None
        if not raw:
            raise ActionError("an empty action")
        if raw[0] != VERSION:
            raise UnknownVersion(f"an action of version {raw[0]}, this hallkeeper reads {VERSION}")
        try:
            action = cls._unpack(raw)
        except (IndexError, UnicodeDecodeError, ValueError):
            raise ActionError("a broken action") from None
        if action.encode() != text:
            raise ActionError("not the way that we write it")
        return action

    @classmethod
    def _unpack(cls, raw: bytes) -> Action:
        plugin = raw[1:3].decode("ascii")
        verb_end = 4 + raw[3]
        verb = raw[4:verb_end].decode("ascii")
        at = verb_end
        community: UUID | None = None
        pick: int | None = None
        args: list[Argument] = []
        while at < len(raw):
            tag = raw[at]
            at += 1
            if tag in (_TAG_COMMUNITY, _TAG_UUID):
                value = UUID(bytes=raw[at : at + 16])
                at += 16
                if tag == _TAG_COMMUNITY:
                    community = value
                else:
                    args.append(value)
                continue
            width = tag & 0b11
            number = int.from_bytes(raw[at : at + width], "big")
            at += width
            if tag & ~0b11 == _TAG_NUMBER:
                args.append(number)
            elif tag & ~0b11 == _TAG_PICK:
                pick = number
            else:
                raise ActionError("an unknown part")
        return cls(plugin, verb, tuple(args), community, pick)


def _must_fit(size: int) -> None:
    if size > MAX_BYTES:
        raise ActionError(f"an action has at most {MAX_BYTES} bytes, this one {size}: carry fewer ids")


def _pack_number(tag: int, number: int) -> bytes:
    width = max(1, (number.bit_length() + 7) // 8)
    return bytes([tag | width]) + number.to_bytes(width, "big")
