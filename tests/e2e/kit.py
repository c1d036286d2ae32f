"""What the tests of the whole way share: a stage with people on it, and what they do and see."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app import settings
from app.acting import ActingError, Fill, World, control_of, fill, find_control, press, set_up_choices, until
from app.serve import Running, running
from core.capabilities import Limit
from core.clock import Clock
from core.testing import SetClock
from sandbox.control import ControlError, ControlView, MessageView, Outcome, OutcomeKind, Platform
from sandbox.discord import DiscordSandbox
from sandbox.slack import SlackSandbox
from sandbox.telegram import TelegramSandbox
from storage.engine import Store

BEFORE_NINE = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
"""A Saturday, half past eight in Berlin: the first question of the day is due at nine."""
OWNER = "Olga"
PEOPLE = {"Mia": "en", "Jonas": "de", "Amélie": "fr", "Rui": "pt"}
"""Members and the languages of their clients; there is no catalogue for the last one's."""
CHANNEL = "lounge"
ANSWER = ("Answer", "Antworten")
TITLES = ("Question of the day", "Frage des Tages")
"""What stands on a question's button and above it, in the languages of these tests' communities."""
SANDBOXES: dict[str, Callable[[], Platform]] = {
    "discord": lambda: DiscordSandbox(message_bucket=None),
    "slack": lambda: SlackSandbox(rate_limits=False),
    "telegram": lambda: TelegramSandbox(limited=False),
}
"""Without the platforms' own rate limits, which the bots' tests meet: here every wait would be the tests'."""


class LiveClock(SetClock):
    """A clock that starts where it is told, goes on by itself, and can be moved on."""

    def now(self) -> datetime:
        """The moment that was set, and what has passed since."""
        return super().now() + timedelta(seconds=time.monotonic() - self._since)

    def set(self, now: datetime) -> None:
        """Set it."""
        self._since = time.monotonic()
        super().set(now)

    def pass_by(self, seconds: float = 0, **time: float) -> None:
        """Let time pass at once, besides what passes by itself."""
        self.set(self.now() + timedelta(seconds=seconds, **time))

    async def sleep(self, seconds: float) -> None:
        """Sleep for real."""
        await asyncio.sleep(seconds)


@dataclass
class Stage:
    """A platform with a space and people, and the hall that they talk to."""

    world: World
    house: Running
    clock: SetClock
    people: dict[str, str] = field(default_factory=dict)

    @property
    def platform(self) -> Platform:
        return self.world.platform

    @property
    def name(self) -> str:
        return self.world.platform.name

    @property
    def store(self) -> Store:
        return self.house.store

    def __getitem__(self, name: str) -> str:
        """The member's id."""
        return self.people[name]

    # -- what people do ------------------------------------------------------------------------------------------
    async def install(self) -> tuple[MessageView, ControlView]:
        """The owner adds the bot; the greeting and its button."""
        await self.platform.install(self.world.space, self[OWNER])
        return await find_control(self.world, "Set me up")

    async def arrive(self, language: str = "English") -> Outcome:
        """The owner adds the bot and fills the set-up form; what the owner is told."""
        opened = await press(self.world, self[OWNER], await self.install())
        choose = set_up_choices(CHANNEL)

        def spoken(label: str, options: Sequence[str]) -> str:
            return language if language in options else choose(label, options)

        return await fill(self.world, self[OWNER], opened, spoken)

    async def begin(self, language: str = "English") -> MessageView:
        """The owner sets up and posts the first question; the question."""
        done = await self.arrive(language)
        await self.press(OWNER, done, "Post the first one now")
        return await self.until_question()

    async def ask(self, number: int) -> MessageView:
        """The owner posts the next question, the ``number``-th of all; the question."""
        await self.press(OWNER, await self.command(OWNER, "ask"), "Post it now")
        return await self.until_question(number)

    async def press(self, name: str, where: Outcome | MessageView, label: str) -> Outcome:
        """Press the control under that label; a link into the private chat is followed.

        On a post it is pressed when the post stands still: on Slack its change would look like the press's outcome.
        """
        if isinstance(where, MessageView):
            await self.settled()
        shown = where if isinstance(where, Outcome) else Outcome(OutcomeKind.MESSAGE, message=where)
        return await press(self.world, self[name], control_of(shown, label))

    async def command(self, name: str, words: str, channel: str = "") -> Outcome:
        """``/hall WORDS`` in the channel."""
        where = channel or self.world.channel
        try:
            return await self.platform.command(self[name], where, f"/hall {words}")
        except ControlError:  # Discord shows 25 commands, and the others behind a group
            return await self.platform.command(self[name], where, f"/hall more {words}")

    async def open(self, name: str, words: str) -> Outcome:
        """``/hall WORDS`` of a command with a form; the form, or the first question of its dialogue."""
        shown = await self.command(name, words)
        return shown if shown.form is not None else await self.press(name, shown, "Continue in private")

    async def fill(self, name: str, opened: Outcome, choose: Fill) -> Outcome:
        """Fill what opened field by field; what came of the last step."""
        return await fill(self.world, self[name], opened, choose)

    async def write(self, name: str, opened: Outcome, words: str) -> Outcome:
        """Fill the one field of what opened, a form or a question in the private chat, and send it."""
        if opened.form is not None:
            values: dict[str, str | list[str]] = {opened.form.fields[0].id: words}
            return await self.platform.fill(self[name], opened.form.id, values, wait=10.0)
        assert opened.message is not None, opened
        return await self.platform.type(self[name], opened.message.channel, words, wait=10.0)

    async def answer(self, name: str, question: MessageView, words: str) -> Outcome:
        """Answer a question by its button and form."""
        button = next(one.label for one in question.controls if one.label in ANSWER)
        return await self.write(name, await self.press(name, question, button), words)

    async def reply(self, name: str, question: MessageView, words: str) -> Outcome:
        """Answer a question by a plain reply."""
        return await self.platform.type(self[name], question.channel, words, reply_to=question.id, wait=10.0)

    # -- what they see -------------------------------------------------------------------------------------------
    def posts(self, channel: str = "") -> list[MessageView]:
        """What the bot posted in the channel for all to see, the oldest first."""
        return [
            message
            for one in self.platform.state(messages=1000).channels
            if one.id == (channel or self.world.channel)
            for message in one.messages
            if message.by_bot and not message.only_for
        ]

    def questions(self, channel: str = "") -> list[MessageView]:
        """The questions of the day that stand in the channel, open or closed."""
        return [post for post in self.posts(channel) if any(title in post.title + post.text for title in TITLES)]

    def written(self, name: str) -> list[MessageView]:
        """What a member wrote, the oldest first."""
        channels = self.platform.state(messages=1000).channels
        return [one for channel in channels for one in channel.messages if one.author == self[name]]

    def told(self, name: str) -> str:
        """All that the bot told a member alone."""
        return "\n".join(
            message.title + "\n" + message.text
            for channel in self.platform.state(messages=1000).channels
            for message in channel.messages
            if message.by_bot and self[name] in (channel.member, message.only_for)
        )

    async def until_told(self, name: str, outcome: Outcome, words: str) -> None:
        """Wait until a member was told something, alone."""

        async def find() -> bool:
            return words in seen(outcome) or words in self.told(name)

        try:
            await until(find, "", seconds=5.0)
        except ActingError:
            raise AssertionError(f"{words!r} is not in {seen(outcome)!r}, nor in:\n{self.told(name)}") from None

    async def until_question(self, count: int = 1) -> MessageView:
        """The newest of so many questions, as soon as they stand."""

        async def find() -> MessageView | None:
            standing = self.questions()
            return standing[-1] if len(standing) >= count else None

        question = await until(find, f"question {count} on {self.name}", seconds=8.0)
        await self.settled()  # a person needs longer to read it than the hall to note that it stands
        return question

    async def until_shown(self, words: str) -> MessageView:
        """The newest question, as soon as it shows these words."""

        async def find() -> MessageView | None:
            return next((one for one in reversed(self.questions()) if words in one.text), None)

        return await until(find, f"{words!r} on {self.name}", seconds=8.0)

    # -- what the store holds ------------------------------------------------------------------------------------
    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the store says."""
        return await rows(self.store, sql)

    async def counted(self) -> dict[str, int]:
        """How many participations of each kind the store holds."""
        return dict(await self.rows("SELECT kind, count(*) FROM participation GROUP BY kind"))

    async def until_counted(self, **kinds: int) -> None:
        """Wait until the store holds just these participations."""

        async def find() -> bool:
            return await self.counted() == kinds

        try:
            await until(find, "", seconds=5.0)
        except ActingError:
            assert await self.counted() == kinds

    async def settled(self) -> None:
        """Wait until nothing that is owed, a post or its change, is still on its way."""

        async def find() -> bool:
            owed = "state IN ('pending', 'sending') OR (state = 'sent' AND wanted_revision > shown_revision)"
            return not await self.rows(f"SELECT 1 FROM delivery WHERE {owed}")  # noqa: S608 - words from above

        await until(find, "the end of all deliveries")


async def rows(store: Store, sql: str) -> list[tuple[Any, ...]]:
    """What a store says."""
    async with store.session() as session:
        return [tuple(row) for row in (await session.execute(text(sql))).all()]


def seen(outcome: Outcome) -> str:
    """All words that a member saw come of an act."""
    parts = [outcome.text]
    if outcome.message is not None:
        parts += [outcome.message.title, outcome.message.text]
    if outcome.form is not None:
        parts += [outcome.form.title, *(f"{one.label} {one.value} {one.error}" for one in outcome.form.fields)]
    return plainly("\n".join(parts))


def plainly(text: str) -> str:
    """As a reader takes it: Slack can show what would begin a style by its look-alike alone."""
    return text.translate(str.maketrans("\u2217\u02cd\u223c\u02cb", "*_~`"))


def section(platform: Platform) -> dict[str, Any]:
    """The platform's part of the settings."""
    tokens: dict[str, dict[str, Any]] = {
        "discord": {"token": "discord-sandbox-token", "read_all_replies": True, "see_joins": True},
        "slack": {"bot_token": "xoxb-sandbox", "app_token": "xapp-sandbox"},
        "telegram": {"token": "123456:telegram-sandbox-token"},
    }
    return {"enabled": True, "api_url": platform.url, **tokens[platform.name]}


@asynccontextmanager
async def hall(
    platforms: Sequence[Platform], url: str, folder: Path, clock: Clock, **more: Any
) -> AsyncIterator[Running]:
    """hallkeeper beside sandboxes. Its own pace is lifted, as the sandboxes' limits are."""
    given: dict[str, Any] = {
        "store": {"url": url},
        "vault": {"key_file": folder / "master.key"},
        "web": {"port": 0},
        **{platform.name: section(platform) for platform in platforms},
    }
    loaded = settings.load(None, **{**given, **more})
    for bot in loaded.bots:
        many = (Limit(1000, 1.0),)
        bot.capabilities = replace(bot.capabilities, channel_limits=many, send_limits=many, edit_every=0.1)
    async with running(loaded, clock) as house:
        yield house


async def populated(platform: Platform) -> tuple[World, dict[str, str]]:
    """A space with a channel and people on a started platform; the bot is not in it yet."""
    space = await platform.add_space(f"Harbour on {platform.name}", owner=OWNER)
    channel = await platform.add_channel(space, CHANNEL)
    owner = next(one.id for one in platform.state().members if one.role == "owner")
    people = {OWNER: owner}
    for name, locale in PEOPLE.items():
        people[name] = await platform.join(space, name, locale=locale)
    return World(platform, space, channel, owner), people
