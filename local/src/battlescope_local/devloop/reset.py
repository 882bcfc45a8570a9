"""Deletes the data of stopped systems."""

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from battlescope_local.command_name import typed_command
from battlescope_local.errors import UserError
from battlescope_local.node import state
from battlescope_local.node.client import running_folders
from battlescope_local.processes.children import end_leftovers
from battlescope_local.settings import ExternalServers
from battlescope_local.stores import s3
from battlescope_local.stores.state_file import StateFile
from battlescope_local.text_output import print_text

CONFIRMATIONS = frozenset({"y", "yes"})
DATABASE_FOLDER = "postgres"  # folder of the PostgreSQL server that a node starts


def reset_databases(folder: Path, external: ExternalServers, *, yes: bool) -> None:
    """Delete the databases of one system; archive, events and cache stay.

    Raises:
        UserError: the system runs, has no databases, uses an external server, or the user did not confirm.
    """
    if external.postgres_url:
        raise UserError("BATTLESCOPE_POSTGRES_URL names an external server; drop the databases there.")
    databases = folder / DATABASE_FOLDER
    _check_stopped([folder] if state.read(folder) else [])
    if not databases.is_dir():
        raise UserError(f"There are no databases in {folder}.")
    confirm(f"every database in {databases}. The archive, the events and the cache stay.", yes=yes)
    with state.lock_folder(folder):
        end_leftovers(folder / "run")
        shutil.rmtree(databases)
    print("The databases are deleted; the next start or `make db-migrate` creates them again.")


def reset_all(base: Path, *, yes: bool) -> None:
    """Delete the state of every system of this project: databases, archive, events, cache, logs, passwords.

    Raises:
        UserError: a system runs, there is no data, or the user did not confirm.
    """
    _check_stopped(running_folders(base))
    if not base.is_dir():
        raise UserError(f"There is no data in {base}.")
    if not _is_data_folder(base):
        raise UserError(f"{base} does not look like a data folder of BattleScope, so nothing was deleted.")
    confirm(f"{base}: databases, archive, events, cache, logs and passwords of `up`, `dev` and `demo`.", yes=yes)
    for run in (base / "run", *base.glob("*/run")):
        end_leftovers(run)
        s3.remove_sockets(StateFile(run.with_name("secrets.json")))
    shutil.rmtree(base)
    print(f"{base} is deleted.")


def _is_data_folder(base: Path) -> bool:
    """Whether a node has run in this folder, or in the folder of `dev` or `demo` below it."""
    return any((base / name / state.LOCK_FILE).is_file() for name in (".", "dev", "demo"))


def _check_stopped(folders: Iterable[Path]) -> None:
    for folder in folders:
        raise UserError(f"BattleScope runs in {folder}; stop it first: `make stop` or `{typed_command('down')}`.")


def confirm(data: str, *, yes: bool) -> None:
    """Return if the user confirms to delete `data`, by --yes or at the terminal.

    Raises:
        UserError: the user did not confirm.
    """
    print_text(f"This deletes {data}")
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError("Nothing was deleted; add --yes to delete it.")
    if input("Delete it? [y/N] ").strip().lower() not in CONFIRMATIONS:
        raise UserError("Nothing was deleted.")
