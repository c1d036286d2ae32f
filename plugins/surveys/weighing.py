"""Answers weighted until they have the margins that a manager knows, such as the ages of all members."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from core.figures.privacy import TEAM
from core.figures.weights import Unweighable, rake
from core.texts import Domain, Phrase
from plugins.surveys.answered import Looked, answers_of
from plugins.surveys.definition import Definition, Margin
from plugins.surveys.groups import GROUPED, group_of, groups
from plugins.surveys.tally import Weights
from plugins.surveys.toml_text import known

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")


class Weighed(NamedTuple):
    """``weights`` by response, of those who answered all that weighs; None where there are none, and ``why``."""

    weights: Weights | None
    why: Phrase | None = None


async def weigh(session: AsyncSession, found: Looked) -> Weighed:
    """The weights of a wave's answers by the margins of its survey."""
    margins = known(found.survey.definition).margins
    asked = found.definition.by_name
    if any(margin.question not in asked or asked[margin.question].kind not in GROUPED for margin in margins):
        return Weighed(None, _("This wave did not ask all that it is to be weighted by."))
    if not margins:
        return Weighed(None)
    names = [margin.question for margin in margins]
    answers = await answers_of(session, found.wave, names)
    sheets: dict[UUID, dict[str, str]] = {}
    for name in names:
        for response_id, given in answers[name].items():
            group = group_of(asked[name], given)
            if group is not None:
                sheets.setdefault(response_id, {})[name] = group
    sheets = {one: sheet for one, sheet in sheets.items() if len(sheet) == len(names)}
    shares = {margin.question: dict(margin.shares) for margin in margins}
    for name in names:
        counts = Counter(sheet[name] for sheet in sheets.values())
        few = next((group for group, count in counts.items() if count < TEAM), None)
        if few is not None:  # whoever weighs one person a thousandfold reads off what that one said
            return Weighed(
                None,
                _(
                    "Fewer than {n} people said “{answer}” to {question}: to weigh by it would tell of them.",
                    n=TEAM,
                    answer=few,
                    question=name,
                ),
            )
    try:
        made = await asyncio.to_thread(rake, list(sheets.values()), shares)
    except Unweighable as error:
        return Weighed(None, _why(error))
    return Weighed(dict(zip(sheets, made.each, strict=True)))


def pattern(definition: Definition) -> tuple[Margin, ...]:
    """The margins, or some to be filled in where there are none."""
    if definition.margins:
        return definition.margins
    first = next((one for one in definition.questions if one.kind in GROUPED), None)
    return (Margin(first.name, tuple((key, 0.0) for key, _label in groups(first))),) if first else ()


def _why(error: Unweighable) -> Phrase:
    if not error.category:
        return _("The shares contradict each other in these answers, so they can’t be weighted.")
    return _(
        "“{answer}” of {question} has nobody who answered, or no share: these answers can’t be weighted.",
        answer=error.category,
        question=error.group,
    )
