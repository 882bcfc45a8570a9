"""The public organisation of characters, by ESI: affiliations, and the names of corporations and alliances."""

import json
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from account_api.domain.accounts import Affiliation
from battlescope_events.upstream.client import RequestPolicy
from battlescope_events.upstream.errors import UpstreamUnavailable
from battlescope_events.upstream.esi import Esi
from battlescope_schemas.names.esi_names import InvalidNames, read_names
from battlescope_schemas.names.shown_names import NamedKind, shown_name

POLICY: Final = RequestPolicy(total_timeout=5.0, tries=2)
EntityId = Annotated[int, Field(ge=1, lt=2**63)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    character_id: EntityId
    corporation_id: EntityId
    alliance_id: EntityId | None = None


_ROWS: Final = TypeAdapter(list[_Row])


class EsiClient:
    def __init__(self, esi: Esi) -> None:
        self._esi = esi

    async def affiliations(self, character_ids: Collection[int]) -> Mapping[int, Affiliation]:
        """The organisation of each character that ESI knows; a missing name is `Unknown Corporation #98000001`.

        Raises:
            UpstreamUnavailable: ESI cannot be asked now, or its answer is not one.
        """
        rows = await self._affiliation_rows(sorted(set(character_ids)))
        organisations = {row.corporation_id for row in rows} | {row.alliance_id for row in rows if row.alliance_id}
        names = await self._names(organisations)
        return {
            row.character_id: Affiliation(
                row.corporation_id,
                shown_name(NamedKind.CORPORATION, row.corporation_id, names.get(row.corporation_id)),
                row.alliance_id,
                shown_name(NamedKind.ALLIANCE, row.alliance_id, names.get(row.alliance_id or 0)),
            )
            for row in rows
        }

    async def _affiliation_rows(self, character_ids: list[int]) -> list[_Row]:
        response = await self._esi.post("characters/affiliation", character_ids)
        if response.status != HTTPStatus.OK:
            raise UpstreamUnavailable(f"ESI gives no affiliations: status {response.status}.")
        try:
            rows = _ROWS.validate_python(_parsed(response.body))
        except ValidationError as error:
            raise UpstreamUnavailable("ESI does not respond with affiliations.") from error
        return [row for row in rows if row.character_id in character_ids]

    async def _names(self, ids: set[int]) -> Mapping[int, str]:
        if not ids:
            return {}
        response = await self._esi.post("universe/names", sorted(ids))
        if response.status != HTTPStatus.OK:
            raise UpstreamUnavailable(f"ESI gives no names: status {response.status}.")
        try:
            return {entity_id: entry.name for entity_id, entry in read_names(response.body, frozenset(ids)).items()}
        except InvalidNames as error:
            raise UpstreamUnavailable(f"ESI does not respond with names: {error}") from error


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
