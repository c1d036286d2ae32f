"""The plugin itself: its start in a community, the route of a prompt, and the parts that do the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.action import Action
from core.activity import Activity
from core.context import Context, Owner, Settlement, Viewer
from core.form import Form, Value
from core.message import Button, ButtonStyle, Message
from core.plugin import Answer, FormErrors, command, form, press, submit
from core.rights import Right
from core.schedule import Daily, Due
from core.texts import Domain, Words, words_from_data
from core.timetable import add_schedule
from plugins.question_of_the_day import asking, drawing, nameless, queue, results
from plugins.question_of_the_day import cards as posts
from plugins.question_of_the_day.answering import Answering
from plugins.question_of_the_day.decks import Decks
from plugins.question_of_the_day.importing import Importing
from plugins.question_of_the_day.kept import exported, forgotten
from plugins.question_of_the_day.many_desk import ManyDesk
from plugins.question_of_the_day.posting import Posting
from plugins.question_of_the_day.queue import NewQuestion
from plugins.question_of_the_day.queue_desk import QueueDesk
from plugins.question_of_the_day.series_desk import SeriesDesk
from plugins.question_of_the_day.settings_form import post_in, save_settings, settings_form, take_settings
from plugins.question_of_the_day.starters import STARTERS
from plugins.question_of_the_day.streaks import Streaks
from plugins.question_of_the_day.suggesting import Suggesting
from plugins.question_of_the_day.tables import (
    PREFIX,
    Asked,
    Liking,
    Nameless,
    Pile,
    Question,
    Quiet,
    Reaction,
    Series,
    SeriesChannel,
    Suggestion,
    Vote,
)
from plugins.question_of_the_day.tables import Answer as StoredAnswer
from plugins.question_of_the_day.voting import Voting
from plugins.question_of_the_day.yields import Yields
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncSession

    from core.alarms import Ring

_ = Domain("question_of_the_day")

FIRST_TIME = time(9, 0)
"""When questions go out until a manager says otherwise."""


class QuestionOfTheDay(
    Answering, ManyDesk, QueueDesk, Posting, SeriesDesk, Decks, Importing, Suggesting, Voting, Streaks, Yields
):
    """Series of questions."""

    name = "question_of_the_day"
    code = queue.CODE
    title = _("Question of the day")
    prefix = PREFIX
    tables = (
        Series, SeriesChannel, Question, Asked, StoredAnswer, Nameless, Reaction, Liking, Suggestion, Vote, Quiet,
        Pile,
    )  # fmt: skip
    migrations = Path(__file__).parent / "migrations"
    locale = Path(__file__).parent / "locale"
    keeps = (
        _(
            "Your answers to questions of the day, encrypted, until you erase them. "
            "One without your name leads to nobody; that you gave one is known until six hours after the question "
            "closed."
        ),
        _("Your reactions to them and to answers: which emoji."),
        _("A question that you suggest, encrypted, until a manager has decided; your vote for the next one."),
        _("That you want no place on the leaderboard."),
    )
    personal = (StoredAnswer, Reaction, Liking, Suggestion, Vote, Quiet, Series)

    # -- managers ------------------------------------------------------------------------------------------------
    def settle(self, tx: Tx, settlement: Settlement) -> Message | None:
        """Begin with ten questions, daily at nine; a further space joins what is there, a changed one is followed."""
        community_id = settlement.community_id
        series = queue.series_of(tx, community_id)
        next_at = None
        if series is None:
            schedule_id, next_at = add_schedule(
                tx,
                community_id=community_id,
                plugin=self.code,
                rule=Daily(FIRST_TIME),
                time_zone=settlement.time_zone,
                now=tx.now,
            )
            series = Series(
                community_id=community_id,
                id=tx.new_id(),
                schedule_id=schedule_id,
                keeper_id=settlement.account_id,
                allows="best",
                created_at=tx.now,
            )
            tx.add(series)
            queue.add_questions(tx, community_id, series.id, [NewQuestion(one, None) for one in STARTERS])
        post_in(tx, series, settlement.space_id, settlement.channel_id)
        if next_at is None:
            return Message(text=_("Questions of the day are posted here from the next one on."))
        place = drawing.Place(community_id, series.schedule_id, drawing.day_of(tx.now, settlement.time_zone))
        first = drawing.draw(tx, [place])[0]
        now_button = Button(
            _("Post the first one now"),
            Action(self.code, "now", (first.question_id,) if first.question_id else (), community_id),
            style=ButtonStyle.PRIMARY,
        )
        return Message(
            text=_(
                "The first question of the day goes out on {when} at {time}. Ten questions wait; "
                "`/hall question` adds your own, `/hall questions` has decks of more, `/hall daily` changes time "
                "and days.",
                when=results.local_date(next_at, settlement.time_zone),
                time=FIRST_TIME.strftime("%H:%M"),
            ),
            controls=(now_button,),
        )

    @command("daily", _("Time, days and channel of the questions"), right=Right.MANAGE, form=True, seldom=True)
    async def daily(self, ctx: Context, _text: str) -> Answer:
        """Open the form for time, days and channel."""
        return await settings_form(ctx, ctx.action("daily"))

    @form("daily", right=Right.MANAGE)
    async def daily_form(self, ctx: Context, action: Action) -> Form | Message:
        """The form for time, days and channel."""
        return await settings_form(ctx, action)

    @submit("daily", right=Right.MANAGE)
    async def set_daily(self, ctx: Context, _action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Show when questions would go out; nothing is saved yet."""
        return await take_settings(ctx, values)

    @press("save", right=Right.MANAGE)
    async def save_daily(self, ctx: Context, action: Action) -> Answer:
        """Save what the preview showed: time, days and zone with the schedule, and the channel."""
        return await save_settings(ctx, action)

    @command("answers", _("What members answered"), right=Right.HOST)
    async def answers(self, ctx: Context, _text: str) -> Answer:
        """The answers to the newest question."""
        return await results.answers_message(ctx)

    # -- the route of a prompt -------------------------------------------------------------------------------------
    def due(self, tx: Tx, dues: Sequence[Due]) -> None:
        """Ask the next question of each queue, or tell the keeper that none is left."""
        asking.ask_what_is_due(tx, dues)

    def schedule_titles(self, connection: Connection, community_id: UUID) -> Mapping[UUID, Words]:
        """The titles of series that have one."""
        return {
            one.schedule_id: one.title for one in queue.all_series(connection, community_id) if one.title is not None
        }

    def ring(self, tx: Tx, rings: Sequence[Ring]) -> None:
        """Write down answers without a name."""
        nameless.ring(tx, rings)

    def withdraw(self, tx: Tx, community_id: UUID, activity_id: UUID) -> None:
        """A question that nobody saw goes back to the front."""
        asking.withdraw(tx, community_id, activity_id)

    def label(self, data: Mapping[str, Any]) -> Words:
        """The question."""
        return words_from_data(data.get("question", ""))

    async def card(self, session: AsyncSession, activity: Activity) -> Message | None:
        """The posted question with how many answered so far."""
        return await posts.card(session, activity, self.vault)

    # -- the manager's page, and what a member may ask for -----------------------------------------------------------
    async def overview(self, session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
        """The newest question with its answers, what waits, when the next ones go out, and the files."""
        return await results.overview(session, viewer)

    async def export(self, session: AsyncSession, owner: Owner) -> dict[str, Any]:
        """A member's answers, reactions, suggestions and vote, and what they are told or left out of."""
        return await exported(session, owner)

    def forget(self, tx: Tx, owner: Owner) -> None:
        """Erase all of that, and tell them no more when the queue runs dry."""
        forgotten(tx, owner)
