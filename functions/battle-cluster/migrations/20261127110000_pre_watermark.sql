-- migrate:up
SET lock_timeout = '5s';

-- The newest live killmail is its last entry, however many newer killmails were backfilled.
CREATE INDEX mails_live_in_time ON mails (occurred_at) WHERE NOT historical;

-- migrate:down
SET lock_timeout = '5s';
DROP INDEX mails_live_in_time;
