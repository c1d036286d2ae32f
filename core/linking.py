"""``/hall link`` and ``/hall unlink``: two accounts of one human are one person, wherever being one counts."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, exists, select, update
from sqlmodel import col

from core.codes import clean, new_code, shown
from core.context import Context
from core.message import Message
from core.once import alone, spread
from core.plugin import Answer, Plugin, command
from core.texts import Domain, Phrase
from storage.tables import Account, LinkCode, Person
from storage.tx import Tx
from storage.vault import Vault

_ = Domain("core")

LINK_LIVES = timedelta(minutes=15)
"""How long a code that links is good: long enough to go to the other platform."""


class LinkError(Exception):
    """What to tell whoever tried; nothing was written."""

    def __init__(self, words: Phrase) -> None:
        super().__init__(words.key)
        self.words = words


class Linking(Plugin):
    """Accounts that belong to one human."""

    name = "linking"
    code = "lk"
    title = _("Your other accounts")
    keeps = (
        _(
            "Which of your accounts you linked, until you unlink them; a code for it as a fingerprint, "
            "for 15 minutes."
        ),
    )

    @command("link", _("Link your account on another platform"), takes_text=True)
    async def link(self, ctx: Context, text: str) -> Answer:
        """Without a code, make one; with one, become the same person as whoever made it."""
        if not text.strip():
            return await self._offer(ctx)
        hashed = _hash(ctx, clean(text))
        try:
            await ctx.write(lambda tx: link(tx, ctx.vault, ctx.account(tx), hashed))
        except LinkError as error:
            return Message(text=error.words)
        return Message(
            text=_("Linked: your two accounts count as one person now. `/hall unlink` takes one out again.")
        )

    @command("unlink", _("Take this account out of your linked ones"), seldom=True)
    async def unlink(self, ctx: Context, _text: str) -> Answer:
        """Make this account a person of its own again."""
        try:
            await ctx.write(lambda tx: unlink(tx, ctx.account(tx)))
        except LinkError as error:
            return Message(text=error.words)
        return Message(text=_("This account stands for itself again. What you got as one person stays counted so."))

    async def _offer(self, ctx: Context) -> Message:
        code = new_code()
        hashed, until = _hash(ctx, code), ctx.now + LINK_LIVES

        def unit(tx: Tx) -> None:
            account_id = ctx.account(tx)
            tx.execute(delete(LinkCode).where(col(LinkCode.account_id) == account_id))  # the newest alone is good
            tx.add(LinkCode(code_hash=hashed, account_id=account_id, expires_at=until))

        await ctx.write(unit)
        return Message(
            text=_(
                "On your other account write `/hall link {code}`, once, within 15 minutes. The two then count as one "
                "person. Keep the code to yourself, and never write one that somebody else gave you.",
                code=shown(code),
            ),
            secret=True,
        )


def link(tx: Tx, vault: Vault, account_id: UUID, code_hash: bytes) -> None:
    """Make the account, and all that are linked with it, the person of whoever made the code.

    Raises :class:`LinkError`, in a unit that then writes nothing: the code stays good.
    """
    alone(tx)
    other_id = tx.scalar(
        update(LinkCode)
        .where(
            col(LinkCode.code_hash) == code_hash, col(LinkCode.used_at).is_(None), col(LinkCode.expires_at) > tx.now
        )
        .values(used_at=tx.now)
        .returning(col(LinkCode.account_id))
    )
    if other_id == account_id:
        raise LinkError(_("You made that code with this very account. Write it on your other one."))
    # Locked in one order, so that two who link each other at once wait for one another and the second sees the first.
    both = select(col(Account.id), col(Account.person_id)).where(col(Account.id).in_((account_id, other_id)))
    people = {row.id: row.person_id for row in tx.execute(both.order_by(col(Account.id)).with_for_update())}
    if other_id not in people:
        raise LinkError(
            _(
                "That code is wrong, used or older than 15 minutes. `/hall link` on your other account makes "
                "a new one."
            )
        )
    mine, theirs = people[account_id], people[other_id]
    if mine == theirs:
        raise LinkError(_("These two accounts are linked already."))
    tx.execute(update(Account).where(col(Account.person_id) == mine).values(person_id=theirs))
    tx.execute(delete(Person).where(col(Person.id) == mine))
    spread(tx, vault, theirs)


def unlink(tx: Tx, account_id: UUID) -> None:
    """Make the account a person of its own. Raises :class:`LinkError` for one that is linked with none."""
    person_id = tx.scalar(select(col(Account.person_id)).where(col(Account.id) == account_id).with_for_update())
    others = exists().where(col(Account.person_id) == person_id, col(Account.id) != account_id)
    if not tx.scalar(select(others)):
        raise LinkError(_("This account is linked with no other."))
    alone = Person(id=tx.new_id())
    tx.add(alone)
    tx.execute(update(Account).where(col(Account.id) == account_id).values(person_id=alone.id))


def _hash(ctx: Context, code: str) -> bytes:
    return bytes(ctx.vault.lookup(f"link:{code}"))
