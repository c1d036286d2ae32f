"""Results on the manager's page: files, one set for each wave that has enough answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.context import Viewer
from core.markup import escape
from core.message import Button, Message, Pair
from core.texts import Domain
from plugins.surveys.actions import action
from plugins.surveys.answered import enough
from plugins.surveys.showing import newest_waves, response_rates, why_not

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ = Domain("surveys")

MOST_WAVES = 10
FILES = {
    "qcsv": _("Answers as CSV"),
    "qpar": _("Answers as Parquet"),
    "qjson": _("Everything as JSON"),
    "qbook": _("Codebook"),
}


async def results_overview(session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
    """The newest waves with their files."""
    shown = []
    waves = await newest_waves(session, viewer.community_id, MOST_WAVES)
    rates = await response_rates(session, viewer.community_id, waves, viewer.language)
    for one in waves:
        title = _("Results of “{title}”, wave {n}", title=escape(one.definition.title), n=one.wave.number)
        if not enough(one):
            shown.append(Message(title=title, text=why_not(one)))
            continue
        buttons = tuple(
            Button(label, action(verb, viewer.community_id, one.wave.id)) for verb, label in FILES.items()
        )
        facts = (Pair(_("Finished"), str(one.wave.finished)), Pair(_("Response rate"), rates[one.wave.id]))
        text = _("The files hold each answer as it was given: mind whom you hand them on to.")
        shown.append(Message(title=title, text=text, fields=facts, controls=buttons))
    return shown
