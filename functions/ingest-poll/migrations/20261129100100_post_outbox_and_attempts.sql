-- migrate:up
SET lock_timeout = '5s';
-- Whatever an instance of the old version writes now is moved too.
LOCK TABLE outbox, backfill_outbox IN ACCESS EXCLUSIVE MODE;
INSERT INTO outbox_messages (broker, headers, body, created_at, parked_at, parked_reason)
SELECT 'killmails', headers, body, created_at, CASE WHEN failure IS NOT NULL THEN now() END, failure
FROM outbox ORDER BY id;
INSERT INTO outbox_messages (broker, headers, body, created_at)
SELECT 'backfill', headers, body, created_at FROM backfill_outbox ORDER BY id;
DROP TABLE outbox, backfill_outbox, event_attempts;

-- migrate:down
SET lock_timeout = '5s';
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  headers jsonb NOT NULL,
  body bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  failure text
);
COMMENT ON COLUMN outbox.failure IS 'why the Broker will never take it; such rows wait for an operator';
CREATE TABLE backfill_outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  headers jsonb NOT NULL,
  body bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
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
GRANT SELECT, INSERT, DELETE ON outbox TO "ingest-api", "ingest-verify";
GRANT UPDATE (failure) ON outbox TO "ingest-api", "ingest-verify"; -- row locks while it is being delivered
GRANT SELECT, INSERT, UPDATE, DELETE ON backfill_outbox TO "ingest-backfill";
GRANT SELECT, INSERT, UPDATE, DELETE ON event_attempts TO "ingest-verify";
INSERT INTO outbox (headers, body, created_at, failure)
SELECT headers, body, created_at, parked_reason FROM outbox_messages WHERE broker = 'killmails' ORDER BY id;
INSERT INTO backfill_outbox (headers, body, created_at)
SELECT headers, body, created_at FROM outbox_messages WHERE broker = 'backfill' AND parked_at IS NULL ORDER BY id;
DELETE FROM outbox_messages WHERE broker = 'killmails' OR parked_at IS NULL;
