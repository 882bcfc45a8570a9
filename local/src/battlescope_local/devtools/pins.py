"""The lock, read without a resolver: which pins a member needs, and whether the lock still fits the members.

`requirements.lock` names no registry. Each function's `requirements.txt` is its own closure over the same pins, so
what is tested together is what its image installs.
"""

import re
from collections.abc import Iterable, Mapping
from importlib import metadata

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from battlescope_local.devtools.project import ROOT, development_dependencies, members

LOCK = ROOT / "requirements.lock"
# A closure must not depend on who makes it: the oldest Python we run on and the image's; the lock's own markers stay.
PYTHONS = (
    {"python_version": "3.11", "python_full_version": "3.11.0"},
    {"python_version": "3.13", "python_full_version": "3.13.0"},
)


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
    try:
        stated = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []  # for another Python than this one; such backports need nothing themselves
    needed = [Requirement(text) for text in stated]
    return [one for one in needed if one.marker is None or _applies(one.marker, extras)]


def _applies(marker: Marker, extras: Iterable[str]) -> bool:
    return any(marker.evaluate({"extra": extra, **python}) for extra in ("", *extras) for python in PYTHONS)
