"""What a deployment says about its Telegram bot."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class TelegramSettings(BaseModel):
    """The part of the settings under ``telegram``."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = Field(default=False, description="Whether this bot runs.")
    token: SecretStr = Field(default=SecretStr(""), description="The token that @BotFather gave you.")
    api_url: str = Field(
        default="", description="Another Bot API server, such as a local one or the sandbox; empty is Telegram's own."
    )
