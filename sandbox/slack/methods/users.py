"""People. Source: docs.slack.dev/reference/methods/users.info and siblings."""

from __future__ import annotations

from sandbox.slack.methods.base import Arguments, Refusal, Tier, method, page
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON


@method("users.info", Tier.FOUR, "users:read")
async def users_info(workspace: Workspace, arguments: Arguments) -> JSON:
    """One user, with the locale when it was asked for."""
    user = workspace.world.users.get(arguments.required("user"))
    if user is None:
        raise Refusal("user_not_found")
    return {"user": workspace.shapes.user(user, locale=arguments.flag("include_locale"))}


@method("users.list", Tier.TWO, "users:read")
async def users_list(workspace: Workspace, arguments: Arguments) -> JSON:
    """All users, a page at a time."""
    locale = arguments.flag("include_locale")
    members = [workspace.shapes.user(user, locale=locale) for user in workspace.world.users.values()]
    return {**page(members, arguments, "members"), "cache_ts": workspace.now()}


@method("usergroups.list", Tier.TWO, "usergroups:read")
async def usergroups_list(workspace: Workspace, arguments: Arguments) -> JSON:
    """The user groups."""
    groups = list(workspace.world.usergroups.values())
    if not arguments.flag("include_users"):
        groups = [{key: value for key, value in group.items() if key != "users"} for group in groups]
    return {"usergroups": groups}


@method("usergroups.users.list", Tier.TWO, "usergroups:read")
async def usergroups_users_list(workspace: Workspace, arguments: Arguments) -> JSON:
    """The people in one user group."""
    group = workspace.world.usergroups.get(arguments.required("usergroup"))
    if group is None:
        raise Refusal("no_such_subteam")
    return {"users": group["users"]}
