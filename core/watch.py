"""``/hall posts``: what became of posts, and what needs a person, with buttons that say what to do."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from core.action import Action
from core.context import Context
from core.doors import Doors
from core.markup import escape
from core.message import Button, ButtonStyle, Message
from core.plugin import Answer, Plugin, command, press
from core.rights import Right
from core.stuck import Verdict, decide, decide_all
from core.telling import CODE
from core.texts import Domain, Words
from core.watch_words import Teller, Way, all_became, became, more_words, rows, watched

_ = Domain("core")

UNKNOWN_SHOWN = 4
"""With three buttons each: four of them and six failed ones with two fit the 25 controls of a message."""
FAILED_SHOWN = 6
LINES = 8
"""Incidents shown: what fits beside the askings in the shortest message of a platform."""


class Watch(Plugin):
    """Posts that need a person, and what happened."""

    name = "watch"
    code = CODE
    title = _("Posts")

    def __init__(self) -> None:
        super().__init__()
        self._doors: Doors | None = None

    @command("posts", _("What became of posts, and which need you"), right=Right.MANAGE)
    async def posts(self, ctx: Context, _text: str) -> Answer:
        """What needs a person, then what happened."""
        return await self._list(ctx)

    @press("list", right=Right.MANAGE)
    async def show(self, ctx: Context, _action: Action) -> Answer:
        """The same, for the button of a message in private."""
        return await self._list(ctx)

    @press("there", right=Right.MANAGE)
    async def there(self, ctx: Context, action: Action) -> Answer:
        """It arrived."""
        return await self._decide(ctx, action, Verdict.THERE)

    @press("again", right=Right.MANAGE)
    async def again(self, ctx: Context, action: Action) -> Answer:
        """Send it."""
        return await self._decide(ctx, action, Verdict.AGAIN)

    @press("drop", right=Right.MANAGE)
    async def drop(self, ctx: Context, action: Action) -> Answer:
        """Leave it."""
        return await self._decide(ctx, action, Verdict.DROP)

    @press("agains", right=Right.MANAGE)
    async def all_again(self, ctx: Context, action: Action) -> Answer:
        """Send all of an activity that failed for one reason."""
        return await self._decide_all(ctx, action, Verdict.AGAIN)

    @press("drops", right=Right.MANAGE)
    async def all_drop(self, ctx: Context, action: Action) -> Answer:
        """Leave all of an activity that failed for one reason."""
        return await self._decide_all(ctx, action, Verdict.DROP)

    # -- parts ---------------------------------------------------------------------------------------------------
    async def _decide(self, ctx: Context, action: Action, verdict: Verdict) -> Answer:
        match action.args:
            case (UUID() as delivery, int() as mark):
                unit = partial(
                    decide, community_id=ctx.community_id, verdict=verdict, delivery_id=delivery, mark=mark
                )
                return await self._list(ctx, became(verdict, await ctx.write(unit)))
        return await self._list(ctx)  # nothing that we ever wrote

    async def _decide_all(self, ctx: Context, action: Action, verdict: Verdict) -> Answer:
        match action.args:
            case (UUID() as activity, int() as reason):
                unit = partial(
                    decide_all, community_id=ctx.community_id, verdict=verdict, activity_id=activity, reason=reason
                )
                return await self._list(ctx, all_became(verdict, await ctx.write(unit)))
        return await self._list(ctx)

    async def _list(self, ctx: Context, said: Words = "") -> Message:
        if self._doors is None:
            self._doors = Doors(ctx.hall.bots, ctx.hall.clock)
        teller = Teller(ctx.hall.routes.by_code, ctx.say, ctx.language, ctx.place.time_zone)
        found = await ctx.read(partial(rows, community_id=ctx.community_id, lines=LINES))
        seen = await watched(teller, self._doors, found, unknown=UNKNOWN_SHOWN, failed=FAILED_SHOWN)
        parts = [f"**{ctx.say(said)}**"] if said else []
        several = len(seen.askings) > 1
        buttons: list[Button] = []
        for number, asking in enumerate(seen.askings, start=1):
            head = f"{number}. " if several else ""
            place = " · ".join(filter(None, (asking.when, asking.where)))
            parts.append(f"{head}**{escape(asking.what)}**\n{escape(place)}\n{escape(asking.why)}")
            buttons += [self._button(ctx, way, head) for way in asking.ways]
        if seen.more:
            parts.append(ctx.say(more_words(seen.more)))
        if not seen.askings and not said:
            parts.append(ctx.say(_("All posts went out.") if not seen.lines else _("No post needs you now.")))
        if seen.lines:
            lines = [
                f"- {escape(' · '.join(filter(None, (line.when, line.what, line.where))))}: {escape(line.text)}"
                for line in seen.lines
            ]
            parts.append("\n".join([f"**{ctx.say(_('What happened'))}**", *lines]))
        title = _("These posts need you") if seen.askings else _("Posts")
        return Message(title=title, text="\n\n".join(parts), controls=tuple(buttons))

    def _button(self, ctx: Context, way: Way, head: str) -> Button:
        action = ctx.action(f"{way.verdict}s" if way.group else str(way.verdict), way.about, way.number)
        style = ButtonStyle.PRIMARY if way.urged else ButtonStyle.PLAIN
        return Button(head + ctx.say(way.label), action, style=style)
