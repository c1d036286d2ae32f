"""A message of ours as Slack shows it: Block Kit, and a text for notifications and for who can't see blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from bots.slack.mrkdwn import fit, sections
from bots.slack.payload import Ids
from core.action import Action
from core.capabilities import Capabilities, FormSupport, Limit
from core.degrade import Loss, degrade
from core.markup import plain
from core.message import Audience, Button, ButtonStyle, Choice, Control, Image, Message, Option, Pair, cut
from core.texts import Words

JSON = dict[str, Any]

MAX_BLOCKS = 50
MAX_HEADER = 150
MAX_SECTION = 3000
MAX_PAIR = 2000
PAIRS = 10
A_ROW = 25
MAX_LABEL = MAX_OPTION = 75
MAX_PLACEHOLDER = 150
MAX_URL = 3000
MAX_ALT = 2000
"""Blocks of a message; characters of a header, a section's text and field, a button, an option, a placeholder, an
address, an alternative text; fields of a section; elements of an actions block (docs.slack.dev, "Block Kit")."""
MAX_ALL = 12_000
"""Characters in all blocks together. Slack names no limit, and was seen to refuse 13,200
(github.com/slackapi/bolt-js/issues/2509)."""
MAX_FALLBACK = 3000
"""Characters of the text beside the blocks; chat.update takes 4,000."""
FEW = 5
"""Options that stand as buttons; more are a menu."""
NO_WORDS = "…"
"""Where Slack wants words and there are none."""

CAPABILITIES = Capabilities(
    form=FormSupport.MODAL,
    form_after_form=True,  # response_action "update" (docs.slack.dev/surfaces/modals)
    form_errors=True,  # response_action "errors"
    form_title=24,  # "Modal views"
    form_label=2000,  # "Input block"; longer than any of ours
    ephemeral=True,
    threads=True,
    reactions=True,
    edit=True,
    images=True,
    private_first=True,  # chat.postMessage takes any member's id
    shared_multiple_choice=True,  # everyone picks in a menu for themselves
    local_times=True,  # <!date^…>
    max_text=9000,  # ours: three sections, with room for what escapes add, below MAX_ALL
    max_title=MAX_HEADER,
    max_fields=25,  # three sections of fields
    max_controls=25,
    max_button_label=MAX_LABEL,
    max_options=100,  # "Select menu element"
    edit_every=2.0,  # chat.update: tier 3, 50 a minute in the whole workspace
    send_limits=(Limit(20, 1.0),),  # "Rate limits": several hundred messages a minute in a workspace
    channel_limits=(Limit(1, 1.0),),  # and about one a second in a channel
    pings=True,  # "Formatting text": group and special mentions
    finds=True,  # conversations.history with include_all_metadata
)


class Rendered(NamedTuple):
    """A message as Slack takes it. Not to be changed: several may share it."""

    text: str
    blocks: list[JSON]
    losses: tuple[Loss, ...] = ()

    @property
    def shows_file(self) -> bool:
        """Whether it shows an uploaded picture."""
        return any("slack_file" in block for block in self.blocks)

    def content(self) -> JSON:
        """Arguments for a message, new or changed."""
        return {"text": self.text, "blocks": self.blocks}


_WORDS = replace(CAPABILITIES, images=False)


def render(message: Message, file: str = "") -> Rendered:
    """A spoken message as Slack shows it, with everything that was lost on the way.

    ``file`` is the id of the uploaded picture of bytes; without it words stand for one.
    """
    if message.image is not None and message.image.data:
        return _render(message, file)
    return _remembered(message)


@lru_cache(maxsize=32)
def _remembered(message: Message) -> Rendered:
    """The newest, as it depends on nothing else: a whole workspace is told the same "thank you" at once."""
    return _render(message)


def _render(message: Message, file: str = "") -> Rendered:
    drawn = message.image is None or message.image.url or file
    message, lost = degrade(message, CAPABILITIES if drawn else _WORDS)
    losses = list(lost)
    title, text = words(message.title), words(message.text)
    head = plain(title).replace("\n", " ").strip()
    alone = message.audience is Audience.MEMBER
    tail = [*_image(message.image, file, losses), *_controls(message.controls, losses, alone=alone)]
    pairs = _pairs(message.fields, losses)
    room = MAX_ALL - len(head) - _size(pairs) - _size(tail)
    parts, over = sections(text, MAX_SECTION, max(1, room))
    if over:
        losses.append(Loss("text", f"{over} characters over"))
    call = _call(message.ping, losses)
    blocks = [section(call)] if call else []
    blocks += [_header(head, losses)] if head else []
    blocks += [section(part) for part in parts]
    blocks += pairs + tail
    if len(blocks) > MAX_BLOCKS:
        losses.append(Loss("controls", f"{len(blocks) - MAX_BLOCKS} blocks left out"))
        del blocks[MAX_BLOCKS:]
    fallback = _fallback(message, head)
    return Rendered(f"{call} {fallback}" if call else fallback, blocks, tuple(losses))


def _call(ping: str, losses: list[Loss]) -> str:
    """The words that ping whom a message pings; a group goes by its id or as Slack writes it."""
    name = re.sub(r"^<!subteam\^(\w+).*>$", r"\1", ping).removeprefix("@")
    if name in ("here", "channel", "everyone"):
        return "<!here>" if name == "here" else "<!channel>"  # "everyone" is the whole workspace's
    if re.fullmatch(r"S[A-Z0-9]+", name):
        return f"<!subteam^{name}>"
    if ping:
        losses.append(Loss("ping", "no group's id"))
    return ""


def words(some: Words) -> str:
    """Words that are spoken already."""
    if not isinstance(some, str):
        raise TypeError("a bot is given spoken messages: put phrases into a language first")
    return some


def section(text: str) -> JSON:
    """A paragraph. ``verbatim``: Slack makes no links and mentions of what looks like some."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def plain_text(text: str) -> JSON:
    """Words without markup."""
    return {"type": "plain_text", "text": text}


def cut_to(text: str, most: int, what: str, losses: list[Loss]) -> str:
    """The text, cut where it is too long, which is a loss."""
    if len(text) > most:
        losses.append(Loss(what, f"{len(text) - most} characters over"))
    return cut(text, most)


def option(one: Option, losses: list[Loss]) -> JSON:
    """An option of a menu, in a message or in a form."""
    label = cut_to(words(one.label) or one.value, MAX_OPTION, "label", losses)
    made = {"text": plain_text(label), "value": one.value}
    if description := cut_to(words(one.description), MAX_OPTION, "description", losses):
        made["description"] = plain_text(description)
    return made


def _fallback(message: Message, head: str) -> str:
    lines = [words(message.title), words(message.text)]
    if not any(lines):
        lines = [f"{words(pair.name)}: {words(pair.value)}" for pair in message.fields]
    if not any(lines) and message.image is not None:
        lines = [words(message.image.alt)]
    text, _ = fit("\n".join(line for line in lines if line), MAX_FALLBACK)
    return text or head or NO_WORDS


def _header(head: str, losses: list[Loss]) -> JSON:
    return {"type": "header", "text": plain_text(cut_to(head, MAX_HEADER, "title", losses))}


def _pairs(pairs: Sequence[Pair], losses: list[Loss]) -> list[JSON]:
    if not pairs:
        return []
    each = min(MAX_PAIR, MAX_ALL // 2 // len(pairs))
    made = []
    for pair in pairs:
        name = f"**{words(pair.name)}**" if words(pair.name) else ""
        text, over = fit("\n".join(part for part in (name, words(pair.value)) if part), each)
        if over:
            losses.append(Loss("field", f"{over} characters over"))
        made.append({"type": "mrkdwn", "text": text or NO_WORDS, "verbatim": True})
    return [{"type": "section", "fields": made[at : at + PAIRS]} for at in range(0, len(made), PAIRS)]


def _image(image: Image | None, file: str, losses: list[Loss]) -> list[JSON]:
    if image is None:
        return []
    if len(image.url) > MAX_URL:
        losses.append(Loss("image", f"an address of {len(image.url)} characters"))
        return []
    alt = cut_to(words(image.alt), MAX_ALT, "image", losses)
    source: JSON = {"image_url": image.url} if image.url else {"slack_file": {"id": file}}
    return [{"type": "image", **source, "alt_text": alt or NO_WORDS}]


def _controls(controls: Sequence[Control], losses: list[Loss], *, alone: bool) -> list[JSON]:
    """``alone``: one member alone sees them, so what can be typed is a field beside its button."""
    blocks: list[JSON] = []
    ids = Ids()
    row: list[JSON] | None = None
    """The buttons that stand side by side so far."""
    for control in controls:
        if isinstance(control, Choice):
            blocks += _choice(control, ids, losses)
            row = None
        elif (made := _button(control, ids, losses)) is not None:
            if alone and control.typed and control.action is not None:
                blocks.append(_field(control, control.action, ids))
                row = None
            if row is None or len(row) == A_ROW:
                row = []
                blocks.append({"type": "actions", "elements": row})
            row.append(made)
    return blocks


def _button(button: Button, ids: Ids, losses: list[Loss]) -> JSON | None:
    made: JSON = {"type": "button", "text": plain_text(words(button.label))}
    if button.action is not None:
        made["action_id"] = ids.button(button.action, form=button.form)
    elif len(button.url) > MAX_URL:
        losses.append(Loss("link", f"an address of {len(button.url)} characters"))
        return None
    else:
        made |= {"action_id": ids.link(), "url": button.url}
    if button.style is not ButtonStyle.PLAIN:
        made["style"] = button.style.value
    return made


def _field(button: Button, action: Action, ids: Ids) -> JSON:
    """What is written in it comes as soon as Enter is pressed. A modal for each answer would be more than a workspace
    may open: views.open is tier 4, a hundred a minute (docs.slack.dev, "Rate limits", "Input block")."""
    typed = {"type": "plain_text_input", "action_id": ids.typed(action), "dispatch_action_config": _ON_ENTER}
    label = plain_text(f"{words(button.label)} ⏎")
    return {"type": "input", "dispatch_action": True, "optional": True, "label": label, "element": typed}


_ON_ENTER = {"trigger_actions_on": ["on_enter_pressed"]}


def _choice(choice: Choice, ids: Ids, losses: list[Loss]) -> list[JSON]:
    label = words(choice.label)
    few = choice.maximum == 1 and len(choice.options) <= FEW and not any(one.description for one in choice.options)
    if few:
        buttons = [
            {
                "type": "button",
                "text": plain_text(cut_to(words(one.label) or one.value, MAX_LABEL, "label", losses)),
                "action_id": ids.option(choice.action, number),
                "value": one.value,
            }
            for number, one in enumerate(choice.options)
        ]
        return [*_labelled(label, losses), {"type": "actions", "elements": buttons}]
    menu: JSON = {
        "type": "static_select" if choice.maximum == 1 else "multi_static_select",
        "action_id": ids.button(choice.action),
        "options": [option(one, losses) for one in choice.options],
    }
    if choice.maximum == 1:
        if label:
            menu["placeholder"] = plain_text(cut_to(label, MAX_PLACEHOLDER, "label", losses))
        return [{"type": "actions", "elements": [menu]}]
    # A menu of several stands in no actions block.
    menu["max_selected_items"] = choice.maximum
    beside = (_labelled(label, losses) or [section(NO_WORDS)])[-1]
    return [{**beside, "accessory": menu}]


def _labelled(label: str, losses: list[Loss]) -> list[JSON]:
    text, over = fit(label, MAX_SECTION)
    if over:
        losses.append(Loss("label", f"{over} characters over"))
    return [section(text)] if text.strip() else []


def _size(value: Any) -> int:
    """Characters of text in blocks."""
    if isinstance(value, dict):
        return sum(len(one) if key == "text" and isinstance(one, str) else _size(one) for key, one in value.items())
    return sum(map(_size, value)) if isinstance(value, list) else 0
