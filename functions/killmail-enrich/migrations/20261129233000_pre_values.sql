-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE enriched_killmails
    ADD COLUMN value_source text CHECK (value_source IN ('zkb', 'computed')),
    ADD COLUMN total_value numeric(20, 2),
    ADD COLUMN valuation jsonb,
    ADD COLUMN valuation_rules smallint,
    ADD COLUMN valuation_revision integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN enriched_killmails.total_value IS 'ISK that is shown and summed; NULL while it is unknown';
COMMENT ON COLUMN enriched_killmails.valuation IS 'the other values: parts of what is shown, of zKillboard, and the computed value; NULL in rows of older releases';
COMMENT ON COLUMN enriched_killmails.valuation_rules IS 'version of the rules by which the value was computed; NULL while the prices of the day are missing';
COMMENT ON COLUMN enriched_killmails.valuation_revision IS 'how often the value was computed again; within a value_revision the highest one counts';
CREATE INDEX enriched_killmails_without_valuation ON enriched_killmails (killmail_time) WHERE valuation_rules IS NULL;

GRANT SELECT (type_id, name) ON types TO "killmail-api";

-- migrate:down
SET lock_timeout = '5s';
REVOKE SELECT (type_id, name) ON types FROM "killmail-api";
ALTER TABLE enriched_killmails
    DROP COLUMN value_source, DROP COLUMN total_value, DROP COLUMN valuation, DROP COLUMN valuation_rules,
    DROP COLUMN valuation_revision;
