"""Settings from every place, and every way to get them wrong."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from app.settings import DeploymentSettings, Settings, SettingsError, load
from core.registry import bot_class, bot_names, plugin_class, plugin_names

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
SECRET = "geheim-4711"

Write = Callable[[str], Path]

BUILT_IN = ["question_of_the_day", "sampling_drops", "listening_parties"]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("HALLKEEPER_"):
            monkeypatch.delenv(name)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the settings' file."""

    def write(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """An empty secrets folder."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def mistakes(config: Path | None = None, secrets: Path | None = None) -> list[str]:
    """What is refused, a line each. No value stands in it."""
    with pytest.raises(SettingsError) as refused:
        load(config, secrets)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    return str(refused.value).splitlines()


def url(settings: Settings) -> str:
    return settings.store.url.get_secret_value()


# -- which place wins -------------------------------------------------------------------------------------------
def test_nothing_at_all_is_enough() -> None:
    settings = load(None)
    assert url(settings) == "sqlite:///data/hall.db"
    assert settings.bots == []
    assert [plugin.name for plugin in settings.plugins] == BUILT_IN


def test_the_environment_wins_over_secrets_and_these_over_the_file(
    write: Write, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write('[store]\nurl = "sqlite:///file.db"\n[web]\nport = 1\nhost = "10.0.0.1"\n')
    assert url(load(config, secrets)) == "sqlite:///file.db"
    (secrets / "store__url").write_text("sqlite:///secret.db\n")
    (secrets / "web__port").write_text("2\n")
    assert url(load(config, secrets)) == "sqlite:///secret.db"
    monkeypatch.setenv("HALLKEEPER_STORE__URL", "sqlite:///environment.db")
    settings = load(config, secrets)
    assert url(settings) == "sqlite:///environment.db"
    assert (settings.web.host, settings.web.port) == ("10.0.0.1", 2)
    assert url(load(config, secrets, store={"url": "sqlite:///given.db"})) == "sqlite:///given.db"


def test_a_platform_is_set_from_all_three(write: Write, secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write("[discord]\nsee_joins = true\n")
    (secrets / "discord__token").write_text(f"{SECRET}\n")
    monkeypatch.setenv("HALLKEEPER_DISCORD__ENABLED", "true")
    (bot,) = load(config, secrets).bots
    made: Any = bot
    assert made.platform == "discord"
    assert made.settings.token.get_secret_value() == SECRET
    assert made.settings.see_joins is True


def test_a_secret_of_digits_stays_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLKEEPER_DISCORD__ENABLED", "1")
    monkeypatch.setenv("HALLKEEPER_DISCORD__TOKEN", "0042")
    made: Any = load(None).bots[0]
    assert made.settings.token.get_secret_value() == "0042"


def test_a_list_is_written_with_commas_outside_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLKEEPER_PLUGINS", "question_of_the_day, ,question_of_the_day")
    assert [plugin.name for plugin in load(None).plugins] == ["question_of_the_day"]
    monkeypatch.setenv("HALLKEEPER_PLUGINS", "")
    assert load(None).plugins == []


def test_a_secrets_folder_as_an_orchestrator_mounts_it(secrets: Path) -> None:
    data = secrets / "..2026_11_21"
    data.mkdir()
    (data / "store__url").write_text("sqlite:///mounted.db")
    (secrets / "..data").symlink_to(data.name)
    (secrets / "store__url").symlink_to("..data/store__url")
    (secrets / "kubernetes.io").mkdir()
    (secrets / "master.key").write_text("the key may lie here, too")
    assert url(load(None, secrets)) == "sqlite:///mounted.db"


def test_where_the_settings_are_is_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLKEEPER_CONFIG", "somewhere.toml")
    monkeypatch.setenv("HALLKEEPER_SECRETS", "somewhere")
    load(None)


def test_all_secrets_are_known_so_that_logs_can_mask_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLKEEPER_STORE__URL", "postgresql://hall:a%40b-secret@db/hall")
    monkeypatch.setenv("HALLKEEPER_TELEGRAM__ENABLED", "true")
    monkeypatch.setenv("HALLKEEPER_TELEGRAM__TOKEN", SECRET)
    settings = load(None)
    assert {SECRET, "a%40b-secret", "a@b-secret"} <= settings.secrets
    assert SECRET not in repr(settings.store)


# -- what is refused --------------------------------------------------------------------------------------------
def test_unknown_names_in_the_file_are_refused_with_the_nearest(write: Write) -> None:
    config = write(
        f'plugin = ["question_of_the_day"]\n[stor]\nurl = "{SECRET}"\n[web]\nprot = "{SECRET}"\n'
        f'[discord]\nenabled = true\ntokn = "{SECRET}"\n[telegram]\nenabeld = true\ntoken = "{SECRET}"\n'
        f'[question_of_the_day]\nloudness = "{SECRET}"\n'
    )
    assert set(mistakes(config)) == {
        "There is no setting plugin. Did you mean plugins?",
        "There is no setting stor. Did you mean store?",
        "There is no setting web.prot. Did you mean web.port?",
        "There is no setting discord.tokn. Did you mean discord.token?",
        "There is no setting telegram.enabeld. Did you mean telegram.enabled?",
        "There is no setting question_of_the_day.loudness. There is: none.",
    }


def test_unknown_variables_are_refused_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLKEEPER_STORE__ULR", SECRET)
    monkeypatch.setenv("HALLKEEPER_DISCRD__TOKEN", SECRET)
    monkeypatch.setenv("HALLKEEPER_TELEGRAM__ENABLED", "true")
    monkeypatch.setenv("HALLKEEPER_TELEGRAM__TOCEN", SECRET)
    assert set(mistakes()) == {
        "There is no setting store.ulr (HALLKEEPER_STORE__ULR). Did you mean store.url?",
        "There is no setting discrd (HALLKEEPER_DISCRD__TOKEN). Did you mean discord?",
        "There is no setting telegram.tocen (HALLKEEPER_TELEGRAM__TOCEN). Did you mean telegram.token?",
    }


def test_unknown_secret_files_are_refused_by_their_names(secrets: Path) -> None:
    (secrets / "store__ulr").write_text(SECRET)
    (secrets / "discord.token").write_text(SECRET)
    said = mistakes(None, secrets)
    assert f"There is no setting store.ulr ({secrets}/store__ulr). Did you mean store.url?" in said
    assert f"There is no setting discord.token ({secrets}/discord.token). Did you mean discord?" in said


def test_values_that_make_no_sense_are_refused_without_being_shown(
    write: Write, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write(f'store = "{SECRET}"\n[web]\nport = "{SECRET}"\n[log]\nlevel = "{SECRET}"\n')
    monkeypatch.setenv("HALLKEEPER_DISCORD__ENABLED", SECRET)
    (secrets / "web__enabled").write_text(SECRET)
    said = "\n".join(mistakes(config, secrets))
    assert "store: This is a section. Its settings are store.NAME." in said
    assert "web.port: Input should be a valid integer" in said
    assert "log.level: Input should be 'debug', 'info', 'warning' or 'error'." in said
    assert f"web.enabled ({secrets}/web__enabled): Input should be a valid boolean" in said
    assert "discord.enabled: Write true or false." in said


def test_a_section_that_does_not_say_whether_it_runs_is_refused(write: Write) -> None:
    assert mistakes(write(f'[discord]\ntoken = "{SECRET}"\n')) == [
        "discord has settings, and none says whether it runs: discord.enabled = true"
    ]


def test_a_setting_that_is_also_a_section_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLKEEPER_STORE", SECRET)
    monkeypatch.setenv("HALLKEEPER_STORE__URL", SECRET)
    assert "can't be both a setting and a section" in mistakes()[0]


def test_broken_files_are_told_by_their_place(write: Write, secrets: Path) -> None:
    assert "is no TOML" in mistakes(write(f'[store\nurl = "{SECRET}"'))[0]
    assert mistakes(Path("nowhere.toml")) == ["There is no file nowhere.toml. Start from config.example.toml."]
    assert mistakes(None, Path("nowhere")) == ["There is no folder nowhere for secrets."]
    (secrets / "store__url").write_bytes(b"\xff\xfe")
    assert "is no text in UTF-8" in mistakes(None, secrets)[0]


def test_plugins_that_are_missing_or_broken_are_told_together(write: Write, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def oops(:\n")
    (tmp_path / "empty.py").write_text("")
    said = mistakes(write('plugins = ["tic_tac", "./mine.py", "./broken.py", "./empty.py"]\n[web]\nprot = 1\n'))
    missing = "There is no plugin 'tic_tac'. Installed: "
    assert any(missing in line and "question_of_the_day" in line for line in said)
    assert any("There is no file mine.py" in line for line in said)
    assert any("./broken.py can't be loaded: SyntaxError" in line for line in said)
    assert any("must hold one Plugin class, it holds 0" in line for line in said)
    assert any("Did you mean web.port?" in line for line in said)


def test_a_plugin_in_one_file_has_a_section_too(write: Write, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from pydantic import BaseModel, ConfigDict\n"
        "from core.plugin import Plugin\n"
        "class MySettings(BaseModel):\n"
        "    model_config = ConfigDict(extra='forbid')\n"
        "    loudness: int = 1\n"
        "class Mine(Plugin):\n"
        "    name, code, title = 'mine', 'mi', 'Mine'\n"
        "    settings_model = MySettings\n"
    )
    (plugin,) = load(write('plugins = ["./mine.py"]\n[mine]\nloudness = 11\n')).plugins
    assert plugin.name == "mine"
    assert plugin.settings.loudness == 11  # type: ignore[attr-defined]  # its own
    assert mistakes(write('plugins = ["./mine.py"]\n[mine]\nlodness = 11\n')) == [
        "There is no setting mine.lodness. Did you mean mine.loudness?"
    ]


# -- the example ------------------------------------------------------------------------------------------------
def test_the_example_can_be_used_as_it_stands() -> None:
    assert load(EXAMPLE).bots == []


def test_every_setting_stands_in_the_example_with_what_holds_without_it() -> None:
    written = tomllib.loads(EXAMPLE.read_text("utf-8"))
    plugins: list[Any] = [plugin_class(name) for name in plugin_names()]
    sections: dict[str, type[BaseModel]] = {plugin.name: plugin.settings_model for plugin in plugins}
    for name in bot_names():
        sections[name] = bot_class(name).settings_model
    for name, field in DeploymentSettings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            sections[name] = field.annotation
        else:
            assert written.pop(name) == field.get_default()
    for name, model in sections.items():
        defaults = {key: _plain(field.get_default()) for key, field in model.model_fields.items()}
        assert written.pop(name, {}) == defaults, name
        assert all(field.description for field in model.model_fields.values()), f"{name}: a setting is not explained"
    assert not written


def test_every_line_of_the_example_is_explained() -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    for before, line in pairwise(lines):
        if "=" in line and not line.startswith(("#", "enabled = false")):
            assert before.startswith(("#", "enabled = false")), line


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value) if isinstance(value, Path) else value
