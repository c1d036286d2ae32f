"""What is kept about a member, as they see and erase it on each platform."""

from __future__ import annotations

from tests.e2e.kit import OWNER, Stage


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
