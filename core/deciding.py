"""Deciding for many at once what only some can have: stock, a quota, a vote.

Five hundred members who want one of three hundred things in the same second must not be five hundred rounds to the
store. A decider sees them together, in the order they came, and says in a few statements who gets what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from core.dialogues import DRAFT, StoredDialogues
from storage.log import Act
from storage.people import Identity, known_all
from storage.tx import Tx
from storage.vault import Vault

T = TypeVar("T")


class Request(NamedTuple):
    """What one member wants."""

    said: Any
    """What the plugin gave to :meth:`core.context.Context.decide`."""
    plugin: str
    community_id: UUID
    space_id: UUID
    account_id: UUID
    person_id: UUID
    """The same for all the accounts that a member linked."""
    member_id: UUID
    at: datetime
    at_source: str
    vault: Vault

    def act(self, kind: str, *, activity_id: UUID | None = None, conversation: bool = False) -> Act:
        """An act of this member, for :meth:`storage.tx.Tx.participate_all`."""
        return Act(
            self.community_id,
            self.space_id,
            self.member_id,
            self.plugin,
            kind,
            conversation,
            self.at,
            self.at_source,
            activity_id,
            None,
        )


Decider = Callable[[Tx, Sequence[Request]], Sequence[T]]
"""Gives each request its answer, in order. Plain, in a writer's thread; it changes nothing but through its ``Tx``."""
REPEAT = object()
"""The answer to an event that was decided before."""


class Asked(NamedTuple):
    """An event that asks."""

    source: str
    event_id: str
    who: Identity
    space_id: UUID
    said: Any
    plugin: str
    at: datetime
    at_source: str
    draft: str
    """What was typed into this form in vain and is to be forgotten; empty where there is no form."""


@dataclass(frozen=True, slots=True)
class Deciding:
    """A decider with what the core does for it: repeats are left out, members looked up, for all at once."""

    decide: Decider[Any]
    vault: Vault
    drafts: StoredDialogues

    def __call__(self, tx: Tx, asked: Sequence[Asked]) -> list[Any]:
        """The answers in order, :data:`REPEAT` among them."""
        known_ids = iter(tx.seen_all([(one.source, one.event_id) for one in asked if one.event_id]))
        seen = [bool(one.event_id) and next(known_ids) for one in asked]
        fresh = [one for one, known in zip(asked, seen, strict=True) if not known]
        self.drafts.forget_these(tx, DRAFT, [one.draft for one in fresh if one.draft])
        people = known_all(tx, self.vault, [one.who for one in fresh])
        requests = [
            Request(
                one.said, one.plugin, one.who.community_id, one.space_id, *known, one.at, one.at_source, self.vault
            )
            for one, known in zip(fresh, people, strict=True)
        ]
        answers = self.decide(tx, requests) if requests else ()
        if len(answers) != len(requests):
            raise ValueError(f"{len(requests)} requests were decided by {len(answers)} answers")
        left = iter(answers)
        return [REPEAT if known else next(left) for known in seen]
