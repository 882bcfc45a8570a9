"""Encoding and reading of events: deterministic ids, partition keys, and examples that match every type."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cloudevents.http import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from battlescope_events.catalog import BATTLE_UPDATED, CATALOG, KILLMAIL_ENRICHED, KILLMAIL_INGESTED
from battlescope_events.errors import PermanentError
from battlescope_events.messages import read
from battlescope_schemas.reference import KillmailChunk, KillmailReference

EXAMPLES = Path(__file__).parents[2] / "shared-schemas" / "examples"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
REFERENCE = KillmailReference.model_validate_json((EXAMPLES / "killmail-reference" / "live.json").read_text())


@given(st.text(max_size=40), st.text(max_size=40))
def test_event_id_depends_on_the_key(one: str, other: str) -> None:
    def event_id(key: str) -> str:
        return KILLMAIL_INGESTED.message(REFERENCE, source="ingest-poll", key=key, time=NOW).id

    assert (event_id(one) == event_id(other)) == (one == other)


def test_event_id_depends_on_the_type() -> None:
    chunk = KillmailChunk.model_validate_json((EXAMPLES / "killmail-chunk" / "day.json").read_text())
    ids = {kind.message(chunk, source="s", key="k", time=NOW).id for kind in (KILLMAIL_INGESTED, KILLMAIL_ENRICHED)}
    assert len(ids) == 2


def test_message_carries_routing_and_ordering_attributes() -> None:
    message = KILLMAIL_INGESTED.message(REFERENCE, source="ingest-poll", key="9001", time=NOW)
    assert message.headers["ce-partitionkey"] == str(REFERENCE.system_id)
    assert message.headers["ce-subject"] == "9001"
    assert message.headers["ce-dataschema"] == "urn:battlescope:schema:killmail-reference:v1"
    assert json.loads(message.body)["killmailId"] == "9001"


def test_batches_of_a_day_have_two_partition_keys() -> None:
    chunk = KillmailChunk.model_validate_json((EXAMPLES / "killmail-chunk" / "day.json").read_text())
    day = [chunk.model_copy(update={"chunk_key": f"chunks/2026-01-07/{number:04}.jsonl.gz"}) for number in range(20)]
    assert {KILLMAIL_ENRICHED.partitionkey(batch) for batch in day} == {"2026-01-07/0", "2026-01-07/1"}


def test_partition_keys_of_a_backfilled_day_are_its_halves() -> None:
    chunk = KillmailChunk.model_validate_json((EXAMPLES / "killmail-chunk" / "part.json").read_text())
    assert chunk.starts_at is not None
    day = [chunk.model_copy(update={"starts_at": chunk.starts_at.replace(hour=hour)}) for hour in range(24)]
    keys = [KILLMAIL_ENRICHED.partitionkey(batch) for batch in day]
    assert keys == ["2026-01-07/0"] * 15 + ["2026-01-07/1"] * 9


@pytest.mark.parametrize("kind", CATALOG, ids=lambda kind: kind.name)
def test_every_example_matches_its_event_type(kind) -> None:  # noqa: ANN001  # any type of the catalogue
    schema_name = kind.schema.split(":")[0]
    for example in (EXAMPLES / schema_name).glob("*.json"):
        cloud_event = CloudEvent({"type": kind.name, "source": "s", "id": "1"}, json.loads(example.read_text()))
        event = read(cloud_event, {kind.name: kind})
        again = kind.message(event.data, source="s", key="k", time=NOW)
        assert kind.data.validate_json(again.body) == event.data


def test_unknown_type_is_rejected_for_good() -> None:
    with pytest.raises(PermanentError, match=r"does not accept events of type x\.y"):
        read(CloudEvent({"type": "x.y", "source": "s", "id": "1"}, {}), {BATTLE_UPDATED.name: BATTLE_UPDATED})
