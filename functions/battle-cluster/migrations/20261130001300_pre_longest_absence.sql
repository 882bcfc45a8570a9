-- migrate:up
SET lock_timeout = '5s';
ALTER TABLE clustering_configuration ALTER COLUMN gap_max_minutes SET DEFAULT 20;
COMMENT ON COLUMN clustering_configuration.gap_max_minutes IS
    'How long a pilot may be unseen in a fight that is not silent meanwhile, and between lone losses.';
-- 15 was the default of a rule that is gone; any other value somebody chose.
UPDATE clustering_configuration SET gap_max_minutes = 20 WHERE gap_max_minutes = 15;

-- migrate:down
SET lock_timeout = '5s';
COMMENT ON COLUMN clustering_configuration.gap_max_minutes IS NULL;
ALTER TABLE clustering_configuration ALTER COLUMN gap_max_minutes SET DEFAULT 15;
UPDATE clustering_configuration SET gap_max_minutes = 15 WHERE gap_max_minutes = 20;
