-- migrate:up
SET lock_timeout = '5s';

-- What happened in the last day; without it statistics would read the history of all battles.
CREATE INDEX battle_revisions_in_time ON battle_revisions (made_at);

-- migrate:down
SET lock_timeout = '5s';
DROP INDEX battle_revisions_in_time;
