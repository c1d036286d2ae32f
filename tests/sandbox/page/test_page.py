"""The page in a real browser: seeing, acting, and what comes of it."""

from __future__ import annotations

import json

import aiohttp
import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from core.testing.pictures import png
from sandbox.control import ControlView
from sandbox.discord import DiscordSandbox
from sandbox.page import Page as SandboxPage
from tests.browser import NARROW, window
from tests.sandbox.page.conftest import Shown
from tests.sandbox.page.scene import QUESTION, chatter

pytestmark = pytest.mark.asyncio(loop_scope="session")


def column(page: Page, name: str) -> Locator:
    return page.locator(f'[data-column="{name}"]')


async def act_as(column: Locator, person: str) -> None:
    await column.locator(".people").select_option(label=person)


async def test_three_columns_show_what_stands_in_them(shown: Shown, browser: BrowserContext) -> None:
    chatter(shown.slack)
    async with window(browser, shown.url) as page:
        for name, space in (("discord", "The Reading Room"), ("slack", "Reading Room Staff")):
            await expect(column(page, name)).to_contain_text(space)
            await expect(column(page, name)).to_contain_text(QUESTION)
        slack = column(page, "slack")
        await expect(slack.locator(".text b")).to_have_text("reading circle")
        await expect(slack.locator(".edited")).to_have_count(1)
        await expect(slack.locator(".only")).to_have_text("Only you can see this")
        nested = slack.locator(".nested")
        await expect(nested).to_have_count(2)
        await expect(nested.first).to_contain_text("Un vieux livre")
        await expect(slack.locator(".message").nth(1)).to_contain_text("Un vieux livre")
        await act_as(slack, "Konrad Zuse")
        await expect(slack.locator(".only")).to_have_count(0)
        await expect(slack.locator(".locale")).to_have_text("de")
        await slack.get_by_role("button", name="#off-topic").click()
        await expect(slack.locator(".message")).to_have_count(0)


async def test_an_uploaded_picture_is_drawn_with_its_words(browser: BrowserContext) -> None:
    discord, body = DiscordSandbox(), {"embeds": [{"image": {"url": "attachment://harbour.png"}}]}
    await discord.start()
    space = await discord.add_space("Harbour", owner="Olga")
    channel = await discord.add_channel(space, "lounge")
    await discord.install(space, discord.state().members[0].id)
    form = aiohttp.FormData()
    described = [{"id": 0, "filename": "harbour.png", "description": "The harbour at night"}]
    form.add_field("payload_json", json.dumps({**body, "attachments": described}))
    form.add_field("files[0]", png(30, 20), filename="harbour.png", content_type="image/png")
    page = SandboxPage([discord])
    await page.start()
    try:
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bot {discord.token}"}) as bot,
            bot.post(f"{discord.url}/api/v10/channels/{channel}/messages", data=form) as answer,
        ):
            assert answer.status == 200
        async with window(browser, page.url) as shown:
            picture = shown.get_by_alt_text("The harbour at night")
            await expect(picture).to_be_visible()
            await expect(picture).to_have_js_property("naturalWidth", 30)
    finally:
        await page.stop()
        await discord.stop()


async def test_a_button_opens_its_form_and_the_answer_counts(shown: Shown, browser: BrowserContext) -> None:
    async with window(browser, shown.url) as page:
        discord = column(page, "discord")
        await act_as(discord, "Ada Byron")
        await discord.get_by_role("button", name="Answer", exact=True).click()
        sheet = page.get_by_role("dialog", name="Question of the day")
        await expect(sheet).to_contain_text("Ada Byron on Discord")
        answer = sheet.get_by_label("Your answer")
        await expect(answer).to_be_focused()
        await answer.fill("A" * 301)
        await expect(sheet.locator(".counter")).to_have_text("301 / 300")
        await sheet.get_by_role("button", name="Send").click()
        await expect(sheet).to_contain_text("At most 300 characters, these are 301.")
        await expect(sheet).to_contain_text("Please fill this in.")
        await expect(answer).to_have_attribute("aria-invalid", "true")
        assert shown.discord.platform.answers == []

        await answer.fill("A bad answer")
        await sheet.get_by_label("Yes, with my name").check()
        await sheet.get_by_role("button", name="Send").click()
        await expect(sheet).to_contain_text("Kinder words, please.")
        await expect(answer).to_have_value("A bad answer")

        await answer.fill("The coffee machine hums in tune.")
        await sheet.get_by_role("button", name="Send").click()
        await expect(sheet).to_have_count(0)
        await expect(discord.locator(".whisper")).to_contain_text("Thank you, that counts.")
        await expect(page.locator("#count")).to_have_text("1 answer")
        ada = shown.discord.members["Ada Byron"]
        assert shown.discord.platform.answers == [(ada, "The coffee machine hums in tune.")]


async def test_a_silent_bot_is_said_to_be_silent_and_words_are_kept(shown: Shown, browser: BrowserContext) -> None:
    async with window(browser, shown.url) as page:
        discord = column(page, "discord")
        shown.discord.platform.mute = 1
        await discord.get_by_role("button", name="Answer", exact=True).click()
        await expect(discord.get_by_role("status")).to_have_text("This interaction failed")
        await discord.get_by_role("button", name="Answer", exact=True).click()
        sheet = page.get_by_role("dialog")
        await sheet.get_by_label("Your answer").fill("Still here")
        await sheet.get_by_label("No, keep it among us").check()
        shown.discord.platform.mute = 1
        await sheet.get_by_role("button", name="Send").click()
        await expect(sheet.get_by_role("alert")).to_contain_text("did not answer in time")
        await expect(sheet.get_by_label("Your answer")).to_have_value("Still here")
        await page.keyboard.press("Escape")
        await expect(sheet).to_have_count(0)


async def test_a_deep_link_leads_through_the_dialogue_in_private(shown: Shown, browser: BrowserContext) -> None:
    async with window(browser, shown.url) as page:
        telegram = column(page, "telegram")
        await act_as(telegram, "Ada Byron")
        await telegram.get_by_role("link", name="Answer").click()
        await expect(telegram.get_by_role("button", name="Private")).to_have_attribute("aria-current", "true")
        await expect(telegram.locator(".message").last).to_contain_text("What is your answer?")
        line = telegram.get_by_label("Telegram: write a message")
        await line.fill("Fresh bread")
        await line.press("Enter")
        await telegram.get_by_role("button", name="Yes", exact=True).click()
        await expect(telegram.locator(".message").last).to_contain_text("Thank you, that counts.")
        await expect(page.locator("#count")).to_have_text("1 answer")


async def test_replies_hang_on_their_message_or_in_its_thread(shown: Shown, browser: BrowserContext) -> None:
    async with window(browser, shown.url) as page:
        for name, tool in (("slack", "Reply in thread"), ("telegram", "Reply")):
            one = column(page, name)
            await one.locator(".message").first.hover()
            await one.get_by_role("button", name=f"{tool}: message by hallkeeper").click()
            line = one.locator("textarea")
            await expect(line).to_be_focused()
            await line.fill("A long walk")
            await line.press("Enter")
            await expect(one.locator(".message").last).to_contain_text("A long walk")
            await expect(one.locator(".reaction")).to_contain_text("✓")
        await expect(column(page, "slack").locator(".nested")).to_contain_text("A long walk")
        await expect(column(page, "telegram").locator(".quote")).to_contain_text("Question of the day")
        await expect(page.locator("#count")).to_have_text("2 answers")


async def test_writing_reacting_commands_and_changing_ones_words(shown: Shown, browser: BrowserContext) -> None:
    async with window(browser, shown.url) as page:
        slack = column(page, "slack")
        line = slack.locator("textarea")
        await line.fill("Hello ther")
        await line.press("Enter")
        own = slack.locator(".message.own").last
        await own.hover()
        await own.get_by_role("button", name="Edit").click()
        await line.fill("Hello there")
        await line.press("Enter")
        await expect(own.locator(".text")).to_have_text("Hello there")
        await expect(own.locator(".edited")).to_be_visible()
        await own.hover()
        await own.locator("summary").click()
        await own.get_by_role("button", name="React with ❤").click()
        reaction = own.locator(".reaction")
        await expect(reaction).to_have_attribute("aria-pressed", "true")
        await reaction.click()
        await expect(reaction).to_have_count(0)
        await line.fill("/hall help")
        await line.press("Enter")
        await expect(slack.locator(".whisper")).to_contain_text("You may do this here: /hall help")
        await own.hover()
        await own.get_by_role("button", name="Delete").click()
        await expect(slack.locator(".message.own")).to_have_count(0)


async def test_what_a_person_could_not_do_is_said_and_the_words_come_back(
    shown: Shown, browser: BrowserContext
) -> None:
    page = await browser.new_page()  # not a window: a refusal is a line in the console
    await page.goto(shown.url)
    slack = column(page, "slack")
    line = slack.locator("textarea")
    await line.fill("Into the void")
    del shown.slack.platform.channels[shown.slack.channel]
    await line.press("Enter")
    await expect(slack.get_by_role("status")).to_have_text("this channel is not there")
    await expect(line).to_have_value("Into the void")


async def test_several_options_are_picked_together(shown: Shown, browser: BrowserContext) -> None:
    chatter(shown.slack)
    async with window(browser, shown.url) as page:
        slack = column(page, "slack")
        await act_as(slack, "Ada Byron")
        await slack.locator(".select > summary").click()
        await slack.get_by_label("Monday").check()
        await slack.get_by_label("Thursday").check()
        await slack.get_by_role("button", name="Done").click()
        await expect(slack.get_by_role("status")).to_have_text("Taken.")
        assert shown.slack.platform.answers == [(shown.slack.members["Ada Byron"], "o0,o3")]


async def test_hostile_words_stay_words(shown: Shown, browser: BrowserContext) -> None:
    attack = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    one = shown.slack
    mallory = await one.platform.join(one.space, attack)
    evil = (
        ControlView("x", "link", attack, url="javascript:document.title='owned'"),
        ControlView("y", "button", attack),
    )
    html = f"{attack}<a href=\"javascript:document.title='owned'\">here</a><b onclick='1' style='color:red'>bold</b>"
    one.platform.post(one.channel, attack, author=mallory, title=attack, html=html, controls=evil)
    page = await browser.new_page()  # not a window: the policy says in the console what it stopped
    await page.goto(shown.url)
    message = column(page, "slack").locator(".message").last
    await expect(message.locator(".author")).to_have_text(attack)
    await expect(message.locator("script, img, [onclick], [style]:not(.avatar)")).to_have_count(0)
    await expect(message.locator("a[href]")).to_have_count(0)
    await message.locator(".text a").click()
    await message.locator("a.control").click()
    assert await page.title() != "owned"


async def test_a_message_that_changes_keeps_the_focus_and_open_lists(shown: Shown, browser: BrowserContext) -> None:
    async with window(browser, shown.url) as page:
        discord = column(page, "discord")
        button = discord.get_by_role("button", name="Answer", exact=True)
        await button.focus()
        platform, ada = shown.discord.platform, shown.discord.members["Ada Byron"]
        await platform.react(ada, shown.discord.question, "♥")
        await expect(discord.locator(".reaction")).to_have_count(1)
        await expect(button).to_be_focused()
        await platform.type(ada, shown.discord.channel, "Something else")
        await expect(discord.locator(".message")).to_have_count(2)
        await expect(button).to_be_focused()


async def test_a_narrow_window_shows_one_hall_at_a_time(shown: Shown, browser: BrowserContext) -> None:
    async with window(browser, shown.url, NARROW) as page:
        await expect(column(page, "discord")).to_be_visible()
        await expect(column(page, "telegram")).to_be_hidden()
        await page.get_by_role("button", name="Telegram", exact=True).click()
        await expect(column(page, "telegram")).to_be_visible()
        await expect(column(page, "discord")).to_be_hidden()
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width == NARROW[0], "nothing sticks out"
        last = column(page, "telegram").locator(".message").last
        await expect(last).to_be_in_viewport()


async def test_new_messages_elsewhere_are_marked(shown: Shown, browser: BrowserContext) -> None:
    async with window(browser, shown.url) as page:
        slack = column(page, "slack")
        other = next(c.id for c in shown.slack.platform.state().channels if c.name == "off-topic")
        shown.slack.platform.post(other, "Psst.")
        tab = slack.get_by_role("button", name="#off-topic")
        await expect(tab.locator(".unread")).to_have_count(1)
        await tab.click()
        await expect(tab.locator(".unread")).to_have_count(0)
        await expect(slack.locator(".message")).to_contain_text("Psst.")


async def test_every_control_has_a_name(shown: Shown, browser: BrowserContext) -> None:
    for one in (shown.discord, shown.slack, shown.telegram):
        chatter(one)
    nameless = """() => [...document.querySelectorAll("button, a[href], input, select, textarea, summary, iframe")]
        .filter((node) => !(node.ariaLabel || node.labels?.length || node.textContent.trim() || node.title))
        .map((node) => node.outerHTML)"""
    async with window(browser, shown.url) as page:
        await expect(column(page, "telegram").locator(".message")).not_to_have_count(0)
        await column(page, "discord").get_by_role("button", name="Answer", exact=True).click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await page.evaluate(nameless) == []


async def test_columns_fill_the_window(shown: Shown, browser: BrowserContext) -> None:
    async with window(browser, shown.url) as page:
        await expect(column(page, "slack").locator(".message")).to_have_count(1)
        box = await column(page, "slack").bounding_box()
        assert box is not None
        assert box["y"] < 100
        assert box["y"] + box["height"] > 860, "a short conversation leaves the column as tall as the window"
