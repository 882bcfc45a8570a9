-- migrate:up
SET lock_timeout = '5s';

-- Cooldown of each upstream; it holds for every process and after every restart.
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

-- migrate:down
SET lock_timeout = '5s';
DROP TABLE upstream_cooldowns;
