-- migrate:up
SET lock_timeout = '5s';

-- As jsonb, whose numbers are converted one by one, this column took a third of the time of an insert. No statement
-- looks into it, so it is the text that was written.
ALTER TABLE enriched_killmails ADD COLUMN type_prices json;
COMMENT ON COLUMN enriched_killmails.type_prices IS
    'what the computed value rests on: [type id, cents of one unit, rule, records, day of the last record] of each type; NULL while it is not computed, and in rows of older releases, some of which have unit_prices';

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE enriched_killmails DROP COLUMN type_prices;
