"""Before and after in chat: which wave to compare with, what changed, and the same as a picture."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID
from zlib import crc32

from sqlalchemy import select
from sqlmodel import col

from core.action import MAX_NUMBER
from core.charts import Bar, Bars, Range, picture
from core.context import Context
from core.figures import Figure
from core.figures.privacy import TEAM
from core.figures.shares import smallest_lift
from core.markup import escape
from core.message import MAX_BUTTON_LABEL, Button, ButtonStyle, Choice, Image, Message, Option, cut
from core.moments import dated
from core.numbers import decimal
from core.texts import Domain
from plugins.surveys.answered import Looked, answers_of, enough, look, newest, result_of
from plugins.surveys.comparing import Change, Compared, People, compare, twin
from plugins.surveys.definition import Question
from plugins.surveys.posting import owe
from plugins.surveys.result_words import ASKED, Say, Teller, why_hidden
from plugins.surveys.showing import MOST_WAVES, ask_of, gone, why_not
from plugins.surveys.tables import Response
from plugins.surveys.tally import Unit
from plugins.surveys.toml_text import known
from plugins.surveys.waves import FINISHED
from storage.tables import Account

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")

MOST_CHANGES = 7
"""In a picture, which holds 15 bars."""
MOST_TOLD = 12
"""In words."""
_BYTES = 3


class Pair(NamedTuple):
    """A question in two waves, the earlier one first."""

    before: Looked
    after: Looked
    asked: tuple[Question, Question]


async def list_message(ctx: Context, wave_id: UUID | None, number: int) -> Message:
    """Which wave to compare a question with; the only one at once."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, wave_id)
        if found is None or not 0 <= number < len(found.definition.questions):
            return gone()
        question = found.definition.questions[number]
        others = await _others(session, found, question)
    if len(others) == 1:
        return await compare_message(ctx, wave_id, number, tag_of(others[0].wave.id))
    back = Button(_("Back"), ctx.action("qq", found.wave.id, number))
    if not others:
        return Message(
            title=ask_of(question),
            text=_(
                "No other wave asked this with the same answers. Ask it again under the same name, in this survey or "
                "another, and you can compare the two: “Would you buy it?” is ready for before and after."
            ),
            controls=(back,),
        )
    options = tuple(Option(_value(one.wave.id), cut(_name(ctx, one), MAX_BUTTON_LABEL)) for one in others)
    return Message(
        title=ask_of(question),
        text=_("Compare it with which wave?"),
        controls=(Choice(ctx.action("qd", found.wave.id, number), options), back),
    )


async def compare_message(ctx: Context, wave_id: UUID | None, number: int, other: int) -> Message:
    """What changed, in words."""
    found = await _found(ctx, wave_id, number, other)
    if isinstance(found, Message):
        return found
    pair, compared = found
    here = (pair_wave(pair, wave_id), number, other)
    controls = [Button(_("Back"), ctx.action("qq", here[0], number))]
    if any(one.change is not None for one in compared.changes):
        controls.insert(0, Button(_("Picture"), ctx.action("qdp", *here), style=ButtonStyle.PRIMARY))
    lines = Told(ctx, pair, compared, ctx.language).lines()
    return Message(title=ask_of(pair.asked[1]), text="\n".join(lines), controls=tuple(controls))


async def picture_message(ctx: Context, wave_id: UUID | None, number: int, other: int) -> Message:
    """The same as a picture, only for who asked, and the button that posts it."""
    found = await _found(ctx, wave_id, number, other)
    if isinstance(found, Message):
        return found
    pair, compared = found
    image = await _drawn(Told(ctx, pair, compared, ctx.language))
    if image is None:
        return Message(text=_("There is nothing to draw of this."))
    here = (pair_wave(pair, wave_id), number, other)
    back = Button(_("Back"), ctx.action("qdd", *here))
    if pair.before.open or pair.after.open:
        return Message(text=_("You can post it once the survey is closed."), image=image, controls=(back,))
    post = Button(_("Post it"), ctx.action("qdo", *here), style=ButtonStyle.PRIMARY)
    return Message(
        text=_("Only you see this. “Post it” puts it where the survey stood."), image=image, controls=(post, back)
    )


async def post(ctx: Context, wave_id: UUID | None, number: int, other: int) -> Message:
    """Post the picture where the later survey stood, once a day."""
    found = await _found(ctx, wave_id, number, other)
    if isinstance(found, Message):
        return found
    pair, compared = found
    if pair.before.open or pair.after.open:
        return Message(text=_("You can post it once the survey is closed."))

    async def message(language: str) -> Message:
        told = Told(ctx, pair, compared, language)
        return Message(
            title=_("Before and after: “{title}”", title=escape(pair.after.definition.title)),
            text=f"**{ask_of(pair.asked[1])}**\n{told.verdict()}",
            image=await _drawn(told),
            language=pair.after.definition.language,
        )

    key = f"{pair.after.wave.id}/{number}/{other}/{ctx.now.date()}"
    return await owe(ctx, pair.after.survey.id, key, message)


def pair_wave(pair: Pair, wave_id: UUID | None) -> UUID:
    """The wave that was looked at first: the other one is the one that it is compared with."""
    return pair.before.wave.id if pair.before.wave.id == wave_id else pair.after.wave.id


def tag_of(wave_id: UUID) -> int:
    """A wave in a button that has room for one id alone."""
    return crc32(wave_id.bytes) & MAX_NUMBER


def chosen(values: Sequence[str]) -> int:
    """The wave that was chosen from a list; -1 for anything else."""
    try:
        return int.from_bytes(urlsafe_b64decode(values[0] if values else "?"), "big")
    except ValueError:
        return -1


def _value(wave_id: UUID) -> str:
    return urlsafe_b64encode(tag_of(wave_id).to_bytes(_BYTES, "big")).decode()


async def _others(session: AsyncSession, found: Looked, question: Question) -> list[Looked]:
    """The newest other waves that asked the same."""
    waves = await newest(session, found.wave.community_id, MOST_WAVES)
    return [one for one in waves if one.wave.id != found.wave.id and twin(question, one.definition) is not None]


async def _found(ctx: Context, wave_id: UUID | None, number: int, other: int) -> tuple[Pair, Compared] | Message:
    """What changed, or why nothing is told."""
    async with ctx.session() as session:
        found = await look(session, ctx.community_id, wave_id)
        if found is None or not 0 <= number < len(found.definition.questions):
            return gone()
        question = found.definition.questions[number]
        others = await _others(session, found, question)
        second = next((one for one in others if tag_of(one.wave.id) == other), None)
        same = twin(question, second.definition) if second is not None else None
        if second is None or same is None:
            return gone()
        for one in (found, second):
            if not enough(one):
                return Message(text=_("{wave}: {why}", wave=escape(_name(ctx, one)), why=why_not(one)))
        sides = [(found, question), (second, same)]
        sides.sort(key=lambda side: (side[0].wave.opened_at, side[0].wave.id))
        (before, first), (after, last) = sides
        told = [await result_of(session, one, asked.name) for one, asked in sides]  # two
        said = [(await answers_of(session, one.wave, [asked.name]))[asked.name] for one, asked in sides]  # two
        people = await _people(session, before, after)
    compared = await asyncio.to_thread(compare, told[0], told[1], said[0], said[1], people)
    return Pair(before, after, (first, last)), compared


async def _people(session: AsyncSession, before: Looked, after: Looked) -> People | None:
    """Whose the responses of two named waves are, whichever accounts they answered with."""
    if before.wave.anonymous or after.wave.anonymous:
        return None
    rows = await session.execute(
        select(col(Response.id), col(Response.account_id), col(Account.person_id))
        .outerjoin(Account, col(Account.id) == col(Response.account_id))
        .where(
            col(Response.community_id) == before.wave.community_id,
            col(Response.wave_id).in_([before.wave.id, after.wave.id]),
            col(Response.state) == FINISHED,
        )
    )
    return {response: person or account for response, account, person in rows}


def _name(ctx: Context, one: Looked) -> str:
    number = f" {one.wave.number}" if one.survey.waves > 1 else ""
    when = dated(one.wave.opened_at, ctx.place.time_zone, ctx.language)
    return f"{cut(one.definition.title, 40)}{number} · {when}"


# -- words -----------------------------------------------------------------------------------------------------------
class Told:
    """A comparison in one language."""

    def __init__(self, ctx: Context, pair: Pair, compared: Compared, language: str) -> None:
        self._say: Say = lambda words: ctx.say(words, language)
        self._teller = Teller(self._say, language)
        self._language = language
        self._pair = pair
        self._compared = compared
        self._names = [_name(ctx, one) for one in (pair.before, pair.after)]

    def lines(self) -> list[str]:
        """All of it, as marked-up lines."""
        say, compared = self._say, self._compared
        lines = [
            say(_("Before: {wave}", wave=escape(self._names[0]))) + f" · n {compared.before.n or '–'}",
            say(_("After: {wave}", wave=escape(self._names[1]))) + f" · n {compared.after.n or '–'}",
            "",
        ]
        for result in (compared.before, compared.after):
            if result.hidden is not None:
                return [*lines, f"_{say(why_hidden(result.hidden))}_"]
        shown = self._largest(MOST_TOLD)
        for one in shown:
            lines.append(f"**{escape(say(one.label))}**")
            lines.append(f"- {self._share(one.before)} → {self._share(one.after)}")
            if one.change is not None:
                lines.append(f"- {self._change(one)}")
        if len(shown) < len(compared.changes):
            lines.append(say(_("… and {n} more", n=len(compared.changes) - len(shown))))
        lines.append(self.verdict())
        if room := self._room():
            lines.append(room)
        return [*lines, f"_{self.foot()}_"]

    def verdict(self, *, plain: bool = False) -> str:
        """Whether anything changed; marked up, or ``plain`` for a picture."""
        changes = self._compared.changes
        if all(one.change is None for one in changes):
            return self._say(_("Too few answers to compare without telling of single people."))
        if len(changes) == 1:
            one = changes[0]
            if not one.sure:
                return self._say(_("Too close to call: it may be chance."))
            return self._say(
                _("It went up, by more than chance.") if one.up else _("It went down, by more than chance.")
            )
        sure = [f"{cut(self._say(one.label), 40)} {'↑' if one.up else '↓'}" for one in changes if one.sure][
            :MOST_TOLD
        ]
        if not sure:
            return self._say(_("Too close to call: each of these changes may be chance."))
        answers = ", ".join(sure)
        return self._say(_("More than chance: {answers}.", answers=answers if plain else escape(answers)))

    def foot(self) -> str:
        """What the figures are made of."""
        say, compared = self._say, self._compared
        parts = [
            say(_("the change is that of the {n} who answered both times", n=compared.both))
            if compared.both is not None
            else say(_("reckoned as of different people"))
        ]
        changes = [one for one in compared.changes if one.change is not None and one.test is not None]
        if changes:
            parts.append(say(_("in brackets: 95% intervals")))
            tests = dict.fromkeys(one.test.name for one in changes if one.test is not None)
            p = changes[0].p
            shown = f"p {'<' if p < 0.001 else '='} {decimal(max(p, 0.001), self._language, 3)}"
            parts.append(", ".join([*tests, shown if len(changes) == 1 else "Holm"]))
        if any(one.before is None or one.after is None for one in compared.changes):
            parts.append(say(_("– stands for fewer than {n} people, or for what would tell of them", n=TEAM)))
        if any(known(one.survey.definition).margins for one in (self._pair.before, self._pair.after)):
            parts.append(say(_("Not weighted")))
        figures = [one for change in compared.changes for one in (change.after, change.change) if one is not None]
        names = dict.fromkeys(f"{one.formula.name} v{one.formula.version}" for one in figures)
        return " · ".join([*parts, *names])

    def chart(self) -> Bars | None:
        """The shares before and after as bars; None where there is nothing to draw."""
        changes = [one for one in self._largest(MOST_CHANGES) if one.change is not None]
        if not changes:
            return None
        single = len(self._compared.changes) == 1
        bars = []
        for one in changes:
            for figure, word, name in zip(
                (one.before, one.after), (_("before"), _("after")), self._names, strict=True
            ):
                label = name if single else f"{self._say(one.label)} · {self._say(word)}"
                bars.append(self._bar(label, figure))
        notes = [f"{self._say(changes[0].label)}: {self._change(changes[0])}"] if single else []
        before, after = self._compared.before.n, self._compared.after.n
        first, second = ("", "") if single else (f"{name}, " for name in self._names)
        foot = f"{first}n {before} → {second}n {after} · {self.foot()}"
        notes.append(self.verdict(plain=True))
        return Bars(cut(self._pair.asked[1].plain, ASKED), tuple(bars), foot, tuple(notes))

    def _largest(self, most: int) -> Sequence[Change]:
        """The changes in the order of the options; the largest first where not all are shown."""
        changes = self._compared.changes
        if len(changes) <= most:
            return changes
        return sorted(changes, key=lambda one: abs(one.change.value) if one.change else -1.0, reverse=True)[:most]

    def _bar(self, label: str, figure: Figure | None) -> Bar:
        span = Range(*figure.interval) if figure is not None and figure.interval is not None else None
        return Bar(label, figure.value if figure is not None else None, self._share(figure), span)

    def _share(self, figure: Figure | None) -> str:
        return "–" if figure is None else self._teller.value(figure, Unit.SHARE)

    def _change(self, one: Change) -> str:
        if one.change is None:
            return "–"
        points = self._say(_("{n} points", n=self._signed(one.change.value)))
        if one.change.interval is None:
            return points
        low, high = (self._signed(bound) for bound in one.change.interval)
        return f"{points} ({self._say(_('{low} to {high}', low=low, high=high))})"

    def _signed(self, share: float) -> str:
        shown = decimal(abs(100 * share), self._language, 1)
        return shown if shown == "0" else f"{'+' if share > 0 else '−'}{shown}"

    def _room(self) -> str:
        """How large a rise so few could show, where nothing is sure: said, so that nobody waits for a smaller one."""
        (one, *more), compared = self._compared.changes, self._compared
        if more or one.sure or one.before is None or one.change is None or compared.both is not None:
            return ""
        found = smallest_lift(one.before.value, min(compared.before.n, compared.after.n))
        if found is None:
            return ""
        return self._say(
            _(
                "With so few answers, only a rise of {n} points or more would be likely to show.",
                n=decimal(100 * found.value, self._language, 0),
            )
        )


async def _drawn(told: Told) -> Image | None:
    chart = told.chart()
    return None if chart is None else await picture(chart)
