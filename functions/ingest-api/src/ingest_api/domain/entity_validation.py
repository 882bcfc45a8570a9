"""Which ids of a ruleset have to be looked up, and what is said of those that are nobody or somebody else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic.alias_generators import to_camel

IdLists = Mapping[str, Sequence[int]]
ESI_CATEGORIES: Final[Mapping[str, str]] = {
    "tracked_alliance_ids": "alliance",
    "tracked_corp_ids": "corporation",
    "tracked_character_ids": "character",
    "tracked_system_ids": "solar_system",
}
_MAX_LISTED: Final = 20  # ids; the rest is a number


@dataclass(frozen=True, slots=True)
class NameLookup:
    """Kind and name of those that exist, and those that do not. Of all others nothing could be learned."""

    names: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    unknown: set[int] = field(default_factory=set[int])


def ids_to_resolve(requested: IdLists, previous: IdLists, names: Mapping[str, str]) -> set[int]:
    """Those to look up: all but those that had a name in the same list before."""
    return {
        one
        for name in ESI_CATEGORIES
        for one in requested.get(name, ())
        if str(one) not in names or one not in previous.get(name, ())
    }


def validation_errors(requested: IdLists, lookup: NameLookup) -> list[str]:
    """A sentence for every list with ids that do not belong there."""
    errors: list[str] = []
    for name, kind in ESI_CATEGORIES.items():
        ids = dict.fromkeys(requested.get(name, ()))
        if unknown := [str(one) for one in ids if one in lookup.unknown]:
            errors.append(f"{to_camel(name)}: ESI knows nobody and nothing by {_enumerate(unknown)}.")
        others = [(one, *lookup.names[one]) for one in ids if one in lookup.names and lookup.names[one][0] != kind]
        if wrong := [f"{one} ({other}, {called})" for one, other, called in others]:
            errors.append(f"{to_camel(name)}: not of the kind {kind}: {_enumerate(wrong)}.")
    return errors


def names_by_id(lists: IdLists, known: Mapping[str, str], lookup: NameLookup) -> dict[str, str]:
    """The name of every listed id that has one."""
    told = {**known, **{str(one): called for one, (_, called) in lookup.names.items()}}
    return {str(one): told[str(one)] for name in ESI_CATEGORIES for one in lists[name] if str(one) in told}


def unverified_ids(lists: IdLists, names: Mapping[str, str]) -> list[int]:
    return sorted({one for name in ESI_CATEGORIES for one in lists[name] if str(one) not in names})


def _enumerate(texts: Sequence[str]) -> str:
    omitted = len(texts) - _MAX_LISTED
    return ", ".join(texts[:_MAX_LISTED]) + (f" and {omitted} more" if omitted > 0 else "")
