"""Decks of questions that come with hallkeeper: good ones by category, some for a season."""

from __future__ import annotations

import asyncio
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from core.action import Action
from core.context import Context
from core.markup import escape
from core.message import Button, ButtonStyle, Message, cut
from core.plugin import Answer, Plugin, press
from core.rights import Right
from core.texts import SOURCE_LANGUAGE, Domain
from plugins.question_of_the_day import queue
from plugins.question_of_the_day.queue import NewQuestion
from plugins.question_of_the_day.queue_desk import running, series_label
from storage.tx import Tx

_ = Domain("question_of_the_day")

FOLDER = Path(__file__).parent / "decks"
SHOWN_DECKS = 20
SHOWN_QUESTIONS = 8
SHOWN_SERIES = 6


class DeckQuestion(NamedTuple):
    """A question of a deck; ``tone`` is light, serious or empty."""

    id: str
    text: str
    tone: str


class Deck(NamedTuple):
    """A deck in one language. ``season`` is from and to as ``month * 100 + day``, both in it."""

    id: str
    title: str
    category: str
    season: tuple[int, int] | None
    questions: tuple[DeckQuestion, ...]

    @property
    def number(self) -> int:
        """What stands for the deck in a button."""
        return crc32(self.id.encode()) & 0xFFFFFF


@lru_cache(maxsize=8)
def decks(language: str) -> tuple[Deck, ...]:
    """The decks in a language, or in English where there are none. Reads a file: not for the event loop.

    :raises ValueError: a deck is not as it must be.
    """
    path = FOLDER / f"{language}.toml"
    if not path.exists():
        path = FOLDER / f"{SOURCE_LANGUAGE}.toml"
    if not path.exists():
        return ()
    found = []
    for one in tomllib.loads(path.read_text("utf-8")).get("deck", ()):
        questions = tuple(
            DeckQuestion(question["id"], question["text"], next(iter(question.get("tags", ())), ""))
            for question in one["question"]
        )
        season = _season(one["season"]) if one.get("season") else None
        found.append(Deck(one["id"], one["title"], queue.category_of(one["category"]), season, questions))
    return tuple(found)


def _season(text: str) -> tuple[int, int]:
    """``12-01/12-31``."""
    start, end = text.split("/")
    first, last = (int(month) * 100 + int(day) for month, day in (start.split("-"), end.split("-")))
    return first, last


class Decks(Plugin):
    """Decks for managers."""

    @press("decks", right=Right.MANAGE)
    async def list_decks(self, ctx: Context, _action: Action) -> Answer:
        """What there is."""
        return await _listed(ctx)

    @press("deck", right=Right.MANAGE)
    async def deck(self, ctx: Context, action: Action) -> Answer:
        """How many questions of a deck are new here, and which."""
        deck = await _deck(ctx, action)
        series = (await running(ctx))[:SHOWN_SERIES]
        if deck is None or not series:
            return Message(text=_("That deck is gone."))
        known = await _taken(ctx)
        new = [one for one in deck.questions if _source(deck, one) not in known]
        lines = [f"- {escape(one.text)}" for one in new[:SHOWN_QUESTIONS]]
        if len(new) > SHOWN_QUESTIONS:
            lines.append(ctx.say(_("… and {n} more", n=len(new) - SHOWN_QUESTIONS)))
        if len(deck.questions) > len(new):
            known_already = len(deck.questions) - len(new)
            lines.append(ctx.say(_("_{n} you have already_", "_{n} you have already_", n=known_already)))
        if deck.season is not None:
            lines.append(ctx.say(_("_Only asked from {start} to {end}, each year_", **_days(deck.season))))
        label = _("Take the {n} new one", "Take the {n} new ones", n=len(new))
        back = Button(_("All decks"), ctx.action("decks"))
        takes = [
            Button(
                label if len(series) == 1 else cut(f"{ctx.say(label)} → {series_label(ctx, one)}", 75),
                ctx.action("deal", one.id, deck.number),
                style=ButtonStyle.PRIMARY if one is series[0] else ButtonStyle.PLAIN,
            )
            for one in series
        ]
        return Message(
            title=escape(deck.title),
            text="\n".join(lines),
            controls=(*(takes if new else ()), back),
        )

    @press("deal", right=Right.MANAGE)
    async def deal(self, ctx: Context, action: Action) -> Answer:
        """Put the new questions of a deck into a series' queue."""
        deck = await _deck(ctx, action)
        wanted = next((one.id for one in await running(ctx) if one.id in action.args), None)
        if deck is None or wanted is None:
            return Message(text=_("That deck is gone."))

        def unit(tx: Tx) -> tuple[int, int]:
            queue.series_of(tx, ctx.community_id, series_id=wanted)  # locked, so that a second press finds them there
            kept = queue.all_questions(tx.connection, ctx.community_id, ctx.say)
            known = {one.source for one in kept}
            new = [
                NewQuestion(
                    escape(one.text),
                    ctx.place.language,
                    deck.category,
                    one.tone,
                    source=_source(deck, one),
                    season=deck.season,
                )
                for one in deck.questions
                if _source(deck, one) not in known
            ]
            return len(new), queue.add_questions(tx, ctx.community_id, wanted, new)

        added, waiting = await ctx.write(unit)
        said = _("{n} question added.", "{n} questions added.", n=added)
        waits = _("{n} question waits", "{n} questions wait", n=waiting)
        controls = (
            Button(_("Show the queue"), ctx.action("queue", wanted)),
            Button(_("All decks"), ctx.action("decks")),
        )
        return Message(text=_("{said} {waits}.", said=said, waits=waits), controls=controls)


async def _listed(ctx: Context) -> Message:
    found = await asyncio.to_thread(decks, ctx.place.language)
    if not found:
        return Message(text=_("No decks came with this hallkeeper."))
    known = await _taken(ctx)
    lines = []
    for one in found[:SHOWN_DECKS]:
        new = sum(_source(one, question) not in known for question in one.questions)
        count = ctx.say(_("{n} question", "{n} questions", n=len(one.questions)))
        if new < len(one.questions):
            count += ctx.say(_(", {n} new", n=new))
        lines.append(f"- **{escape(one.title)}** · {escape(one.category)} · {count}")
    controls = tuple(Button(cut(one.title, 75), ctx.action("deck", one.number)) for one in found[:SHOWN_DECKS])
    return Message(title=_("Decks"), text="\n".join(lines), controls=controls)


async def _deck(ctx: Context, action: Action) -> Deck | None:
    found = await asyncio.to_thread(decks, ctx.place.language)
    return next((one for one in found if one.number in action.args), None)


async def _taken(ctx: Context) -> set[str | None]:
    kept = await ctx.read(lambda connection: queue.all_questions(connection, ctx.community_id, ctx.say))
    return {one.source for one in kept}


def _source(deck: Deck, question: DeckQuestion) -> str:
    return f"{deck.id}/{question.id}"


def _days(season: tuple[int, int]) -> dict[str, str]:
    start, end = (f"{day // 100:02}-{day % 100:02}" for day in season)
    return {"start": start, "end": end}
