"""The project on disk: its root and its workspace members."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True, slots=True)
class Member:
    """One workspace member: its folder, its distribution name, its requirements, and those of each of its extras."""

    folder: Path
    name: str
    dependencies: tuple[str, ...]
    extras: Mapping[str, tuple[str, ...]]

    @property
    def package(self) -> str:
        return self.name.replace("-", "_")


def members() -> tuple[Member, ...]:
    """Every member of the workspace, in the order of the root pyproject."""
    patterns: list[str] = _read(ROOT / "pyproject.toml")["tool"]["uv"]["workspace"]["members"]
    folders = [folder for pattern in patterns for folder in sorted(ROOT.glob(pattern))]
    return tuple(_member(folder) for folder in folders if (folder / "pyproject.toml").is_file())


def functions() -> tuple[Member, ...]:
    return tuple(member for member in members() if member.folder.parent.name == "functions")


def development_dependencies() -> tuple[str, ...]:
    return tuple(_read(ROOT / "pyproject.toml")["dependency-groups"]["dev"])


def _member(folder: Path) -> Member:
    project = _read(folder / "pyproject.toml")["project"]
    extras = {name: tuple(texts) for name, texts in project.get("optional-dependencies", {}).items()}
    return Member(folder, project["name"], tuple(project["dependencies"]), extras)


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())
