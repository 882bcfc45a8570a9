"""Runs the manifests' Jobs to completion before functions start: migrations first, then all others."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from battlescope_local.errors import UserError
from battlescope_local.manifests.labels import PHASE_LABEL, function_of
from battlescope_local.manifests.model import Job
from battlescope_local.processes.children import Command, Processes, log_tail

logger = logging.getLogger(__name__)

PHASES: Final = ("migrate", "setup")

JobEnvironment = Callable[[Job], dict[str, str]]


class JobError(UserError):
    """A Job could not start or failed; the message contains its last log lines."""


async def run_jobs(jobs: Iterable[Job], processes: Processes, functions: Path, environment: JobEnvironment) -> None:
    """Run the Jobs phase by phase, those of one phase in parallel.

    Raises:
        ExceptionGroup: of JobError; the first failure cancels the other Jobs of its phase.
    """
    all_jobs = tuple(jobs)
    for phase in PHASES:
        async with asyncio.TaskGroup() as tasks:
            for job in all_jobs:
                if phase_of(job) == phase:
                    tasks.create_task(_run(_command(job, functions, environment(job)), processes))


def phase_of(job: Job) -> str:
    phase = job.labels.get(PHASE_LABEL, "setup")
    if phase not in PHASES:
        message = f"The Job {job.name} has the phase {phase}; the phases are {' and '.join(PHASES)}."
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
        last_lines = log_tail(processes.log_file(command))
        raise JobError(f"{command.name} failed with exit code {code}; its last log lines:\n{last_lines}")
    logger.info("%s succeeded.", command.name)
