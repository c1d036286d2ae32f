"""A result that everybody sees: posted where the survey stood."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy import and_, select
from sqlmodel import col

from core.activity import Target, owe_posts
from core.context import Context
from core.markup import escape
from core.message import Message
from core.texts import Domain
from plugins.surveys.result_words import Teller
from plugins.surveys.showing import Told, ask_of, drawn, told
from plugins.surveys.tables import SurveyChannel
from storage.tables import Channel, Community, Space
from storage.tx import Tx

_ = Domain("surveys")


async def post(ctx: Context, wave_id: UUID | None, number: int, stamp: int) -> Message:
    """Post a question's picture, once for each preview that it was pressed under."""
    one = await told(ctx, wave_id, number)
    if isinstance(one, Message):
        return one
    if one.found.open:
        return Message(text=_("You can post it once the survey is closed."))

    async def message(language: str) -> Message:
        return await _message(ctx, one, language)

    return await owe(ctx, one.found.survey.id, f"{one.found.wave.id}/{number}/{stamp}", message)


async def owe(ctx: Context, survey_id: UUID, key: str, message_in: Callable[[str], Awaitable[Message]]) -> Message:
    """Post a message where a survey is posted, in each space's language, once for a key; what its manager is told."""
    async with ctx.session() as session:
        rows = await session.execute(
            select(col(Space.id), col(Channel.id), col(Space.platform), col(Space.language), col(Community.language))
            .select_from(SurveyChannel)
            .join(
                Channel,
                and_(
                    col(Channel.community_id) == col(SurveyChannel.community_id),
                    col(Channel.id) == col(SurveyChannel.channel_id),
                ),
            )
            .join(
                Space,
                and_(col(Space.community_id) == col(Channel.community_id), col(Space.id) == col(Channel.space_id)),
            )
            .join(Community, col(Community.id) == col(Space.community_id))
            .where(
                col(SurveyChannel.community_id) == ctx.community_id,
                col(SurveyChannel.survey_id) == survey_id,
                col(Space.removed_at).is_(None),
            )
        )
        targets: dict[str, list[Target]] = {}
        for space, channel, lane, own, usual in rows:
            targets.setdefault(own or usual, []).append(Target(space, channel, lane))
    messages = {language: await message_in(language) for language in targets}

    def unit(tx: Tx) -> int:
        return sum(
            owe_posts(tx, key, community_id=ctx.community_id, targets=some, message=messages[language], now=ctx.now)
            for language, some in targets.items()
        )

    count = await ctx.write(unit)
    if not targets:
        return Message(text=_("There is no channel left to post it in."))
    if not count:
        return Message(text=_("This was posted already."))
    return Message(text=_("On its way to {n} channel.", "On its way to {n} channels.", n=count))


async def _message(ctx: Context, one: Told, language: str) -> Message:
    teller = Teller(lambda words: ctx.say(words, language), language)
    definition = one.found.definition
    return Message(
        title=_("Result of “{title}”", title=escape(definition.title)),
        text="\n".join(line for line in (f"**{ask_of(one.question)}**", teller.verdict(one.result)) if line),
        image=await drawn(ctx, one, language),
        language=definition.language,
    )
