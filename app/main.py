"""The command line. Each command imports what it needs when it runs, so that every one of them starts at once."""

from __future__ import annotations

import gc
import inspect
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from app.settings import Settings

CONFIG = Path("config.toml")
"""What is read where no other file is named and this one is there."""

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        envvar="HALLKEEPER_CONFIG",
        show_envvar=True,
        help="The file with the settings. Without it: config.toml, where there is one.",
    ),
]
SecretsOption = Annotated[
    Path | None,
    typer.Option(
        envvar="HALLKEEPER_SECRETS",
        show_envvar=True,
        help="A folder with secrets, each a file: discord__token holds the setting discord.token.",
    ),
]

app = typer.Typer(
    name="hallkeeper",
    help="Keeps halls talking: one question of the day for your Discord, Slack and Telegram, self-hosted.",
    epilog="""\b
Try it:      hallkeeper demo
For real:    copy config.example.toml to config.toml and fill in what is yours
             hallkeeper doctor
             hallkeeper run
""",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"hallkeeper {version('hallkeeper')}")
        raise typer.Exit


@app.callback()
def _hallkeeper(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    pass


@app.command()
def run(config: ConfigOption = None, secrets: SecretsOption = None) -> None:
    """Run the bots and the pages until SIGTERM or Ctrl-C.

    \b
    The store is made, or migrated, at the start. It ends within a second and loses nothing.
      hallkeeper run --config config.toml
      hallkeeper run --config config.toml --secrets /run/secrets
    Every setting can come from the environment too, which wins: HALLKEEPER_DISCORD__TOKEN is discord.token.
    """
    # What a start makes stays for good: looking through it again and again for garbage took a tenth of the start.
    gc.disable()
    # structlog imports it wherever it is installed, for traces in colour that we don't show: another tenth.
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # how an import is forbidden
    from app import log, serve

    settings = _settings(config, secrets)
    log.set_up(settings.log, settings.secrets)
    gc.freeze()
    gc.enable()
    _finish(serve.run(settings))


@app.command()
def demo(
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=1, help="End by itself after so long.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say nothing but one line of JSON at the end.")] = False,
    data: Annotated[Path, typer.Option(help="The folder that the store stays in.")] = Path("data/demo"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="The page's port; 0 takes a free one.")] = 8000,
) -> None:
    """Show it all on this machine: three platforms, their members, and one page to watch and play in.

    \b
    Nothing leaves this machine, and it needs no token.
      hallkeeper demo
      hallkeeper demo --for 20 --json
    With --for it ends with 0 when what the platforms saw and what the store holds agree, else with 1.
    """
    from app.demo import run_demo

    _finish(run_demo(seconds, as_json, data, port))


@app.command()
def doctor(
    config: ConfigOption = None,
    secrets: SecretsOption = None,
    channel: Annotated[
        list[str] | None, typer.Option(help="Only this channel, by name or id. May be given several times.")
    ] = None,
) -> None:
    """Look at everything that must be right, and say what to do where it isn't.

    \b
    Tokens, intents and scopes, what the bot may do in each channel, the store, the key. It changes nothing, and may
    be used while hallkeeper runs. Ends with 1 when something is wrong.
      hallkeeper doctor --config config.toml
      hallkeeper doctor --channel general
    """
    from app.doctor import report

    _finish(report(_settings(config, secrets), channel or (), typer.echo))


@app.command()
def migrate(
    config: ConfigOption = None,
    secrets: SecretsOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; end with 1 when migrations are missing.")
    ] = False,
) -> None:
    """Bring the store up to date. `hallkeeper run` does so by itself; back the store up first.

    \b
      hallkeeper migrate --check
      hallkeeper migrate
    """
    from app.upkeep import migrate_store

    raise typer.Exit(migrate_store(_settings(config, secrets), check, typer.echo))


@app.command()
def plugins() -> None:
    """List the plugins and the platforms that are installed."""
    from core.registry import bot_names, plugin_class, plugin_names

    for name in plugin_names():
        plugin = plugin_class(name)
        typer.echo(f"plugin    {name} · {getattr(plugin.title, 'key', plugin.title)}")
    for name in bot_names():
        typer.echo(f"platform  {name}")


def main() -> None:
    """The entry point. What goes wrong ends in one clear line and a code, never in a trace."""
    try:
        _add_platforms(sys.argv[1:2])
        app(prog_name="hallkeeper")
    except Exception as error:
        _fail(error)
    except KeyboardInterrupt:
        sys.exit(130)


# -- parts ------------------------------------------------------------------------------------------------------
def _settings(config: Path | None, secrets: Path | None) -> Settings:
    from app.settings import load

    return load(config or (CONFIG if CONFIG.is_file() else None), secrets)


def _finish(work: Coroutine[Any, Any, int | None]) -> NoReturn:
    import asyncio

    raise typer.Exit(asyncio.run(work) or 0)


def _add_platforms(first: list[str]) -> None:
    """Put each platform's own commands beside ours. A platform is only imported when it is called by its name."""
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    if first and first[0] in known:
        return
    from core.registry import bot_names, tools_of

    for name in bot_names():
        group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
        group.callback()(lambda: None)
        for tool in tools_of(name) if first == [name] else ():
            group.command(tool.__name__)(_printed(tool))
        app.add_typer(group, name=name, help=f"What has to be set up at {name.capitalize()}.")


def _printed(tool: Callable[..., str]) -> Callable[..., None]:
    """A platform's tool as a command: what it takes by name alone becomes an option."""

    def command(**options: Any) -> None:
        typer.echo(tool(**options).rstrip("\n"))

    takes = inspect.signature(tool, eval_str=True).parameters.values()
    options = [one.replace(annotation=Annotated[one.annotation, typer.Option()]) for one in takes]
    command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]  # what typer reads
    command.__annotations__ = {one.name: one.annotation for one in options}
    command.__doc__ = tool.__doc__
    return command


def _fail(error: BaseException) -> NoReturn:
    """Say what is wrong. What nobody foresaw is told by its kind and place alone: its words might hold a secret."""
    from app.serve import ServeError
    from app.settings import SettingsError
    from core.bot import BotStartError
    from core.registry import NotFound
    from storage.errors import StoreError

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, SettingsError | ServeError | BotStartError | NotFound | StoreError):
        words = str(error)
    else:
        place, trace = "", error.__traceback__
        while trace is not None:
            place, trace = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}", trace.tb_next
        words = (
            f"A fault of hallkeeper itself ({type(error).__name__} at {place}). Please report it. "
            "What was acknowledged is in the store."
        )
    typer.echo(f"hallkeeper: {words}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
