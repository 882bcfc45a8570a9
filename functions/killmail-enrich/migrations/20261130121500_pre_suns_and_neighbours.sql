-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE systems
    ADD COLUMN adjacent_system_ids bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN sun_type_id bigint;
COMMENT ON COLUMN systems.adjacent_system_ids IS 'within one gate jump, itself excluded';
COMMENT ON COLUMN systems.sun_type_id IS 'of its secondary sun, whose effect holds in the whole system; NULL without one';
GRANT SELECT (sun_type_id) ON systems TO "killmail-api";

-- migrate:down
SET lock_timeout = '5s';
REVOKE SELECT (sun_type_id) ON systems FROM "killmail-api";
ALTER TABLE systems DROP COLUMN adjacent_system_ids, DROP COLUMN sun_type_id;
