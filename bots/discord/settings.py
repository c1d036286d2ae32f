"""What a deployment says about Discord."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class DiscordSettings(BaseModel):
    """The ``[discord]`` part of the configuration."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = Field(default=False, description="Whether the Discord bot runs.")
    token: SecretStr = Field(
        default=SecretStr(""),
        description="The bot's token: https://discord.com/developers/applications, your application, Bot, "
        "Reset Token.",
    )
    api_url: str = Field(
        default="",
        description="Empty for Discord itself; the sandbox's address, http://127.0.0.1:PORT, to try things.",
    )
    read_all_replies: bool = Field(
        default=False,
        description="Read replies that do not ping the bot, and messages in threads. Needs the privileged intent "
        "'Message Content' to be switched on in the developer portal.",
    )
    see_joins: bool = Field(
        default=False,
        description="Hear who joins and leaves. Needs the privileged intent 'Server Members' to be switched on in "
        "the developer portal.",
    )
