-- migrate:up
SET lock_timeout = '5s';
GRANT SELECT ON killmail_ids, rejected_killmails, refused_bodies, historical_ingestion_jobs, historical_job_dates,
  feed_gaps, verification_history, data_retention_jobs, event_attempts, outbox TO "ingest-verify";
GRANT INSERT, UPDATE ON verification_history, data_retention_jobs TO "ingest-verify";
GRANT INSERT, UPDATE, DELETE ON event_attempts TO "ingest-verify";
GRANT INSERT, DELETE ON outbox TO "ingest-verify";
GRANT UPDATE (failure) ON outbox TO "ingest-verify"; -- row locks while it is being delivered
GRANT UPDATE (filled_at) ON feed_gaps TO "ingest-verify";
GRANT DELETE ON killmail_ids, rejected_killmails, refused_bodies TO "ingest-verify";
GRANT EXECUTE ON FUNCTION drop_killmail_months(date) TO "ingest-verify";

-- migrate:down
SET lock_timeout = '5s';
REVOKE ALL ON killmail_ids, rejected_killmails, refused_bodies, historical_ingestion_jobs, historical_job_dates,
  feed_gaps, verification_history, data_retention_jobs, event_attempts, outbox FROM "ingest-verify";
REVOKE ALL ON FUNCTION drop_killmail_months(date) FROM "ingest-verify";
