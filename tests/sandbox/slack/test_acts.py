"""What people do to messages, forms and commands, and what they see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from sandbox.control import ControlError, OutcomeKind, control_application
from tests.sandbox.slack.kit import JSON, Hall, actions, button, field, modal, option, plain

Make = Callable[..., Awaitable[Hall]]


async def test_a_press_opens_a_form_and_its_answer_is_seen(hall: Hall) -> None:
    @hall.app.action("go")
    async def go(ack: Any, body: JSON, client: Any) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=modal(field("a"), private_metadata="kept"))
        await ack()

    @hall.app.view("form")
    async def form(ack: Any, body: JSON, view: JSON, client: Any) -> None:
        await ack()
        text = view["state"]["values"]["a"]["typed"]["value"]
        await client.chat_postEphemeral(
            channel=hall.general, user=body["user"]["id"], text=f"{text}, {view['private_metadata']}"
        )

    await hall.run()
    ts = await hall.post(actions(button("go", value="v"), block_id="b"))
    opened = await hall.sandbox.press(hall.olga, ts, "go")
    assert opened.kind is OutcomeKind.FORM
    assert opened.form is not None
    assert [item.id for item in opened.form.fields] == ["a"]
    assert opened.ms > 0
    assert opened.first_ms > 0

    answered = await hall.sandbox.fill(hall.olga, opened.form.id, {"a": "thanks"})
    assert answered.kind is OutcomeKind.MESSAGE
    assert answered.message is not None
    assert answered.message.text == "thanks, kept"
    assert answered.message.only_for == hall.olga

    pressed = next(body for body in hall.bodies if body.get("type") == "block_actions")
    assert pressed["actions"][0] | {"action_ts": ""} == {
        "action_id": "go", "type": "button", "text": plain("Press"), "value": "v", "block_id": "b", "action_ts": "",
    }  # fmt: skip
    assert pressed["container"] == {
        "type": "message", "message_ts": ts, "channel_id": hall.general, "is_ephemeral": False,
    }  # fmt: skip
    assert pressed["message"]["blocks"][0]["block_id"] == "b"
    assert pressed["response_url"].startswith(hall.sandbox.url)
    with pytest.raises(ControlError):
        await hall.sandbox.fill(hall.olga, opened.form.id, {"a": "again"})


async def test_choices_arrive_as_slack_sends_them(hall: Hall) -> None:
    seen: asyncio.Queue[JSON] = asyncio.Queue()

    async def chosen(ack: Any, body: JSON) -> None:
        await ack()
        await seen.put(body)

    for name in ("one", "many", "radio", "boxes", "day"):
        hall.app.action(name)(chosen)
    await hall.run()
    few = [option("x"), option("y")]
    ts = await hall.post(
        actions(
            {"type": "static_select", "action_id": "one", "options": few},
            {"type": "radio_buttons", "action_id": "radio", "options": few},
            {"type": "checkboxes", "action_id": "boxes", "options": few},
            {"type": "datepicker", "action_id": "day"},
        ),
        {
            "type": "section",
            "text": plain("many"),
            "accessory": {"type": "multi_static_select", "action_id": "many", "options": few},
        },
    )
    expected: dict[str, tuple[list[str], str, Any]] = {
        "one": (["x"], "selected_option", few[0]),
        "many": (["x", "y"], "selected_options", few),
        "radio": (["y"], "selected_option", few[1]),
        "boxes": (["y"], "selected_options", [few[1]]),
        "day": (["2026-12-24"], "selected_date", "2026-12-24"),
    }
    for name, (values, key, value) in expected.items():
        outcome = await hall.sandbox.pick(hall.olga, ts, name, values, wait=0)
        assert outcome.kind is OutcomeKind.ACKNOWLEDGED
        body = await asyncio.wait_for(seen.get(), 5)
        action = body["actions"][0]
        assert action[key] == value
        assert body["state"]["values"][action["block_id"]][name][key] == value
    with pytest.raises(ControlError):
        await hall.sandbox.pick(hall.olga, ts, "one", ["z"])
    with pytest.raises(ControlError):
        await hall.sandbox.pick(hall.olga, ts, "one", ["x", "y"])


async def test_a_form_holds_every_kind_of_field(hall: Hall) -> None:
    states: list[JSON] = []
    few = [option("x", "The x"), option("y")]

    @hall.app.command("/hall")
    async def command(ack: Any, body: JSON, client: Any) -> None:
        await ack()
        view = modal(
            {"type": "section", "text": {"type": "mrkdwn", "text": "*Mind* this"}},
            field("text", {"type": "plain_text_input", "action_id": "i", "max_length": 5}, hint=plain("short")),
            field("long", {"type": "plain_text_input", "action_id": "i", "multiline": True}, optional=True),
            field(
                "number", {"type": "number_input", "action_id": "i", "is_decimal_allowed": False, "max_value": "9"}
            ),
            field("one", {"type": "static_select", "action_id": "i", "options": few, "initial_option": few[1]}),
            field("many", {"type": "multi_static_select", "action_id": "i", "options": few}, optional=True),
            field("radio", {"type": "radio_buttons", "action_id": "i", "options": few}, optional=True),
            field("boxes", {"type": "checkboxes", "action_id": "i", "options": few}),
            field("day", {"type": "datepicker", "action_id": "i", "initial_date": "2026-01-02"}),
            field("where", {"type": "channels_select", "action_id": "i"}),
        )
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @hall.app.view("form")
    async def form(ack: Any, view: JSON) -> None:
        states.append(view["state"]["values"])
        await ack()

    await hall.run()
    opened = await hall.sandbox.command(hall.olga, hall.general, "/hall setup")
    assert opened.form is not None
    assert opened.text == "Mind this"
    fields = {item.id: item for item in opened.form.fields}
    assert [fields[name].kind for name in fields] == [
        "text", "long", "number", "select", "select", "radio", "checkbox", "date", "select",
    ]  # fmt: skip
    assert fields["text"].hint == "Mind this\nshort"
    assert fields["text"].maximum == 5
    assert fields["one"].value == "y"
    assert fields["one"].options == (("x", "The x"), ("y", "y"))
    assert (fields["many"].required, fields["many"].maximum) == (False, 2)
    assert fields["where"].options == ((hall.general, "#general"),)

    wrong = await hall.sandbox.fill(hall.olga, opened.form.id, {"text": "too long", "number": "1.5"})
    assert wrong.kind is OutcomeKind.INVALID
    assert wrong.form is not None
    errors = {item.id: item.error for item in wrong.form.fields if item.error}
    assert set(errors) == {"text", "number", "boxes", "where"}
    assert next(item for item in wrong.form.fields if item.id == "text").value == "too long"
    assert states == []
    with pytest.raises(ControlError):
        await hall.sandbox.fill(hall.olga, opened.form.id, {"one": "z"})
    with pytest.raises(ControlError):
        await hall.sandbox.fill(hall.olga, opened.form.id, {"nothing": "z"})

    values: dict[str, str | list[str]] = {
        "text": "hi", "number": "7", "boxes": ["x"], "many": ["x", "y"], "where": hall.general,
    }  # fmt: skip
    done = await hall.sandbox.fill(hall.olga, opened.form.id, values, wait=0.1)
    assert done.kind is OutcomeKind.ACKNOWLEDGED
    state = {name: value["i"] for name, value in states[0].items()}
    assert state["text"] == {"type": "plain_text_input", "value": "hi"}
    assert state["long"] == {"type": "plain_text_input", "value": None}
    assert state["number"]["value"] == "7"
    assert state["one"]["selected_option"] == few[1]
    assert state["many"]["selected_options"] == few
    assert state["radio"]["selected_option"] is None
    assert state["boxes"]["selected_options"] == [few[0]]
    assert state["day"]["selected_date"] == "2026-01-02"
    assert state["where"]["selected_channel"] == hall.general


async def test_a_submission_is_answered_with_errors_update_push_and_clear(hall: Hall) -> None:
    answers: list[JSON] = [
        {"response_action": "errors", "errors": {"a": "Not so."}},
        {"response_action": "errors", "errors": {"nowhere": "Not so."}},
        {"response_action": "update", "view": modal(field("b"))},
        {"response_action": "push", "view": modal(field("c"))},
        {"response_action": "update", "view": modal(field("d"), title=plain("x" * 25))},
        {},
        {"response_action": "clear"},
    ]

    @hall.app.action("go")
    async def go(ack: Any, body: JSON, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(field("a")))

    @hall.app.view("form")
    async def form(ack: Any) -> None:
        await ack(answers.pop(0))

    await hall.run()
    ts = await hall.post(actions(button("go")))
    opened = await hall.sandbox.press(hall.olga, ts, "go")
    assert opened.form is not None
    first = opened.form.id

    refused = await hall.sandbox.fill(hall.olga, first, {"a": "kept"})
    assert refused.kind is OutcomeKind.INVALID
    assert refused.form is not None
    assert (refused.form.fields[0].error, refused.form.fields[0].value) == ("Not so.", "kept")

    broken = await hall.sandbox.fill(hall.olga, first, {})
    assert (broken.kind, "trouble" in broken.text) == (OutcomeKind.FAILED, True)

    updated = await hall.sandbox.fill(hall.olga, first, {})
    assert (updated.kind, updated.form and updated.form.id) == (OutcomeKind.FORM, first)
    assert updated.form is not None
    assert updated.form.fields[0].id == "b"

    pushed = await hall.sandbox.fill(hall.olga, first, {"b": "x"})
    assert pushed.form is not None
    second = pushed.form.id
    assert (pushed.kind, second != first) == (OutcomeKind.FORM, True)
    with pytest.raises(ControlError):
        await hall.sandbox.fill(hall.olga, first, {"b": "x"})

    assert (await hall.sandbox.fill(hall.olga, second, {"c": "x"})).kind is OutcomeKind.FAILED
    back = await hall.sandbox.fill(hall.olga, second, {})
    assert (back.kind, back.form and back.form.id) == (OutcomeKind.FORM, first)
    cleared = await hall.sandbox.fill(hall.olga, first, {}, wait=0)
    assert cleared.kind is OutcomeKind.ACKNOWLEDGED
    assert hall.sandbox.workspace.views.top(hall.olga) is None


async def test_closing_a_form_is_told_when_asked_for(hall: Hall) -> None:
    closed: asyncio.Queue[JSON] = asyncio.Queue()

    @hall.app.action("go")
    async def go(ack: Any, body: JSON, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(field("a"), notify_on_close=True))

    @hall.app.view_closed("form")
    async def on_close(ack: Any, body: JSON) -> None:
        await ack()
        await closed.put(body)

    await hall.run()
    ts = await hall.post(actions(button("go")))
    opened = await hall.sandbox.press(hall.olga, ts, "go")
    assert opened.form is not None
    await hall.sandbox.close_form(hall.olga, opened.form.id)
    body = await asyncio.wait_for(closed.get(), 5)
    assert (body["type"], body["is_cleared"], body["view"]["id"]) == ("view_closed", False, opened.form.id)


async def test_a_response_url_answers_replaces_and_deletes(hall: Hall) -> None:
    answers: list[JSON] = [
        {"text": "for you"},
        {"text": "for all", "response_type": "in_channel"},
        {"text": "changed", "replace_original": True},
        {"delete_original": True},
    ]

    @hall.app.action("go")
    async def go(ack: Any, respond: Any) -> None:
        await ack()
        await respond(**answers.pop(0))

    await hall.run()
    ts = await hall.post(actions(button("go")))
    alone = await hall.sandbox.press(hall.olga, ts, "go")
    assert alone.message is not None
    assert (alone.kind, alone.message.text, alone.message.only_for) == (OutcomeKind.MESSAGE, "for you", hall.olga)
    loud = await hall.sandbox.press(hall.olga, ts, "go")
    assert loud.message is not None
    assert (loud.message.text, loud.message.only_for) == ("for all", "")
    changed = await hall.sandbox.press(hall.olga, ts, "go")
    assert changed.message is not None
    assert (changed.message.id, changed.message.text, changed.message.edits) == (ts, "changed", 1)
    again = await hall.post(actions(button("go")))
    await hall.sandbox.press(hall.olga, again, "go")
    assert again not in [message.id for message in hall.channel().messages]
    assert [taken.call for taken in hall.sandbox.record.taken if taken.call != "chat.postMessage"] == [
        "response_url", "response_url",
    ]  # fmt: skip


async def test_a_response_url_takes_five_messages(hall: Hall) -> None:
    statuses: list[tuple[int, str]] = []
    done = asyncio.Event()

    @hall.app.action("go")
    async def go(ack: Any, respond: Any) -> None:
        await ack()
        for _ in range(6):
            answer = await respond("hi")
            statuses.append((answer.status_code, answer.body))
        done.set()

    await hall.run()
    ts = await hall.post(actions(button("go")))
    await hall.sandbox.press(hall.olga, ts, "go")
    await asyncio.wait_for(done.wait(), 5)
    assert [status for status, _ in statuses] == [200] * 5 + [404]
    assert statuses[0][1] == "ok"
    assert "used_url" in statuses[5][1]


async def test_an_ephemeral_message_is_pressed_and_replaced(hall: Hall) -> None:
    @hall.app.action("again")
    async def again(ack: Any, respond: Any, body: JSON) -> None:
        assert "message" not in body
        assert body["container"]["is_ephemeral"] is True
        await ack()
        await respond(text="closed", replace_original=True)

    await hall.run()
    mia = await hall.sandbox.join(hall.space, "Mia")
    answer = await hall.client.chat_postEphemeral(
        channel=hall.general, user=mia, text="more?", blocks=[actions(button("again"))]
    )
    ts = str(answer["message_ts"])
    with pytest.raises(ControlError):
        await hall.sandbox.press(hall.olga, ts, "again")
    outcome = await hall.sandbox.press(mia, ts, "again")
    assert outcome.message is not None
    assert (outcome.message.id, outcome.message.text) == (ts, "closed")


async def test_commands_are_answered_at_once_and_unknown_ones_are_none(hall: Hall) -> None:
    @hall.app.command("/hall")
    async def command(ack: Any, body: JSON) -> None:
        await ack(f"{body['text']} in {body['channel_name']} by {body['user_name']}")

    await hall.run()
    outcome = await hall.sandbox.command(hall.olga, hall.general, "/hall  help me")
    assert outcome.kind is OutcomeKind.MESSAGE
    assert outcome.message is not None
    assert (outcome.message.text, outcome.message.only_for) == ("help me in general by olga", hall.olga)
    with pytest.raises(ControlError):
        await hall.sandbox.command(hall.olga, hall.general, "/other")


async def test_who_is_not_answered_sees_a_failure(make_hall: Make) -> None:
    hall = await make_hall(ack_seconds=0.1)

    @hall.app.action("slow")
    async def slow(ack: Any) -> None:
        await asyncio.sleep(0.3)
        await ack()

    await hall.run()
    ts = await hall.post(actions(button("slow"), button("nobody")))
    assert (await hall.sandbox.press(hall.olga, ts, "slow")).kind is OutcomeKind.FAILED
    failed = await hall.sandbox.press(hall.olga, ts, "nobody")
    assert (failed.kind, failed.first_ms >= 100) == (OutcomeKind.FAILED, True)


async def test_a_press_that_shows_nothing_is_acknowledged_and_a_link_is_a_link(hall: Hall) -> None:
    heard = asyncio.Event()

    @hall.app.action("quiet")
    async def quiet(ack: Any) -> None:
        await ack()

    @hall.app.action("link")
    async def link(ack: Any) -> None:
        await ack()
        heard.set()

    await hall.run()
    ts = await hall.post(actions(button("quiet"), button("link", url="https://example.org/x")))
    assert (await hall.sandbox.press(hall.olga, ts, "quiet", wait=0.05)).kind is OutcomeKind.ACKNOWLEDGED
    outcome = await hall.sandbox.press(hall.olga, ts, "link")
    assert (outcome.kind, outcome.url) == (OutcomeKind.LINK, "https://example.org/x")
    await asyncio.wait_for(heard.wait(), 5)
    with pytest.raises(ControlError):
        await hall.sandbox.press(hall.olga, ts, "nothing")


async def test_a_changed_message_answers_one_press_and_waits_for_surer_news_with_many(hall: Hall) -> None:
    @hall.app.action("vote")
    async def vote(ack: Any, body: JSON, client: Any) -> None:
        await ack()
        await client.chat_update(channel=hall.general, ts=body["message"]["ts"], text="counted", blocks=[card])
        if body["user"]["id"] != hall.olga:
            await asyncio.sleep(0.1)
            await client.chat_postEphemeral(channel=hall.general, user=body["user"]["id"], text="yours")

    card = actions(button("vote"))
    await hall.run()
    mia = await hall.sandbox.join(hall.space, "Mia")
    ts = await hall.post(card)
    alone = await hall.sandbox.press(hall.olga, ts, "vote")
    assert (alone.kind, alone.message and alone.message.id) == (OutcomeKind.MESSAGE, ts)
    both = await asyncio.gather(*(hall.sandbox.press(member, ts, "vote") for member in (hall.olga, mia)))
    assert [outcome.message and outcome.message.id == ts for outcome in both] == [True, False]


async def test_a_private_message_answers_in_private(hall: Hall) -> None:
    @hall.app.event("message")
    async def message(event: JSON, say: Any) -> None:
        if event.get("channel_type") == "im":
            await say(f"you said {event['text']}")

    hall.listen("app_home_opened")
    await hall.run()
    chat = await hall.sandbox.private(hall.olga)
    opened = await hall.event()
    assert (opened["user"], opened["channel"], opened["tab"]) == (hall.olga, chat, "messages")
    outcome = await hall.sandbox.type(hall.olga, chat, "hello", wait=5)
    assert outcome.message is not None
    assert (outcome.kind, outcome.message.text) == (OutcomeKind.MESSAGE, "you said hello")
    assert hall.channel(chat).member == hall.olga


async def test_what_is_typed_is_acknowledged_by_a_reply_or_an_emoji(hall: Hall) -> None:
    @hall.app.event("message")
    async def message(event: JSON, client: Any) -> None:
        if event.get("thread_ts"):
            await client.reactions_add(channel=event["channel"], timestamp=event["ts"], name="white_check_mark")
        else:
            await client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text="heard")

    await hall.run()
    heard = await hall.sandbox.type(hall.olga, hall.general, "a question", wait=5)
    assert heard.message is not None
    assert heard.message.text == "heard"
    marked = await hall.sandbox.type(hall.olga, hall.general, "an answer", thread=heard.message.thread, wait=5)
    assert marked.kind is OutcomeKind.ACKNOWLEDGED
    assert marked.message is not None
    assert marked.message.reactions
    own = await hall.sandbox.type(hall.olga, hall.general, "nothing more", thread=heard.message.thread)
    assert own.message is not None
    assert own.message.thread == heard.message.thread


async def test_acts_over_http(hall: Hall) -> None:
    @hall.app.command("/hall")
    async def command(ack: Any) -> None:
        await ack("*welcome*")

    await hall.run()
    client = TestClient(TestServer(control_application(hall.sandbox)))
    async with client:
        about = {"member": hall.olga, "channel": hall.general, "text": "/hall"}
        outcome = (await (await client.post("/command", json=about)).json())["result"]
        assert (outcome["kind"], outcome["message"]["html"]) == ("message", "<b>welcome</b>")
        refused = await client.post("/command", json={**about, "text": "/other"})
        assert (refused.status, "error" in await refused.json()) == (400, True)
        state = await (await client.get("/state")).json()
        assert (state["platform"], state["connected"], len(state["channels"])) == ("slack", True, 1)


async def test_two_hundred_press_at_once(hall: Hall) -> None:
    @hall.app.action("go")
    async def go(ack: Any, body: JSON, client: Any) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=modal(field("a")))
        await ack()

    members = [await hall.sandbox.join(hall.space, f"M{number}") for number in range(200)]
    await hall.run()
    ts = await hall.post(actions(button("go")))
    outcomes = await asyncio.gather(*(hall.sandbox.press(member, ts, "go") for member in members))
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.FORM}
    assert len({outcome.form.id for outcome in outcomes if outcome.form}) == 200


async def test_a_stacked_form_knows_the_one_below_and_an_updated_one_keeps_what_was_typed(hall: Hall) -> None:
    answers: list[JSON] = [
        {"response_action": "update", "view": modal(field("a"), field("b", optional=True))},
        {"response_action": "push", "view": modal(field("c", optional=True))},
        {"response_action": "clear"},
    ]
    views: list[JSON] = []

    @hall.app.command("/hall")
    async def command(ack: Any, body: JSON, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(field("a")))

    @hall.app.view("form")
    async def form(ack: Any, view: JSON) -> None:
        views.append(view)
        await ack(answers.pop(0))

    await hall.run()
    opened = await hall.sandbox.command(hall.olga, hall.general, "/hall")
    assert opened.form is not None
    updated = await hall.sandbox.fill(hall.olga, opened.form.id, {"a": "typed"})
    assert updated.form is not None
    assert [item.value for item in updated.form.fields] == ["typed", ""]
    pushed = await hall.sandbox.fill(hall.olga, opened.form.id, {})
    assert pushed.form is not None
    await hall.sandbox.fill(hall.olga, pushed.form.id, {}, wait=0)
    assert [view["previous_view_id"] for view in views] == [None, None, opened.form.id]
    assert {view["root_view_id"] for view in views} == {opened.form.id}
