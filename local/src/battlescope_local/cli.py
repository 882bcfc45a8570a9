"""Starts, observes and stops the whole BattleScope system on this machine: the command `battlescope`."""

import argparse
import logging
import os
import shlex
import sys
from collections.abc import Callable
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from battlescope_local.arguments import (
    ArgumentParser,
    address,
    day,
    existing_file,
    existing_folder,
    port,
    positive,
    speed,
)
from battlescope_local.command_name import typed_command
from battlescope_local.devloop import dead_letter_commands
from battlescope_local.devloop.commands import BUILD_HELP, add_commands
from battlescope_local.errors import REPORTABLE_ERRORS, UserError, error_message
from battlescope_local.node import daemon, state
from battlescope_local.node.access import WITHOUT_LOGIN
from battlescope_local.node.client import active_folder, request_json, running_folders, running_node
from battlescope_local.node.startup_phases import ReportPhase
from battlescope_local.settings import (
    DEFAULT_PORT,
    LOG_FORMAT,
    LOOPBACK,
    NODE_LOG_FILE,
    Settings,
    access_mode,
    access_overrides,
    data_folder,
    external_servers,
    has_contact,
    history_overrides,
    make_private,
    static_data_path,
    upstream_overrides,
)
from battlescope_local.text_output import print_text

if TYPE_CHECKING:
    from battlescope_local.node.composition import Node

# The demonstration publishes an hour of the simulated feed at once, so that battles appear immediately, then the rest.
DEMO_FEED_ARGUMENTS: Final = ("--frozen-head", "--head-start", "400")
DEMO_SPEED: Final = "60"
# The director of the simulated SSO administers. There is no web application yet to which a login could return.
DEMO_ACCOUNTS: Final = {"BOOTSTRAP_SUPERADMIN_CHARACTER_IDS": "2112000001", "LOGIN_TARGET": "/api/me"}
CONTACT_WARNING: Final = (
    "Warning: BATTLESCOPE_USER_AGENT is not set. Set it to a name and your contact address: zKillboard, ESI and "
    "EVE Ref block clients whose operator they cannot reach."
)
HOST_HELP: Final = f"address of the gateway (default: {LOOPBACK}); one that others reach needs logins (SSO)"
PORT_HELP: Final = f"port of the gateway (default: {DEFAULT_PORT}); 0: a free port"
LOGIN_HELP: Final = "ask for a login at the simulated SSO, where a click chooses a character"
ENTER_HELP: Final = "with SSO: store a personal access token that you enter, instead of confirming in a browser"
OUT_HELP: Final = "output file (JSON Lines, one battle per line)"
REVALUE_HELP: Final = "compute the values of past days again, each by the prices of the days before it"
PRICES_HELP: Final = "folder of market history files, which value killmails that have no value of zKillboard"
SDE_HELP: Final = "static data (default: BATTLESCOPE_SDE, else a zip beside the files)"


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # an ASCII terminal shows `?` instead of failing
    parser = command_parser()
    arguments = parser.parse_args()
    if "command" not in arguments:
        parser.print_help()
        return
    try:
        arguments.command(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # the shell's prompt begins a line of its own
        sys.exit(130)
    except BrokenPipeError:  # the reader, like `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except REPORTABLE_ERRORS as error:
        print_text(f"battlescope: {error_message(error)}", sys.stderr)
        sys.exit(1)


def command_parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(prog="battlescope", description=__doc__)
    parser.add_argument("--version", action="version", version=f"battlescope {version('battlescope-local')}")
    parser.add_argument("--data", help="folder of all state (default: BATTLESCOPE_DATA, else .battlescope)")
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, command, help_ in (("up", _up, "start the system"), ("demo", _demo, "show battles of a simulated feed")):
        start = _add_command(commands, name, command, help_)
        start.add_argument("--port", type=port, default=DEFAULT_PORT, help=PORT_HELP)
        start.add_argument(
            "--killmails", nargs="+", metavar="PATH", type=existing_file, help="replay these files as the feed"
        )
        start.add_argument("--speed", type=speed, help="speed of the feed: a factor (20), a rate (20/s) or max")
        start.add_argument(
            "--sde", metavar="ZIP", type=existing_file, help="static data for the replay, in CCP's layout"
        )
        start.add_argument("--host", type=address, default=LOOPBACK, help=HOST_HELP)
        start.add_argument("--no-timers", action="store_true", help="publish no timer events")
        start.add_argument("--build-web-app", action="store_true", help=BUILD_HELP)
    up = commands.choices["up"]
    up.add_argument("--foreground", action="store_true", help="stay in the foreground until Ctrl-C")
    up.add_argument("--offline", action="store_true", help="with --killmails: simulate all upstreams")
    commands.choices["demo"].add_argument("--until-battles", type=positive, metavar="N", help="stop after N battles")
    commands.choices["demo"].add_argument("--login", action="store_true", help=LOGIN_HELP)
    add_commands(commands, _add_command)
    _add_command(commands, "status", _status, "show stores, functions, memory and Triggers")
    _add_file_commands(commands)
    _add_backfill_arguments(_add_command(commands, "backfill", _backfill, "load past days into the running system"))
    _add_job_commands(commands)
    dead_letter_commands.add_arguments(
        _add_command(
            commands, "dead-letters", _dead_letters, "show, replay or discard events that no function accepted"
        )
    )
    _add_command(commands, "token", _token, "print the token for changes by the HTTP APIs")
    login = _add_command(
        commands, "login", _login, "print a link for changes, or to log in with EVE Online, in a browser"
    )
    login.add_argument("--token", action="store_true", help=ENTER_HELP)
    return parser


def _add_file_commands(commands: Any) -> None:
    """Commands that read killmail files and need no running system."""
    replay = _add_command(commands, "replay", _replay_files, "cluster killmail files into battles; starts no server")
    replay.add_argument(
        "files", nargs="+", metavar="FILE", type=existing_file, help="EVE Ref .tar.bz2, .jsonl or .jsonl.gz"
    )
    replay.add_argument("--out", required=True, metavar="FILE", type=Path, help=OUT_HELP)
    replay.add_argument("--csv", metavar="FILE", type=Path, help="CSV file, one row per battle")
    replay.add_argument("--sde", metavar="ZIP", type=existing_file, help=SDE_HELP)
    replay.add_argument("--prices", metavar="DIR", type=existing_folder, help=PRICES_HELP)
    replay.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change a rule; repeatable")
    value = _add_command(commands, "value", _value, "show what a killmail is worth, item by item")
    value.add_argument(
        "killmail", metavar="FILE|ID", help="killmail file, or the id of a killmail of the running system"
    )
    value.add_argument(
        "--prices", metavar="DIR", type=existing_folder, help="prices of this folder instead of the running system's"
    )
    value.add_argument("--sde", metavar="ZIP", type=existing_file, help=SDE_HELP)


def _add_job_commands(commands: Any) -> None:
    """Commands that compute or publish again what the running system has."""
    republish = _add_command(commands, "republish", _republish, "publish the current battles again")
    republish.add_argument("--from", dest="first", metavar="DAY", type=day, help="first day of battles")
    republish.add_argument("--to", dest="last", metavar="DAY", type=day, help="last day of battles")
    republish.add_argument("--no-follow", action="store_true", help="do not wait for the job to end")
    search = _add_command(commands, "search", _search, "rebuild the search index")
    search.add_argument("action", choices=["reindex"])
    search.add_argument("--no-follow", action="store_true", help="do not wait for the job to end")
    revalue = _add_command(commands, "revalue", _revalue, REVALUE_HELP)
    revalue.add_argument("--from", dest="first", metavar="DAY", type=day, required=True)
    revalue.add_argument("--to", dest="last", metavar="DAY", type=day, required=True)


def _add_backfill_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="*", metavar="FILE", type=existing_file, help="killmail files; without any: --source"
    )
    parser.add_argument("--manifest", metavar="JSON", type=existing_file, help="upload this manifest instead, as it is")
    parser.add_argument("--from", dest="first", metavar="DAY", type=day, help="first day, like 2026-01-31")
    parser.add_argument("--to", dest="last", metavar="DAY", type=day, help="last day")
    parser.add_argument("--source", choices=["everef", "r2z2"], default="everef", help="default: everef")
    parser.add_argument("--priority", choices=["low", "normal", "high"], default="normal", help="default: normal")
    parser.add_argument("--reason", default="manual", help="stored with the job (default: manual)")
    parser.add_argument("--no-follow", action="store_true", help="do not wait for the job to end")


def _add_command(commands: Any, name: str, command: Callable[..., None], help_: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help_)
    parser.set_defaults(command=command)
    parser.add_argument("--data", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def _folder(arguments: argparse.Namespace) -> Path:
    return data_folder(arguments.data)


def _feed_arguments(arguments: argparse.Namespace) -> tuple[str, ...] | None:
    if arguments.killmails is None:
        return None
    paths = [str(path.absolute()) for path in arguments.killmails]
    static_data = ("--sde", str(arguments.sde.absolute())) if arguments.sde else ()
    return ("--frozen-head", "--speed", arguments.speed or "1", *static_data, "--killmails", *paths)


def _simulated_upstreams(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Addresses that lead to the simulator: the feed, static data with --sde, and all of them with --offline."""
    if arguments.offline:
        return ("FEED_URL", "ESI_URL", "SDE_URL", "EVEREF_URL", "MARKET_HISTORY_URL")
    return ("FEED_URL", "SDE_URL") if arguments.sde else ("FEED_URL",)


def _up(arguments: argparse.Namespace) -> None:
    folder, simulator_arguments = _folder(arguments), _feed_arguments(arguments)
    if simulator_arguments is None and (arguments.offline or arguments.sde):
        message = "--offline and --sde need --killmails."
        raise UserError(message)
    simulated_upstreams = _simulated_upstreams(arguments) if simulator_arguments else ()
    settings = Settings(
        str(folder),
        port=arguments.port,
        host=arguments.host,
        access_mode=access_mode(),
        timers=not arguments.no_timers,
        overrides={
            **access_overrides(),
            **upstream_overrides(excluded=simulated_upstreams),
            **history_overrides(keep_all=simulator_arguments is not None),
        },
        simulator_arguments=simulator_arguments,
        simulated_upstreams=simulated_upstreams,
        build_web_app=arguments.build_web_app,
    )
    node = state.read(folder)
    if node is not None:
        print(f"BattleScope already runs at {node.gateway_url}.")
        return
    if simulator_arguments is None and not has_contact():
        print(CONTACT_WARNING, file=sys.stderr)
    if arguments.foreground:
        _foreground(settings)
    else:
        url = daemon.start(settings, _progress())
        print(f"BattleScope is at {url}; `{typed_command('down')}` stops it.")
        _print_access(state.read(folder))


def _foreground(settings: Settings) -> None:
    from battlescope_local.node.composition import run_node

    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    _run_until_cancelled(run_node(settings, external_servers(), _progress(), _print_addresses))


def _print_addresses(node: "Node") -> None:
    print(f"BattleScope is at {node.gateway_url}", flush=True)
    if node.owner_login is not None:
        print(f"{WITHOUT_LOGIN}\n{node.owner_login.new_link()}", flush=True)


def _print_access(node: state.NodeState | None) -> None:
    """The access mode `off` and its one-time link, which nobody else sees; commands find the token by themselves."""
    from battlescope_local.login import owner_link

    link = owner_link(node) if node else None
    if link is not None:
        print(f"{WITHOUT_LOGIN}\n{link}")


def _demo(arguments: argparse.Namespace) -> None:
    from battlescope_local.demo import demo

    folder = _folder(arguments) / "demo"
    simulator_arguments = _feed_arguments(arguments) or (*DEMO_FEED_ARGUMENTS, "--speed", arguments.speed or DEMO_SPEED)
    settings = Settings(
        str(folder),
        port=arguments.port,
        host=arguments.host,
        access_mode="sso" if arguments.login else "off",
        timers=not arguments.no_timers,
        overrides={"accounts": DEMO_ACCOUNTS},
        simulator_arguments=simulator_arguments,
        fresh=True,
        build_web_app=arguments.build_web_app,
    )
    make_private(Path(settings.data))
    log_to_file(Path(settings.data))
    _run_until_cancelled(demo(settings, external_servers(), _console(), arguments.until_battles))


def log_to_file(folder: Path) -> None:
    """Write the node's own log to the file that `battlescope logs` shows, because it would tear the live table."""
    logging.basicConfig(filename=folder / NODE_LOG_FILE, level=logging.INFO, format=LOG_FORMAT)
    logging.captureWarnings(capture=True)


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False)


def _progress() -> ReportPhase:
    from battlescope_local.terminal import PhasePrinter

    return PhasePrinter(_console())


def _run_until_cancelled(coroutine: Any) -> None:
    """Ctrl-C and SIGTERM cancel `coroutine`, which then stops every process that it started."""
    from battlescope_local.node.event_loop import run_until_cancelled
    from battlescope_local.terminal import announce_stop

    run_until_cancelled(coroutine, announce_stop)
    print("BattleScope has stopped.")


def _status(arguments: argparse.Namespace) -> None:
    from battlescope_local.devloop.health import waiting_notes
    from battlescope_local.terminal import TABLE_WIDTH, status_lines, status_tables, summary

    folder = active_folder(_folder(arguments))
    console, node = _console(), running_node(folder)
    status = request_json(node, "/node/status")
    if console.width < TABLE_WIDTH:
        for line in status_lines(status):
            console.print(line, markup=False)
    else:
        for table in status_tables(status):
            console.print(table)
    for note in waiting_notes(node, status["services"]):
        console.print(note, markup=False, soft_wrap=not console.is_terminal)
    console.print(summary(status), soft_wrap=not console.is_terminal)
    for other in running_folders(_folder(arguments)):
        if other != folder:
            shows_it = typed_command(f"--data {shlex.quote(str(other))} status")
            console.print(f"Another BattleScope runs in {other}; `{shows_it}` shows it.", markup=False, soft_wrap=True)


def _dead_letters(arguments: argparse.Namespace) -> None:
    dead_letter_commands.run(running_node(active_folder(_folder(arguments))), arguments)


def _token(arguments: argparse.Namespace) -> None:
    from battlescope_local.login import api_token

    folder = active_folder(_folder(arguments))
    node = state.read(folder)
    print(api_token(folder, node.access_mode if node else access_mode()))


def _login(arguments: argparse.Namespace) -> None:
    from battlescope_local.login import login

    folder = active_folder(_folder(arguments))
    login(folder, running_node(folder), enters_token=arguments.token)


def _replay_files(arguments: argparse.Namespace) -> None:
    from battlescope_local.replay.command import ReplayRequest, replay

    sde = arguments.sde or static_data_path()
    request = ReplayRequest(arguments.files, arguments.out, arguments.csv, sde, arguments.set, arguments.prices)
    replay(request, _console())


def _value(arguments: argparse.Namespace) -> None:
    from battlescope_local.valuation import command

    path, killmail_id = Path(arguments.killmail), command.killmail_id_of(arguments.killmail)
    if not path.is_file() and killmail_id is None:
        raise UserError(f"{arguments.killmail} is neither a file nor the id of a killmail.")
    if path.is_file() and arguments.prices is not None:
        command.print_values_by_folder(path, arguments.prices, arguments.sde or static_data_path())
        return
    if arguments.prices is not None:
        raise UserError("--prices needs a file of killmails; a killmail of the running system is valued by its prices.")
    folder = active_folder(_folder(arguments))
    running_node(folder)
    system = command.running_system(folder, external_servers())
    command.print_values_by_system(path if path.is_file() or killmail_id is None else killmail_id, system)


def _revalue(arguments: argparse.Namespace) -> None:
    from battlescope_local.valuation.command import revalue_days

    first, last = arguments.first, arguments.last
    if last < first:
        raise UserError(f"The last day {last} lies before the first one.")
    folder = active_folder(_folder(arguments))
    revalue_days(first, last, folder, running_node(folder), external_servers())


def _backfill(arguments: argparse.Namespace) -> None:
    from battlescope_local.backfill.command import backfill, upload_manifest
    from battlescope_local.backfill.manifest import BackfillRequest

    request = BackfillRequest(
        arguments.first, arguments.last, arguments.source, arguments.priority, arguments.reason, tuple(arguments.files)
    )
    if arguments.manifest and request != BackfillRequest(None, None):
        raise UserError("--manifest says everything itself; leave out files, days, source, priority and reason.")
    folder = active_folder(_folder(arguments))
    gateway, external, console = running_node(folder).gateway_url, external_servers(), _console()
    if arguments.manifest:
        upload_manifest(arguments.manifest, folder, gateway, external, console=console, follow=not arguments.no_follow)
    else:
        backfill(request, folder, gateway, external, console=console, follow=not arguments.no_follow)


def _republish(arguments: argparse.Namespace) -> None:
    from battlescope_local.function_api import FunctionApi
    from battlescope_local.login import api_token
    from battlescope_local.republish import republish

    folder = active_folder(_folder(arguments))
    node = running_node(folder)
    api = FunctionApi("battle-api", node.gateway_url, api_token(folder, node.access_mode))
    republish(api, arguments.first, arguments.last, console=_console(), follow=not arguments.no_follow)


def _search(arguments: argparse.Namespace) -> None:
    from battlescope_local.function_api import FunctionApi
    from battlescope_local.login import api_token
    from battlescope_local.reindex import reindex

    folder = active_folder(_folder(arguments))
    node = running_node(folder)
    api = FunctionApi("search-api", node.gateway_url, api_token(folder, node.access_mode))
    reindex(api, console=_console(), follow=not arguments.no_follow)


if __name__ == "__main__":
    main()
