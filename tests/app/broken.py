"""``hallkeeper``, broken in the ways that ``BREAK`` names: a rehearsal must notice each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any
from uuid import uuid4

from app.main import main
from core.delivery import Job, Lane
from core.message import Message
from plugins.question_of_the_day import answering
from plugins.surveys import anonymous, asking, flow, responses, waves
from plugins.surveys.conditions import Test
from plugins.surveys.definition import Kind, Question
from plugins.surveys.flow import Is, Sheet, Step

BREAK = "BREAK"
EVERY = 5
"""Every so manieth time it goes wrong, where it would be too plain else."""

turns = count(1)


def now_and_then() -> bool:
    """Whether it goes wrong this time."""
    return next(turns) % EVERY == 0


def put(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Let ``around`` stand in the place of something: it is given that first."""
    there = getattr(owner, name)
    setattr(owner, name, lambda *args, **kwargs: around(there, *args, **kwargs))


# -- surveys ---------------------------------------------------------------------------------------------------------
def lost() -> None:
    """An answer of a finished response is not stored."""

    def cells(there: Any, *args: Any) -> Iterator[Any]:
        found = list(there(*args))
        return iter(found[:-1] if now_and_then() else found)

    put(anonymous, "cells_of", cells)


def doubled() -> None:
    """A finished response is stored twice."""

    def rows(there: Any, tx: Any, table: Any, several: list[dict[str, Any]], **common: Any) -> None:
        there(tx, table, several, **common)
        if table is responses.Answer and several:
            there(tx, table, [one | {"response_id": uuid4()} for one in several if not one["sealed"]][:1], **common)

    put(responses, "insert_all", rows)


def over() -> None:
    """A quota lets one more in than it takes."""
    waves.Live.filled = property(lambda self: {int(n): held - 1 for n, held in self.cells.items()})  # type: ignore[assignment]  # on purpose


def skipped() -> None:
    """An answer stays that the logic asks for no more."""

    def step(there: Any, definition: Any, sheet: Sheet, *args: Any, **kwargs: Any) -> Step:
        found: Step = there(definition, sheet, *args, **kwargs)
        walked = found.walked._replace(answers={**sheet.answers, **found.walked.answers})
        kept = replace(found.sheet, answers={**sheet.answers, **found.sheet.answers})
        return found._replace(walked=walked, sheet=kept)

    put(responses, "step", step)


def wrong() -> None:
    """Another option is stored than was picked."""

    def kept(there: Any, question: Question, sheet: Sheet, given: Any, words: str = "") -> Sheet:
        if question.kind is Kind.SINGLE and now_and_then():
            given = next(one.key for one in question.choices if one.key != given)
        found: Sheet = there(question, sheet, given, words)
        return found

    put(flow, "_kept", kept)


def forgotten() -> None:
    """An answer that was taken is forgotten on the way."""

    def kept(there: Any, question: Question, sheet: Sheet, given: Any, words: str = "") -> Sheet:
        found: Sheet = there(question, sheet, given, words)
        if len(found.answers) > 1 and next(turns) % 20 == 0:
            first = next(iter(found.answers))
            return replace(found, answers={name: one for name, one in found.answers.items() if name != first})
        return found

    put(flow, "_kept", kept)


def thanked() -> None:
    """Whom a quota leaves out is told that their answers count."""

    put(asking.Desk, "ended", lambda there, desk, found: there(desk, found._replace(what=Is.DONE)))


def piped() -> None:
    """Another answer is repeated than was given."""
    put(asking, "piped", lambda there, text, definition, _answers, say: there(text, definition, {}, say))


def logic() -> None:
    """A question is asked whatever its condition says."""
    Test.holds = lambda _self, _answers: True  # type: ignore[method-assign]  # on purpose


def mixed() -> None:
    """Answers of an anonymous response stand in another."""

    def rows(there: Any, tx: Any, table: Any, several: list[dict[str, Any]], **common: Any) -> None:
        ids = list(dict.fromkeys(one["response_id"] for one in several))
        if len(ids) > 1:
            several = [dict(one) for one in several]
            name = several[0]["question"]
            for one in several:
                if one["question"] == name and not one["sealed"]:
                    one["response_id"] = ids[ids.index(one["response_id"]) - 1]
        there(tx, table, several, **common)

    put(anonymous, "insert_all", rows)


# -- both ------------------------------------------------------------------------------------------------------------
def unedited() -> None:
    """One platform's posts are never edited, and count as if they were."""

    async def edit(there: Any, lane: Lane, job: Job, message: Message) -> None:
        if lane._bot.platform == "slack":
            await lane._settle(job, shown_revision=job.wanted_revision)
        else:
            await there(lane, job, message)

    put(Lane, "_edit", edit)


# -- questions of the day --------------------------------------------------------------------------------------------
def unheard() -> None:
    """A reply or an answer is not kept, and its member told that it was."""

    def keep(there: Any, *args: Any, **kwargs: Any) -> bool:
        return True if now_and_then() else there(*args, **kwargs)

    put(answering, "_keep_answer", keep)


def swapped() -> None:
    """Other words are kept than were said."""

    def keep(there: Any, ctx: Any, tx: Any, activity: Any, text: str, *args: Any, **kwargs: Any) -> bool:
        return bool(there(ctx, tx, activity, text[::-1] if now_and_then() else text, *args, **kwargs))

    put(answering, "_keep_answer", keep)


if __name__ == "__main__":
    for way in os.environ[BREAK].split():
        globals()[way]()
    main()
