-- migrate:up
SET lock_timeout = '5s';

-- Systems and types with their regions and groups, from CCP's static data export. Each build replaces all rows.
CREATE TABLE static_data (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    build_number bigint NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE categories (
    category_id bigint PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE groups (
    group_id bigint PRIMARY KEY,
    name text NOT NULL,
    category_id bigint NOT NULL
);

-- No foreign key to groups: the export lists types whose groups it does not list.
CREATE TABLE types (
    type_id bigint PRIMARY KEY,
    name text NOT NULL,
    group_id bigint NOT NULL
);

CREATE TABLE regions (
    region_id bigint PRIMARY KEY,
    name text NOT NULL,
    wormhole_class smallint
);

CREATE TABLE constellations (
    constellation_id bigint PRIMARY KEY,
    name text NOT NULL,
    region_id bigint NOT NULL,
    wormhole_class smallint
);

CREATE TABLE systems (
    system_id bigint PRIMARY KEY,
    name text NOT NULL,
    constellation_id bigint NOT NULL,
    region_id bigint NOT NULL,
    security_status double precision NOT NULL,
    wormhole_class smallint,
    nearby_system_ids bigint[] NOT NULL DEFAULT '{}'
);
COMMENT ON COLUMN systems.wormhole_class IS 'its own; where it has none its constellation''s, else its region''s';
COMMENT ON COLUMN systems.nearby_system_ids IS 'within two gate jumps, itself excluded';

-- migrate:down
DROP TABLE static_data, categories, groups, types, regions, constellations, systems;
