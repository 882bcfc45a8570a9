-- migrate:up
SET lock_timeout = '5s';

-- Which source live killmails come from, and what was observed of the primary one; both survive a restart.
CREATE TABLE source_failover (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  active text NOT NULL DEFAULT 'primary' CHECK (active IN ('primary', 'standby')),
  since timestamptz NOT NULL DEFAULT now(),
  reason text,
  silent_seconds double precision NOT NULL DEFAULT 0,
  failing_seconds double precision NOT NULL DEFAULT 0,
  working_seconds double precision,
  observed_at timestamptz,
  last_killmail_at timestamptz,
  standby_success_at timestamptz,
  cursor bigint,
  head bigint,
  head_asked_at timestamptz,
  quiet_until timestamptz,
  skip_at timestamptz,
  found_at timestamptz,
  holes integer NOT NULL DEFAULT 0,
  tries integer NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0
);
COMMENT ON COLUMN source_failover.silent_seconds IS 'observed time without a killmail of the primary source';
COMMENT ON COLUMN source_failover.failing_seconds IS 'observed time in which every response of the primary source was unusable';
COMMENT ON COLUMN source_failover.working_seconds IS 'observed time since the primary source works again; null while it does not';
COMMENT ON COLUMN source_failover.last_killmail_at IS 'when the primary source last gave a killmail';
COMMENT ON COLUMN source_failover.cursor IS 'this and the following columns: position in the standby source';
INSERT INTO source_failover DEFAULT VALUES;

CREATE TABLE source_switches (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  active text NOT NULL,
  reason text NOT NULL,
  switched_at timestamptz NOT NULL DEFAULT now()
);

-- Killmails that a list of the standby source names and ESI does not give, or gives as no valid killmail.
CREATE TABLE unavailable_listings (
  killmail_id bigint PRIMARY KEY,
  reason text NOT NULL,
  tries integer NOT NULL DEFAULT 1,
  due_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE ingestion_stats_hourly ADD COLUMN from_standby bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN ingestion_stats_hourly.from_standby IS 'killmails first received from the standby source';

GRANT SELECT ON source_failover, source_switches, unavailable_listings TO "ingest-api";

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE ingestion_stats_hourly DROP COLUMN from_standby;
DROP TABLE unavailable_listings, source_switches, source_failover;
