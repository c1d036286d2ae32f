"""Sampling drops, as members meet them: each unit once, to each person once."""

from __future__ import annotations

from tests.core.kit import kinds
from tests.plugins.drops import ADDRESS, AGREED, VOUCHER, Town
from tests.plugins.drops import town as town


async def test_a_member_presses_agrees_and_says_where_it_goes(town: Town) -> None:
    drop = await town.open()
    await town.until_card("3 of 3 left")
    seen = await town.press(drop, "mia")
    assert seen.message
    assert "held for you until" in seen.text
    await town.until_card("2 of 3 left")
    form = await town.press(drop, "mia", "go", form=True)
    assert form.opened
    assert [one.name for one in form.opened.fields] == ["consent"]
    address = await town.fill(drop, "mia", "go", AGREED)
    assert address.opened
    assert [one.name for one in address.opened.fields] == list(ADDRESS)
    done = await town.fill(drop, "mia", "addr", ADDRESS)
    assert "Oat drink" in done.text
    assert await town.figures(drop) == {"pressed": 1, "screened": 1, "given": 1}
    assert await kinds(town.store) == {"press": 1, "screen": 1, "consent": 1, "given": 1}
    await town.true_counts(drop)


async def test_a_code_is_shown_to_whoever_got_it(town: Town) -> None:
    drop = await town.open(VOUCHER, codes=["AAA-111", "BBB-222"])
    await town.press(drop, "mia")
    seen = await town.fill(drop, "mia", "go", AGREED)
    assert seen.message
    assert seen.message.secret
    assert "AAA-111" in seen.text
    again = await town.press(drop, "mia")
    assert "AAA-111" in again.text
    await town.press(drop, "jon", bot=town.other)
    assert "BBB-222" in (await town.fill(drop, "jon", "go", AGREED, town.other)).text
    assert await town.figures(drop) == {"pressed": 3, "screened": 2, "given": 2}
    assert "given away" in (await town.press(drop, "zoe")).text
    await town.true_counts(drop)
