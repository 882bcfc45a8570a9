-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE killmail_events ADD COLUMN value_revision integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN killmail_events.value_revision IS 'how often the feed has changed isk_value';

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE killmail_events DROP COLUMN value_revision;
