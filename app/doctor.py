"""The doctor: looks at all that must be right, changes nothing, and says what to do next.

It starts no bot, so it may be used beside a hall that runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from sqlalchemy import and_, select
from sqlalchemy.engine import URL
from sqlmodel import col

from app.settings import Settings, VaultSettings
from app.upkeep import reaching
from core.bot import Bot, Finding, Severity
from core.registry import catalogues_for, migrations_of, with_core
from core.texts import Catalogues
from storage import keeper, migrate
from storage.connect import writing_engine
from storage.errors import BadMasterKey, StoreError
from storage.tables import Channel, Space
from storage.url import parse_url, shown
from storage.vault import Vault

GOOD, NOTE, BAD = Severity.GOOD, Severity.NOTE, Severity.BAD
SIGNS = {GOOD: "✓", NOTE: "•", BAD: "✗"}
BOT_SECONDS = 30.0
"""How long a platform may take to answer before that is a finding itself."""
MOST_CHANNELS = 50
"""Channels looked at by platform when none was named: each costs several calls."""


@dataclass(frozen=True, slots=True)
class Part:
    """What was found in one place."""

    title: str
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Known:
    """A channel that the store knows, in the platform's ids."""

    platform: str
    space: str
    space_name: str
    channel: str
    name: str


async def report(settings: Settings, only: Sequence[str], say: Callable[[str], None]) -> int:
    """Say all findings, a line each. ``only`` names channels to look at. Returns 1 when something is bad, else 0."""
    bad = notes = 0
    async for part in examine(settings, only):
        say(f"{part.title}")
        for finding in part.findings:
            say(f"  {SIGNS[finding.severity]} {finding.subject}: {finding.text}")
            bad += finding.severity is BAD
            notes += finding.severity is NOTE
        say("")
    if bad:
        say(f"{bad} to put right{f', {notes} to know' if notes else ''}.")
    else:
        say(f"All is well{f', {notes} to know' if notes else ''}.")
    return 1 if bad else 0


async def examine(settings: Settings, only: Sequence[str] = ()) -> AsyncIterator[Part]:
    """Every part in turn, as soon as it was looked at."""
    key, vault = _key(settings.vault)
    states, known = await asyncio.to_thread(_store, settings, vault)
    yield Part("Store", [*states, key])
    yield Part("Texts and plugins", [*_texts(settings), *_needs(settings)])
    if settings.web.enabled:
        yield Part("Pages", [await _pages(settings)])
    if not settings.bots:
        nothing = "None is enabled. Set enabled = true in its section, and its token."
        yield Part("Platforms", [Finding(BAD, "platforms", nothing)])
    for bot in settings.bots:
        yield Part(bot.platform.capitalize(), await _platform(bot, known, only))
    unknown = [name for name in only if not any(_is(one, name) for one in known)]
    if unknown:
        there = ", ".join(sorted({f"#{one.name}" for one in known})) or "none yet"
        yield Part(
            "Channels", [Finding(BAD, name, f"The store knows no such channel. Known: {there}.") for name in unknown]
        )


# -- the store --------------------------------------------------------------------------------------------------
def _key(vault_settings: VaultSettings) -> tuple[Finding, Vault | None]:
    path, given = vault_settings.key_file, vault_settings.key.get_secret_value()
    if not given and not path.exists():
        return Finding(NOTE, "master key", f"None at {path}. The first start makes it; back it up then, apart."), None
    try:
        vault = Vault.from_text(given) if given else Vault.from_file(path)
    except BadMasterKey as error:
        return Finding(BAD, "master key", str(error)), None
    if given:
        return Finding(GOOD, "master key", "Given by vault.key."), vault
    if path.stat().st_mode & 0o077:
        return Finding(NOTE, "master key", f"Others on this machine may read it: chmod 600 {path}"), vault
    return Finding(GOOD, "master key", f"{path} is readable, by you alone."), vault


def _store(settings: Settings, vault: Vault | None) -> tuple[list[Finding], list[Known]]:
    """Findings about the store, and the channels in it."""
    try:
        url = parse_url(settings.store.url.get_secret_value())
        with reaching(url):
            return _look(url, settings, vault)
    except StoreError as error:
        return [Finding(BAD, "store", str(error))], []


def _look(url: URL, settings: Settings, vault: Vault | None) -> tuple[list[Finding], list[Known]]:
    states = migrate.check_all(url, migrations_of(settings.plugins))
    migrate.refuse_ahead(url, states)
    if states[0].current is None:
        return [Finding(NOTE, "store", f"{shown(url)} is empty. The first start makes the tables.")], []
    found = [Finding(GOOD, "store", f"{shown(url)} can be reached.")]
    behind = [state.name for state in states if state.behind]
    if behind:
        what = f"Missing for {', '.join(behind)}. Back the store up, then `hallkeeper migrate`, or just start."
        found.append(Finding(BAD, "migrations", what))
    else:
        found.append(Finding(GOOD, "migrations", "All have run."))
    found += _sealed(url, vault, settings.vault.key_file)
    return found, [] if "core" in behind else _channels(url)


def _sealed(url: URL, vault: Vault | None, path: Path) -> list[Finding]:
    """Whether the store was sealed with this key."""
    engine = writing_engine(url)
    try:
        with engine.connect() as connection:
            # A key that nobody has serves to ask whether the store remembers any.
            keeper.check(connection, vault or Vault.generate())
    except StoreError as error:
        if vault is not None:
            return [Finding(BAD, "seal", str(error))]
        lost = f"The store was sealed with a key, and there is none at {path}. Restore it from your backup."
        return [Finding(BAD, "seal", lost)]
    finally:
        engine.dispose()
    return [Finding(GOOD, "seal", "The store knows this key.")] if vault is not None else []


def _channels(url: URL) -> list[Known]:
    """The channels of spaces that the bot is in."""
    query = (
        select(
            col(Space.platform), col(Space.external_id), col(Space.name), col(Channel.external_id), col(Channel.name)
        )
        .join(
            Channel,
            and_(col(Channel.community_id) == col(Space.community_id), col(Channel.space_id) == col(Space.id)),
        )
        .where(col(Space.removed_at).is_(None))
        .order_by(col(Space.platform), col(Space.name), col(Channel.name))
    )
    engine = writing_engine(url)
    try:
        with engine.connect() as connection:
            return [Known(*row) for row in connection.execute(query)]
    finally:
        engine.dispose()


# -- texts, plugins, pages --------------------------------------------------------------------------------------
def _texts(settings: Settings) -> list[Finding]:
    """Which languages are spoken, and which plugin lacks one of them."""
    plugins = with_core(settings.plugins)
    try:
        languages = catalogues_for(plugins).languages
    except ValueError as error:
        return [Finding(BAD, "catalogues", f"One can't be read: {error}. Put it right, or take it away.")]
    found = [Finding(GOOD, "languages", ", ".join(languages))]
    for plugin in plugins:
        own = Catalogues()
        if plugin.locale is not None:
            own.add(plugin.name, plugin.locale)
        if lacking := set(languages) - set(own.languages):
            what = f"Has no texts in {', '.join(sorted(lacking))}; English stands in for them."
            found.append(Finding(NOTE, plugin.name, what))
    return found


def _needs(settings: Settings) -> list[Finding]:
    """What plugins need and platforms have."""
    found = [
        Finding(
            BAD, plugin.name, f"Needs {need}, which {bot.platform} lacks. Leave it out of plugins, or {bot.platform}."
        )
        for plugin in settings.plugins
        for bot in settings.bots
        for need in plugin.needs
        if not getattr(bot.capabilities, need)
    ]
    names = ", ".join(plugin.name for plugin in settings.plugins) or "none"
    return found or [Finding(GOOD, "plugins", f"{names}: all they need is there.")]


async def _pages(settings: Settings) -> Finding:
    """Whether a hall runs here, as it says itself."""
    host = "127.0.0.1" if settings.web.host in ("0.0.0.0", "::", "") else settings.web.host  # noqa: S104 - not listened on
    url = f"http://{host}:{settings.web.port}/readyz"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.get(url) as answer,
        ):
            said = await answer.json()
            if said["ready"]:
                return Finding(GOOD, "running", f"hallkeeper runs here and is ready ({url}).")
            down = [name for name, one in said["connections"].items() if one["listening"] and not one["connected"]]
            down += [] if said["store"] else ["store"]
            return Finding(
                BAD, "running", f"hallkeeper runs here and is not ready: look at {', '.join(down) or url}."
            )
    except (aiohttp.ClientConnectionError, TimeoutError):
        return Finding(NOTE, "running", "hallkeeper does not run here now: `hallkeeper run`.")
    except (aiohttp.ClientError, ValueError, KeyError, TypeError, AttributeError):
        return Finding(BAD, "running", f"Something else listens there ({url}). Set web.port to another one.")


# -- platforms --------------------------------------------------------------------------------------------------
async def _platform(bot: Bot, known: Sequence[Known], only: Sequence[str]) -> list[Finding]:
    """The connection, and each channel, when the connection is good enough to ask."""
    found = list(await _asked(bot.platform, bot.examine()))
    if any(finding.severity is BAD and finding.subject.endswith(("token", "connection")) for finding in found):
        return found
    here = [
        one for one in known if one.platform == bot.platform and (not only or any(_is(one, name) for name in only))
    ]
    for one in here[:MOST_CHANNELS]:
        for finding in await _asked(f"#{one.name}", bot.examine_channel(one.space, one.channel)):
            subject = finding.subject if one.name in finding.subject else f"#{one.name}"
            found.append(Finding(finding.severity, f"{one.space_name} {subject}".strip(), finding.text))
    if len(here) > MOST_CHANNELS:
        rest = f"{len(here) - MOST_CHANNELS} more were not looked at. Name them: --channel NAME"
        found.append(Finding(NOTE, "channels", rest))
    if not here and not only:
        found.append(Finding(NOTE, "channels", "None is set up yet. Add the bot to a space; it greets you there."))
    return found


async def _asked(subject: str, asking: Awaitable[Sequence[Finding]]) -> Sequence[Finding]:
    """What a bot found. That it can't find anything out is a finding, too."""
    try:
        async with asyncio.timeout(BOT_SECONDS):
            return await asking
    except TimeoutError:
        return [
            Finding(BAD, subject, f"No answer within {BOT_SECONDS:.0f} seconds. Look at the network, then try again.")
        ]
    except Exception as error:  # its words may hold what is secret
        return [Finding(BAD, subject, f"The examination failed itself ({type(error).__name__}). Please report it.")]


def _is(one: Known, name: str) -> bool:
    return name.removeprefix("#") in (one.name, one.channel)
