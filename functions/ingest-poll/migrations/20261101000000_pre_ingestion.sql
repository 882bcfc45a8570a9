-- migrate:up
SET lock_timeout = '5s';

CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $$;

CREATE TABLE rulesets (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  description text,
  min_pilots integer NOT NULL DEFAULT 2 CHECK (min_pilots BETWEEN 1 AND 500),
  tracked_alliance_ids bigint[] NOT NULL DEFAULT '{}' CHECK (cardinality(tracked_alliance_ids) <= 250),
  tracked_corp_ids bigint[] NOT NULL DEFAULT '{}' CHECK (cardinality(tracked_corp_ids) <= 250),
  tracked_character_ids bigint[] NOT NULL DEFAULT '{}' CHECK (cardinality(tracked_character_ids) <= 250),
  tracked_system_ids bigint[] NOT NULL DEFAULT '{}' CHECK (cardinality(tracked_system_ids) <= 1000),
  tracked_security_types text[] NOT NULL DEFAULT '{}'
    CHECK (tracked_security_types <@ ARRAY['highsec', 'lowsec', 'nullsec', 'wormhole', 'pochven']),
  ignore_unlisted boolean NOT NULL DEFAULT false,
  exclude_npc boolean NOT NULL DEFAULT false,
  is_active boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text CHECK (length(updated_by) <= 128),
  CHECK (NOT ignore_unlisted
    OR cardinality(tracked_alliance_ids) + cardinality(tracked_corp_ids) + cardinality(tracked_character_ids) > 0)
);
CREATE UNIQUE INDEX rulesets_one_active ON rulesets (is_active) WHERE is_active;
CREATE TRIGGER rulesets_updated_at BEFORE UPDATE ON rulesets FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE ruleset_history (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ruleset_id uuid NOT NULL,
  version jsonb NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ruleset_history_ruleset ON ruleset_history (ruleset_id, changed_at DESC);

CREATE FUNCTION keep_ruleset_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ruleset_history (ruleset_id, version) VALUES (NEW.id, to_jsonb(NEW));
  RETURN NULL;
END $$;
CREATE TRIGGER rulesets_history AFTER INSERT OR UPDATE ON rulesets
  FOR EACH ROW EXECUTE FUNCTION keep_ruleset_version();

INSERT INTO rulesets (name, description, is_active, updated_by)
VALUES ('default', 'Everything in which two pilots met.', true, 'migration');

-- Every ingested killmail, accepted or rejected. Partitions cannot keep an id unique across months; this table does.
CREATE TABLE killmail_ids (
  killmail_id bigint PRIMARY KEY,
  occurred_at timestamptz NOT NULL
);
CREATE INDEX killmail_ids_occurred_at ON killmail_ids USING brin (occurred_at);

CREATE TABLE killmail_events (
  killmail_id bigint NOT NULL,
  zkb_hash text NOT NULL,
  system_id bigint NOT NULL,
  occurred_at timestamptz NOT NULL,
  ingested_at timestamptz NOT NULL DEFAULT now(),
  victim_alliance_id bigint,
  victim_corp_id bigint,
  victim_character_id bigint,
  attacker_alliance_ids bigint[] NOT NULL DEFAULT '{}',
  attacker_corp_ids bigint[] NOT NULL DEFAULT '{}',
  pilot_count integer NOT NULL,
  isk_value numeric(20, 2),
  zkb_url text NOT NULL,
  source text NOT NULL DEFAULT 'live',
  historical_job_id uuid,
  ruleset_id uuid,
  processed_at timestamptz,
  battle_id uuid,
  archive_key text NOT NULL,
  PRIMARY KEY (killmail_id, occurred_at)
) PARTITION BY RANGE (occurred_at);
-- No B-tree index by time or system: each would slow down every insert, and no query needs it.
CREATE INDEX killmail_events_occurred_at ON killmail_events USING brin (occurred_at);
CREATE INDEX killmail_events_job ON killmail_events (historical_job_id) WHERE historical_job_id IS NOT NULL;

-- Called by the writer in its own transaction. CREATE and then ATTACH, because CREATE … PARTITION OF would block the
-- readers of all months; the advisory lock serializes two writers of the same new month.
CREATE FUNCTION ensure_killmail_month(moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  first timestamptz := date_trunc('month', moment AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
  after timestamptz := (date_trunc('month', moment AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
  name text := 'killmail_events_' || to_char(moment AT TIME ZONE 'UTC', 'YYYY_MM');
BEGIN
  IF to_regclass(name) IS NOT NULL THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('ensure_killmail_month'));
  IF to_regclass(name) IS NOT NULL THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE killmail_events INCLUDING DEFAULTS)', name);
  EXECUTE format('ALTER TABLE killmail_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, first, after);
END $$;

-- Rejected killmails per day of the kill, so that the daily verification does not count them as missing.
CREATE TABLE rejected_killmails (
  day date NOT NULL,
  killmail_id bigint NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (day, killmail_id)
);

CREATE TABLE refused_bodies (
  event_id uuid PRIMARY KEY,
  sequence_id bigint NOT NULL,
  url text NOT NULL,
  reason text NOT NULL,
  excerpt text NOT NULL,
  archive_key text NOT NULL,
  refused_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refused_bodies_refused_at ON refused_bodies (refused_at DESC);

CREATE TABLE ingestion_stats_hourly (
  hour timestamptz PRIMARY KEY,
  received bigint NOT NULL DEFAULT 0,
  accepted bigint NOT NULL DEFAULT 0,
  duplicate bigint NOT NULL DEFAULT 0,
  refused bigint NOT NULL DEFAULT 0,
  rejected_min_pilots bigint NOT NULL DEFAULT 0,
  rejected_system bigint NOT NULL DEFAULT 0,
  rejected_security bigint NOT NULL DEFAULT 0,
  rejected_entity bigint NOT NULL DEFAULT 0,
  rejected_npc bigint NOT NULL DEFAULT 0,
  security_guessed bigint NOT NULL DEFAULT 0
);

-- One row: position, health and lease holder of the poller.
CREATE TABLE ingestion_status (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  last_poll_at timestamptz,
  last_successful_poll_at timestamptz,
  last_killmail_id bigint,
  last_sequence bigint,
  head bigint,
  head_asked_at timestamptz,
  quiet_until timestamptz,
  skip_at timestamptz,
  found_at timestamptz,
  holes integer NOT NULL DEFAULT 0,
  tries integer NOT NULL DEFAULT 0,
  consecutive_failures integer NOT NULL DEFAULT 0,
  bans integer NOT NULL DEFAULT 0,
  is_healthy boolean NOT NULL DEFAULT true,
  lease_holder uuid,
  lease_until timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN ingestion_status.last_sequence IS 'the next sequence to ask the feed for; everything before is filed';
CREATE TRIGGER ingestion_status_updated_at BEFORE UPDATE ON ingestion_status
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
INSERT INTO ingestion_status DEFAULT VALUES;

-- Skipped sequences: single holes, expired ranges, files that never became readable.
CREATE TABLE feed_gaps (
  first_sequence bigint PRIMARY KEY,
  last_sequence bigint NOT NULL CHECK (last_sequence >= first_sequence),
  reason text NOT NULL,
  after_time timestamptz,
  found_at timestamptz NOT NULL DEFAULT now(),
  filled_at timestamptz
);
COMMENT ON COLUMN feed_gaps.after_time IS 'when the feed last gave a file before the gap';
CREATE INDEX feed_gaps_open ON feed_gaps (found_at) WHERE filled_at IS NULL;

-- Rewritten files that must be read again; the feed announces a rewrite only once.
CREATE TABLE feed_rereads (
  sequence_id bigint PRIMARY KEY,
  due_at timestamptz NOT NULL DEFAULT now(),
  tries integer NOT NULL DEFAULT 0
);

CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  headers jsonb NOT NULL,
  body bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  failure text
);
COMMENT ON COLUMN outbox.failure IS 'why the Broker will never take it; such rows wait for an operator';

-- migrate:down
SET lock_timeout = '5s';
DROP TABLE outbox, feed_rereads, feed_gaps, ingestion_status, ingestion_stats_hourly, refused_bodies,
  rejected_killmails, killmail_events, killmail_ids, ruleset_history, rulesets;
DROP FUNCTION ensure_killmail_month(timestamptz);
DROP FUNCTION keep_ruleset_version();
DROP FUNCTION set_updated_at();
