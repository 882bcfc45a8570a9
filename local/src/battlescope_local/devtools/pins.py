"""Reads the lock without a resolver: the pins that a member needs, and whether the lock satisfies all members.

`requirements.lock` names no registry. Each function's `requirements.txt` is its closure over the same pins, so that its
image installs the versions that the tests use.
"""

import re
from collections.abc import Iterable, Mapping
from importlib import metadata
from itertools import chain

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from battlescope_local.devtools.project import ROOT, development_dependencies, members

LOCK = ROOT / "requirements.lock"
# The oldest supported Python and that of the image, so that a closure does not depend on the Python that computes it.
# The lock keeps its own markers.
PYTHONS = (
    {"python_version": "3.11", "python_full_version": "3.11.0"},
    {"python_version": "3.13", "python_full_version": "3.13.0"},
)


def pins() -> dict[str, str]:
    """Lines of the lock for each package, hashes included, by canonical name."""
    blocks = re.split(r"\n(?=\S)", LOCK.read_text().strip())
    return {canonicalize_name(block.split("==")[0]): block for block in blocks}


def version(block: str) -> str:
    return block.split("==")[1].split(maxsplit=1)[0]


def closure(requirements: Iterable[str], locked: Mapping[str, str]) -> dict[str, str]:
    """The pins that `requirements` need on this platform, without workspace members, sorted by name.

    Raises:
        LookupError: the lock has no version that a requirement allows.
    """
    workspace_members = {canonicalize_name(member.name): member for member in members()}
    needed: dict[str, str] = {}
    pending = [Requirement(text) for text in requirements]
    visited: set[tuple[str, frozenset[str]]] = set()
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        if (name, frozenset(requirement.extras)) in visited:
            continue
        visited.add((name, frozenset(requirement.extras)))
        if name in workspace_members:
            member = workspace_members[name]
            wanted = (member.dependencies, *(member.extras[extra] for extra in requirement.extras))
            pending += map(Requirement, chain.from_iterable(wanted))
            continue
        if name not in locked or not requirement.specifier.contains(version(locked[name]), prereleases=True):
            raise LookupError(f"requirements.lock does not satisfy {requirement}; run `make lock`.")
        needed[name] = locked[name]
        pending += _requirements_of(name, requirement.extras)
    return dict(sorted(needed.items()))


def all_requirements() -> tuple[str, ...]:
    """Requirements of all members and development tools."""
    of_members = chain.from_iterable(chain(member.dependencies, *member.extras.values()) for member in members())
    return (*of_members, *development_dependencies())


def _requirements_of(name: str, extras: Iterable[str]) -> list[Requirement]:
    try:
        requirements = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []  # a backport for another Python; such packages have no requirements
    parsed = [Requirement(text) for text in requirements]
    return [requirement for requirement in parsed if requirement.marker is None or _applies(requirement.marker, extras)]


def _applies(marker: Marker, extras: Iterable[str]) -> bool:
    return any(marker.evaluate({"extra": extra, **python}) for extra in ("", *extras) for python in PYTHONS)
