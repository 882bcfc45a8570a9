"""Rows written by the role that owns the tables, read as the role that serves them."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import psycopg
import pytest

from battlescope_local.settings import S3Access
from battlescope_local.testing.buckets import Bucket, create_bucket
from battlescope_local.testing.databases import Database
from battlescope_schemas.archive import make_bundle

ATTACKERS = [
    {"characterId": "7", "corporationId": "98000002", "corporationName": "Two", "damageDone": 9, "finalBlow": True},
    {
        "corporationId": "98000002",
        "corporationName": "Two",
        "allianceId": "99000001",
        "damageDone": 1,
        "finalBlow": False,
    },
]
ROW: dict[str, Any] = {
    "killmail_time": "2026-11-01T20:00:00Z",
    "system_id": 30000001,
    "system_name": "Tanoo",
    "constellation_id": 20000001,
    "region_id": 10000001,
    "region_name": "Derelik",
    "security_status": 0.86,
    "security_type": "highsec",
    "ship_type_id": 587,
    "ship_type_name": "Rifter",
    "ship_group_id": 25,
    "ship_group_name": "Frigate",
    "ship_category_id": 6,
    "victim_character_id": 90000001,
    "victim_corp_id": 98000001,
    "victim_corp_name": "One",
    "victim_damage_taken": 10,
    "attacker_data": json.dumps(ATTACKERS),
    "attacker_count": 2,
    "zkb_total_value": "12345678901234.56",
    "zkb_points": 3,
    "zkb_hash": "a" * 40,
    "zkb_url": "https://zkillboard.com/kill/1/",
    "npc": False,
    "solo": True,
    "awox": False,
    "source": "live",
    "archive_key": "pack#0+1",
    "enriched_at": "2026-11-01T20:01:00Z",
    "enrichment_duration_ms": 7,
}


class Rows:
    """Inserts rows as killmail-enrich does."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def insert_killmail(self, killmail_id: int, **fields: object) -> None:
        row = {**ROW, "killmail_id": killmail_id, **fields}
        names, marks = ", ".join(row), ", ".join(f"%({name})s" for name in row)
        self.connection.execute(f"INSERT INTO enriched_killmails ({names}) VALUES ({marks})", row)


@pytest.fixture
def database(module_database: Database) -> str:
    return module_database.url("killmail-api")


@pytest.fixture
def rows(module_database: Database) -> Iterator[Rows]:
    with psycopg.connect(module_database.owner, autocommit=True) as connection:
        connection.execute(
            "TRUNCATE enriched_killmails, battle_killmails, battles, wanted_names, types, systems, revaluation_jobs,"
            " outbox_messages, entity_names"
        )
        yield Rows(connection)


@pytest.fixture(scope="session")
def archive_bucket(moto: S3Access) -> Bucket:
    return create_bucket(moto)


@pytest.fixture
def archive(archive_bucket: Bucket) -> Callable[[bytes], str]:
    """Stores a raw killmail; gives its archive key."""

    def store(content: bytes) -> str:
        bundle = make_bundle(date(2026, 11, 1), [content])
        archive_bucket.client.put_object(Bucket=archive_bucket.name, Key=bundle.object_key, Body=bundle.body)
        return str(bundle.keys[0])

    return store


@pytest.fixture
def environment(database: str, archive_bucket: Bucket) -> dict[str, str]:
    """Of the function, with a Valkey that does not answer."""
    return {
        "DATABASE_URL": database,
        "REDIS_URL": "redis://127.0.0.1:9",
        "K_SINK": "http://127.0.0.1:9/battlescope/backfill",
        "ACCESS_MODE": "off",
        **archive_bucket.environment(),
    }
