"""Where managers post the next question at once, or send it to themselves first."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import and_, select
from sqlmodel import col

from core.action import Action
from core.activity import owe_private
from core.context import Context
from core.message import Button, ButtonStyle, Image, Message
from core.plugin import Answer, Plugin, command, press
from core.rights import Right
from core.texts import Domain, words_from_data
from plugins.question_of_the_day import asking, drawing, queue
from plugins.question_of_the_day.cards import sponsored
from plugins.question_of_the_day.queue_desk import id_of, running, series_label
from plugins.question_of_the_day.tables import Question, Series
from storage.tx import Tx

_ = Domain("question_of_the_day")


class Posting(Plugin):
    """Posting by hand."""

    @command("ask", _("Post the next question now"), right=Right.MANAGE)
    async def ask(self, ctx: Context, _text: str) -> Answer:
        """A preview of the next question, and the button that posts it; which series, where there are several."""
        series = await running(ctx)
        if len(series) > 1:
            controls = tuple(Button(series_label(ctx, one), ctx.action("next", one.id)) for one in series[:20])
            return Message(text=_("Of which series?"), controls=controls)
        return await self._preview(ctx, series[0].schedule_id if series else None)

    @press("next", right=Right.MANAGE)
    async def ask_of(self, ctx: Context, action: Action) -> Answer:
        """The same for one series."""
        series = next((one for one in await running(ctx) if one.id == id_of(action)), None)
        return await self._preview(ctx, series.schedule_id if series else None)

    async def _preview(self, ctx: Context, schedule_id: UUID | None) -> Message:
        drawn = None
        if schedule_id is not None:
            day = drawing.day_of(ctx.now, ctx.place.time_zone)
            place = drawing.Place(ctx.community_id, schedule_id, day)
            drawn = await ctx.read(lambda connection: drawing.look(connection, place))
        if drawn is None or drawn.question_id is None:
            add = Button(_("Add a question"), ctx.action("add"), form=True, style=ButtonStyle.PRIMARY)
            return Message(text=_("No question waits. Add one first."), controls=(add,))
        quoted = "\n".join(
            f"> {one}" for one in ctx.say(words_from_data(drawn.words), ctx.place.language).split("\n")
        )
        return Message(
            title=sponsored(_("This is next"), drawn.sponsor),
            text=quoted,
            controls=(
                Button(_("Post it now"), ctx.action("now", drawn.question_id), style=ButtonStyle.PRIMARY),
                Button(_("Send it to me as a test"), ctx.action("test", drawn.question_id)),
                Button(_("Show the queue"), ctx.action("queue", drawn.series_id)),
            ),
        )

    @press("now", right=Right.MANAGE)
    async def post_now(self, ctx: Context, action: Action) -> Answer:
        """Post one question now: the one that the button named, once however often it is pressed."""
        wanted = id_of(action)
        community_id, now = ctx.community_id, ctx.now

        def unit(tx: Tx) -> UUID | None:
            question = tx.execute(
                select(
                    col(Question.id),
                    col(Question.series_id),
                    col(Question.words),
                    col(Question.language),
                    col(Question.category),
                    col(Question.sponsor),
                ).where(col(Question.community_id) == community_id, col(Question.id) == wanted)
            ).first()
            series = queue.series_of(tx, community_id, series_id=question.series_id) if question else None
            if series is None or question is None:
                return None
            ask = asking.Ask(
                drawing.Next(
                    community_id,
                    series.schedule_id,
                    series.id,
                    series.keeper_id,
                    series.activity_id,
                    series.title,
                    series.image,
                    series.color,
                    series.allows,
                    series.draw,
                    question.id,
                    question.words,
                    question.language,
                    question.category,
                    question.sponsor,
                )
            )
            try:
                return next(iter(asking.ask_all(tx, [ask], now)), None)
            except asking.Taken:
                return None

        posted = await ctx.write(unit)
        if posted is None:
            return Message(text=_("That question was posted already, or there is no channel left to post it in."))
        return Message(text=_("On its way."))

    @press("test", right=Right.MANAGE)
    async def test(self, ctx: Context, action: Action) -> Answer:
        """Send a question to the manager alone, in private. It stays where it is in the queue."""
        wanted = id_of(action)
        community_id, space_id, lane, now = ctx.community_id, ctx.space_id, ctx.place.platform, ctx.now

        def unit(tx: Tx) -> bool:
            question = tx.execute(
                select(
                    col(Question.words),
                    col(Question.sponsor),
                    col(Series.title),
                    col(Series.image),
                    col(Series.color),
                )
                .join(
                    Series,
                    and_(
                        col(Series.community_id) == col(Question.community_id),
                        col(Series.id) == col(Question.series_id),
                    ),
                )
                .where(col(Question.community_id) == community_id, col(Question.id) == wanted)
            ).first()
            if question is None:
                return False
            owe_private(
                tx,
                community_id=community_id,
                space_id=space_id,
                lane=lane,
                account_id=ctx.account(tx),
                message=Message(
                    title=_("Test: only you see this"),
                    text=_(
                        "**{title}**\n{question}\n\n_It stays in the queue. Members get it with a button to answer._",
                        title=sponsored(question.title or self.title, question.sponsor),
                        question=words_from_data(question.words),
                    ),
                    image=Image(question.image, alt=question.title or self.title) if question.image else None,
                    color=question.color,
                ),
                now=now,
            )
            return True

        if not await ctx.write(unit):
            return Message(text=_("That question is gone."))
        return Message(
            text=_("On its way to you in private. If nothing comes, write me something there once, then try again.")
        )
