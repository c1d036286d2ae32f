"""How a person, a test or the page acts on a sandbox platform as a member, and what they see.

Each platform server implements :class:`Platform` over its own state. The shapes here are what a *person* sees,
the same for the three, and never reach a bot: a bot sees only its platform's wire protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, Faults
from sandbox.record import Record

STREAM_PING_SECONDS = 15.0
"""How often a silent change stream sends a comment, so that a closed page is noticed."""


class ControlError(Exception):
    """The control call asks for something a person could not do here; the text says what."""


@dataclass(frozen=True)
class ControlView:
    """One thing in a message that a member can press, pick from or follow.

    ``kind`` is ``button``, ``select``, ``text`` (a field to write in, by ``pick`` with the text as the value) or
    ``link``. ``options`` are (value, label) pairs of a select.
    ``url`` is set on links alone, a deep link into a private chat included.
    """

    id: str
    kind: str
    label: str
    style: str = ""
    url: str = ""
    options: tuple[tuple[str, str], ...] = ()
    minimum: int = 0
    maximum: int = 1
    disabled: bool = False


@dataclass(frozen=True)
class FieldView:
    """One field of an open form.

    ``kind`` is ``text``, ``long``, ``select``, ``radio``, ``checkbox``, ``date`` or ``number``.
    """

    id: str
    kind: str
    label: str
    required: bool = True
    value: str = ""
    hint: str = ""
    error: str = ""
    options: tuple[tuple[str, str], ...] = ()
    minimum: int = 0
    maximum: int = 0


@dataclass(frozen=True)
class FormView:
    """A form that stands open in front of one member. ``text`` is what it says above its fields."""

    id: str
    title: str
    fields: tuple[FieldView, ...]
    submit: str = ""
    text: str = ""


@dataclass(frozen=True)
class ImageView:
    """A picture. ``alt`` is what is read aloud, empty where the platform has no such words."""

    url: str
    alt: str = ""


@dataclass(frozen=True)
class MessageView:
    """A message as people see it. ``only_for`` is the member's id where nobody else sees it.

    ``text`` is plain text, ``html`` the same with its formatting, escaped by the server so that a page may show it.
    """

    id: str
    channel: str
    author: str
    author_name: str
    by_bot: bool
    text: str
    html: str
    at: float
    title: str = ""
    controls: tuple[ControlView, ...] = ()
    images: tuple[ImageView, ...] = ()
    color: str = ""  # an ornament, "#1a7f5a"
    reply_to: str = ""
    thread: str = ""
    only_for: str = ""
    edits: int = 0
    reactions: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ChannelView:
    """A channel, or a private chat between the bot and ``member``."""

    id: str
    space: str
    name: str
    kind: str = "public"
    member: str = ""
    messages: tuple[MessageView, ...] = ()


@dataclass(frozen=True)
class MemberView:
    """A simulated human. ``role`` is ``owner``, ``admin`` or ``member``. ``locale`` is a BCP 47 tag."""

    id: str
    space: str
    name: str
    role: str = "member"
    locale: str = "en"
    present: bool = True


@dataclass(frozen=True)
class State:
    """Everything that can be seen on one platform."""

    platform: str
    revision: int
    connected: bool
    spaces: tuple[tuple[str, str], ...]
    channels: tuple[ChannelView, ...]
    members: tuple[MemberView, ...]


class OutcomeKind(StrEnum):
    """What a member saw after acting."""

    FORM = "form"
    """A form opened."""
    MESSAGE = "message"
    """A message appeared, or the pressed one changed; an alert box counts too."""
    LINK = "link"
    """The control is a link (a deep link included): nothing was sent to the bot. Follow it with ``follow``."""
    ACKNOWLEDGED = "acknowledged"
    """The bot took the act and showed nothing."""
    INVALID = "invalid"
    """The form stays open with errors beside its fields."""
    DEFERRED = "deferred"
    """The bot asked for time and showed nothing before ``wait`` ran out."""
    FAILED = "failed"
    """No answer within the platform's deadline: what the platform shows then ("This interaction failed")."""


@dataclass(frozen=True)
class Outcome:
    """What came of an act. ``first_ms`` is the time to the bot's first answer, ``ms`` to what the member sees."""

    kind: OutcomeKind
    first_ms: float = 0.0
    ms: float = 0.0
    form: FormView | None = None
    message: MessageView | None = None
    text: str = ""
    url: str = ""


class Platform(ABC):
    """One platform server of the sandbox, with the acts that a person can do on it.

    Acts raise :class:`ControlError` for what a person could not do (press a control that is not there, write in a
    channel one is not in). ``wait`` is how many seconds an act waits for something visible to come back.
    """

    name: str
    limit: str = ""
    """How much it takes of a bot, in words, where that is what people wait for."""
    faults: Faults
    record: Record

    def __init__(self) -> None:
        self.faults = Faults()
        self.record = Record()
        self._revision = 0
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    # -- life ------------------------------------------------------------------------------------------------
    @abstractmethod
    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1, on ``port`` or a free one. Afterwards :attr:`url` is known."""

    @abstractmethod
    async def stop(self) -> None:
        """Close every connection and stop listening."""

    @property
    @abstractmethod
    def url(self) -> str:
        """The address, ``http://127.0.0.1:PORT``, without a slash at its end."""

    # -- the world, made by whoever runs the sandbox -----------------------------------------------------------
    @abstractmethod
    async def add_space(self, name: str, *, owner: str, locale: str = "en") -> str:
        """Make a space with one owner (a name); return the space's id. The bot is not in it yet."""

    @abstractmethod
    async def add_channel(self, space: str, name: str, *, writable: bool = True) -> str:
        """Make a public channel; return its id. Not ``writable``: the bot may read but not post there."""

    @abstractmethod
    async def join(self, space: str, name: str, *, role: str = "member", locale: str = "en") -> str:
        """A human joins; return the member's id. The bot hears of it where the platform tells it."""

    @abstractmethod
    async def leave(self, member: str, space: str) -> None:
        """A human leaves the space."""

    @abstractmethod
    async def install(self, space: str, by: str) -> None:
        """Member ``by`` adds the bot to the space."""

    @abstractmethod
    async def remove(self, space: str, by: str) -> None:
        """Member ``by`` removes the bot from the space."""

    @abstractmethod
    async def set_role(self, member: str, space: str, role: str) -> None:
        """Make a member ``owner``, ``admin`` or ``member``."""

    @abstractmethod
    async def delete_channel(self, channel: str) -> None:
        """The channel is gone; sends to it are refused as the platform refuses them."""

    # -- acts --------------------------------------------------------------------------------------------------
    @abstractmethod
    async def press(self, member: str, message: str, control: str, *, wait: float = 5.0) -> Outcome:
        """Press a button. A link or deep link is not followed: see :meth:`follow`."""

    @abstractmethod
    async def follow(self, member: str, url: str, *, wait: float = 5.0) -> Outcome:
        """Follow a deep link into the bot's private chat, where the platform has such links."""

    @abstractmethod
    async def pick(self, member: str, message: str, control: str, values: list[str], *, wait: float = 5.0) -> Outcome:
        """Choose values in a select."""

    @abstractmethod
    async def fill(self, member: str, form: str, values: dict[str, str | list[str]], *, wait: float = 5.0) -> Outcome:
        """Send an open form with values by field id."""

    @abstractmethod
    async def type(
        self, member: str, channel: str, text: str, *, reply_to: str = "", thread: str = "", wait: float = 0.0
    ) -> Outcome:
        """Write a message; ``message`` of the outcome is the bot's next one to this member, if ``wait`` > 0.

        Commands are not typed on every platform: use :meth:`command`.
        """

    @abstractmethod
    async def command(self, member: str, channel: str, text: str, *, wait: float = 5.0) -> Outcome:
        """Invoke a command of the bot, ``"/hall help"``, the way the platform does it."""

    @abstractmethod
    async def private(self, member: str) -> str:
        """Open the private chat with the bot; return the channel's id. (On some platforms the bot hears nothing.)"""

    @abstractmethod
    async def react(self, member: str, message: str, emoji: str, *, present: bool = True) -> None:
        """Put an emoji on a message, or take it off."""

    @abstractmethod
    async def edit(self, member: str, message: str, text: str) -> None:
        """Change one's own message."""

    @abstractmethod
    async def delete(self, member: str, message: str) -> None:
        """Delete one's own message."""

    @abstractmethod
    def state(self, *, messages: int = 50) -> State:
        """What can be seen now, the newest ``messages`` of each channel."""

    @abstractmethod
    def channel(self, channel: str, *, messages: int = 50) -> ChannelView:
        """One channel or private chat as in :meth:`state`, at the cost of that one alone."""

    @abstractmethod
    def message(self, message: str) -> MessageView:
        """One message as it stands now, whoever may see it."""

    @abstractmethod
    async def fault(self, fault: Fault) -> None:
        """Arrange a failure; a disconnect happens at once."""

    # -- watching ------------------------------------------------------------------------------------------------
    def changed(self) -> None:
        """Tell whoever watches that something visible changed. Servers call it after every change."""
        self._revision += 1
        task = asyncio.get_running_loop().create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    @property
    def revision(self) -> int:
        """Grows with every visible change."""
        return self._revision

    async def until(self, revision: int, timeout: float) -> int:  # noqa: ASYNC109 - a wait that ends is no error here
        """Wait until the revision passes ``revision`` or ``timeout`` seconds went by; return the revision now."""
        async with self._changed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait_for(lambda: self._revision > revision), timeout)
        return self._revision


def control_application(platform: Platform) -> web.Application:
    """The control interface of one platform: JSON in, JSON out, mounted wherever the caller likes.

    ``POST /{act}`` takes the act's arguments by name as a JSON object and returns its result; ``GET /state``,
    ``GET /record`` and ``GET /stream`` (server-sent events, one ``revision`` a change) read.
    """
    acts = {
        "add_space", "add_channel", "join", "leave", "install", "remove", "set_role", "delete_channel",
        "press", "follow", "pick", "fill", "type", "command", "private", "react", "edit", "delete",
    }  # fmt: skip

    async def act(request: web.Request) -> web.Response:
        name = request.match_info["act"]
        arguments = await request.json() if request.can_read_body else {}
        try:
            if name == "fault":
                await platform.fault(Fault(**arguments))
                result: Any = None
            elif name in acts:
                result = await getattr(platform, name)(**arguments)
            else:
                raise ControlError(f"there is no act {name!r}")
        except (ControlError, TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"result": as_data(result)})

    async def state(request: web.Request) -> web.Response:
        messages = int(request.query.get("messages", "50"))
        return web.json_response(as_data(platform.state(messages=messages)))

    async def record(_: web.Request) -> web.Response:
        return web.json_response(as_data(platform.record))

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        async for line in revisions(platform):
            await response.write(line)
        return response

    application = web.Application()
    application.router.add_get("/state", state)
    application.router.add_get("/record", record)
    application.router.add_get("/stream", stream)
    application.router.add_post("/{act}", act)
    return application


async def revisions(platform: Platform) -> AsyncIterator[bytes]:
    """The platform's revisions as server-sent events, for ever."""
    seen = -1
    while True:
        now = await platform.until(seen, STREAM_PING_SECONDS)
        yield f"data: {json.dumps(now)}\n\n".encode() if now != seen else b": still here\n\n"
        seen = now


def as_data(value: Any) -> Any:
    """Dataclasses as plain JSON data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_data(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: as_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_data(item) for item in value]
    return value
