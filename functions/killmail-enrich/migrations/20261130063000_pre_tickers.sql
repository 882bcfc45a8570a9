-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE entity_names
    ADD COLUMN ticker text,
    ADD COLUMN ticker_due_at timestamptz;
COMMENT ON COLUMN entity_names.ticker IS 'of a corporation or alliance; NULL while ESI was not asked or has none';
COMMENT ON COLUMN entity_names.ticker_due_at IS 'when ESI is asked for the ticker again; NULL: it was never asked';
CREATE INDEX entity_names_organisations ON entity_names (entity_id)
    WHERE entity_type IN ('corporation', 'alliance') AND entity_name IS NOT NULL;
GRANT SELECT (ticker) ON entity_names TO "killmail-api";

-- migrate:down
SET lock_timeout = '5s';
REVOKE SELECT (ticker) ON entity_names FROM "killmail-api";
DROP INDEX entity_names_organisations;
ALTER TABLE entity_names DROP COLUMN ticker, DROP COLUMN ticker_due_at;
