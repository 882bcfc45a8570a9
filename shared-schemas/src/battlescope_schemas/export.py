"""Writes the JSON Schemas: `python -m battlescope_schemas.export FOLDER`."""

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from battlescope_schemas.accounts.account import AccountChanged, AuditRecord
from battlescope_schemas.accounts.session import AccessToken, AccountChange, Session
from battlescope_schemas.backfill import (
    BackfillManifest,
    DayCompleted,
    DayRequested,
    ManifestUploaded,
    RetentionDue,
    VerificationRequested,
)
from battlescope_schemas.battle import (
    BattleChunk,
    BattleCreated,
    BattleDeleted,
    BattleEditRequested,
    BattleEnded,
    BattleShareChanged,
    BattleUpdated,
    ReclusterRequested,
    RepublishRequested,
)
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.entity import EntityUpdated
from battlescope_schemas.live.log import LiveBattle, LiveBattles, LiveKillmail
from battlescope_schemas.prices import PricesDayLoaded, PricesRequested, RevaluationRequested
from battlescope_schemas.reference import KillmailChunk, KillmailReference, KillmailRefused, KillmailRereadRequested
from battlescope_schemas.search.requests import ReindexRequested
from battlescope_schemas.universe import SolarSystem

SCHEMAS: dict[str, type[BaseModel]] = {
    "killmail-reference": KillmailReference,
    "killmail-refused": KillmailRefused,
    "killmail-reread-requested": KillmailRereadRequested,
    "killmail-chunk": KillmailChunk,
    "enriched-killmail": EnrichedKillmail,
    "solar-system": SolarSystem,
    "entity-updated": EntityUpdated,
    "backfill-manifest": BackfillManifest,
    "backfill-manifest-uploaded": ManifestUploaded,
    "backfill-day-requested": DayRequested,
    "backfill-day-completed": DayCompleted,
    "retention-due": RetentionDue,
    "verification-requested": VerificationRequested,
    "prices-requested": PricesRequested,
    "prices-day-loaded": PricesDayLoaded,
    "revaluation-requested": RevaluationRequested,
    "battle-created": BattleCreated,
    "battle-updated": BattleUpdated,
    "battle-ended": BattleEnded,
    "battle-deleted": BattleDeleted,
    "battle-chunk": BattleChunk,
    "battle-edit-requested": BattleEditRequested,
    "battle-share-changed": BattleShareChanged,
    "battle-recluster-requested": ReclusterRequested,
    "battle-republish-requested": RepublishRequested,
    "search-reindex-requested": ReindexRequested,
    "live-killmail": LiveKillmail,
    "live-battle": LiveBattle,
    "live-battles": LiveBattles,
    "session": Session,
    "access-token": AccessToken,
    "account-change": AccountChange,
    "account-changed": AccountChanged,
    "audit-record": AuditRecord,
}
VERSION = "v1"


def file_name(schema_name: str) -> str:
    return f"{schema_name}.{VERSION}.schema.json"


def schema_text(schema_name: str) -> str:
    """The JSON Schema of a payload as it is serialized (ids and ISK are strings)."""
    schema = SCHEMAS[schema_name].model_json_schema(mode="serialization", by_alias=True)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:battlescope:schema:{schema_name}:{VERSION}",
    }
    return json.dumps({**head, **schema}, indent=2) + "\n"


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for schema_name in SCHEMAS:
        (folder / file_name(schema_name)).write_text(schema_text(schema_name))


if __name__ == "__main__":
    main()
