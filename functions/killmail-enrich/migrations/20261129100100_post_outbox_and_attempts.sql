-- migrate:up
SET lock_timeout = '5s';
LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE; -- whatever an instance of the old version writes now is moved too
INSERT INTO outbox_messages (broker, headers, body) SELECT 'killmails', headers, body FROM outbox ORDER BY message_id;
DROP TABLE outbox, event_attempts;

-- migrate:down
SET lock_timeout = '5s';
CREATE TABLE outbox (
    message_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    headers jsonb NOT NULL,
    body bytea NOT NULL
);
CREATE UNLOGGED TABLE event_attempts (
    source text NOT NULL,
    event_id text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    handled boolean NOT NULL DEFAULT false,
    last_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, event_id)
) WITH (fillfactor = 80);
INSERT INTO outbox (headers, body) SELECT headers, body FROM outbox_messages WHERE parked_at IS NULL ORDER BY id;
DELETE FROM outbox_messages WHERE parked_at IS NULL;
