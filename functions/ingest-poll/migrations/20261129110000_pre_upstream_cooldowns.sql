-- migrate:up
SET lock_timeout = '5s';

-- Cooldown of each upstream; it holds for every function that requests the upstream and after every restart.
CREATE TABLE upstream_cooldowns (
  upstream text PRIMARY KEY,
  quiet_until timestamptz,
  bans integer NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  reason text,
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN upstream_cooldowns.quiet_until IS 'no request before this time';
COMMENT ON COLUMN upstream_cooldowns.bans IS 'responses 403 since the last answer';
COMMENT ON COLUMN upstream_cooldowns.failures IS 'other refusals and failures since the last answer';

-- A ban goes on during the deployment.
INSERT INTO upstream_cooldowns (upstream, quiet_until, bans, failures, reason)
SELECT source, quiet_until, bans, failures, reason FROM source_manners;
INSERT INTO upstream_cooldowns AS stored (upstream, quiet_until, bans)
SELECT 'r2z2', quiet_until, bans FROM ingestion_status WHERE bans > 0
ON CONFLICT (upstream) DO UPDATE SET quiet_until = greatest(stored.quiet_until, excluded.quiet_until),
  bans = greatest(stored.bans, excluded.bans);

GRANT SELECT, INSERT, UPDATE ON upstream_cooldowns TO "ingest-api", "ingest-backfill", "ingest-verify";

-- migrate:down
SET lock_timeout = '5s';
DROP TABLE upstream_cooldowns;
