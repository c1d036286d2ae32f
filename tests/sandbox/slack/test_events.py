"""What the app hears of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sandbox.control import ControlError
from tests.sandbox.slack.kit import JSON, Hall, until

Make = Callable[..., Awaitable[Hall]]


async def test_the_app_is_added_and_taken_out(hall: Hall) -> None:
    hall.listen("member_joined_channel", "app_uninstalled", "tokens_revoked", "message")
    await hall.sandbox.add_channel(hall.space, "quiet", writable=False)
    await hall.run()
    added = await hall.event()
    assert added | {"event_ts": ""} == {
        "type": "member_joined_channel", "user": hall.sandbox.world.bot.id, "channel": hall.general,
        "channel_type": "C", "team": hall.space, "inviter": hall.olga, "event_ts": "",
    }  # fmt: skip
    late = await hall.sandbox.add_channel(hall.space, "late")
    await hall.sandbox.type(hall.olga, late, "nobody hears this")
    await hall.sandbox.invite_bot(late, hall.olga)
    assert (await hall.event())["channel"] == late
    await hall.sandbox.remove(hall.space, hall.olga)
    assert {(await hall.event())["type"], (await hall.event())["type"]} == {"app_uninstalled", "tokens_revoked"}
    await hall.sandbox.type(hall.olga, hall.general, "nor this")
    with pytest.raises(ControlError):
        await hall.sandbox.command(hall.olga, hall.general, "/hall")
    await hall.sandbox.install(hall.space, hall.olga)
    assert {(await hall.event())["channel"], (await hall.event())["channel"]} == {hall.general, late}
    assert hall.events.empty()


async def test_the_envelope_around_an_event(hall: Hall) -> None:
    hall.listen("member_joined_channel")
    await hall.run()
    await hall.event()
    body = hall.bodies[0]
    assert body["type"] == "event_callback"
    assert (body["team_id"], body["event_id"][:2]) == (hall.space, "Ev")
    assert abs(body["event_time"] - float(body["event"]["event_ts"])) < 60
    assert body["authorizations"] == [
        {
            "enterprise_id": None,
            "team_id": hall.space,
            "user_id": hall.sandbox.world.bot.id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
    ]


async def test_messages_threads_edits_and_deletions(hall: Hall) -> None:
    hall.listen("message", "app_mention")
    await hall.run()
    said = await hall.sandbox.type(hall.olga, hall.general, "1 < 2 & @hallkeeper")
    assert said.message is not None
    assert said.message.text == "1 < 2 & @hallkeeper"
    root = said.message.id
    bot = hall.sandbox.world.bot.id
    both = {event["type"]: event for event in (await hall.event(), await hall.event())}
    assert both["message"]["text"] == f"1 &lt; 2 &amp; <@{bot}>"
    assert (both["message"]["user"], both["message"]["channel_type"]) == (hall.olga, "channel")
    assert both["app_mention"]["ts"] == both["message"]["ts"] == root

    reply = await hall.sandbox.type(hall.olga, hall.general, "more", reply_to=root)
    event = await hall.event()
    assert (event["thread_ts"], event["parent_user_id"]) == (root, hall.olga)
    assert reply.message is not None
    below = await hall.sandbox.type(hall.olga, hall.general, "deeper", reply_to=reply.message.id)
    assert below.message is not None
    assert below.message.thread == root
    await hall.event()

    await hall.sandbox.edit(hall.olga, root, "other")
    event = await hall.event()
    assert (event["subtype"], event["message"]["text"], event["message"]["edited"]["user"]) == (
        "message_changed", "other", hall.olga,
    )  # fmt: skip
    assert event["previous_message"]["text"].startswith("1 ")
    await hall.sandbox.delete(hall.olga, reply.message.id)
    event = await hall.event()
    assert (event["subtype"], event["deleted_ts"]) == ("message_deleted", reply.message.id)
    with pytest.raises(ControlError):
        await hall.sandbox.edit(hall.olga, reply.message.id, "gone")


async def test_the_bot_hears_itself_and_bolt_ignores_it(hall: Hall) -> None:
    hall.listen("message")
    await hall.run()
    await hall.post()
    await hall.sandbox.type(hall.olga, hall.general, "me")
    assert (await hall.event())["text"] == "me"
    await hall.client.chat_postEphemeral(channel=hall.general, user=hall.olga, text="psst")
    await hall.sandbox.type(hall.olga, hall.general, "me again")
    assert (await hall.event())["text"] == "me again"
    own = [body["event"] for body in hall.bodies if body["event"].get("bot_id")]
    assert own == []


async def test_reactions_come_and_go(hall: Hall) -> None:
    hall.listen("reaction_added", "reaction_removed")
    await hall.run()
    ts = await hall.post()
    await hall.sandbox.react(hall.olga, ts, "👍")
    event = await hall.event()
    assert (event["type"], event["reaction"], event["item"]["ts"]) == ("reaction_added", "+1", ts)
    assert event["item_user"] == hall.sandbox.world.bot.id
    with pytest.raises(ControlError):
        await hall.sandbox.react(hall.olga, ts, "thumbsup")
    await hall.sandbox.react(hall.olga, ts, "thumbsup", present=False)
    assert (await hall.event())["type"] == "reaction_removed"


async def test_people_come_and_go(hall: Hall) -> None:
    hall.listen("team_join", "member_joined_channel", "member_left_channel")
    await hall.run()
    await hall.event()
    mia = await hall.sandbox.join(hall.space, "Mia")
    joined = {event["type"]: event for event in (await hall.event(), await hall.event())}
    assert joined["team_join"]["user"]["id"] == mia
    assert (joined["member_joined_channel"]["user"], "inviter" in joined["member_joined_channel"]) == (mia, False)
    await hall.sandbox.leave(mia, hall.space)
    left = await hall.event()
    assert (left["type"], left["user"], left["channel"]) == ("member_left_channel", mia, hall.general)
    with pytest.raises(ControlError):
        await hall.sandbox.type(mia, hall.general, "still here?")
    assert [member.present for member in hall.sandbox.state().members] == [True, False]


async def test_a_deleted_channel(hall: Hall) -> None:
    hall.listen("channel_deleted")
    await hall.run()
    await hall.sandbox.delete_channel(hall.general)
    assert (await hall.event())["channel"] == hall.general
    with pytest.raises(ControlError):
        await hall.sandbox.type(hall.olga, hall.general, "anyone?")


async def test_only_what_is_subscribed_and_granted_is_told(make_hall: Make) -> None:
    hall = await make_hall(
        scopes=["chat:write", "channels:history", "channels:read"],
        events=["message.channels", "message.im", "reaction_added", "member_joined_channel"],
    )
    hall.listen("message", "reaction_added", "channel_deleted", "member_joined_channel")
    await hall.run()
    assert (await hall.event())["type"] == "member_joined_channel"
    chat = await hall.sandbox.private(hall.olga)
    await hall.sandbox.type(hall.olga, chat, "in private")  # im:history is not granted
    said = await hall.sandbox.type(hall.olga, hall.general, "aloud")
    assert said.message is not None
    await hall.sandbox.react(hall.olga, said.message.id, "tada")  # reactions:read is not granted
    await hall.sandbox.delete_channel(hall.general)  # channel_deleted is not subscribed
    assert (await hall.event())["text"] == "aloud"
    await asyncio.sleep(0.05)
    assert hall.events.empty()
    with pytest.raises(ControlError):
        await hall.sandbox.command(hall.olga, chat, "/hall")


async def test_an_event_that_nobody_handles_comes_again(make_hall: Make) -> None:
    hall = await make_hall(ack_seconds=0.05, redelivery=(0.0, 0.05), events=["member_joined_channel"])
    seen: list[JSON] = []

    @hall.app.middleware
    async def keep(req: Any, next: Any) -> None:  # noqa: A002 - bolt passes it by this name
        seen.append({"body": req.body, **req.headers})
        await next()

    await hall.run()
    await until(lambda: len(seen) == 3)
    assert [item.get("x-slack-retry-num") for item in seen] == [["0"], ["1"], ["2"]]
    assert seen[1]["x-slack-retry-reason"] == ["timeout"]
    assert len({item["body"]["event_id"] for item in seen}) == 1
