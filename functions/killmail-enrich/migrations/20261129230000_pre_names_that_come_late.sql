-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE entity_names
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN retry_at timestamptz;
COMMENT ON COLUMN entity_names.entity_name IS 'NULL while ESI has no name for it';
COMMENT ON COLUMN entity_names.attempts IS 'answers of ESI without a name since the last name';
COMMENT ON COLUMN entity_names.retry_at IS 'when ESI is asked again for a missing name; infinity: when a new killmail names it after a week';
GRANT SELECT (entity_id, retry_at) ON entity_names TO "killmail-api";

-- migrate:down
SET lock_timeout = '5s';
REVOKE SELECT (entity_id, retry_at) ON entity_names FROM "killmail-api";
ALTER TABLE entity_names DROP COLUMN attempts, DROP COLUMN retry_at;
COMMENT ON COLUMN entity_names.entity_name IS 'NULL where the game says that there is no such entity';
