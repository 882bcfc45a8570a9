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

CREATE TABLE revaluation_jobs (
    id uuid PRIMARY KEY,
    first_day date NOT NULL,
    last_day date NOT NULL CHECK (last_day >= first_day),
    requested_by text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed', 'cancelled')),
    next_part integer NOT NULL DEFAULT 0,
    position_day date,
    position_id bigint NOT NULL DEFAULT 0,
    killmails_total bigint NOT NULL DEFAULT 0,
    killmails_processed bigint NOT NULL DEFAULT 0,
    killmails_changed bigint NOT NULL DEFAULT 0,
    killmails_without_prices bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    completed_at timestamptz,
    cancelled_by text
);
COMMENT ON TABLE revaluation_jobs IS 'requests to compute the values of killmails again, by killmail-api; killmail-enrich processes them part by part';
COMMENT ON COLUMN revaluation_jobs.next_part IS 'the part that is processed next; a repeated event of an earlier part changes nothing';

GRANT SELECT (type_id, name) ON types TO "killmail-api";

-- migrate:down
SET lock_timeout = '5s';
REVOKE SELECT (type_id, name) ON types FROM "killmail-api";
DROP TABLE revaluation_jobs;
ALTER TABLE enriched_killmails
    DROP COLUMN value_source, DROP COLUMN total_value, DROP COLUMN valuation, DROP COLUMN valuation_rules,
    DROP COLUMN valuation_revision;
