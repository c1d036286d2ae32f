"""The post that shows a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from core.action import Action
from core.activity import OPEN, Activity
from core.markup import escape
from core.message import Button, ButtonStyle, Image, Message, cut
from core.texts import Domain, Phrase, Words, words_from_data
from plugins.question_of_the_day.queue import CODE
from plugins.question_of_the_day.tables import Answer
from storage.vault import Vault

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("question_of_the_day")

BEST_LENGTH = 200
"""Characters of the answer that a post shows again."""


async def card(session: AsyncSession, activity: Activity, vault: Vault) -> Message:
    """The question with how many answered so far, and what its series shows besides."""
    data, here = activity.data, activity.community_id
    count = await session.scalar(
        select(func.count())
        .select_from(Answer)
        .where(col(Answer.community_id) == here, col(Answer.activity_id) == activity.id)
    )
    lines: list[Words] = []
    if data.get("best"):
        lines += await _best(session, here, UUID(data["best"]), vault)
    controls: tuple[Button, ...] = ()
    if activity.state == OPEN:
        if count:
            lines.append(_("_{n} answer so far_", "_{n} answers so far_", n=int(count)))
        controls = tuple(_controls(activity))
    else:
        lines.append(_("_Closed with {n} answer_", "_Closed with {n} answers_", n=int(count or 0)))
    question = words_from_data(data["question"])
    return Message(
        title=titled(data),
        text=_("**{question}**\n{answered}", question=question, answered=stacked(lines)) if lines else question,
        image=Image(data["image"], alt=titled(data)) if data.get("image") else None,
        color=data.get("color", 0),
        controls=controls,
        thread="thread" in data.get("allows", ""),
        language=data.get("language") or "",
    )


def titled(data: Any) -> Words:
    """What stands above a question. A sponsor's name stands there, where nothing is cut."""
    title: Words = data.get("title") or _("Question of the day")
    return sponsored(title, data.get("sponsor"))


def sponsored(title: Words, sponsor: str | None) -> Words:
    """A title that says who paid."""
    return _("{title} · sponsored by {sponsor}", title=title, sponsor=sponsor) if sponsor else title


def stacked(lines: list[Words]) -> Words:
    """Lines, one below the other."""
    whole = lines[0]
    for line in lines[1:]:
        whole = _("{above}\n{below}", above=whole, below=line)
    return whole


def _controls(activity: Activity) -> list[Button]:
    here = activity.community_id
    controls = [
        Button(_("Answer"), Action(CODE, "answer", (activity.id,), here), form=True, style=ButtonStyle.PRIMARY)
    ]
    allows = activity.data.get("allows", "")
    if "suggest" in allows:
        series = Action(CODE, "sugg", (UUID(activity.data["series"]),), here)
        controls.append(Button(_("Suggest a question"), series, form=True))
    if "vote" in allows:
        series = Action(CODE, "votes", (UUID(activity.data["series"]),), here)
        controls.append(Button(_("Vote for the next"), series))
    return controls


async def _best(session: AsyncSession, community_id: UUID, answer_id: UUID, vault: Vault) -> list[Words]:
    """The answer to the question before that was liked most, if it still stands."""
    sealed = await session.scalar(
        select(col(Answer.sealed)).where(
            col(Answer.community_id) == community_id,
            col(Answer.id) == answer_id,
            col(Answer.message).is_not(None),
        )
    )
    if sealed is None:
        return []
    words = " ".join(vault.open(sealed, answer_id.bytes).decode().split())
    head: Phrase = _("_You liked this most last time:_")
    return [head, f"> {escape(cut(words, BEST_LENGTH))}"]
