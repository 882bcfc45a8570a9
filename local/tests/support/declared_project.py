"""A copy of the project's declarations in a temporary folder, for tests of the generator."""

import shutil
from pathlib import Path

from battlescope_local.devtools.project import ROOT

OWNERS = ("account-api", "ingest-poll", "killmail-enrich", "battle-cluster", "search-index")


def write_project(folder: Path) -> None:
    """Declarations, prerequisites, and one migration for each owner of a database."""
    shutil.copytree(ROOT / "knative" / "declarations", folder / "knative" / "declarations")
    base = folder / "knative" / "base"
    base.mkdir()
    shutil.copy(ROOT / "knative" / "base" / "prerequisites.yaml", base)
    for owner in OWNERS:
        add_migration(folder, owner, "20260101000000_pre_first")


def add_migration(project: Path, owner: str, name: str) -> None:
    folder = project / "functions" / owner / "migrations"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.sql").write_text("-- migrate:up\n-- migrate:down\n")
