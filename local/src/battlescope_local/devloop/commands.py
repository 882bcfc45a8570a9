"""The commands of the developer's loop, beside those of `cli.py`."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from battlescope_local.errors import UserError
from battlescope_local.node.client import chosen_folder, running, running_folders, stop, system_folder
from battlescope_local.settings import PORT, Settings, data_folder, given

# Python keeps compiled code by whole seconds: two saves of equal length in one second would look the same to it.
NO_BYTECODE: Final = {"PYTHONDONTWRITEBYTECODE": "1"}
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
LEVEL_HELP: Final = "least severe level shown (default: INFO of functions, WARNING of stores)"
LOOK: Final = 0.2  # seconds between looks at the logs
SAMPLE: Final = 200  # killmails

Add = Callable[[Any, str, Callable[..., None], str], argparse.ArgumentParser]


def add_commands(commands: Any, add: Add) -> None:
    """Add them to the parser of `battlescope`; `add` makes one command."""
    dev = add(commands, "dev", _dev, "the system on a simulated feed, in the foreground, reloading changed code")
    dev.add_argument("--port", type=int, default=PORT, help=f"of the gateway ({PORT}); 0: a free one")
    dev.add_argument("--level", type=str.upper, choices=LEVELS, help=LEVEL_HELP)
    dev.add_argument("--speed", help="of the feed: a factor (20), a rate like 20/s, or max")
    dev.add_argument("--fresh", action="store_true", help="remove the data of the last `dev` first")
    dev.add_argument("--no-timers", action="store_true", help="no PingSource events")
    add(commands, "down", _stop, "end the running system: up, dev or demo")
    add(commands, "stop", _stop, "the same as down")
    logs = add(commands, "logs", _logs, "logs of functions, stores, Jobs and node in one view")
    logs.add_argument("name", nargs="?", help="of a function, a store, a Job, or `node`: all of its lines")
    logs.add_argument("--follow", action="store_true", help="print new lines as they come")
    logs.add_argument("--level", type=str.upper, choices=LEVELS, help=LEVEL_HELP)
    health = add(commands, "health", _health, "whether every store and function answers; exit code 1 if not")
    health.add_argument("--start", action="store_true", help="start functions without an instance and ask them too")
    add(commands, "topics", _topics, "topics, partitions and consumer lag of the local log")
    _add_database(add(commands, "db", _no_database_command, "reset, migrate or fill the databases of a system"), add)
    reset = add(commands, "reset", _reset, "remove all local data of this project")
    reset.add_argument("--yes", action="store_true", help="do not ask")


def _add_database(database: argparse.ArgumentParser, add: Add) -> None:
    commands = database.add_subparsers(required=True, metavar="COMMAND")
    reset = add(commands, "reset", _database_reset, "remove all databases; refuses while the system runs")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    migrate = add(commands, "migrate", _database_migrate, "apply missing migrations; the system may run or not")
    for one in (reset, migrate):
        one.add_argument("--system", choices=["dev", "up"], default="dev", help="whose databases (default: dev)")
    sample = add(commands, "sample", _database_sample, "load killmails of the simulated feed into the dev system")
    sample.add_argument("--mails", type=int, default=SAMPLE, help=f"number of killmails ({SAMPLE})")


def _no_database_command(_: argparse.Namespace) -> None:
    """Never called: one of the sub-commands is required."""


def _base(arguments: argparse.Namespace) -> Path:
    return data_folder(arguments.data)


def _console() -> Any:
    from rich.console import Console  # noqa: PLC0415 -- a tenth of a second that other commands need not spend

    return Console(highlight=False)


def _dev(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.dev import dev  # noqa: PLC0415 -- as above
    from battlescope_local.devloop.log_entries import Threshold  # noqa: PLC0415 -- as above
    from battlescope_local.devloop.simulated_feed import feed_arguments  # noqa: PLC0415 -- as above
    from battlescope_local.node.event_loop import run_until_cancelled  # noqa: PLC0415 -- as above

    folder = system_folder(_base(arguments), "dev")
    feed = feed_arguments(folder, fresh=arguments.fresh, speed=arguments.speed)
    settings = Settings(
        str(folder), port=arguments.port, timers=not arguments.no_timers, upstream=feed, fresh=arguments.fresh,
        environment=NO_BYTECODE,
    )  # fmt: skip
    run_until_cancelled(dev(settings, given(), _console(), Threshold(arguments.level)))


def _stop(arguments: argparse.Namespace) -> None:
    base = _base(arguments)
    for folder in running_folders(base) or (base,):
        stop(folder)
    print("BattleScope is down; nothing of it runs any more.")


def _logs(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.log_entries import Threshold  # noqa: PLC0415 -- as above
    from battlescope_local.devloop.log_follower import Follower, log_files  # noqa: PLC0415 -- as above
    from battlescope_local.devloop.log_view import LogView  # noqa: PLC0415 -- as above

    folder, name = chosen_folder(_base(arguments)), arguments.name
    files = log_files(folder)
    if name not in {None, *files}:
        raise UserError(f"There is no log {name}; there are {', '.join(files) or 'none yet'}.")
    threshold = Threshold(arguments.level or ("DEBUG" if name else None))
    view = LogView(Follower(folder), _console(), threshold, [name] if name else [])
    view.print_fresh()
    while arguments.follow:
        time.sleep(LOOK)
        view.print_fresh()


def _health(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.health import checks  # noqa: PLC0415 -- as above

    console, healthy = _console(), True
    for check in checks(running(chosen_folder(_base(arguments))), start=arguments.start):
        mark = "[green]ok    [/]" if check.healthy else "[bold red]FAILED[/]"
        console.print(f"{mark} {check.name:<16}", end="")
        console.print(f" {check.condition}", markup=False, soft_wrap=True)
        healthy &= check.healthy
    if not healthy:
        sys.exit(1)


def _topics(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.topics import read_topics, topic_lines  # noqa: PLC0415 -- as above

    if given().kafka_bootstrap:
        raise UserError("The log is at BATTLESCOPE_KAFKA_BOOTSTRAP; its own tools show its topics, for example `rpk`.")
    base = _base(arguments)
    stopped = system_folder(base, "dev")
    folder = next(iter(running_folders(base)), stopped if (stopped / "log").is_dir() else base)
    for line in topic_lines(read_topics(folder)):
        print(line)


def _database_reset(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.reset import reset_databases  # noqa: PLC0415 -- as above

    reset_databases(system_folder(_base(arguments), arguments.system), given(), yes=arguments.yes)


def _database_migrate(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.migrations import migrate  # noqa: PLC0415 -- as above

    settings = Settings(str(system_folder(_base(arguments), arguments.system)))
    applied = asyncio.run(migrate(settings, given()))
    for line in applied or ("Every database is up to date.",):
        print(line)


def _database_sample(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.sample_data import load_sample  # noqa: PLC0415 -- as above
    from battlescope_local.devloop.simulated_feed import silent_feed_arguments  # noqa: PLC0415 -- as above

    folder = system_folder(_base(arguments), "dev")
    settings = Settings(str(folder), port=0, upstream=silent_feed_arguments())
    load_sample(settings, given(), _console(), arguments.mails)


def _reset(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.reset import reset_all  # noqa: PLC0415 -- as above

    reset_all(_base(arguments), yes=arguments.yes)
