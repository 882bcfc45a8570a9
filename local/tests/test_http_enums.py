"""What a column may hold and what the API declares are the same values: enums are enums, and none is missing."""

import importlib
import re
from typing import Final

import pytest

from battlescope_local.devtools.http_apps import written_descriptions
from battlescope_local.devtools.project import ROOT

DESCRIPTIONS: Final = written_descriptions()
CHECK: Final = re.compile(r"^(\w+): CHECK \(\((\w+) = ANY \(ARRAY\[(.+)\]\)\)\)(?: NOT VALID)?$", re.MULTILINE)
# The field of a response for each column whose values the database bounds; None where no response has it.
FIELDS: Final[dict[tuple[str, str], tuple[str, str, str] | None]] = {
    ("battle_edits", "kind"): ("battle-api", "EditItem", "kind"),
    ("battle_revisions", "reason"): ("battle-api", "RevisionItem", "reason"),
    ("battle_side_parties", "party_type"): ("battle-api", "PartyItem", "partyType"),
    ("battles", "security_type"): ("battle-api", "BattleItem", "securityType"),
    ("battles", "status"): ("battle-api", "BattleItem", "status"),
    ("reclustering_changes", "change"): ("battle-api", "BattleChangeItem", "change"),
    ("reclustering_jobs", "reason"): ("battle-api", "JobItem", "reason"),
    ("reclustering_jobs", "status"): ("battle-api", "JobItem", "status"),
    ("republish_jobs", "status"): ("battle-api", "RepublishJobItem", "status"),
    ("historical_ingestion_jobs", "priority"): ("ingest-api", "JobItem", "priority"),
    ("historical_ingestion_jobs", "source"): ("ingest-api", "JobItem", "source"),
    ("historical_ingestion_jobs", "status"): ("ingest-api", "JobItem", "status"),
    ("historical_job_dates", "status"): ("ingest-api", "DayItem", "status"),
    ("verification_history", "status"): ("ingest-api", "VerificationItem", "status"),
    ("revaluation_jobs", "status"): ("killmail-api", "RevaluationJobItem", "status"),
    ("enriched_killmails", "value_source"): ("killmail-api", "Detail", "valueSource"),
    ("enriched_killmails", "security_type"): ("killmail-api", "Detail", "securityType"),
    ("source_failover", "active"): ("ingest-api", "LiveSource", "active"),
    ("battle_documents", "security_type"): ("search-api", "BattleHit", "securityType"),
    ("battle_documents", "status"): ("search-api", "BattleHit", "status"),
    ("reindex_jobs", "status"): ("search-api", "ReindexJobItem", "status"),
    ("solar_systems", "security_type"): ("search-api", "SystemHit", "securityType"),
    ("account_roles", "rank"): None,
    ("battles", "deletion_reason"): None,
    ("characters", "token_state"): None,
    ("data_retention_jobs", "status"): None,
    ("engine_queue", "document_type"): None,
    ("entities", "entity_type"): None,
    ("entity_names", "entity_type"): None,
    ("index_queue", "document_type"): None,
    ("mails", "security_type"): None,
    ("mails", "value_basis"): None,
}
CONSTRAINTS: Final[dict[tuple[str, str], set[str]]] = {
    (table, column): set(re.findall(r"'([^']+)'", values))
    for file in sorted(ROOT.glob("functions/*/schema.txt"))
    for table, column, values in CHECK.findall(file.read_text())
}


def enum_of(function: str, model: str, field: str) -> set[str]:
    schemas = DESCRIPTIONS[function]["components"]["schemas"]
    schema = schemas[model]["properties"][field]
    schema = next((option for option in schema.get("anyOf", ()) if option.get("type") != "null"), schema)
    name = schema.get("$ref", "").rpartition("/")[2]
    return set((schemas[name] if name else schema)["enum"])


def test_every_bounded_column_is_listed() -> None:
    assert CONSTRAINTS.keys() == FIELDS.keys()


@pytest.mark.parametrize(("column", "place"), [(column, place) for column, place in FIELDS.items() if place])
def test_every_value_of_a_column_is_declared(column: tuple[str, str], place: tuple[str, str, str]) -> None:
    assert enum_of(*place) == CONSTRAINTS[column]


@pytest.mark.parametrize(
    ("place", "enum"),
    [
        (("battle-api", "PartyItem", "role"), "battle_cluster.sides.assignment:Role"),
        (("battle-api", "BattleItem", "tier"), "battle_cluster.detection.tiers:Tier"),
        (("search-api", "BattleHit", "tier"), "battle_cluster.detection.tiers:Tier"),
        (("battle-api", "Suggestion", "doubt"), "battle_cluster.detection.split_suggestions:SplitReason"),
        (("battle-api", "RevisionCause", "kind"), "battle_cluster.domain.battle:CauseKind"),
    ],
)
def test_every_value_that_battle_cluster_writes_is_declared(place: tuple[str, str, str], enum: str) -> None:
    module, _, name = enum.partition(":")
    written = {member.value for member in getattr(importlib.import_module(module), name)}
    unassigned = {"unassigned"} if name == "Role" else set()
    assert enum_of(*place) == written | unassigned
