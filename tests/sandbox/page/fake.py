"""A platform in memory with a small bot behind it, to look at the page and the crowd without a wire between."""

from __future__ import annotations

import asyncio
import html
from dataclasses import dataclass, field, replace
from itertools import count

from sandbox.control import (
    ChannelView,
    ControlError,
    ControlView,
    FieldView,
    FormView,
    MemberView,
    MessageView,
    Outcome,
    OutcomeKind,
    Platform,
    State,
)
from sandbox.faults import Fault

BOT = "bot"
THANKS = {"en": "Thank you, that counts.", "de": "Danke, das zählt.", "fr": "Merci, c’est compté."}
ANSWER_LIMIT = 300


@dataclass
class FakeChannel:
    """A channel and what stands in it."""

    view: ChannelView
    messages: dict[str, MessageView] = field(default_factory=dict)


class FakePlatform(Platform):
    """One of three: ``formless`` has deep links and dialogues in private where the others open forms.

    ``answers`` is what the bot stored: (member, text). ``mute`` makes the bot miss its deadline, ``plain`` makes
    it say nothing and put a mark on plain replies, ``now`` is the time of what happens next.
    """

    def __init__(self, name: str, *, formless: bool = False) -> None:
        super().__init__()
        self.name = name
        self.formless = formless
        self.answers: list[tuple[str, str]] = []
        self.mute = 0
        self.now = 1_800_000_000.0
        self.spaces: dict[str, str] = {}
        self.members: dict[str, MemberView] = {}
        self.channels: dict[str, FakeChannel] = {}
        self.dialogues: dict[str, str] = {}
        self._ids = count(1)

    def _id(self, kind: str) -> str:
        return f"{self.name}-{kind}-{next(self._ids)}"

    # -- life and the world ------------------------------------------------------------------------------------
    async def start(self, port: int = 0) -> None:
        return None

    async def stop(self) -> None:
        return None

    @property
    def url(self) -> str:
        return "http://127.0.0.1:9"

    async def add_space(self, name: str, *, owner: str, locale: str = "en") -> str:
        space = self._id("space")
        self.spaces[space] = name
        await self.join(space, owner, role="owner", locale=locale)
        return space

    async def add_channel(self, space: str, name: str, *, writable: bool = True) -> str:
        channel = self._id("channel")
        self.channels[channel] = FakeChannel(ChannelView(channel, space, name))
        self.changed()
        return channel

    async def join(self, space: str, name: str, *, role: str = "member", locale: str = "en") -> str:
        member = self._id("member")
        self.members[member] = MemberView(member, space, name, role, locale)
        self.changed()
        return member

    async def leave(self, member: str, space: str) -> None:
        self.members[member] = replace(self.members[member], present=False)
        self.changed()

    async def install(self, space: str, by: str) -> None:
        raise ControlError("the bot is in this space already")

    async def remove(self, space: str, by: str) -> None:
        self.changed()

    async def set_role(self, member: str, space: str, role: str) -> None:
        self.members[member] = replace(self.members[member], role=role)

    async def delete_channel(self, channel: str) -> None:
        del self.channels[channel]
        self.changed()

    async def fault(self, fault: Fault) -> None:
        self.faults.add(fault)

    # -- what the bot does ---------------------------------------------------------------------------------------
    def ask(self, channel: str, text: str, **more: object) -> str:
        """The bot posts a question with its answer button; the message's id comes back."""
        message = self._id("message")
        button = ControlView("answer", "button", "Answer", "primary")
        if self.formless:
            button = replace(button, kind="link", url=f"https://chat.example/bot?start={message}")
        return self.post(channel, text, key=message, controls=(button,), **more)

    def post(self, channel: str, text: str, *, author: str = BOT, key: str = "", **more: object) -> str:
        """A message stands in a channel."""
        key = key or self._id("message")
        self.now += 7
        name = "hallkeeper" if author == BOT else self.members[author].name
        message = MessageView(key, channel, author, name, author == BOT, text, html.escape(text), self.now)
        self.channels[channel].messages[key] = replace(message, **more)  # type: ignore[arg-type]  # test's own fields
        self.changed()
        return key

    def find(self, message: str) -> MessageView:
        """The message as it stands now."""
        for channel in self.channels.values():
            if message in channel.messages:
                return channel.messages[message]
        raise ControlError("this message is not there")

    def _set(self, message: MessageView) -> None:
        self.channels[message.channel].messages[message.id] = message
        self.changed()

    def _thank(self, member: str, channel: str, text: str, only: bool) -> Outcome:
        self.answers.append((member, text))
        thanks = THANKS[self.members[member].locale]
        key = self.post(channel, thanks, only_for=member if only else "")
        return Outcome(OutcomeKind.MESSAGE, 3.0, 5.0, message=self.find(key), text=thanks)

    def _form(self, message: str, error: str = "", value: str = "") -> FormView:
        answer = FieldView("answer", "long", "Your answer", value=value, error=error, maximum=ANSWER_LIMIT, minimum=2)
        options = (("yes", "Yes, with my name"), ("no", "No, keep it among us"))
        return FormView(
            message,
            "Question of the day",
            (answer, FieldView("share", "radio", "May we quote you?", options=options)),
        )

    async def _deadline(self) -> bool:
        await asyncio.sleep(0)
        self.mute -= 1
        return self.mute >= 0

    # -- acts ----------------------------------------------------------------------------------------------------
    async def press(self, member: str, message: str, control: str, *, wait: float = 5.0) -> Outcome:
        pressed = next((one for one in self.find(message).controls if one.id == control), None)
        if pressed is None:
            raise ControlError("this control is not there")
        if pressed.kind == "link":
            return Outcome(OutcomeKind.LINK, url=pressed.url)
        if await self._deadline():
            return Outcome(OutcomeKind.FAILED, text="This interaction failed")
        if control == "answer":
            return Outcome(OutcomeKind.FORM, 2.0, 2.0, form=self._form(message))
        if control.startswith("option"):
            del self.dialogues[member]
            return self._thank(member, self.find(message).channel, pressed.label, only=False)
        return Outcome(OutcomeKind.ACKNOWLEDGED, 2.0, 2.0)

    async def follow(self, member: str, url: str, *, wait: float = 5.0) -> Outcome:
        if "start=" not in url:
            raise ControlError("this link does not lead to the bot")
        chat = await self.private(member)
        self.post(chat, "/start", author=member)
        if await self._deadline():
            return Outcome(OutcomeKind.FAILED)
        self.dialogues[member] = "text"
        controls = (ControlView("cancel", "button", "Cancel"),)
        key = self.post(chat, "What is your answer? Write it here.", controls=controls)
        return Outcome(OutcomeKind.MESSAGE, 3.0, 3.0, message=self.find(key))

    async def pick(self, member: str, message: str, control: str, values: list[str], *, wait: float = 5.0) -> Outcome:
        self.answers.append((member, ",".join(values)))
        self.changed()
        return Outcome(OutcomeKind.ACKNOWLEDGED, 2.0, 2.0)

    async def fill(self, member: str, form: str, values: dict[str, str | list[str]], *, wait: float = 5.0) -> Outcome:
        answer = str(values.get("answer", ""))
        if await self._deadline():
            return Outcome(OutcomeKind.FAILED)
        if not values.get("share") or "bad" in answer:
            again = self._form(form, "Kinder words, please.", answer)
            return Outcome(OutcomeKind.INVALID, form=again)
        return self._thank(member, self.find(form).channel, answer, only=True)

    async def type(
        self, member: str, channel: str, text: str, *, reply_to: str = "", thread: str = "", wait: float = 0.0
    ) -> Outcome:
        if channel not in self.channels:
            raise ControlError("this channel is not there")
        mine = self.post(channel, text, author=member, reply_to=reply_to, thread=thread)
        asked = self.dialogues.get(member) if self.channels[channel].view.member else None
        if asked:
            self.dialogues[member] = "share"
            options = tuple(ControlView(f"option-{i}", "button", label) for i, label in enumerate(("Yes", "No")))
            options += (ControlView("back", "button", "Back"),)
            key = self.post(channel, "May we quote you?", controls=options)
            return Outcome(OutcomeKind.MESSAGE, 2.0, 2.0, message=self.find(key))
        if (to := reply_to or thread) and self.find(to).by_bot:
            self.answers.append((member, text))
            self._set(replace(self.find(mine), reactions={"✓": (BOT,)}))
        return Outcome(OutcomeKind.ACKNOWLEDGED, 0.0, 0.0)

    async def command(self, member: str, channel: str, text: str, *, wait: float = 5.0) -> Outcome:
        key = self.post(channel, f"You may do this here: {text}", only_for=member)
        return Outcome(OutcomeKind.MESSAGE, 2.0, 2.0, message=self.find(key))

    async def private(self, member: str) -> str:
        channel = f"{self.name}-private-{member}"
        if channel not in self.channels:
            self.channels[channel] = FakeChannel(ChannelView(channel, "", "", "private", member))
            self.changed()
        return channel

    async def react(self, member: str, message: str, emoji: str, *, present: bool = True) -> None:
        found = self.find(message)
        who = [one for one in found.reactions.get(emoji, ()) if one != member] + [member] * present
        self._set(replace(found, reactions={**found.reactions, emoji: tuple(who)}))

    async def edit(self, member: str, message: str, text: str) -> None:
        found = self.find(message)
        self._set(replace(found, text=text, html=html.escape(text), edits=found.edits + 1))

    async def delete(self, member: str, message: str) -> None:
        del self.channels[self.find(message).channel].messages[message]
        self.changed()

    def channel(self, channel: str, *, messages: int = 50) -> ChannelView:
        found = self.channels[channel]
        return replace(found.view, messages=tuple(found.messages.values())[-messages:])

    def message(self, message: str) -> MessageView:
        return self.find(message)

    def state(self, *, messages: int = 50) -> State:
        channels = tuple(self.channel(one, messages=messages) for one in self.channels)
        spaces = tuple(self.spaces.items())
        return State(self.name, self.revision, True, spaces, channels, tuple(self.members.values()))
