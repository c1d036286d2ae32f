"""Discord's refusals, in its own words and shape (Discord's reference, "Opcodes and Status Codes")."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A call is refused. ``errors`` is the tree of field errors of an invalid form body."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} ({code}) {message}" + (f" {errors}" if errors else ""))
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        return body


class FieldErrors:
    """Gathers what is wrong with a form body, field by field, and refuses it as a whole."""

    def __init__(self) -> None:
        self.tree: dict[str, Any] = {}

    def add(self, path: tuple[str | int, ...], code: str, message: str) -> None:
        """One error at ``path``, e.g. ``("embeds", 0, "title")``."""
        node = self.tree
        for part in path:
            node = node.setdefault(str(part), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def raise_any(self) -> None:
        """Refuse with 400 and 50035 when anything was wrong."""
        if self.tree:
            raise Refusal(400, 50035, "Invalid Form Body", self.tree)


def unauthorized() -> Refusal:
    """The token is wrong or missing."""
    return Refusal(401, 0, "401: Unauthorized")


def no_route() -> Refusal:
    """There is no such address (or the sandbox does not keep it)."""
    return Refusal(404, 0, "404: Not Found")


def unknown(what: str) -> Refusal:
    """Something by that id is not there."""
    codes = {
        "Application": 10002, "Channel": 10003, "Guild": 10004, "Member": 10007, "Message": 10008, "User": 10013,
        "Emoji": 10014, "Webhook": 10015, "Interaction": 10062, "application command": 10063,
    }  # fmt: skip
    return Refusal(404, codes[what], f"Unknown {what}")


def missing_access() -> Refusal:
    """The bot can't see it."""
    return Refusal(403, 50001, "Missing Access")


def missing_permissions() -> Refusal:
    """The bot sees it, but may not do this."""
    return Refusal(403, 50013, "Missing Permissions")


def acknowledged() -> Refusal:
    """An interaction has one first answer."""
    return Refusal(400, 40060, "Interaction has already been acknowledged.")
