-- migrate:up
SET lock_timeout = '5s';

-- Which killmails the rows of battle_entities count, so that only new ones are read. A release before this one counts
-- without saying so; the rows of systems tell how many were counted, and where that differs everything is counted again.
ALTER TABLE battle_killmails ADD COLUMN is_counted boolean NOT NULL DEFAULT false;
ALTER TABLE battle_killmails SET (fillfactor = 80);

-- migrate:down
SET lock_timeout = '5s';

ALTER TABLE battle_killmails RESET (fillfactor);
ALTER TABLE battle_killmails DROP COLUMN is_counted;
