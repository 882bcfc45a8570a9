-- migrate:up
SET lock_timeout = '5s';

-- Killmails by who attacked. Searches read what is not merged into the index yet one by one, so that this stays short.
CREATE INDEX killmails_by_attacker ON killmails
    USING gin (attacker_character_ids, attacker_corporation_ids, attacker_alliance_ids)
    WITH (gin_pending_list_limit = 512);

-- migrate:down
SET lock_timeout = '5s';

DROP INDEX killmails_by_attacker;
