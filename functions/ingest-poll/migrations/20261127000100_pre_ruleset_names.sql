-- migrate:up
SET lock_timeout = '5s';
ALTER TABLE rulesets ADD COLUMN names jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN rulesets.names IS 'by id, what ESI called it when it was listed; an id without a name was never looked up';

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE rulesets DROP COLUMN names;
