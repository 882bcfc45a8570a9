-- migrate:up
SET lock_timeout = '5s';

-- A range is of the first killmails of battles, its end exclusive; null where it is open.
CREATE TABLE republish_jobs (
    id uuid PRIMARY KEY,
    start_time timestamptz,
    end_time timestamptz,
    requested_by text NOT NULL CHECK (length(requested_by) BETWEEN 1 AND 128),
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed', 'cancelled')),
    part integer NOT NULL DEFAULT 0,
    position_time timestamptz,
    position_id uuid,
    battles_total integer NOT NULL DEFAULT 0,
    battles_processed integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    cancelled_by text,
    CHECK (start_time < end_time)
);
CREATE INDEX republish_jobs_newest ON republish_jobs (created_at DESC);
COMMENT ON COLUMN republish_jobs.part IS 'Parts done; the event that asks for another part is an old one.';
COMMENT ON COLUMN republish_jobs.battles_total IS 'counted by the first part; deleted battles included';

-- Deletions are republished too; beside battles_by_start, which has all other battles.
CREATE INDEX battles_deleted_by_start ON battles (start_time, id) WHERE deleted_at IS NOT NULL;

GRANT SELECT, INSERT ON republish_jobs TO "battle-api";
GRANT UPDATE (status, cancelled_by, completed_at) ON republish_jobs TO "battle-api";

-- migrate:down
SET lock_timeout = '5s';
DROP INDEX battles_deleted_by_start;
DROP TABLE republish_jobs;
