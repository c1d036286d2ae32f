"""Which questions are the same, or nearly: so that nothing is asked twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

LIKE = 75.0
"""RapidFuzz's ratio (0 to 100) of the sorted words from which two questions are shown as alike. Ours, by trying."""
SHOWN = 3

_WORD = re.compile(r"[^\W_]+")


def same(text: str) -> str:
    """What two texts have in common that say the same: their words, without case, marks and spaces. Of one without a
    word, such as of emoji alone, itself."""
    text = unicodedata.normalize("NFC", text).casefold()
    return " ".join(_WORD.findall(text)) or text.strip()


def alike(text: str, others: Sequence[str]) -> list[int]:
    """The places of up to three others that are nearest to a text, the nearest first."""
    from rapidfuzz import fuzz, process  # no start needs it

    near = process.extract(
        _sorted(text), [_sorted(one) for one in others], scorer=fuzz.ratio, score_cutoff=LIKE, limit=SHOWN
    )
    return [int(place) for _words, _score, place in near]


def nearest(texts: Sequence[str], others: Sequence[str], least: float) -> list[int | None]:
    """For each text the place of the nearest other that is at least so like it."""
    from rapidfuzz import fuzz, process

    known = [_sorted(one) for one in others]
    found = [process.extractOne(_sorted(one), known, scorer=fuzz.ratio, score_cutoff=least) for one in texts]
    return [int(one[2]) if one is not None else None for one in found]


def _sorted(text: str) -> str:
    """Its words in alphabetical order, so that their order in the text makes no difference."""
    return " ".join(sorted(same(text).split()))
