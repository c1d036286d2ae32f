"""What a plugin is: a class with metadata, handlers found by decorators, and hooks that the hall calls.

A handler takes a :class:`core.context.Context` and returns what the member sees: a message only for them, a form, or
None. Routing is one dictionary look-up whatever the number of plugins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel import SQLModel

from core.event import Event
from core.form import Form
from core.message import Message
from core.rights import Right
from core.texts import Phrase, Words

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from core.activity import Activity
    from core.alarms import Ring
    from core.context import Owner, Settlement, Viewer
    from core.schedule import Due
    from storage.tx import Tx


class FormErrors(NamedTuple):
    """A submit handler found what the fields' own checks could not: errors by field name, nothing written."""

    errors: Mapping[str, Phrase]


Answer = Message | Form | None
"""What a handler gives back: a message for the member alone, a form, or nothing to show."""

Handler = TypeVar("Handler", bound=Callable[..., Any])

_MARK = "__hallkeeper__"


class NoSettings(BaseModel):
    """The settings of a plugin that has none."""

    model_config = ConfigDict(extra="forbid")


class Command(NamedTuple):
    """``/hall NAME``. ``title`` says in a few words what it does. ``takes_text``: words may follow the name.

    ``form``: it opens a form, which some platforms want as the first answer. ``anywhere``: it works before the space
    belongs to a community.
    """

    name: str
    title: Phrase
    right: Right = Right.ANSWER
    takes_text: bool = False
    form: bool = False
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Where an act goes: a plugin's method, and the right that it asks for."""

    plugin: Plugin
    method: Callable[..., Any]
    right: Right
    command: Command | None = None
    anywhere: bool = False


class _Mark(NamedTuple):
    kind: str
    name: str
    right: Right
    command: Command | None = None
    event: type[Any] | None = None
    anywhere: bool = False


def _marked(mark: _Mark) -> Callable[[Handler], Handler]:
    def decorate(handler: Handler) -> Handler:
        marks: list[_Mark] = handler.__dict__.setdefault(_MARK, [])
        marks.append(mark)
        return handler

    return decorate


def command(
    name: str,
    title: Phrase,
    *,
    right: Right = Right.ANSWER,
    takes_text: bool = False,
    form: bool = False,
    anywhere: bool = False,
) -> Callable[[Handler], Handler]:
    """``async (ctx, text) -> Answer`` handles ``/hall NAME``."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,23}", name):
        raise ValueError(f"a command's name has up to 24 small letters, digits and hyphens, not {name!r}")
    what = Command(name, title, right, takes_text, form, anywhere)
    return _marked(_Mark("command", name, right, what, anywhere=anywhere))


def press(verb: str, *, right: Right = Right.ANSWER, anywhere: bool = False) -> Callable[[Handler], Handler]:
    """``async (ctx, action) -> Answer`` handles a pressed button."""
    return _marked(_Mark("press", verb, right, anywhere=anywhere))


def form(verb: str, *, right: Right = Right.ANSWER, anywhere: bool = False) -> Callable[[Handler], Handler]:
    """``async (ctx, action) -> Form | Message`` makes the form of a form button.

    At most one read and no write: it is asked again when the form comes back, to check what was typed.
    """
    return _marked(_Mark("form", verb, right, anywhere=anywhere))


def submit(verb: str, *, right: Right = Right.ANSWER, anywhere: bool = False) -> Callable[[Handler], Handler]:
    """``async (ctx, action, values) -> Answer | FormErrors`` takes the checked values of the form with that verb."""
    return _marked(_Mark("submit", verb, right, anywhere=anywhere))


def choose(verb: str, *, right: Right = Right.ANSWER, anywhere: bool = False) -> Callable[[Handler], Handler]:
    """``async (ctx, action, values) -> Answer`` takes the picked values of a choice."""
    return _marked(_Mark("choose", verb, right, anywhere=anywhere))


def download(verb: str, *, right: Right = Right.MANAGE) -> Callable[[Handler], Handler]:
    """``async (session, viewer, action) -> File | None`` makes a file; None where there is none (any more).

    A button with that verb in a message of :meth:`Plugin.overview` is a link to it on the manager's page.
    """
    return _marked(_Mark("download", verb, right))


def upload(verb: str, *, right: Right = Right.MANAGE) -> Callable[[Handler], Handler]:
    """``async (desk, action, file) -> Message`` takes a file of at most :data:`core.files.MAX_FILE_BYTES`.

    A button with that verb in a message of :meth:`Plugin.overview` is a file field on the manager's page.
    """
    return _marked(_Mark("upload", verb, right))


def on(event: type[Any]) -> Callable[[Handler], Handler]:
    """``async (ctx, event, activity) -> Answer`` hears of other events.

    Replies, edits and reactions come to the plugin whose activity they are about, with that activity; joins, leaves
    and deletions come to all, with None.
    """
    return _marked(_Mark("event", event.__name__, Right.NONE, event=event))


class Plugin:
    """The base of every plugin. Subclasses set the metadata and decorate their handlers."""

    name: ClassVar[str]
    """Its name in the configuration, ``question_of_the_day``."""
    code: ClassVar[str]
    """Two small letters, permanent: they stand in every button that it ever posted."""
    title: ClassVar[Phrase]
    """Its name for people."""
    settings_model: ClassVar[type[BaseModel]] = NoSettings
    """What belongs to the deployment; what a manager changes is in the store."""
    tables: ClassVar[Sequence[type[SQLModel]]] = ()
    """Its tables, all named ``{prefix}_…``; foreign keys to the core's alone."""
    migrations: ClassVar[Path | None] = None
    """Its Alembic versions folder; its version table is ``{prefix}_version``."""
    prefix: ClassVar[str] = ""
    locale: ClassVar[Path | None] = None
    """The folder of its ``.po`` catalogues, whose domain is the plugin's name."""
    keeps: ClassVar[Sequence[Phrase]] = ()
    """What personal data it keeps and why, for ``/hall privacy``."""
    personal: ClassVar[Sequence[type[SQLModel]]] = ()
    """The tables with columns that lead to a person: :meth:`export` tells of them, :meth:`forget` erases them."""
    needs: ClassVar[Sequence[str]] = ()
    """Names of :class:`core.capabilities.Capabilities` that it can't do without; said at start where missing."""

    def __init__(self, settings: BaseModel | None = None) -> None:
        self.settings = settings if settings is not None else self.settings_model()

    async def card(self, session: AsyncSession, activity: Activity) -> Message | None:
        """The message that shows an activity's state now; None when there is nothing to show any more."""
        raise LookupError(f"{self.name} has no card for {activity.id}")

    def label(self, data: Mapping[str, Any]) -> Words:
        """What an activity is about, marked up, for lists that managers read; ``data`` is the activity's."""
        return ""

    def due(self, tx: Tx, dues: Sequence[Due]) -> None:
        """Schedules of this plugin came due: make the activities and their posts inside ``tx``, in a writer thread.

        Many at the top of an hour: write them with statements for all, not one by one. When it raises, each is tried
        alone, so that one community's trouble is not another's.
        """
        raise LookupError(f"{self.name} has no schedules")

    def ring(self, tx: Tx, rings: Sequence[Ring]) -> None:
        """Alarms of this plugin came due (:func:`core.alarms.set_alarm`): do what is to be done inside ``tx``, in a
        writer thread. They are taken away in the same transaction; set them anew where there is more to come.

        When it raises, each is tried alone, and what fails then rings again later.
        """
        raise LookupError(f"{self.name} has no alarms")

    def withdraw(self, tx: Tx, community_id: UUID, activity_id: UUID) -> None:
        """A manager changed or ended the schedule before any post of this activity went out: nobody saw it, it is
        closed, and its posts are cancelled. Take back what :meth:`due` took, such as a question from its queue."""

    def settle(self, tx: Tx, settlement: Settlement) -> Message | None:
        """A space was set up with a channel: make a sensible start inside ``tx``; what to tell the manager."""
        return None

    async def overview(self, session: AsyncSession, viewer: Viewer) -> Sequence[Message]:
        """What a manager's page shows of this plugin, as messages: a title, pairs of figures, a few lines, and as
        buttons the files to fetch or to hand in."""
        return ()

    async def export(self, session: AsyncSession, owner: Owner) -> dict[str, Any]:
        """All that is kept about a member, for themselves, as JSON data and moments.

        Keys are phrases of the plugin's catalogue, in English; values may be phrases too, by ``words_to_data``.
        """
        return {}

    def forget(self, tx: Tx, owner: Owner) -> None:
        """Erase all that is kept about a member. The append-only log holds pseudonyms alone and is left as it is."""


class Routes:
    """Where every act of every plugin goes. Made once at start; raises ValueError for two claims to one name."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self.plugins = tuple(plugins)
        self.by_code: dict[str, Plugin] = {}
        self.commands: dict[str, Route] = {}
        self.presses: dict[tuple[str, str], Route] = {}
        self.forms: dict[tuple[str, str], Route] = {}
        self.submits: dict[tuple[str, str], Route] = {}
        self.chooses: dict[tuple[str, str], Route] = {}
        self.downloads: dict[tuple[str, str], Route] = {}
        self.uploads: dict[tuple[str, str], Route] = {}
        self.events: dict[type[Event], dict[str, Route]] = {}
        for plugin in plugins:
            self._add(plugin)

    def _add(self, plugin: Plugin) -> None:
        if plugin.code in self.by_code:
            raise ValueError(f"{plugin.name} and {self.by_code[plugin.code].name} share the code {plugin.code!r}")
        self.by_code[plugin.code] = plugin
        verbs = {
            "press": self.presses,
            "form": self.forms,
            "submit": self.submits,
            "choose": self.chooses,
            "download": self.downloads,
            "upload": self.uploads,
        }
        for attribute in dir(type(plugin)):
            for mark in getattr(getattr(type(plugin), attribute), _MARK, ()):
                route = Route(plugin, getattr(plugin, attribute), mark.right, mark.command, mark.anywhere)
                if mark.kind == "event":
                    self.events.setdefault(mark.event, {})[plugin.code] = route
                elif mark.kind == "command":
                    _claim(self.commands, mark.name, route, f"the command {mark.name!r}")
                else:
                    _claim(verbs[mark.kind], (plugin.code, mark.name), route, f"the {mark.kind} {mark.name!r}")


def _claim(routes: dict[Any, Route], key: Any, route: Route, what: str) -> None:
    if key in routes:
        raise ValueError(f"{route.plugin.name} and {routes[key].plugin.name} both claim {what}")
    routes[key] = route
