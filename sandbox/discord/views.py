"""The world as people see it: messages, controls, forms, and the whole state."""

from __future__ import annotations

from itertools import islice
from typing import Any

from sandbox.control import ChannelView, ControlView, FieldView, FormView, ImageView, MemberView, MessageView, State
from sandbox.discord.interactions import Form
from sandbox.discord.markdown import as_html, as_text
from sandbox.discord.messages import every
from sandbox.discord.world import COMPONENTS_V2, DM, LOADING, THREADS, Channel, Message, Wire, World

STYLES = {1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link"}
SELECTS = {3, 5, 6, 7, 8}
BUTTON, TEXT_INPUT, TEXT_DISPLAY, LABEL, FILE_UPLOAD = 2, 4, 10, 18, 19
RADIO, CHECKBOXES, CHECKBOX = 21, 22, 23


class Views:
    """Makes views of one world; nothing is kept."""

    def __init__(self, world: World) -> None:
        self._world = world

    def name(self, sign: str, number: int) -> str:
        """The name behind a mention."""
        if sign == "@":
            user = self._world.users.get(number)
            return "unknown-user" if user is None else user.name
        if sign == "#":
            channel = self._world.channels.get(number)
            return "unknown" if channel is None else channel.name
        for guild in self._world.guilds.values():
            if number == guild.id:
                return "everyone"
            if number in {guild.admin_role, guild.bot_role}:
                return "Admin" if number == guild.admin_role else self._world.bot.name
        return "unknown-role"

    # -- messages --------------------------------------------------------------------------------------------
    def message(self, message: Message) -> MessageView:
        """A message as people see it."""
        source = self._source(message)
        title = next((str(e["title"]) for e in message.embeds if e.get("title")), "")
        return MessageView(
            id=str(message.id),
            channel=str(message.channel.id),
            author=str(message.author.id),
            author_name=message.author.name,
            by_bot=message.author.bot,
            text=as_text(source, self.name),
            html=as_html(source, self.name),
            at=message.at,
            title=as_text(title, self.name),
            controls=tuple(self.controls(message)),
            images=tuple(_images(message)),
            color=next((f"#{embed['color']:06x}" for embed in message.embeds if embed.get("color")), ""),
            reply_to=str(message.reference_id) if message.reference_id else "",
            thread=str(message.thread.id) if message.thread is not None else "",
            only_for=str(message.only_for) if message.only_for else "",
            edits=message.edits,
            reactions={emoji: tuple(str(u) for u in users) for emoji, users in message.reactions.items()},
        )

    def _source(self, message: Message) -> str:
        """All text of a message in Discord's Markdown, embeds after the content."""
        if message.flags & LOADING:
            return f"{message.author.name} is thinking…"
        if message.flags & COMPONENTS_V2:
            return "\n".join(str(c["content"]) for c in every(message.components) if c["type"] == TEXT_DISPLAY)
        parts = [message.content]
        for number, embed in enumerate(message.embeds):
            title = str(embed.get("title") or "") if number else ""  # The first one is the view's own title.
            author = str((embed.get("author") or {}).get("name") or "")
            parts += [author, f"**{title}**" if title else "", str(embed.get("description") or "")]
            parts += [f"**{field['name']}**\n{field['value']}" for field in embed.get("fields") or []]
            footer = str((embed.get("footer") or {}).get("text") or "")
            parts.append(f"-# {footer}" if footer else "")
        return "\n".join(part for part in parts if part)

    def controls(self, message: Message) -> list[ControlView]:
        """What can be pressed or picked on a message, in order."""
        return [
            self._control(component)
            for component in every(message.components)
            if component["type"] == BUTTON or component["type"] in SELECTS
        ]

    def _control(self, component: Wire) -> ControlView:
        emoji = str((component.get("emoji") or {}).get("name") or "")
        disabled = bool(component.get("disabled"))
        if component["type"] == BUTTON:
            label = " ".join(part for part in (emoji, str(component.get("label") or "")) if part)
            link = component["style"] == 5
            return ControlView(
                id=f"link-{component['id']}" if link else str(component["custom_id"]),
                kind="link" if link else "button", label=label, style=STYLES.get(component["style"], ""),
                url=str(component.get("url") or ""), disabled=disabled,
            )  # fmt: skip
        low, high = component.get("min_values"), component.get("max_values")
        return ControlView(
            id=str(component["custom_id"]), kind="select", label=str(component.get("placeholder") or ""),
            options=tuple(_options(component)), minimum=1 if low is None else low,
            maximum=1 if high is None else high, disabled=disabled,
        )  # fmt: skip

    # -- forms -----------------------------------------------------------------------------------------------
    def form(
        self, form: Form, errors: dict[str, str] | None = None, values: dict[str, Any] | None = None
    ) -> FormView:
        """An open form, with what was filled in and what is wrong with it."""
        fields = []
        for label, part in inputs(form.components):
            identifier = str(part["custom_id"])
            given = (values or {}).get(identifier, prefilled(part))
            shown = given if isinstance(given, str) else ",".join(map(str, given))
            low, high, required = field_limits(part)
            fields.append(
                FieldView(
                    id=identifier,
                    kind=_kind(part),
                    label=str(label.get("label") or ""),
                    required=required,
                    value=shown,
                    hint=str(label.get("description") or part.get("placeholder") or ""),
                    error=(errors or {}).get(identifier, ""),
                    options=tuple(_options(part)),
                    minimum=low,
                    maximum=high,
                )
            )
        said = [as_text(str(part["content"]), self.name) for part in form.components if part["type"] == TEXT_DISPLAY]
        return FormView(form.id, form.title, tuple(fields), submit="Submit", text="\n".join(said))

    # -- the whole -------------------------------------------------------------------------------------------
    def channel(self, channel: Channel, newest: int) -> ChannelView:
        """A channel with its newest messages, oldest first."""
        recent = list(islice(reversed(channel.messages.values()), newest))[::-1]
        kind = "private" if channel.type == DM else "thread" if channel.type in THREADS else "public"
        return ChannelView(
            id=str(channel.id), space="" if channel.guild is None else str(channel.guild.id), name=channel.name,
            kind=kind, member="" if channel.recipient is None else str(channel.recipient.id),
            messages=tuple(self.message(m) for m in recent),
        )  # fmt: skip

    def state(self, revision: int, connected: bool, newest: int) -> State:
        """Everything that can be seen."""
        world = self._world
        members = [
            MemberView(
                id=str(m.user.id), space=str(guild.id), name=m.user.name,
                role="owner" if guild.owner == m.user.id else m.role, locale=m.user.locale, present=m.present,
            )
            for guild in world.guilds.values()
            for m in guild.members.values()
        ]  # fmt: skip
        return State(
            platform="discord", revision=revision, connected=connected,
            spaces=tuple((str(g.id), g.name) for g in world.guilds.values()),
            channels=tuple(self.channel(c, newest) for c in world.channels.values()), members=tuple(members),
        )  # fmt: skip


def inputs(components: list[Wire]) -> list[tuple[Wire, Wire]]:
    """The fields of a modal: what labels each, and the field itself."""
    found = []
    for component in components:
        if component["type"] == LABEL:
            found.append((component, component["component"]))
        elif component.get("components"):
            found += [(child, child) for child in component["components"]]
    return found


def field_limits(part: Wire) -> tuple[int, int, bool]:
    """The least and most of a field (characters, or choices), and whether it must be filled."""
    required = bool(part.get("required", True)) and part["type"] != CHECKBOX
    if part["type"] == TEXT_INPUT:
        return int(part.get("min_length") or 0), int(part.get("max_length") or 4000), required
    if part["type"] in {RADIO, CHECKBOX}:
        return 0, 1, required
    low, high = part.get("min_values"), part.get("max_values")
    most = len(part.get("options") or []) if part["type"] == CHECKBOXES else 1
    return (1 if low is None else low), (most if high is None else high), required


def prefilled(part: Wire) -> str | list[str]:
    """What a field holds before anybody touches it."""
    if part["type"] == TEXT_INPUT:
        return str(part.get("value") or "")
    if part["type"] == CHECKBOX:
        return "true" if part.get("default") else ""
    return [str(option["value"]) for option in part.get("options") or [] if option.get("default")]


def _kind(part: Wire) -> str:
    if part["type"] == TEXT_INPUT:
        return "long" if part.get("style") == 2 else "text"
    kinds = {RADIO: "radio", CHECKBOXES: "checkbox", CHECKBOX: "checkbox", FILE_UPLOAD: "file"}
    return kinds.get(part["type"], "select")


def _options(part: Wire) -> list[tuple[str, str]]:
    if part["type"] == CHECKBOX:
        return [("true", "")]
    return [(str(o["value"]), str(o["label"])) for o in part.get("options") or []]


def _images(message: Message) -> list[ImageView]:
    described = {a.url: a.description for a in message.attachments}
    found = [str(embed["image"]["url"]) for embed in message.embeds if embed.get("image")]
    found += [str(embed["thumbnail"]["url"]) for embed in message.embeds if embed.get("thumbnail")]
    for component in every(message.components):
        found += [str(item["media"]["url"]) for item in component.get("items") or []]
        if component["type"] == 11:
            found.append(str(component["media"]["url"]))
    found += [a.url for a in message.attachments if a.content_type.startswith("image/") and a.url not in found]
    return [ImageView(url, described.get(url, "")) for url in found]
