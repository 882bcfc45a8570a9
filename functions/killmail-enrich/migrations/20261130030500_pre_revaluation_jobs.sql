-- migrate:up
SET lock_timeout = '5s';

CREATE TABLE revaluation_jobs (
    id uuid PRIMARY KEY,
    first_day date NOT NULL,
    last_day date NOT NULL,
    requested_by text NOT NULL CHECK (length(requested_by) BETWEEN 1 AND 128),
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed', 'cancelled')),
    part integer NOT NULL DEFAULT 0,
    position_day date NOT NULL,
    position_id bigint NOT NULL DEFAULT 0,
    killmails_read bigint NOT NULL DEFAULT 0,
    killmails_changed bigint NOT NULL DEFAULT 0,
    killmails_without_prices bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    cancelled_by text,
    CHECK (first_day <= last_day)
);
CREATE INDEX revaluation_jobs_newest ON revaluation_jobs (created_at DESC);
COMMENT ON TABLE revaluation_jobs IS 'compute the values of stored killmails again, both days included';
COMMENT ON COLUMN revaluation_jobs.part IS 'Parts done; the event that asks for another part is an old one.';
COMMENT ON COLUMN revaluation_jobs.position_id IS 'the last killmail of position_day that was read';
COMMENT ON COLUMN revaluation_jobs.killmails_without_prices IS 'they are valued when the prices of their days are loaded';

GRANT SELECT, INSERT ON revaluation_jobs TO "killmail-api";
GRANT UPDATE (status, cancelled_by, completed_at) ON revaluation_jobs TO "killmail-api";
GRANT SELECT, INSERT, DELETE ON outbox_messages TO "killmail-api";
GRANT UPDATE (parked_at, parked_reason) ON outbox_messages TO "killmail-api";

-- migrate:down
SET lock_timeout = '5s';
REVOKE SELECT, INSERT, DELETE ON outbox_messages FROM "killmail-api";
REVOKE UPDATE (parked_at, parked_reason) ON outbox_messages FROM "killmail-api";
DROP TABLE revaluation_jobs;
