"""Decides which ids of a ruleset must be resolved by ESI, and validates the resolved ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from battlescope_schemas.base import camel_case

IdLists = Mapping[str, Sequence[int]]
ESI_CATEGORIES: Final[Mapping[str, str]] = {
    "tracked_alliance_ids": "alliance",
    "tracked_corp_ids": "corporation",
    "tracked_character_ids": "character",
    "tracked_system_ids": "solar_system",
}
_MAX_LISTED: Final = 20  # ids in an error message


@dataclass(frozen=True, slots=True)
class NameLookup:
    """ESI's category and name by id, and the ids that do not exist. Ids in neither could not be looked up."""

    names: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    unknown: set[int] = field(default_factory=set[int])


def ids_to_resolve(requested: IdLists, previous: IdLists, names: Mapping[str, str]) -> set[int]:
    """The requested ids that were not in the same list before, or have no name."""
    return {
        entity_id
        for field_name in ESI_CATEGORIES
        for entity_id in requested.get(field_name, ())
        if str(entity_id) not in names or entity_id not in previous.get(field_name, ())
    }


def validation_errors(requested: IdLists, lookup: NameLookup) -> list[str]:
    """One sentence for each list with unknown ids, and one for each list with ids of another category."""
    errors: list[str] = []
    for field_name, category in ESI_CATEGORIES.items():
        ids = dict.fromkeys(requested.get(field_name, ()))
        if unknown := [str(entity_id) for entity_id in ids if entity_id in lookup.unknown]:
            errors.append(f"{camel_case(field_name)}: unknown to ESI: {_enumerate(unknown)}.")
        resolved = [(entity_id, *lookup.names[entity_id]) for entity_id in ids if entity_id in lookup.names]
        if mismatched := [f"{entity_id} ({other}, {name})" for entity_id, other, name in resolved if other != category]:
            errors.append(f"{camel_case(field_name)}: not of the category {category}: {_enumerate(mismatched)}.")
    return errors


def names_by_id(lists: IdLists, previous_names: Mapping[str, str], lookup: NameLookup) -> dict[str, str]:
    """The names of all listed ids that have one."""
    names = {**previous_names, **{str(entity_id): name for entity_id, (_, name) in lookup.names.items()}}
    return {str(i): names[str(i)] for field_name in ESI_CATEGORIES for i in lists[field_name] if str(i) in names}


def unverified_ids(lists: IdLists, names: Mapping[str, str]) -> list[int]:
    """The listed ids without a name, in ascending order."""
    return sorted({i for field_name in ESI_CATEGORIES for i in lists[field_name] if str(i) not in names})


def _enumerate(texts: Sequence[str]) -> str:
    omitted = len(texts) - _MAX_LISTED
    return ", ".join(texts[:_MAX_LISTED]) + (f" and {omitted} more" if omitted > 0 else "")
