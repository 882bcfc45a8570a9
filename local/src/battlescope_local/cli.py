"""The command `battlescope`: the whole system on this machine, started, watched and ended."""

import argparse
import logging
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

from battlescope_local.devloop.commands import add_commands
from battlescope_local.errors import PROBLEMS, UserError, sentence
from battlescope_local.node import daemon as background
from battlescope_local.node import state
from battlescope_local.node.client import ask, chosen_folder, running
from battlescope_local.node.startup_phases import Report
from battlescope_local.settings import PORT, Settings, data_folder, given, static_data, upstreams

# The demonstration: an hour of the evening at once, so that there is something to see, the rest quickly.
EVENING: Final = ("--frozen-head", "--head-start", "400")
EVENING_SPEED: Final = "60"


def main() -> None:
    arguments = _parser().parse_args()
    try:
        arguments.command(arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except PROBLEMS as error:
        print(f"battlescope: {sentence(error)}", file=sys.stderr)
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="battlescope", description=__doc__)
    parser.add_argument("--data", help="folder of all state (BATTLESCOPE_DATA; otherwise .battlescope of the project)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, help_ in (("up", _up, "start in the background"), ("demo", _demo, "show it with an evening")):
        one = _command(commands, name, command, help_)
        one.add_argument("--port", type=int, default=PORT, help=f"of the gateway ({PORT}); 0: a free one")
        one.add_argument("--killmails", nargs="+", metavar="PATH", type=Path, help="replay these instead of the feed")
        one.add_argument("--speed", help="of the replay: a factor, a rate like 20/s, or max")
        one.add_argument("--sde", metavar="ZIP", type=Path, help="static data for the replay, in CCP's layout")
        one.add_argument("--no-timers", action="store_true", help="leave the PingSources silent")
    commands.choices["up"].add_argument("--foreground", action="store_true", help="stay, until Ctrl-C")
    commands.choices["up"].add_argument("--offline", action="store_true", help="with --killmails: names are invented")
    commands.choices["demo"].add_argument("--until-battles", type=int, metavar="N", help="end when N were seen")
    add_commands(commands, _command)
    _command(commands, "status", _status, "stores, functions, memory, Triggers")
    replay = _command(commands, "replay", _replay_files, "group killmail files into battles; starts nothing")
    replay.add_argument("files", nargs="+", metavar="FILE", type=Path, help=".tar.bz2 of EVE Ref, .jsonl or .jsonl.gz")
    replay.add_argument("--out", required=True, metavar="FILE", type=Path, help="one JSON object a battle and line")
    replay.add_argument("--csv", metavar="FILE", type=Path, help="one row a battle, for spreadsheets")
    replay.add_argument("--sde", metavar="ZIP", type=Path, help="static data (BATTLESCOPE_SDE; else beside the files)")
    replay.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="another rule, repeatable")
    _backfill_arguments(_command(commands, "backfill", _backfill, "load history into the running system"))
    letters = _command(commands, "dead-letters", _dead_letters, "events that nobody could take")
    letters.add_argument("--limit", type=int, default=20)
    _command(commands, "token", _token, "print what functions want to be shown by those who write")
    return parser


def _backfill_arguments(one: argparse.ArgumentParser) -> None:
    one.add_argument("files", nargs="*", metavar="FILE", type=Path, help="of killmails; otherwise a source is asked")
    one.add_argument("--from", dest="first", metavar="DAY", type=date.fromisoformat, help="the first day, 2026-01-31")
    one.add_argument("--to", dest="last", metavar="DAY", type=date.fromisoformat, help="the last day")
    one.add_argument("--source", choices=["everef", "r2z2"], default="everef")
    one.add_argument("--priority", choices=["low", "normal", "high"], default="normal")
    one.add_argument("--reason", default="manual")
    one.add_argument("--no-follow", action="store_true", help="order it and leave")


def _command(commands: Any, name: str, command: Callable[..., None], help_: str) -> argparse.ArgumentParser:
    one: argparse.ArgumentParser = commands.add_parser(name, help=help_)
    one.set_defaults(command=command)
    one.add_argument("--data", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return one


def _folder(arguments: argparse.Namespace) -> Path:
    return data_folder(arguments.data)


def _replay(arguments: argparse.Namespace) -> tuple[str, ...] | None:
    if arguments.killmails is None:
        return None
    paths = [str(path.absolute()) for path in arguments.killmails]
    static_data = ("--sde", str(arguments.sde.absolute())) if arguments.sde else ()
    return ("--frozen-head", "--speed", arguments.speed or "1", *static_data, "--killmails", *paths)


def _stood_in(arguments: argparse.Namespace) -> tuple[str, ...]:
    """What a replay takes from the stand-in: its feed, and no more than it was given or must have."""
    if arguments.offline:
        return ("FEED_URL", "ESI_URL", "SDE_URL", "EVEREF_URL")
    return ("FEED_URL", "SDE_URL") if arguments.sde else ("FEED_URL",)


def _up(arguments: argparse.Namespace) -> None:
    folder, upstream = _folder(arguments), _replay(arguments)
    if upstream is None and (arguments.offline or arguments.sde):
        message = "--offline and --sde belong to --killmails."
        raise UserError(message)
    simulated_upstreams = _stood_in(arguments) if upstream else ()
    settings = Settings(
        str(folder), port=arguments.port, timers=not arguments.no_timers, overrides=upstreams(but=simulated_upstreams),
        upstream=upstream, simulated_upstreams=simulated_upstreams,
    )  # fmt: skip
    running = state.read(folder)
    if running is not None:
        print(f"BattleScope already runs at {running.gateway}.")
    elif arguments.foreground:
        _foreground(settings)
    else:
        url = background.start(settings, _progress())
        print(f"BattleScope is at {url}; `battlescope down` ends it.")


def _foreground(settings: Settings) -> None:
    from battlescope_local.node.composition import run  # noqa: PLC0415 -- half a second that `status` and `down` need not spend

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    _forever(run(settings, given(), _progress(), lambda url: print(f"BattleScope is at {url}", flush=True)))


def _demo(arguments: argparse.Namespace) -> None:
    from battlescope_local.demo import demo  # noqa: PLC0415 -- as above

    folder = _folder(arguments) / "demo"
    upstream = _replay(arguments) or (*EVENING, "--speed", arguments.speed or EVENING_SPEED)
    settings = Settings(str(folder), port=arguments.port, timers=not arguments.no_timers, upstream=upstream, fresh=True)
    logging.basicConfig(level=logging.ERROR)
    _forever(demo(settings, given(), _console(), arguments.until_battles))


def _console() -> Any:
    from rich.console import Console  # noqa: PLC0415 -- a tenth of a second that sentences need not spend

    return Console(highlight=False)


def _progress() -> Report:
    from battlescope_local.terminal import progress  # noqa: PLC0415 -- as above

    return progress(_console())


def _forever(work: Any) -> None:
    """Both Ctrl-C and TERM cancel the work, which then leaves nothing running."""
    from battlescope_local.node.event_loop import run_until_cancelled  # noqa: PLC0415 -- as above

    run_until_cancelled(work)


def _status(arguments: argparse.Namespace) -> None:
    from battlescope_local.terminal import status_tables, summary  # noqa: PLC0415 -- as above

    console = _console()
    told = ask(running(chosen_folder(_folder(arguments))), "/node/status")
    for table in status_tables(told):
        console.print(table)
    console.print(summary(told))


def _dead_letters(arguments: argparse.Namespace) -> None:
    found = ask(running(chosen_folder(_folder(arguments))), f"/node/dead-letters?limit={arguments.limit}")
    for letter in found:
        failed = f" -> {letter['destination']} ({letter['code'] or 'no answer'})" if letter["destination"] else ""
        why = letter["reason"] or letter["data"]
        print(f"{letter['time']} {letter['type']} of {letter['subject']}{failed}: {why}")
    if not found:
        print("There are no dead letters.")


def _token(arguments: argparse.Namespace) -> None:
    from battlescope_local.node.workload_config import TOKEN, remembered  # noqa: PLC0415 -- as above

    print(remembered(chosen_folder(_folder(arguments)), TOKEN))


def _replay_files(arguments: argparse.Namespace) -> None:
    from battlescope_local.replay.command import Order, replay  # noqa: PLC0415 -- as above

    sde = arguments.sde or static_data()
    replay(Order(arguments.files, arguments.out, arguments.csv, sde, arguments.set), _console())


def _backfill(arguments: argparse.Namespace) -> None:
    from battlescope_local.backfill.command import backfill  # noqa: PLC0415 -- as above
    from battlescope_local.backfill.manifest import Order  # noqa: PLC0415 -- as above

    order = Order(
        arguments.first, arguments.last, arguments.source, arguments.priority, arguments.reason, tuple(arguments.files)
    )
    folder = chosen_folder(_folder(arguments))
    node = running(folder)
    backfill(order, folder, node.gateway, given(), console=_console(), watch=not arguments.no_follow)


if __name__ == "__main__":
    main()
