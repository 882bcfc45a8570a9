-- migrate:up
SET lock_timeout = '5s';

-- As before, with the class of a wormhole as the last column, because a view can only grow at its end.
CREATE OR REPLACE VIEW killmail_documents AS
SELECT k.killmail_id, k.killmail_time, k.system_id, s.system_name, s.region_id, s.region_name, s.security_type,
    s.security_status, k.ship_type_id, t.ship_type_name, t.ship_group_id, t.ship_group_name, t.hull_class,
    k.victim_character_id, (
        SELECT entity_name FROM entities WHERE entity_type = 'character' AND entity_id = k.victim_character_id
    ) AS victim_character_name, k.victim_corporation_id, (
        SELECT entity_name FROM entities WHERE entity_type = 'corporation' AND entity_id = k.victim_corporation_id
    ) AS victim_corporation_name, k.victim_alliance_id, (
        SELECT entity_name FROM entities WHERE entity_type = 'alliance' AND entity_id = k.victim_alliance_id
    ) AS victim_alliance_name, k.attacker_character_ids, k.attacker_corporation_ids, k.attacker_alliance_ids,
    k.attacker_count, k.total_value, k.is_npc, k.is_solo, (
        SELECT min(battle_id::text) FROM battle_killmails AS m WHERE m.killmail_id = k.killmail_id
    ) AS battle_id, s.wormhole_class
FROM killmails AS k JOIN solar_systems AS s USING (system_id) LEFT JOIN ship_types AS t USING (ship_type_id);

-- migrate:down
SET lock_timeout = '5s';

DROP VIEW killmail_documents;
CREATE VIEW killmail_documents AS
SELECT k.killmail_id, k.killmail_time, k.system_id, s.system_name, s.region_id, s.region_name, s.security_type,
    s.security_status, k.ship_type_id, t.ship_type_name, t.ship_group_id, t.ship_group_name, t.hull_class,
    k.victim_character_id, (
        SELECT entity_name FROM entities WHERE entity_type = 'character' AND entity_id = k.victim_character_id
    ) AS victim_character_name, k.victim_corporation_id, (
        SELECT entity_name FROM entities WHERE entity_type = 'corporation' AND entity_id = k.victim_corporation_id
    ) AS victim_corporation_name, k.victim_alliance_id, (
        SELECT entity_name FROM entities WHERE entity_type = 'alliance' AND entity_id = k.victim_alliance_id
    ) AS victim_alliance_name, k.attacker_character_ids, k.attacker_corporation_ids, k.attacker_alliance_ids,
    k.attacker_count, k.total_value, k.is_npc, k.is_solo, (
        SELECT min(battle_id::text) FROM battle_killmails AS m WHERE m.killmail_id = k.killmail_id
    ) AS battle_id
FROM killmails AS k JOIN solar_systems AS s USING (system_id) LEFT JOIN ship_types AS t USING (ship_type_id);
GRANT SELECT ON killmail_documents TO "search-api";
