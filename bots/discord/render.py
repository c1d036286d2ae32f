"""A message of ours as Discord shows it.

Words are the message's content, the title a small heading above them; an embed carries what content cannot: pairs,
pictures and texts over 2,000 characters. Content is what notifications, replies' previews and members who switched
embeds off can read, which neither embeds nor "components v2" give; so words stay there whenever they fit. A colour
is an embed's, so a message that has one shows its words in there, and only its title above.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import discord

from bots.discord.markdown import escape, fit, markdown, mentioned
from bots.discord.payload import Ids
from core.capabilities import Capabilities, FormSupport, Limit
from core.degrade import Loss, degrade
from core.message import Button, ButtonStyle, Choice, Control, Image, Message, Option, Pair, cut
from core.texts import Words

MAX_CONTENT = 2000
MAX_DESCRIPTION = 4096
MAX_PAIR_NAME, MAX_PAIR_VALUE = 256, 1024
MAX_EMBED = 6000
MAX_FOOTER = 2048
"""Characters (Discord's reference, "Create Message" and "Embed Limits"; the last one counts all parts together)."""
ROWS, A_ROW = 5, 5
"""Rows under a message, buttons in a row. A select takes a row of its own."""
MAX_OPTION_LABEL = MAX_OPTION_DESCRIPTION = 100
MAX_PLACEHOLDER = 150
MAX_FILE_DESCRIPTION = 1024
MAX_URL = 512
"""Characters ("Select Option Structure", "String Select", "Attachment Object", "Button")."""
FEW = 5
"""Options that stand as buttons, one row of them; more are a select."""
SHORT = 40
"""Pairs whose value is this short stand side by side."""
HEADING = "### "
ATTACHED = "attachment://"
"""Before the name of a file of the same message ("Using Attachments within Embeds")."""

CAPABILITIES = Capabilities(
    form=FormSupport.MODAL,
    form_after_form=False,  # "Interaction Callback Type": MODAL not for MODAL_SUBMIT
    form_errors=False,
    form_title=45,  # "Modal"
    form_label=45,  # "Label"
    ephemeral=True,
    threads=True,
    reactions=True,
    edit=True,
    images=True,
    private_first=True,
    shared_multiple_choice=True,  # everyone picks in a select for themselves
    local_times=True,  # <t:…>
    max_text=MAX_DESCRIPTION,
    max_title=256,  # ours: a heading that is still one on a phone; the same as an embed's title
    max_fields=25,  # "Embed Limits"
    max_controls=ROWS * A_ROW,
    max_button_label=80,  # "Button"
    max_options=25,  # "String Select"
    edit_every=2.0,  # 5 in 5 seconds a channel, seen in its headers; others write there, too
    send_limits=(Limit(48, 1.0),),  # "Rate Limits": 50 a second for everything that is no interaction
    channel_limits=(Limit(5, 5.0),),  # seen in its headers
    pings=True,  # "Allowed Mentions Object"
    colors=True,  # "Embed Object"
    resend_seconds=120.0,  # "Create Message": a nonce is known for "the past few minutes"
    finds=True,  # "Get Channel Messages"
)

_STYLES = {
    ButtonStyle.PLAIN: discord.ButtonStyle.secondary,
    ButtonStyle.PRIMARY: discord.ButtonStyle.primary,
    ButtonStyle.DANGER: discord.ButtonStyle.danger,
}


@dataclass(slots=True)
class Rendered:
    """A message as discord.py takes it."""

    content: str | None = None
    embed: discord.Embed | None = None
    view: discord.ui.View | None = None
    picture: Image | None = None
    """A picture of bytes: it goes along as a file, which the embed shows."""
    pings: list[int] = field(default_factory=list)
    role: str = ""
    """Whom it pings besides: a role's number, ``here`` or ``everyone``."""
    losses: list[Loss] = field(default_factory=list)

    def new(self) -> dict[str, Any]:
        """Arguments for a new message. Nobody is pinged but those whom our own markup mentions."""
        allowed = discord.AllowedMentions.none()
        if self.pings:
            allowed.users = [discord.Object(number) for number in self.pings]
        if self.role.isdecimal():
            allowed.roles = [discord.Object(int(self.role))]
        elif self.role:
            allowed.everyone = True
        arguments: dict[str, Any] = {"content": self.content, "allowed_mentions": allowed}
        if self.embed is not None:
            arguments["embed"] = self.embed
        if self.view is not None:
            arguments["view"] = self.view
        if self.picture is not None:
            arguments["file"] = _file(self.picture)
        return arguments

    def another(self) -> dict[str, Any]:
        """Arguments that put this message in another one's place, whose picture goes."""
        return {**self.change(), "attachments": [] if self.picture is None else [_file(self.picture)]}

    def change(self) -> dict[str, Any]:
        """Arguments that replace all of a message that stands but for its picture of bytes: that stays as it is."""
        return {
            "content": self.content,
            "embeds": [] if self.embed is None else [self.embed],
            "view": self.view,
            "allowed_mentions": discord.AllowedMentions.none(),
        }


def render(message: Message) -> Rendered:
    """A spoken message as Discord shows it, with everything that was lost on the way."""
    message, losses = degrade(message, CAPABILITIES)
    out = Rendered(losses=list(losses))
    title = _words(message.title)
    out.pings = mentioned(_words(message.text), title)
    head, over = fit(title.replace("\n", " "), CAPABILITIES.max_title)
    _lost(out, "title", over)
    head = HEADING + head if head else ""
    rows = _rows(message.controls, out)
    tail = "".join(f"\n\n{label}" for label in rows.labels)
    out.role, call = _call(message.ping, out)
    body = markdown(_words(message.text))
    whole = "\n".join(part for part in (call, head, body) if part) + tail
    embed = discord.Embed(color=message.color or None)
    if len(whole) <= MAX_CONTENT and not message.color:
        out.content = whole.strip() or None
    else:
        out.content = "\n".join(part for part in (call, head) if part) or None
        body, over = fit(_words(message.text), MAX_DESCRIPTION - len(tail))
        embed.description = body + tail
        _lost(out, "text", over)
    _pairs(message.fields, embed, out)
    if message.image is not None:
        if message.image.data:
            out.picture = message.image
        embed.set_image(url=message.image.url or ATTACHED + message.image.name)
        if alt := _words(message.image.alt):  # an embed has no place for it that is only read aloud
            embed.set_footer(text=cut(alt, min(MAX_FOOTER, max(1, MAX_EMBED - len(embed)))))
    out.embed = embed if embed.description or embed.fields or message.image is not None else None
    out.view = rows.view()
    return out


def _call(ping: str, out: Rendered) -> tuple[str, str]:
    """Whom a message pings, and the words that do; a role goes by its number or as Discord writes it."""
    name = re.sub(r"^<@&(\d+)>$", r"\1", ping).removeprefix("@")
    if name in ("here", "everyone"):
        return name, f"@{name}"
    if name.isdecimal():
        return name, f"<@&{name}>"
    if ping:
        out.losses.append(Loss("ping", "no role's number"))
    return "", ""


def _file(picture: Image) -> discord.File:
    """A new one for each call: the library closes what it sent."""
    described = cut(_words(picture.alt), MAX_FILE_DESCRIPTION) or None
    return discord.File(io.BytesIO(picture.data), picture.name, description=described)


def _pairs(pairs: Sequence[Pair], embed: discord.Embed, out: Rendered) -> None:
    names: list[str] = []
    for pair in pairs:
        name, over = fit(_words(pair.name).replace("\n", " "), MAX_PAIR_NAME)
        _lost(out, "field", over)
        names.append(name or "\u200b")  # Discord refuses an empty one
    if not names:
        return
    room = MAX_EMBED - len(embed) - sum(map(len, names))
    longest = max(1, min(MAX_PAIR_VALUE, room // len(names)))
    if sum(min(len(markdown(_words(pair.value))), MAX_PAIR_VALUE) for pair in pairs) <= room:
        longest = MAX_PAIR_VALUE
    for name, pair in zip(names, pairs, strict=True):
        value, over = fit(_words(pair.value), longest)
        _lost(out, "field", over)
        embed.add_field(name=name, value=value or "\u200b", inline=len(value) <= SHORT)


class _Rows:
    """Controls in rows: buttons five a row, a choice in a row of its own."""

    def __init__(self) -> None:
        self.rows: list[list[discord.ui.Item[Any]]] = []
        self.labels: list[str] = []
        self.open = False
        """The last row takes another button."""

    def button(self, item: discord.ui.Item[Any]) -> None:
        if not self.open or len(self.rows[-1]) == A_ROW:
            self.rows.append([])
        self.rows[-1].append(item)
        self.open = True

    def row(self, items: list[discord.ui.Item[Any]]) -> None:
        self.rows.append(items)
        self.open = False

    def view(self) -> discord.ui.View | None:
        """The rows as discord.py takes them. Stopped at once: presses come to us raw, none is kept in memory."""
        if not self.rows:
            return None
        view = discord.ui.View(timeout=None)
        for number, items in enumerate(self.rows):
            for item in items:
                item.row = number
                view.add_item(item)
        view.stop()
        return view


def _rows(controls: Sequence[Control], out: Rendered) -> _Rows:
    rows, ids = _Rows(), Ids()
    for control in controls:
        if isinstance(control, Button):
            item = _button(control, ids, out)
            if item is not None:
                rows.button(item)
        else:
            _choice(control, ids, rows, out)
    left_out = sum(map(len, rows.rows[ROWS:]))
    if left_out:
        out.losses.append(Loss("controls", f"{left_out} left out: more than {ROWS} rows"))
        del rows.rows[ROWS:]
    return rows


def _button(button: Button, ids: Ids, out: Rendered) -> discord.ui.Item[Any] | None:
    label = _words(button.label)
    if button.action is not None:
        custom_id = ids.button(button.action, form=button.form)
        return discord.ui.Button(label=label, style=_STYLES[button.style], custom_id=custom_id)
    if len(button.url) > MAX_URL:
        out.losses.append(Loss("link", f"an address of {len(button.url)} characters"))
        return None
    return discord.ui.Button(label=label, url=button.url)


def _choice(choice: Choice, ids: Ids, rows: _Rows, out: Rendered) -> None:
    label = _words(choice.label)
    if choice.maximum == 1 and len(choice.options) <= FEW and not any(o.description for o in choice.options):
        made = [(option, ids.option(choice.action, option.value)) for option in choice.options]
        if all(custom_id is not None for _, custom_id in made):
            rows.row([_option_button(option, custom_id or "", out) for option, custom_id in made])
            if label:
                rows.labels.append(escape(label, start=True))
            return
    select: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=ids.button(choice.action),
        placeholder=_cut(label, MAX_PLACEHOLDER, "label", out) or None,
        min_values=choice.minimum,
        max_values=choice.maximum,
        options=[select_option(option, out.losses) for option in choice.options],
    )
    rows.row([select])


def _option_button(option: Option, custom_id: str, out: Rendered) -> discord.ui.Item[Any]:
    label = _cut(_words(option.label), CAPABILITIES.max_button_label, "label", out)
    return discord.ui.Button(label=label or option.value, style=discord.ButtonStyle.secondary, custom_id=custom_id)


def select_option(option: Option, losses: list[Loss], *, default: bool = False) -> discord.SelectOption:
    """An option of a select, in a message or in a form."""
    label, description = _words(option.label), _words(option.description)
    for what, text, most in (
        ("label", label, MAX_OPTION_LABEL),
        ("description", description, MAX_OPTION_DESCRIPTION),
    ):
        if len(text) > most:
            losses.append(Loss(what, f"{len(text) - most} characters over"))
    return discord.SelectOption(
        label=cut(label or option.value, MAX_OPTION_LABEL),
        value=option.value,
        description=cut(description, MAX_OPTION_DESCRIPTION) or None,
        default=default,
    )


def _words(words: Words) -> str:
    if not isinstance(words, str):
        raise TypeError("a bot is given spoken messages: put phrases into a language first")
    return words


def _cut(text: str, most: int, what: str, out: Rendered) -> str:
    _lost(out, what, len(text) - most)
    return cut(text, most)


def _lost(out: Rendered, what: str, over: int) -> None:
    if over > 0:
        out.losses.append(Loss(what, f"{over} characters over"))
