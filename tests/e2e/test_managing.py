"""What managers do with the question of the day."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from tests.e2e.kit import OWNER, Stage, plainly, seen


async def test_a_question_is_added_and_posted_as_it_was_written(stage: Stage) -> None:
    await stage.begin()
    words = "Is *this* _one_ <b>bold</b> & what about `code`, @everyone?"
    added = await stage.write(OWNER, await stage.open(OWNER, "question"), words)
    assert "Added. 10 questions wait." in seen(added)
    again = await stage.write(OWNER, await stage.press(OWNER, added, "Add another"), "Tea or coffee, and why?")
    assert "11 questions wait" in seen(again)
    queue = await stage.press(OWNER, again, "Show the queue")
    assert "11 questions wait" in seen(queue)
    assert words in seen(await stage.command(OWNER, "questions"))
    await skip_starters(stage)
    question = await stage.ask(2)
    assert words in plainly(question.text)
    assert not question.reactions


async def test_the_next_question_is_shown_first_and_posted_once(stage: Stage) -> None:
    first = await stage.begin()
    shown = await stage.command(OWNER, "ask")
    assert "What is the best thing that you learned lately" in seen(shown)
    assert len(stage.questions()) == 1
    assert "On its way" in seen(await stage.press(OWNER, shown, "Post it now"))
    second = await stage.until_question(2)
    assert "learned lately" in second.text
    # The one before closes, and its button goes.
    closed = await stage.until_shown("Closed with 0 answers")
    assert (closed.id, closed.controls) == (first.id, ())
    await skip_starters(stage)
    empty = await stage.command(OWNER, "ask")
    assert "No question waits" in seen(empty)
    added = await stage.write(OWNER, await stage.press(OWNER, empty, "Add a question"), "Which soup is best?")
    assert "Added. 1 question waits." in seen(added)


async def test_time_days_and_zone_change_and_the_next_time_is_told(stage: Stage) -> None:
    await stage.arrive()
    opened = await stage.open(OWNER, "daily")

    def choose(label: str, options: Sequence[str]) -> str:
        if "Time of day" in label:
            return "18:30"
        if "Time zone" in label:
            return "new york"
        return next((one for one in options if one == "Monday to Friday"), options[0] if options else "")

    shown = await stage.fill(OWNER, opened, choose)
    # It is Saturday, and nothing is saved yet.
    assert "Monday to Friday at 18:30 (America/New_York)" in seen(shown).replace("*", "")
    assert "Mon, Nov 23, 2026, 18:30" in seen(shown)
    assert await stage.rows("SELECT time_zone FROM community") == [("Europe/Berlin",)]
    saved = await stage.press(OWNER, shown, "Save")
    assert "Next: Mon, Nov 23, 2026, 18:30" in seen(saved)
    assert await stage.rows("SELECT time_zone FROM community") == [("America/New_York",)]
    [(at,)] = await stage.rows("SELECT next_at FROM schedule")
    assert str(at).startswith("2026-11-23 23:30")
    # What is set now stands in the form.
    reopened = await stage.open(OWNER, "daily")
    kept = {label(one.label): one.value for one in reopened.form.fields} if reopened.form else {}
    if kept:
        assert kept["Time of day"] == "18:30"
        assert kept["Time zone"] == "America/New_York"
    else:
        assert reopened.message is not None
        assert any("18:30" in control.label for control in reopened.message.controls)


async def test_a_schedule_of_another_kind_is_previewed_saved_skipped_and_ended(stage: Stage) -> None:
    await stage.arrive()
    listed = await stage.command(OWNER, "schedules")
    assert "Every day at 09:00" in seen(listed)

    def choose(label: str, options: Sequence[str]) -> str:
        if "Time of day" in label:
            return "2:30"
        if "Time zone" in label:
            return "Berlin"
        wanted = ("Once a month, on a weekday", "The last", "Sunday")
        return next((one for one in options if one in wanted), "")

    more = await stage.fill(OWNER, await stage.press(OWNER, listed, "Change"), choose)
    if more.form is None and any(one.label == "Continue" for one in more.message.controls if more.message):
        more = await stage.press(OWNER, more, "Continue")
    shown = await stage.fill(OWNER, more, choose)
    assert "Each month on the last Sunday at 02:30" in seen(shown)
    assert "Sun, Mar 28, 2027, 02:30 · the clocks go forward, so it is 03:30" in seen(shown).replace("_", "")
    assert await stage.rows("SELECT kind FROM schedule") == [("daily",)]
    saved = await stage.press(OWNER, shown, "Save")
    assert "Next: Sun, Nov 29, 2026, 02:30" in seen(saved)
    skipped = await stage.press(OWNER, saved, "Skip the next one")
    assert "Next: Sun, Dec 27, 2026, 02:30" in seen(skipped)
    ended = await stage.press(OWNER, await stage.press(OWNER, skipped, "End"), "End it")
    assert "It has ended." in seen(ended)
    assert await stage.rows("SELECT next_at FROM schedule") == [(None,)]


async def test_a_test_post_comes_in_private(stage: Stage) -> None:
    await stage.arrive()
    shown = await stage.command(OWNER, "ask")
    told = await stage.press(OWNER, shown, "Send it to me as a test")
    await stage.until_told(OWNER, told, "Test: only you see this")
    assert stage.questions() == []


def label(text: str) -> str:
    """A field's label without what a platform adds."""
    return text.rstrip(" *")


async def test_answers_are_listed_with_their_people(stage: Stage) -> None:
    question = await stage.begin()
    assert "0 answers" in seen(await stage.command(OWNER, "answers"))
    await stage.answer("Mia", question, "The *sea* in <winter>")
    await stage.reply("Jonas", question, "Ein neues Lied von nebenan")
    await stage.until_shown("2 answers so far")
    shown = seen(await stage.command(OWNER, "answers"))
    assert "2 answers" in shown
    assert "The *sea* in <winter>" in shown
    assert "Ein neues Lied von nebenan" in shown
    assert "Mia" in shown or "a member" in shown


async def skip_starters(stage: Stage) -> None:
    """As if all questions of our own had been asked."""
    statement = text("UPDATE qotd_question SET asked_at = created_at WHERE language IS NULL")
    await stage.store.write(lambda tx: tx.execute(statement) and None)
