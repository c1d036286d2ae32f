"""How a draft will look, and what publishing it does."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import and_, select
from sqlmodel import col

from core.activity import owe_private
from core.context import Context
from core.degrade import degrade
from core.markup import escape
from core.message import Button, ButtonStyle, Message, Pair
from core.texts import Domain, Words
from plugins.sampling_drops import drops
from plugins.sampling_drops.card import card_of
from plugins.sampling_drops.looking import draft_message, look, settings
from plugins.sampling_drops.tables import Sample
from plugins.sampling_drops.words import lines, product, wall
from storage.tables import Account, Space
from storage.tx import Tx

_ = Domain("sampling_drops")


async def preview(ctx: Context, drop_id: UUID | None) -> Message:
    """The card as members will see it, and what each platform can't show of it."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, drop_id)
    if found is None:
        return Message(text=_("That drop is gone."))
    card = card_of(found.row, ctx.place.time_zone)
    language = ctx.place.language
    spoken = card.spoken(lambda words: ctx.say(words, language))
    fields = []
    for platform in dict.fromkeys(one.platform for one in found.where):
        bot = ctx.hall.bots.get(platform)
        losses = degrade(spoken, bot.capabilities)[1] if bot is not None else ()
        seen: list[Words] = [_LOST.get(loss.what, loss.what) for loss in losses]
        fields.append(Pair(platform.title(), lines(seen) if seen else _("all of it, as it stands here")))
    definition = found.definition
    asked = [_("- {ask}", ask=escape(one.ask)) for one in definition.questions]
    text: list[Words] = [
        card.text,
        "",
        _("_Whoever presses reads this, and agrees in the form:_"),
        _("> {consent}", consent=definition.consent_words),
        *([_("_They are asked:_"), *asked] if asked else []),
    ]
    send = Button(_("Send it to me"), ctx.action("mine", found.row.id))
    back = Button(_("Back to the draft"), ctx.action("show", found.row.id))
    return replace(card, text=lines(text), fields=tuple(fields), controls=(send, back))


_LOST: dict[str, Words] = {
    "image": _("the picture becomes a link"),
    "text": _("the text is cut"),
    "title": _("the label is cut"),
    "label": _("the words on the button are cut"),
}
"""What :func:`core.degrade.degrade` tells, in words."""


async def send_to_me(ctx: Context, drop_id: UUID | None) -> Message:
    """The real card in private, to each account of the manager on the platforms that it will be posted to."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, drop_id)
    if found is None:
        return Message(text=_("That drop is gone."))
    card = card_of(found.row, ctx.place.time_zone)
    language = ctx.place.language
    spoken = card.spoken(lambda words: ctx.say(words, language))
    platforms = {one.platform for one in found.where} | {ctx.place.platform}

    def unit(tx: Tx) -> int:
        person = select(col(Account.person_id)).where(col(Account.id) == ctx.account(tx)).scalar_subquery()
        accounts = tx.execute(
            select(col(Account.id), col(Account.platform)).where(
                col(Account.person_id) == person, col(Account.platform).in_(platforms)
            )
        ).all()
        spaces = tx.execute(
            select(col(Space.platform), col(Space.id)).where(
                and_(col(Space.community_id) == ctx.community_id, col(Space.removed_at).is_(None))
            )
        ).all()
        by_platform = {**{row.platform: row.id for row in spaces}, ctx.place.platform: ctx.space_id}
        for row in accounts:
            owe_private(
                tx,
                community_id=ctx.community_id,
                space_id=by_platform[row.platform],
                lane=row.platform,
                account_id=row.id,
                message=spoken,
                now=ctx.now,
            )
        return len(accounts)

    count = await ctx.write(unit)
    return Message(
        text=_(
            "On its way to you in private. If nothing comes, write me something there once, then try again. `/hall "
            "link` links your accounts on other platforms: then it comes to each.",
            "On its way to {n} accounts of yours, in private. If nothing comes, write me something there once, then "
            "try again.",
            n=count,
        )
    )


async def confirm(ctx: Context, drop_id: UUID | None) -> Message:
    """What publishing does, and the button that does it."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, drop_id)
    if found is None or found.row.state != drops.DRAFT:
        return Message(text=_("It is published already, or gone."))
    if found.missing(ctx.now):
        return draft_message(ctx, found, "")
    row = found.row
    later = row.opens_at is not None and row.opens_at > ctx.now
    return Message(
        title=_("Publish it?"),
        text=lines(
            [
                product(found.definition),
                _("It is posted {when}, with its label, and cannot go back to a draft.", when=_when(ctx, row))
                if later
                else _("It is posted at once, with its label, and cannot go back to a draft."),
            ]
        ),
        fields=tuple(settings(found, ctx.place.time_zone)),
        controls=(
            Button(_("Publish"), ctx.action("pub", row.id), style=ButtonStyle.PRIMARY),
            Button(_("Back to the draft"), ctx.action("show", row.id)),
        ),
    )


def _when(ctx: Context, row: Sample) -> str:
    return wall(row.opens_at, ctx.place.time_zone) if row.opens_at else ""
