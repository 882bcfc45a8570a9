-- migrate:up
SET lock_timeout = '5s';
LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE; -- whatever an instance of the old version writes now is moved too
INSERT INTO outbox_messages (broker, headers, body, created_at)
SELECT 'battles', headers, body, created_at FROM outbox ORDER BY seq;
DROP TABLE outbox, event_attempts;

-- migrate:down
SET lock_timeout = '5s';
CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNLOGGED TABLE event_attempts (
    source text NOT NULL,
    id text NOT NULL,
    attempts integer NOT NULL,
    handled boolean NOT NULL DEFAULT false,
    last_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, id)
);
CREATE INDEX event_attempts_age ON event_attempts (last_at);
GRANT SELECT, INSERT, DELETE ON outbox TO "battle-api", "battle-close";
GRANT UPDATE (created_at) ON outbox TO "battle-api", "battle-close"; -- row locks while it is being delivered
GRANT SELECT, INSERT, UPDATE, DELETE ON event_attempts TO "battle-close";
INSERT INTO outbox (headers, body, created_at)
SELECT headers, body, created_at FROM outbox_messages WHERE parked_at IS NULL ORDER BY id;
DELETE FROM outbox_messages WHERE parked_at IS NULL;
