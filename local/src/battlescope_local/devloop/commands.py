"""Commands for development, besides those of `cli.py`."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from battlescope_local.arguments import port, positive, speed
from battlescope_local.errors import UserError
from battlescope_local.node.client import active_folder, running_folders, running_node, stop_node, system_folder
from battlescope_local.settings import DEFAULT_PORT, Settings, data_folder, external_servers
from battlescope_local.text_output import print_text, wrapped

if TYPE_CHECKING:
    from battlescope_local.devloop.parked_messages import Outboxes

# Python identifies compiled code by size and whole seconds: it would miss the second of two saves in one second.
NO_BYTECODE: Final = {"PYTHONDONTWRITEBYTECODE": "1"}
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
LEVEL_HELP: Final = "lowest level to show (default: INFO for functions, WARNING for stores)"
PORT_HELP: Final = f"port of the gateway (default: {DEFAULT_PORT}); 0: a free port"
BUILD_HELP: Final = "build the web app beside the start, as `make` does"
POLL_INTERVAL: Final = 0.2  # seconds between reads of the logs
HEALTH_INDENT: Final = 7  # columns of the rest of a condition that a narrow terminal breaks
SAMPLE_SIZE: Final = 200  # killmails

AddCommand = Callable[[Any, str, Callable[..., None], str], argparse.ArgumentParser]


def add_commands(commands: Any, add_command: AddCommand) -> None:
    """Add the commands to the parser of `battlescope`; `add_command` creates one command."""
    dev = add_command(commands, "dev", _dev, "run the system on a simulated feed and reload changed code")
    dev.add_argument("--port", type=port, default=DEFAULT_PORT, help=PORT_HELP)
    dev.add_argument("--level", type=str.upper, choices=LEVELS, help=LEVEL_HELP)
    dev.add_argument("--speed", type=speed, help="speed of the feed: a factor (20), a rate (20/s) or max")
    dev.add_argument("--fresh", action="store_true", help="delete the data of the last `dev` first")
    dev.add_argument("--no-timers", action="store_true", help="publish no timer events")
    dev.add_argument("--build-web-app", action="store_true", help=BUILD_HELP)
    add_command(commands, "down", _stop, "stop the running system (up, dev or demo)")
    add_command(commands, "stop", _stop, "same as down")
    logs = add_command(commands, "logs", _logs, "show logs of functions, stores, Jobs and the node")
    logs.add_argument("name", nargs="?", help="a function, a store, a Job or `node`: all of its lines")
    logs.add_argument("--follow", action="store_true", help="print new lines as they arrive")
    logs.add_argument("--id", help="print complete lines, those with this trace, correlation or event id")
    logs.add_argument("--level", type=str.upper, choices=LEVELS, help=LEVEL_HELP)
    health = add_command(commands, "health", _health, "check that stores and functions respond; exit code 1 if not")
    health.add_argument("--start", action="store_true", help="start and check functions without an instance too")
    outbox = add_command(
        commands, "outbox", _outbox, "show messages that a Broker refused for good; retry or delete them"
    )
    chosen = outbox.add_mutually_exclusive_group()
    chosen.add_argument("--retry", nargs="+", metavar="ID", help="publish these again, like battles:17; or `all`")
    chosen.add_argument("--delete", nargs="+", metavar="ID", help="delete these for good; or `all`")
    chosen.add_argument("--json", action="store_true", help="one JSON object per line, with attributes and payload")
    add_command(commands, "topics", _topics, "show topics, partitions and consumer lag of the local log")
    _add_database_commands(
        add_command(commands, "db", _require_subcommand, "reset, migrate or fill the databases of a system"),
        add_command,
    )
    reset = add_command(commands, "reset", _reset, "delete all local data of this project")
    reset.add_argument("--yes", action="store_true", help="do not ask")


def _add_database_commands(database: argparse.ArgumentParser, add_command: AddCommand) -> None:
    commands = database.add_subparsers(required=True, metavar="COMMAND")
    reset = add_command(commands, "reset", _database_reset, "delete all databases; the system must not run")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    migrate = add_command(commands, "migrate", _database_migrate, "apply missing migrations; the system can run or not")
    for parser in (reset, migrate):
        parser.add_argument("--system", choices=["dev", "up"], default="dev", help="default: dev")
    sample = add_command(commands, "sample", _database_sample, "load killmails of the simulated feed into dev")
    sample.add_argument(
        "--mails", type=positive, default=SAMPLE_SIZE, help=f"number of killmails (default: {SAMPLE_SIZE})"
    )


def _require_subcommand(_: argparse.Namespace) -> None:
    """Never called, because argparse requires a sub-command."""


def _data_folder(arguments: argparse.Namespace) -> Path:
    return data_folder(arguments.data)


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False)


def _dev(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.dev import run_dev
    from battlescope_local.devloop.log_entries import LevelThreshold
    from battlescope_local.devloop.simulated_feed import feed_arguments
    from battlescope_local.node.event_loop import run_until_cancelled
    from battlescope_local.terminal import announce_stop

    folder = system_folder(_data_folder(arguments), "dev")
    feed = feed_arguments(folder, fresh=arguments.fresh, speed=arguments.speed)
    settings = Settings(
        str(folder),
        port=arguments.port,
        timers=not arguments.no_timers,
        simulator_arguments=feed,
        fresh=arguments.fresh,
        environment=NO_BYTECODE,
        build_web_app=arguments.build_web_app,
    )
    run_until_cancelled(
        run_dev(settings, external_servers(), _console(), LevelThreshold(arguments.level)), announce_stop
    )
    print("BattleScope has stopped.")


def _stop(arguments: argparse.Namespace) -> None:
    base = _data_folder(arguments)
    for folder in running_folders(base) or (base,):
        stop_node(folder)
        print(f"BattleScope in {folder} has stopped.", flush=True)


def _logs(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.log_entries import LevelThreshold
    from battlescope_local.devloop.log_follower import LogFollower, log_files
    from battlescope_local.devloop.log_view import LogView

    folder, name = active_folder(_data_folder(arguments)), arguments.name
    files = log_files(folder)
    if name not in {None, *files}:
        raise UserError(f"There is no log {name}; the logs are: {', '.join(files) or 'none yet'}.")
    if arguments.id:
        lines = [(log, line) for log, line in LogFollower(folder).new_lines() if name in {None, log}]
        found = [f"{log}: {line}" for log, line in lines if arguments.id in line]
        if not found:
            raise UserError(f"No line of {f'the log {name}' if name else 'the logs'} has the id {arguments.id}.")
        print("\n".join(found))
        return
    threshold = LevelThreshold(arguments.level or ("DEBUG" if name else None))
    view = LogView(LogFollower(folder), _console(), threshold, [name] if name else [])
    view.print_new()
    while arguments.follow:
        time.sleep(POLL_INTERVAL)
        view.print_new()


def _health(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.health import run_checks

    console, healthy = _console(), True
    for check in run_checks(running_node(active_folder(_data_folder(arguments))), start=arguments.start):
        line = f"{'ok' if check.healthy else 'FAILED':<6} {check.name:<16} {check.condition}"
        text = wrapped(line, console.width, HEALTH_INDENT) if console.is_terminal else line
        console.print(f"[{'green' if check.healthy else 'bold red'}]{text[:6]}[/]", end="")
        console.print(text[6:], markup=False, highlight=False, soft_wrap=True)
        healthy &= check.healthy
    if not healthy:
        sys.exit(1)


def _outbox(arguments: argparse.Namespace) -> None:
    outboxes = _outboxes(active_folder(_data_folder(arguments)))
    if arguments.retry:
        print(f"{outboxes.retry(arguments.retry)} messages go out with the next event of their function.")
    elif arguments.delete:
        print(f"{outboxes.delete(arguments.delete)} messages are deleted.")
    else:
        _print_parked(outboxes, as_json=arguments.json)


def _outboxes(folder: Path) -> "Outboxes":
    from battlescope_local.devloop.parked_messages import Outboxes, find_databases
    from battlescope_local.stores.postgres import running_server_url
    from battlescope_local.stores.state_file import StateFile

    running_node(folder)
    admin_url = external_servers().postgres_url or running_server_url(StateFile(folder / "secrets.json"))
    return Outboxes(admin_url, find_databases(admin_url))


def _print_parked(outboxes: "Outboxes", *, as_json: bool) -> None:
    from battlescope_local.devloop.parked_messages import age_text

    messages = outboxes.parked()
    for message in messages:
        if as_json:
            print(json.dumps(asdict(message), default=str))
            continue
        subject = f" of {message.subject}" if message.subject else ""
        age = age_text(message.age)
        print_text(f"{message.name} {message.type}{subject} to {message.broker}, for {age}: {message.reason}")
        print_text(f"    event {message.event_id}")
    if not messages and not as_json:
        print("There are no parked messages.")


def _topics(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.topics import read_topics, topic_lines

    if external_servers().kafka_bootstrap:
        raise UserError("BATTLESCOPE_KAFKA_BOOTSTRAP names an external log; use its own tools, for example `rpk`.")
    base = _data_folder(arguments)
    dev_folder = system_folder(base, "dev")
    folder = next(iter(running_folders(base)), dev_folder if (dev_folder / "log").is_dir() else base)
    for line in topic_lines(read_topics(folder)):
        print_text(line)


def _database_reset(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.reset import reset_databases

    reset_databases(system_folder(_data_folder(arguments), arguments.system), external_servers(), yes=arguments.yes)


def _database_migrate(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.migrations import migrate

    settings = Settings(str(system_folder(_data_folder(arguments), arguments.system)))
    applied = asyncio.run(migrate(settings, external_servers()))
    for line in applied or ("Every database is up to date.",):
        print_text(line)


def _database_sample(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.sample_data import load_sample
    from battlescope_local.devloop.simulated_feed import silent_feed_arguments

    folder = system_folder(_data_folder(arguments), "dev")
    settings = Settings(str(folder), port=0, simulator_arguments=silent_feed_arguments())
    load_sample(settings, external_servers(), _console(), arguments.mails)


def _reset(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.reset import reset_all

    reset_all(_data_folder(arguments), yes=arguments.yes)
