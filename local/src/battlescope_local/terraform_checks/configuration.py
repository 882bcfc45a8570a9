"""Reads `terraform/`: modules, their blocks, and the expressions in them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import hcl2
import yaml
from lark.exceptions import LarkError

from battlescope_local.manifest_checks.nodes import Finding
from battlescope_local.manifests.kustomize import KUSTOMIZATION, ManifestObject, build
from battlescope_local.manifests.prerequisites import Prerequisites, load_prerequisites

# How many labels the blocks at the top of a file have.
LABELS: Final = {"resource": 2, "data": 2, "variable": 1, "output": 1, "module": 1, "provider": 1}
MARKS: Final = ("__is_block__", "__comments__", "__inline_comments__")


class ConfigurationError(Exception):
    """A file is no HCL."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block with its labels, such as a type and a name. Quoted strings keep their quotes, expressions are `${…}`."""

    kind: str
    labels: tuple[str, ...]
    body: Mapping[str, Any]
    file: str

    @property
    def address(self) -> str:
        words = self.labels if self.kind == "resource" else (self.kind, *self.labels)
        return ".".join(words)

    def finding(self, path: str, sentence: str) -> Finding:
        return Finding(self.file, self.address, path, sentence)


@dataclass(frozen=True, slots=True)
class Module:
    """The files of a folder; `name` is its path below `terraform/`."""

    name: str
    blocks: tuple[Block, ...]

    def of_kind(self, kind: str) -> list[Block]:
        return [block for block in self.blocks if block.kind == kind]

    def names(self, kind: str) -> set[str]:
        return {block.labels[-1] for block in self.of_kind(kind)}

    def resources(self, kind: str) -> list[Block]:
        return [block for block in self.of_kind("resource") if block.labels[0] == kind]

    def local_values(self) -> dict[str, Any]:
        return {name: value for block in self.of_kind("locals") for name, value in block.body.items()}

    @property
    def is_root(self) -> bool:
        return self.name.startswith("environments/")


@dataclass(frozen=True, slots=True)
class Manifests:
    """What of `knative/` the rules compare with; building the overlays takes most of the time of a check."""

    prerequisites: Prerequisites
    overlays: Mapping[str, tuple[ManifestObject, ...]]
    platform: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Configuration:
    """All modules and roots by name, the sizes of the platform, objects of each overlay, files of knative/platform."""

    modules: Mapping[str, Module]
    sizes: Mapping[str, Any]
    prerequisites: Prerequisites
    overlays: Mapping[str, tuple[ManifestObject, ...]]
    platform: Mapping[str, Any]

    def target(self, caller: Module, call: Block) -> Module | None:
        """The module that a call names; None where there is no such folder."""
        parts = caller.name.split("/")
        for step in text(call.body.get("source")).split("/"):
            parts = parts[:-1] if step == ".." else [*parts, step]
        return self.modules.get("/".join(parts))


def load_configuration(root: Path, manifests: Manifests | None = None) -> Configuration:
    """Everything below `terraform/` of the project in `root`, with its manifests or those that are read already.

    Raises:
        ConfigurationError: a file is no HCL.
        ManifestError: a manifest is invalid.
    """
    folder = root / "terraform"
    files = sorted(file for file in folder.rglob("*.tf") if ".terraform" not in file.parts)
    names = sorted({str(file.parent.relative_to(folder)) for file in files})
    modules = {
        name: Module(
            name, tuple(block for file in files if file.parent == folder / name for block in _blocks(file, root))
        )
        for name in names
    }
    sizes = yaml.safe_load((folder / "modules" / "platform" / "sizes.yaml").read_text())
    read = manifests or load_manifests(root)
    return Configuration(modules, sizes, read.prerequisites, read.overlays, read.platform)


def load_manifests(root: Path) -> Manifests:
    """What `knative/` of the project in `root` holds.

    Raises:
        ManifestError: a manifest is invalid.
    """
    folders = [file.parent for file in sorted((root / "knative" / "overlays").glob(f"*/{KUSTOMIZATION}"))]
    overlays = {overlay.name: build(overlay, root) for overlay in folders}
    files = sorted((root / "knative" / "platform").rglob(KUSTOMIZATION))
    platform = {str(file.relative_to(root)): yaml.safe_load(file.read_text()) for file in files}
    return Manifests(load_prerequisites(root / "knative" / "base"), overlays, platform)


def _blocks(file: Path, root: Path) -> Iterator[Block]:
    path = str(file.relative_to(root))
    try:
        document = _parsed(file.read_text())
    except LarkError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    for kind, entries in without_marks(document).items():
        for entry in entries:
            yield _block(kind, entry, path)


@cache
def _parsed(content: str) -> dict[str, Any]:
    """The content of a file; parsed once, because the tests read nearly the same files many times."""
    return cast("dict[str, Any]", hcl2.loads(content))  # pyright: ignore[reportUnknownMemberType]  # of the library


def _block(kind: str, entry: Mapping[str, Any], path: str) -> Block:
    labels = list[str]()
    for _ in range(LABELS.get(kind, 0)):
        ((label, entry),) = without_marks(entry).items()
        labels.append(text(label))
    return Block(kind, tuple(labels), without_marks(entry), path)


def without_marks(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without what the parser notes beside it."""
    return {text(name): value for name, value in body.items() if name not in MARKS}


def nested_blocks(value: Any) -> list[dict[str, Any]]:
    """The bodies of nested blocks; nothing for attributes, also where these are lists of objects."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    if not all(isinstance(item, dict) and "__is_block__" in item for item in items):
        return []
    return [without_marks(cast("dict[str, Any]", item)) for item in items]


def object_keys(value: Any) -> set[str] | None:
    """Names of the attributes of an object that is written out; None for other values."""
    return set(without_marks(cast("dict[str, Any]", value))) if isinstance(value, dict) else None


def is_expression(value: Any) -> bool:
    """Whether the value is only known when Terraform runs."""
    return isinstance(value, str) and "${" in value


def text(value: Any) -> str:
    """A literal string without its quotes; an empty one for other values."""
    if not isinstance(value, str):
        return ""
    quoted = len(value) > 1 and value.startswith('"') and value.endswith('"')
    return value[1:-1] if quoted else value
