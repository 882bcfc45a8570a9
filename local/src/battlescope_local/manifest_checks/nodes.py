"""Values inside objects, each with its path, so that a finding can name it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from battlescope_local.manifests.kustomize import ManifestObject


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, and what is right; `where` is an object or a part of the project."""

    file: str
    where: str
    path: str
    sentence: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.where, self.path, self.sentence) if part)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of an object; absent values are None, so that a path can be followed without asking at each step."""

    owner: ManifestObject
    value: object
    path: str = ""

    def __getitem__(self, key: str) -> "Node":
        inner = cast("dict[str, object]", self.value).get(key) if isinstance(self.value, dict) else None
        return Node(self.owner, inner, f"{self.path}.{key}" if self.path else key)

    def at(self, path: str) -> "Node":
        """The value at a path of field names with dots."""
        node = self
        for key in path.split("."):
            node = node[key]
        return node

    def __iter__(self) -> Iterator["Node"]:
        """Elements of a list; nothing for other values."""
        items = cast("list[object]", self.value) if isinstance(self.value, list) else []
        return (Node(self.owner, item, f"{self.path}[{number}]") for number, item in enumerate(items))

    def entries(self) -> Iterator[tuple[str, "Node"]]:
        """Fields of a mapping; nothing for other values."""
        names = list(cast("dict[str, object]", self.value)) if isinstance(self.value, dict) else []
        return ((name, self[name]) for name in names)

    def below(self) -> Iterator["Node"]:
        """This value and all values inside it."""
        yield self
        for _, inner in self.entries():
            yield from inner.below()
        for item in self:
            yield from item.below()

    @property
    def exists(self) -> bool:
        return self.value is not None

    @property
    def text(self) -> str:
        """The text; an empty one for other values."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def whole(self) -> int | None:
        """The whole number; None for other values."""
        return self.value if isinstance(self.value, int) and not isinstance(self.value, bool) else None

    @property
    def texts(self) -> dict[str, str]:
        """A mapping of texts, without entries that are none."""
        return {name: inner.text for name, inner in self.entries() if isinstance(inner.value, str)}

    @property
    def name(self) -> str:
        """Name of the object that holds the value."""
        return self.owner.name

    def finding(self, sentence: str) -> Finding:
        return Finding(self.owner.file, f"{self.owner.kind} {self.owner.name}", self.path, sentence)


def node(built: ManifestObject) -> Node:
    return Node(built, built.raw)
