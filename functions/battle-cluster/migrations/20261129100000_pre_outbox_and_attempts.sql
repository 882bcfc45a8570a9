-- migrate:up
SET lock_timeout = '5s';

-- Messages are written in the transaction that they describe, and deleted once their Broker has accepted them.
CREATE TABLE outbox_messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    broker text NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    parked_at timestamptz,
    parked_reason text
);
CREATE INDEX outbox_messages_waiting ON outbox_messages (broker, id) WHERE parked_at IS NULL;
CREATE INDEX outbox_messages_parked ON outbox_messages (broker) WHERE parked_at IS NOT NULL;
COMMENT ON COLUMN outbox_messages.broker IS 'the Broker that this message is for; functions of one database may publish to different Brokers';
COMMENT ON COLUMN outbox_messages.parked_at IS 'when the Broker refused the message for good; it waits for an operator';

-- Unlogged: after a crash events are processed again, which is idempotent.
CREATE UNLOGGED TABLE delivery_attempts (
    source text NOT NULL,
    event_id text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    is_processed boolean NOT NULL DEFAULT false,
    last_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, event_id)
) WITH (fillfactor = 80);
CREATE INDEX delivery_attempts_age ON delivery_attempts (last_at);
COMMENT ON COLUMN delivery_attempts.attempts IS 'how often the processing of the event was begun';

GRANT SELECT, INSERT, DELETE ON outbox_messages TO "battle-api", "battle-close";
-- Parks what the Broker refuses, and locks rows while they are published.
GRANT UPDATE (parked_at, parked_reason) ON outbox_messages TO "battle-api", "battle-close";

-- migrate:down
SET lock_timeout = '5s';
DROP TABLE outbox_messages, delivery_attempts;
