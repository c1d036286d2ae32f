"""What everybody sees of a survey in the channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from core.activity import Activity
from core.markup import escape
from core.message import MAX_BUTTONS, Button, ButtonStyle, Choice, Control, Image, Message
from core.texts import Domain, Phrase, Words
from plugins.surveys.actions import action
from plugins.surveys.asking import inline, options_of
from plugins.surveys.live import live
from plugins.surveys.tables import Wave
from plugins.surveys.toml_text import known
from plugins.surveys.waves import OPEN

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")


async def card(session: AsyncSession, activity: Activity) -> Message | None:
    """The post: what it is about, its first question where it can be pressed there, and how many took part."""
    wave = await session.scalar(
        select(Wave).where(col(Wave.community_id) == activity.community_id, col(Wave.id) == activity.id)
    )
    if wave is None:
        return None
    definition = known(wave.definition)
    parts: list[Words] = [escape(definition.intro)] if definition.intro else []
    controls: list[Control] = []
    image = None
    if wave.state == OPEN:
        first = inline(definition, MAX_BUTTONS)
        if first is not None:
            parts.append(f"**{escape(' '.join(first.ask.split()))}**")
            if first.hint:
                parts.append(escape(first.hint))
            image = Image(first.image, first.ask) if first.image else None
            here = action("a", wave.community_id, wave.id, definition.numbers[first.name], 0)
            controls.append(Choice(here, options_of(first, first.choices), label=_("Pick one")))
        start = _("Start") if first is None else _("Go on")
        style = ButtonStyle.PRIMARY if first is None else ButtonStyle.PLAIN
        controls.append(Button(start, action("go", wave.community_id, wave.id), style=style))
        if wave.closes_at is not None:
            controls.append(Button(_("Remind me"), action("later", wave.community_id, wave.id)))
        if definition.anonymous:
            parts.append(_("_Anonymous: no name stands by your answers. What is sent can’t be changed._"))
        if wave.closes_at is not None:
            at = wave.closes_at.isoformat(timespec="minutes")
            parts.append(
                _("_Open until [{moment}](time:{at})_", moment=f"{wave.closes_at:%Y-%m-%d %H:%M} UTC", at=at)
            )
    shown = await live(session, wave)
    controls += shown.buttons
    parts += shown.lines
    parts.append(_took_part(wave.finished, wave.state == OPEN))
    text = parts[0]
    for part in parts[1:]:
        text = _lines(text, part)
    return Message(
        title=escape(definition.title),
        text=text,
        image=image,
        controls=tuple(controls),
        language=definition.language,
    )


def _took_part(count: int, is_open: bool) -> Phrase:
    if not is_open:
        return _("_Closed with {n} response. Thank you!_", "_Closed with {n} responses. Thank you!_", n=count)
    if not count:
        return _("_Be the first to take part._")
    return _("_{n} response so far_", "_{n} responses so far_", n=count)


def _lines(above: Words, below: Words) -> Phrase:
    return _("{above}\n{below}", above=above, below=below)
