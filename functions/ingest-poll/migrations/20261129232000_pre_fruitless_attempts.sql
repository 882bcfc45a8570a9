-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE historical_job_dates ADD COLUMN fruitless_attempts integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN historical_job_dates.fruitless_attempts IS 'requests of the day since it last made progress';
GRANT UPDATE (fruitless_attempts) ON historical_job_dates TO "ingest-api";

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE historical_job_dates DROP COLUMN fruitless_attempts;
