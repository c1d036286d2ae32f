"""What members do with a question, and what is counted of it."""

from __future__ import annotations

import pytest

from sandbox.control import OutcomeKind
from tests.e2e.kit import Stage, seen

THANKS = {
    "Mia": "Thank you, your answer counts.",
    "Jonas": "Danke, deine Antwort zählt.",
    "Amélie": "Merci, ta réponse compte.",
    "Rui": "Danke, deine Antwort zählt.",
}
"""Each in the language of the client; for one that we do not speak, in the community's, which is German here."""


async def test_an_answer_by_form_is_acknowledged_in_the_members_language_and_counted(stage: Stage) -> None:
    question = await stage.begin(language="Deutsch")
    assert "Was hat dich diese Woche zum Lächeln gebracht?" in question.text
    for number, (name, thanks) in enumerate(THANKS.items(), 1):
        opened = await stage.press(name, question, "Antworten")
        assert "Was hat dich diese Woche" in seen(opened) or opened.form is not None
        await stage.until_told(name, await stage.write(name, opened, f"Antwort {number}"), thanks)
        assert await stage.counted() == {"answer": number}
    shown = await stage.until_shown("Bisher 4 Antworten")
    assert shown.id == question.id
    assert await stage.rows("SELECT sum(count) FROM participation_day WHERE kind = 'answer'") == [(4,)]
    assert await stage.rows("SELECT count(DISTINCT member) FROM participation") == [(4,)]


async def test_a_plain_reply_is_ticked_and_counted_and_more_of_them_is_talk(stage: Stage) -> None:
    question = await stage.begin()
    for name, words in (("Mia", "A walk by the sea"), ("Jonas", "Ein Spaziergang"), ("Rui", "Um passeio")):
        taken = await stage.reply(name, question, words)
        assert taken.kind is OutcomeKind.ACKNOWLEDGED, taken
        assert len(stage.written(name)[-1].reactions) == 1
    await stage.until_shown("3 answers so far")
    assert await stage.counted() == {"answer": 3}
    await stage.reply("Mia", question, "And a second one, much later in the day")
    await stage.until_counted(answer=3, reply=1)
    assert await stage.rows("SELECT count(*) FROM qotd_answer") == [(3,)]


async def test_an_answer_can_be_changed_by_form_and_by_edit(stage: Stage) -> None:
    question = await stage.begin()
    await stage.answer("Mia", question, "A walk")
    again = await stage.answer("Mia", question, "A longer walk")
    await stage.until_told("Mia", again, "Your answer was changed.")
    await stage.reply("Jonas", question, "Ein Spatz")
    written = stage.written("Jonas")[-1]
    await stage.platform.edit(stage["Jonas"], written.id, "Ein Spaziergang")
    await stage.until_shown("2 answers so far")

    async def listed(*words: str) -> None:
        for _ in range(100):
            shown = seen(await stage.command("Olga", "answers"))
            if all(one in shown for one in words):
                return
        pytest.fail(f"{words} did not come: {shown}")

    await listed(
        "2 answers", "A longer walk", "Ein Spaziergang", "40% of about 5 who could see it when it was posted"
    )
    assert await stage.counted() == {"answer": 2, "change": 1}
    if stage.name != "telegram":  # whose bots hear nothing of deletions
        await stage.platform.delete(stage["Jonas"], written.id)
        await listed("1 answer", "A longer walk")
        await stage.until_shown("1 answer so far")


async def test_a_reaction_counts_once_a_member_and_emoji(stage: Stage) -> None:
    question = await stage.begin()
    if stage.name == "telegram":  # whose bots hear reactions as administrators alone
        await stage.platform.set_role(stage.platform.bot, stage.world.space, "admin")  # type: ignore[attr-defined]  # Telegram's
    for present in (True, False, True):
        await stage.platform.react(stage["Mia"], question.id, "👍", present=present)
    await stage.platform.react(stage["Jonas"], question.id, "👍")
    await stage.platform.react(stage["Jonas"], question.id, "🔥")
    await stage.until_counted(reaction=3)
    await stage.answer("Mia", question, "A walk")  # what came before it has been handled when it is counted
    await stage.until_counted(reaction=3, answer=1)


async def test_a_reaction_that_was_there_before_the_bot_could_see_counts_when_it_comes_again(stage: Stage) -> None:
    question = await stage.begin()
    await stage.platform.react(stage["Mia"], question.id, "👍")
    if stage.name != "telegram":
        await stage.until_counted(reaction=1)
        return  # they are heard from the start
    bot: str = stage.platform.bot  # type: ignore[attr-defined]  # Telegram's
    await stage.platform.set_role(bot, stage.world.space, "admin")
    await stage.platform.react(stage["Mia"], question.id, "👍", present=False)
    await stage.platform.react(stage["Mia"], question.id, "👍")
    await stage.until_counted(reaction=1)
