"""Adds, changes and deletes rulesets. ESI validates new ids before the transaction, so that no writer waits for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from battlescope_events.http_api.conditional import check_if_match, quoted
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import Caller
from battlescope_events.http_api.validation_messages import validation_message
from battlescope_events.postgres.database import Database
from ingest_api.clients.esi import EsiClient
from ingest_api.domain.entity_validation import IdLists, NameLookup, ids_to_resolve, names_by_id, validation_errors
from ingest_api.repositories.rulesets import RulesetRepository, RulesetRow
from ingest_api.schemas.rulesets import (
    NewRuleset,
    RulesetChange,
    RulesetFields,
    RulesetItem,
    Rulesets,
    Versions,
    apply_change,
)

ACTIVE: Final = None
"""Instead of an id: the active ruleset."""


def ruleset_etag(ruleset: RulesetItem) -> str:
    return quoted(ruleset.updated_at.isoformat())


@dataclass(frozen=True, slots=True)
class RulesetService:
    database: Database
    esi: EsiClient
    new_id: Callable[[], UUID]

    async def page(self, limit: int, offset: int) -> Rulesets:
        """The active ruleset first."""
        async with self.database.connection() as connection:
            rulesets = RulesetRepository(connection)
            page = await rulesets.page(limit, offset)
            return Rulesets(rulesets=page, total=await rulesets.count(), limit=limit, offset=offset)

    async def versions(self, ruleset_id: UUID, limit: int, offset: int) -> Versions:
        """The versions of a ruleset, the newest first; also of a deleted one.

        Raises:
            ApiError: there never was such a ruleset (404).
        """
        async with self.database.connection() as connection:
            rulesets = RulesetRepository(connection)
            versions = await rulesets.versions(ruleset_id, limit, offset)
            total = await rulesets.count_versions(ruleset_id)
            if not total and not await rulesets.exists(ruleset_id):
                raise _no_ruleset(ruleset_id)
        return Versions(versions=versions, total=total, limit=limit, offset=offset)

    async def load(self, ruleset_id: UUID | None) -> RulesetItem:
        """The ruleset with this id, or the active one.

        Raises:
            ApiError: there is none (404).
        """
        async with self.database.connection() as connection:
            return await _require_ruleset(RulesetRepository(connection), ruleset_id)

    async def add(self, new_ruleset: NewRuleset, caller: Caller) -> RulesetItem:
        """Add a ruleset.

        Raises:
            ApiError: ids do not exist or have another category, or another ruleset has the name (400).
        """
        fields = RulesetFields.model_validate(new_ruleset.model_dump(by_alias=False, exclude={"updated_by"}))
        lists = fields.model_dump(by_alias=False)
        names = names_by_id(lists, {}, await self._resolve_names(lists, {}, {}))
        row = RulesetRow(self.new_id(), fields, names, caller.author(new_ruleset.updated_by))
        async with self.database.transaction() as connection:
            rulesets = RulesetRepository(connection)
            await rulesets.lock()
            await _check_name(rulesets, fields.name, row.id)
            await rulesets.insert(row)
            return await _require_ruleset(rulesets, row.id)

    async def change(
        self, ruleset_id: UUID | None, change: RulesetChange, caller: Caller, if_match: str | None
    ) -> RulesetItem:
        """Change the given fields, with `if_match` only if it names the current version.

        Raises:
            ApiError: the change is empty or invalid (400), there is no such ruleset (404), none would be active (409),
                or the ruleset has changed since (412).
        """
        preview = await self.load(ruleset_id)
        _check_if_match(preview, if_match)
        _merge_fields(preview, change)
        lookup = await self._resolve_names(change.changed_fields, preview.lists, preview.names)
        async with self.database.transaction() as connection:
            rulesets = RulesetRepository(connection)
            await rulesets.lock()
            previous = await _require_ruleset(rulesets, ruleset_id)
            _check_if_match(previous, if_match)
            fields = _merge_fields(previous, change)
            if previous.is_active and not fields.is_active:
                raise ApiError(409, "One ruleset must be active; activate another one instead.")
            if fields.name != previous.name:  # two that have one name already can still be changed
                await _check_name(rulesets, fields.name, previous.id)
            names = names_by_id(fields.model_dump(by_alias=False), previous.names, lookup)
            await rulesets.update(RulesetRow(previous.id, fields, names, caller.author(change.updated_by)))
            return await _require_ruleset(rulesets, previous.id)

    async def delete(self, ruleset_id: UUID, if_match: str | None) -> None:
        """Delete a ruleset; its versions stay.

        Raises:
            ApiError: there is no such ruleset (404), it is active (409), or it has changed since (412).
        """
        async with self.database.transaction() as connection:
            rulesets = RulesetRepository(connection)
            await rulesets.lock()
            ruleset = await _require_ruleset(rulesets, ruleset_id)
            _check_if_match(ruleset, if_match)
            if ruleset.is_active:
                raise ApiError(409, "The active ruleset cannot be deleted; activate another one first.")
            await rulesets.delete(ruleset_id)

    async def _resolve_names(self, requested: IdLists, previous: IdLists, names: Mapping[str, str]) -> NameLookup:
        """Look up the new ids at ESI.

        Raises:
            ApiError: ids do not exist or have another category (400).
        """
        new_ids = ids_to_resolve(requested, previous, names)
        lookup = await self.esi.resolve_names(new_ids) if new_ids else NameLookup()
        if errors := " ".join(validation_errors(requested, lookup)):
            raise ApiError(400, errors)
        return lookup


def _merge_fields(previous: RulesetItem, change: RulesetChange) -> RulesetFields:
    """The fields of the ruleset after the change.

    Raises:
        ApiError: the change is empty, or its result is not a valid ruleset (400).
    """
    if not change.changed_fields:
        raise ApiError(400, "The request changes nothing.")
    try:
        return apply_change(previous, change)
    except ValidationError as error:
        errors = [{**details, "loc": ("body", *details["loc"])} for details in error.errors()]
        raise ApiError(400, validation_message(errors)) from error


async def _require_ruleset(rulesets: RulesetRepository, ruleset_id: UUID | None) -> RulesetItem:
    ruleset = await (rulesets.find(ruleset_id) if ruleset_id else rulesets.find_active())
    if ruleset is None:
        raise _no_ruleset(ruleset_id) if ruleset_id else ApiError(404, "No ruleset is active.")
    return ruleset


def _no_ruleset(ruleset_id: UUID) -> ApiError:
    return ApiError(404, f"There is no ruleset {ruleset_id}.")


async def _check_name(rulesets: RulesetRepository, name: str, ruleset_id: UUID) -> None:
    if await rulesets.is_name_taken(name, ruleset_id):
        raise ApiError(400, f"name: another ruleset has the name {name} already.")


def _check_if_match(ruleset: RulesetItem, if_match: str | None) -> None:
    check_if_match(if_match, ruleset_etag(ruleset), "The ruleset has changed since; load it again.")
