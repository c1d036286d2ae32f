"""Who may do what, and for how long it is believed."""

from __future__ import annotations

from uuid import UUID

import pytest

from core import rights
from core.bot import SendFailed, Standing
from core.rights import Right, Standings, right_of
from core.testing import SetClock

HERE, THERE = UUID(int=1), UUID(int=2)
GRANTS = {(HERE, "r1"): Right.HOST, (THERE, "r2"): Right.OWN}


@pytest.mark.parametrize(
    ("roles", "right"),
    [
        ((), Right.ANSWER), (("r1",), Right.HOST), (("r2",), Right.ANSWER), (("admin",), Right.MANAGE),
        (("admin", "r1"), Right.MANAGE), (("owner", "admin"), Right.OWN), (("Owner",), Right.ANSWER),
    ],
)  # fmt: skip
def test_the_highest_right_counts_and_grants_hold_in_their_space_alone(roles: tuple[str, ...], right: Right) -> None:
    assert right_of(Standing(present=True, roles=frozenset(roles)), GRANTS, HERE) is right
    assert right_of(Standing(present=False, roles=frozenset(roles)), GRANTS, HERE) is Right.NONE


class Platform:
    """Answers, or doesn't."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.roles: frozenset[str] = frozenset({"admin"})
        self.away = False

    async def standing(self, space: str, member: str) -> Standing:
        self.asked.append((space, member))
        if self.away:
            raise SendFailed("away")
        return Standing(present=True, roles=self.roles)


async def test_a_standing_is_believed_for_a_minute() -> None:
    clock, platform = SetClock(), Platform()
    standings = Standings(clock)
    assert (await standings.of("p", "s", "mia", platform.standing)).roles == {"admin"}
    platform.roles = frozenset()
    clock.pass_by(59)
    assert (await standings.of("p", "s", "mia", platform.standing)).roles == {"admin"}
    clock.pass_by(2)
    assert (await standings.of("p", "s", "mia", platform.standing)).roles == frozenset()
    assert platform.asked == [("s", "mia")] * 2
    standings.forget("p", "s", "mia")
    await standings.of("p", "s", "mia", platform.standing)
    assert len(platform.asked) == 3


async def test_a_platform_that_is_away_makes_nobody_more_than_present_and_is_asked_again() -> None:
    platform = Platform()
    platform.away = True
    standings = Standings(SetClock())
    assert await standings.of("p", "s", "mia", platform.standing) == Standing(present=True)
    platform.away = False
    assert (await standings.of("p", "s", "mia", platform.standing)).roles == {"admin"}


async def test_the_oldest_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "REMEMBERED", 2)
    platform, standings = Platform(), Standings(SetClock())
    for member in ("a", "b", "c", "c", "b", "a"):
        await standings.of("p", "s", member, platform.standing)
    assert [member for _, member in platform.asked] == ["a", "b", "c", "a"]
