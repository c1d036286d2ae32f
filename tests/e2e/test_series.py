"""Series with all that they allow, on each platform: threads, likes, answers without a name, suggestions, votes."""

from __future__ import annotations

from collections.abc import Sequence

from tests.e2e.kit import OWNER, Stage, plainly, seen


async def allow(stage: Stage, words: str) -> None:
    """What the community's series allows from now on."""

    def unit(tx: object) -> None:
        tx.execute(f"UPDATE qotd_series SET allows = '{words}'")  # type: ignore[attr-defined]  # noqa: S608  words from below

    await stage.store.write(unit)


async def test_a_series_is_made_and_set_and_its_post_has_it_all(stage: Stage) -> None:
    await stage.begin()
    asked = {
        "Title": "Friday music",
        "Time of day": "18:30",
        "Picture": "https://example.org/a.png",
        "Colour": "1A7F5A",
        "Only these": "",
    }

    def choose(label: str, options: Sequence[str]) -> str:
        for name, value in asked.items():
            if name in label:
                return value
        if "✓ Open a thread for answers" in options:
            return "Done"  # where several are picked one by one
        wanted = ("Mondays", "at random, none twice", "Open a thread for answers", "#lounge")
        return next((one for one in options if one in wanted), options[0] if options else "")

    listed = await stage.command(OWNER, "series")
    made = await stage.fill(OWNER, await stage.press(OWNER, listed, "New series"), choose)
    assert "Its queue is empty" in seen(made)
    await stage.fill(OWNER, await stage.press(OWNER, made, "How posts look"), choose)
    shown = await stage.fill(OWNER, await stage.press(OWNER, made, "Settings"), choose)
    assert "It holds from the next question on" in seen(shown)
    rows = await stage.rows("SELECT title, draw, image, allows FROM qotd_series ORDER BY created_at DESC LIMIT 1")
    assert rows[0][:3] == ("Friday music", "random", "https://example.org/a.png")
    assert "thread" in rows[0][3]
    await stage.store.write(
        lambda tx: (
            tx.execute(
                "UPDATE qotd_question SET sponsor = 'Ludo Ltd', "
                "series_id = (SELECT id FROM qotd_series WHERE draw = 'random') WHERE asked_at IS NULL"
            )
            and None
        )
    )
    preview = await stage.press(OWNER, await stage.command(OWNER, "ask"), "Friday music")
    await stage.press(OWNER, preview, "Post it now")

    async def posts() -> list[str]:
        return [plainly(post.title + post.text) for post in stage.posts() if "Friday music" in post.title + post.text]

    for _ in range(200):
        if found := await posts():
            break
        await stage.settled()
    assert "sponsored by Ludo Ltd" in found[0]


async def test_the_reply_that_was_liked_stands_in_the_next_post(stage: Stage) -> None:
    question = await stage.begin()
    if stage.name == "telegram":  # whose bots hear reactions as administrators alone
        await stage.platform.set_role(stage.platform.bot, stage.world.space, "admin")  # type: ignore[attr-defined]  # Telegram's
    await stage.reply("Mia", question, "A walk by the sea")
    await stage.reply("Jonas", question, "Ein Spaziergang")
    written = stage.written("Jonas")[-1]
    await stage.platform.react(stage["Mia"], written.id, "👍")
    await stage.platform.react(stage["Amélie"], written.id, "🔥")
    await stage.platform.react(stage["Jonas"], stage.written("Mia")[-1].id, "👍")
    await stage.until_counted(answer=2, liking=3)
    second = await stage.ask(2)
    assert "You liked this most last time" in second.text
    assert "Ein Spaziergang" in second.text
    assert "A walk by the sea" not in second.text


async def test_an_answer_without_a_name_and_a_suggestion_that_is_declined(stage: Stage) -> None:
    await stage.arrive()
    await allow(stage, "anonymous suggest")
    question = await stage.ask(1)

    def choose(label: str, options: Sequence[str]) -> str:
        if "Your answer" in label:
            return "Nobody knows"
        return next((one for one in options if one in ("Yes", "yes")), options[0] if options else "yes")

    told = await stage.fill("Mia", await stage.press("Mia", question, "Answer"), choose)
    await stage.until_told("Mia", told, "nobody can see that it is yours")
    assert await stage.rows("SELECT count(*), count(member_id) FROM qotd_answer") == [(1, 0)]
    assert "without a name: Nobody knows" in seen(await stage.command(OWNER, "answers"))

    opened = await stage.press("Rui", question, "Suggest a question")
    await stage.until_told("Rui", await stage.write("Rui", opened, "What is *your* favourite soup?"), "in private")
    await stage.settled()
    one = await stage.press(
        OWNER, await stage.press(OWNER, await stage.command(OWNER, "questions"), "1 suggestion waits"), "1"
    )
    assert "favourite soup" in seen(one)
    done = await stage.write(OWNER, await stage.press(OWNER, one, "Decline"), "No soup today")
    assert "Declined" in seen(done)
    await stage.settled()
    assert await stage.rows("SELECT count(*) FROM qotd_suggestion") == [(0,)]


async def test_a_list_is_pasted_looked_at_and_taken(stage: Stage) -> None:
    await stage.arrive()
    shown = await stage.write(
        OWNER,
        await stage.press(OWNER, await stage.command(OWNER, "questions"), "Add many"),
        "Tea or coffee, and why?, with milk?",
    )
    assert "1 new question" in seen(shown)
    added = await stage.press(OWNER, shown, "Add the 1 that is new")
    assert "11 questions wait" in seen(added)
