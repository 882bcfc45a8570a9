-- migrate:up
SET lock_timeout = '5s';

-- One uploaded manifest is one job. Rows are never deleted: they document the origin of backfilled killmails.
CREATE TABLE historical_ingestion_jobs (
  id uuid PRIMARY KEY,
  manifest_key text NOT NULL,
  manifest_etag text NOT NULL,
  start_date date,
  end_date date,
  source text NOT NULL DEFAULT 'everef' CHECK (source IN ('everef', 'r2z2', 'embedded', 'objects')),
  ruleset_id uuid,
  priority text NOT NULL DEFAULT 'normal' CHECK (priority IN ('low', 'normal', 'high')),
  reason text NOT NULL DEFAULT 'manual' CHECK (length(reason) BETWEEN 1 AND 128),
  requested_by text NOT NULL CHECK (length(requested_by) BETWEEN 1 AND 128),
  status text NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled')),
  total_dates integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  completed_at timestamptz,
  retry_count integer NOT NULL DEFAULT 0,
  error_message text,
  UNIQUE (manifest_key, manifest_etag),
  CHECK (status IN ('failed', 'cancelled') OR start_date IS NOT NULL AND end_date IS NOT NULL),
  CHECK (start_date <= end_date)
);
CREATE INDEX historical_ingestion_jobs_newest ON historical_ingestion_jobs (created_at DESC);
CREATE INDEX historical_ingestion_jobs_open ON historical_ingestion_jobs (priority, created_at)
  WHERE status IN ('pending', 'running', 'paused');
COMMENT ON COLUMN historical_ingestion_jobs.start_date IS 'null where the manifest was invalid and the job failed at once';

-- A day of a job. The sums of a job are computed from its days and not stored separately.
CREATE TABLE historical_job_dates (
  job_id uuid NOT NULL REFERENCES historical_ingestion_jobs (id),
  day date NOT NULL,
  status text NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'running', 'completed', 'failed', 'skipped', 'cancelled')),
  expected integer,
  total integer NOT NULL DEFAULT 0,
  accepted integer NOT NULL DEFAULT 0,
  rejected integer NOT NULL DEFAULT 0,
  known integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
  started_at timestamptz,
  completed_at timestamptz,
  error text,
  PRIMARY KEY (job_id, day)
);
CREATE INDEX historical_job_dates_open ON historical_job_dates (job_id) WHERE status IN ('pending', 'running');
COMMENT ON COLUMN historical_job_dates.expected IS 'what the source''s own totals say the day has; null where it does not say';
COMMENT ON COLUMN historical_job_dates.known IS 'mails that were here before, and so are neither accepted nor rejected again';
COMMENT ON COLUMN historical_job_dates.failed IS 'mails whose body did not fit their hash or could not be read';

-- Chunks of a day that were archived and stored; the outbox holds the event of each until it is published.
CREATE TABLE historical_chunks (
  job_id uuid NOT NULL,
  day date NOT NULL,
  chunk_key text NOT NULL,
  count integer NOT NULL,
  filed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (job_id, day, chunk_key),
  FOREIGN KEY (job_id, day) REFERENCES historical_job_dates (job_id, day)
);

CREATE TABLE verification_history (
  verification_date date PRIMARY KEY,
  status text NOT NULL CHECK (status IN ('running', 'completed', 'failed')),
  total_killmails_expected integer,
  total_killmails_found integer,
  missing_killmails integer,
  requeued_killmails integer,
  job_id uuid,
  started_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  error_message text
);

CREATE TABLE data_retention_jobs (
  id uuid PRIMARY KEY,
  cutoff_date date NOT NULL UNIQUE,
  status text NOT NULL CHECK (status IN ('running', 'completed', 'failed')),
  killmails_deleted bigint NOT NULL DEFAULT 0,
  objects_deleted bigint NOT NULL DEFAULT 0,
  partitions_dropped integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  error_message text
);

CREATE TABLE event_attempts (
  source text NOT NULL,
  id text NOT NULL,
  attempts integer NOT NULL,
  handled boolean NOT NULL DEFAULT false,
  last_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source, id)
);
CREATE INDEX event_attempts_age ON event_attempts (last_at);

-- Leases by name: one worker at a time.
CREATE TABLE leases (
  name text PRIMARY KEY,
  holder uuid NOT NULL,
  until timestamptz NOT NULL
);

-- Only the owner of a table may drop its partitions; this function lets ingest-verify do it.
CREATE FUNCTION drop_killmail_months(before date) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  name text;
  dropped integer := 0;
BEGIN
  FOR name IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'killmail_events'::regclass
      AND to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= before
  LOOP
    EXECUTE format('ALTER TABLE killmail_events DETACH PARTITION %I', name);
    EXECUTE format('DROP TABLE %I', name);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;
REVOKE ALL ON FUNCTION drop_killmail_months(date) FROM PUBLIC;

-- Other writers than the owner need new months as well.
ALTER FUNCTION ensure_killmail_month(timestamptz) SECURITY DEFINER SET search_path = public, pg_temp;
REVOKE ALL ON FUNCTION ensure_killmail_month(timestamptz) FROM PUBLIC;

-- migrate:down
SET lock_timeout = '5s';
DROP FUNCTION drop_killmail_months(date);
GRANT EXECUTE ON FUNCTION ensure_killmail_month(timestamptz) TO PUBLIC;
ALTER FUNCTION ensure_killmail_month(timestamptz) SECURITY INVOKER RESET search_path;
DROP TABLE leases, event_attempts, data_retention_jobs, verification_history, historical_chunks, historical_job_dates,
  historical_ingestion_jobs;
