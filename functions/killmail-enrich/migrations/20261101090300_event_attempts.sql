-- migrate:up
SET lock_timeout = '5s';

-- How often the processing of each event was begun. Unlogged: after a crash events are processed again, which is
-- idempotent.
CREATE UNLOGGED TABLE event_attempts (
    source text NOT NULL,
    event_id text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    handled boolean NOT NULL DEFAULT false,
    last_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, event_id)
) WITH (fillfactor = 80);

-- migrate:down
DROP TABLE event_attempts;
