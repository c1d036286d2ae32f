"""``/hall privacy``, ``/hall mydata``, ``/hall forget``: what is kept about a member, shown and erased."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from core.action import Action
from core.context import Context, Owner
from core.kept import erase, kept
from core.markup import escape
from core.message import Button, ButtonStyle, Message, cut
from core.moments import dated
from core.plugin import Answer, Plugin, command, press
from core.texts import Domain, Phrase, Words, words_from_data
from storage.people import WHO
from storage.tables import Account, Community, Consent, Delivery, Dialogue, LinkCode, Member, SpaceRoute
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("core")

NOTE_ROOM = 200
"""Characters of a message that are left for saying how much did not fit."""
_PHRASE = frozenset({"domain", "key", "args", "plural"})


class Erased(NamedTuple):
    """What went. ``account``: it went whole, because no other community holds it."""

    known: bool
    account: bool
    begun: int


class Privacy(Plugin):
    """What members may ask about themselves. As a plugin it tells and erases what the core keeps."""

    name = "privacy"
    code = "pv"
    title = _("Your account and your part here")
    keeps = (
        _("What you typed into a form that was not taken yet, encrypted, for two days at most."),
        _("What you allowed, in which words and when; private messages that I sent you; that you set me up."),
    )
    personal = (Account, Community, Consent, Delivery, Dialogue, LinkCode, Member, SpaceRoute)

    @command("privacy", _("What is kept about you"))
    async def privacy(self, ctx: Context, _text: str) -> Answer:
        """What every plugin keeps, and how to see and erase it."""
        lines = [f"- {ctx.say(one)}" for plugin in ctx.hall.routes.plugins for one in plugin.keeps]
        after = _("`/hall mydata` shows you all of yours in this community, `/hall forget` erases it.")
        return Message(
            title=_("What is kept about you"),
            text="\n".join([*lines, ctx.say(after)]),
            controls=(Button(_("Show mine"), ctx.action("mine")), Button(_("Erase mine …"), ctx.action("ask"))),
        )

    @command("mydata", _("All that is kept about you here"), seldom=True)  # a button of /hall privacy, too
    async def mydata(self, ctx: Context, _text: str) -> Answer:
        """All that is kept about this member in this community."""
        return await self._mine(ctx, 0)

    @press("mine")
    async def mine(self, ctx: Context, action: Action) -> Answer:
        """The same, or what did not fit before."""
        start = action.args[0] if action.args else 0
        return await self._mine(ctx, start if isinstance(start, int) else 0)

    @command("forget", _("Erase what is kept about you here"))
    async def forget_me(self, ctx: Context, _text: str) -> Answer:
        """What would be erased, and the button that does it."""
        return self._ask(ctx)

    @press("ask")
    async def ask(self, ctx: Context, _action: Action) -> Answer:
        """The same, for a button."""
        return self._ask(ctx)

    @press("erase")
    async def erase(self, ctx: Context, _action: Action) -> Answer:
        """Erase all of it in one unit."""
        erased = await ctx.write(lambda tx: self._erase(ctx, tx))
        if not erased.known and not erased.begun:
            return Message(text=_("Nothing was kept about you here."))
        account: Words = (
            _("your account") if erased.account else _("your part here; another community of yours stays")
        )
        kinds = [
            ctx.say(plugin.title) for plugin in ctx.hall.routes.plugins if plugin is not self and plugin.personal
        ]
        return Message(
            title=_("Erased"),
            text=_(
                "What was kept about you in this community is gone: {account}; what you began to say; and all of "
                "yours in {plugins}. That somebody took part stays counted, under a pseudonym that leads to nobody. "
                "When you take part again, you begin anew.",
                account=account,
                plugins=", ".join(kinds) or "hallkeeper",
            ),
        )

    async def export(self, session: AsyncSession, owner: Owner) -> dict[str, Any]:
        """What the core keeps, but for what they began to say: that is found by their number on the platform."""
        return await kept(session, owner)

    def forget(self, tx: Tx, owner: Owner) -> None:
        """Erase what the core keeps."""
        erase(tx, owner)

    # -- parts ---------------------------------------------------------------------------------------------------
    def _ask(self, ctx: Context) -> Message:
        sure = Button(_("Erase all of mine"), ctx.action("erase"), style=ButtonStyle.DANGER)
        show = Button(_("Show it first"), ctx.action("mine"))
        return Message(
            title=_("Erase what is kept about you?"),
            text=_(
                "This erases all that `/hall mydata` shows, in this community, at once and for good: your answers, "
                "what you allowed, and your account here. What you yourself wrote on this platform "
                "stays there: delete that yourself. Counts of how many took part stay, without you in them."
            ),
            controls=(sure, show),
        )

    def _erase(self, ctx: Context, tx: Tx) -> Erased:
        begun = ctx.hall.drafts.forget_all(tx, ctx.who)
        owner = _owner(ctx, tx.run(WHO, **ctx.acting))
        if owner is None:
            return Erased(known=False, account=False, begun=begun)
        for plugin in ctx.hall.routes.plugins:
            if plugin is not self:
                plugin.forget(tx, owner)
        return Erased(known=True, account=erase(tx, owner), begun=begun)

    async def _mine(self, ctx: Context, start: int) -> Message:
        title = _("What is kept about you here")
        lines = await self._lines(ctx)
        if not lines:
            return Message(title=title, text=_("Nothing is kept about you here."), secret=True)
        room = ctx.capabilities.max_text - len(ctx.say(title)) - NOTE_ROOM
        shown: list[str] = []
        for line in lines[start:]:
            room -= len(line) + 1
            if room < 0 and shown:
                break
            shown.append(line if room >= 0 else cut(line, max(1, len(line) + room)))
        left = len(lines) - start - len(shown)
        controls = [Button(_("Erase mine …"), ctx.action("ask"))]
        if left > 0:
            shown.append(ctx.say(_("{n} line did not fit.", "{n} lines did not fit.", n=left)))
            controls.insert(0, Button(_("Show the rest"), ctx.action("mine", len(lines) - left)))
        return Message(title=title, text="\n".join(shown), controls=tuple(controls), secret=True)

    async def _lines(self, ctx: Context) -> list[str]:
        found: list[str] = []
        owner = _owner(ctx, await ctx.hall.store.rows(WHO, **ctx.acting))
        if owner is not None:
            async with ctx.session() as session:
                for plugin in ctx.hall.routes.plugins:
                    own = list(_told(await plugin.export(session, owner), plugin.title.domain, ctx))
                    if own:
                        found += [f"**{ctx.say(plugin.title)}**", *own]
        begun = await ctx.hall.drafts.of(ctx.who)
        if begun:
            found += [f"**{ctx.say(_('What you began to say'))}**"]
            found += [f"- {_flat(one, '', ctx)}" for one in begun]
        return found


def _owner(ctx: Context, found: Sequence[tuple[Any, ...]]) -> Owner | None:
    return Owner(ctx.community_id, found[0][0], found[0][2], ctx.hall.store.vault) if found else None


def _told(data: Mapping[str, Any], domain: str, ctx: Context) -> Iterator[str]:
    """Exported data as lines for people: one for each value, or for each of a list. What is empty is left out."""
    for key, value in data.items():
        for one in value if isinstance(value, list) else [value]:
            if one:
                yield f"- **{escape(ctx.say(Phrase(domain, key)))}**: {_flat(one, domain, ctx)}"


def _flat(value: Any, domain: str, ctx: Context) -> str:
    match value:
        case bool():
            return ctx.say(_("yes") if value else _("no"))
        case datetime():
            return dated(value, ctx.place.time_zone, ctx.language)
        case Mapping() if value.keys() == _PHRASE:
            return ctx.say(words_from_data(value))
        case Mapping():
            parts = {key: _flat(one, domain, ctx) for key, one in value.items() if one not in (None, "", [], {})}
            return ", ".join(f"{escape(ctx.say(Phrase(domain, key)))}: {part}" for key, part in parts.items())
        case list() | tuple():
            return " · ".join(_flat(one, domain, ctx) for one in value)
    return escape(" ".join(str(value).split()))
