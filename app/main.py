"""The command line. Each command imports what it needs when it runs, so that every one of them starts at once.

argparse reads it: a library for command lines cost a start 20 ms (5 %), and what it adds is not needed here.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import inspect
import math
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from app.settings import Settings

CONFIG = Path("config.toml")
"""What is read where no other file is named and this one is there."""

ABOUT = "Keeps halls talking: one question of the day for your Discord, Slack and Telegram, self-hosted."
FIRST_STEPS = """\
try it:      hallkeeper demo
for real:    copy config.example.toml to config.toml and fill in what is yours
             hallkeeper doctor
             hallkeeper run
"""

Options = argparse.Namespace


# -- commands: each takes its options and returns the exit code; its docstring is its help ------------------------
def run(options: Options) -> int:
    """Run the bots and the pages until SIGTERM or Ctrl-C.

    The store is made, or migrated, at the start. It ends within a second and loses nothing.
      hallkeeper run --config config.toml
      hallkeeper run --config config.toml --secrets /run/secrets
    Every setting can come from the environment too, which wins: HALLKEEPER_DISCORD__TOKEN is discord.token.
    """
    # What a start makes stays for good: looking through it again and again for garbage took a tenth of the start.
    gc.disable()
    from app import roots

    with roots.read_when_needed():
        import aiohttp  # noqa: F401 - it makes its contexts for TLS now
    from app import log, serve

    settings = _settings(options)
    log.set_up(settings.log, settings.secrets)
    gc.freeze()
    gc.enable()
    return _finish(serve.run(settings))


def demo(options: Options) -> int:
    """Show it all on this machine: three platforms, their members, and one page to watch and play in.

    Nothing leaves this machine, and it needs no token.
      hallkeeper demo
      hallkeeper demo --for 20 --json
    With --for it ends with 0 when what the platforms saw and what the store holds agree, else with 1.
    """
    from app.demo import run_demo

    return _finish(run_demo(options.seconds, options.json, options.data, options.port))


def drop(options: Options) -> int:
    """Rehearse a drop: everybody wants one at once, with accounts on two platforms, too.

    Real processes give away samples to simulated members of three sandbox platforms: one process on SQLite, two on
    PostgreSQL. In the end what each member was told is compared with the store: nobody has two, none is lost, and
    whoever got none was told why. Nothing leaves this machine, and it needs no token.
      hallkeeper rehearse drop
      hallkeeper rehearse drop --members 500 --units 50 --crash
      hallkeeper rehearse drop --store postgresql://user:password@host/an_empty_database --json
    The last line is JSON. It ends with 0 when everything agrees, else with 1 and who was told what isn't so.
    """
    from app.rehearse.drop import rehearse as give
    from plugins.sampling_drops import SamplingDrops

    return _rehearse(options, SamplingDrops, lambda stage: give(stage, options.units, crash=options.crash))


def party(options: Options) -> int:
    """Rehearse a listening party: one evening in three spaces, and votes from all of them.

    A host announces a party with four short tracks; members come, vote and change their mind, also those with
    accounts on two platforms. In the end each person's last vote on each track must be counted once, and all posts
    must show the same. It takes two minutes; nothing leaves this machine, and it needs no token.
      hallkeeper rehearse party
      hallkeeper rehearse party --members 60 --crash --json
    The last line is JSON. It ends with 0 when everything agrees, else with 1 and what does not.
    """
    from app.rehearse.party import rehearse as listen
    from plugins.listening_parties import ListeningParties

    return _rehearse(options, ListeningParties, lambda stage: listen(stage, crash=options.crash))


def survey(options: Options) -> int:
    """Rehearse a survey: it runs in three spaces at once, and everybody answers to the end as they are shown.

    Takes your own survey as a TOML file, else one of twelve questions with conditions and quotas. Some people go back
    and change an answer, some go on with their account on another platform. In the end the answers in the store are
    compared with what was sent in, cell by cell, and the posts with the store; nobody counts twice, no quota takes
    more than it may, and each question was asked and read as it should be. Platforms have their limits (Telegram
    takes 30 messages a second, Slack opens 100 forms a minute): the bar says what it waits for, and about how long.
    Nothing leaves this machine, and it needs no token.
      hallkeeper rehearse survey --file survey.toml --members 60
      hallkeeper rehearse survey --members 1000 --crash --json
      hallkeeper rehearse survey --store postgresql://user:password@host/an_empty_database
    The last line is JSON: what was asked, answered, stored, lost and doubled, in all and by platform. It ends with 0
    when everything agrees, else with 1 and the first differences by question.
    """
    from app.rehearse.survey import rehearse as answer
    from plugins.surveys import Surveys

    return _rehearse(options, Surveys, lambda stage: answer(stage, options.file, crash=options.crash))


def question(options: Options) -> int:
    """Rehearse the question of the day: two questions in three spaces, answered by everybody.

    Members answer by button and form or by a reply, and some change what they said; the second question closes the
    first. In the end what was said is compared with the store, and with what the posts show: with --crash also what
    was replied while nobody heard. Slack opens 100 forms a minute, so many members take long: the bar says what it
    waits for. Nothing leaves this machine, and it needs no token.
      hallkeeper rehearse question --members 100
      hallkeeper rehearse question --members 1000 --crash --json
      hallkeeper rehearse question --store postgresql://user:password@host/an_empty_database
    The last line is JSON: what was asked, answered, stored, lost and doubled, in all and by platform. It ends with 0
    when everything agrees, else with 1 and what does not.
    """
    from app.rehearse.question import rehearse as ask
    from plugins.question_of_the_day import QuestionOfTheDay

    return _rehearse(options, QuestionOfTheDay, lambda stage: ask(stage, crash=options.crash))


def _rehearse(options: Options, plugin: Any, act: Callable[[Any], Awaitable[Any]]) -> int:
    from app.rehearse.command import run as rehearse
    from app.rehearse.stage import Stage

    return _finish(
        rehearse(
            lambda folder, bar: act(Stage(plugin, options.store, options.members, options.seed, folder, bar)),
            options.json,
        )
    )


def doctor(options: Options) -> int:
    """Look at everything that must be right, and say what to do where it isn't.

    Tokens, intents and scopes, what the bot may do in each channel, the store, the key. It changes nothing, and may
    be used while hallkeeper runs. Ends with 1 when something is wrong.
      hallkeeper doctor --config config.toml
      hallkeeper doctor --channel general
    """
    from app.doctor import report

    return _finish(report(_settings(options), options.channel, _say))


def migrate(options: Options) -> int:
    """Bring the store up to date. `hallkeeper run` does so by itself; back the store up first.

    First see what is missing, then do it:
      hallkeeper migrate --check
      hallkeeper migrate
    """
    from app.upkeep import migrate_store

    return migrate_store(_settings(options), options.check, _say)


def plugins(_: Options) -> int:
    """List the plugins and the platforms that are installed."""
    from core.registry import bot_names, plugin_class, plugin_names

    for name in plugin_names():
        plugin = plugin_class(name)
        _say(f"plugin    {name} · {getattr(plugin.title, 'key', plugin.title)}")
    for name in bot_names():
        _say(f"platform  {name}")
    return 0


def main() -> None:
    """The entry point. What goes wrong ends in one clear line and a code, never in a trace."""
    try:
        options = _parser(sys.argv[1:2]).parse_args()
        code: int = options.command(options)
    except Exception as error:
        _fail(error)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


# -- options ----------------------------------------------------------------------------------------------------
def _parser(first: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("hallkeeper", epilog=FIRST_STEPS, **_like(ABOUT))
    parser.add_argument("--version", action=_Version, nargs=0, help="say which version this is")
    group = _group(parser)

    one = _command(group, run, run)
    _add_settings(one)

    one = _command(group, demo, demo)
    one.add_argument("--for", dest="seconds", metavar="SECONDS", type=_seconds, help="end by itself after so long")
    one.add_argument("--json", action="store_true", help="say nothing but one line of JSON at the end")
    one.add_argument("--data", type=Path, default=Path("data/demo"), help="the store's folder (default: %(default)s)")
    one.add_argument("--port", type=_port, default=8000, help="the page's; 0 takes a free one (default: %(default)s)")

    about = "Let simulated members loose on hallkeeper, and count what came of it."
    several = _group(group.add_parser("rehearse", help=about, **_like(about)))
    one = _command(several, drop, drop)
    _add_rehearsal(one, members=5000)
    one.add_argument("--units", type=_count, default=300, help="how many there are (default: %(default)s)")

    _add_rehearsal(_command(several, party, party), members=300)

    _add_rehearsal(_command(several, question, question), members=1000)

    one = _command(several, survey, survey)
    _add_rehearsal(one, members=1000)
    one.add_argument("--file", type=Path, metavar="SURVEY.toml", help="the survey; else one of twelve questions")

    one = _command(group, doctor, doctor)
    _add_settings(one)
    one.add_argument(
        "--channel", action="append", default=[], help="only this one, by name or id; may be given several times"
    )

    one = _command(group, migrate, migrate)
    _add_settings(one)
    one.add_argument("--check", action="store_true", help="change nothing; end with 1 when migrations are missing")

    _command(group, plugins, plugins)
    if not (first and first[0] in group.choices):
        _add_platforms(group, first)
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Where the settings are: said here, else by the environment."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=os.environ.get("HALLKEEPER_CONFIG") or None,
        help="with the settings; else HALLKEEPER_CONFIG in the environment, else config.toml where there is one",
    )
    parser.add_argument(
        "--secrets",
        type=Path,
        metavar="FOLDER",
        default=os.environ.get("HALLKEEPER_SECRETS") or None,
        help="with secrets, each a file: discord__token holds the setting discord.token; else HALLKEEPER_SECRETS",
    )


def _add_rehearsal(parser: argparse.ArgumentParser, members: int) -> None:
    """What every rehearsal takes."""
    parser.add_argument(
        "--members", type=_count, default=members, help="over the three platforms (default: %(default)s)"
    )
    parser.add_argument(
        "--store",
        metavar="URL",
        default="",
        help="an empty PostgreSQL database; else SQLite in a folder that is made",
    )
    parser.add_argument(
        "--crash", action="store_true", help="kill processes by SIGKILL meanwhile, and start them again"
    )
    parser.add_argument("--seed", type=int, default=1, help="fixes what is left to chance (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="say nothing but one line of JSON at the end")


def _add_platforms(group: Any, first: Sequence[str]) -> None:
    """Put each platform's own commands beside ours. A platform is only imported when it is called by its name."""
    from core.registry import bot_names, tools_of

    for name in bot_names():
        about = f"What has to be set up at {name.capitalize()}."
        tools = _group(group.add_parser(name, help=about, **_like(about)))
        for tool in tools_of(name) if first == [name] else ():
            _add_tool(tools, tool)


def _add_tool(group: Any, tool: Callable[..., str]) -> None:
    """A platform's tool as a command: what it takes by name alone becomes an option."""
    takes = inspect.signature(tool, eval_str=True).parameters

    def command(options: Options) -> int:
        _say(tool(**{name: getattr(options, name) for name in takes}).rstrip("\n"))
        return 0

    parser = _command(group, tool, command)
    for name, one in takes.items():
        must = one.default is one.empty
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=one.annotation, required=must, default=None if must else one.default
        )


def _command(group: Any, described: Callable[..., Any], runs: Callable[[Options], int]) -> argparse.ArgumentParser:
    """A command with a function's name, and its docstring as the help."""
    text = inspect.getdoc(described) or ""
    parser: argparse.ArgumentParser = group.add_parser(
        described.__name__, help=text.partition("\n")[0].replace("%", "%%"), **_like(text)
    )
    parser.set_defaults(command=runs)
    return parser


def _group(parser: argparse.ArgumentParser) -> Any:
    """Where a parser's commands go. Called without one it says what there is."""

    def tell(_: Options) -> int:
        parser.print_help()
        return 2

    parser.set_defaults(command=tell)
    return parser.add_subparsers(title="commands", metavar="COMMAND")


def _like(text: str) -> dict[str, Any]:
    """How every parser reads its words: texts as they are broken, options by their whole names."""
    shown = argparse.RawDescriptionHelpFormatter
    return {"description": text, "formatter_class": shown, "allow_abbrev": False}


class _Version(argparse.Action):
    def __call__(self, *_: object) -> NoReturn:
        from importlib.metadata import version

        _say(f"hallkeeper {version('hallkeeper')}")
        sys.exit(0)


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 1 <= (seconds := float(text)) < math.inf:
            return seconds
    raise argparse.ArgumentTypeError("that takes a number of seconds, at least 1")


def _count(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= 100_000:
        return int(text)
    raise argparse.ArgumentTypeError("that takes a number from 1 to 100000")


def _port(text: str) -> int:
    if text.isdecimal() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError("ports go from 0 to 65535")


# -- parts ------------------------------------------------------------------------------------------------------
def _settings(options: Options) -> Settings:
    from app.settings import load

    return load(options.config or (CONFIG if CONFIG.is_file() else None), options.secrets)


def _finish(work: Coroutine[Any, Any, int | None]) -> int:
    import asyncio

    return asyncio.run(work) or 0


def _say(line: str) -> None:
    print(line)  # noqa: T201 - the command line talks to a person


def _fail(error: BaseException) -> NoReturn:
    """Say what is wrong. What nobody foresaw is told by its kind and place alone: its words might hold a secret."""
    from app.acting import ActingError
    from app.serve import ServeError
    from app.settings import SettingsError
    from core.bot import BotStartError
    from core.registry import NotFound
    from storage.errors import StoreError

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, SettingsError | ServeError | ActingError | BotStartError | NotFound | StoreError):
        words = str(error)
    else:
        place, trace = "", error.__traceback__
        while trace is not None:
            place, trace = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}", trace.tb_next
        words = (
            f"A fault of hallkeeper itself ({type(error).__name__} at {place}). Please report it. "
            "What was acknowledged is in the store."
        )
    print(f"hallkeeper: {words}", file=sys.stderr)  # noqa: T201 - the command line talks to a person
    sys.exit(1)


if __name__ == "__main__":
    main()
