"""What a deployment says about Slack."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class SlackSettings(BaseModel):
    """The ``[slack]`` part of the configuration."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = Field(default=False, description="Whether the Slack bot runs.")
    bot_token: SecretStr = Field(
        default=SecretStr(""),
        description="The bot's token, xoxb-…: https://api.slack.com/apps, your app, OAuth & Permissions, after "
        "Install to Workspace.",
    )
    app_token: SecretStr = Field(
        default=SecretStr(""),
        description="The app's own token, xapp-…, with the scope connections:write: the same place, Basic "
        "Information, App-Level Tokens.",
    )
    api_url: str = Field(
        default="",
        description="Empty for Slack itself; the sandbox's address, http://127.0.0.1:PORT, to try things.",
    )
