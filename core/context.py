"""What a handler is given: who acts, where, with which right, and the one way to write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import Connection

from core.action import Action, Argument
from core.activity import Activity, activity_by_id
from core.bot import ChannelInfo, SendError
from core.capabilities import Capabilities
from core.deciding import REPEAT, Asked, Decider, Deciding
from core.dialogues import DRAFT
from core.event import Event, HeardByAll, Who
from core.form import MAX_OPTIONS, Raw
from core.markup import mention
from core.places import Place
from core.plugin import Plugin
from core.rights import Right
from core.texts import Words
from storage.people import Identity, account_for, asked_for, member_id_for
from storage.tx import Tx
from storage.vault import Vault

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy.ext.asyncio import AsyncSession

    from core.hall import Hall

T = TypeVar("T")

LIST_SECONDS = 1.0
"""A platform that does not list its channels in this time is not waited for: the channel at hand is offered."""


class Duplicate(Exception):
    """This event was handled before: nothing is written and nobody is told twice."""


class Owner(NamedTuple):
    """A member whose data is meant. ``member_id`` is None where they never took part in the community.

    ``vault`` opens what is sealed, for :meth:`unseal`.
    """

    community_id: UUID
    account_id: UUID
    member_id: UUID | None
    vault: Vault

    def unseal(self, sealed: bytes, context: UUID) -> str:
        """The member's own words, back from :meth:`Context.seal`."""
        return self.vault.open(sealed, context.bytes).decode()


class Viewer(NamedTuple):
    """A manager who looks at a community: what may be shown, and how to open what is sealed."""

    community_id: UUID
    language: str
    time_zone: str
    now: datetime
    say: Callable[[Words], str]
    vault: Vault


class Settlement(NamedTuple):
    """A space that was just set up: where its first prompts go."""

    community_id: UUID
    space_id: UUID
    channel_id: UUID
    channel_name: str
    language: str
    time_zone: str
    first: bool
    """The community is new; False when a further space joined it."""
    account_id: UUID
    """The account that set it up."""


class Context:
    """One event on its way through one plugin. Made by the hall, never kept."""

    __slots__ = (
        "_hall", "_member", "_plugin", "_written", "draft", "event", "language", "place", "right",
    )  # fmt: skip

    def __init__(self, hall: Hall, plugin: Plugin, event: Event, place: Place, right: Right, language: str) -> None:
        self._hall = hall
        self._plugin = plugin
        self._written = False
        self._member: tuple[Tx, UUID] | None = None
        self.draft = ""
        """What was typed in vain into the form that is being taken now: it goes with the unit that takes it."""
        self.event = event
        self.place = place
        self.right = right
        self.language = language
        """The language that answers to this member are in."""

    @property
    def who(self) -> Who:
        """The member who acts. Raises LookupError for events without one."""
        if self.event.who is None:
            raise LookupError(f"{type(self.event).__name__} says not who did it")
        return self.event.who

    @property
    def community_id(self) -> UUID:
        """The community. Raises LookupError in a space that is not set up (commands ``anywhere`` alone run there)."""
        if self.place.community_id is None:
            raise LookupError("this space belongs to no community yet")
        return self.place.community_id

    @property
    def space_id(self) -> UUID:
        """The community's space in which this happens."""
        if self.place.space_id is None:
            raise LookupError("this space belongs to no community yet")
        return self.place.space_id

    @property
    def now(self) -> datetime:
        """The moment by the injected clock, in UTC."""
        return self._hall.clock.now()

    @property
    def capabilities(self) -> Capabilities:
        """What the platform of this event can show. For numbers alone: branch on limits, never on names."""
        return self._hall.bots[self.place.platform].capabilities

    @property
    def hall(self) -> Hall:
        """The hall, for what the core's own plugin does."""
        return self._hall

    async def channels(self, place: Place | None = None) -> list[ChannelInfo]:
        """Up to 25 channels of this space (or of ``place``, on whichever platform) that the bot may write in, the one
        at hand first."""
        wanted = place or self.place
        space = wanted.external_id
        bot = self._hall.bots.get(wanted.platform)  # none where a platform is not in use any more
        found: list[ChannelInfo] = []
        with suppress(SendError, TimeoutError):
            async with asyncio.timeout(LIST_SECONDS):
                found = [one for one in await bot.channels(space) if one.writable] if bot is not None else []
        where = self.event.where
        if (where.platform, where.space) == (wanted.platform, space) and not where.private:
            found.sort(key=lambda one: one.external_id != where.channel)
            if not found:
                found = [ChannelInfo(where.channel, "")]
        return found[:MAX_OPTIONS]

    async def read(self, unit: Callable[[Connection], T]) -> T:
        """Read quickly: ``unit`` is a plain function on a read-only connection, run in a reader's thread."""
        return await self._hall.store.read(unit)

    async def activity(self, activity_id: object) -> Activity | None:
        """An activity of this community and this plugin; None for any other id. One quick read."""
        found = await activity_by_id(self._hall.store, self.community_id, activity_id)
        return found if found is not None and found.plugin == self._plugin.code else None

    def session(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A session for reading what is not needed at every act: it is comfortable, and twenty times as slow."""
        return self._hall.store.session()

    def say(self, words: Words, language: str = "") -> str:
        """The words in the member's language, or in ``language``."""
        return self._hall.say(words, language or self.language)

    def action(self, verb: str, *args: Argument) -> Action:
        """An action of this plugin in this community, for a button."""
        return Action(self._plugin.code, verb, args, self.place.community_id)

    def mention(self) -> str:
        """Markup that mentions the member."""
        return mention(self.who.name, self.who.external_id)

    @property
    def vault(self) -> Vault:
        """Seals and opens; :meth:`seal` is the short way."""
        return self._hall.store.vault

    def seal(self, text: str, context: UUID) -> bytes:
        """People's words, encrypted for the row ``context``."""
        return self._hall.store.vault.seal(text.encode(), context.bytes)

    def unseal(self, sealed: bytes, context: UUID) -> str:
        """Back from :meth:`seal`."""
        return self._hall.store.vault.open(sealed, context.bytes).decode()

    async def write(self, unit: Callable[[Tx], T]) -> T:
        """Commit everything that this event changes: at most once an event, all or nothing.

        ``unit`` runs in a writer thread, plain and synchronous, and may run again after a lost connection. Returns
        its result after the commit. Raises :class:`Duplicate` when the event was handled before, and whatever
        ``unit`` raises, with nothing written.
        """
        self._write_once()
        known_as = self._known_as

        def whole(tx: Tx) -> T:
            if known_as and tx.seen(self.place.platform, known_as):
                raise Duplicate
            if self.draft:
                self._hall.drafts.forget(tx, DRAFT, self.draft)
            return unit(tx)

        result = await self._hall.store.write(whole, lane_key=self.place.community_id)
        self._hall.wake()
        return result

    def keep_draft(self, tx: Tx, raw: Mapping[str, Raw]) -> None:
        """Of the form that this unit takes keep a part for the next try, such as the lines that could not be read:
        the form opens with it. Only in the unit of a submit handler."""
        self._hall.drafts.keep(tx, DRAFT, self.draft, dict(raw))

    async def decide(self, decider: Decider[T], said: Any = None, *, about: UUID | None = None) -> T:
        """:meth:`write` for what many want at once: ``decider`` sees all requests that wait, and answers each.

        :param decider: a bound method or a function, the same for all; see :data:`core.deciding.Decider`.
        :param said: what this member wants; becomes :attr:`core.deciding.Request.said`.
        :param about: what is contended for, where several communities share it: its requests are then decided
            together, wherever they come from.
        """
        self._write_once()
        who = self.who
        asked = Asked(
            self.place.platform,
            self._known_as,
            Identity(self.community_id, who.platform, who.scope, who.external_id, who.locale or None),
            self.space_id,
            said,
            self._plugin.code,
            self.event.at or self.now,
            "platform" if self.event.at else "received",
            self.draft,
        )
        store = self._hall.store
        deciding = Deciding(decider, store.vault, self._hall.drafts)
        result: Any = await store.decide(deciding, asked, lane_key=about or self.community_id)
        if result is REPEAT:
            raise Duplicate
        self._hall.wake()
        answer: T = result
        return answer

    def _write_once(self) -> None:
        if self._written:
            raise RuntimeError("one event is one unit: put all its writes into one call of write() or decide()")
        self._written = True

    @property
    def _known_as(self) -> str:
        """The event in the inbox, empty where it has no id."""
        event = self.event
        # What several plugins hear is several units: each has a place in the inbox.
        return f"{event.id}/{self._plugin.code}" if event.id and isinstance(event, HeardByAll) else event.id

    @property
    def acting(self) -> dict[str, Any]:
        """The parameters that find the acting account and its member here: :func:`storage.people.asked_for`."""
        who = self.who
        return asked_for(self._hall.store.vault, self.community_id, who.platform, who.scope, who.external_id)

    def account(self, tx: Tx) -> UUID:
        """The id of the acting account, made now if this is its first act."""
        who = self.who
        return account_for(
            tx, self._hall.store.vault, who.platform, who.scope, who.external_id, who.locale or None
        ).id

    def member(self, tx: Tx) -> UUID:
        """The member's pseudonym in this community, made now if this is their first act."""
        who = self.who
        if self._member is None or self._member[0] is not tx:  # a unit may run again, with another tx
            found = member_id_for(
                tx,
                self._hall.store.vault,
                self.community_id,
                who.platform,
                who.scope,
                who.external_id,
                who.locale or None,
            )
            self._member = (tx, found)
        return self._member[1]

    def participate(
        self,
        tx: Tx,
        kind: str,
        *,
        conversation: bool = False,
        activity_id: UUID | None = None,
        features: Mapping[str, Any] | None = None,
    ) -> UUID:
        """Log one act of the member in the common store; returns their pseudonym.

        ``conversation`` says that it was in words. ``features`` are small numbers about it, never text.
        """
        member = self.member(tx)
        tx.participate(
            self.community_id,
            self.space_id,
            member,
            self._plugin.code,
            kind,
            activity_id=activity_id,
            conversation=conversation,
            at=self.event.at or self.now,
            at_source="platform" if self.event.at else "received",
            features=dict(features) if features else None,
        )
        return member
