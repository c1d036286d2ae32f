import pytest
from telegram import BotCommand, BotCommandScopeAllGroupChats
from telegram.error import BadRequest

from sandbox.control import ControlError
from sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram.conftest import ALL, Hall


async def test_the_bot_learns_who_added_and_who_removed_it(hall: Hall) -> None:
    await hall.sandbox.install(hall.space, hall.ben)
    added, service = await hall.updates()
    assert added.my_chat_member is not None
    assert (added.my_chat_member.from_user.first_name, added.my_chat_member.old_chat_member.status) == ("Ben", "left")
    assert added.my_chat_member.chat.type == "supergroup"
    assert service.message is not None
    assert [user.id for user in service.message.new_chat_members] == [hall.bot.id]
    await hall.sandbox.set_role(hall.sandbox.bot, hall.space, "admin")
    await hall.sandbox.remove(hall.space, hall.ada)
    promoted, removed = (update.my_chat_member for update in await hall.updates())
    assert promoted is not None
    assert promoted.new_chat_member.status == "administrator"
    assert removed is not None
    assert (removed.new_chat_member.status, removed.from_user.first_name) == ("kicked", "Ada")
    await hall.sandbox.join(hall.space, "Cleo")
    assert await hall.updates() == []


async def test_privacy_lets_through_commands_replies_and_service_messages(hall: Hall) -> None:
    await hall.installed()
    question = await hall.bot.send_message(hall.chat, "question")
    say = hall.sandbox.type
    await say(hall.ben, hall.channel, "chat")
    await say(hall.ben, hall.channel, "@hallkeeper_bot hello")
    await say(hall.ben, hall.channel, "/weather@other_bot")
    await say(hall.ben, hall.channel, "/hall help")
    await say(hall.ben, hall.channel, "/hall@hallkeeper_bot help")
    await say(hall.ben, hall.channel, "my answer", reply_to=f"{hall.chat}:{question.message_id}")
    await hall.sandbox.join(hall.space, "Cleo")
    cleo = hall.member("Cleo")
    await hall.sandbox.leave(cleo, hall.space)
    one, two, three, came, went = await hall.messages()
    assert [message.text for message in (one, two, three)] == ["/hall help", "/hall@hallkeeper_bot help", "my answer"]
    assert one.from_user is not None
    assert one.from_user.language_code == "fr"
    assert [entity.type for entity in one.entities] == ["bot_command"]
    assert three.reply_to_message is not None
    assert three.reply_to_message.message_id == question.message_id
    assert three.message_thread_id == question.message_id
    assert [user.first_name for user in came.new_chat_members] == ["Cleo"]
    assert went.left_chat_member is not None
    await hall.sandbox.set_role(hall.sandbox.bot, hall.space, "admin")
    await hall.updates()
    await say(hall.ben, hall.channel, "heard now")
    assert [message.text for message in await hall.messages()] == ["heard now"]


async def test_without_privacy_everything_is_heard() -> None:
    sandbox = TelegramSandbox(privacy=False)
    await sandbox.start()
    space = await sandbox.add_space("Hall", owner="Ada")
    ada = sandbox.state().members[0].id
    await sandbox.install(space, ada)
    before = sandbox.backend.updates.pending
    await sandbox.type(ada, space, "chat")
    assert sandbox.backend.updates.pending == before + 1
    await sandbox.stop()


async def test_members_and_reactions_are_told_to_administrators_who_ask(hall: Hall) -> None:
    await hall.installed()
    sent = await hall.bot.send_message(hall.chat, "question")
    key = f"{hall.chat}:{sent.message_id}"
    await hall.updates(allowed_updates=ALL)
    await hall.sandbox.react(hall.ben, key, "👍")
    await hall.sandbox.set_role(hall.ben, hall.space, "admin")
    assert await hall.updates() == []
    await hall.sandbox.set_role(hall.sandbox.bot, hall.space, "admin")
    await hall.updates()
    await hall.sandbox.react(hall.ben, key, "🔥")
    await hall.sandbox.react(hall.ben, key, "🔥", present=False)
    await hall.sandbox.set_role(hall.ben, hall.space, "member")
    changed, taken, demoted = await hall.updates()
    assert changed.message_reaction is not None
    assert [reaction.emoji for reaction in changed.message_reaction.old_reaction] == ["👍"]
    assert [reaction.emoji for reaction in changed.message_reaction.new_reaction] == ["🔥"]
    assert taken.message_reaction is not None
    assert taken.message_reaction.new_reaction == ()
    assert demoted.chat_member is not None
    assert (demoted.chat_member.old_chat_member.status, demoted.chat_member.new_chat_member.status) == (
        "administrator",
        "member",
    )
    await hall.updates(allowed_updates=[])
    await hall.sandbox.react(hall.ben, key, "🔥")
    assert await hall.updates() == []


async def test_edits_are_heard_and_deletions_are_not(hall: Hall) -> None:
    await hall.installed()
    await hall.sandbox.command(hall.ben, hall.channel, "/hall one", wait=0)
    written = (await hall.messages())[0]
    key = f"{hall.chat}:{written.message_id}"
    await hall.sandbox.edit(hall.ben, key, "/hall two")
    edited = (await hall.updates())[0].edited_message
    assert edited is not None
    assert (edited.text, edited.edit_date is not None) == ("/hall two", True)
    with pytest.raises(ControlError, match="one's own"):
        await hall.sandbox.delete(hall.ada, key)
    await hall.sandbox.delete(hall.ben, key)
    assert await hall.updates() == []


async def test_who_is_in_a_group(hall: Hall) -> None:
    await hall.installed()
    chat = await hall.bot.get_chat(hall.chat)
    assert (chat.title, chat.type) == ("The hall", "supergroup")
    assert [member.user.first_name for member in await hall.bot.get_chat_administrators(hall.chat)] == ["Ada"]
    assert await hall.bot.get_chat_member_count(hall.chat) == 3
    assert (await hall.bot.get_chat_member(hall.chat, int(hall.ben))).status == "member"
    assert (await hall.bot.get_chat_member(hall.chat, hall.bot.id)).status == "member"
    await hall.sandbox.leave(hall.ben, hall.space)
    assert (await hall.bot.get_chat_member(hall.chat, int(hall.ben))).status == "left"
    with pytest.raises(BadRequest, match=r"(?i)user not found"):
        await hall.bot.get_chat_member(hall.chat, 42)


async def test_commands_by_scope_and_language(hall: Hall) -> None:
    await hall.bot.set_my_commands([BotCommand("hall", "Everything")])
    scope = BotCommandScopeAllGroupChats()
    await hall.bot.set_my_commands([BotCommand("hall", "Alles")], scope=scope, language_code="de")
    assert [command.description for command in await hall.bot.get_my_commands()] == ["Everything"]
    found = await hall.bot.get_my_commands(scope=scope, language_code="de")
    assert [command.description for command in found] == ["Alles"]
    await hall.bot.delete_my_commands()
    assert await hall.bot.get_my_commands() == ()
    with pytest.raises(BadRequest, match=r"(?i)BOT_COMMAND_INVALID"):
        await hall.bot.set_my_commands([BotCommand("Hall!", "No")])
    await hall.bot.set_my_description("A hall", language_code="en")
    assert (await hall.bot.get_my_description("en")).description == "A hall"
    assert (await hall.bot.get_my_short_description()).short_description == ""
    assert (await hall.bot.get_me()).can_read_all_group_messages is False


async def test_acts_that_nobody_could_do(hall: Hall) -> None:
    with pytest.raises(ControlError, match="no selects"):
        await hall.sandbox.pick(hall.ben, "x", "y", [])
    with pytest.raises(ControlError, match="no forms"):
        await hall.sandbox.fill(hall.ben, "x", {})
    with pytest.raises(ControlError, match="there is no member"):
        await hall.sandbox.type("42", hall.channel, "hi")
    with pytest.raises(ControlError, match="in this group already"):
        await hall.sandbox.join(hall.space, "Ben")
    with pytest.raises(ControlError, match="has not pressed Start"):
        await hall.sandbox.type(hall.ben, hall.ben, "hi")
    with pytest.raises(ControlError, match="not in this chat"):
        await hall.sandbox.type(hall.ben, hall.ada, "hi")
    with pytest.raises(ControlError, match="owner, admin or member"):
        await hall.sandbox.set_role(hall.ben, hall.space, "king")
    with pytest.raises(ControlError, match="begins with a slash"):
        await hall.sandbox.command(hall.ben, hall.channel, "hall")
