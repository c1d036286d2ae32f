"""The Web API as the real slack_sdk calls it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from core.testing.pictures import png
from sandbox.control import ControlError
from sandbox.slack import uploads
from tests.sandbox.slack.kit import JSON, Hall, actions, button, field, modal, plain, refusal

Make = Callable[..., Awaitable[Hall]]


async def error(call: Any) -> str:
    return str((await refusal(call))["error"])


async def test_tokens(hall: Hall) -> None:
    answer = await hall.client.auth_test()
    assert (answer["team_id"], answer["user"], answer["team"]) == (hall.space, "hallkeeper", "The Hall")
    assert "chat:write" in answer.headers["x-oauth-scopes"]
    assert "chat:write" not in (await refusal(hall.client.api_call("nope.nope"))).get("needed", "")
    url = hall.sandbox.url + "/api/"
    assert await error(AsyncWebClient(token="xoxb-wrong", base_url=url).auth_test()) == "invalid_auth"
    assert await error(AsyncWebClient(base_url=url).auth_test()) == "not_authed"
    assert await error(hall.client.apps_connections_open(app_token="xapp-wrong")) == "invalid_auth"
    assert (
        await error(hall.client.apps_connections_open(app_token=hall.sandbox.bot_token)) == "not_allowed_token_type"
    )
    assert await error(hall.client.api_call("nope.nope")) == "unknown_method"
    await hall.sandbox.install(hall.space, hall.olga)
    await hall.sandbox.remove(hall.space, hall.olga)
    assert await error(hall.client.auth_test()) == "account_inactive"
    await hall.sandbox.install(hall.space, hall.olga)
    await hall.client.auth_test()
    await hall.client.apps_uninstall(client_id="1", client_secret="2")
    assert await error(hall.client.auth_test()) == "account_inactive"
    await hall.sandbox.install(hall.space, hall.olga)
    await hall.client.auth_revoke()
    assert await error(hall.client.auth_test()) == "token_revoked"


async def test_bodies_may_be_forms_json_or_queries(hall: Hall) -> None:
    await hall.sandbox.install(hall.space, hall.olga)
    headers = {"Authorization": f"Bearer {hall.sandbox.bot_token}"}
    url = hall.sandbox.url + "/api/chat.postMessage"
    blocks = '[{"type": "section", "text": {"type": "plain_text", "text": "formed"}}]'
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(url, data={"channel": "#general", "text": "x", "blocks": blocks}) as answer:
            assert (await answer.json())["message"]["blocks"][0]["text"]["text"] == "formed"
        async with session.get(url, params={"channel": hall.general, "text": "asked"}) as answer:
            assert (await answer.json())["message"]["text"] == "asked"
        async with session.post(url, data=b"{", headers={"Content-Type": "application/json"}) as answer:
            assert (await answer.json())["error"] == "invalid_json"
    missing = await refusal(hall.client.api_call("chat.postMessage", json={"text": "x"}))
    assert missing["error"] == "invalid_arguments"
    assert missing["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]


async def test_messages_are_posted_updated_and_deleted(hall: Hall) -> None:
    await hall.sandbox.install(hall.space, hall.olga)
    metadata = {"event_type": "question", "event_payload": {"key": "k1"}}
    answer = await hall.client.chat_postMessage(channel=hall.general, text=f"*Hi* <@{hall.olga}>", metadata=metadata)
    ts = answer["ts"]
    taken = hall.sandbox.record.taken[0]
    assert (taken.call, taken.channel, taken.message, taken.key) == ("chat.postMessage", hall.general, ts, "k1")
    assert answer["message"]["bot_id"].startswith("B")
    assert answer["message"]["metadata"] == metadata
    seen = hall.message(ts)
    assert (seen.text, seen.html, seen.by_bot) == ("Hi @Olga", "<b>Hi</b> <b>@Olga</b>", True)

    await hall.client.chat_postMessage(channel=hall.general, text="in the thread", thread_ts=ts)
    link = await hall.client.chat_getPermalink(channel=hall.general, message_ts=ts)
    assert link["permalink"].endswith(ts.replace(".", ""))
    history = await hall.client.conversations_history(channel=hall.general, include_all_metadata=True)
    assert [(item["ts"], item["reply_count"]) for item in history["messages"]] == [(ts, 1)]
    assert history["messages"][0]["metadata"]["event_payload"] == {"key": "k1"}
    assert "metadata" not in (await hall.client.conversations_history(channel=hall.general))["messages"][0]
    replies = await hall.client.conversations_replies(channel=hall.general, ts=ts)
    assert [item["text"] for item in replies["messages"]][1:] == ["in the thread"]
    assert await error(hall.client.conversations_replies(channel=hall.general, ts="1.2")) == "thread_not_found"

    await hall.client.chat_update(channel=hall.general, ts=ts, text="changed")
    assert (hall.message(ts).text, hall.message(ts).edits) == ("changed", 1)
    await hall.client.chat_delete(channel=hall.general, ts=ts)
    assert ts not in [message.id for message in hall.channel().messages]
    assert await error(hall.client.chat_update(channel=hall.general, ts=ts, text="x")) == "message_not_found"
    own = await hall.sandbox.type(hall.olga, hall.general, "mine")
    assert own.message is not None
    assert await error(hall.client.chat_update(channel=hall.general, ts=own.message.id, text="x")) == (
        "cant_update_message"
    )
    assert await error(hall.client.chat_delete(channel=hall.general, ts=own.message.id)) == "cant_delete_message"


async def test_where_the_bot_may_not_write(make_hall: Make) -> None:
    hall = await make_hall(scopes=["chat:write", "chat:write.public", "channels:read"])
    post = hall.client.chat_postMessage
    await hall.sandbox.install(hall.space, hall.olga)
    quiet = await hall.sandbox.add_channel(hall.space, "quiet", writable=False)
    assert await error(post(channel=quiet, text="x")) == "restricted_action_read_only_channel"
    narrow = await make_hall(scopes=["chat:write"])
    assert await error(narrow.client.chat_postMessage(channel=narrow.general, text="x")) == "not_in_channel"
    lacking = await refusal(narrow.client.users_info(user=narrow.olga))
    assert (lacking["error"], lacking["needed"], lacking["provided"]) == ("missing_scope", "users:read", "chat:write")
    lacking = await refusal(hall.client.conversations_info(channel=(await hall.sandbox.private(hall.olga))))
    assert (lacking["error"], lacking["needed"]) == ("missing_scope", "im:read")

    assert await error(post(channel="C404", text="x")) == "channel_not_found"
    assert await error(hall.client.api_call("chat.postMessage", json={"channel": hall.general})) == "no_text"
    assert await error(post(channel=hall.general, text="x" * 40_001)) == "msg_too_long"
    assert await error(post(channel=hall.general, text="x", thread_ts="0")) == "invalid_thread_ts"
    ts = await hall.post()
    assert await error(hall.client.chat_update(channel=hall.general, ts=ts, text="x" * 4001)) == "msg_too_long"
    await hall.sandbox.archive_channel(hall.general)
    assert await error(post(channel=hall.general, text="x")) == "is_archived"
    await hall.sandbox.delete_channel(hall.general)
    assert await error(post(channel=hall.general, text="x")) == "channel_not_found"
    refused = [item.error for item in hall.sandbox.record.refused]
    assert refused[-2:] == ["is_archived", "channel_not_found"]


async def test_only_you_messages(hall: Hall) -> None:
    await hall.sandbox.install(hall.space, hall.olga)
    mia = await hall.sandbox.join(hall.space, "Mia")
    answer = await hall.client.chat_postEphemeral(channel=hall.general, user=mia, text="psst")
    ts = answer["message_ts"]
    assert hall.message(ts).only_for == mia
    assert await error(hall.client.chat_update(channel=hall.general, ts=ts, text="x")) == "message_not_found"
    assert (await hall.client.conversations_history(channel=hall.general))["messages"] == []
    await hall.sandbox.leave(mia, hall.space)
    ephemeral = hall.client.chat_postEphemeral
    assert await error(ephemeral(channel=hall.general, user=mia, text="x")) == "user_not_in_channel"
    assert await error(ephemeral(channel=hall.general, user="U404", text="x")) == "user_not_in_channel"


async def test_private_chats(hall: Hall) -> None:
    opened = await hall.client.conversations_open(users=[hall.olga])
    chat = opened["channel"]["id"]
    answer = await hall.client.chat_postMessage(channel=hall.olga, text="hello")
    assert answer["channel"] == chat
    info = (await hall.client.conversations_info(channel=chat))["channel"]
    assert (info["is_im"], info["user"]) == (True, hall.olga)
    assert await error(hall.client.conversations_open(users=["U404"])) == "user_not_found"


async def test_channels_and_their_people(hall: Hall) -> None:
    mia = await hall.sandbox.join(hall.space, "Mia", locale="de")
    side = await hall.sandbox.add_channel(hall.space, "side")
    await hall.sandbox.install(hall.space, hall.olga)
    late = await hall.sandbox.add_channel(hall.space, "late")
    listed = await hall.client.conversations_list(limit=2)
    names = {item["name"]: item["is_member"] for item in listed["channels"]}
    assert names == {"general": True, "side": True}
    more = await hall.client.conversations_list(limit=2, cursor=listed["response_metadata"]["next_cursor"])
    assert [(item["name"], item["is_member"]) for item in more["channels"]] == [("late", False)]
    members = await hall.client.conversations_members(channel=side)
    plain = (await hall.client.conversations_info(channel=side))["channel"]
    counted = (await hall.client.conversations_info(channel=side, include_num_members=True))["channel"]
    assert "num_members" not in plain
    assert counted["num_members"] == len(members["members"])
    assert members["members"] == [hall.olga, mia, hall.sandbox.world.bot.id]
    joined = await hall.client.conversations_join(channel=late)
    assert joined["channel"]["is_member"] is True
    with pytest.raises(ControlError):
        await hall.sandbox.add_channel(hall.space, "late")


async def test_people(hall: Hall) -> None:
    mia = await hall.sandbox.join(hall.space, "Mia Müller", role="admin", locale="de")
    user = (await hall.client.users_info(user=mia, include_locale=True))["user"]
    assert (user["locale"], user["tz"], user["real_name"]) == ("de-DE", "Europe/Berlin", "Mia Müller")
    assert (user["is_admin"], user["is_owner"]) == (True, False)
    assert "locale" not in (await hall.client.users_info(user=mia))["user"]
    await hall.sandbox.set_zone(mia, "Asia/Tokyo")
    await hall.sandbox.set_role(mia, hall.space, "member")
    user = (await hall.client.users_info(user=mia))["user"]
    assert (user["tz"], user["tz_offset"], user["is_admin"]) == ("Asia/Tokyo", 9 * 3600, False)
    owner = (await hall.client.users_info(user=hall.olga))["user"]
    assert (owner["is_admin"], owner["is_owner"]) == (True, True)
    await hall.sandbox.leave(mia, hall.space)
    listed = (await hall.client.users_list())["members"]
    assert {item["id"]: item["deleted"] for item in listed}[mia] is True
    assert await error(hall.client.users_info(user="U404")) == "user_not_found"

    group = await hall.sandbox.add_usergroup("hosts", [hall.olga])
    groups = (await hall.client.usergroups_list())["usergroups"]
    assert [(item["id"], item["handle"], "users" in item) for item in groups] == [(group, "hosts", False)]
    assert (await hall.client.usergroups_users_list(usergroup=group))["users"] == [hall.olga]
    assert (await hall.client.team_info())["team"]["name"] == "The Hall"
    bot = (await hall.client.auth_test())["bot_id"]
    assert (await hall.client.bots_info(bot=bot))["bot"]["user_id"] == hall.sandbox.world.bot.id


async def test_reactions_and_pins(hall: Hall) -> None:
    await hall.sandbox.install(hall.space, hall.olga)
    ts = await hall.post()
    where = {"channel": hall.general, "timestamp": ts}
    await hall.client.reactions_add(name="tada", **where)
    await hall.sandbox.react(hall.olga, ts, "🎉")
    assert hall.message(ts).reactions == {"🎉": (hall.sandbox.world.bot.id, hall.olga)}
    got = (await hall.client.reactions_get(**where))["message"]["reactions"]
    assert (got[0]["name"], got[0]["count"]) == ("tada", 2)
    assert await error(hall.client.reactions_add(name="tada", **where)) == "already_reacted"
    assert await error(hall.client.reactions_add(name="No Name", **where)) == "invalid_name"
    await hall.client.reactions_remove(name="tada", **where)
    assert await error(hall.client.reactions_remove(name="tada", **where)) == "no_reaction"
    await hall.client.pins_add(**where)
    assert await error(hall.client.pins_add(**where)) == "already_pinned"


async def test_files_go_up_in_three_steps(hall: Hall) -> None:
    await hall.sandbox.install(hall.space, hall.olga)
    await hall.client.files_upload_v2(
        channel=hall.general, filename="chart.png", content=png(), title="Chart", initial_comment="look"
    )
    message = hall.channel().messages[-1]
    assert (message.text, len(message.images)) == ("look", 1)
    async with aiohttp.ClientSession() as session, session.get(message.images[0].url) as answer:
        assert (await answer.read(), answer.content_type) == (png(), "image/png")
    complete = hall.client.files_completeUploadExternal
    assert await error(complete(files=[{"id": "F404"}], channel_id=hall.general)) == "file_not_found"
    promised = await hall.client.files_getUploadURLExternal(filename="a.png", length=len(png()))
    assert await error(complete(files=[{"id": promised["file_id"]}])) == "file_not_found"
    form = aiohttp.FormData({"filename": io.BytesIO(png())})
    async with aiohttp.ClientSession() as session:
        async with session.post(promised["upload_url"], data=b"short") as answer:
            assert answer.status == 400
        async with session.post(promised["upload_url"], data=form) as answer:
            assert answer.status == 200
    assert (await complete(files=[{"id": promised["file_id"]}]))["files"][0]["mimetype"] == "image/png"


async def test_a_block_shows_a_picture_a_little_after_its_upload(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    await hall.sandbox.install(hall.space, hall.olga)

    def image(**source: object) -> list[JSON]:
        return [{"type": "image", "alt_text": "A chart", **source}]

    async def refused(blocks: list[JSON]) -> tuple[str, str]:
        answer = await refusal(hall.client.chat_postMessage(channel=hall.general, text="x", blocks=blocks))
        return answer["error"], answer["errors"][0]

    monkeypatch.setattr(uploads, "PROCESSING_SECONDS", 3600.0)
    early = (await hall.client.files_upload_v2(file=png(shade=1), filename="a.png"))["file"]["id"]
    monkeypatch.setattr(uploads, "PROCESSING_SECONDS", 0.0)
    file = (await hall.client.files_upload_v2(file=png(), filename="a.png"))["file"]
    table = (await hall.client.files_upload_v2(file=b"a,b", filename="a.png"))["file"]["id"]
    invalid = ("invalid_blocks", "invalid slack file [json-pointer:/blocks/0/slack_file]")
    for wrong in ({"id": early}, {"id": table}, {"id": "F404"}, {}, {"id": file["id"], "url": file["url_private"]}):
        assert await refused(image(slack_file=wrong)) == invalid
    both = await refused(image(slack_file={"id": file["id"]}, image_url="https://example.org/a.png"))
    assert both[0] == "invalid_blocks"
    for right in ({"id": file["id"]}, {"url": file["url_private"]}):
        ts = (await hall.client.chat_postMessage(channel=hall.general, text="x", blocks=image(slack_file=right)))[
            "ts"
        ]
        (shown,) = hall.message(ts).images
        assert (shown.url, shown.alt) == (file["url_private"], "A chart")


async def test_a_trigger_opens_one_form_within_its_time(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: asyncio.Queue[JSON] = asyncio.Queue()

    @hall.app.action("go")
    async def go(ack: Any, body: JSON, client: Any) -> None:
        await ack()
        trigger = body["trigger_id"]
        broken = modal(field("a"), title=plain("x" * 25))
        await answers.put(await refusal(client.views_open(trigger_id=trigger, view=broken)))
        opened = await client.views_open(trigger_id=trigger, view=modal(field("a"), external_id="mine"))
        await answers.put(await refusal(client.views_open(trigger_id=trigger, view=modal(field("a")))))
        await client.views_update(external_id="mine", view=modal(field("b")))
        stale = client.views_update(view_id=opened["view"]["id"], hash="old", view=modal(field("b")))
        await answers.put(await refusal(stale))
        await answers.put(await refusal(client.views_push(trigger_id=trigger, view=modal(field("a")))))

    await hall.run()
    ts = await hall.post(actions(button("go")))
    await hall.sandbox.press(hall.olga, ts, "go")
    too_long = await answers.get()
    assert too_long["error"] == "invalid_arguments"
    assert too_long["response_metadata"]["messages"] == [
        "[ERROR] failed to match all allowed schemas [json-pointer:/view/title]",
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]",
    ]
    assert (await answers.get())["error"] == "exchanged_trigger_id"
    assert (await answers.get())["error"] == "hash_conflict"
    assert (await answers.get())["error"] == "exchanged_trigger_id"
    view = hall.sandbox.workspace.views.top(hall.olga)
    assert view is not None
    assert view.blocks[0]["block_id"] == "b"

    old = hall.sandbox.workspace.tickets.new_trigger(hall.olga, None)
    old.made -= 3.1
    view_of = modal(field("a"))
    assert await error(hall.client.views_open(trigger_id=old.id, view=view_of)) == "expired_trigger_id"
    assert await error(hall.client.views_open(trigger_id="1.2.3", view=view_of)) == "invalid_trigger_id"
    assert await error(hall.client.views_update(view_id="V404", view=view_of)) == "not_found"


async def test_one_sandbox_holds_one_workspace(hall: Hall) -> None:
    with pytest.raises(ControlError):
        await hall.sandbox.add_space("Another", owner="Otto")
