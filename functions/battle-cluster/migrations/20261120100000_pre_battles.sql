-- migrate:up
SET lock_timeout = '5s';

-- Partial, case-insensitive search by name in battle lists.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- All consumed killmails, whether or not they belong to a battle; source of every derived table.
CREATE TABLE mails (
    killmail_id bigint PRIMARY KEY,
    system_id bigint NOT NULL,
    region_id bigint NOT NULL,
    security_type text NOT NULL CHECK (security_type IN ('highsec', 'lowsec', 'nullsec', 'wormhole', 'pochven')),
    occurred_at timestamptz NOT NULL,
    value numeric(20, 2) NOT NULL,
    historical boolean NOT NULL,
    component_id uuid,
    body bytea NOT NULL
);
CREATE INDEX mails_place ON mails (system_id, occurred_at) INCLUDE (killmail_id, component_id);
CREATE INDEX mails_component ON mails (component_id) WHERE component_id IS NOT NULL;
COMMENT ON COLUMN mails.component_id IS 'The cluster it belongs to, also below the size of a battle; null in the pool.';
COMMENT ON COLUMN mails.body IS 'Victim, attackers and nearby systems, as compact JSON; see reading.py.';

-- Appearances of pilots: finds the rest of a battle that moved to another system.
CREATE TABLE mail_pilots (
    character_id bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    killmail_id bigint NOT NULL REFERENCES mails (killmail_id),
    PRIMARY KEY (character_id, occurred_at, killmail_id)
);

CREATE TABLE battles (
    id uuid PRIMARY KEY,
    system_id bigint NOT NULL,
    region_id bigint NOT NULL,
    security_type text NOT NULL CHECK (security_type IN ('highsec', 'lowsec', 'nullsec', 'wormhole', 'pochven')),
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    duration_seconds integer NOT NULL GENERATED ALWAYS AS (extract(epoch FROM end_time - start_time)::integer) STORED,
    last_killmail_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'closed', 'historical')),
    tier text NOT NULL,
    total_kills integer NOT NULL,
    total_participants integer NOT NULL,
    total_isk_destroyed numeric(20, 2) NOT NULL,
    zkill_related_url text NOT NULL,
    is_decisive boolean NOT NULL,
    winning_side smallint,
    separate_fights boolean NOT NULL DEFAULT false,
    revision integer NOT NULL,
    deleted_at timestamptz,
    deletion_reason text CHECK (deletion_reason IN ('retention_policy', 'reclustering', 'manual_deletion', 'merged')),
    merged_into uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX battles_by_start ON battles (start_time, id) WHERE deleted_at IS NULL;
CREATE INDEX battles_by_isk ON battles (total_isk_destroyed, id) WHERE deleted_at IS NULL;
CREATE INDEX battles_by_kills ON battles (total_kills, id) WHERE deleted_at IS NULL;
CREATE INDEX battles_by_duration ON battles (duration_seconds, id) WHERE deleted_at IS NULL;
CREATE INDEX battles_by_participants ON battles (total_participants, id) WHERE deleted_at IS NULL;
CREATE INDEX battles_by_system ON battles (system_id, start_time DESC);
CREATE INDEX battles_by_region ON battles (region_id, start_time DESC);
CREATE INDEX battles_open ON battles (system_id) WHERE status = 'open' AND deleted_at IS NULL;

-- An alias lives as long as the surviving battle, so that published links keep working.
CREATE TABLE battle_aliases (
    alias_id uuid PRIMARY KEY,
    battle_id uuid NOT NULL REFERENCES battles (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX battle_aliases_of ON battle_aliases (battle_id);

CREATE TABLE battle_sides (
    battle_id uuid NOT NULL REFERENCES battles (id) ON DELETE CASCADE,
    side_id smallint NOT NULL,
    pilots integer NOT NULL,
    kills integer NOT NULL,
    losses integer NOT NULL,
    ships_destroyed integer NOT NULL,
    ships_lost integer NOT NULL,
    isk_destroyed numeric(20, 2) NOT NULL,
    isk_lost numeric(20, 2) NOT NULL,
    isk_efficiency numeric(5, 2) NOT NULL,
    PRIMARY KEY (battle_id, side_id)
);

CREATE TABLE battle_side_parties (
    battle_id uuid NOT NULL REFERENCES battles (id) ON DELETE CASCADE,
    party_type text NOT NULL CHECK (party_type IN ('alliance', 'corporation', 'faction', 'character')),
    party_id bigint NOT NULL,
    side_id smallint,
    role text NOT NULL,
    confidence real NOT NULL,
    evidence real NOT NULL,
    pilots integer NOT NULL,
    kills integer NOT NULL,
    losses integer NOT NULL,
    isk_destroyed numeric(20, 2) NOT NULL,
    isk_lost numeric(20, 2) NOT NULL,
    UNIQUE NULLS NOT DISTINCT (battle_id, party_type, party_id, side_id)
);
-- Every alliance of a battle is a party of it, so this finds the battles of an alliance.
CREATE INDEX battle_side_parties_party ON battle_side_parties (party_type, party_id, battle_id);
COMMENT ON COLUMN battle_side_parties.side_id IS
    'Null where the evidence does not say: shown as unassigned. A party whose people fought apart stands on both sides.';

CREATE TABLE battle_killmails (
    battle_id uuid NOT NULL REFERENCES battles (id) ON DELETE CASCADE,
    killmail_id bigint NOT NULL UNIQUE,
    occurred_at timestamptz NOT NULL,
    system_id bigint NOT NULL,
    victim_alliance_id bigint,
    victim_corporation_id bigint,
    victim_character_id bigint,
    ship_type_id bigint NOT NULL,
    attacker_alliance_ids bigint[] NOT NULL,
    attacker_corporation_ids bigint[] NOT NULL,
    attacker_character_ids bigint[] NOT NULL,
    isk_value numeric(20, 2) NOT NULL,
    side_id smallint,
    PRIMARY KEY (battle_id, killmail_id)
);
CREATE INDEX battle_killmails_in_time ON battle_killmails (battle_id, occurred_at, killmail_id);

CREATE TABLE battle_participants (
    battle_id uuid NOT NULL REFERENCES battles (id) ON DELETE CASCADE,
    character_id bigint NOT NULL,
    corporation_id bigint,
    alliance_id bigint,
    side_id smallint,
    is_victim boolean NOT NULL,
    kills integer NOT NULL,
    deaths integer NOT NULL,
    damage_done bigint NOT NULL,
    damage_received bigint NOT NULL,
    isk_destroyed numeric(20, 2) NOT NULL,
    isk_lost numeric(20, 2) NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (battle_id, character_id)
);
CREATE INDEX battle_participants_character ON battle_participants (character_id, battle_id);
CREATE INDEX battle_participants_corporation ON battle_participants (corporation_id, battle_id);

CREATE TABLE battle_participant_ships (
    battle_id uuid NOT NULL REFERENCES battles (id) ON DELETE CASCADE,
    character_id bigint NOT NULL,
    ship_type_id bigint NOT NULL,
    kills integer NOT NULL,
    losses integer NOT NULL,
    PRIMARY KEY (battle_id, character_id, ship_type_id)
);

-- Why killmails are in one battle; the API shows the reasons.
CREATE TABLE battle_links (
    battle_id uuid NOT NULL REFERENCES battles (id) ON DELETE CASCADE,
    from_killmail_id bigint NOT NULL,
    to_killmail_id bigint NOT NULL,
    reason text NOT NULL,
    score real NOT NULL,
    PRIMARY KEY (battle_id, from_killmail_id, to_killmail_id, reason)
);

-- Display names. Other tables hold ids, so a new name changes one row.
CREATE TABLE entity_names (
    entity_type text NOT NULL
        CHECK (entity_type IN ('character', 'corporation', 'alliance', 'faction', 'ship_type', 'system', 'region')),
    id bigint NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (entity_type, id)
);
CREATE INDEX entity_names_partial ON entity_names USING gin (name gin_trgm_ops);

-- One row: the clustering configuration that administrators may change. Changes apply to new killmails.
CREATE TABLE clustering_configuration (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    window_minutes integer NOT NULL DEFAULT 30 CHECK (window_minutes BETWEEN 5 AND 180),
    gap_max_minutes integer NOT NULL DEFAULT 15 CHECK (gap_max_minutes BETWEEN 1 AND 60),
    min_kills integer NOT NULL DEFAULT 2 CHECK (min_kills BETWEEN 1 AND 100),
    updated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO clustering_configuration DEFAULT VALUES;

-- Outbox: messages are written in the transaction they describe, and deleted once the Broker has accepted them.
CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Delivery attempts, for deduplication. Losing them costs work, never correctness, so they need no write-ahead log.
CREATE UNLOGGED TABLE event_attempts (
    source text NOT NULL,
    id text NOT NULL,
    attempts integer NOT NULL,
    handled boolean NOT NULL DEFAULT false,
    last_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, id)
);
CREATE INDEX event_attempts_age ON event_attempts (last_at);

GRANT SELECT ON battles, battle_aliases, battle_sides, battle_side_parties, battle_killmails, battle_participants,
    battle_participant_ships, battle_links, entity_names TO "battle-api";

-- migrate:down
SET lock_timeout = '5s';
DROP TABLE event_attempts, outbox, clustering_configuration, entity_names, battle_links, battle_participant_ships,
    battle_participants, battle_killmails, battle_side_parties, battle_sides, battle_aliases, battles, mail_pilots,
    mails;
DROP EXTENSION pg_trgm;
