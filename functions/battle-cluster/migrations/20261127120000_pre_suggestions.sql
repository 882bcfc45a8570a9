-- migrate:up
SET lock_timeout = '5s';
ALTER TABLE battles ADD COLUMN suggested_revision integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN battles.suggested_revision IS 'The revision whose mails the suggestions were read off; 0: none yet.';
CREATE INDEX battles_to_suggest ON battles (last_killmail_at)
    WHERE status <> 'open' AND deleted_at IS NULL AND suggested_revision < revision AND total_kills >= 6;

-- migrate:down
SET lock_timeout = '5s';
DROP INDEX battles_to_suggest;
ALTER TABLE battles DROP COLUMN suggested_revision;
