"""How a survey is changed by a form or a press: written, looked at again, and what is wrong said beside its field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.action import Action
from core.context import Context
from core.message import Message
from core.plugin import Answer, FormErrors
from core.texts import Domain, Phrase, Words
from plugins.surveys import drafts
from plugins.surveys.actions import named
from plugins.surveys.definition import Definition
from plugins.surveys.drafts import Refused
from plugins.surveys.looking import Look, look, survey_message
from plugins.surveys.taking import gone
from plugins.surveys.toml_text import Unreadable
from storage.tx import Tx

_ = Domain("surveys")

SHOWN_PROBLEMS = 8

Shown = Callable[[Context, UUID, Words], Awaitable[Message]]
"""What is shown after a change."""


class Mistake(Exception):
    """A field says what can't be."""

    def __init__(self, field: str, words: Phrase) -> None:
        super().__init__(words.key)
        self.field = field
        self.words = words


@dataclass(frozen=True, slots=True)
class Beside:
    """Beside which field of a form a mistake in the survey is said. Without a ``default`` there is no form.

    ``fields`` are those of the keys of ``place``, or of any where that is empty; ``elsewhere`` is for what became
    wrong in another place.
    """

    default: str = ""
    place: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    elsewhere: str = ""

    def field(self, problem: Phrase) -> str:
        """The field of one mistake."""
        said = dict(problem.args)
        place, key = str(said.get("place", "")), str(said.get("key", ""))
        if not key:
            place, _comma, key = place.partition(", ")
        if self.place in ("", place):
            return self.fields.get(key, self.default)
        return self.elsewhere or self.default

    def errors(self, error: Unreadable) -> FormErrors:
        """All that is wrong, by field."""
        several: dict[str, list[Phrase]] = {}
        for one in error.problems:
            several.setdefault(self.field(one), []).append(one)
        return FormErrors({name: listed(problems) for name, problems in several.items()})


NO_FORM = Beside()


async def read(ctx: Context, action: Action) -> Look | Message:
    """The survey that a form is about, or what to tell when it is gone."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, named(action))
    return found or gone()


async def attempt(
    ctx: Context,
    unit: Callable[[Tx], Any],
    survey_id: UUID,
    said: Words = "",
    beside: Beside = NO_FORM,
    then: Shown = survey_message,
) -> Answer | FormErrors:
    """Do something about a survey and show it as it is then, or say why it can't be done."""
    try:
        await ctx.write(unit)
    except Mistake as error:
        return FormErrors({error.field: error.words})
    except Refused as error:
        where = error.field or beside.default
        return FormErrors({where: error.words}) if where else Message(text=error.words)
    except Unreadable as error:
        return beside.errors(error) if beside.default else Message(text=told(error))
    return await then(ctx, survey_id, said)


async def change(
    ctx: Context,
    action: Action,
    how: Callable[[Definition], Definition],
    beside: Beside = NO_FORM,
    said: Words = "",
    then: Shown = survey_message,
) -> Answer | FormErrors:
    """Change what a survey asks, and show it. ``how`` may raise :class:`Mistake` or :class:`drafts.Refused`."""
    survey_id = named(action)
    if survey_id is None:
        return gone()
    return await attempt(
        ctx, lambda tx: drafts.change(tx, ctx.community_id, survey_id, how), survey_id, said, beside, then
    )


def told(error: Unreadable) -> Phrase:
    """All that is wrong, one below the other."""
    return listed(error.problems)


def listed(problems: list[Phrase]) -> Phrase:
    """Mistakes, one below the other."""
    words = problems[0]
    for one in problems[1:SHOWN_PROBLEMS]:
        words = _("{above}\n{below}", above=words, below=one)
    if len(problems) > SHOWN_PROBLEMS:
        words = _("{above}\n{below}", above=words, below=_("… and {n} more", n=len(problems) - SHOWN_PROBLEMS))
    return words
