"""Pictures of bytes: uploaded once, shown when Slack is ready, and never in the way of the words."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bots.slack import desk, pictures
from bots.slack.permissions import SCOPES
from core.bot import Address, Answering, SendFailed, Severity
from core.event import Event
from core.message import Button, Image, Message
from core.testing.pictures import png
from sandbox.faults import Fault, FaultKind
from tests.bots.slack.kit import ACTION, Place, running, sandbox_for_us, settle

UPLOADS = ("files.getUploadURLExternal", "upload", "files.completeUploadExternal")
SHOT = Message(text="Look", image=Image(alt="A harbour", data=png()))


async def test_one_upload_serves_all_channels_members_and_edits(place: Place) -> None:
    other = await place.sandbox.add_channel(place.space, "other")
    await place.sandbox.invite_bot(other, place.owner)
    here = await place.bot.send(Address(place.space, place.channel), SHOT, key="1")
    there = await place.bot.send(Address(place.space, other), SHOT, key="2")
    privately = await place.bot.send(Address(place.space, member=place.member), SHOT, key="3")
    await place.bot.edit(there, Message(text="Closed", image=SHOT.image))
    assert [place.calls(name) for name in UPLOADS] == [1, 1, 1]
    seen = [place.seen(one.message) for one in (here, there, privately)]
    assert len({one.images for one in seen}) == 1
    assert [one.alt for one in seen[0].images] == ["A harbour"]
    await place.bot.send(Address(place.space, other), Message(image=Image(data=png(shade=1))), key="4")
    assert [place.calls(name) for name in UPLOADS] == [2, 2, 2]
    # An edit after a restart uploads anew, which nobody sees but in the picture.
    await place.bot.stop()
    await place.bot.start(place.receiver)
    await place.bot.edit(here, SHOT)
    assert [place.calls(name) for name in UPLOADS] == [3, 3, 3]
    assert place.seen(here.message).images != seen[0].images


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (UPLOADS[0], FaultKind.RATE_LIMIT),
        (UPLOADS[1], FaultKind.SERVER_ERROR),
        (UPLOADS[1], FaultKind.DROP),
        (UPLOADS[2], FaultKind.DROP_AFTER_TAKING),
    ],
)
async def test_an_upload_that_went_wrong_posted_nothing_and_may_be_tried_again(
    place: Place, call: str, kind: FaultKind
) -> None:
    await place.sandbox.fault(Fault(kind, match=call, seconds=7))
    with pytest.raises(SendFailed) as failed:
        await place.post(SHOT)
    assert failed.value.retry_after == (7 if kind is FaultKind.RATE_LIMIT else None)
    assert place.messages() == []
    assert place.seen(await place.post(SHOT)).images


async def test_a_slow_upload_is_not_made_twice(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A post that waited for it for long could stand twice, as others look for it by then: it fails instead."""
    await place.sandbox.fault(Fault(FaultKind.SLOW, match="upload", seconds=0.4))
    monkeypatch.setattr(desk, "POST_SECONDS", 0.1)
    with pytest.raises(SendFailed, match="still on its way"):
        await place.post(SHOT)
    assert place.messages() == []
    monkeypatch.undo()
    assert place.seen(await place.post(SHOT)).images
    assert [place.calls(name) for name in UPLOADS] == [1, 1, 1]


async def test_a_stop_lets_go_of_an_upload(place: Place) -> None:
    await place.sandbox.fault(Fault(FaultKind.SLOW, match="upload", seconds=5))
    post = asyncio.create_task(place.post(SHOT))
    await settle(lambda: place.calls("upload") == 1)
    await place.bot.stop()
    with pytest.raises(SendFailed):
        await post
    assert not [one for one in asyncio.all_tasks() if "_uploaded" in repr(one)]


async def test_a_file_that_is_gone_is_uploaded_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = await place.bot.send(Address(place.space, place.channel), SHOT, key="1")
    place.sandbox.workspace.uploads.files.clear()
    monkeypatch.setattr(desk, "READY_SECONDS", 0.0)
    for after in (3600.0, 0.0):  # soon after the upload it is only not ready yet
        assert place.calls("upload") == 1
        monkeypatch.setattr(pictures, "GONE_AFTER", after)
        with pytest.raises(SendFailed, match="invalid slack file"):
            await place.bot.edit(sent, SHOT)
    monkeypatch.undo()
    await place.bot.edit(sent, SHOT)
    assert place.seen(sent.message).images


async def test_without_the_scope_words_stand_for_a_picture() -> None:
    scopes = [one.name for one in SCOPES if one.name != "files:write"]
    async with running(sandbox=sandbox_for_us(scopes=scopes)) as place:
        sent = await place.bot.send(Address(place.space, place.channel), SHOT, key="1")
        assert (place.seen(sent.message).text, place.seen(sent.message).images) == ("Look\nA harbour", ())
        await place.bot.edit(sent, Message(text="Closed", image=SHOT.image))
        assert place.seen(sent.message).text == "Closed\nA harbour"
        assert place.bot.health.losses == {"image": 2}
        lacking = [one for one in await place.bot.examine() if one.subject == "files:write"]
        assert [one.severity for one in lacking] == [Severity.NOTE]


async def test_an_only_you_picture_waits_at_the_act_s_own_address(place: Place) -> None:
    async def answer(_event: Event, answering: Answering) -> None:
        await answering.say(replace(SHOT, controls=(Button("More", ACTION),)))

    async def over(_event: Event, answering: Answering) -> None:
        await answering.say(Message(text="And more", image=Image(data=png(shade=1))))

    place.receiver.answer = answer
    asked = await place.post(Message(text="Press", controls=(Button("Press", ACTION),)))
    shown = (await place.press(asked)).message
    assert shown is not None
    assert (shown.only_for, len(shown.images)) == (place.member, 1)
    place.receiver.answer = over
    await place.press(shown.id)
    after = place.seen(shown.id)  # in its place, though its picture was not ready at first
    assert "And more" in after.text
    assert after.images != shown.images
    assert place.calls("chat.postEphemeral") == 0
