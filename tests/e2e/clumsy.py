"""A plugin that raises in the middle of a unit of work: it is loaded by its path."""

from __future__ import annotations

from core.activity import open_activity
from core.context import Context
from core.plugin import Answer, Plugin, command
from core.texts import Domain
from storage.tx import Tx

_ = Domain("clumsy")


class Clumsy(Plugin):
    """Stumbles over its own feet."""

    name = "clumsy"
    code = "cl"
    title = _("Clumsy")

    @command("stumble", _("Fall over"))
    async def stumble(self, ctx: Context, _text: str) -> Answer:
        """Begin to write, and raise."""

        def unit(tx: Tx) -> None:
            open_activity(tx, community_id=ctx.community_id, plugin=self.code, now=ctx.now)
            ctx.participate(tx, "stumble")
            raise RuntimeError("the carpet")

        await ctx.write(unit)
        return None
