-- migrate:up
SET lock_timeout = '5s';

-- What the static data says of ships and systems on killmails; names are in entity_names.
CREATE TABLE ship_types (
    ship_type_id bigint PRIMARY KEY,
    group_id bigint NOT NULL
);
CREATE TABLE solar_systems (
    system_id bigint PRIMARY KEY,
    constellation_id bigint NOT NULL,
    security_status real NOT NULL,
    wormhole_class smallint
);
CREATE INDEX solar_systems_constellation ON solar_systems (constellation_id);
COMMENT ON COLUMN solar_systems.wormhole_class IS 'NULL outside of wormholes';

ALTER TABLE entity_names
    ADD COLUMN ticker text,
    DROP CONSTRAINT entity_names_entity_type_check,
    ADD CONSTRAINT entity_names_entity_type_check CHECK (entity_type IN ('character', 'corporation', 'alliance',
        'faction', 'ship_type', 'ship_group', 'system', 'constellation', 'region')) NOT VALID;
COMMENT ON COLUMN entity_names.ticker IS 'of corporations and alliances; NULL while unknown';

ALTER TABLE battle_killmails
    ADD COLUMN attacker_count integer NOT NULL DEFAULT 0,
    ADD COLUMN final_blow_character_id bigint,
    ADD COLUMN final_blow_corporation_id bigint,
    ADD COLUMN final_blow_alliance_id bigint,
    ADD COLUMN final_blow_ship_type_id bigint,
    ADD COLUMN attackers_by_side jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN npc boolean NOT NULL DEFAULT false,
    ADD COLUMN solo boolean NOT NULL DEFAULT false,
    ADD COLUMN awox boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN battle_killmails.attacker_count IS 'with NPCs; 0 in rows of older releases until the battle changes';
COMMENT ON COLUMN battle_killmails.attackers_by_side IS
    '[[side or null, attackers, damage]], without NPCs, the side with the most damage first';

GRANT SELECT ON ship_types, solar_systems TO "battle-api";

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE battle_killmails
    DROP COLUMN attacker_count, DROP COLUMN final_blow_character_id, DROP COLUMN final_blow_corporation_id,
    DROP COLUMN final_blow_alliance_id, DROP COLUMN final_blow_ship_type_id, DROP COLUMN attackers_by_side,
    DROP COLUMN npc, DROP COLUMN solo, DROP COLUMN awox;
DELETE FROM entity_names WHERE entity_type IN ('ship_group', 'constellation');
ALTER TABLE entity_names
    DROP COLUMN ticker,
    DROP CONSTRAINT entity_names_entity_type_check,
    ADD CONSTRAINT entity_names_entity_type_check CHECK (entity_type IN ('character', 'corporation', 'alliance',
        'faction', 'ship_type', 'system', 'region'));
DROP TABLE solar_systems, ship_types;
