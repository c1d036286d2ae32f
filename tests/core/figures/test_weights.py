"""Raking to known margins."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.figures.weights import Unweighable, effective_n, rake

AGES, PLACES = ("young", "old"), ("here", "there", "elsewhere")
SHARES = st.integers(1, 100)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(AGES), st.sampled_from(PLACES)), max_size=80),
    st.tuples(SHARES, SHARES),
    st.tuples(SHARES, SHARES, SHARES),
)
def test_raked_answers_have_the_margins(
    more: list[tuple[str, str]], ages: tuple[int, ...], places: tuple[int, ...]
) -> None:
    everybody = [(age, place) for age in AGES for place in PLACES]
    answers = [{"age": age, "place": place} for age, place in [*everybody, *more]]
    margins = {"age": dict(zip(AGES, ages, strict=True)), "place": dict(zip(PLACES, places, strict=True))}
    found = rake(
        answers, {name: {key: float(one) for key, one in shares.items()} for name, shares in margins.items()}
    )
    assert sum(found.each) == pytest.approx(len(answers))
    for name, shares in margins.items():
        sums: Counter[str] = Counter()
        for answer, weight in zip(answers, found.each, strict=True):
            sums[answer[name]] += weight  # type: ignore[assignment]  # a counter of weights
        for category, share in shares.items():
            assert sums[category] / len(answers) == pytest.approx(share / sum(shares.values()), abs=1e-6)
    assert 0 < found.effective.value <= len(answers) + 1e-9
    assert found.effective.n == len(answers)


def test_the_effective_n() -> None:
    assert effective_n([1, 1, 1, 1]) == 4
    assert effective_n([3, 1]) == pytest.approx(1.6)
    assert effective_n([]) == 0
    found = rake([{"age": "young"}] * 8 + [{"age": "old"}] * 2, {"age": {"young": 50, "old": 50}})
    assert found.each == pytest.approx([0.625] * 8 + [2.5] * 2)
    assert found.effective.value == pytest.approx(6.4)


def test_what_can_not_be_weighted_says_why() -> None:
    with pytest.raises(Unweighable, match="nobody of 'old'") as nobody:
        rake([{"age": "young"}], {"age": {"young": 50, "old": 50}})
    assert (nobody.value.group, nobody.value.category) == ("age", "old")
    with pytest.raises(Unweighable, match="not in the margin"):
        rake([{"age": "ageless"}], {"age": {"ageless": 0, "old": 1}})
    tied = [{"age": "young", "place": "here"}, {"age": "old", "place": "there"}]
    with pytest.raises(Unweighable, match="contradict"):
        rake(tied, {"age": {"young": 90, "old": 10}, "place": {"here": 10, "there": 90}})
