"""A bot in memory: a test acts as its members and sees what they would see."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel

from core.action import Action
from core.bot import (
    Address,
    ChannelInfo,
    Finding,
    Health,
    Receiver,
    SendError,
    SendFailed,
    SendRefused,
    Sent,
    Severity,
    Standing,
)
from core.capabilities import Capabilities, FormSupport, Limit
from core.event import Chosen, CommandInvoked, Event, Installed, Pressed, Replied, Submitted, Where, Who
from core.form import Form, Raw
from core.message import Button, Message

EVERYTHING = Capabilities(
    form=FormSupport.MODAL,
    form_after_form=True,
    form_errors=True,
    form_title=100,
    form_label=100,
    ephemeral=True,
    threads=True,
    reactions=True,
    edit=True,
    images=True,
    private_first=True,
    shared_multiple_choice=True,
    local_times=True,
    max_text=4000,
    max_title=250,
    max_fields=25,
    max_controls=25,
    max_button_label=75,
    max_options=25,
    edit_every=0.0,
    send_limits=(Limit(10_000, 1.0),),
    channel_limits=(Limit(10_000, 1.0),),
    pings=True,
    colors=True,
    resend_seconds=300.0,
    finds=True,
)
"""A platform that can do all that a message asks for, at any rate."""


class NoFakeSettings(BaseModel):
    """The settings of a bot without a platform."""


@dataclass
class FakeAnswering:
    """What a member saw after acting: the last message, form or errors."""

    can_open_form: bool = True
    message: Message | None = None
    opened: Form | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    acknowledged: bool = False

    async def form(self, form: Form, language: str) -> None:
        """A form opened."""
        self.opened = form

    async def say(self, message: Message) -> None:
        """A message for the member alone."""
        self.message = message

    async def invalid(self, errors: Mapping[str, str], message: Message) -> None:
        """Errors in a form."""
        self.errors, self.message = errors, message

    async def acknowledge(self) -> None:
        """Taken, nothing to see."""
        self.acknowledged = True

    @property
    def text(self) -> str:
        """The text that was shown, empty when none was."""
        return str(self.message.text) if self.message else ""

    def button(self, label: str) -> Action:
        """The action of a shown button. Raises LookupError when there is none of that label."""
        return _button(self.message, label)


@dataclass
class Post:
    """A message that stands in a channel or a private chat."""

    id: str
    address: Address
    message: Message
    key: str
    edits: int = 0

    def button(self, label: str) -> Action:
        """The action of a button on it. Raises LookupError when there is none of that label."""
        return _button(self.message, label)


class FakeBot:
    """A platform in memory, or a further process's bot ``beside`` another, on the same platform.

    Errors that the next calls raise, first in first out: ``failing`` before anything is taken, ``breaking`` once the
    message stands, ``unreadable`` when it is asked what stands, ``uncounted``
    when it is asked how many can see a channel.
    """

    platform: ClassVar[str] = "fake"
    settings_model: ClassVar[type[BaseModel]] = NoFakeSettings

    def __init__(self, capabilities: Capabilities = EVERYTHING, *, beside: FakeBot | None = None) -> None:
        self.capabilities = capabilities
        self.health = Health()
        self.posts: list[Post] = [] if beside is None else beside.posts
        self.failing: list[SendError] = []
        self.breaking: list[SendError] = []
        self.unreadable: list[SendError] = []
        self.offline = False
        """Nothing goes out, and the platform is known not to have taken it."""
        self.standings: dict[str, Standing] = {} if beside is None else beside.standings
        self.crowds: dict[tuple[str, str], int] = {} if beside is None else beside.crowds
        """How many can see a channel, by space and channel; of others it is not known."""
        self.uncounted: list[SendError] = []
        self.rooms: list[ChannelInfo] = [ChannelInfo("general", "general")] if beside is None else beside.rooms
        self.receiver: Receiver | None = None
        self._numbers: Iterator[int] = itertools.count(1) if beside is None else beside._numbers
        self._hushed = False

    async def start(self, receiver: Receiver) -> None:
        """Ready at once."""
        self.receiver = receiver

    async def listen(self) -> None:
        """Connect at once."""
        self.health.connected = self.health.listening = True
        self._hushed = False

    async def hush(self) -> None:
        """Disconnect: what members do is lost."""
        self.health.connected = self.health.listening = False
        self._hushed = True

    async def stop(self) -> None:
        """Disconnect."""
        await self.hush()

    async def send(self, address: Address, message: Message, *, key: str) -> Sent:
        """Post, unless a failure waits. The same key posts once, as on a platform with idempotency keys."""
        if self.offline:
            raise SendFailed("offline", retry_after=0.1)
        if self.failing:
            raise self.failing.pop(0)
        for post in self.posts:
            if post.key == key:
                return Sent(post.address.channel, post.id)
        post = Post(f"m{next(self._numbers)}", address, message, key)
        self.posts.append(post)
        if self.breaking:
            raise self.breaking.pop(0)
        return Sent(address.channel, post.id)

    async def find(self, address: Address, message: Message, *, key: str, since: datetime) -> Sent | None:
        """The post with that key."""
        if self.unreadable:
            raise self.unreadable.pop(0)
        return next((Sent(post.address.channel, post.id) for post in self.posts if post.key == key), None)

    async def edit(self, sent: Sent, message: Message) -> None:
        """Replace a post."""
        if self.offline:
            raise SendFailed("offline", retry_after=0.1)
        if self.failing:
            raise self.failing.pop(0)
        post = next(post for post in self.posts if post.id == sent.message)
        if _picture(post.message) != _picture(message):
            raise ValueError("a message keeps its picture of bytes over all its edits, and never gets one by an edit")
        post.message, post.edits = message, post.edits + 1

    async def delete(self, sent: Sent) -> None:
        """Take a post back."""
        self.posts[:] = [post for post in self.posts if post.id != sent.message]

    async def standing(self, space: str, member: str) -> Standing:
        """What ``standings`` says; plain members else."""
        return self.standings.get(member, Standing(present=True))

    async def channels(self, space: str) -> Sequence[ChannelInfo]:
        """The rooms."""
        return self.rooms

    async def headcount(self, space: str, channel: str) -> int:
        """What ``crowds`` says."""
        if self.uncounted:
            raise self.uncounted.pop(0)
        if (space, channel) not in self.crowds:
            raise SendRefused("nobody counted them")
        return self.crowds[space, channel]

    async def examine(self) -> Sequence[Finding]:
        """All is well."""
        return [Finding(Severity.GOOD, "memory", "nothing can be wrong")]

    async def examine_channel(self, space: str, channel: str) -> Sequence[Finding]:
        """All is well."""
        return []

    # -- acting as a member ----------------------------------------------------------------------------------------
    def who(self, name: str, locale: str = "en") -> Who:
        """A member by name."""
        return Who(self.platform, "", name, name, locale)

    def where(self, space: str = "hall", channel: str = "general", *, private: bool = False) -> Where:
        """A place."""
        return Where(self.platform, "" if private else space, channel, private=private)

    async def act(self, event: Event, *, can_open_form: bool = True) -> FakeAnswering:
        """Let an event happen and return what the member saw."""
        if self.receiver is None:
            raise RuntimeError("start the hall first")
        answering = FakeAnswering(can_open_form=can_open_form)
        if not self._hushed:
            self.health.last_frame = self.receiver.clock.now()
            await self.receiver.receive(event, answering)
        return answering

    async def receive_alone(self, event: Event) -> None:
        """Let an event happen that nobody waits for an answer to."""
        if self.receiver is None:
            raise RuntimeError("start the hall first")
        if not self._hushed:
            await self.receiver.receive(event)

    async def command(self, name: str, member: str, text: str = "", **place: Any) -> FakeAnswering:
        """``/hall NAME TEXT``."""
        who, where = self.who(member), self.where(**place)
        return await self.act(CommandInvoked(where=where, who=who, id=self.new_id(), name=name, text=text))

    async def press(
        self, action: Action, member: str, *, form: bool = False, locale: str = "en", event_id: str = "", **place: Any
    ) -> FakeAnswering:
        """Press a button."""
        who, where = self.who(member, locale), self.where(**place)
        return await self.act(Pressed(where=where, who=who, id=event_id or self.new_id(), action=action, form=form))

    async def choose(self, action: Action, member: str, *values: str, **place: Any) -> FakeAnswering:
        """Pick options of a choice."""
        who, where = self.who(member), self.where(**place)
        return await self.act(Chosen(where=where, who=who, id=self.new_id(), action=action, values=values))

    async def submit(
        self, action: Action, member: str, values: Mapping[str, Raw], *, event_id: str = "", **place: Any
    ) -> FakeAnswering:
        """Send a form."""
        who, where = self.who(member), self.where(**place)
        event = Submitted(where=where, who=who, id=event_id or self.new_id(), action=action, values=values)
        return await self.act(event)

    async def reply(self, to: str, member: str, text: str, *, message: str = "", **place: Any) -> FakeAnswering:
        """Answer a post by a plain reply."""
        who, where, number = self.who(member), self.where(**place), self.new_id()
        event = Replied(where=where, who=who, id=number, to=to, message=message or f"r{number}", text=text)
        return await self.act(event)

    async def arrive(self, member: str, space: str = "hall") -> FakeAnswering:
        """``member`` adds the bot to a space."""
        who, where = self.who(member), Where(self.platform, space, "")
        return await self.act(Installed(where=where, who=who, id=self.new_id(), name=space.title()))

    def new_id(self) -> str:
        """An event id that was not used yet."""
        return f"e{next(self._numbers)}"

    async def until_posts(self, count: int, seconds: float = 5.0) -> list[Post]:
        """Wait until so many posts stand. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while len(self.posts) < count:  # noqa: ASYNC110 - what is waited for is another's list, not an event
                await asyncio.sleep(0.01)
        return self.posts


def _picture(message: Message) -> bytes:
    return message.image.data if message.image else b""


def _button(message: Message | None, label: str) -> Action:
    for control in message.controls if message else ():
        if isinstance(control, Button) and control.label == label and control.action is not None:
            return control.action
    raise LookupError(f"no button {label!r} on {message}")
