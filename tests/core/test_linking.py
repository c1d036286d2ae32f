"""Two accounts of one human: linked by a code, and unlinked."""

from __future__ import annotations

import re

from core.hall import Hall
from core.linking import LINK_LIVES
from core.testing import FakeBot, SetClock, install
from storage.retention import purge
from tests.core.kit import rows

WRONG = "wrong, used or older"


async def code_of(bot: FakeBot, who: str) -> str:
    """A code that somebody made."""
    found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", (await bot.command("link", who)).text)
    assert found
    return found.group()


async def people(hall: Hall) -> tuple[int, int]:
    """How many persons stand in the store, and how many their accounts lead to."""
    [(all_of_them,)] = await rows(hall.store, "SELECT count(*) FROM person")
    [(led_to,)] = await rows(hall.store, "SELECT count(DISTINCT person_id) FROM account")
    return int(str(all_of_them)), int(str(led_to))


async def test_two_accounts_become_one_person_and_two_again(hall: Hall, bot: FakeBot) -> None:
    await install(bot)  # Olga is the first person
    code = await code_of(bot, "mia")
    assert await people(hall) == (2, 2)
    assert "count as one person" in (await bot.command("link", "mia2", code.lower())).text
    assert await people(hall) == (2, 2)
    assert await rows(hall.store, "SELECT count(*) FROM account") == [(3,)]
    assert "linked with an account on**: fake" in (await bot.command("mydata", "mia")).text
    assert "for itself again" in (await bot.command("unlink", "mia")).text
    assert await people(hall) == (3, 3)
    assert "linked with" not in (await bot.command("mydata", "mia2")).text
    for who in ("mia", "mia2", "olga"):
        assert "linked with no other" in (await bot.command("unlink", who)).text


async def test_whoever_is_linked_brings_the_others_along(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    await bot.command("link", "b", await code_of(bot, "a"))
    await bot.command("link", "b", await code_of(bot, "c"))
    assert await people(hall) == (2, 2)  # Olga, and a with b and c
    code = await code_of(bot, "a")
    assert "linked already" in (await bot.command("link", "c", code)).text
    assert await people(hall) == (2, 2)


async def test_a_code_is_good_once_for_another_in_time(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    await install(bot)
    code = await code_of(bot, "mia")
    assert "this very account" in (await bot.command("link", "mia", code)).text
    assert WRONG in (await bot.command("link", "zoe", "ABCD-EFGH")).text
    assert WRONG in (await bot.command("link", "zoe", "?!")).text
    assert "one person" in (await bot.command("link", "mia2", code)).text  # what went wrong before used nothing up
    assert WRONG in (await bot.command("link", "zoe", code)).text
    late = await code_of(bot, "mia")
    time.pass_by(seconds=LINK_LIVES.total_seconds())
    assert WRONG in (await bot.command("link", "zoe", late)).text
    old, new = await code_of(bot, "mia"), await code_of(bot, "mia")
    assert WRONG in (await bot.command("link", "zoe", old)).text
    assert "one person" in (await bot.command("link", "zoe", new)).text


async def test_no_code_stands_readable_and_none_stays(hall: Hall, bot: FakeBot, time: SetClock) -> None:
    await install(bot)
    code = (await code_of(bot, "mia")).replace("-", "")
    found = await rows(hall.store, "SELECT * FROM link_code")
    assert len(found) == 1
    assert code not in repr(found)
    time.pass_by(seconds=LINK_LIVES.total_seconds() + 1)
    await purge(hall.store)
    assert await rows(hall.store, "SELECT * FROM link_code") == []


async def test_who_is_forgotten_leaves_the_other_and_no_code(hall: Hall, bot: FakeBot) -> None:
    await install(bot)
    code = await code_of(bot, "mia")
    await bot.command("link", "mia2", code)
    open_code = await code_of(bot, "mia")
    await bot.press((await bot.command("forget", "mia")).button("Erase all of mine"), "mia")
    assert WRONG in (await bot.command("link", "zoe", open_code)).text
    assert "linked with no other" in (await bot.command("unlink", "mia2")).text
    assert await people(hall) == (2, 2)  # Olga and mia2: zoe, who was refused, is nobody
