-- migrate:up
SET lock_timeout = '5s';

-- What a process of the release before has recorded during the deployment.
INSERT INTO upstream_cooldowns AS stored (upstream, quiet_until, bans, failures, reason)
SELECT source, quiet_until, bans, failures, reason FROM source_manners WHERE quiet_until > now()
ON CONFLICT (upstream) DO UPDATE SET quiet_until = greatest(stored.quiet_until, excluded.quiet_until),
  bans = greatest(stored.bans, excluded.bans), failures = greatest(stored.failures, excluded.failures);
DROP TABLE source_manners;
ALTER TABLE ingestion_status DROP COLUMN bans;
COMMENT ON COLUMN ingestion_status.quiet_until IS 'no request for the feed''s next file before this time';

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE ingestion_status ADD COLUMN bans integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN ingestion_status.quiet_until IS NULL;
CREATE TABLE source_manners (
  source text PRIMARY KEY,
  quiet_until timestamptz,
  bans integer NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  reason text
);
INSERT INTO source_manners (source, quiet_until, bans, failures, reason)
SELECT upstream, quiet_until, bans, failures, reason FROM upstream_cooldowns;
GRANT SELECT, INSERT, UPDATE ON source_manners TO "ingest-backfill", "ingest-verify";
