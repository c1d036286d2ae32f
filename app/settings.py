"""What belongs to the deployment: where the store is, the secrets, which bots and plugins. All else is in the store.

The environment wins over the secrets folder, that over the file. Unknown names are refused with the nearest one.
A platform's section is only understood by that platform's bot, which is only imported when the section enables it.
"""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from core.bot import Bot
from core.plugin import Plugin
from core.registry import NotFound, bot_class, bot_names, plugin_class, plugin_names

PREFIX = "HALLKEEPER_"
OTHERS = frozenset({"HALLKEEPER_CONFIG", "HALLKEEPER_SECRETS", "HALLKEEPER_TEST_PG_URL"})
"""Variables with our prefix that are not settings: where the settings are, and what tests need."""


class SettingsError(Exception):
    """The settings can't be used; the text names each one, what is wrong, and what to do. No value stands in it."""


class _Section(BaseModel):
    # Only the model that is made of all of them is ever used: it alone needs to be built.
    model_config = ConfigDict(extra="forbid", defer_build=True)


class StoreSettings(_Section):
    """Where everything is kept."""

    url: SecretStr = Field(
        default=SecretStr("sqlite:///data/hall.db"),
        description="sqlite:///PATH, or postgresql://USER:PASSWORD@HOST/DATABASE",
    )


class VaultSettings(_Section):
    """The key that personal data is encrypted with."""

    key_file: Path = Field(
        default=Path("secrets/master.key"), description="made at the first start; back it up, apart"
    )
    key: SecretStr = Field(
        default=SecretStr(""),
        description="the key itself, where a keeper of secrets hands it in; no file is used then",
    )


class WebSettings(_Section):
    """Health and pages."""

    enabled: bool = Field(default=True, description="whether hallkeeper listens at all")
    host: str = Field(default="127.0.0.1", description="0.0.0.0 to be reached from other machines")
    public_url: str = Field(default="", description="where managers reach the pages; empty: on this machine")
    port: int = Field(default=8080, ge=0, le=65535, description="0 takes a free one")


class LogSettings(_Section):
    """What is written about the run."""

    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="how much is told")
    form: Literal["auto", "people", "json"] = Field(
        default="auto", description="people's form on a terminal, JSON otherwise"
    )


def _by_commas(value: Any) -> Any:
    """In the environment and in files a list is written ``one, two``."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class _Sources:
    """What each place says, as nested dictionaries; ``names`` says for each setting by what name it came."""

    given: Mapping[str, Any]
    environment: Mapping[str, Any]
    secrets: Mapping[str, Any]
    file: Mapping[str, Any]
    names: Mapping[tuple[str, ...], str] = field(default_factory=dict)


class _Read(BaseSettings):
    """Environment over secrets over the file."""

    model_config = SettingsConfigDict(extra="ignore", defer_build=True)
    sources: ClassVar[_Sources]

    plugins: Annotated[list[str], BeforeValidator(_by_commas)] = Field(
        default=["question_of_the_day", "sampling_drops", "listening_parties"],
        description="names of installed plugins, or paths of single files (./mine.py)",
    )

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *_: PydanticBaseSettingsSource, **__: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Ours, the strongest first. Each was read before, so that a mistake can be told with its place."""
        here = cls.sources
        ordered = (here.given, here.environment, here.secrets, here.file)
        return tuple(InitSettingsSource(settings_cls, dict(source)) for source in ordered)


class DeploymentSettings(_Read):
    """The sections that every deployment has; platforms' and plugins' are added beside them."""

    model_config = SettingsConfigDict(extra="forbid", defer_build=True)

    store: StoreSettings = StoreSettings()
    vault: VaultSettings = VaultSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()


class Settings(NamedTuple):
    """Settings that were understood whole. ``bots`` are made and not started; ``plugins`` are made."""

    store: StoreSettings
    vault: VaultSettings
    web: WebSettings
    log: LogSettings
    bots: Sequence[Bot]
    plugins: Sequence[Plugin]
    secrets: frozenset[str] = frozenset()
    """All that was given in secret, so that it can be kept out of the logs."""


def load(config: Path | None, secrets: Path | None = None, **given: Any) -> Settings:
    """Read the settings, import what is enabled, and check all of it. ``given`` is stronger than any of it.

    Raises :class:`SettingsError` with every mistake at once.
    """
    names: dict[tuple[str, ...], str] = {}
    environment = {
        name: value for name, value in os.environ.items() if name.startswith(PREFIX) and name not in OTHERS
    }
    sources = _Sources(
        given=given,
        environment=_nested({name: (name.removeprefix(PREFIX), value) for name, value in environment.items()}, names),
        secrets=_nested(_secret_files(secrets), names) if secrets is not None else {},
        file=_toml(config) if config is not None else {},
        names=names,
    )
    mistakes: list[str] = []
    kinds = _plugin_classes(sources, mistakes)
    sections = {*bot_names(), *plugin_names(), *(kind.name for kind in kinds)}
    deployment = _read(sources, DeploymentSettings, sections, mistakes)
    # Apart from the deployment's own, so that a mistake there does not hide those in here.
    others = _read(sources, _Read, sections, mistakes)
    models: list[BaseModel] = [] if deployment is None else [deployment.store]
    bots: list[Bot] = []
    for name in bot_names():
        section = getattr(others, name, {})
        if _enabled(name, section, mistakes):
            try:
                bot = bot_class(name)
            except NotFound as error:
                mistakes.append(str(error))
                continue
            made = _section(bot.settings_model, section, name, names, mistakes)
            if made is not None:
                models.append(made)
                bots.append(bot(made))  # type: ignore[call-arg]  # a Protocol has no constructor; every bot takes its settings
    plugins: list[Plugin] = []
    for kind in kinds:
        made = _section(kind.settings_model, getattr(others, kind.name, {}), kind.name, names, mistakes)
        if made is not None:
            models.append(made)
            plugins.append(kind(made))
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    secret = frozenset(one for model in models for one in _secrets_in(model))
    return Settings(deployment.store, deployment.vault, deployment.web, deployment.log, bots, plugins, secret)


# -- the places -------------------------------------------------------------------------------------------------
def _toml(path: Path) -> dict[str, Any]:
    import tomllib  # many deployments have no file

    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise SettingsError(f"There is no file {path}. Start from config.example.toml.") from None
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}.") from None
    except ValueError as error:  # says where, and not what stands there
        raise SettingsError(f"{path} is no TOML: {error}.") from None


def _secret_files(folder: Path) -> dict[str, tuple[str, str]]:
    """The files of a secrets folder. Hidden ones (an orchestrator's own) and keys are no settings."""
    found = {}
    try:
        for path in sorted(folder.iterdir()):
            if not path.name.startswith(".") and path.suffix != ".key" and path.is_file():
                found[str(path)] = (path.name, path.read_text("utf-8").strip())
    except FileNotFoundError:
        raise SettingsError(f"There is no folder {folder} for secrets.") from None
    except OSError as error:
        raise SettingsError(f"{error.filename or folder} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is no text in UTF-8.") from None
    return found


def _nested(flat: Mapping[str, tuple[str, str]], names: dict[tuple[str, ...], str]) -> dict[str, Any]:
    """``store__url`` as ``{"store": {"url": …}}``. ``flat`` has key and value by the name that they came by."""
    nested: dict[str, Any] = {}
    for name, (key, value) in flat.items():
        *sections, last = path = key.lower().split("__")
        inner = nested
        for section in sections:
            inner = inner.setdefault(section, {}) if isinstance(inner, dict) else {}
        if not isinstance(inner, dict) or isinstance(inner.get(last), dict):
            raise SettingsError(f"{name} can't be both a setting and a section.")
        inner[last] = value
        for length in range(1, len(path) + 1):
            names.setdefault(tuple(path[:length]), name)
    return nested


# -- understanding them -----------------------------------------------------------------------------------------
def _plugin_classes(sources: _Sources, mistakes: list[str]) -> list[type[Plugin]]:
    only = _read(sources, _Read, (), mistakes)
    kinds: list[type[Plugin]] = []
    for name in dict.fromkeys(only.plugins) if only else ():
        try:
            kinds.append(plugin_class(name))
        except NotFound as error:
            mistakes.append(f"plugins: {error}")
        except Exception as error:  # a plugin is somebody's code: whatever it raises, the others are checked
            mistakes.append(f"plugins: {name} can't be loaded: {type(error).__name__}: {error}")
    return kinds


def _read(sources: _Sources, base: type[_Read], sections: Iterable[str], mistakes: list[str]) -> Any:
    """The sources as one model, None when that can't be."""
    more: dict[str, Any] = {name: (dict[str, Any], {}) for name in sections}
    model = create_model("AllSettings", __base__=base, **more)
    model.sources = sources
    try:
        return model()
    except ValidationError as error:
        mistakes += [one for one in _mistakes(error, (), model, sources.names) if one not in mistakes]
        return None


def _enabled(name: str, section: Mapping[str, Any], mistakes: list[str]) -> bool:
    """Whether a platform's section enables it. One that doesn't say is a mistake: nothing would tell of a typo."""
    if "enabled" not in section:
        if section:
            near = [key for key in section if difflib.get_close_matches(key, ["enabled"], cutoff=0.6)]
            said = f"There is no setting {name}.{near[0]}. Did you mean {name}.enabled?" if near else None
            mistakes.append(said or f"{name} has settings, and none says whether it runs: {name}.enabled = true")
        return False
    try:
        return TypeAdapter(bool).validate_python(section["enabled"])
    except ValidationError:
        mistakes.append(f"{name}.enabled: Write true or false.")
        return False


def _section(
    model: type[BaseModel],
    raw: Mapping[str, Any],
    name: str,
    names: Mapping[tuple[str, ...], str],
    mistakes: list[str],
) -> BaseModel | None:
    known = {key for key in raw if key in model.model_fields}
    mistakes += [_unknown((name, key), model.model_fields, names) for key in raw if key not in known]
    try:
        return model.model_validate({key: raw[key] for key in known})
    except ValidationError as error:
        mistakes += _mistakes(error, (name,), model, names)
        return None


def _secrets_in(model: BaseModel) -> Iterable[str]:
    """A section's secrets, and the password of an address that is one."""
    for _, value in model:
        if isinstance(value, SecretStr) and (secret := value.get_secret_value()):
            yield secret
            with contextlib.suppress(ValueError):
                if password := urlsplit(secret).password:
                    yield from (password, unquote(password))


def _mistakes(
    error: ValidationError, before: tuple[str, ...], model: type[BaseModel], names: Mapping[tuple[str, ...], str]
) -> list[str]:
    """Each mistake in a line, without the value: it may be a secret."""
    lines = []
    for one in error.errors(include_input=False, include_url=False, include_context=False):
        path = (*before, *(str(part) for part in one["loc"]))
        if one["type"] == "extra_forbidden":
            lines.append(_unknown(path, _fields_at(model, path[len(before) : -1]), names))
        elif one["type"] in ("model_type", "dict_type"):
            lines.append(f"{_named(path, names)}: This is a section. Its settings are {path[-1]}.NAME.")
        else:
            lines.append(f"{_named(path, names)}: {one['msg']}.")
    return lines


def _fields_at(model: type[BaseModel], path: Sequence[str]) -> Iterable[str]:
    for part in path:
        inner = model.model_fields[part].annotation if part in model.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return ()
        model = inner
    return model.model_fields


def _unknown(path: tuple[str, ...], known: Iterable[str], names: Mapping[tuple[str, ...], str]) -> str:
    near = difflib.get_close_matches(path[-1], list(known), n=1, cutoff=0.5)
    hint = (
        f" Did you mean {'.'.join((*path[:-1], near[0]))}?"
        if near
        else f" There is: {', '.join(sorted(known)) or 'none'}."
    )
    return f"There is no setting {_named(path, names)}.{hint}"


def _named(path: tuple[str, ...], names: Mapping[tuple[str, ...], str]) -> str:
    """A setting's name, and the variable or file that it came by."""
    by = f" ({names[path]})" if path in names else ""
    return ".".join(path) + by
