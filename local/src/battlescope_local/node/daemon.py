"""A node in a process of its own: `up` starts one, hears it start, and leaves it alone.

Lines of JSON on its standard output, {"phase", "seconds"}, then {"ready"} or {"error"}, after which it is silent.
"""

import json
import logging
import os
import subprocess
import sys
from asyncio import CancelledError
from pathlib import Path
from typing import Any

from battlescope_local.errors import PROBLEMS, UserError, sentence
from battlescope_local.node.startup_phases import Report
from battlescope_local.settings import Settings, from_json, given, make_private


class StartFailedError(UserError):
    """The node could not start; the message is the node's own."""


def start(settings: Settings, report: Report) -> str:
    """The gateway's URL, when it is open. The node outlives us.

    Raises:
        StartFailedError: with the node's sentence.
    """
    make_private(settings.folder)
    log = settings.folder / "node.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "battlescope_local.node.daemon", settings.to_json()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    url = _heard(process, report)
    if url is None:
        process.wait()
        message = f"The node ended while starting; see {log}."
        raise StartFailedError(message)
    process.returncode = 0  # it is meant to go on; without this its object would complain of being forgotten
    return url


def _heard(process: subprocess.Popen[bytes], report: Report) -> str | None:
    if process.stdout is None:
        return None
    with process.stdout as lines:
        for line in lines:
            said = json.loads(line)
            if "phase" in said:
                report(said["phase"], said["seconds"])
            elif "ready" in said:
                return str(said["ready"])
            else:
                process.wait()
                raise StartFailedError(said["error"])
    return None


def _say(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def _phase(phase: str, seconds: float) -> None:
    _say(phase=phase, seconds=seconds)


def _ready(url: str) -> None:
    _say(ready=url)
    with Path(os.devnull).open("w") as nowhere:  # whoever listened leaves now
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def main() -> None:
    from battlescope_local.node.composition import run  # noqa: PLC0415 -- a second that those who only start one need not spend
    from battlescope_local.node.event_loop import run_until_done  # noqa: PLC0415 -- as above

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = from_json(sys.argv[1])
    try:
        run_until_done(run(settings, given(), _phase, _ready))
    except CancelledError:
        _say(error="The start was broken off.")
    except PROBLEMS as error:
        _say(error=sentence(error))
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
