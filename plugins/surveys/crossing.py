"""Two questions crossed: how those who said one thing answered another."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from core.context import Context
from core.figures.privacy import TEAM, Table, crossed
from core.markup import escape
from core.message import MAX_BUTTON_LABEL, Button, Choice, Message, Option, cut
from core.numbers import percent
from core.texts import Domain, Words
from plugins.surveys.answered import Looked, answers_of, enough, look
from plugins.surveys.definition import Question
from plugins.surveys.groups import GROUPED, group_of, groups
from plugins.surveys.showing import MOST_WAVES, ask_of, gone, why_not
from plugins.surveys.tally import Answers, Result, needed, results

_ = Domain("surveys")

MOST_GROUPS = 12
"""Answers of a question that is crossed: more are no table any more."""


async def cross_list(ctx: Context, wave_id: UUID | None, number: int) -> Message:
    """Which question to cross it with."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, wave_id)
    if found is None or not 0 <= number < len(found.definition.questions):
        return gone()
    question = found.definition.questions[number]
    others = [
        Option(str(at), cut(f"{at + 1}. {one.plain}", MAX_BUTTON_LABEL))
        for at, one in enumerate(found.definition.questions)
        if at != number and fits(one)
    ]
    back = Button(_("Back"), ctx.action("qq", found.wave.id, number))
    if not fits(question) or not others:
        return Message(
            text=_("Only questions with one answer out of at most {most} can be crossed.", most=MOST_GROUPS),
            controls=(back,),
        )
    choice = Choice(ctx.action("qx", found.wave.id, number), tuple(others[:MOST_WAVES]))
    return Message(title=ask_of(question), text=_("Cross it with which question?"), controls=(choice, back))


async def cross_message(ctx: Context, wave_id: UUID | None, number: int, other: int) -> Message:
    """The two crossed: of those who gave each answer to the first, how they answered the second."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, wave_id)
        if found is None:
            return gone()
        if not enough(found):
            return Message(text=why_not(found))
        several = found.definition.questions
        if number == other or not all(0 <= one < len(several) and fits(several[one]) for one in (number, other)):
            return gone()
        first, second = several[number], several[other]
        names = {*needed(found.definition, first.name), *needed(found.definition, second.name)}
        answers = await answers_of(session, found.wave, names)
    told = results(found.definition, answers)
    table = await asyncio.to_thread(cross, told[first.name], told[second.name], answers)
    back = Button(_("Back"), ctx.action("qq", found.wave.id, number))
    turned = Button(_("The other way round"), ctx.action("qxx", found.wave.id, other, number))
    if table is None:
        return Message(
            title=_crossed(found, first, second),
            text=_("Too few answers to cross these two without telling of single people."),
            controls=(back,),
        )
    return Message(
        title=_crossed(found, first, second),
        text="\n".join(_lines(ctx, first, second, table)),
        controls=(turned, back),
    )


def fits(question: Question) -> bool:
    """Whether it can be crossed."""
    return question.kind in GROUPED and len(groups(question)) <= MOST_GROUPS


def cross(first: Result, second: Result, answers: Mapping[str, Answers]) -> Table | None:
    """How many gave which two answers; the last row and column are who answered one alone. None where it tells."""
    if first.hidden or second.hidden:
        return None
    rows = [key for key, _label in groups(first.question)]
    columns = [key for key, _label in groups(second.question)]
    cells = [[0] * (len(columns) + 1) for _row in [*rows, ""]]
    one, two = answers[first.question.name], answers[second.question.name]
    for response in {*one, *two}:
        row = group_of(first.question, one.get(response))
        column = group_of(second.question, two.get(response))
        if row is not None or column is not None:
            at = rows.index(row) if row is not None else -1
            cells[at][columns.index(column) if column is not None else -1] += 1
    return crossed(cells, _counts(first), _counts(second), TEAM)


def _counts(result: Result) -> list[int | None]:
    return [row.count for row in result.rows]


def _lines(ctx: Context, first: Question, second: Question, table: Table) -> list[str]:
    lines = []
    hidden = False
    for at, (_key, label) in enumerate(groups(first)):
        whole = table.rows[at]
        parts = []
        for column, (_other, words) in enumerate(groups(second)):
            count = table.cells[at][column]
            hidden = hidden or count is None
            parts.append(f"{_label(ctx, words)} {_cell(ctx, count, whole)}")
        size = "–" if whole is None else str(whole)
        lines.append(f"**{_label(ctx, label)}** · {size}")
        lines.append("- " + " · ".join(parts))
    lines.append(f"_{ctx.say(_('Shares are of the line; counts stand in brackets.'))}_")
    if hidden:
        lines.append(f"_{ctx.say(_('– stands for fewer than {n} people, or for what would tell of them', n=TEAM))}_")
    return lines


def _cell(ctx: Context, count: int | None, whole: int | None) -> str:
    if count is None:
        return "–"
    return f"{percent(count / whole, ctx.language)} ({count})" if whole else f"({count})"


def _label(ctx: Context, words: Words) -> str:
    return escape(cut(" ".join(ctx.say(words).split()), 40))


def _crossed(found: Looked, first: Question, second: Question) -> str:
    asks: Sequence[str] = [cut(one.plain, 90) for one in (first, second)]
    return escape(" × ".join(asks))
