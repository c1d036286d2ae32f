"""What belongs to the deployment: where the store is, the secrets, which bots and plugins. All else is in the store.

The environment wins over the secrets folder, that over the file. Unknown names are refused with the nearest one.
A platform's section is only understood by that platform's bot, which is only imported when the section enables it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, create_model
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from core.bot import Bot
from core.plugin import Plugin
from core.registry import NotFound, bot_class, bot_names, plugin_class

PREFIX = "HALLKEEPER_"


class SettingsError(Exception):
    """The settings can't be used; the text names each one, what is wrong, and what to do."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


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


class WebSettings(_Section):
    """Health and pages."""

    enabled: bool = True
    host: str = Field(default="127.0.0.1", description="0.0.0.0 to be reached from other machines")
    port: int = Field(default=8080, ge=0, le=65535)


class LogSettings(_Section):
    """What is written about the run."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    form: Literal["auto", "people", "json"] = Field(
        default="auto", description="people's form on a terminal, JSON otherwise"
    )


class _Base(BaseSettings):
    """The sections that every deployment has; platforms' and plugins' are added beside them."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", secrets_nested_delimiter="__"
    )
    toml: ClassVar[Path | None] = None

    store: StoreSettings = StoreSettings()
    vault: VaultSettings = VaultSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    plugins: list[str] = Field(
        default=["question_of_the_day"],
        description="names of installed plugins, or paths of single files (./mine.py)",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over secrets over TOML."""
        sources: list[PydanticBaseSettingsSource] = [init_settings, env_settings]
        if settings_cls.model_config.get("secrets_dir"):
            sources.append(NestedSecretsSettingsSource(file_secret_settings))
        if cls.toml is not None:
            sources.append(TomlConfigSettingsSource(settings_cls, cls.toml))
        return tuple(sources)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that were understood whole. ``bots`` are made and not started; ``plugins`` are made."""

    store: StoreSettings
    vault: VaultSettings
    web: WebSettings
    log: LogSettings
    bots: Sequence[Bot]
    plugins: Sequence[Plugin]


def load(config: Path | None, secrets: Path | None = None, **given: Any) -> Settings:
    """Read the settings, import what is enabled, and check all of it.

    Raises :class:`SettingsError` with every mistake at once.
    """
    if config is not None and not config.is_file():
        raise SettingsError(f"There is no file {config}. Start from config.example.toml.")
    if secrets is not None and not secrets.is_dir():
        raise SettingsError(f"There is no folder {secrets} for secrets.")
    raw = _read(config, secrets, given)
    _check_environment(raw)
    mistakes: list[str] = []
    bots: list[Bot] = []
    for name in bot_names():
        section = getattr(raw, name)
        if str(section.get("enabled", "false")).lower() in {"true", "1", "yes", "on"}:
            kind = bot_class(name)
            made = _section(kind.settings_model, section, name, mistakes)
            if made is not None:
                bots.append(kind(made))  # type: ignore[call-arg]  # a Protocol has no constructor; every bot takes its settings
    plugins: list[Plugin] = []
    for name in raw.plugins:
        try:
            plugin = plugin_class(name)
        except NotFound as error:
            mistakes.append(str(error))
            continue
        made = _section(plugin.settings_model, getattr(raw, plugin.name, {}), plugin.name, mistakes)
        if made is not None:
            plugins.append(plugin(made))
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return Settings(raw.store, raw.vault, raw.web, raw.log, bots, plugins)


def _read(config: Path | None, secrets: Path | None, given: Mapping[str, Any]) -> Any:
    sections: dict[str, Any] = {name: (dict[str, Any], {}) for name in (*bot_names(), *_plugin_sections())}
    made = create_model("AllSettings", __base__=_Base, **sections)
    made.toml = config
    if secrets is not None:
        made.model_config["secrets_dir"] = str(secrets)
    try:
        return made(**given)
    except ValidationError as error:
        raise SettingsError("\n".join(_mistakes(error, (), made))) from None
    except ValueError as error:
        raise SettingsError(f"{config or 'The settings'}: {error}") from None


def _plugin_sections() -> Iterable[str]:
    from importlib.metadata import entry_points

    from core.registry import PLUGINS

    return [point.name for point in entry_points(group=PLUGINS)]


def _section(model: type[BaseModel], raw: Mapping[str, Any], name: str, mistakes: list[str]) -> BaseModel | None:
    unknown = sorted(set(raw) - set(model.model_fields))
    mistakes += [_unknown((name, key), model.model_fields) for key in unknown]
    try:
        return model.model_validate({key: value for key, value in raw.items() if key not in unknown})
    except ValidationError as error:
        mistakes += _mistakes(error, (name,), model)
        return None


def _mistakes(error: ValidationError, before: tuple[str, ...], model: type[BaseModel]) -> list[str]:
    """Each mistake in a line, without the value: it may be a secret."""
    lines = []
    for one in error.errors(include_input=False, include_url=False):
        path = (*before, *(str(part) for part in one["loc"]))
        if one["type"] == "extra_forbidden":
            lines.append(_unknown(path, _fields_at(model, path[len(before) : -1])))
        else:
            lines.append(f"{'.'.join(path)}: {one['msg']}")
    return lines


def _fields_at(model: type[BaseModel], path: Sequence[str]) -> Iterable[str]:
    for part in path:
        inner = model.model_fields[part].annotation if part in model.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return ()
        model = inner
    return model.model_fields


def _unknown(path: Sequence[str], known: Iterable[str]) -> str:
    near = difflib.get_close_matches(path[-1], list(known), n=1, cutoff=0.5)
    hint = f" Did you mean {'.'.join((*path[:-1], near[0]))}?" if near else f" There is: {', '.join(sorted(known))}."
    return f"There is no setting {'.'.join(path)}.{hint}"


def _check_environment(raw: BaseModel) -> None:
    """An environment variable with our prefix that no section takes is a typo, and a typo is an error."""
    known = set(type(raw).model_fields)
    for name in os.environ:
        if name.startswith(PREFIX) and name not in OTHERS:
            section = name.removeprefix(PREFIX).lower().split("__", 1)[0]
            if section not in known:
                raise SettingsError(_unknown((name,), [f"{PREFIX}{one.upper()}" for one in known]))


OTHERS = frozenset({"HALLKEEPER_TEST_PG_URL", "HALLKEEPER_CONFIG"})
"""Variables with our prefix that are not settings."""
