"""Posts that need a manager, as managers meet them on each platform."""

from __future__ import annotations

from app.acting import until
from sandbox.faults import Fault, FaultKind
from tests.e2e.forging import close
from tests.e2e.kit import OWNER, Stage, seen

SEND = {"discord": "POST /channels/{channel}/messages", "slack": "chat.postMessage", "telegram": "sendMessage"}


async def ask(stage: Stage) -> None:
    await stage.press(OWNER, await stage.command(OWNER, "ask"), "Post it now")


async def until_state(stage: Stage, state: str, passing: float = 0.0) -> None:
    """Wait until the post in the channel is so, so many seconds passing at each look."""

    async def find() -> bool:
        stage.clock.pass_by(passing)
        return bool(await stage.rows(f"SELECT 1 FROM delivery WHERE channel_id IS NOT NULL AND state = '{state}'"))  # noqa: S608

    await until(find, f"a post that is {state}", seconds=8.0)


async def test_a_post_into_a_closed_channel_is_tried_again_when_it_is_open(stage: Stage) -> None:
    done = await stage.arrive()
    close(stage)
    await stage.press(OWNER, done, "Post the first one now")
    await until_state(stage, "failed")
    close(stage, writable=True)
    shown = await stage.command(OWNER, "posts")
    await stage.until_told(OWNER, shown, "These posts need you")
    again = await stage.press(OWNER, shown, "Try again")
    await stage.until_told(OWNER, again, "On its way again.")
    await stage.until_question()
    assert len(stage.questions()) == 1
    await stage.until_told(OWNER, await stage.command(OWNER, "posts"), "It is posted by now.")
    await stage.until_told(OWNER, again, "A post needs you")


async def test_a_post_of_which_nobody_knows_is_asked_about_where_the_platform_can_t_be_asked(stage: Stage) -> None:
    done = await stage.arrive()
    await stage.platform.fault(Fault(FaultKind.DROP_AFTER_TAKING, match=SEND[stage.name]))
    await stage.press(OWNER, done, "Post the first one now")
    if stage.house.hall.bots[stage.name].capabilities.finds:
        await until_state(stage, "sent", passing=11)
        assert "need you" not in seen(await stage.command(OWNER, "posts")) + stage.told(OWNER)
    else:
        await until_state(stage, "unknown")
        shown = await stage.command(OWNER, "posts")
        there = await stage.press(OWNER, shown, "It's there")
        await stage.until_told(OWNER, there, "Noted: it is there.")
    (question,) = stage.questions()
    await stage.answer("Mia", question, "A walk")
    await stage.until_counted(answer=1)


async def test_many_posts_fit_what_a_platform_shows(stage: Stage) -> None:
    await stage.begin()
    for _number in range(3):
        stage.clock.pass_by(1)
        await ask(stage)
    await stage.until_question(4)
    table = "UPDATE delivery SET state = 'unknown', external_id = NULL WHERE channel_id IS NOT NULL"
    await stage.store.write(lambda tx: tx.execute(table) and None)
    shown = await stage.command(OWNER, "posts")
    await stage.until_told(OWNER, shown, "4. ")
    there = await stage.press(OWNER, shown, "4. Let it go")
    await stage.until_told(OWNER, there, "Let go: it is not sent any more.")
