-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE solar_systems
    ADD COLUMN system_effect text,
    ADD COLUMN adjacent_system_ids bigint[],
    ADD COLUMN nearby_system_ids bigint[];
COMMENT ON COLUMN solar_systems.system_effect IS 'of its secondary sun; NULL without one, and while unknown';
COMMENT ON COLUMN solar_systems.adjacent_system_ids IS 'within one gate jump; NULL without stargates, and while unknown';
COMMENT ON COLUMN solar_systems.nearby_system_ids IS 'within two gate jumps; NULL likewise';

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE solar_systems
    DROP COLUMN system_effect, DROP COLUMN adjacent_system_ids, DROP COLUMN nearby_system_ids;
