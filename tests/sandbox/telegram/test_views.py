import aiohttp
from aiohttp import web
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from core.testing.pictures import png
from sandbox.control import Platform, as_data, control_application
from tests.sandbox.telegram.conftest import Hall


async def test_the_state_is_what_people_see(hall: Hall) -> None:
    await hall.installed()
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])
    sent = await hall.bot.send_message(hall.chat, "<b>1 &lt; 2</b>", parse_mode="HTML", reply_markup=markup)
    await hall.sandbox.react(hall.ben, f"{hall.chat}:{sent.message_id}", "👍")
    await hall.sandbox.type(hall.ben, hall.channel, "<script>")
    state = hall.sandbox.state(messages=2)
    assert (state.platform, state.connected, state.spaces) == ("telegram", True, ((hall.space, "The hall"),))
    assert [(member.name, member.role, member.locale, member.present) for member in state.members] == [
        ("Ada", "owner", "de", True),
        ("Ben", "member", "fr", True),
    ]
    question, answer = state.channels[0].messages
    assert (question.html, question.by_bot, question.reactions) == ("<b>1 &lt; 2</b>", True, {"👍": ("Ben",)})
    assert [(control.id, control.kind, control.label) for control in question.controls] == [("0.0", "button", "Yes")]
    assert (answer.html, answer.author_name) == ("&lt;script&gt;", "Ben")


async def test_uploaded_pictures_can_be_looked_at(hall: Hall) -> None:
    chat = await hall.started(hall.ada)
    await hall.bot.send_photo(chat, png())
    image = hall.sandbox.state().channels[-1].messages[-1].images[0]
    async with aiohttp.ClientSession() as session, session.get(image.url) as response:
        assert (await response.read(), response.content_type) == (png(), "image/png")


async def test_the_control_interface_acts_and_refuses(hall: Hall) -> None:
    platform: Platform = hall.sandbox
    runner = web.AppRunner(control_application(platform))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{base}/install", json={"space": hall.space, "by": hall.ada}) as response:
            assert await response.json() == {"result": None}
        async with session.post(f"{base}/install", json={"space": hall.space, "by": hall.ada}) as response:
            assert response.status == 400
        async with session.get(f"{base}/state") as response:
            data = await response.json()
    assert data["channels"] == as_data(hall.sandbox.state().channels)
    await runner.cleanup()
