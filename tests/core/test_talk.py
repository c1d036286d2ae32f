"""What is kept of people's words: a few small numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.talk import features
from tests.core.kit import quick


@pytest.mark.parametrize(
    ("text", "words", "meaningful"),
    [
        ("A walk by the sea", 5, 1),
        ("Hi everyone, good morning all!", 5, 0),
        ("Hallo zusammen, wie geht es euch?", 6, 0),
        ("Salut tout le monde, ça va ?", 6, 0),
        ("Great", 1, 0),
        ("😀 😀 😀 😀 😀", 0, 0),
        ("@mia @jonas <@123> <#5> :wave: :+1:", 0, 0),
        ("see https://example.org/a/b?c=d&e=f now", 2, 0),
        ("I don't know, it's well-known", 5, 1),
        ("Ich weiß es nicht", 4, 1),
        ("", 0, 0),
    ],
)
def test_features(text: str, words: int, meaningful: int) -> None:
    assert features(text) == {"words": words, "meaningful": meaningful}


@quick
@given(st.text(max_size=300))
def test_only_small_numbers_come_of_any_text(text: str) -> None:
    found = features(text)
    assert set(found) == {"words", "meaningful"}
    assert 0 <= found["words"] <= len(text)
    assert found["meaningful"] in (0, 1)
