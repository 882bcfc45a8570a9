"""A node in a background process: `battlescope up` starts it, waits until it is ready and leaves it running.

The process reports on its standard output, one JSON object per line: {"phase", "seconds"} for each phase, then
{"ready"} or {"error"}, and nothing afterwards.
"""

import json
import logging
import os
import subprocess
import sys
from asyncio import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from battlescope_local.errors import REPORTABLE_ERRORS, UserError, error_message
from battlescope_local.node.startup_phases import ReportPhase
from battlescope_local.settings import LOG_FORMAT, NODE_LOG_FILE, Settings, external_servers, from_json, make_private

if TYPE_CHECKING:
    from battlescope_local.node.composition import Node


class StartFailedError(UserError):
    """The node could not start; the message is the one that the node reported."""


def start(settings: Settings, report: ReportPhase) -> str:
    """Start a node that outlives this process, and return the URL of its gateway when the gateway is open.

    Raises:
        StartFailedError: with the error that the node reported.
    """
    make_private(settings.folder)
    log = settings.folder / NODE_LOG_FILE
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "battlescope_local.node.daemon", settings.to_json()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        url = _wait_until_ready(process, report)
    except (KeyboardInterrupt, SystemExit):  # nobody knows of the node yet
        process.terminate()
        process.wait()
        raise
    if url is None:
        process.wait()
        message = f"The node ended while it started; see {log}."
        raise StartFailedError(message)
    process.returncode = 0  # the node runs on; otherwise Popen warns that the process still runs
    return url


def _wait_until_ready(process: subprocess.Popen[bytes], report: ReportPhase) -> str | None:
    if process.stdout is None:
        return None
    with process.stdout as lines:
        for line in lines:
            message = json.loads(line)
            if "phase" in message:
                report(message["phase"], message["seconds"])
            elif "ready" in message:
                return str(message["ready"])
            else:
                process.wait()
                raise StartFailedError(message["error"])
    return None


def _send_message(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def _send_phase(phase: str, seconds: float) -> None:
    _send_message(phase=phase, seconds=seconds)


def _send_ready(node: "Node") -> None:
    _send_message(ready=node.gateway_url)
    with Path(os.devnull).open("w") as devnull:  # the reader of the pipe ends now
        os.dup2(devnull.fileno(), sys.stdout.fileno())


def main() -> None:
    from battlescope_local.node.composition import run_node  # noqa: PLC0415  # a second that those who only start one need not spend
    from battlescope_local.node.event_loop import run_until_done  # noqa: PLC0415  # as above

    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    settings = from_json(sys.argv[1])
    try:
        run_until_done(run_node(settings, external_servers(), _send_phase, _send_ready))
    except CancelledError:
        _send_message(error="The start was cancelled.")
    except REPORTABLE_ERRORS as error:
        _send_message(error=error_message(error))
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
