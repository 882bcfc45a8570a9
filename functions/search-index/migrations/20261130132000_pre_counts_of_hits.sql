-- migrate:up
SET lock_timeout = '5s';

-- Facets count the newest ten thousand hits: with what they count in the index, no row is read for that.
CREATE INDEX battle_documents_newest ON battle_documents (start_time DESC, battle_id DESC)
    INCLUDE (security_type, status, tier, region_id, total_participants);
DROP INDEX battle_documents_by_start;
CREATE INDEX killmails_by_time ON killmails (killmail_time DESC, killmail_id DESC) INCLUDE (system_id, ship_type_id);
DROP INDEX killmails_newest;
-- The name of a region, and the systems in it.
CREATE INDEX solar_systems_of_region ON solar_systems (region_id, region_name);

-- migrate:down
SET lock_timeout = '5s';

CREATE INDEX battle_documents_by_start ON battle_documents (start_time DESC, battle_id DESC);
DROP INDEX battle_documents_newest;
CREATE INDEX killmails_newest ON killmails (killmail_time DESC, killmail_id DESC);
DROP INDEX killmails_by_time;
DROP INDEX solar_systems_of_region;
