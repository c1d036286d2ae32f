"""Finds plugins and bots: by entry points, the built-in ones too, or a plugin in one file by its path."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path
from typing import Any

from core.asks import Asking
from core.bot import Bot
from core.house import House
from core.linking import Linking
from core.plugin import Plugin
from core.privacy import Privacy
from core.schedule_desk import ScheduleDesk
from core.texts import Catalogues
from core.watch import Watch
from storage.migrate import PluginMigrations

PLUGINS = "hallkeeper.plugins"
BOTS = "hallkeeper.bots"


class NotFound(Exception):
    """No such plugin or bot; the text says what there is and what to do."""


@lru_cache(maxsize=1)
def _all() -> Any:  # another type before Python 3.12, with the same select
    """What every installed package offers. Reading it takes some milliseconds: once is enough for a process."""
    return entry_points()


def _installed(group: str) -> EntryPoints:
    found: EntryPoints = _all().select(group=group)
    return found


def with_core(plugins: Sequence[Plugin]) -> list[Plugin]:
    """The core's own plugins, made anew, and these."""
    return [House(), ScheduleDesk(), Watch(), Privacy(), Linking(), Asking(), *plugins]


def plugin_class(name: str) -> type[Plugin]:
    """A plugin by the name of its entry point, or by the path of a single file (``./mine.py``).

    Raises :class:`NotFound`.
    """
    if name.endswith(".py"):
        return _from_file(Path(name))
    found = {point.name: point for point in _installed(group=PLUGINS)}
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise NotFound(
            f"There is no plugin {name!r}. Installed: {known}. A plugin in one file goes by its path, ./{name}.py"
        )
    loaded = found[name].load()
    if not (inspect.isclass(loaded) and issubclass(loaded, Plugin)):
        raise NotFound(f"{found[name].value} is not a Plugin class")
    return loaded


def plugin_names() -> list[str]:
    """The plugins that are installed."""
    return sorted(point.name for point in _installed(group=PLUGINS))


def bot_names() -> list[str]:
    """The platforms that bots are installed for."""
    return sorted(point.name for point in _installed(group=BOTS))


def bot_class(name: str) -> type[Bot]:
    """A platform's bot, imported only now. Raises :class:`NotFound`."""
    for point in _installed(group=BOTS):
        if point.name == name:
            try:
                found: type[Bot] = point.load()
            except (ImportError, AttributeError) as error:
                raise NotFound(f"The bot for {name!r} can't be loaded: {error}. Install hallkeeper anew.") from None
            return found
    raise NotFound(f"There is no bot for {name!r}. Installed: {', '.join(bot_names()) or 'none'}")


def tools_of(name: str) -> Sequence[Callable[..., str]]:
    """What a platform's bot adds to the command line, where its class has ``tools``: functions that return a text.

    A function's name is the command's, its docstring the help, its annotated parameters the options.
    """
    found: Sequence[Callable[..., str]] = getattr(bot_class(name), "tools", ())
    return found


def catalogues_for(plugins: Sequence[type[Plugin] | Plugin]) -> Catalogues:
    """The catalogues of the core, of the bots' own words, of the pages, and of plugins."""
    catalogues = Catalogues()
    catalogues.add("core", House.locale or Path())
    for package in ("bots", "web"):
        spec = importlib.util.find_spec(package)
        for place in spec.submodule_search_locations or () if spec else ():
            catalogues.add(package, Path(place) / "locale")
    for plugin in plugins:
        if plugin.locale is not None:
            catalogues.add(plugin.name, plugin.locale)
    return catalogues


def migrations_of(plugins: Sequence[type[Plugin] | Plugin]) -> list[PluginMigrations]:
    """What the store must migrate for these plugins."""
    return [
        PluginMigrations(plugin.name, plugin.migrations, f"{plugin.prefix}_version", f"{plugin.prefix}_")
        for plugin in plugins
        if plugin.migrations is not None
    ]


def _from_file(path: Path) -> type[Plugin]:
    if not path.is_file():
        raise NotFound(f"There is no file {path}. Give the path from the folder that hallkeeper is started in.")
    name = f"hallkeeper_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NotFound(f"{path} can't be read as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    found = [
        item
        for item in vars(module).values()
        if inspect.isclass(item) and issubclass(item, Plugin) and item is not Plugin and item.__module__ == name
    ]
    if len(found) != 1:
        raise NotFound(f"{path} must hold one Plugin class, it holds {len(found)}")
    return found[0]
