"""The modals that stand open in front of people."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from sandbox.control import FieldView, FormView
from sandbox.slack import elements
from sandbox.slack.elements import Raw
from sandbox.slack.render import Renderer
from sandbox.slack.world import JSON, World

MOST_STACKED = 3
"""Views in one stack (documented)."""

KINDS = {
    "plain_text_input": "text",
    "email_text_input": "text",
    "url_text_input": "text",
    "number_input": "number",
    "radio_buttons": "radio",
    "checkboxes": "checkbox",
    "datepicker": "date",
}


@dataclass(eq=False)
class View:
    """One modal. ``origin`` is the message that it was opened from, where it was one."""

    id: str
    member: str
    body: JSON
    blocks: list[JSON]
    origin: str = ""
    channel: str = ""
    hash: str = ""
    values: dict[str, Raw] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


class Views:
    """Open modals: for each person one stack, of which they see the top."""

    def __init__(self, world: World, renderer: Renderer, *, app_id: str, bot_id: str) -> None:
        self._world = world
        self._render = renderer
        self._app_id = app_id
        self._bot_id = bot_id
        self._open: dict[str, View] = {}
        self._external: dict[str, str] = {}
        self._stacks: dict[str, list[View]] = {}

    def get(self, view_id: str = "", external_id: str = "") -> View | None:
        """An open view by its own id or by the app's."""
        return self._open.get(view_id or self._external.get(external_id, ""))

    def top(self, member: str) -> View | None:
        """What stands in front of a person now."""
        stack = self._stacks.get(member)
        return stack[-1] if stack else None

    def depth(self, member: str) -> int:
        """How many views stand on each other."""
        return len(self._stacks.get(member, ()))

    def taken(self, external_id: str) -> bool:
        """Whether an open view has this id of the app's."""
        return bool(external_id) and external_id in self._external

    def open(self, member: str, body: JSON, *, origin: str = "", channel: str = "") -> View:
        """Show a view, in place of whatever stood there."""
        self.clear(member)
        return self.push(member, body, origin=origin, channel=channel)

    def push(self, member: str, body: JSON, *, origin: str = "", channel: str = "") -> View:
        """Show a view on top of the others."""
        view = View(self._world.new_id("V"), member, {}, [], origin, channel)
        self._open[view.id] = view
        self._stacks.setdefault(member, []).append(view)
        self.change(view, body)
        return view

    def change(self, view: View, body: JSON) -> None:
        """Show something else in an open view. What was typed stays where block and action keep their ids."""
        self._external.pop(str(view.body.get("external_id") or ""), None)
        before = {block["block_id"]: element["action_id"] for block, element in elements.elements(view.blocks)}
        view.body = body
        view.blocks = elements.with_ids(body.get("blocks") or [])
        view.hash = f"{self._world.now_ts()}.{secrets.token_hex(4)}"
        after = {block["block_id"]: element["action_id"] for block, element in elements.elements(view.blocks)}
        view.values = {key: raw for key, raw in view.values.items() if after.get(key) == before.get(key)}
        view.errors = {}
        if body.get("external_id"):
            self._external[str(body["external_id"])] = view.id

    def close(self, view: View) -> None:
        """One view is gone; the one below shows again."""
        self._open.pop(view.id, None)
        self._external.pop(str(view.body.get("external_id") or ""), None)
        stack = self._stacks.get(view.member, [])
        if view in stack:
            stack.remove(view)
        if not stack:
            self._stacks.pop(view.member, None)

    def clear(self, member: str) -> list[View]:
        """Every view of a person is gone; returns them."""
        views = list(self._stacks.get(member, ()))
        for view in views:
            self.close(view)
        return views

    # -- shapes ------------------------------------------------------------------------------------------------
    def shape(self, view: View) -> JSON:
        """The view as apps get it."""
        stack = self._stacks.get(view.member) or [view]
        at = stack.index(view) if view in stack else 0
        body = view.body
        values = {
            (block["block_id"], element["action_id"]): view.values[block["block_id"]]
            for block, element in elements.elements(view.blocks)
            if block["block_id"] in view.values and block.get("type") == "input"
        }
        return {
            "id": view.id,
            "team_id": self._world.team_id,
            "type": body.get("type", "modal"),
            "blocks": view.blocks,
            "private_metadata": body.get("private_metadata") or "",
            "callback_id": body.get("callback_id") or "",
            "state": {"values": elements.state(view.blocks, values)},
            "hash": view.hash,
            "title": body.get("title"),
            "clear_on_close": bool(body.get("clear_on_close")),
            "notify_on_close": bool(body.get("notify_on_close")),
            "close": body.get("close"),
            "submit": body.get("submit"),
            "previous_view_id": stack[at - 1].id if at else None,
            "root_view_id": stack[0].id,
            "app_id": self._app_id,
            "external_id": body.get("external_id") or "",
            "app_installed_team_id": self._world.team_id,
            "bot_id": self._bot_id,
        }

    def form(self, view: View) -> FormView:
        """The view as its person sees it. Text between the fields stands in the hint of the field below it."""
        fields: list[FieldView] = []
        said: list[str] = []
        for block in view.blocks:
            if block.get("type") == "input":
                fields.append(self._field(view, block, said))
                said = []
            else:
                said += [text for text in (self._render.block(block)[0],) if text]
        title = self._render.text_object(view.body.get("title"))[0]
        submit = self._render.text_object(view.body.get("submit"))[0]
        return FormView(view.id, title, tuple(fields), submit or ("Submit" if fields else ""))

    def text(self, view: View) -> str:
        """What the view says beside its fields."""
        return self._render.blocks([block for block in view.blocks if block.get("type") != "input"])[0]

    def _field(self, view: View, block: JSON, said: list[str]) -> FieldView:
        element = block["element"]
        kind = str(element.get("type"))
        raw = view.values.get(block["block_id"], elements.initial(element))
        hint = [*said, self._render.text_object(block.get("hint"))[0]]
        if not hint[-1]:
            hint[-1] = self._render.text_object(element.get("placeholder"))[0]
        many = kind in elements.MANY or kind in elements.MANY_PICKERS
        shown = KINDS.get(kind, "select")
        if element.get("multiline"):
            shown = "long"
        options = self.options(element)
        minimum, maximum = int(element.get("min_length") or 0), int(element.get("max_length") or 0)
        if kind == "number_input":
            minimum, maximum = int(float(element.get("min_value") or 0)), int(float(element.get("max_value") or 0))
        elif options:
            minimum, maximum = 0, int(element.get("max_selected_items") or len(options)) if many else 1
        return FieldView(
            id=block["block_id"],
            kind=shown,
            label=self._render.text_object(block.get("label"))[0],
            required=not block.get("optional"),
            value=",".join(raw) if isinstance(raw, list) else raw,
            hint="\n".join(text for text in hint if text),
            error=view.errors.get(block["block_id"], ""),
            options=options,
            minimum=minimum,
            maximum=maximum,
        )

    def options(self, element: JSON) -> tuple[tuple[str, str], ...]:
        """(value, label) of everything that can be chosen in an element."""
        kind = str(element.get("type"))
        if "users_select" in kind:
            return tuple((user.id, user.name) for user in self._world.users.values() if user.present)
        if "channels_select" in kind or "conversations_select" in kind:
            return tuple((channel.id, "#" + channel.name) for channel in self._world.public_channels())
        return tuple(
            (str(option.get("value")), self._render.text_object(option.get("text"))[0])
            for option in elements.options(element)
        )
