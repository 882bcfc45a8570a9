-- migrate:up
SET lock_timeout = '5s';

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;

-- What killmails say of places and ships.
CREATE TABLE solar_systems (
    system_id bigint PRIMARY KEY,
    system_name text NOT NULL,
    constellation_id bigint NOT NULL,
    constellation_name text,
    region_id bigint NOT NULL,
    region_name text NOT NULL,
    security_type text NOT NULL CHECK (security_type IN ('highsec', 'lowsec', 'nullsec', 'wormhole', 'pochven')),
    security_status double precision NOT NULL,
    wormhole_class smallint,
    system_effect text
);
COMMENT ON COLUMN solar_systems.wormhole_class IS 'NULL outside of wormholes';
CREATE TABLE ship_types (
    ship_type_id bigint PRIMARY KEY,
    ship_type_name text NOT NULL,
    ship_group_id bigint,
    ship_group_name text,
    hull_class text
);
COMMENT ON COLUMN ship_types.hull_class IS 'a HullClass; NULL while the group is unknown';

-- A killmail, whether or not it belongs to a battle. The arrays of attackers have one element for each player, in the
-- same order. Names are those of entities, solar_systems and ship_types.
CREATE TABLE killmails (
    killmail_id bigint PRIMARY KEY,
    killmail_time timestamptz NOT NULL,
    system_id bigint NOT NULL,
    ship_type_id bigint,
    victim_character_id bigint,
    victim_corporation_id bigint,
    victim_alliance_id bigint,
    attacker_character_ids bigint[] NOT NULL,
    attacker_corporation_ids bigint[] NOT NULL,
    attacker_alliance_ids bigint[] NOT NULL,
    attacker_ship_type_ids bigint[] NOT NULL,
    attacker_count integer NOT NULL,
    total_value numeric(20, 2),
    is_npc boolean NOT NULL,
    is_solo boolean NOT NULL,
    value_revision integer NOT NULL DEFAULT 0,
    valuation_revision integer NOT NULL DEFAULT 0
);
COMMENT ON COLUMN killmails.attacker_count IS 'with NPCs';
COMMENT ON COLUMN killmails.total_value IS 'NULL while no value is known';
CREATE INDEX killmails_newest ON killmails (killmail_time DESC, killmail_id DESC);
CREATE INDEX killmails_by_system ON killmails (system_id, killmail_time DESC);
CREATE INDEX killmails_by_ship ON killmails (ship_type_id, killmail_time DESC);
CREATE INDEX killmails_by_victim ON killmails (victim_character_id) WHERE victim_character_id IS NOT NULL;
CREATE INDEX killmails_by_victim_corporation ON killmails (victim_corporation_id)
    WHERE victim_corporation_id IS NOT NULL;
CREATE INDEX killmails_by_victim_alliance ON killmails (victim_alliance_id) WHERE victim_alliance_id IS NOT NULL;

-- A battle as of its newest revision. The row of a deleted battle stays, so that an older event does not bring it back.
CREATE TABLE battles (
    battle_id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    ended_revision bigint NOT NULL DEFAULT -1,
    missing_killmails integer NOT NULL DEFAULT 0,
    state jsonb
) WITH (fillfactor = 80);
CREATE INDEX battles_incomplete ON battles (battle_id) WHERE missing_killmails > 0;
COMMENT ON COLUMN battles.missing_killmails IS 'killmails that had not come when it was indexed';
COMMENT ON COLUMN battles.revision IS '-1: only its end is known yet; 0 without a state: deleted for good';
COMMENT ON COLUMN battles.ended_revision IS 'the newest revision that ended; -1: none did';
COMMENT ON COLUMN battles.state IS 'what its event says, without the killmails; NULL: deleted';

-- What search reads of a battle; no row before it is indexed and after it is deleted.
CREATE TABLE battle_documents (
    battle_id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    system_id bigint NOT NULL,
    constellation_id bigint,
    region_id bigint NOT NULL,
    security_type text NOT NULL CHECK (security_type IN ('highsec', 'lowsec', 'nullsec', 'wormhole', 'pochven')),
    system_class smallint,
    status text NOT NULL CHECK (status IN ('open', 'closed', 'historical')),
    tier text,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    duration_seconds integer NOT NULL,
    total_kills integer NOT NULL,
    total_participants integer NOT NULL,
    total_isk_destroyed numeric(20, 2) NOT NULL,
    battle_score integer NOT NULL,
    document jsonb NOT NULL,
    search_vector tsvector NOT NULL
) WITH (fillfactor = 80);
COMMENT ON COLUMN battle_documents.document IS
    'a BattleDocument of shared-schemas, without its lists of ids, which battle_entities has, and without its words';
COMMENT ON COLUMN battle_documents.search_vector IS 'the folded words of all names by which the battle is found';
CREATE INDEX battle_documents_by_start ON battle_documents (start_time DESC, battle_id DESC);
CREATE INDEX battle_documents_by_isk ON battle_documents (total_isk_destroyed DESC, battle_id DESC);
CREATE INDEX battle_documents_by_kills ON battle_documents (total_kills DESC, battle_id DESC);
CREATE INDEX battle_documents_by_score ON battle_documents (battle_score DESC, battle_id DESC);
CREATE INDEX battle_documents_by_region ON battle_documents (region_id, start_time DESC);
CREATE INDEX battle_documents_by_words ON battle_documents USING gin (search_vector);

-- Which killmails belong to a battle as of its revision. The killmail may come later than the event of the battle.
CREATE TABLE battle_killmails (
    killmail_id bigint NOT NULL,
    battle_id uuid NOT NULL,
    PRIMARY KEY (killmail_id, battle_id)
);
CREATE INDEX battle_killmails_of_battle ON battle_killmails (battle_id);

-- Who took part in a battle, where it was and which ships were in it; computed from its killmails.
CREATE TABLE battle_entities (
    entity_type text NOT NULL,
    entity_id bigint NOT NULL,
    battle_id uuid NOT NULL,
    kills integer NOT NULL,
    losses integer NOT NULL,
    last_seen_at timestamptz NOT NULL,
    corporation_id bigint,
    alliance_id bigint,
    PRIMARY KEY (entity_type, entity_id, battle_id)
);
CREATE INDEX battle_entities_of_battle ON battle_entities (battle_id);
COMMENT ON COLUMN battle_entities.corporation_id IS 'that of the last killmail of a character in the battle';

-- Everything that has a name. Only what was in a battle is searchable. No index has the counts, so that a recount writes
-- no index.
CREATE TABLE entities (
    entity_type text NOT NULL CHECK (entity_type IN ('character', 'corporation', 'alliance', 'system', 'ship_type')),
    entity_id bigint NOT NULL,
    entity_name text NOT NULL,
    ticker text,
    named_at timestamptz NOT NULL,
    ticker_at timestamptz NOT NULL DEFAULT '-infinity',
    folded_name text NOT NULL,
    compact_name text NOT NULL,
    compact_ticker text,
    is_searchable boolean NOT NULL DEFAULT false,
    battle_count integer NOT NULL DEFAULT 0,
    kills integer NOT NULL DEFAULT 0,
    losses integer NOT NULL DEFAULT 0,
    last_seen_at timestamptz,
    corporation_id bigint,
    alliance_id bigint,
    PRIMARY KEY (entity_type, entity_id)
) WITH (fillfactor = 85);
COMMENT ON COLUMN entities.named_at IS 'of the event with the name, the later one counts; -infinity: it came with a killmail';
COMMENT ON COLUMN entities.corporation_id IS 'of a character, in its last battle';
CREATE INDEX entities_by_name ON entities (compact_name text_pattern_ops) WHERE is_searchable;
CREATE INDEX entities_by_ticker ON entities (compact_ticker text_pattern_ops)
    WHERE is_searchable AND compact_ticker IS NOT NULL;
-- No parser of text search: it takes some words for numbers or addresses.
CREATE INDEX entities_by_words ON entities USING gin (array_to_tsvector(string_to_array(folded_name, ' ')))
    WHERE is_searchable;
CREATE INDEX entities_by_trigrams ON entities USING gin (compact_name gin_trgm_ops) WHERE is_searchable;

-- What is to be indexed: events only add rows, which are deleted in the transaction that writes the documents.
CREATE TABLE index_queue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_type text NOT NULL CHECK (document_type IN ('battle', 'character', 'corporation', 'alliance')),
    document_id text NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT now()
);
-- Documents whose copy in the search engine is old; nothing is added while PostgreSQL itself is the engine.
CREATE TABLE engine_queue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_type text NOT NULL
        CHECK (document_type IN ('battle', 'killmail', 'character', 'corporation', 'alliance', 'system', 'ship_type')),
    document_id text NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT now()
);

-- A rebuild of all documents.
CREATE TABLE reindex_jobs (
    id uuid PRIMARY KEY,
    requested_by text NOT NULL CHECK (length(requested_by) BETWEEN 1 AND 128),
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'completed', 'cancelled')),
    part integer NOT NULL DEFAULT 0,
    position_type text,
    position_id text,
    documents_total bigint NOT NULL DEFAULT 0,
    documents_processed bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    advanced_at timestamptz,
    completed_at timestamptz,
    cancelled_by text
);
CREATE UNIQUE INDEX reindex_jobs_active ON reindex_jobs ((true)) WHERE status IN ('pending', 'running');
CREATE INDEX reindex_jobs_newest ON reindex_jobs (created_at DESC);
COMMENT ON COLUMN reindex_jobs.part IS 'Parts done; the event that asks for another part is an old one.';
COMMENT ON COLUMN reindex_jobs.position_id IS 'the last document of the type that is done; NULL: all of them are';

CREATE TABLE outbox_messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    broker text NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    parked_at timestamptz,
    parked_reason text
);
CREATE INDEX outbox_messages_waiting ON outbox_messages (broker, id) WHERE parked_at IS NULL;
CREATE INDEX outbox_messages_parked ON outbox_messages (broker) WHERE parked_at IS NOT NULL;
COMMENT ON COLUMN outbox_messages.broker IS 'the Broker that this message is for; functions of one database may publish to different Brokers';
COMMENT ON COLUMN outbox_messages.parked_at IS 'when the Broker refused the message for good; it waits for an operator';

GRANT SELECT ON solar_systems, ship_types, killmails, battle_documents, battle_killmails, battle_entities, entities,
    index_queue, engine_queue, schema_migrations TO "search-api";
GRANT SELECT, INSERT ON reindex_jobs TO "search-api";
GRANT UPDATE (status, cancelled_by, completed_at) ON reindex_jobs TO "search-api";
GRANT SELECT, INSERT, DELETE ON outbox_messages TO "search-api";
GRANT UPDATE (parked_at, parked_reason) ON outbox_messages TO "search-api";

-- migrate:down
SET lock_timeout = '5s';
DROP TABLE outbox_messages, reindex_jobs, engine_queue, index_queue, entities, battle_entities, battle_killmails,
    battle_documents, battles, killmails, ship_types, solar_systems;
DROP EXTENSION fuzzystrmatch;
DROP EXTENSION pg_trgm;
