"""The same killmails on local mode's own log and on a Kafka, which may be killed with -9 meanwhile.

    export BATTLESCOPE_KAFKA_BOOTSTRAP=127.0.0.1:19092
    make kafka-check ARGS='--kill "docker kill redpanda" --start "docker start redpanda"'

The Kafka must be empty: its topics have the names of a cluster. Both runs must lose nothing and have the same battles.
"""

import argparse
import os
import shlex
import subprocess
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from harness import command_line
from harness.report import report
from machine import Machine, replay_arguments, upstream, upstream_killmail_count, wait_until_finished
from rich.console import Console
from soak import battle_contents, check_run, violations

from battlescope_local.arguments import ArgumentParser, positive

BOOTSTRAP = "BATTLESCOPE_KAFKA_BOOTSTRAP"
console = Console(highlight=False)


class Killer(threading.Thread):
    """Kills Kafka every `pause` seconds until it is asked to stop; starts it again five seconds later."""

    def __init__(self, kill: str, start: str, kills: int, pause: float) -> None:
        super().__init__()
        self._kill, self._start, self._left, self._pause = kill, start, kills, pause
        self.stop_requested = threading.Event()
        self.kills = 0

    def run(self) -> None:
        while self._left and not self.stop_requested.wait(self._pause):
            _run(self._kill)
            self.kills += 1
            self._left -= 1
            self.stop_requested.wait(5)
            _run(self._start)


def _run(command: str) -> None:
    # Into files, not pipes: the server outlives the command that starts it.
    with tempfile.TemporaryFile() as output:
        subprocess.run(shlex.split(command), check=True, stdout=output, stderr=output)


def observe(folder: Path, upstream_url: str, killer: Killer | None) -> tuple[dict[str, Any], set[tuple[Any, ...]]]:
    """The figures of one run and the content of its battles."""
    machine = Machine(folder, upstream_url)
    machine.start()
    begin = time.monotonic()
    if killer:
        killer.start()
    try:
        wait_until_finished(machine, upstream_killmail_count(upstream_url), lambda _counts: None)
        seconds = round(time.monotonic() - begin, 1)
        if killer:
            killer.stop_requested.set()
            killer.join()
        figures = {"seconds": seconds, "kills": killer.kills if killer else 0}
        reasons = Counter(f"{letter['destination']}: {letter['reason']}" for letter in machine.dead_letters())
        return figures | check_run(machine, upstream_url) | {"reasons": dict(reasons)}, battle_contents(machine)
    finally:
        if killer:
            killer.stop_requested.set()
        machine.stop()


def main() -> None:
    parser = ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--killmails", type=positive, default=1500, help="of the simulated feed")
    parser.add_argument("--kill", default="", help="command that kills Kafka; without it Kafka is left alone")
    parser.add_argument("--start", default="", help="command that starts it again")
    parser.add_argument("--kills", type=positive, default=3)
    parser.add_argument("--pause", type=float, default=6.0, help="seconds before each kill")
    options = parser.parse_args()
    bootstrap = os.environ.pop(BOOTSTRAP, "")
    if not bootstrap:
        parser.error(f"{BOOTSTRAP} names no Kafka")
    result: dict[str, Any] = {}
    arguments = [*replay_arguments([], options.killmails), "--speed", "max", "--frozen-head"]
    with upstream(*arguments) as url, tempfile.TemporaryDirectory(prefix="kafka-soak-", dir="/var/tmp") as scratch:
        Path(scratch).chmod(0o755)
        result["undisturbed"], own = observe(Path(scratch) / "own", url, None)
        console.print(result["undisturbed"])
        os.environ[BOOTSTRAP] = bootstrap  # the node inherits it
        killer = Killer(options.kill, options.start, options.kills, options.pause) if options.kill else None
        result["attacked"], kafka = observe(Path(scratch) / "kafka", url, killer)
        console.print(result["attacked"])
    result |= {"battles": len(own), "battles_different": len(own ^ kafka)}
    broken = violations(result)
    report("kafka-soak", result | {"broken": broken})
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    command_line.run(main)
