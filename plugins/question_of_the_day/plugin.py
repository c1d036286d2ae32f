"""The plugin itself: what managers and members do with the question of the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, delete, func, select, update
from sqlmodel import col

from core.action import Action
from core.activity import OPEN, Activity, activity_state, owe_private, touch_card
from core.context import Context, Owner, Settlement, Viewer
from core.event import Deleted, Edited, Reacted, Replied
from core.form import FieldKind, Form, FormField, Value
from core.markup import escape
from core.message import Button, ButtonStyle, Message
from core.plugin import Answer, FormErrors, Plugin, command, form, on, press, submit
from core.rights import Right
from core.schedule import Daily, Due
from core.talk import features
from core.texts import Domain, Words, words_from_data
from core.timetable import add_schedule
from plugins.question_of_the_day import queue, results
from plugins.question_of_the_day.asked import asked
from plugins.question_of_the_day.kept import exported, forgotten
from plugins.question_of_the_day.settings_form import post_in, save_settings, settings_form, take_settings
from plugins.question_of_the_day.starters import STARTERS
from plugins.question_of_the_day.tables import PREFIX, Question, Reaction, Series, SeriesChannel
from plugins.question_of_the_day.tables import Answer as StoredAnswer
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("question_of_the_day")

MAX_QUESTION = 500
"""Characters of a question: what reads at a glance, and fits every platform with its answer button."""
MAX_ANSWER = 1000
"""Characters of an answer."""
FIRST_TIME = time(9, 0)
"""When questions go out until a manager says otherwise."""


class Closed(Exception):
    """The question takes no more answers."""


class QuestionOfTheDay(Plugin):
    """A question a day."""

    name = "question_of_the_day"
    code = queue.CODE
    title = _("Question of the day")
    prefix = PREFIX
    tables = (Series, SeriesChannel, Question, StoredAnswer, Reaction)
    migrations = Path(__file__).parent / "migrations"
    locale = Path(__file__).parent / "locale"
    keeps = (
        _("Your answers to questions of the day, encrypted, until you erase them."),
        _("Your reactions to them: which emoji."),
    )
    personal = (StoredAnswer, Reaction, Series)

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
                created_at=tx.now,
            )
            tx.add(series)
            for starter in STARTERS:
                queue.add_question(tx, community_id, series.id, starter, None)
        post_in(tx, series, settlement.space_id, settlement.channel_id)
        if next_at is None:
            return Message(text=_("Questions of the day are posted here from the next one on."))
        first = queue.next_question(tx, community_id, series.id)
        now_button = Button(
            _("Post the first one now"),
            Action(self.code, "now", (first.id,), community_id),
            style=ButtonStyle.PRIMARY,
        )
        return Message(
            text=_(
                "The first question of the day goes out on {when} at {time}. Ten questions wait; "
                "`/hall question` adds your own, `/hall daily` changes time and days.",
                when=results.local_date(next_at, settlement.time_zone),
                time=FIRST_TIME.strftime("%H:%M"),
            ),
            controls=(now_button,),
        )

    @command("question", _("Add a question to the queue"), right=Right.MANAGE, form=True)
    async def question(self, ctx: Context, _text: str) -> Answer:
        """Open the form for a new question."""
        return await self.question_form(ctx, ctx.action("add"))

    @form("add", right=Right.MANAGE)
    async def question_form(self, ctx: Context, action: Action) -> Form:
        """The form for a new question."""
        field = FormField(
            FieldKind.LONG,
            "question",
            _("Your question"),
            hint=_("One question, in the language of your community"),
            minimum=5,
            maximum=MAX_QUESTION,
        )
        return Form(action, _("New question"), (field,), submit=_("Add"))

    @submit("add", right=Right.MANAGE)
    async def add(self, ctx: Context, _action: Action, values: Mapping[str, Value]) -> Answer:
        """Put a question into the queue."""
        text = str(values["question"])
        community_id, language = ctx.community_id, ctx.place.language

        def unit(tx: Tx) -> int:
            series = queue.series_of(tx, community_id)
            if series is None:
                raise LookupError("a community that was set up has a series")
            return queue.add_question(tx, community_id, series.id, escape(text), language)

        waiting = await ctx.write(unit)
        return Message(
            text=_(
                "Added. {n} question waits.",
                "Added. {n} questions wait.",
                n=waiting,
            ),
            controls=(
                Button(_("Add another"), ctx.action("add"), form=True),
                Button(_("Show the queue"), ctx.action("queue")),
            ),
        )

    @command("questions", _("The queue of questions"), right=Right.MANAGE)
    async def questions(self, ctx: Context, _text: str) -> Answer:
        """What waits, in order."""
        return await results.queue_message(ctx)

    @press("queue", right=Right.MANAGE)
    async def show_queue(self, ctx: Context, _action: Action) -> Answer:
        """The queue again."""
        return await results.queue_message(ctx)

    @command("daily", _("Time, days and channel of the questions"), right=Right.MANAGE, form=True)
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

    @command("ask", _("Post the next question now"), right=Right.MANAGE)
    async def ask(self, ctx: Context, _text: str) -> Answer:
        """A preview of the next question, and the button that posts it."""
        async with ctx.session() as session:
            row = (
                await session.execute(
                    select(col(Question.id), col(Question.words))
                    .where(col(Question.community_id) == ctx.community_id, col(Question.asked_at).is_(None))
                    .order_by(col(Question.id))
                    .limit(1)
                )
            ).first()
        if row is None:
            add = Button(_("Add a question"), ctx.action("add"), form=True, style=ButtonStyle.PRIMARY)
            return Message(text=_("No question waits. Add one first."), controls=(add,))
        quoted = "\n".join(
            f"> {line}" for line in ctx.say(words_from_data(row.words), ctx.place.language).split("\n")
        )
        return Message(
            title=_("This is next"),
            text=quoted,
            controls=(
                Button(_("Post it now"), ctx.action("now", row.id), style=ButtonStyle.PRIMARY),
                Button(_("Send it to me as a test"), ctx.action("test", row.id)),
                Button(_("Show the queue"), ctx.action("queue")),
            ),
        )

    @press("now", right=Right.MANAGE)
    async def post_now(self, ctx: Context, action: Action) -> Answer:
        """Post one question now: the one that the button named, once however often it is pressed."""
        wanted = action.args[0] if action.args else None
        if not isinstance(wanted, UUID):
            wanted = None  # nothing that we ever wrote
        community_id, now = ctx.community_id, ctx.now

        def unit(tx: Tx) -> UUID | None:
            series = queue.series_of(tx, community_id)
            question = tx.execute(
                select(col(Question.id), col(Question.words), col(Question.language)).where(
                    col(Question.community_id) == community_id, col(Question.id) == wanted
                )
            ).first()
            if series is None or question is None:
                return None
            ask = queue.Ask(
                community_id, series.id, series.activity_id, question.id, question.words, question.language
            )
            try:
                return next(iter(queue.ask_all(tx, [ask], now)), None)
            except queue.Taken:
                return None

        posted = await ctx.write(unit)
        if posted is None:
            return Message(text=_("That question was posted already, or there is no channel left to post it in."))
        return Message(text=_("On its way."))

    @press("test", right=Right.MANAGE)
    async def test(self, ctx: Context, action: Action) -> Answer:
        """Send a question to the manager alone, in private. It stays where it is in the queue."""
        wanted = action.args[0] if action.args and isinstance(action.args[0], UUID) else None
        community_id, space_id, lane, now = ctx.community_id, ctx.space_id, ctx.place.platform, ctx.now

        def unit(tx: Tx) -> bool:
            words = tx.scalar(
                select(col(Question.words)).where(
                    col(Question.community_id) == community_id, col(Question.id) == wanted
                )
            )
            if words is None:
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
                        title=self.title,
                        question=words_from_data(words),
                    ),
                ),
                now=now,
            )
            return True

        if not await ctx.write(unit):
            return Message(text=_("That question is gone."))
        return Message(
            text=_("On its way to you in private. If nothing comes, write me something there once, then try again.")
        )

    @command("answers", _("What members answered"), right=Right.HOST)
    async def answers(self, ctx: Context, _text: str) -> Answer:
        """The answers to the newest question."""
        return await results.answers_message(ctx)

    # -- the route of a prompt -------------------------------------------------------------------------------------
    def due(self, tx: Tx, dues: Sequence[Due]) -> None:
        """Ask the next question of each queue, or tell the keeper that none is left."""
        queue.ask_what_is_due(tx, dues)

    def withdraw(self, tx: Tx, community_id: UUID, activity_id: UUID) -> None:
        """A question that nobody saw goes back to the front."""
        queue.withdraw(tx, community_id, activity_id)

    def label(self, data: Mapping[str, Any]) -> Words:
        """The question."""
        return words_from_data(data.get("question", ""))

    async def card(self, session: AsyncSession, activity: Activity) -> Message | None:
        """The posted question with how many answered so far."""
        count = await session.scalar(
            select(func.count())
            .select_from(StoredAnswer)
            .where(
                col(StoredAnswer.community_id) == activity.community_id, col(StoredAnswer.activity_id) == activity.id
            )
        )
        answered: Words = _("_{n} answer so far_", "_{n} answers so far_", n=int(count or 0)) if count else ""
        controls: tuple[Button, ...] = ()
        if activity.state == OPEN:
            action = Action(self.code, "answer", (activity.id,), activity.community_id)
            controls = (Button(_("Answer"), action, form=True, style=ButtonStyle.PRIMARY),)
        else:
            answered = _("_Closed with {n} answer_", "_Closed with {n} answers_", n=int(count or 0))
        question = words_from_data(activity.data["question"])
        return Message(
            title=_("Question of the day"),
            text=_("**{question}**\n{answered}", question=question, answered=answered) if answered else question,
            controls=controls,
            language=activity.data.get("language") or "",
        )

    # -- members ---------------------------------------------------------------------------------------------------
    @form("answer")
    async def answer_form(self, ctx: Context, action: Action) -> Form | Message:
        """The form for an answer, holding the one that was given before."""
        found = await asked(ctx, action.args[0] if action.args else None)
        if found is None:
            return Message(text=_("This question was removed."))
        if found.state != OPEN:
            return Message(text=_("This question is closed. The next one comes soon."))
        question = ctx.say(words_from_data(found.data["question"]), ctx.place.language)
        field = FormField(FieldKind.LONG, "answer", _("Your answer"), value=found.answer, maximum=MAX_ANSWER)
        return Form(action, _("Question of the day"), (field,), submit=_("Send"), text=question)

    @submit("answer")
    async def answer(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer:
        """Keep an answer that came by form."""
        activity_id = action.args[0] if action.args else None
        if not isinstance(activity_id, UUID):
            return Message(text=_("This question was removed."))
        text = str(values["answer"])
        try:
            is_new = await ctx.write(lambda tx: self._keep_answer(ctx, tx, activity_id, text, None))
        except Closed:
            return Message(text=_("This question was closed while you wrote. Your answer was not kept."))
        if is_new:
            return Message(text=_("Thank you, your answer counts."))
        return Message(text=_("Your answer was changed."))

    @on(Replied)
    async def replied(self, ctx: Context, event: Replied, activity: Activity) -> Answer:
        """Keep an answer that came as a plain reply; further replies are talk, counted and not kept."""
        if not event.readable:
            answer = Button(_("Answer"), ctx.action("answer", activity.id), form=True, style=ButtonStyle.PRIMARY)
            return Message(
                text=_("I can't read replies that don't mention me. Please use the button."), controls=(answer,)
            )
        if activity.state != OPEN or not event.text.strip():
            return None
        text = event.text.strip()[:MAX_ANSWER]
        try:
            await ctx.write(lambda tx: self._keep_answer(ctx, tx, activity.id, text, event.message))
        except Closed:
            return Message(text=_("This question is closed. The next one comes soon."))
        return None

    @on(Edited)
    async def edited(self, ctx: Context, event: Edited, activity: Activity) -> Answer:
        """A reply that was kept as an answer changed: so does the answer. One that comes first stands for it."""
        text = event.text.strip()[:MAX_ANSWER]

        def unit(tx: Tx) -> None:
            row = tx.execute(select(col(StoredAnswer.id)).where(*_by_message(ctx, event.message))).first()
            if row is not None:
                sealed = ctx.seal(text, row.id)
                tx.execute(update(StoredAnswer).where(*_by_message(ctx, event.message)).values(sealed=sealed))
            elif text and activity.state == OPEN:
                self._keep_answer(ctx, tx, activity.id, text, event.message, edited=True)

        with suppress(Closed):
            await ctx.write(unit)
        return None

    @on(Deleted)
    async def deleted(self, ctx: Context, event: Deleted, _activity: None) -> Answer:
        """A reply that was kept as an answer is gone: so is the answer."""

        def unit(tx: Tx) -> None:
            gone = tx.execute(
                delete(StoredAnswer).where(*_by_message(ctx, event.message)).returning(col(StoredAnswer.activity_id))
            ).first()
            if gone is not None:
                touch_card(tx, ctx.community_id, gone[0])

        await ctx.write(unit)
        return None

    @on(Reacted)
    async def reacted(self, ctx: Context, event: Reacted, activity: Activity) -> Answer:
        """Count a reaction once a member and emoji, whatever comes and goes."""

        def unit(tx: Tx) -> None:
            row = Reaction(
                community_id=ctx.community_id,
                activity_id=activity.id,
                member_id=ctx.member(tx),
                emoji=event.emoji[:64],
                present=event.present,
            )
            # One that goes and was never seen coming is no first time: it is still to be counted when it comes.
            if event.present and tx.add_if_new(row):
                ctx.participate(tx, "reaction", activity_id=activity.id)
                return
            tx.execute(
                update(Reaction)
                .where(
                    col(Reaction.community_id) == row.community_id,
                    col(Reaction.activity_id) == row.activity_id,
                    col(Reaction.member_id) == row.member_id,
                    col(Reaction.emoji) == row.emoji,
                )
                .values(present=event.present)
            )

        if ctx.who.human:
            await ctx.write(unit)
        return None

    def _keep_answer(
        self, ctx: Context, tx: Tx, activity_id: UUID, text: str, message: str | None, *, edited: bool = False
    ) -> bool:
        """Write an answer and its participation; whether it is the member's first here. Raises :class:`Closed`.

        ``message``: the reply that it came by, which changes no answer; ``edited``: by a change of that reply.
        """
        if activity_state(tx, ctx.community_id, activity_id) != OPEN:
            raise Closed
        member = ctx.member(tx)
        new_id = tx.new_id()
        is_new = tx.insert_if_new(
            StoredAnswer,
            community_id=ctx.community_id,
            id=new_id,
            activity_id=activity_id,
            space_id=ctx.space_id,
            member_id=member,
            sealed=ctx.seal(text, new_id),
            message=message,
            answered_at=ctx.now,
        )
        if is_new:
            ctx.participate(tx, "answer", conversation=True, activity_id=activity_id, features=features(text))
            touch_card(tx, ctx.community_id, activity_id)
            return True
        mine = and_(
            col(StoredAnswer.community_id) == ctx.community_id,
            col(StoredAnswer.activity_id) == activity_id,
            col(StoredAnswer.member_id) == member,
        )
        if message is not None:
            # Its own change may have come before it, and was counted.
            if not edited and tx.scalar(select(col(StoredAnswer.message)).where(mine)) != message:
                ctx.participate(tx, "reply", conversation=True, activity_id=activity_id, features=features(text))
            return False
        answer_id: UUID = tx.scalar(select(col(StoredAnswer.id)).where(mine))
        tx.execute(update(StoredAnswer).where(mine).values(sealed=ctx.seal(text, answer_id), message=None))
        ctx.participate(tx, "change", conversation=True, activity_id=activity_id, features=features(text))
        return False

    # -- the manager's page, and what a member may ask for -----------------------------------------------------------
    async def overview(self, session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
        """The newest question with its answers, what waits, and when the next one goes out."""
        return await results.overview(session, viewer)

    async def export(self, session: AsyncSession, owner: Owner) -> dict[str, Any]:
        """A member's answers and reactions, and whether they are told when the queue runs dry."""
        return await exported(session, owner)

    def forget(self, tx: Tx, owner: Owner) -> None:
        """Erase a member's answers and reactions, and tell them no more when the queue runs dry."""
        forgotten(tx, owner)


def _by_message(ctx: Context, message: str) -> tuple[Any, ...]:
    return (
        col(StoredAnswer.community_id) == ctx.community_id,
        col(StoredAnswer.space_id) == ctx.space_id,
        col(StoredAnswer.message) == message,
    )
