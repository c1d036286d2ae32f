"""The Web API methods. Importing this package gathers them all in :data:`METHODS`."""

from sandbox.slack.methods import apps, chat, conversations, files, reactions, users, views
from sandbox.slack.methods.base import METHODS, Arguments, Method, Refusal, Tier

__all__ = [
    "METHODS", "Arguments", "Method", "Refusal", "Tier",
    "apps", "chat", "conversations", "files", "reactions", "users", "views",
]  # fmt: skip
