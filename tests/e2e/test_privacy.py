"""What is kept about a member, as they see and erase it on each platform."""

from __future__ import annotations

import re

from tests.e2e.kit import OWNER, Stage, seen


async def test_a_member_sees_what_is_kept_and_erases_it(stage: Stage) -> None:
    done = await stage.arrive()
    await stage.press(OWNER, done, "Post the first one now")
    question = await stage.until_question()
    await stage.answer("Mia", question, "Xylophones at midnight")
    await stage.until_counted(answer=1)
    await stage.until_told("Mia", await stage.command("Mia", "privacy"), "What is kept about you")
    await stage.until_told("Mia", await stage.command("Mia", "mydata"), "Xylophones at midnight")
    asked = await stage.command("Mia", "forget")
    await stage.until_told("Mia", asked, "Erase what is kept about you?")
    assert await stage.rows("SELECT count(*) FROM qotd_answer") == [(1,)]
    gone = await stage.press("Mia", asked, "Erase all of mine")
    await stage.until_told("Mia", gone, "leads to nobody")
    assert await stage.rows("SELECT count(*) FROM qotd_answer") == [(0,)]
    assert await stage.rows("SELECT count(*) FROM member") == [(0,)]
    assert await stage.rows("SELECT count(*) FROM dialogue") == [(0,)]
    assert await stage.rows("SELECT count(*) FROM participation") == [(1,)]


async def test_two_accounts_are_linked_by_a_code_that_nobody_else_sees(stage: Stage) -> None:
    await stage.arrive()
    made = await stage.command("Mia", "link")
    if stage.name == "telegram":  # the group is told to open the private chat, and sees no code
        assert "for you alone" in seen(made)
        await stage.platform.private(stage["Mia"])
        await stage.platform.private(stage["Jonas"])
        made = await stage.command("Mia", "link")
    await stage.until_told("Mia", made, "within 15 minutes")
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", seen(made) + stage.told("Mia"))
    assert code
    await stage.until_told("Mia", await stage.command("Mia", f"link {code.group()}"), "this very account")
    await stage.until_told("Jonas", await stage.command("Jonas", f"link {code.group()}"), "Verknüpft")
    assert await stage.rows("SELECT count(DISTINCT person_id) FROM account") == [(2,)], "Olga, and the two as one"
    await stage.until_told("Jonas", await stage.command("Jonas", "unlink"), "wieder für sich")
    assert await stage.rows("SELECT count(DISTINCT person_id) FROM account") == [(3,)]
