"""The codes that a drop gives away: taken in, each once."""

from __future__ import annotations

import asyncio
from typing import NamedTuple
from uuid import UUID

from core.texts import Domain, Phrase, Words
from plugins.sampling_drops import drops, sealing
from plugins.sampling_drops.definition import CODE
from plugins.sampling_drops.drafts import Refused, count_codes, locked
from plugins.sampling_drops.tables import Code
from plugins.sampling_drops.words import lines
from storage.bulk import insert_new
from storage.tx import Tx
from storage.vault import Vault

_ = Domain("sampling_drops")

MAX_CODE = 100
"""Characters of a code, or of a link that is one."""
MOST = 10_000
"""Codes of a list that is handed in at once."""


class Taken(NamedTuple):
    """What came of a list. ``doubled`` were in it twice, or known."""

    new: int
    doubled: int
    blank: int
    stock: int

    @property
    def words(self) -> Words:
        """It in words."""
        said: list[Words] = [_("{n} code added.", "{n} codes added.", n=self.new)]
        if self.doubled:
            said.append(
                _(
                    "{n} was there already and is kept once.",
                    "{n} were there already and are kept once.",
                    n=self.doubled,
                )
            )
        if self.blank:
            said.append(_("{n} blank line was left out.", "{n} blank lines were left out.", n=self.blank))
        said.append(_("There are {stock} now.", stock=self.stock))
        return lines(said)


class Sealed(NamedTuple):
    """A list that is ready to be kept: fingerprints with what they are of, and how many lines were no new code."""

    codes: dict[bytes, bytes]
    doubled: int
    blank: int


async def sealed(vault: Vault, key: bytes | None, text: str, drop_id: UUID) -> Sealed:
    """A list's codes, one a line. Raises :class:`Refused` for what is no such list, and nothing of it is kept."""
    rows = text.strip("\n").split("\n")
    found: list[str] = []
    for number, row in enumerate(rows, 1):
        code = row.strip()
        if len(code) > 1 and code[0] == code[-1] == '"':  # as tables have it
            code = code[1:-1]
        if len(code) > MAX_CODE or not code.isprintable() or "`" in code:
            raise Refused(too_long(number), "codes")
        if code:
            found.append(code)
    if not found:
        raise Refused(_("There is no code in it. Write one a line."), "codes")
    if len(found) > MOST:
        raise Refused(_("Those are {n} codes: hand in at most {most} at once.", n=len(found), most=MOST), "codes")

    def work() -> dict[bytes, bytes]:
        own = sealing.of(vault, key)
        distinct = dict.fromkeys(found)
        return {sealing.print_of(own, code): sealing.seal_code(own, code, drop_id) for code in distinct}

    codes = await asyncio.to_thread(work)
    return Sealed(codes, len(found) - len(codes), len(rows) - len(found))


def too_long(number: int) -> Phrase:
    """What to tell about a line that can't be a code."""
    return _(
        "Line {number} is no code: it has more than {most} characters, or some that can’t be read. One code a line.",
        number=number,
        most=MAX_CODE,
    )


def keep(tx: Tx, community_id: UUID, drop_id: UUID, what: Sealed) -> Taken:
    """Keep those that are new. Raises :class:`Refused` where the drop takes none."""
    row = locked(tx, community_id, drop_id, drops.DRAFT, drops.WAITING, drops.OPEN)
    if row.gives != CODE:
        raise Refused(_("This drop gives away parcels, not codes."), "codes")
    ids = tx.new_ids(len(what.codes))
    rows = [
        {"id": code_id, "fingerprint": one, "sealed": code}
        for code_id, (one, code) in zip(ids, what.codes.items(), strict=True)
    ]
    insert_new(tx, Code, rows, community_id=community_id, drop_id=drop_id)
    stock = count_codes(tx, community_id, drop_id)
    new = stock - row.stock
    drops.set_in(tx, community_id, drop_id, stock=stock)
    drops.show(tx, community_id, row.activity_id)
    return Taken(new, what.doubled + len(rows) - new, what.blank, stock)
