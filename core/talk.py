"""What is kept of people's words: a few small numbers, reckoned when they arrive, and never the words.

A conversation is *meaningful* when, with mentions, links and emoji taken out, at least four words are left and they
are not a greeting alone ("beyond hi and hello").
"""

from __future__ import annotations

import re

MEANINGFUL_WORDS = 4
"""The fewest words that can be more than a greeting."""

_NOISE = re.compile(r"https?://\S+|<[@#!:][^>]*>|@\w+|:[a-z0-9_+-]+:", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_GREETINGS = frozenset(
    """
    hi hello hey hiya howdy yo good morning afternoon evening night day everyone all there folks team guys friends
    thanks thank you welcome bye see later how are
    hallo moin servus grüß gott guten morgen tag abend nacht zusammen an alle danke schön wie geht es euch dir tschüss
    salut bonjour bonsoir coucou bonne nuit journée soirée tout le monde à tous merci ça va comment allez vous
    """.split()  # noqa: SIM905 - three languages read better as three lines than as a list
)


def features(text: str) -> dict[str, int]:
    """``words``: how many are left without mentions, links and emoji; ``meaningful``: 1 or 0."""
    words = [word.lower() for word in _WORD.findall(_NOISE.sub(" ", text))]
    meaningful = len(words) >= MEANINGFUL_WORDS and not set(words) <= _GREETINGS
    return {"words": len(words), "meaningful": int(meaningful)}
