"""The addresses at which a bot answers an interaction, and looks after its answers."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.discord.errors import unknown
from sandbox.discord.http import Answer, Call, Route
from sandbox.discord.interactions import Interactions
from sandbox.discord.limits import WEBHOOK_BUCKET
from sandbox.discord.wire import message_wire
from sandbox.discord.world import World

CALLBACK = "POST /interactions/{interaction}/{token}/callback"
FOLLOW_UP = "POST /webhooks/{application}/{token}"
ONE = "/webhooks/{application}/{token}/messages/{message}"
EDIT = f"PATCH {ONE}"


class Answers:
    """The endpoints over one world's interactions."""

    def __init__(self, world: World, interactions: Interactions) -> None:
        self._world = world
        self._interactions = interactions

    def routes(self) -> Iterator[Route]:
        """All of them. They ask for no token of the bot: the interaction's own is in the address."""
        yield Route(CALLBACK, self.callback, open=True, interaction=True, limit=None)
        webhook = {FOLLOW_UP: self.follow_up, f"GET {ONE}": self.get, EDIT: self.edit, f"DELETE {ONE}": self.delete}
        for name, handler in webhook.items():
            yield Route(name, handler, open=True, interaction=True, bucket="webhook", limit=WEBHOOK_BUCKET)

    async def callback(self, call: Call) -> Answer:
        answered = self._interactions.answer(call.id(0), call.path[1], call.fields, call.files, CALLBACK)
        if call.query.get("with_response") in {"1", "true"}:
            return 200, answered
        return 204, None

    async def follow_up(self, call: Call) -> Answer:
        self._own(call)
        message = self._interactions.follow_up(call.path[1], call.fields, call.files, FOLLOW_UP)
        return 200, message_wire(self._world, message)

    async def get(self, call: Call) -> Answer:
        self._own(call)
        return 200, message_wire(self._world, self._interactions.message_of(call.path[1], call.path[2]))

    async def edit(self, call: Call) -> Answer:
        self._own(call)
        message = self._interactions.edit(call.path[1], call.path[2], call.fields, call.files, EDIT)
        return 200, message_wire(self._world, message)

    async def delete(self, call: Call) -> Answer:
        self._own(call)
        self._interactions.delete(call.path[1], call.path[2])
        return 204, None

    def _own(self, call: Call) -> None:
        if call.id(0) != self._world.application:
            raise unknown("Webhook")
