"""Data of stopped systems, removed."""

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from battlescope_local.errors import UserError
from battlescope_local.node import state
from battlescope_local.node.client import running_folders
from battlescope_local.processes.children import end_leftovers
from battlescope_local.settings import ExternalServers

YES = frozenset({"y", "yes"})
DATABASES = "postgres"  # the folder of the PostgreSQL server that a node starts


def reset_databases(folder: Path, given: ExternalServers, *, yes: bool) -> None:
    """Remove the databases of one system; archive, events and cache stay.

    Raises:
        UserError: it runs, there are none, they are on another server, or it was not agreed to.
    """
    if given.postgres_url:
        raise UserError("The databases are on the server of BATTLESCOPE_POSTGRES_URL; drop them there.")
    databases = folder / DATABASES
    _refuse_while_running([folder] if state.read(folder) else [])
    if not databases.is_dir():
        raise UserError(f"There are no databases in {folder}.")
    confirm(f"every database in {databases}. The archive, the events and the cache stay.", yes=yes)
    with state.sole_node(folder):
        end_leftovers(folder / "run")
        shutil.rmtree(databases)
    print("The databases are removed; the next start or `make db-migrate` makes them anew.")


def reset_all(base: Path, *, yes: bool) -> None:
    """Remove the state of every system of this project: databases, archive, events, cache, logs, passwords.

    Raises:
        UserError: one runs, there is none, or it was not agreed to.
    """
    _refuse_while_running(running_folders(base))
    if not base.is_dir():
        raise UserError(f"There is no data in {base}.")
    if not _is_ours(base):
        raise UserError(f"{base} does not look like a data folder of BattleScope, so it is left alone.")
    confirm(f"{base}: databases, archive, events, cache, logs and passwords of `up`, `dev` and `demo`.", yes=yes)
    for run in (base / "run", *base.glob("*/run")):
        end_leftovers(run)
    shutil.rmtree(base)
    print(f"{base} is removed.")


def _is_ours(base: Path) -> bool:
    """Whether a node has worked in it, or in a folder of one of the systems below."""
    return any((base / name / state.LOCK).is_file() for name in (".", "dev", "demo"))


def _refuse_while_running(folders: Iterable[Path]) -> None:
    for folder in folders:
        raise UserError(f"BattleScope runs in {folder}; stop it first: `make stop` or `battlescope down`.")


def confirm(what: str, *, yes: bool) -> None:
    """Return when removing `what` was agreed to, by --yes or at the terminal.

    Raises:
        UserError: it was not.
    """
    print(f"This removes {what}")
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError("Nothing was removed; add --yes to remove it.")
    if input("Remove it? [y/N] ").strip().lower() not in YES:
        raise UserError("Nothing was removed.")
