"""What Discord refuses: each limit with its source, and where the real platform was seen to refuse it.

The sandbox refuses with the words that Discord uses: error 50035, "Invalid Form Body", and under ``errors`` a tree of
fields with a code and a message each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.discord.errors import FieldErrors

DOCUMENTED = "documented"
LIBRARY = "read in discord.py"
REPORTED = "reported by others, not in the reference"

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Rule:
    """One limit. ``source`` says where it stands.

    ``seen`` names a public report in which the real platform answered so, with these words; empty: never seen.
    """

    limit: int
    source: str
    seen: str = ""
    least: int = 0


TEXT = Rule(2000, DOCUMENTED)
NONCE = Rule(25, DOCUMENTED, seen="discord/discord-api-docs#1572")
EMBEDS = Rule(10, DOCUMENTED, seen="dotnize/Dodong#28")
EMBED_TOTAL = Rule(6000, DOCUMENTED, seen="NelsonDane/auto-rsa#451")
EMBED_TITLE = Rule(256, DOCUMENTED)
EMBED_DESCRIPTION = Rule(4096, DOCUMENTED, seen="tetsuya-ki/discord-live-notificationbot#6")
EMBED_FIELDS = Rule(25, DOCUMENTED)
FIELD_NAME = Rule(256, DOCUMENTED, least=1)
FIELD_VALUE = Rule(1024, DOCUMENTED, seen="xNul/chat-llama-discord-bot#3", least=1)
EMBED_FOOTER = Rule(2048, DOCUMENTED)
EMBED_AUTHOR = Rule(256, DOCUMENTED)
FILES = Rule(10, DOCUMENTED)
ROWS = Rule(5, DOCUMENTED, least=1)
BUTTONS = Rule(5, DOCUMENTED, seen="TFNS/CTFNote#408", least=1)
CUSTOM_ID = Rule(100, DOCUMENTED, least=1)
CUSTOM_ID_UNIQUE = Rule(1, DOCUMENTED, seen="discord/discord-api-docs#3673")
BUTTON_LABEL = Rule(80, DOCUMENTED)
BUTTON_URL = Rule(512, DOCUMENTED)
SELECT_OPTIONS = Rule(25, DOCUMENTED, least=1)
SELECT_ALONE = Rule(1, DOCUMENTED, seen="discord/discord-api-docs#3395")
OPTION_LABEL = Rule(100, DOCUMENTED, least=1)
OPTION_VALUE = Rule(100, DOCUMENTED, least=1)
OPTION_DESCRIPTION = Rule(100, DOCUMENTED)
PLACEHOLDER = Rule(150, DOCUMENTED)
V2_COMPONENTS = Rule(40, DOCUMENTED, seen="discord/discord-api-docs#7534", least=1)
V2_TEXT = Rule(4000, DOCUMENTED, seen="discord/discord-api-docs#8554")
SECTION_TEXTS = Rule(3, DOCUMENTED, least=1)
GALLERY_ITEMS = Rule(10, DOCUMENTED, least=1)
MEDIA_DESCRIPTION = Rule(1024, DOCUMENTED)
MODAL_TITLE = Rule(45, DOCUMENTED, least=1)
MODAL_PARTS = Rule(5, DOCUMENTED, seen="Mateo-tem/discord-modals#53", least=1)
MODAL_LABEL = Rule(45, DOCUMENTED, least=1)
MODAL_DESCRIPTION = Rule(100, DOCUMENTED)
INPUT_TEXT = Rule(4000, DOCUMENTED)
INPUT_PLACEHOLDER = Rule(100, DOCUMENTED)
RADIO_OPTIONS = Rule(10, DOCUMENTED, least=2)
CHECKBOX_OPTIONS = Rule(10, DOCUMENTED, least=1)
UPLOAD_FILES = Rule(10, DOCUMENTED)
THREAD_NAME = Rule(100, DOCUMENTED, least=1)
MENTION_LIST = Rule(100, DOCUMENTED)
COMMANDS = Rule(100, DOCUMENTED)
COMMAND_NAME = Rule(32, DOCUMENTED, seen="Garlic-Team/gcommands#295", least=1)
COMMAND_DESCRIPTION = Rule(100, DOCUMENTED, least=1)
COMMAND_OPTIONS = Rule(25, DOCUMENTED)
COMMAND_CHOICES = Rule(25, DOCUMENTED)
COMMAND_TOTAL = Rule(8000, DOCUMENTED)
PINS = 250
"""Pinned messages in a channel (documented since 2025; 50 before)."""
REACTIONS = 20
"""Different emoji on one message (documented with error 30010)."""
NO_MODAL_AFTER_MODAL = Rule(0, DOCUMENTED, seen="Rapptz/discord.py#9187")
"""A form can't answer a form."""
HISTORY_UNSEEN = Rule(0, DOCUMENTED)
"""Who may not read a channel's history is shown an empty one, and no error ("Get Channel Messages")."""
EMBED_PICTURES = Rule(0, DOCUMENTED)
"""An embed draws attached pictures of a few kinds alone, and nothing for a file that is not there."""
EMBEDDED_FILES = Rule(0, REPORTED, seen="discord/discord-api-docs#1340")
"""A file that an embed shows is not among its message's attachments, until an edit takes it out of the embed."""
REPEATED_NONCE_OF_DELETED = Rule(0, REPORTED, seen="discord/discord-api-docs#6647")
"""An enforced nonce whose message was deleted since is answered with "Unknown Message"."""


class Checks(FieldErrors):
    """Gathers field errors, with the checks that many fields share."""

    def required(self, path: Path) -> None:
        """A field that must be there is not."""
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def text(self, path: Path, value: Any, rule: Rule, *, required: bool = False) -> str:
        """A string within a rule's length; what is missing counts as empty."""
        if value is None:
            if required:
                self.required(path)
            return ""
        if not isinstance(value, str):
            self.add(path, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
            return ""
        text: str = value
        if not text and rule.least:
            self.required(path)
        else:
            self.length(path, len(text), rule)
        return text

    def length(self, path: Path, length: int, rule: Rule) -> None:
        """A length within a rule, in Discord's words."""
        if rule.least <= length <= rule.limit:
            return
        if rule.least:
            words = f"Must be between {rule.least} and {rule.limit} in length."
            self.add(path, "BASE_TYPE_BAD_LENGTH", words)
        else:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {rule.limit} or fewer in length.")

    def objects(self, path: Path, value: Any, rule: Rule) -> list[dict[str, Any]]:
        """A list of objects within a rule's length; only its objects are returned."""
        if value is None:
            value = []
        if not isinstance(value, list):
            self.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        self.length(path, len(value), rule)
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                self.add((*path, index), "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return [item for item in value if isinstance(item, dict)]

    def choice(self, path: Path, value: Any, allowed: set[int]) -> bool:
        """One of a few numbers."""
        if isinstance(value, int) and value in allowed:
            return True
        named = ", ".join(str(each) for each in sorted(allowed))
        self.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{named}}}.")
        return False

    def number(self, path: Path, value: Any, low: int, high: int) -> None:
        """A whole number in a range; a missing one is right."""
        if value is None:
            return
        if not isinstance(value, int):
            self.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif value > high:
            self.add(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {high}.")
        elif value < low:
            self.add(path, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {low}.")
