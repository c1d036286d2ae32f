"""The app itself: its connection, its tokens, its workspace."""

from __future__ import annotations

from sandbox.slack.methods.base import Arguments, Refusal, Tier, method
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON


@method("apps.connections.open", Tier.ONE, app_token=True)
async def apps_connections_open(workspace: Workspace, arguments: Arguments) -> JSON:
    """An address for one Socket Mode connection."""
    return {"url": f"{workspace.url.replace('http', 'ws', 1)}/link?ticket={workspace.socket.new_ticket()}"}


@method("auth.test", Tier.SPECIAL)
async def auth_test(workspace: Workspace, arguments: Arguments) -> JSON:
    """Who the token belongs to."""
    world = workspace.world
    return {
        "url": f"https://{world.domain}.slack.com/",
        "team": world.name,
        "user": world.bot.name,
        "team_id": world.team_id,
        "user_id": world.bot.id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


@method("auth.revoke", Tier.THREE)
async def auth_revoke(workspace: Workspace, arguments: Arguments) -> JSON:
    """The bot's token is worth nothing afterwards."""
    if not arguments.flag("test"):
        workspace.events.tokens_revoked()
        workspace.shut = "token_revoked"
    return {"revoked": not arguments.flag("test")}


@method("apps.uninstall", Tier.ONE)
async def apps_uninstall(workspace: Workspace, arguments: Arguments) -> JSON:
    """The app leaves the workspace."""
    arguments.required("client_id")
    arguments.required("client_secret")
    workspace.uninstall()
    return {}


@method("team.info", Tier.THREE, "team:read")
async def team_info(workspace: Workspace, arguments: Arguments) -> JSON:
    """The workspace."""
    world = workspace.world
    if arguments.text("team") not in ("", world.team_id):
        raise Refusal("team_not_found")
    return {
        "team": {"id": world.team_id, "name": world.name, "domain": world.domain, "icon": {"image_default": True}}
    }


@method("bots.info", Tier.THREE, "users:read")
async def bots_info(workspace: Workspace, arguments: Arguments) -> JSON:
    """The bot."""
    if arguments.text("bot") not in ("", workspace.bot_id):
        raise Refusal("bot_not_found")
    return {
        "bot": {
            "id": workspace.bot_id,
            "deleted": False,
            "name": workspace.world.bot.name,
            "app_id": workspace.app_id,
            "user_id": workspace.world.bot.id,
            "updated": 0,
            "icons": {},
        }
    }
