"""``hallkeeper rehearse survey``: one survey in three spaces, answered as it is shown, and compared cell by cell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from app.rehearse.command import Rehearsed
from app.rehearse.crowd import Crowd
from app.rehearse.manager import Manager
from app.rehearse.respondent import Way
from app.rehearse.stage import Stage, StageError
from app.rehearse.verdict import Kept, Verdict, judge, kept, posts
from plugins.surveys.toml_text import Unreadable, read

TWELVE = Path(__file__).with_name("twelve.toml")
DISTRICTS = 30
"""More than a platform shows at once: they are paged."""


def text_of(file: Path | None, members: int) -> str:
    """The survey's text: a manager's, or ours with quotas that fill. Raises :class:`StageError`."""
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise StageError(f"{file} can't be read: {error}") from None
    else:
        districts = json.dumps([f"District {number + 1}" for number in range(DISTRICTS)])[1:-1]
        text = TWELVE.read_text(encoding="utf-8").replace("DISTRICTS", districts)
        text = text.replace("QUOTA", str(max(1, members // 6)))
    try:
        definition = read(text)
    except Unreadable as error:
        raise StageError(f"That survey can't be taken: {error}") from None
    if not definition.questions:
        raise StageError("That survey asks nothing. Add a question first.")
    return text


async def rehearse(stage: Stage, file: Path | None, *, crash: bool, pace: float = 1.0) -> Rehearsed:
    """Build the stage, have the survey answered, and compare what was sent in with the store and the posts."""
    text = text_of(file, stage.count)
    definition = read(text)
    async with AsyncExitStack() as stack:
        await stage.build(stack)
        manager = Manager(stage, definition.title)
        stage.bar.say("The survey is opened")
        await manager.open(text)
        crowd = Crowd(stage, definition, pace)
        seconds = await crowd.answer(crash)
        stage.bar.say("The survey is closed")
        await manager.close()
        stage.bar.say("What they sent in is compared with the store")
        store = await kept(stage, definition)
        verdict = judge(definition, crowd.ways, store)
        stage.bar.say("The posts are looked at")
        findings = verdict.findings + await posts(stage, crowd.posts, store.wave.finished) + stage.troubles
    figures = _figures(stage, crowd.ways, store, verdict, seconds)
    quotas = [[store.wave.cells.get(str(number), 0), one.most] for number, one in enumerate(definition.quotas)]
    return Rehearsed({**figures, "quotas": quotas}, _words(figures), findings)


def _figures(stage: Stage, ways: Sequence[Way], store: Kept, verdict: Verdict, seconds: float) -> dict[str, Any]:
    by_platform = {world.platform.name: _of(ways, world.platform.name) for world in stage.worlds}
    if not store.wave.anonymous:
        for name, figures in by_platform.items():
            figures |= _cells(ways, store, verdict, name)
    return {
        **_of(ways, ""),
        "people": len(ways),
        "finished": sum(way.end == "done" for way in ways),
        "turned_away": sum(way.end == "turned away" for way in ways),
        "turned_back": sum(way.turned for way in ways),
        "stored": sum(len(one) for one in store.answers.values()),
        "lost": verdict.lost.total(),
        "doubled": verdict.more.total() + store.twice,
        "seconds": round(seconds, 1),
        **stage.figures(),
        "platforms": by_platform,
    }


def _of(ways: Sequence[Way], platform: str) -> dict[str, Any]:
    """Of one platform, or of all: ``answered`` are the answers of those who came to the end."""
    times = sorted(ms for way in ways for name, ms in way.times if platform in ("", name)) or [0.0]
    asked = [(way, name) for way in ways for name, by in way.by.items() if platform in ("", by)]
    return {
        "members": sum(platform in ("", one.platform.name) for way in ways for one in way.devices),
        "asked": len(asked),
        "answered": sum(way.end == "done" and name in way.standing for way, name in asked),
        "again": sum(way.again for way in ways if platform in ("", way.devices[0].platform.name)),
        "p50_ms": round(times[len(times) // 2], 1),
        "p99_ms": round(times[min(len(times) - 1, int(0.99 * len(times)))], 1),
    }


def _cells(ways: Sequence[Way], store: Kept, verdict: Verdict, platform: str) -> dict[str, int]:
    """What became of the answers that were sent in there. Of anonymous ones nothing says where that was."""
    by = {(way.person, name): where for way in ways for name, where in way.by.items()}
    here = {key for key, where in by.items() if where == platform}
    return {
        "stored": sum(
            (store.people.get(response_id), name) in here
            for response_id, one in store.answers.items()
            for name in one
        ),
        "lost": sum(count for (owner, cell), count in verdict.lost.items() if (owner, cell.question) in here),
        "doubled": sum(count for (owner, cell), count in verdict.more.items() if (owner, cell.question) in here),
    }


def _words(figures: dict[str, Any]) -> str:
    return (
        f"{figures['people']} people were asked {figures['asked']} questions; {figures['finished']} finished, "
        f"{figures['turned_away']} were turned away by a quota, {figures['turned_back']} times somebody went back "
        f"and changed an answer. Those who finished sent in {figures['answered']} answers, {figures['stored']} are "
        f"stored, {figures['lost']} lost, {figures['doubled']} doubled. From a press to what came next "
        f"{figures['p50_ms']:.0f} ms at the median, {figures['p99_ms']:.0f} ms at 99 %; {figures['again']} times "
        f"somebody saw nothing and went on from the post. {figures['crashes']} processes were killed."
    )
