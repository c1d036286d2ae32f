"""Slack knows reactions by name, people by sight."""

from __future__ import annotations

import re

NAMES = {
    "👍": "+1", "👎": "-1", "❤️": "heart", "🎉": "tada", "✅": "white_check_mark", "👀": "eyes", "🔥": "fire",
    "😂": "joy", "🙏": "pray", "💡": "bulb", "🚀": "rocket", "👏": "clap", "🙌": "raised_hands", "😍": "heart_eyes",
    "😀": "grinning", "😊": "blush", "😢": "cry", "🤔": "thinking_face", "💯": "100", "⭐": "star", "☕": "coffee",
    "🎵": "musical_note", "🎧": "headphones", "✋": "hand", "👋": "wave", "❌": "x", "❓": "question",
    "📌": "pushpin",
    "1️⃣": "one", "2️⃣": "two", "3️⃣": "three", "4️⃣": "four", "5️⃣": "five", "✍️": "writing_hand",
    "💬": "speech_balloon",
}  # fmt: skip
"""The emoji that the sandbox's people use. Slack has thousands; a name that is not here is shown as ``:name:``."""

ALIASES = {"thumbsup": "+1", "thumbsdown": "-1", "raised_hand": "hand", "thinking": "thinking_face"}
SIGNS = {name: sign for sign, name in NAMES.items()}
_NAME = re.compile(r"[a-z0-9_+'\-]{1,100}\Z")


def name_of(emoji: str) -> str:
    """Slack's name of an emoji given by sight or by name, with or without colons; empty when it has none."""
    plain = NAMES.get(emoji) or NAMES.get(emoji + "\ufe0f") or emoji.strip(":")
    plain = ALIASES.get(plain, plain)
    return plain if _NAME.match(plain) else ""


def sign_of(name: str) -> str:
    """The emoji as people see it."""
    return SIGNS.get(name, f":{name}:")
