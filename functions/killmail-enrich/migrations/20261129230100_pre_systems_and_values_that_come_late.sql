-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE enriched_killmails
    ALTER COLUMN system_name DROP NOT NULL,
    ALTER COLUMN constellation_id DROP NOT NULL,
    ALTER COLUMN region_id DROP NOT NULL,
    ALTER COLUMN region_name DROP NOT NULL,
    ALTER COLUMN security_status DROP NOT NULL,
    ALTER COLUMN security_type DROP NOT NULL,
    ADD COLUMN value_revision integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN enriched_killmails.region_id IS 'NULL, like the other columns of the location, while the static data lacks the system';
COMMENT ON COLUMN enriched_killmails.value_revision IS 'how often the feed has changed the value; an older reference changes nothing';

CREATE TABLE waiting_killmails (
    killmail_id bigint PRIMARY KEY,
    system_id bigint NOT NULL,
    reference jsonb NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE waiting_killmails IS 'killmails in systems that the static data lacks; published after an import that has them';

-- migrate:down
SET lock_timeout = '5s';
DELETE FROM enriched_killmails WHERE region_id IS NULL;
DROP TABLE waiting_killmails;
ALTER TABLE enriched_killmails
    ALTER COLUMN system_name SET NOT NULL,
    ALTER COLUMN constellation_id SET NOT NULL,
    ALTER COLUMN region_id SET NOT NULL,
    ALTER COLUMN region_name SET NOT NULL,
    ALTER COLUMN security_status SET NOT NULL,
    ALTER COLUMN security_type SET NOT NULL,
    DROP COLUMN value_revision;
