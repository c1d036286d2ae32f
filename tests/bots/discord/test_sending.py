"""Messages out: once, and every failure by its right name."""

from __future__ import annotations

import asyncio

import pytest

from bots.discord import sending
from core.bot import Address, SendFailed, SendRefused, SendUnknown, Sent, Standing
from core.message import Button, Image, Message
from core.testing.pictures import png
from sandbox.discord.permissions import Permission
from sandbox.faults import Fault, FaultKind
from tests.bots.discord.kit import ACTION, Place

SEND = "POST /channels/{channel}/messages"
HELLO = Message(text="Hello")


def sent(place: Place) -> list[str]:
    return [one.text for one in place.sandbox.record.taken if one.call == SEND]


async def test_a_message_and_its_key(place: Place) -> None:
    out = await place.bot.send(Address(place.space, place.channel), HELLO, key="A" * 22)
    (taken,) = place.sandbox.record.taken
    assert (taken.channel, taken.message, taken.key) == (out.channel, out.message, "A" * 22)
    again = await place.bot.send(Address(place.space, place.channel), HELLO, key="A" * 22)
    assert again == out
    assert len(sent(place)) == 1


async def test_a_private_message(place: Place) -> None:
    out = await place.bot.send(Address(place.space, member=place.member), HELLO, key="k")
    assert out.channel == await place.sandbox.private(place.member)


async def test_a_thread_takes_messages(place: Place) -> None:
    message = await place.post(Message(title="**One** question", text="?", thread=True))
    thread = place.seen(message).thread
    named = {one.id: one.name for one in place.sandbox.state().channels}
    assert named[thread] == "One question"
    out = await place.bot.send(Address(place.space, place.channel, thread=thread), HELLO, key="t")
    assert out.channel == thread


async def test_a_thread_that_cannot_be_is_a_loss_and_no_error(place: Place) -> None:
    await place.sandbox.fault(Fault(FaultKind.DROP, "/threads"))
    message = await place.post(Message(text="?", thread=True))
    assert not place.seen(message).thread
    assert place.bot.health.losses == {"thread": 1}


async def test_edit_and_delete(place: Place) -> None:
    message = await place.post(Message(text="?", controls=(Button("Press", ACTION),)))
    out = Sent(place.channel, message)
    await place.bot.edit(out, Message(title="Over", text="Thank you all"))
    assert (place.seen(message).text, place.seen(message).controls) == ("Over\nThank you all", ())
    await place.bot.delete(out)
    await place.bot.delete(out)  # gone is gone
    with pytest.raises(SendRefused) as refused:
        await place.bot.edit(out, HELLO)
    assert refused.value.gone


async def test_a_channel_that_is_gone(place: Place) -> None:
    await place.sandbox.delete_channel(place.channel)
    with pytest.raises(SendRefused) as refused:
        await place.post(HELLO)
    assert refused.value.gone
    with pytest.raises(SendRefused):
        await place.bot.send(Address(place.space, "no id"), HELLO, key="k")


async def test_a_channel_that_is_closed(place: Place) -> None:
    closed = await place.sandbox.add_channel(place.space, "news", writable=False)
    with pytest.raises(SendRefused) as refused:
        await place.bot.send(Address(place.space, closed), HELLO, key="k")
    assert not refused.value.gone
    assert "50013" in str(refused.value)


async def test_a_channel_that_takes_no_files(place: Place) -> None:
    place.sandbox.world.channels[int(place.channel)].denied = int(Permission.ATTACH_FILES)
    with pytest.raises(SendRefused, match="Missing Permissions") as refused:
        await place.post(Message(text="Look", image=Image(data=png())))
    assert not refused.value.gone
    findings = await place.bot.examine_channel(place.space, place.channel)
    assert [one.text.startswith("Allow the bot 'Attach Files' here") for one in findings] == [True]


async def test_a_member_who_takes_no_private_messages(place: Place) -> None:
    place.sandbox.close_direct(place.member)
    with pytest.raises(SendRefused, match="50007"):
        await place.bot.send(Address(place.space, member=place.member), HELLO, key="k")


async def test_a_server_that_removed_the_bot(place: Place) -> None:
    await place.sandbox.remove(place.space, place.owner)
    with pytest.raises(SendRefused):
        await place.post(HELLO)
    with pytest.raises(SendRefused, match="50278"):
        await place.bot.send(Address(place.space, member=place.member), HELLO, key="k")


@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.DROP_AFTER_TAKING])
async def test_a_broken_line_is_mended_and_nothing_stands_twice(place: Place, kind: FaultKind) -> None:
    await place.sandbox.fault(Fault(kind, SEND))
    message = await place.post(HELLO)
    assert place.seen(message).text == "Hello"
    assert len(sent(place)) == 1


async def test_a_line_that_stays_broken_leaves_it_unknown(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "INSIST_SECONDS", 0.4)
    await place.sandbox.fault(Fault(FaultKind.DROP, SEND, count=100))
    with pytest.raises(SendUnknown):
        await place.post(HELLO)


async def test_no_answer_leaves_it_unknown(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "INSIST_SECONDS", 0.2)
    await place.sandbox.fault(Fault(FaultKind.SLOW, SEND, count=100, seconds=0.5))
    with pytest.raises(SendUnknown):
        await place.post(HELLO)
    await asyncio.sleep(0.4)  # the sandbox ends its sleep


async def test_a_server_error_is_tried_again_with_the_same_key(place: Place) -> None:
    await place.sandbox.fault(Fault(FaultKind.SERVER_ERROR, SEND))
    await place.post(HELLO)
    assert len(sent(place)) == 1
    assert place.sandbox.record.calls[SEND] == 2


async def test_a_rate_limit_is_waited_for(place: Place) -> None:
    await place.sandbox.fault(Fault(FaultKind.RATE_LIMIT, SEND, seconds=0.1))
    await place.post(HELLO)
    assert len(sent(place)) == 1


async def test_a_long_rate_limit_is_handed_on(place: Place) -> None:
    await place.sandbox.fault(Fault(FaultKind.RATE_LIMIT, SEND, seconds=90.0))
    with pytest.raises(SendFailed) as failed:
        await place.post(HELLO)
    assert failed.value.retry_after == 90.0


async def test_an_edit_may_be_tried_again(place: Place) -> None:
    message = await place.post(HELLO)
    await place.sandbox.fault(Fault(FaultKind.DROP_AFTER_TAKING, "PATCH /channels"))
    with pytest.raises(SendFailed):
        await place.bot.edit(Sent(place.channel, message), Message(text="Changed"))


async def test_a_platform_that_is_away(place: Place) -> None:
    await place.sandbox.stop()
    with pytest.raises(SendFailed):
        await place.post(HELLO)
    with pytest.raises(SendFailed):
        await place.bot.standing(place.space, place.member)
    await place.sandbox.start()  # for the fixture's end


async def test_after_the_stop_nothing_goes_out(place: Place) -> None:
    await place.bot.stop()
    with pytest.raises(SendFailed):
        await place.post(HELLO)


async def test_standing(place: Place) -> None:
    admin = await place.sandbox.join(place.space, "Joan", role="admin")
    assert {"owner", "admin"} <= (await place.bot.standing(place.space, place.owner)).roles
    roles = (await place.bot.standing(place.space, admin)).roles
    assert "admin" in roles
    assert "owner" not in roles
    assert any(role.isdecimal() for role in roles)
    assert await place.bot.standing(place.space, place.member) == Standing(True)
    await place.sandbox.leave(admin, place.space)
    assert await place.bot.standing(place.space, admin) == Standing(False)
    assert await place.bot.standing(place.space, "1") == Standing(False)


async def test_channels(place: Place) -> None:
    closed = await place.sandbox.add_channel(place.space, "news", writable=False)
    async with asyncio.timeout(5):
        while len(found := await place.bot.channels(place.space)) < 2:  # noqa: ASYNC110 - no event of ours tells
            await asyncio.sleep(0.005)
    assert [(one.external_id, one.name, one.writable) for one in found] == [
        (place.channel, "general", True),
        (closed, "news", False),
    ]
