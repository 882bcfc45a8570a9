-- migrate:up
SET lock_timeout = '5s';

CREATE TABLE entity_names (
    entity_id bigint PRIMARY KEY,
    entity_type text CHECK (entity_type IN ('character', 'corporation', 'alliance', 'faction')),
    entity_name text,
    fetched_at timestamptz NOT NULL
);
COMMENT ON COLUMN entity_names.entity_name IS 'NULL where the game says that there is no such entity';

-- Names that could not be resolved in time, and the killmails that wait for them; killmail 0 stands for a refresh.
CREATE TABLE wanted_names (
    entity_id bigint NOT NULL,
    killmail_id bigint NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entity_id, killmail_id)
);
CREATE INDEX wanted_names_killmail ON wanted_names (killmail_id);

CREATE TABLE outbox (
    message_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    headers jsonb NOT NULL,
    body bytea NOT NULL
);

GRANT SELECT ON wanted_names TO "killmail-api";

-- migrate:down
DROP TABLE outbox, wanted_names, entity_names;
