"""Input that is wrong, and how it ends: well, and with words that say what to do."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import pytest
from sqlalchemy import text

from app.acting import ASIDE, press, until
from core.action import Action
from core.bot import BotStartError
from core.testing import SetClock
from sandbox.control import Outcome, OutcomeKind, Platform
from storage.errors import StoreAhead
from tests.app.conftest import CommandLine
from tests.e2e.forging import close, forge, forge_form
from tests.e2e.kit import OWNER, Stage, hall, populated, section, seen

TOKENS = {
    "discord": {"token": "wrong.and.secret"},
    "slack": {"bot_token": "xoxb-wrong-and-secret"},
    "telegram": {"token": "999999:wrong-and-secret"},
}
CLUMSY = str(Path(__file__).parent / "clumsy.py")


async def test_a_wrong_token_is_told_at_the_start(
    platform: Platform, clock: SetClock, sqlite_url: str, tmp_path: Path
) -> None:
    wrong = {platform.name: {**section(platform), **TOKENS[platform.name]}}
    with pytest.raises(BotStartError) as told:
        async with hall([platform], sqlite_url, tmp_path, clock, **wrong):
            pytest.fail("it started")
    assert "token" in str(told.value)
    assert platform.name in str(told.value).lower()
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("platform", ["discord"], indirect=True)
async def test_a_wrong_token_ends_the_run(platform: Platform, hallkeeper: CommandLine) -> None:
    hallkeeper.config(discord={**section(platform), "token": "wrong.and.secret"})
    ended = await hallkeeper("run")
    assert ended.code == 1
    assert "token" in ended.err.splitlines()[-1]
    assert "Traceback" not in ended.err
    assert "secret" not in ended.err + ended.out


async def test_a_channel_that_it_may_not_write_in_is_shown_to_the_manager(stage: Stage) -> None:
    done = await stage.arrive()
    close(stage)
    await stage.press(OWNER, done, "Post the first one now")
    await until(lambda: failed(stage), "the failure", seconds=8.0)
    [(error,)] = await stage.rows("SELECT error FROM delivery WHERE channel_id IS NOT NULL")
    assert error
    page = await managers_page(stage)
    assert "Needs you" in page
    assert error.split("\n")[0][:20] in page
    close(stage, writable=True)
    assert "learned lately" in (await stage.ask(1)).text


async def failed(stage: Stage) -> bool:
    return await stage.rows("SELECT state FROM delivery WHERE channel_id IS NOT NULL") == [("failed",)]


async def managers_page(stage: Stage) -> str:
    """What the owner sees who follows the link that the bot gives."""
    given = await stage.command(OWNER, "page")
    assert given.message is not None
    [link] = [one.url for one in given.message.controls if one.kind == "link"]
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
        session.get(link) as answer,
    ):
        assert answer.status == 200
        return await answer.text()


async def test_a_question_of_5000_characters_is_refused_in_the_form_which_keeps_it(stage: Stage) -> None:
    await stage.arrive()
    long = "Why? " * 1000
    opened = await stage.open(OWNER, "question")
    if opened.form is not None:
        refused = await stage.write(OWNER, opened, long)
        assert refused.kind is OutcomeKind.INVALID
        assert refused.form is not None
        assert "500" in refused.form.fields[0].error
        assert refused.form.fields[0].value == long
        added = await stage.write(OWNER, refused, "Why not?")
    else:
        # Telegram's app sends it as two messages, where both still stand to be copied from.
        refused = await stage.write(OWNER, opened, long[:4096])
        assert "Too long: 4096 characters, at most 500 fit." in seen(refused)
        refused = await stage.write(OWNER, refused, long[4096:])
        assert "at most 500 fit" in seen(refused)
        added = await stage.write(OWNER, refused, "Why not?")
    assert "Added. 11 questions wait." in seen(added)


async def test_a_zone_with_a_typo_gets_the_nearest_ones_and_the_form_keeps_the_rest(stage: Stage) -> None:
    opened = await press(stage.world, stage[OWNER], await stage.install())

    def choose(label: str, options: Sequence[str]) -> str:
        if "Time zone" in label:
            return "Europe/Belrin"
        return next((one for one in options if one == "Français"), options[0] if options else "")

    if opened.form is not None:
        refused = await stage.fill(OWNER, opened, choose)
    else:  # question by question: up to the one that was answered wrongly
        refused = opened
        for _ in range(6):
            if "Did you mean" in seen(refused) or refused.message is None:
                break
            labels = [one.label for one in refused.message.controls if one.label not in ASIDE]
            refused = await answer_question(stage, refused, choose(refused.message.text, labels))
    assert "I don't know Europe/Belrin. Did you mean Europe/Berlin" in seen(refused)
    assert await stage.rows("SELECT count(*) FROM community") == [(0,)]
    if stage.name == "discord":  # whose forms close when they are sent
        refused = await stage.press(OWNER, refused, "Try again")
    if refused.form is not None:
        fields = {one.label.rstrip(" *"): one for one in refused.form.fields}
        assert fields["Time zone"].value == "Europe/Belrin"
        mended: dict[str, str | list[str]] = {fields["Time zone"].id: "Europe/Berlin"}
        kept = {one.id: one.value for one in refused.form.fields if one.value and one.id not in mended}
        done = await stage.platform.fill(stage[OWNER], refused.form.id, {**kept, **mended})
    else:
        done = await answer_question(stage, refused, "Europe/Berlin")
    assert "lives in Europe/Berlin" in seen(done)
    assert await stage.rows("SELECT language, time_zone FROM community") == [("fr", "Europe/Berlin")]


async def answer_question(stage: Stage, asked: Outcome, answer: str) -> Outcome:
    """Answer one question of a dialogue by its button, else by writing."""
    assert asked.message is not None
    for control in asked.message.controls:
        if control.label == (answer or "Skip"):
            return await stage.platform.press(stage[OWNER], asked.message.id, control.id)
    return await stage.platform.type(stage[OWNER], asked.message.channel, answer, wait=5.0)


async def test_a_press_on_what_is_gone_gets_a_kind_word(stage: Stage) -> None:
    question = await stage.begin()
    opened = await stage.press("Mia", question, "Answer")
    second = await stage.ask(2)
    # The form was open while the question closed.
    late = await stage.write("Mia", opened, "A walk")
    await stage.until_told("Mia", late, "closed")
    await stage.settled()
    await stage.store.write(lambda tx: tx.execute(text("DELETE FROM qotd_asked")) and None)
    await stage.store.write(lambda tx: tx.execute(text("DELETE FROM activity")) and None)
    gone = await stage.press("Mia", second, "Answer")
    await stage.until_told("Mia", gone, "This question was removed.")
    await stage.platform.type(stage["Mia"], second.channel, "A late reply", reply_to=second.id)
    assert "No question was posted yet" in seen(await stage.command(OWNER, "answers"))
    assert await stage.counted() == {}


async def test_a_forged_payload_does_nothing(stage: Stage) -> None:
    question = await stage.begin()
    community, waiting = [
        UUID(bytes=value) for [(value,)] in (
            await stage.rows("SELECT id FROM community"),
            await stage.rows("SELECT id FROM qotd_question WHERE asked_at IS NULL ORDER BY id LIMIT 1"),
        )
    ]  # fmt: skip
    before = await everything(stage)
    forged = {
        "nonsense": "",
        "AAAA": "",
        "CXFkA25vdw": "",  # of a version that there is not
        Action("qd", "now", (waiting,), community).encode(): "Only those who manage",
        Action("qd", "now", (waiting,), uuid4()).encode(): "no longer does anything",
        Action("qd", "gone", (), community).encode(): "no longer does anything",
        Action("zz", "boom").encode(): "no longer does anything",
    }
    for payload, words in forged.items():
        outcome = await forge(stage, "Mia", question, payload)
        assert outcome.kind is OutcomeKind.MESSAGE, f"{payload}: {outcome}"
        assert words in seen(outcome), payload
        assert "number" not in seen(outcome), f"{payload} was a fault of ours"
    # The owner may, so what is behind the check must stand a strange argument, too.
    for args in ((7,), (), (uuid4(),)):
        outcome = await forge(stage, OWNER, question, Action("qd", "now", args, community).encode())
        assert "That question was posted already" in seen(outcome)
        await stage.until_told(OWNER, await forge_form(stage, OWNER, question, "answer", args), "This question was")
    assert await everything(stage) == before


async def everything(stage: Stage) -> list[object]:
    """What a press could have changed."""
    tables = ("activity", "delivery", "participation", "qotd_answer", "qotd_series", "schedule")
    counts = [await stage.rows(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608 - names from above
    return [*counts, await stage.rows("SELECT id, asked_at FROM qotd_question ORDER BY id")]


async def test_a_plugin_that_raises_leaves_nothing_half_written(
    platform: Platform, clock: SetClock, sqlite_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world, people = await populated(platform)
    plugins = {"plugins": ["question_of_the_day", CLUMSY]}
    async with hall([platform], sqlite_url, tmp_path, clock, **plugins) as house:
        stage = Stage(world, house, clock, people)
        question = await stage.begin()
        before = await everything(stage)
        sorry = await stage.command("Mia", "stumble")
        in_german = await stage.command("Jonas", "stumble")
        [number] = set(re.findall(r"the number ([0-9a-f]{8})\.", seen(sorry)))
        assert "nothing was changed" in seen(sorry)
        assert "Das hat leider nicht geklappt" in seen(in_german)
        raised = [one for one in caplog.records if getattr(one, "values", {}).get("trace") == number]
        assert len(raised) == 1
        assert raised[0].levelname == "ERROR"
        assert raised[0].exc_info
        assert await everything(stage) == before
        await stage.answer("Mia", question, "A walk")  # and it goes on
        await stage.until_counted(answer=1)


@pytest.mark.parametrize("platform", ["telegram"], indirect=True)
@pytest.mark.parametrize("table", ["alembic_version", "qotd_version"])
async def test_a_store_that_is_a_version_ahead_is_left_alone(
    platform: Platform, clock: SetClock, sqlite_url: str, tmp_path: Path, table: str
) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        store.execute(f"UPDATE {table} SET version_num = '9999'")  # noqa: S608 - names from above
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, tmp_path / "before.db")
    with pytest.raises(StoreAhead, match="newer"):
        async with hall([platform], sqlite_url, tmp_path, clock):
            pytest.fail("it started")
    with closing(sqlite3.connect(path)) as after, closing(sqlite3.connect(tmp_path / "before.db")) as before:
        assert list(after.iterdump()) == list(before.iterdump())
    assert platform.record.calls == {}, "it must not talk to anybody"
