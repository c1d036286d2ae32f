"""Modals: views.open, views.push, views.update. Source: docs.slack.dev/reference/methods/views.open and siblings."""

from __future__ import annotations

import time

from sandbox.control import OutcomeKind
from sandbox.slack import checks
from sandbox.slack.methods.base import Arguments, Refusal, Tier, method
from sandbox.slack.tickets import TRIGGER_SECONDS, Trigger
from sandbox.slack.views import MOST_STACKED, View
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON


def _body(workspace: Workspace, arguments: Arguments) -> JSON:
    body: JSON = arguments.nested("view", "invalid_arguments")
    found = checks.check_view(body, workspace.uploads.shown)
    if found:
        raise Refusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] {text}" for text in found]})
    if checks.too_large(body):
        raise Refusal("view_too_large")
    return body


def _trigger(workspace: Workspace, arguments: Arguments) -> Trigger:
    """Use up a trigger_id. It is used whether or not what follows succeeds."""
    trigger = workspace.tickets.trigger(arguments.required("trigger_id"))
    if trigger is None:
        raise Refusal("invalid_trigger_id")
    if trigger.used:
        raise Refusal("exchanged_trigger_id")
    if time.monotonic() - trigger.made > TRIGGER_SECONDS:
        raise Refusal("expired_trigger_id")
    return trigger


def _shown(workspace: Workspace, trigger: Trigger, view: View) -> JSON:
    trigger.used = True
    if trigger.act is not None:
        trigger.act.see(OutcomeKind.FORM, form=workspace.views.form(view), text=workspace.views.text(view))
    workspace.changed()
    return {"view": workspace.views.shape(view)}


@method("views.open", Tier.FOUR)
async def views_open(workspace: Workspace, arguments: Arguments) -> JSON:
    """A modal opens in front of whoever acted."""
    body = _body(workspace, arguments)
    trigger = _trigger(workspace, arguments)
    if workspace.views.taken(str(body.get("external_id") or "")):
        raise Refusal("duplicate_external_id")
    origin, channel = trigger.origin()
    view = workspace.views.open(trigger.member, body, origin=origin, channel=channel)
    return _shown(workspace, trigger, view)


@method("views.push", Tier.FOUR)
async def views_push(workspace: Workspace, arguments: Arguments) -> JSON:
    """A modal opens on top of the one that was acted in."""
    body = _body(workspace, arguments)
    trigger = _trigger(workspace, arguments)
    if not trigger.view or workspace.views.top(trigger.member) is None:
        raise Refusal("invalid_trigger_id")
    if workspace.views.depth(trigger.member) >= MOST_STACKED:
        raise Refusal("push_limit_reached")
    origin, channel = trigger.origin()
    view = workspace.views.push(trigger.member, body, origin=origin, channel=channel)
    return _shown(workspace, trigger, view)


@method("views.update", Tier.FOUR)
async def views_update(workspace: Workspace, arguments: Arguments) -> JSON:
    """An open modal shows something else."""
    body = _body(workspace, arguments)
    view = workspace.views.get(arguments.text("view_id"), arguments.text("external_id"))
    if view is None:
        raise Refusal("not_found")
    if arguments.text("hash") not in ("", view.hash):
        raise Refusal("hash_conflict")
    workspace.views.change(view, body)
    workspace.acts.form_changed(view.member, workspace.views.form(view))
    workspace.changed()
    return {"view": workspace.views.shape(view)}
