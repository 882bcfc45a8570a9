-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE mails
    ADD COLUMN valuation_revision integer NOT NULL DEFAULT 0,
    ADD COLUMN value_basis text CHECK (value_basis IN ('unknown', 'zkb', 'computed-high', 'computed-medium', 'computed-low'));
COMMENT ON COLUMN mails.valuation_revision IS 'how often the value was computed again; within a value_revision the highest one counts';
COMMENT ON COLUMN mails.value_basis IS 'where the value comes from, and how sure a computed one is; NULL in rows of older releases, whose values are from zKillboard';

ALTER TABLE battle_killmails ADD COLUMN value_basis text;
COMMENT ON COLUMN battle_killmails.value_basis IS 'as that of mails; NULL in rows of older releases';

ALTER TABLE battles
    ADD COLUMN isk_computed_high numeric(20, 2) NOT NULL DEFAULT 0,
    ADD COLUMN isk_computed_medium numeric(20, 2) NOT NULL DEFAULT 0,
    ADD COLUMN isk_computed_low numeric(20, 2) NOT NULL DEFAULT 0,
    ADD COLUMN kills_without_value integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN battles.isk_computed_high IS 'the part of total_isk_destroyed that is computed with high confidence; medium and low likewise';
COMMENT ON COLUMN battles.kills_without_value IS 'killmails whose value is unknown; they add nothing to total_isk_destroyed';

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE battles
    DROP COLUMN isk_computed_high, DROP COLUMN isk_computed_medium, DROP COLUMN isk_computed_low,
    DROP COLUMN kills_without_value;
ALTER TABLE battle_killmails DROP COLUMN value_basis;
ALTER TABLE mails DROP COLUMN value_basis, DROP COLUMN valuation_revision;
