"""Surveys on the manager's page: what stands, and files to fetch and to hand in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from core.action import Action
from core.context import Viewer
from core.files import Desk, File
from core.markup import escape
from core.message import Button, Message, Pair
from core.texts import Domain
from plugins.surveys import drafts, toml_text
from plugins.surveys.actions import action as action_of
from plugins.surveys.actions import named
from plugins.surveys.changing import told
from plugins.surveys.drafts import Refused
from plugins.surveys.looking import STATES, newest
from plugins.surveys.tables import Survey, Wave
from plugins.surveys.taking import gone
from plugins.surveys.toml_text import Unreadable, known
from storage.tx import Tx

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")


async def overview(session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
    """Each of the newest surveys with how far it has come; and where a new one is handed in."""
    rows = await newest(session, viewer.community_id)
    found = await session.scalars(
        select(Wave).where(
            col(Wave.community_id) == viewer.community_id,
            col(Wave.id).in_([row.wave_id for row in rows if row.wave_id]),
        )
    )
    waves = {wave.id: wave for wave in found}
    shown = []
    for row in rows:
        wave = waves.get(row.wave_id) if row.wave_id is not None else None
        facts = (
            (
                Pair(_("Wave"), str(wave.number)),
                Pair(_("Began"), str(wave.started)),
                Pair(_("Finished"), str(wave.finished)),
                Pair(_("Let go by a quota"), str(wave.screened)),
            )
            if wave is not None
            else ()
        )
        shown.append(
            Message(
                title=_("{title}: {state}", title=escape(known(row.definition).title), state=STATES[row.state]),
                fields=facts,
                controls=(
                    Button(_("This survey as TOML"), action_of("file", viewer.community_id, row.id)),
                    Button(_("Put another TOML in its place"), action_of("put", viewer.community_id, row.id)),
                ),
            )
        )
    new = Button(_("A new survey, as TOML"), action_of("put", viewer.community_id))
    shown.append(Message(text=_("`/hall survey` makes a survey, `/hall surveys` shows them all."), controls=(new,)))
    return shown


async def text_file(session: AsyncSession, viewer: Viewer, action: Action) -> File | None:
    """A survey as TOML."""
    survey_id = named(action)
    row = await session.get(Survey, (viewer.community_id, survey_id)) if survey_id is not None else None
    return None if row is None else File("survey.toml", "application/toml", row.definition.encode())


async def take_text(desk: Desk, action: Action, file: File) -> Message:
    """Begin a draft that a file describes, or let a survey be what it describes."""
    viewer, survey_id = desk.viewer, named(action)
    try:
        text = file.text
        definition = toml_text.read(text)
    except UnicodeDecodeError:
        return Message(title=_("Not taken"), text=_("This is no text in UTF-8."))
    except Unreadable as error:
        return Message(title=_("Not taken"), text=told(error))

    def unit(tx: Tx) -> UUID:
        if survey_id is None:
            return drafts.new_draft(tx, viewer.community_id, text, desk.account(tx))
        drafts.replace(tx, viewer.community_id, survey_id, text)
        return survey_id

    try:
        await desk.write(unit)
    except Refused:
        return gone()
    return Message(
        text=_("**{title}** is there. Look at it and open it by `/hall surveys`.", title=escape(definition.title))
    )
