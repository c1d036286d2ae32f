"""A post needs a person: it goes into the incident log, and whoever keeps the community is told without asking."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlmodel import col

from core.action import Action
from core.activity import owe_private
from core.incidents import Kind, note
from core.message import Button, ButtonStyle, Message
from core.texts import Domain
from storage.tables import Account, Community, Space
from storage.tx import Tx

_ = Domain("core")

CODE = "wt"
"""The short code of :class:`core.watch.Watch`, which shows these posts."""
TOLD_AGAIN = timedelta(hours=20)
"""Whoever keeps a community is told once of what needs them, and once more when a post of the next day does."""


def stuck(tx: Tx, kind: Kind, community_id: UUID, delivery_id: UUID, *, reason: str, private: bool) -> None:
    """A delivery became unknown or failed in this unit: note it, and tell the keeper where managers can help.

    A message in ``private`` is noted alone: nobody but its reader could help.
    """
    note(tx, kind, community_id, delivery_id=delivery_id, reason=reason)
    if not private:
        tell_keeper(tx, community_id)


def tell_keeper(tx: Tx, community_id: UUID) -> None:
    """Tell whoever set the community up, in private, that a post needs them; once in :data:`TOLD_AGAIN` at most."""
    keeper_id = tx.scalar(
        update(Community)
        .where(
            col(Community.id) == community_id,
            col(Community.keeper_id).is_not(None),
            or_(col(Community.told_at).is_(None), col(Community.told_at) < tx.now - TOLD_AGAIN),
        )
        .values(told_at=tx.now)
        .returning(col(Community.keeper_id))
    )
    if keeper_id is None:
        return
    found = tx.execute(
        select(col(Space.id), col(Space.platform))
        .join(Account, col(Account.platform) == col(Space.platform))
        .where(col(Space.community_id) == community_id, col(Space.removed_at).is_(None), col(Account.id) == keeper_id)
        .order_by(col(Space.id))
        .limit(1)
    ).first()
    if found is None:
        return
    show = Button(_("Show me"), Action(CODE, "list", community=community_id), style=ButtonStyle.PRIMARY)
    message = Message(
        title=_("A post needs you"),
        text=_("It was not taken, or nobody can tell whether it arrived. `/hall posts` shows what waits for you."),
        controls=(show,),
    )
    owe_private(
        tx,
        community_id=community_id,
        space_id=found.id,
        lane=found.platform,
        account_id=keeper_id,
        message=message,
        now=tx.now,
    )
