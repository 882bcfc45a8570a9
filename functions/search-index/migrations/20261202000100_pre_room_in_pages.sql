-- migrate:up
SET lock_timeout = '5s';

-- Every link of a killmail is written twice: when it comes, and when it is counted. With room for both in its page the
-- second one writes no index.
ALTER TABLE battle_killmails SET (fillfactor = 50);

-- migrate:down
SET lock_timeout = '5s';

ALTER TABLE battle_killmails SET (fillfactor = 80);
