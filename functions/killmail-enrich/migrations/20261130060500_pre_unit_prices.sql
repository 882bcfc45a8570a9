-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE enriched_killmails ADD COLUMN unit_prices jsonb;
COMMENT ON COLUMN enriched_killmails.unit_prices IS
    'what the computed value rests on: [type id, cents of one unit, rule, records, day of the last record] of each type; NULL while it is not computed, and in rows of older releases';

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE enriched_killmails DROP COLUMN unit_prices;
