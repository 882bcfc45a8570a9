"""Jobs run before functions start."""

import sys
from pathlib import Path

import pytest

from battlescope_local.manifests.model import Container, Job
from battlescope_local.processes.children import Processes
from battlescope_local.serving.jobs import JobError, run_jobs


def job(name: str, code: str, phase: str) -> Job:
    labels = {"battlescope.dev/phase": phase, "battlescope.dev/function": "battle-cluster"}
    return Job(name, Container("i", command=(sys.executable, "-c", code)), labels)


WAIT = "import pathlib,time\nwhile not pathlib.Path('{}').exists(): time.sleep(0.01)\n"
TOUCH = "import pathlib; pathlib.Path('{}').touch()\n"


async def test_migrations_run_in_parallel_and_before_other_jobs(tmp_path: Path) -> None:
    folder = tmp_path / "functions" / "battle-cluster"
    folder.mkdir(parents=True)
    jobs = (
        job("setup", "import pathlib; assert pathlib.Path('two').exists()\n" + TOUCH.format("three"), "setup"),
        job("migrate-two", WAIT.format("one") + TOUCH.format("two"), "migrate"),
        job("migrate-one", TOUCH.format("one"), "migrate"),
    )
    processes = Processes(tmp_path / "run", tmp_path / "logs")
    await run_jobs(jobs, processes, tmp_path / "functions", lambda _: {"PATH": "/usr/bin:/bin"})
    assert {path.name for path in folder.iterdir()} == {"one", "two", "three"}


async def test_failed_job_reports_its_last_lines_and_cancels_the_others(tmp_path: Path) -> None:
    (tmp_path / "functions" / "battle-cluster").mkdir(parents=True)
    jobs = (
        job("bad", "raise SystemExit('column is missing')", "migrate"),
        job("endless", WAIT.format("no"), "migrate"),
    )
    processes = Processes(tmp_path / "run", tmp_path / "logs")
    with pytest.raises(ExceptionGroup) as caught:
        await run_jobs(jobs, processes, tmp_path / "functions", lambda _: {"PATH": "/usr/bin:/bin"})
    assert caught.group_contains(JobError, match="column is missing")
    assert not list((tmp_path / "run").iterdir())
