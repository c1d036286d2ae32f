"""Interactions: a member's press, choice, form or command, and the bot's answers to it.

Source: Discord's reference, "Receiving and Responding" and "Interaction Callback Type".
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from sandbox.discord import checks, permissions
from sandbox.discord.errors import FieldErrors, acknowledged, unknown
from sandbox.discord.gateway import Gateway
from sandbox.discord.http import Upload
from sandbox.discord.messages import Messages, numbered
from sandbox.discord.wire import FILE_LIMIT_BYTES, channel_wire, member_wire, message_wire, user_wire
from sandbox.discord.world import DM, EPHEMERAL, LOADING, Channel, Message, User, Wire, World

DEADLINE_SECONDS = 3.0
"""Seconds in which the first answer must come (documented)."""
TOKEN_SECONDS = 900.0
"""A token lives for 15 minutes (documented)."""


class Kind(IntEnum):
    """Interaction types."""

    COMMAND = 2
    COMPONENT = 3
    MODAL = 5


class Callback(IntEnum):
    """Interaction callback types."""

    MESSAGE = 4
    DEFER_MESSAGE = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    MODAL = 9


ALLOWED = {
    Kind.COMMAND: {Callback.MESSAGE, Callback.DEFER_MESSAGE, Callback.MODAL},
    Kind.COMPONENT: set(Callback),
    Kind.MODAL: {Callback.MESSAGE, Callback.DEFER_MESSAGE, Callback.DEFER_UPDATE, Callback.UPDATE},
}
"""Which first answers an interaction allows: no form after a form (rules.py), updates only of a pressed message."""


@dataclass(slots=True)
class Form:
    """A modal that stands open in front of a member; ``message`` is the one whose component opened it."""

    id: str
    user: User
    channel: Channel
    custom_id: str
    title: str
    components: list[Wire]
    message: Message | None
    parent: Wire


@dataclass(slots=True)
class Interaction:
    """One interaction. ``first`` is done at the bot's first answer, ``shown`` when its member sees something."""

    id: int
    token: str
    kind: Kind
    user: User
    channel: Channel
    message: Message | None
    metadata: Wire
    made: float
    first: asyncio.Future[float]
    shown: asyncio.Future[Message | Form]
    answer: Callback | None = None
    original: Message | None = None
    followups: dict[int, Message] = field(default_factory=dict)
    pressed_edits: int = 0

    def show(self, what: Message | Form) -> None:
        """The member sees something."""
        if not self.shown.done():
            self.shown.set_result(what)


class Interactions:
    """All interactions whose tokens live, and the forms that stand open."""

    def __init__(
        self, world: World, gateway: Gateway, messages: Messages, changed: Callable[[], None], deadline: float
    ) -> None:
        self.forms: dict[str, Form] = {}
        self.deadline = deadline
        self._world = world
        self._gateway = gateway
        self._messages = messages
        self._changed = changed
        self._by_token: dict[str, Interaction] = {}

    # -- a member acts ---------------------------------------------------------------------------------------
    def begin(
        self,
        kind: Kind,
        user: User,
        channel: Channel,
        data: Wire,
        *,
        message: Message | None = None,
        opened_by: Wire | None = None,
        extra: Wire | None = None,
    ) -> Interaction:
        """Send INTERACTION_CREATE; the bot has :attr:`deadline` seconds for its first answer."""
        self._forget_old()
        world, guild, loop = self._world, channel.guild, asyncio.get_running_loop()
        number = world.ids.next()
        owners = {"0": str(guild.id if guild is not None else 0)}
        metadata: Wire = {
            "id": str(number), "type": int(kind), "user": user_wire(user), "authorizing_integration_owners": owners,
        }  # fmt: skip
        if kind is Kind.COMPONENT and message is not None:
            metadata["interacted_message_id"] = str(message.id)
        if opened_by is not None:
            metadata["triggering_interaction_metadata"] = opened_by
        metadata |= extra or {}
        interaction = Interaction(
            number, secrets.token_urlsafe(48), kind, user, channel, message, metadata, time.monotonic(),
            loop.create_future(), loop.create_future(), pressed_edits=message.edits if message is not None else 0,
        )  # fmt: skip
        self._by_token[interaction.token] = interaction
        wire: Wire = {
            "id": str(number),
            "application_id": str(world.application),
            "type": int(kind),
            "token": interaction.token,
            "version": 1,
            "data": data,
            "channel_id": str(channel.id),
            "channel": channel_wire(world, channel),
            "locale": user.locale,
            "entitlements": [],
            "authorizing_integration_owners": owners,
            "context": 0 if guild is not None else 1,
            "attachment_size_limit": FILE_LIMIT_BYTES,
        }
        if message is not None:
            wire["message"] = message_wire(world, message)
        if guild is None:
            wire["user"] = user_wire(user)
            wire["app_permissions"] = str(int(permissions.IN_DM))
        else:
            allowed = permissions.of_member(guild, user.id)
            wire["channel"]["permissions"] = str(allowed)
            wire["member"] = member_wire(guild, guild.members[user.id]) | {"permissions": str(allowed)}
            wire["guild_id"] = str(guild.id)
            wire["guild_locale"] = guild.locale
            wire["guild"] = {"id": str(guild.id), "locale": guild.locale, "features": []}
            wire["app_permissions"] = str(permissions.of_bot(guild, channel))
        self._gateway.tell("INTERACTION_CREATE", wire, guild)
        return interaction

    def _forget_old(self) -> None:
        old = time.monotonic() - TOKEN_SECONDS
        while self._by_token:
            token, first = next(iter(self._by_token.items()))
            if first.made > old:
                break
            del self._by_token[token]

    # -- the bot answers -------------------------------------------------------------------------------------
    def answer(self, number: int, token: str, body: Wire, files: dict[int, Upload], call: str) -> Wire:
        """The first answer; returns the callback object. Refused when late, when second, or when not allowed."""
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != number:
            raise unknown("Interaction")
        if interaction.answer is not None:
            raise acknowledged()
        if time.monotonic() - interaction.made > self.deadline:
            raise unknown("Interaction")
        callback = self._checked(interaction, body)
        data: Wire = body.get("data") or {}
        world = self._world
        answered: Wire = {"id": str(number), "type": int(interaction.kind)}
        resource: Wire | None = None
        if callback is Callback.MODAL:
            checks.check_modal(data)
            interaction.show(self._open(interaction, data))
        elif callback in {Callback.MESSAGE, Callback.DEFER_MESSAGE}:
            if callback is Callback.MESSAGE:
                checks.check_message(data, files, path=("data",))
            ephemeral = int(data.get("flags") or 0) & EPHEMERAL
            loading = LOADING if callback is Callback.DEFER_MESSAGE else 0
            message = self._post(interaction, {"flags": ephemeral} if loading else data, files, call, loading)
            interaction.original = message
            answered |= {
                "response_message_id": str(message.id),
                "response_message_loading": bool(loading),
                "response_message_ephemeral": bool(ephemeral),
            }
            if not loading:
                interaction.show(message)
                resource = {"type": int(callback), "message": message_wire(world, message)}
        elif interaction.message is not None:
            message = interaction.original = interaction.message
            answered |= {"response_message_id": str(message.id), "response_message_loading": False}
            answered["response_message_ephemeral"] = bool(message.only_for)
            if callback is Callback.UPDATE:
                checks.check_message(data, files, path=("data",), old=message)
                self._messages.edit(message, data, files)
                interaction.show(message)
                resource = {"type": int(callback), "message": message_wire(world, message)}
        interaction.answer = callback
        if not interaction.first.done():
            interaction.first.set_result(time.monotonic())
        return {"interaction": answered, "resource": resource or {"type": int(callback)}}

    def _checked(self, interaction: Interaction, body: Wire) -> Callback:
        allowed = ALLOWED[interaction.kind]
        if interaction.kind is Kind.MODAL and interaction.message is None:
            allowed = allowed - {Callback.DEFER_UPDATE, Callback.UPDATE}
        errors = FieldErrors()
        if body.get("type") not in allowed:
            named = ", ".join(str(int(each)) for each in sorted(allowed))
            errors.add(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {{{named}}}.")
        errors.raise_any()
        return Callback(body["type"])

    def _open(self, interaction: Interaction, data: Wire) -> Form:
        form = Form(
            str(self._world.ids.next()), interaction.user, interaction.channel, data["custom_id"], data["title"],
            numbered(data["components"]), interaction.message, interaction.metadata,
        )  # fmt: skip
        self.forms[form.id] = form
        return form

    def _post(
        self, interaction: Interaction, data: Wire, files: dict[int, Upload], call: str, flags: int = 0
    ) -> Message:
        ephemeral = int(data.get("flags") or 0) & EPHEMERAL
        replied = interaction.message if interaction.kind is Kind.COMPONENT and not flags else None
        return self._messages.create(
            interaction.channel, self._world.bot, data, files, call=call, flags=flags,
            only_for=interaction.user.id if ephemeral else 0, interaction=interaction.metadata,
            reference=None if ephemeral else replied,
        )  # fmt: skip

    # -- what follows ----------------------------------------------------------------------------------------
    def of_token(self, token: str) -> Interaction:
        """The answered interaction of a living token."""
        interaction = self._by_token.get(token)
        if interaction is None or time.monotonic() - interaction.made > TOKEN_SECONDS:
            raise unknown("Webhook")
        if interaction.answer is None:
            raise unknown("Webhook")
        return interaction

    def follow_up(self, token: str, body: Wire, files: dict[int, Upload], call: str) -> Message:
        """A further message. The first one after "thinking" takes that message's place, with its visibility."""
        interaction = self.of_token(token)
        checks.check_message(body, files)
        original = interaction.original
        if interaction.answer is Callback.DEFER_MESSAGE and original is not None and original.flags & LOADING:
            self._messages.fill(original, body, files, call)
            interaction.show(original)
            return original
        message = self._post(interaction, body, files, call)
        interaction.followups[message.id] = message
        interaction.show(message)
        return message

    def message_of(self, token: str, which: str) -> Message:
        """The original answer (``@original``) or a follow-up."""
        interaction = self.of_token(token)
        if which == "@original":
            found = interaction.original
        else:
            found = interaction.followups.get(int(which)) if which.isdecimal() else None
            if found is None and interaction.original is not None and which == str(interaction.original.id):
                found = interaction.original
        if found is None or found.id not in self._world.messages:
            raise unknown("Message")
        return found

    def edit(self, token: str, which: str, body: Wire, files: dict[int, Upload], call: str) -> Message:
        """Change the original answer or a follow-up."""
        message = self.message_of(token, which)
        checks.check_message(body, files, old=message)
        if message.flags & LOADING:
            self._messages.fill(message, body, files, call)
        else:
            self._messages.edit(message, body, files)
        self.of_token(token).show(message)
        return message

    def delete(self, token: str, which: str) -> None:
        """Take the original answer or a follow-up away."""
        self._messages.delete(self.message_of(token, which))
        self._changed()

    def in_direct(self, interaction: Interaction) -> bool:
        """Whether it happened in the private chat."""
        return interaction.channel.type == DM
