"""How members answer: by a form, by a plain reply or in the question's thread; and what they like."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, literal_column, select, update
from sqlmodel import col

from core.action import Action
from core.activity import OPEN, Activity, open_at, touch_card
from core.context import Context
from core.event import Deleted, Edited, Reacted, Replied
from core.form import FieldKind, Form, FormField, Value
from core.markup import plain
from core.message import Button, ButtonStyle, Message
from core.plugin import Answer, FormErrors, Plugin, form, on, submit
from core.talk import features
from core.texts import Domain, Words, words_from_data
from plugins.question_of_the_day import nameless
from plugins.question_of_the_day.asked import asked
from plugins.question_of_the_day.nameless import Became
from plugins.question_of_the_day.tables import Answer as StoredAnswer
from plugins.question_of_the_day.tables import Asked, Liking, Reaction
from storage.prepared import Prepared
from storage.tables import Activity as ActivityRow
from storage.tx import Tx

if TYPE_CHECKING:
    from storage.engine import Store

_ = Domain("question_of_the_day")

MAX_ANSWER = 1000
"""Characters of an answer."""


class Closed(Exception):
    """The question takes no more answers."""


class Unchangeable(Exception):
    """The member answered without their name, which can't be changed; with it, it would be a second answer."""


_BY_MESSAGE = Prepared(
    select(col(StoredAnswer.activity_id)).where(
        col(StoredAnswer.community_id) == bindparam("community"),
        col(StoredAnswer.space_id) == bindparam("space"),
        col(StoredAnswer.message) == bindparam("message"),
    )
)
_ID_BY_MESSAGE = Prepared(
    select(col(StoredAnswer.id)).where(
        col(StoredAnswer.community_id) == bindparam("community"),
        col(StoredAnswer.space_id) == bindparam("space"),
        col(StoredAnswer.message) == bindparam("message"),
    )
)
_STANDS = Prepared(
    select(col(ActivityRow.state), col(ActivityRow.data), col(ActivityRow.closed_at)).where(
        col(ActivityRow.community_id) == bindparam("community"), col(ActivityRow.id) == bindparam("activity")
    )
)
_ONE_MORE_REPLY = Prepared(
    update(Asked)
    .where(
        col(Asked.community_id) == bindparam("community"),
        col(Asked.activity_id) == bindparam("activity"),
    )
    .values(replies=col(Asked.replies) + literal_column("1"))
)


class Answering(Plugin):
    """Members' part."""

    @form("answer")
    async def answer_form(self, ctx: Context, action: Action) -> Form | Message:
        """The form for an answer, holding the one that was given before."""
        found = await asked(ctx, action.args[0] if action.args else None)
        if found is None:
            return Message(text=_("This question was removed."))
        if found.state != OPEN:
            return Message(text=_("This question is closed. The next one comes soon."))
        question = ctx.say(words_from_data(found.data["question"]), ctx.place.language)
        fields = [FormField(FieldKind.LONG, "answer", _("Your answer"), value=found.answer, maximum=MAX_ANSWER)]
        if "anonymous" in found.data.get("allows", ""):
            hint = _("Nobody sees who wrote it, not even managers. It can't be changed later, and makes no streak.")
            fields.append(FormField(FieldKind.CONSENT, "nameless", _("Without my name"), required=False, hint=hint))
        return Form(action, _title(found.data), tuple(fields), submit=_("Send"), text=question)

    @submit("answer")
    async def answer(self, ctx: Context, action: Action, values: Mapping[str, Value]) -> Answer | FormErrors:
        """Keep an answer that came by form."""
        activity_id = action.args[0] if action.args else None
        if not isinstance(activity_id, UUID):
            return Message(text=_("This question was removed."))
        text = str(values["answer"])
        try:
            if values.get("nameless"):
                became = await ctx.write(lambda tx: nameless.keep(ctx, tx, activity_id, text))
            else:
                is_new = await ctx.write(lambda tx: _keep_answer(ctx, tx, activity_id, text, None))
                return Message(text=_("Thank you, your answer counts.") if is_new else _("Your answer was changed."))
        except Closed:
            became = Became.CLOSED
        except Unchangeable:
            became = Became.HAD
        match became:
            case Became.TAKEN:
                thanks = _(
                    "Thank you. Your answer counts, and nobody can see that it is yours. So it can't be changed any "
                    "more, by you neither."
                )
                return Message(text=thanks)
            case Became.NAMED:
                return FormErrors({"nameless": _("You answered with your name already. Change that answer instead.")})
            case Became.HAD:
                return Message(
                    text=_(
                        "You answered without your name already. Nobody knows which answer is yours, so it can't be "
                        "changed."
                    )
                )
            case Became.CLOSED:
                return Message(text=_("This question was closed while you wrote. Your answer was not kept."))

    @on(Replied)
    async def replied(self, ctx: Context, event: Replied, activity: Activity) -> Answer:
        """Keep an answer that came as a plain reply; further replies are talk, counted and not kept."""
        if not event.readable:
            answer = Button(_("Answer"), ctx.action("answer", activity.id), form=True, style=ButtonStyle.PRIMARY)
            return Message(
                text=_("I can't read replies that don't mention me. Please use the button."), controls=(answer,)
            )
        if not open_at(activity.state, activity.closed_at, event.at) or not event.text.strip():
            return None
        text = event.text.strip()[:MAX_ANSWER]
        try:
            await ctx.write(lambda tx: _keep_answer(ctx, tx, activity.id, text, event.message, at=event.at))
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
                touch_shown(tx, ctx.community_id, [row.id])
            elif text and activity.state == OPEN:
                _keep_answer(ctx, tx, activity.id, text, event.message, edited=True)

        with suppress(Closed):
            await ctx.write(unit)
        return None

    @on(Deleted)
    async def deleted(self, ctx: Context, event: Deleted, _activity: None) -> Answer:
        """A reply that was kept as an answer is gone: so is the answer."""

        def unit(tx: Tx) -> None:
            gone = tx.execute(
                delete(StoredAnswer)
                .where(*_by_message(ctx, event.message))
                .returning(col(StoredAnswer.activity_id), col(StoredAnswer.id))
            ).first()
            if gone is not None:
                tx.execute(
                    delete(Liking).where(
                        col(Liking.community_id) == ctx.community_id, col(Liking.answer_id) == gone.id
                    )
                )
                touch_card(tx, ctx.community_id, gone.activity_id)
                touch_shown(tx, ctx.community_id, [gone.id])

        await ctx.write(unit)
        return None

    async def activity_of(self, store: Store, community_id: UUID, space_id: UUID, message: str) -> UUID | None:
        """The question that a member's reply answered, when it is kept as their answer."""
        rows = await store.rows(_BY_MESSAGE, community=community_id, space=space_id, message=message)
        return rows[0][0] if rows else None

    @on(Reacted)
    async def reacted(self, ctx: Context, event: Reacted, activity: Activity) -> Answer:
        """Count a reaction to a question, or to a reply that answers it: once a member and emoji, whatever comes and
        goes."""

        def unit(tx: Tx) -> None:
            where = {"community": ctx.community_id, "space": ctx.space_id, "message": event.message}
            answers = tx.run(_ID_BY_MESSAGE, **where)
            table: type[Liking] | type[Reaction] = Liking if answers else Reaction
            about = {"answer_id": answers[0][0]} if answers else {"activity_id": activity.id}
            about |= {"community_id": ctx.community_id, "member_id": ctx.member(tx), "emoji": event.emoji[:64]}
            # One that goes and was never seen coming is no first time: it is still to be counted when it comes.
            if event.present and tx.insert_if_new(table, **about, present=True):
                ctx.participate(tx, "liking" if answers else "reaction", activity_id=activity.id)
                return
            here = [getattr(table, name) == value for name, value in about.items()]
            tx.execute(update(table).where(*here).values(present=event.present))

        if ctx.who.human:
            await ctx.write(unit)
        return None


def _title(data: Mapping[str, Any]) -> Words:
    return plain(data["title"]) if data.get("title") else _("Question of the day")


def touch_shown(tx: Tx, community_id: UUID, answer_ids: list[UUID]) -> None:
    """Posts that show one of these answers should show it as it is now."""
    shown = select(col(Asked.activity_id)).where(
        col(Asked.community_id) == community_id, col(Asked.best_id).in_(answer_ids)
    )
    for activity_id in tx.execute(shown).scalars().all():  # one, as a rule
        touch_card(tx, community_id, activity_id)


def _keep_answer(
    ctx: Context,
    tx: Tx,
    activity_id: UUID,
    text: str,
    message: str | None,
    *,
    edited: bool = False,
    at: datetime | None = None,
) -> bool:
    """Write an answer and its participation; whether it is the member's first here.

    ``message``: the reply that it came by, which changes no answer; ``edited``: by a change of that reply; ``at``:
    when it was written, of which we may hear after the question closed.

    :raises Closed: the question takes no answers.
    :raises Unchangeable: they answered without their name. (A reply is talk then.)
    """
    rows = tx.run(_STANDS, community=ctx.community_id, activity=activity_id)
    if not rows:
        raise Closed
    state, data, closed_at = rows[0]
    if not open_at(state, closed_at, at):
        raise Closed
    member = ctx.member(tx)
    if "anonymous" in data.get("allows", "") and nameless.had(ctx, tx, activity_id):
        if message is None:
            raise Unchangeable
        if not edited:
            _count_reply(ctx, tx, activity_id, text)
        return False
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
            _count_reply(ctx, tx, activity_id, text)
        return False
    answer_id: UUID = tx.scalar(select(col(StoredAnswer.id)).where(mine))
    tx.execute(update(StoredAnswer).where(mine).values(sealed=ctx.seal(text, answer_id), message=None))
    ctx.participate(tx, "change", conversation=True, activity_id=activity_id, features=features(text))
    return False


def _count_reply(ctx: Context, tx: Tx, activity_id: UUID, text: str) -> None:
    """One more that is talk."""
    ctx.participate(tx, "reply", conversation=True, activity_id=activity_id, features=features(text))
    tx.run(_ONE_MORE_REPLY, community=ctx.community_id, activity=activity_id)


def _by_message(ctx: Context, message: str) -> tuple[Any, ...]:
    return (
        col(StoredAnswer.community_id) == ctx.community_id,
        col(StoredAnswer.space_id) == ctx.space_id,
        col(StoredAnswer.message) == message,
    )
