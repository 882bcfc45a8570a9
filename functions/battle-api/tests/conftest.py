"""battle-api over a real PostgreSQL that holds two battles, one that was merged away and one that was deleted.

Tests that only read share one database; each one that writes has a clone of its own.
"""

from collections.abc import AsyncGenerator, Iterator

import httpx2
import pytest
from battle_api_harness import TOKEN, ApiHarness, running_app

from battlescope_local.testing.databases import Database, Databases, run_sql

SEED = """
INSERT INTO entity_names VALUES ('system', 30000142, 'Jita'), ('region', 10000002, 'The Forge'),
    ('alliance', 99000001, 'Red'), ('character', 90000001, 'Ann'), ('ship_type', 587, 'Rifter');
INSERT INTO battles (id, system_id, region_id, security_type, start_time, end_time, last_killmail_at, status, tier,
    total_kills, total_participants, total_isk_destroyed, zkill_related_url, is_decisive, revision)
SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, 30000141 + n, 10000002, 'highsec', t, t + interval '9 min',
    t, CASE n WHEN 1 THEN 'open' ELSE 'closed' END, 'small', n * 10, 2, n * 1000000.5,
    'https://example.invalid', false, 1
FROM (SELECT n, timestamptz '2026-03-01 18:00Z' + n * interval '1 hour' AS t FROM generate_series(1, 3) n) AS x;
UPDATE battles SET deleted_at = now(), deletion_reason = 'merged' WHERE id = '00000000-0000-0000-0000-000000000003';
INSERT INTO battle_aliases VALUES ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000001');
INSERT INTO battle_sides VALUES ('00000000-0000-0000-0000-000000000001', 1, 1, 1, 0, 1, 0, 5.25, 0, 100);
INSERT INTO battle_side_parties VALUES
    ('00000000-0000-0000-0000-000000000001', 'alliance', 99000001, 1, 'side', 0.9, 2, 1, 1, 0, 5.25, 0),
    ('00000000-0000-0000-0000-000000000001', 'corporation', 98000002, NULL, 'unassigned', 0.1, 1, 1, 0, 1, 0, 5.25);
INSERT INTO battle_killmails
SELECT '00000000-0000-0000-0000-000000000001', n, timestamptz '2026-03-01 19:00Z' + n * interval '1 min', 30000142,
    NULL, 98000002, 90000002, 587, '{99000001}', '{98000001}', '{90000001}', n + 0.25, NULL
FROM generate_series(1, 3) n;
INSERT INTO battle_killmails
SELECT '00000000-0000-0000-0000-000000000002', n, timestamptz '2026-03-01 20:00Z' + n * interval '1 min', 30000143,
    99000001, 98000001, 90000001, 587, '{}', '{98000002}', '{90000002}', 1, NULL
FROM generate_series(11, 12) n;
INSERT INTO mails SELECT killmail_id, system_id, 10000002, 'highsec', occurred_at, isk_value, false, battle_id, ''
FROM battle_killmails;
INSERT INTO mails VALUES (21, 30000142, 10000002, 'highsec', '2026-03-01 20:30Z', 1, false, NULL, '');
INSERT INTO battles (id, system_id, region_id, security_type, start_time, end_time, last_killmail_at, status, tier,
    total_kills, total_participants, total_isk_destroyed, zkill_related_url, is_decisive, revision, deleted_at,
    deletion_reason)
SELECT '00000000-0000-0000-0000-000000000004', system_id, region_id, security_type, start_time, end_time,
    last_killmail_at, status, tier, 2, 2, 5, zkill_related_url, false, 2, now(), 'reclustering' FROM battles LIMIT 1;
UPDATE battles SET revision = 3, name = 'The Jita brawl',
    suggestions = '[{"doubt": "lull", "first": [1], "second": [2, 3]}]'
WHERE id = '00000000-0000-0000-0000-000000000001';
UPDATE battles SET isk_computed_high = 250000, isk_computed_low = 125000.25, kills_without_value = 1
WHERE id = '00000000-0000-0000-0000-000000000001';
UPDATE battles SET isk_fitted = 900000.25, isk_dropped = 50000, kills_without_parts = 1, kills_with_unpriced = 1
WHERE id = '00000000-0000-0000-0000-000000000001';
UPDATE battle_sides SET isk_lost_fitted = isk_lost;
UPDATE battle_side_parties SET isk_lost_fitted = isk_lost, second_best_side_id = 2;
UPDATE battle_killmails SET fitted_value = 2, dropped_value = 0.25, unpriced_types = 3 WHERE killmail_id = 2;
UPDATE battle_killmails SET value_basis = CASE killmail_id WHEN 2 THEN 'computed-low' ELSE 'unknown' END
WHERE killmail_id IN (2, 3);
UPDATE battles SET tier = 'major' WHERE id = '00000000-0000-0000-0000-000000000002';
INSERT INTO battle_revisions VALUES
    ('00000000-0000-0000-0000-000000000001', 1, '2026-03-01 19:03Z', 'created', 'killmail:2', '{1,2}', '{}', '{}',
        2, 2, 3.50, 2),
    ('00000000-0000-0000-0000-000000000001', 2, '2026-03-01 19:05Z', 'new_killmail', 'killmail:3', '{3}', '{}', '{}',
        3, 4, 6.75, 2),
    ('00000000-0000-0000-0000-000000000001', 3, '2026-03-01 20:00Z', 'merge',
        'edit:00000000-0000-0000-0000-0000000000e1', '{}', '{2}', '{00000000-0000-0000-0000-000000000003}', 2, 1, 5, 2),
    ('00000000-0000-0000-0000-000000000004', 2, '2026-03-01 21:00Z', 'deleted',
        'recluster:00000000-0000-0000-0000-0000000000f1', '{}', '{5,6}', '{}', 0, 0, 0, 0);
INSERT INTO battle_participants
SELECT '00000000-0000-0000-0000-000000000001', 90000000 + n, 98000000 + n, CASE n WHEN 1 THEN 99000001 END,
    CASE n WHEN 1 THEN 1 END, n = 2, 2 - n, n - 1, 10, 0, 5.25, 0, now(), now() FROM generate_series(1, 2) n;
INSERT INTO battle_participant_ships VALUES ('00000000-0000-0000-0000-000000000001', 90000001, 587, 1, 0);
INSERT INTO battle_links VALUES ('00000000-0000-0000-0000-000000000001', 1, 2, 'same-people', 0.5, 600);
INSERT INTO ship_types VALUES (587, 25), (670, 29);
INSERT INTO solar_systems VALUES (30000142, 20000020, 0.9458, NULL, NULL), (30000143, 20000020, -1, 5, 'Wolf-Rayet');
INSERT INTO entity_names (entity_type, id, name, ticker) VALUES ('constellation', 20000020, 'Kimotoro', NULL),
    ('ship_group', 25, 'Frigate', NULL), ('corporation', 98000002, 'Blue Works', 'BLUW');
UPDATE entity_names SET ticker = 'RED' WHERE entity_type = 'alliance';
UPDATE battle_killmails SET attacker_count = 2, final_blow_character_id = 90000001,
    final_blow_corporation_id = 98000001, final_blow_alliance_id = 99000001, final_blow_ship_type_id = 587,
    attackers_by_side = '[[1, 1, 70], [null, 1, 0]]',
    solo = killmail_id = 1
WHERE battle_id = '00000000-0000-0000-0000-000000000001';
UPDATE battle_killmails SET ship_type_id = 670 WHERE killmail_id = 2;
"""


@pytest.fixture(scope="session")
def seeded(databases: Databases) -> Iterator[Database]:
    """The one that others are cloned from, so nobody connects to it."""
    made = databases.clone("battlescope_battles")
    run_sql(made.owner, SEED)
    yield made
    databases.drop(made)


@pytest.fixture(scope="module")
def shared(databases: Databases, seeded: Database) -> Iterator[Database]:
    made = databases.clone(seeded)
    yield made
    databases.drop(made)


@pytest.fixture
async def client(shared: Database) -> AsyncGenerator[httpx2.AsyncClient]:
    async with running_app(shared.url("battle-api")) as client:
        yield client


@pytest.fixture
async def harness(databases: Databases, seeded: Database) -> AsyncGenerator[ApiHarness]:
    made = databases.clone(seeded)
    async with running_app(made.url("battle-api")) as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        yield ApiHarness(client, made.owner)
    databases.drop(made)
