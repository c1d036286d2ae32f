"""What people do to messages, forms and the command line, as the app hears of it.

Source of the payloads: docs.slack.dev/reference/interaction-payloads, and for commands
docs.slack.dev/interactivity/implementing-slash-commands.
"""

from __future__ import annotations

from sandbox.control import ControlError, Outcome, OutcomeKind
from sandbox.slack import checks, elements, rules
from sandbox.slack.acts import Act
from sandbox.slack.elements import Raw
from sandbox.slack.hooks import post_answer
from sandbox.slack.methods.base import Arguments, Refusal
from sandbox.slack.methods.chat import content
from sandbox.slack.socket_mode import Ack
from sandbox.slack.tickets import Hook
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, Message, User

TROUBLE = "We had some trouble connecting. Try again?"
"""What Slack shows when an app answers a submission with something it can't use (seen:
github.com/slackapi/bolt-python/issues/241)."""


class Interactions:
    """Sends block_actions, view_submission, view_closed and slash commands, and follows what comes of them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def _common(self, kind: str, user: User, trigger: str) -> JSON:
        workspace = self._workspace
        return {
            "type": kind,
            "user": workspace.shapes.person(user),
            "api_app_id": workspace.app_id,
            "token": "sandbox",
            "trigger_id": trigger,
            "team": workspace.shapes.team(),
            "enterprise": None,
            "is_enterprise_install": False,
        }

    async def _send(self, kind: str, name: str, payload: JSON) -> Ack | None:
        """Send an interaction; an app that was taken out of the workspace answers none."""
        if not self._workspace.events.active:
            return None
        return await self._workspace.socket.interact(kind, name, payload)

    # -- messages ----------------------------------------------------------------------------------------------
    async def block_action(
        self, user: User, message: Message, block: JSON, element: JSON, raw: Raw | None, wait: float
    ) -> Outcome:
        """Press a button or choose in a menu of a message."""
        workspace = self._workspace
        channel = workspace.world.channels[message.channel]
        act = workspace.acts.begin(Act(user.id, origin=message.ts, channel=channel.id))
        try:
            payload = self._block_actions(user, channel, message, block, element, raw, act)
            ack = await self._send("interactive", "block_actions", payload)
            return await act.outcome(ack, wait)
        finally:
            workspace.acts.end(act)

    def _block_actions(
        self, user: User, channel: Channel, message: Message, block: JSON, element: JSON, raw: Raw | None, act: Act
    ) -> JSON:
        workspace = self._workspace
        trigger = workspace.tickets.new_trigger(user.id, act)
        hook = workspace.tickets.new_hook(
            user.id, channel.id, act, message=message.ts, thread=message.thread_ts if message.only_for else ""
        )
        container: JSON = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": bool(message.only_for),
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        action: JSON = {
            key: element[key]
            for key in ("action_id", "type", "text", "value", "style", "placeholder")
            if key in element
        }
        if element["type"] in elements.STATEFUL:
            action |= elements.chosen(element, raw)
        action |= {"block_id": block["block_id"], "action_ts": workspace.world.now_ts()}
        values = {(str(block["block_id"]), str(element["action_id"])): raw} if raw is not None else {}
        payload = {
            **self._common("block_actions", user, trigger.id),
            "container": container,
            "channel": {"id": channel.id, "name": channel.name},
            "state": {"values": elements.state(message.blocks, values)},
            "response_url": f"{workspace.url}/hooks/{hook.path}",
            "actions": [action],
        }
        if not message.only_for:
            payload["message"] = workspace.shapes.message(message)
        return payload

    # -- forms -------------------------------------------------------------------------------------------------
    async def submit(self, user: User, view: View, wait: float) -> Outcome:
        """Send a form whose fields are filled."""
        workspace = self._workspace
        act = workspace.acts.begin(Act(user.id, origin=view.origin, channel=view.channel))
        try:
            trigger = workspace.tickets.new_trigger(user.id, act, view=view.id)
            payload = {
                **self._common("view_submission", user, trigger.id),
                "view": workspace.views.shape(view),
                "response_urls": [],
            }
            ack = await self._send("interactive", "view_submission", payload)
            if ack is None:
                return await act.outcome(None, wait)
            said = self._submitted(view, ack)
            if said is not None:
                kind, top, text = said
                act.see(kind, form=workspace.views.form(top), text=text)
            workspace.changed()
            return await act.outcome(ack, wait)
        finally:
            workspace.acts.end(act)

    def _submitted(self, view: View, ack: Ack) -> tuple[OutcomeKind, View, str] | None:
        """Do what the acknowledgement says with the form; what the person sees at once, or None: it closed."""
        workspace = self._workspace
        action = ack.payload.get("response_action")
        if action == "errors":
            errors = ack.payload.get("errors") or {}
            known = {block["block_id"] for block in view.blocks if block.get("type") == "input"}
            if not errors or set(errors) - known:
                return OutcomeKind.FAILED, view, TROUBLE
            view.errors = {str(key): str(text) for key, text in errors.items()}
            return OutcomeKind.INVALID, view, ""
        if action in ("update", "push"):
            body = ack.payload.get("view")
            if checks.check_view(body, workspace.uploads.shown) or not isinstance(body, dict):
                return OutcomeKind.FAILED, view, TROUBLE
            if action == "update":
                workspace.views.change(view, body)
            else:
                view = workspace.views.push(view.member, body, origin=view.origin, channel=view.channel)
            return OutcomeKind.FORM, view, workspace.views.text(view)
        if action == "clear":
            workspace.views.clear(view.member)
            return None
        workspace.views.close(view)
        below = workspace.views.top(view.member)
        return (OutcomeKind.FORM, below, workspace.views.text(below)) if below else None

    async def close(self, user: User, view: View, *, cleared: bool = False) -> None:
        """Close a form without sending it; the app hears of it when it asked to."""
        workspace = self._workspace
        payload = {
            **self._common("view_closed", user, ""),
            "view": workspace.views.shape(view),
            "is_cleared": cleared,
        }
        del payload["trigger_id"]
        if cleared:
            workspace.views.clear(user.id)
        else:
            workspace.views.close(view)
        workspace.changed()
        if view.body.get("notify_on_close"):
            await self._send("interactive", "view_closed", payload)

    # -- commands ----------------------------------------------------------------------------------------------
    async def command(self, user: User, channel: Channel, name: str, text: str, wait: float) -> Outcome:
        """Invoke a slash command."""
        workspace = self._workspace
        act = workspace.acts.begin(Act(user.id, channel=channel.id))
        try:
            trigger = workspace.tickets.new_trigger(user.id, act)
            hook = workspace.tickets.new_hook(user.id, channel.id, act)
            payload = {
                "token": "sandbox",
                "team_id": workspace.world.team_id,
                "team_domain": workspace.world.domain,
                "channel_id": channel.id,
                "channel_name": channel.name,
                "user_id": user.id,
                "user_name": workspace.shapes.person(user)["name"],
                "command": name,
                "text": text,
                "api_app_id": workspace.app_id,
                "is_enterprise_install": "false",
                "response_url": f"{workspace.url}/hooks/{hook.path}",
                "trigger_id": trigger.id,
            }
            ack = await self._send("slash_commands", name, payload)
            if ack is not None and (ack.payload.get("text") or ack.payload.get("blocks")):
                self._said_at_once(hook, act, ack)
            return await act.outcome(ack, wait)
        finally:
            workspace.acts.end(act)

    def _said_at_once(self, hook: Hook, act: Act, ack: Ack) -> None:
        arguments = Arguments(ack.payload)
        try:
            made = content(self._workspace, arguments, longest=rules.MESSAGE_TEXT.limit)
        except Refusal as refusal:
            act.see(OutcomeKind.FAILED, text=refusal.error)
            return
        post_answer(self._workspace, hook, arguments, made, "ack")

    # -- what people may do ------------------------------------------------------------------------------------
    def fill(self, view: View, values: dict[str, Raw]) -> bool:
        """Put values into a form, as Slack's client checks them; False when it would not send the form.

        Raises ControlError with a field that is not there, or a choice that is not among its options.
        """
        blocks = {block["block_id"]: block for block in view.blocks if block.get("type") == "input"}
        for name, raw in values.items():
            if name not in blocks:
                raise ControlError(f"the form has no field {name!r}")
            element = blocks[name]["element"]
            wanted = raw if isinstance(raw, list) else [raw] if raw else []
            many = element["type"] in elements.MANY or element["type"] in elements.MANY_PICKERS
            if len(wanted) > 1 and not many:
                raise ControlError(f"{name!r} takes one value")
            offered = {value for value, _ in self._workspace.views.options(element)}
            if offered and set(wanted) - offered:
                raise ControlError(f"{name!r} offers no such choice as {sorted(set(wanted) - offered)}")
            view.values[name] = wanted if many else wanted[0] if wanted else ""
        view.errors = {}
        for name, block in blocks.items():
            raw = view.values.get(name, elements.initial(block["element"]))
            error = rules.check_input(block, raw)
            if error:
                view.errors[name] = error
        return not view.errors
