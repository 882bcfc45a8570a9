"""Which ids of a ruleset have to be looked up, and what is said of those that are nobody or somebody else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic.alias_generators import to_camel

Lists = Mapping[str, Sequence[int]]
KINDS: Final[Mapping[str, str]] = {
    "tracked_alliance_ids": "alliance",
    "tracked_corp_ids": "corporation",
    "tracked_character_ids": "character",
    "tracked_system_ids": "solar_system",
}
_SAID: Final = 20  # ids; the rest is a number


@dataclass(frozen=True, slots=True)
class Found:
    """Kind and name of those that exist, and those that do not. Of all others nothing could be learned."""

    names: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    unknown: set[int] = field(default_factory=set[int])


def new_ids(wanted: Lists, before: Lists, named: Mapping[str, str]) -> set[int]:
    """Those to look up: all but those that had a name in the same list before."""
    return {
        one
        for name in KINDS
        for one in wanted.get(name, ())
        if str(one) not in named or one not in before.get(name, ())
    }


def objections(wanted: Lists, found: Found) -> list[str]:
    """A sentence for every list with ids that do not belong there."""
    said: list[str] = []
    for name, kind in KINDS.items():
        ids = dict.fromkeys(wanted.get(name, ()))
        if unknown := [str(one) for one in ids if one in found.unknown]:
            said.append(f"{to_camel(name)}: ESI knows nobody and nothing by {_listed(unknown)}.")
        others = [(one, *found.names[one]) for one in ids if one in found.names and found.names[one][0] != kind]
        if wrong := [f"{one} ({other}, {called})" for one, other, called in others]:
            said.append(f"{to_camel(name)}: not of the kind {kind}: {_listed(wrong)}.")
    return said


def names_of(lists: Lists, known: Mapping[str, str], found: Found) -> dict[str, str]:
    """The name of every listed id that has one."""
    told = {**known, **{str(one): called for one, (_, called) in found.names.items()}}
    return {str(one): told[str(one)] for name in KINDS for one in lists[name] if str(one) in told}


def nameless(lists: Lists, names: Mapping[str, str]) -> list[int]:
    return sorted({one for name in KINDS for one in lists[name] if str(one) not in names})


def _listed(what: Sequence[str]) -> str:
    more = len(what) - _SAID
    return ", ".join(what[:_SAID]) + (f" and {more} more" if more > 0 else "")
