"""The lock, read without a resolver: which pins a member needs, and whether the lock still fits the members.

`requirements.lock` names no registry. Each function's `requirements.txt` is its own closure over the same pins, so
what is tested together is what its image installs.
"""

import re
from collections.abc import Iterable, Mapping
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from battlescope_local.project import ROOT, development_dependencies, members

LOCK = ROOT / "requirements.lock"


def pins() -> dict[str, str]:
    """Canonical name → the lock's own lines for that package, hashes included."""
    blocks = re.split(r"\n(?=\S)", LOCK.read_text().strip())
    return {canonicalize_name(block.split("==")[0]): block for block in blocks}


def version(block: str) -> str:
    return block.split("==")[1].split(maxsplit=1)[0]


def closure(requirements: Iterable[str], locked: Mapping[str, str]) -> dict[str, str]:
    """The pins that these requirements need on this platform, ours left out, sorted by name.

    Raises:
        LookupError: a requirement is not in the lock, or not in a version that it allows.
    """
    ours = {canonicalize_name(member.name): member for member in members()}
    found: dict[str, str] = {}
    waiting = [Requirement(text) for text in requirements]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if (name, frozenset(wanted.extras)) in seen:
            continue
        seen.add((name, frozenset(wanted.extras)))
        if name in ours:
            waiting += map(Requirement, ours[name].dependencies)
            continue
        if name not in locked or not wanted.specifier.contains(version(locked[name]), prereleases=True):
            raise LookupError(f"requirements.lock does not satisfy {wanted}; run `make lock`.")
        found[name] = locked[name]
        waiting += _needs(name, wanted.extras)
    return dict(sorted(found.items()))


def everything() -> tuple[str, ...]:
    """What all members and the development tools ask for."""
    return (*(text for member in members() for text in member.dependencies), *development_dependencies())


def _needs(name: str, extras: Iterable[str]) -> list[Requirement]:
    wanted: list[Requirement] = []
    for text in metadata.requires(name) or []:
        needed = Requirement(text)
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            wanted.append(needed)
    return wanted
