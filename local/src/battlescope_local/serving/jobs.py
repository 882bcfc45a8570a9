"""Runs the manifests' Jobs to completion before functions start: migrations first, then the rest."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from battlescope_local.errors import UserError
from battlescope_local.manifests.labels import PHASE, function_of
from battlescope_local.manifests.model import Job
from battlescope_local.processes.children import Command, Processes, tail_of

logger = logging.getLogger(__name__)

PHASES: Final = ("migrate", "setup")

Environment = Callable[[Job], dict[str, str]]


class JobError(UserError):
    """A Job ended with an error; the message carries its last lines."""


async def run_jobs(jobs: Iterable[Job], processes: Processes, functions: Path, environment: Environment) -> None:
    """Phase after phase, the Jobs of one phase side by side.

    Raises:
        ExceptionGroup: of JobFailed, when the phase's other Jobs are cancelled.
    """
    waiting = tuple(jobs)
    for phase in PHASES:
        async with asyncio.TaskGroup() as tasks:
            for job in waiting:
                if phase_of(job) == phase:
                    tasks.create_task(_run(_command(job, functions, environment(job)), processes))


def phase_of(job: Job) -> str:
    phase = job.labels.get(PHASE, "setup")
    if phase not in PHASES:
        message = f"The Job {job.name} names the phase {phase}; there are {' and '.join(PHASES)}."
        raise JobError(message)
    return phase


def _command(job: Job, functions: Path, env: dict[str, str]) -> Command:
    argv = (*job.container.command, *job.container.args)
    if not argv:
        message = f"The Job {job.name} has no command."
        raise JobError(message)
    return Command(name=f"job-{job.name}", argv=argv, folder=functions / function_of(job), env=env)


async def _run(command: Command, processes: Processes) -> None:
    try:
        child = await processes.start(command)
    except FileNotFoundError as error:
        raise JobError(f"{command.name} cannot start: {error.filename} is missing.") from error
    try:
        code = await processes.wait(child)
    except asyncio.CancelledError:
        await processes.stop(child)
        raise
    if code != 0:
        said = tail_of(processes.log_file(command))
        raise JobError(f"{command.name} ended with {code}; it said last:\n{said}")
    logger.info("%s is done.", command.name)
