-- migrate:up
SET lock_timeout = '5s';

CREATE TABLE enriched_killmails (
    killmail_id bigint PRIMARY KEY,
    killmail_time timestamptz NOT NULL,
    system_id bigint NOT NULL,
    system_name text NOT NULL,
    constellation_id bigint NOT NULL,
    region_id bigint NOT NULL,
    region_name text NOT NULL,
    security_status double precision NOT NULL,
    security_type text NOT NULL
        CHECK (security_type IN ('highsec', 'lowsec', 'nullsec', 'wormhole', 'pochven')),
    ship_type_id bigint,
    ship_type_name text,
    ship_group_id bigint,
    ship_group_name text,
    ship_category_id bigint,
    victim_character_id bigint,
    victim_character_name text,
    victim_corp_id bigint,
    victim_corp_name text,
    victim_alliance_id bigint,
    victim_alliance_name text,
    victim_faction_id bigint,
    victim_faction_name text,
    victim_damage_taken bigint NOT NULL,
    attacker_data jsonb NOT NULL,
    attacker_count integer NOT NULL,
    zkb_total_value numeric(20, 2),
    zkb_points integer NOT NULL,
    zkb_hash text NOT NULL,
    zkb_url text NOT NULL,
    npc boolean NOT NULL,
    solo boolean NOT NULL,
    awox boolean NOT NULL,
    source text NOT NULL,
    archive_key text NOT NULL,
    enriched_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    enrichment_duration_ms integer NOT NULL,
    version integer NOT NULL DEFAULT 1
);
-- For retention. With a btree index the planner would scan all killmails to find those of a rare security type.
CREATE INDEX enriched_killmails_time ON enriched_killmails USING brin (killmail_time);
-- For the list of recent killmails: the most recent of each security type.
CREATE INDEX enriched_killmails_recent ON enriched_killmails (security_type, killmail_time DESC, killmail_id DESC);
-- No index by system, ship or victim: each would slow every insert, and no query here uses them.

-- The battles of each killmail, from the events of the battle context. A table of its own, because the event of a battle
-- may arrive before the killmail's row; several battles per killmail, because events of two battles have no order.
CREATE TABLE battles (
    battle_id text PRIMARY KEY,
    revision bigint NOT NULL
);
CREATE TABLE battle_killmails (
    killmail_id bigint NOT NULL,
    battle_id text NOT NULL,
    PRIMARY KEY (killmail_id, battle_id)
);
CREATE INDEX battle_killmails_battle ON battle_killmails (battle_id);

GRANT SELECT ON enriched_killmails, battle_killmails TO "killmail-api";

-- migrate:down
DROP TABLE battle_killmails, battles, enriched_killmails;
