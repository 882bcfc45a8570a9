"""`python -m battlescope_upstream`: the outside world on a loopback port, which it prints as one line of JSON."""

import argparse
import asyncio
import json
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from battlescope_upstream.content.schedule import BadSpeed
from battlescope_upstream.fault_settings import DIALS, BadDial
from battlescope_upstream.hosts.composition import make_world
from battlescope_upstream.hosts.options import DEFAULT_EVENING, Options, options_from
from battlescope_upstream.hosts.server import serving


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="battlescope_upstream", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=0, help="0: a free one")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--evening", type=int, metavar="SEED", help=f"an invented evening; without files {DEFAULT_EVENING}"
    )
    source.add_argument("--killmails", type=Path, nargs="+", metavar="PATH", help=".tar.bz2, .jsonl.gz or .jsonl")
    add("--mails", type=int, help="length of the invented evening in mails")
    add("--start", type=_moment, metavar="ISO", help="its first moment")
    add("--names", type=Path, nargs="+", metavar="CSV", help="names of alliances, corporations, characters")
    add("--sde", type=Path, metavar="ZIP", help="static data in CCP's layout")
    add("--speed", help="factor on the real gaps, `max`, a rate like 20/s, or 0 to publish by --head-start alone")
    add("--seed", type=int, help="of the faults")
    add("--first-sequence", type=int)
    for name, (kind, meaning) in DIALS.items():
        option, told = f"--{name.replace('_', '-')}", meaning.replace("%", "%%")
        if kind is bool:
            add(option, action=argparse.BooleanOptionalAction, help=told)
        else:
            add(option, type=kind, help=told)
    return parser


def read_options(arguments: Sequence[str] | None = None) -> tuple[int, Options]:
    values = {name: value for name, value in vars(make_parser().parse_args(arguments)).items() if value is not None}
    port = values.pop("port")
    for files in ("killmails", "names"):
        if files in values:
            values[files] = tuple(values[files])
    return port, options_from(values)


async def serve(port: int, options: Options) -> None:
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    async with serving(make_world(options), port) as bound:
        print(json.dumps({"port": bound}), flush=True)
        await stopped.wait()


def main() -> None:
    try:
        asyncio.run(serve(*read_options()))
    except (BadDial, BadSpeed) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
