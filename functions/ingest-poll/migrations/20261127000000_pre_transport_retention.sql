-- migrate:up
SET lock_timeout = '5s';

-- Transient objects are deleted after days. Their keys do not sort by age, so a cleanup stores its progress.
ALTER TABLE data_retention_jobs
  ADD COLUMN transport_deleted bigint NOT NULL DEFAULT 0,
  ADD COLUMN transport_looked_at text NOT NULL DEFAULT '';
COMMENT ON COLUMN data_retention_jobs.transport_deleted IS 'chunks, and planned copies of manifests whose jobs ended';
COMMENT ON COLUMN data_retention_jobs.transport_looked_at IS 'every key up to this one was looked at';

-- One cooldown per host, shared by all functions that request it.
GRANT SELECT, INSERT, UPDATE ON source_manners TO "ingest-verify";

-- migrate:down
SET lock_timeout = '5s';
REVOKE ALL ON source_manners FROM "ingest-verify";
ALTER TABLE data_retention_jobs DROP COLUMN transport_looked_at, DROP COLUMN transport_deleted;
