-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE historical_job_dates ADD COLUMN decided_until bigint;
COMMENT ON COLUMN historical_job_dates.decided_until
  IS 'days whose mails are fetched one by one: every id up to this one is decided, so that none is asked for twice';

-- One outbox per Broker: ingest-poll publishes `outbox` to `killmails`, ingest-backfill publishes this one to `backfill`.
CREATE TABLE backfill_outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  headers jsonb NOT NULL,
  body bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Cooldown of each source; it holds for every function that requests the source and after every restart.
CREATE TABLE source_manners (
  source text PRIMARY KEY,
  quiet_until timestamptz,
  bans integer NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  reason text
);

GRANT SELECT, INSERT, UPDATE ON historical_ingestion_jobs, historical_job_dates, historical_chunks, source_manners
  TO "ingest-backfill";
GRANT SELECT ON rulesets TO "ingest-backfill";
GRANT SELECT, INSERT ON killmail_ids, killmail_events, rejected_killmails TO "ingest-backfill";
GRANT SELECT, INSERT, UPDATE, DELETE ON leases, backfill_outbox TO "ingest-backfill";
GRANT EXECUTE ON FUNCTION ensure_killmail_month(timestamptz) TO "ingest-backfill";

-- migrate:down
SET lock_timeout = '5s';
REVOKE ALL ON FUNCTION ensure_killmail_month(timestamptz) FROM "ingest-backfill";
REVOKE ALL ON historical_ingestion_jobs, historical_job_dates, historical_chunks, rulesets, killmail_ids,
  killmail_events, rejected_killmails, leases FROM "ingest-backfill";
DROP TABLE source_manners, backfill_outbox;
ALTER TABLE historical_job_dates DROP COLUMN decided_until;
