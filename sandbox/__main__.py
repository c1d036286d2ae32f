"""``python -m sandbox``: the three platforms and their page, for whoever wants to connect a bot of their own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Sequence

from sandbox.control import Platform
from sandbox.members import Crowd
from sandbox.page import Page
from sandbox.town import settle

_SHOWN = ("token", "bot_token", "app_token", "signing_secret", "gateway_url", "username")


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """The command line. Leaves the process with a message when it can't be read."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead of words")
    for name in ("discord", "slack", "telegram", "page"):
        parser.add_argument(f"--{name}-port", type=int, default=0, metavar="PORT", help="a free one unless given")
    parser.add_argument("--people", type=int, default=6, help="members in each space beside its owner (6)")
    parser.add_argument("--crowd", action="store_true", help="let the members answer what the bot asks")
    parser.add_argument("--pace", type=float, default=1.0, help="how slow the crowd is: 0.1 is ten times as fast (1)")
    parser.add_argument("--seed", type=int, default=0, help="fixes what the crowd does by chance (0)")
    return parser.parse_args(given)


def make_platforms() -> list[Platform]:
    """One server of each kind, not started."""
    from sandbox.discord import DiscordSandbox
    from sandbox.slack import SlackSandbox
    from sandbox.telegram import TelegramSandbox

    return [DiscordSandbox(), SlackSandbox(), TelegramSandbox()]


def about(platform: Platform) -> dict[str, str]:
    """What a bot needs in order to connect to a platform."""
    found = {name: str(getattr(platform, name)) for name in _SHOWN if getattr(platform, name, "")}
    return {"url": platform.url, **found}


async def run(options: argparse.Namespace, platforms: Sequence[Platform]) -> None:
    """Serve until SIGTERM or SIGINT."""
    crowd = Crowd(platforms, seed=options.seed, pace=options.pace)
    page = Page(platforms)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with contextlib.AsyncExitStack() as running:
        for platform in platforms:
            await platform.start(getattr(options, f"{platform.name}_port"))
            running.push_async_callback(platform.stop)
            await settle(platform, people=options.people)
        await page.start(options.page_port)
        running.push_async_callback(page.stop)
        sys.stdout.write(told(page, platforms, as_json=options.json))
        sys.stdout.flush()
        taking_part = asyncio.create_task(crowd.run()) if options.crowd else None
        await ended.wait()
        if taking_part is not None:
            taking_part.cancel()
            await asyncio.gather(taking_part, return_exceptions=True)


def told(page: Page, platforms: Sequence[Platform], *, as_json: bool) -> str:
    """The addresses and tokens, for a program or for a person."""
    found = {platform.name: about(platform) for platform in platforms}
    if as_json:
        return json.dumps({"page": page.url, **found}) + "\n"
    lines = [f"The page: {page.url}", ""]
    for name, facts in found.items():
        lines += [name.capitalize(), *(f"  {key:<15}{value}" for key, value in facts.items()), ""]
    return "\n".join([*lines, "Ctrl+C ends it.", ""])


def main() -> None:
    """The command's entry."""
    asyncio.run(run(arguments(sys.argv[1:]), make_platforms()))


if __name__ == "__main__":
    main()
