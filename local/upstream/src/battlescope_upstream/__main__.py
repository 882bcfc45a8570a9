"""`python -m battlescope_upstream`: the simulated upstreams on a loopback port, printed as one line of JSON."""

import argparse
import asyncio
import json
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from battlescope_upstream.content.schedule import InvalidSpeed
from battlescope_upstream.fault_settings import FAULT_SETTINGS, InvalidFaultSetting
from battlescope_upstream.hosts.composition import build_state
from battlescope_upstream.hosts.options import DEFAULT_SEED, Options, options_from
from battlescope_upstream.hosts.server import serving


def _utc_time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="battlescope_upstream", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=0, help="0: any free port")
    add(
        "--changeable",
        action="store_true",
        help="`POST /control/dials` changes the faults, for everybody who reaches the port",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--evening", type=int, metavar="SEED", help=f"seed of the simulated feed; default without files {DEFAULT_SEED}"
    )
    source.add_argument("--killmails", type=Path, nargs="+", metavar="PATH", help=".tar.bz2, .jsonl.gz or .jsonl")
    add("--mails", type=int, help="number of killmails in the simulated feed")
    add("--start", type=_utc_time, metavar="ISO", help="time of the first simulated killmail")
    add("--names", type=Path, nargs="+", metavar="CSV", help="names of alliances, corporations, characters")
    add("--sde", type=Path, metavar="ZIP", help="static data in CCP's layout")
    add(
        "--speed",
        help="factor on the real gaps, `max`, a rate like 20/s, rates in turn like 500/s:60,20/s; 0: only --head-start",
    )
    add("--seed", type=int, help="seed of the faults")
    add("--market-days", type=int, help="days with prices before the first killmail")
    add("--first-sequence", type=int, help="number of the first feed file")
    add(
        "--values-first",
        action="store_true",
        help="value all killmails before the first request: a slower start and files for half of the CPU",
    )
    for name, (value_type, meaning) in FAULT_SETTINGS.items():
        option, help_text = f"--{name.replace('_', '-')}", meaning.replace("%", "%%")
        if value_type is bool:
            add(option, action=argparse.BooleanOptionalAction, help=help_text)
        else:
            add(option, type=value_type, help=help_text)
    return parser


def read_options(arguments: Sequence[str] | None = None) -> tuple[int, bool, Options]:
    """The port, whether the faults can be changed, and the options of the upstreams."""
    values = {name: value for name, value in vars(make_parser().parse_args(arguments)).items() if value is not None}
    port, changeable = values.pop("port"), values.pop("changeable")
    for files in ("killmails", "names"):
        if files in values:
            values[files] = tuple(values[files])
    return port, changeable, options_from(values)


async def serve(port: int, changeable: bool, options: Options) -> None:  # noqa: FBT001  # as `read_options` gives them
    """Serve until SIGINT or SIGTERM."""
    stop_requested = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop_requested.set)
    async with serving(build_state(options), port, changeable=changeable) as bound_port:
        print(json.dumps({"port": bound_port}), flush=True)
        await stop_requested.wait()


def main() -> None:
    try:
        asyncio.run(serve(*read_options()))
    except (InvalidFaultSetting, InvalidSpeed) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
