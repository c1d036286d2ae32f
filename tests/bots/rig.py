"""The contract's rig over the sandbox: one for its three platforms, small differences in subclasses."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import aiohttp

from core.bot import Sent
from core.testing import Came, Result, Rig, Seen, Trouble
from sandbox.control import ControlView, FieldView, FormView, MessageView, Outcome, OutcomeKind, Platform
from sandbox.faults import Fault, FaultKind

FAULTS = {
    Trouble.BUSY: FaultKind.RATE_LIMIT,
    Trouble.BROKEN: FaultKind.SERVER_ERROR,
    Trouble.LOST: FaultKind.DROP,
    Trouble.LOST_AFTER_TAKING: FaultKind.DROP_AFTER_TAKING,
}
CAME = {OutcomeKind.FORM: Came.FORM, OutcomeKind.INVALID: Came.FORM, OutcomeKind.FAILED: Came.FAILED}


@dataclass
class SandboxRig(Rig):
    """People on one of the sandbox's platforms."""

    send_call: ClassVar[str] = ""
    """A part of the name of the call that sends a message."""
    read_call: ClassVar[str] = ""
    """And of the one that reads a channel."""

    platform: Platform = field(kw_only=True)
    opened: dict[str, FormView] = field(default_factory=dict, kw_only=True)
    """The form that stands open in front of a member."""

    # -- seeing --------------------------------------------------------------------------------------------------
    def views(self, member: str = "") -> list[MessageView]:
        """The bot's messages that a member sees, in the order in which they came."""
        found = [
            message
            for channel in self.platform.state(messages=200).channels
            if channel.member in ("", member)
            for message in channel.messages
            if message.by_bot and message.only_for in ("", member)
        ]
        return sorted(found, key=lambda one: one.at)

    def visible(self, member: str) -> list[Seen]:
        return [self._seen(one, member) for one in self.views(member)]

    def seen(self, sent: Sent) -> Seen:
        for view in self.views():
            if view.id == self.view_id(sent):
                return self._seen(view)
        raise LookupError(f"{sent.message} does not stand")

    async def drawn(self, message: Seen) -> bytes:
        (url,) = message.images
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert answer.content_type.startswith("image/")
            return await answer.read()

    def view_id(self, sent: Sent) -> str:
        """A sent message's id as the sandbox knows it."""
        return sent.message

    def view(self, message: Seen) -> MessageView:
        """The message as it is now."""
        everywhere = (one for channel in self.platform.state(messages=200).channels for one in channel.messages)
        return next(one for one in everywhere if one.id == message.id)

    def _seen(self, view: MessageView, member: str = "") -> Seen:
        private = bool(view.only_for) or any(
            channel.member for channel in self.platform.state(messages=0).channels if channel.id == view.channel
        )
        labels = [one.label for one in view.controls]
        text = f"{view.title}\n{view.text}" if view.title and view.title not in view.text else view.text
        return Seen(
            view.id, text, view.html, tuple(labels), tuple(one.url for one in view.images), view.thread, private
        )

    # -- acting --------------------------------------------------------------------------------------------------
    async def press(self, member: str, message: Seen, label: str, *, seconds: float = 5.0) -> Result:
        control = _labelled(self.view(message).controls, label)
        return await self.came(member, await self.platform.press(member, message.id, control.id, wait=seconds))

    async def fill(self, member: str, values: Mapping[str, str | Sequence[str]]) -> Result:
        form = self.opened.pop(member)
        by_label = {one.label: one for one in form.fields}
        filled = {by_label[label].id: _value(by_label[label], value) for label, value in values.items()}
        return await self.came(member, await self.platform.fill(member, form.id, filled))

    async def choose(self, member: str, message: Seen, *labels: str) -> Result:
        controls = self.view(message).controls
        select = next((one for one in controls if one.kind == "select"), None)
        if select is None:
            (label,) = labels
            return await self.press(member, message, label)
        values = [value for value, label in select.options if label in labels]
        return await self.came(member, await self.platform.pick(member, message.id, select.id, values))

    async def reply(self, member: str, message: Seen, text: str) -> None:
        await self.platform.type(member, self.channel, text, reply_to=message.id)

    async def write(self, member: str, text: str) -> None:
        await self.platform.type(member, self.channel, text)

    async def command(self, member: str, text: str) -> Result:
        return await self.came(member, await self.platform.command(member, self.channel, f"/hall {text}"))

    async def open_private(self, member: str) -> None:
        await self.platform.private(member)

    async def react(self, member: str, message: Seen, *, present: bool) -> None:
        await self.platform.react(member, message.id, "👍", present=present)

    async def join(self, name: str) -> str:
        return await self.platform.join(self.space, name)

    async def leave(self, member: str) -> None:
        await self.platform.leave(member, self.space)

    async def came(self, member: str, outcome: Outcome) -> Result:
        """An outcome in the contract's words."""
        if outcome.form is not None:
            self.opened[member] = outcome.form
            lines = [outcome.form.title]
            for one in outcome.form.fields:
                lines += [one.label, one.error]
            return Result(Came.FORM, "\n".join(line for line in lines if line))
        seen = self._seen(outcome.message, member) if outcome.message is not None else None
        text = outcome.text or (seen.text if seen is not None and outcome.kind is OutcomeKind.MESSAGE else "")
        came = CAME.get(outcome.kind, Came.WORDS if text else Came.NOTHING)
        return Result(came, text, seen)

    # -- troubles ------------------------------------------------------------------------------------------------
    async def trouble(self, what: Trouble) -> None:
        await self.platform.fault(Fault(FAULTS[what], self.send_call, seconds=0.2))

    async def trouble_reading(self, what: Trouble) -> None:
        await self.platform.fault(Fault(FAULTS[what], self.read_call, seconds=0.2))

    async def repeat_next_event(self) -> None:
        await self.platform.fault(Fault(FaultKind.DUPLICATE))

    async def disconnect(self) -> None:
        await self.platform.fault(Fault(FaultKind.DISCONNECT))
        async with asyncio.timeout(15):
            while not self.platform.state(messages=0).connected or not self.bot.health.connected:  # noqa: ASYNC110 - a server's state
                await asyncio.sleep(0.02)

    async def close_channel(self) -> None:
        await self.platform.delete_channel(self.channel)


def _labelled(controls: Sequence[ControlView], label: str) -> ControlView:
    return next(one for one in controls if one.label == label)


def _value(one: FieldView, value: str | Sequence[str]) -> str | list[str]:
    by_label = {label: key for key, label in one.options}
    if isinstance(value, str):
        return by_label.get(value, value)
    return [by_label[label] for label in value]


async def people(platform: Platform) -> tuple[str, str, str, str, str]:
    """A space, its channel, its owner, Mia and Jonas. The bot is not in it yet."""
    space = await platform.add_space("Harbour", owner="Olga")
    channel = await platform.add_channel(space, "lounge")
    owner = next(one.id for one in platform.state().members if one.space == space and one.role == "owner")
    mia = await platform.join(space, "Mia", locale="en")
    jonas = await platform.join(space, "Jonas", locale="de")
    return space, channel, owner, mia, jonas
