"""One workspace with one app in it: what the Web API, the response addresses and the people's acts all work on."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from sandbox.control import ControlView, ImageView, MessageView
from sandbox.record import Record, Taken
from sandbox.slack import elements
from sandbox.slack.acts import Acts
from sandbox.slack.emoji import sign_of
from sandbox.slack.events import Events
from sandbox.slack.render import Renderer
from sandbox.slack.shapes import Shapes
from sandbox.slack.socket_mode import SocketMode
from sandbox.slack.tickets import Tickets
from sandbox.slack.uploads import Uploads
from sandbox.slack.views import Views
from sandbox.slack.world import JSON, Channel, Message, World

_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")


class Workspace:
    """Joins the nouns, and does to messages what bots and people alike can do."""

    def __init__(
        self,
        world: World,
        socket: SocketMode,
        record: Record,
        *,
        app_id: str,
        scopes: frozenset[str],
        subscribed: frozenset[str],
        changed: Callable[[], None],
    ) -> None:
        self.world = world
        self.socket = socket
        self.record = record
        self.app_id = app_id
        self.bot_id = world.new_id("B")
        self.scopes = scopes
        self.shut = ""
        """What every call with the bot's token is refused with; empty while the token is good."""
        self.changed = changed
        self.shapes = Shapes(world, app_id, self.bot_id)
        self.render = Renderer(world)
        self.views = Views(world, self.render, app_id=app_id, bot_id=self.bot_id)
        self.tickets = Tickets()
        self.acts = Acts()
        self.uploads = Uploads(world)
        self.url = ""
        self.events = Events(
            world,
            socket,
            app_id=app_id,
            scopes=scopes,
            subscribed=subscribed,
            shape=self.shapes.message,
            shape_user=self.shapes.user,
        )

    # -- messages ----------------------------------------------------------------------------------------------
    def post(self, message: Message, call: str = "") -> Message:
        """A message stands in its channel: the app hears of it, people see it, and the record keeps the bot's."""
        channel = self.world.channels[message.channel]
        if message.thread_ts and message.thread_ts in channel.messages:
            message.thread_ts = channel.messages[message.thread_ts].thread_ts or message.thread_ts
        message.blocks = elements.with_ids(message.blocks)
        self.world.add_message(message)
        if message.by_bot:
            self._keep(message, call)
            self._seen(message, channel)
        if not message.only_for:
            self.events.said(message, channel)
        self.changed()
        return message

    def _keep(self, message: Message, call: str) -> None:
        payload = (message.metadata or {}).get("event_payload") or {}
        key = str(payload.get("key", ""))
        at = float(message.ts)
        self.record.taken.append(Taken(at, call, message.channel, message.ts, message.text, key))

    def _seen(self, message: Message, channel: Channel) -> None:
        """Tell the acts of those people for whom this message is an answer."""

        def view() -> MessageView:
            return self.view(message)

        if message.only_for or channel.im_user:
            self.acts.told(message.only_for or channel.im_user, view)
            return
        if message.thread_ts:
            self.acts.replied(message.thread_ts, view)
        for member in _MENTION.findall(message.text):
            self.acts.told(member, view)

    def edit(self, message: Message, text: str, blocks: list[JSON], *, quiet: bool = False) -> None:
        """The message says something else now. ``quiet``: the app is not told (an ephemeral message)."""
        channel = self.world.channels[message.channel]
        before = self.shapes.message(message)
        message.text, message.blocks = text, elements.with_ids(blocks)
        message.edits += 1
        message.edited_ts = self.world.now_ts()
        if message.by_bot:
            self.acts.changed(message.ts, lambda: self.view(message))
        if not quiet:
            self.events.changed(message, before, channel)
        self.changed()

    def delete(self, message: Message) -> None:
        """The message is gone."""
        channel = self.world.channels[message.channel]
        self.world.drop_message(message)
        if message.by_bot:
            self.acts.changed(message.ts, lambda: self.view(message))
        if not message.only_for:
            self.events.deleted(message, channel)
        self.changed()

    def react(self, user: str, message: Message, name: str, *, present: bool) -> None:
        """An emoji is put on a message, or taken off."""
        channel = self.world.channels[message.channel]
        users = message.reactions.setdefault(name, {})
        if present:
            users[user] = None
        else:
            users.pop(user, None)
        if not users:
            del message.reactions[name]
        if user == self.world.bot.id and present:
            self.acts.marked(message.ts, lambda: self.view(message))
        self.events.reacted(user, name, message, channel, present=present)
        self.changed()

    def bot_message(
        self,
        channel: str,
        text: str,
        *,
        blocks: list[JSON] | None = None,
        thread_ts: str = "",
        only_for: str = "",
        metadata: JSON | None = None,
        attachments: list[JSON] | None = None,
    ) -> Message:
        """A message of the bot, not posted yet."""
        return Message(
            ts=self.world.now_ts(),
            channel=channel,
            user=self.world.bot.id,
            text=text,
            blocks=blocks or [],
            thread_ts=thread_ts,
            only_for=only_for,
            metadata=metadata,
            attachments=attachments or [],
            by_bot=True,
        )

    # -- membership --------------------------------------------------------------------------------------------
    def enter(self, user: str, channel: Channel, *, inviter: str = "") -> None:
        """Somebody becomes a member of a channel."""
        if user not in channel.members:
            channel.members[user] = None
            self.events.joined_channel(user, channel, inviter=inviter)
            self.changed()

    def exit(self, user: str, channel: Channel) -> None:
        """Somebody is no member of a channel any more."""
        if user in channel.members:
            self.events.left_channel(user, channel)
            del channel.members[user]
            self.changed()

    def uninstall(self) -> None:
        """The app is taken out of the workspace: it hears of it, and its token is worth nothing from now on."""
        self.events.uninstalled()
        self.shut = "account_inactive"
        for channel in self.world.public_channels():
            channel.members.pop(self.world.bot.id, None)
        self.changed()

    # -- what people see ---------------------------------------------------------------------------------------
    def view(self, message: Message) -> MessageView:
        """The message as people see it: its blocks when it has some, else its text."""
        author = self.world.users[message.user]
        if message.blocks:
            text, html = self.render.blocks(message.blocks)
        else:
            text, html = self.render.mrkdwn(message.text)
        images = [self._image(block) for block in message.blocks if block.get("type") == "image"]
        images += [
            ImageView(str(file["url_private"]), str(file["alt_txt"]))
            for file in message.files
            if file["mimetype"].startswith("image/")
        ]
        return MessageView(
            id=message.ts,
            channel=message.channel,
            author=author.id,
            author_name=author.name,
            by_bot=message.by_bot,
            text=text,
            html=html,
            at=float(message.ts),
            controls=self.controls(message),
            images=tuple(images),
            reply_to=message.thread_ts,
            thread=message.thread_ts,
            only_for=message.only_for,
            edits=message.edits,
            reactions={sign_of(name): tuple(users) for name, users in message.reactions.items()},
        )

    def _image(self, block: JSON) -> ImageView:
        file = self.uploads.shown(block.get("slack_file"))
        url = file["url_private"] if file is not None else block.get("image_url", "")
        return ImageView(str(url), str(block.get("alt_text", "")))

    def controls(self, message: Message) -> tuple[ControlView, ...]:
        """What can be pressed in a message. A control's id is its action_id, with the block's before it where two
        blocks share one."""
        found = list(elements.elements(message.blocks))
        often: dict[str, int] = {}
        for _, element in found:
            often[element["action_id"]] = often.get(element["action_id"], 0) + 1
        return tuple(self.control(block, element, shared=often[element["action_id"]] > 1) for block, element in found)

    def control(self, block: JSON, element: JSON, *, shared: bool = False) -> ControlView:
        """One control as people see it."""
        kind = str(element.get("type"))
        action = str(element["action_id"])
        control = f"{block['block_id']}/{action}" if shared else action
        if kind == "button":
            label = self.render.text_object(element.get("text"))[0]
            url = str(element.get("url") or "")
            style = str(element.get("style") or "")
            return ControlView(control, "link" if url else "button", label, style, url)
        if kind in elements.TYPED:
            return ControlView(control, "text", self.render.text_object(block.get("label"))[0])
        options = self.views.options(element)
        many = kind in elements.MANY or kind in elements.MANY_PICKERS
        maximum = int(element.get("max_selected_items") or len(options)) if many else 1
        label = self.render.text_object(element.get("placeholder"))[0]
        return ControlView(control, "select", label, options=options, minimum=0 if many else 1, maximum=maximum)

    def find_control(self, message: Message, control: str) -> tuple[JSON, JSON] | None:
        """The block and element of a control by its id."""
        for block, element in elements.elements(message.blocks):
            if control in (element["action_id"], f"{block['block_id']}/{element['action_id']}"):
                return block, element
        return None

    def now(self) -> int:
        """Unix seconds."""
        return int(time.time())
