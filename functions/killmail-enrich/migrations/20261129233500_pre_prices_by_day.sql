-- migrate:up
SET lock_timeout = '5s';

-- Part of the static data: what it takes to build a product.
CREATE TABLE blueprints (
    product_type_id bigint PRIMARY KEY,
    blueprint_type_id bigint NOT NULL,
    batch bigint NOT NULL,
    material_type_ids bigint[] NOT NULL,
    quantities bigint[] NOT NULL
);
COMMENT ON COLUMN blueprints.batch IS 'units that one run makes';
ALTER TABLE static_data ADD COLUMN imported_tables bigint NOT NULL DEFAULT 6;
COMMENT ON COLUMN static_data.imported_tables IS 'a release that imports more tables imports the same build again';

-- Daily average prices of the market; each day of a year is a value in the bytes (killmail_enrich/prices/year_series.py).
CREATE TABLE market_prices (
    type_id integer NOT NULL,
    region_id integer NOT NULL,
    year smallint NOT NULL,
    prices bytea NOT NULL,
    PRIMARY KEY (type_id, year, region_id)
) WITH (autovacuum_vacuum_scale_factor = 0.05); -- each day rewrites the series of its year, a tenth of the rows
ALTER TABLE market_prices ALTER COLUMN prices SET STORAGE EXTERNAL;
COMMENT ON COLUMN market_prices.prices IS 'compressed already; days of the year with their price in cents';

CREATE TABLE market_days (
    day date PRIMARY KEY,
    listed_rows bigint NOT NULL DEFAULT 0,
    loaded_rows bigint,
    loaded_listed_rows bigint,
    loaded_at timestamptz,
    refusals bigint NOT NULL DEFAULT 0,
    refused_at timestamptz,
    refusal text
);
COMMENT ON COLUMN market_days.listed_rows IS 'rows of the file by the list of the source; 0: not listed';
COMMENT ON COLUMN market_days.loaded_rows IS 'rows of the file that is stored; NULL: none is';
COMMENT ON COLUMN market_days.loaded_listed_rows IS 'listed_rows when it was loaded; another number now: it was rewritten';
COMMENT ON COLUMN market_days.refusals IS 'how often the file was unusable since its listed rows changed';

CREATE TABLE market_source (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    listed_at timestamptz,
    failed_at timestamptz,
    failure text
);
COMMENT ON COLUMN market_source.listed_at IS 'when the list of the source was read last';
COMMENT ON COLUMN market_source.failure IS 'why the last request failed; NULL after a success';

CREATE TABLE wanted_price_days (
    day date PRIMARY KEY,
    since timestamptz NOT NULL DEFAULT now(),
    requests bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    retry_at timestamptz NOT NULL DEFAULT now() + interval '10 minutes'
);
COMMENT ON TABLE wanted_price_days IS 'days of killmails whose prices are not all loaded yet; prices.day-loaded follows once they are';

-- migrate:down
SET lock_timeout = '5s';
DROP TABLE wanted_price_days;
DROP TABLE market_source;
DROP TABLE market_days;
DROP TABLE market_prices;
ALTER TABLE static_data DROP COLUMN imported_tables;
DROP TABLE blueprints;
