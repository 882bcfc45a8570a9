"""The command of `make deploy` and `make rollback`."""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from battlescope_local.deploy.errors import DeployError
from battlescope_local.deploy.steps import (
    CURRENT,
    FILE,
    Step,
    all_steps,
    current_revision,
    function_steps,
    previous_revision,
    revisions_command,
    rollback_steps,
    services_of,
)
from battlescope_local.devtools.project import ROOT
from battlescope_local.errors import USER_ERRORS, error_message
from battlescope_local.manifests.kustomize import ManifestObject, build

NAMESPACE: Final = "battlescope"


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse_options(sys.argv[1:] if arguments is None else arguments)
    try:
        if options.rollback:
            for service, revision in _rollbacks(options):
                run(rollback_steps(service, NAMESPACE, revision), dry_run=options.dry_run)
        else:
            run(_steps(options), dry_run=options.dry_run)
    except USER_ERRORS as error:
        sys.exit(error_message(error))
    except subprocess.CalledProcessError as error:
        sys.exit(
            f"{shlex.join(error.cmd)} failed with exit status {error.returncode}; what was applied before it stays."
        )


def parse_options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="deploy", description="Bring an overlay, or one function of it, into a cluster."
    )
    parser.add_argument("environment", help="the name of an overlay")
    parser.add_argument("--function", default="", help="one function instead of all")
    parser.add_argument("--canary", type=int, metavar="PERCENT", help="of the requests to the new revision")
    parser.add_argument("--rollback", action="store_true", help="all requests to an older revision of the function")
    parser.add_argument("--revision", default="", help="which one; without it the one before the newest")
    parser.add_argument("--dry-run", action="store_true", help="print the commands only")
    options = parser.parse_args(arguments)
    if not options.function and (options.rollback or options.canary is not None):
        parser.error("--canary and --rollback concern one function: name it with --function")
    return options


def _rollbacks(options: argparse.Namespace) -> list[tuple[str, str]]:
    """Each Service of the function with the revision that it goes back to; a named revision tells its Service."""
    services = [service.name for service in services_of(_overlay(options.environment), options.function)]
    if options.revision:
        service = options.revision.rpartition("-")[0]
        if service not in services:
            raise DeployError(f"{options.revision} is no revision of {' or '.join(services)}.")
        return [(service, options.revision)]
    return [(service, _previous(service, dry_run=options.dry_run)) for service in services]


def _overlay(environment: str) -> tuple[ManifestObject, ...]:
    folder = ROOT / "knative" / "overlays" / environment
    if not folder.is_dir():
        raise DeployError(f"There is no overlay {environment}.")
    return build(folder)


def _steps(options: argparse.Namespace) -> list[Step]:
    objects = _overlay(options.environment)
    if options.function:
        return function_steps(objects, NAMESPACE, options.function, options.canary)
    return all_steps(objects, NAMESPACE)


def _previous(service: str, *, dry_run: bool) -> str:
    command = revisions_command(service, NAMESPACE)
    print(shlex.join(command), flush=True)
    if dry_run:
        return "PREVIOUS_REVISION"
    _require_program(command)
    listing = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return previous_revision(json.loads(listing), service)


def _require_program(command: Sequence[str]) -> None:
    if shutil.which(command[0]) is None:
        raise DeployError(f"{command[0]} is not installed; docs/deploy.md says where to get it.")


def run(steps: Sequence[Step], *, dry_run: bool) -> None:
    """Run the commands one after the other; the first that fails ends it.

    Raises:
        DeployError: a program is missing; no command was run.
        CalledProcessError: a command failed.
    """
    if not dry_run:
        for step in steps:
            _require_program(step.command)
    current = CURRENT
    with tempfile.TemporaryDirectory() as folder:
        for number, step in enumerate(steps, 1):
            file = Path(folder) / f"{number:02}.yaml"
            if step.objects:
                text = yaml.safe_dump_all([dict(found.raw) for found in step.objects], sort_keys=False)
                file.write_text(text.replace(CURRENT, current))
            command = [str(file) if part == FILE else part for part in step.command]
            what = ", ".join(f"{found.kind} {found.name}" for found in step.objects)
            print(f"{shlex.join(step.command)}{f'  # {what}' if what else ''}", flush=True)
            if dry_run:
                continue
            asks = "describe" in command
            process = subprocess.run(command, check=True, stdout=subprocess.PIPE if asks else None, text=True)
            current = current_revision(json.loads(process.stdout)) if asks else current


if __name__ == "__main__":
    main()
