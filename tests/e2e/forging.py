"""What a changed client could send: controls that nobody was ever shown."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from core.action import Action
from sandbox.control import MessageView, Outcome, OutcomeKind
from sandbox.discord import DiscordSandbox
from sandbox.slack import SlackSandbox
from sandbox.telegram import TelegramSandbox
from tests.e2e.kit import Stage


async def forge(stage: Stage, name: str, message: MessageView, payload: str) -> Outcome:
    """Press a button that is not on the message, with any payload."""
    member, platform = stage[name], stage.platform
    if isinstance(platform, DiscordSandbox):
        return await platform.forge(member, message.id, payload)
    if isinstance(platform, SlackSandbox):
        return await _slack(platform, member, message, payload)
    assert isinstance(platform, TelegramSandbox)
    backend = platform.backend
    pressed = platform._acts.seen_message(backend.world.users[int(member)], message.id)
    press = backend.press(backend.world.users[int(member)], pressed, payload)
    answer = await asyncio.wait_for(press.answer, 5.0)
    return Outcome(OutcomeKind.MESSAGE if answer["text"] else OutcomeKind.ACKNOWLEDGED, text=answer["text"])


async def forge_form(
    stage: Stage, name: str, message: MessageView, verb: str, args: tuple[UUID | int, ...]
) -> Outcome:
    """Press a button of the question of the day that wants a form and is not there."""
    [(community,)] = await stage.rows("SELECT id FROM community")
    payload = Action("qd", verb, args, UUID(bytes=community)).encode()
    if isinstance(stage.platform, TelegramSandbox):
        link = f"https://t.me/{stage.platform.username}?start={payload}"
        return await stage.platform.follow(stage[name], link)
    return await forge(stage, name, message, f"f:{payload}")


async def _slack(platform: SlackSandbox, member: str, message: MessageView, payload: str) -> Outcome:
    user = platform._member(member)
    button: dict[str, Any] = {"type": "button", "action_id": payload, "text": {"type": "plain_text", "text": "?"}}
    pressed = platform._message(user, message.id)
    return await platform._interactions.block_action(user, pressed, {"block_id": "forged"}, button, None, 5.0)


def close(stage: Stage, *, writable: bool = False) -> None:
    """The bot may not write in the channel any more, or may again."""
    platform, channel = stage.platform, stage.world.channel
    if isinstance(platform, DiscordSandbox):
        platform.world.channels[int(channel)].writable = writable
    elif isinstance(platform, SlackSandbox):
        platform.world.channels[channel].writable = writable
    elif isinstance(platform, TelegramSandbox):
        platform.backend.world.groups[int(channel)].writable = writable
