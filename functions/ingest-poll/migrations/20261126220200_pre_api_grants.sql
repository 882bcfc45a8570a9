-- migrate:up
SET lock_timeout = '5s';
GRANT SELECT ON rulesets, ruleset_history, killmail_ids, killmail_events, ingestion_stats_hourly, ingestion_status,
  feed_gaps, historical_ingestion_jobs, historical_job_dates, verification_history, data_retention_jobs, outbox
  TO "ingest-api";
GRANT INSERT, UPDATE, DELETE ON rulesets TO "ingest-api";
GRANT INSERT ON ruleset_history TO "ingest-api"; -- by the trigger that keeps every version
GRANT UPDATE (status, completed_at, retry_count, error_message) ON historical_ingestion_jobs TO "ingest-api";
GRANT UPDATE (status, error) ON historical_job_dates TO "ingest-api";
GRANT INSERT, DELETE ON outbox TO "ingest-api";
GRANT UPDATE (failure) ON outbox TO "ingest-api"; -- row locks while it is being delivered

-- migrate:down
SET lock_timeout = '5s';
REVOKE ALL ON rulesets, ruleset_history, killmail_ids, killmail_events, ingestion_stats_hourly, ingestion_status,
  feed_gaps, historical_ingestion_jobs, historical_job_dates, verification_history, data_retention_jobs, outbox
  FROM "ingest-api";
