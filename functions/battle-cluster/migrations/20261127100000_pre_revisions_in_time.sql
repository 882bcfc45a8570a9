-- migrate:up
SET lock_timeout = '5s';

-- For the statistics of the last day; without it they would read the revisions of all battles.
CREATE INDEX battle_revisions_in_time ON battle_revisions (made_at);

-- migrate:down
SET lock_timeout = '5s';
DROP INDEX battle_revisions_in_time;
