-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE mails
    ADD COLUMN fitted_value numeric(20, 2),
    ADD COLUMN dropped_value numeric(20, 2),
    ADD COLUMN unpriced_types integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN mails.unpriced_types IS 'how many types of items have no price, if the value is computed';
COMMENT ON COLUMN mails.fitted_value IS 'the part of value without cargo: the hull and what was in its slots; NULL while unknown';
COMMENT ON COLUMN mails.dropped_value IS 'the part of value that could be looted; NULL while unknown';

ALTER TABLE battle_killmails
    ADD COLUMN fitted_value numeric(20, 2),
    ADD COLUMN dropped_value numeric(20, 2),
    ADD COLUMN unpriced_types integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN battle_killmails.fitted_value IS 'as that of mails; dropped_value likewise';

ALTER TABLE battles
    ADD COLUMN isk_fitted numeric(20, 2),
    ADD COLUMN isk_dropped numeric(20, 2),
    ADD COLUMN kills_without_parts integer,
    ADD COLUMN kills_with_unpriced integer;
COMMENT ON COLUMN battles.kills_with_unpriced IS 'killmails with items without a price; NULL in rows of older releases';
COMMENT ON COLUMN battles.isk_fitted IS 'total_isk_destroyed without cargo; a killmail whose parts are unknown counts with its whole value; NULL in rows of older releases';
COMMENT ON COLUMN battles.isk_dropped IS 'the part of total_isk_destroyed that could be looted, at least; NULL in rows of older releases';
COMMENT ON COLUMN battles.kills_without_parts IS 'killmails with a value whose parts are unknown; NULL in rows of older releases';

ALTER TABLE battle_sides ADD COLUMN isk_lost_fitted numeric(20, 2);
ALTER TABLE battle_side_parties
    ADD COLUMN isk_lost_fitted numeric(20, 2),
    ADD COLUMN second_best_side_id smallint;
COMMENT ON COLUMN battle_side_parties.second_best_side_id IS 'the side that the party fits next best; NULL without one';
COMMENT ON COLUMN battle_sides.isk_lost_fitted IS 'isk_lost without cargo; NULL in rows of older releases';
COMMENT ON COLUMN battle_side_parties.isk_lost_fitted IS 'isk_lost without cargo; NULL in rows of older releases';

ALTER TABLE battle_links ADD COLUMN quiet_limit_seconds integer;
COMMENT ON COLUMN battle_links.quiet_limit_seconds IS
    'the longest silence that the rule bridges; NULL for a merge edit and in rows of older releases';

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE battle_links DROP COLUMN quiet_limit_seconds;
ALTER TABLE battle_side_parties DROP COLUMN isk_lost_fitted, DROP COLUMN second_best_side_id;
ALTER TABLE battle_sides DROP COLUMN isk_lost_fitted;
ALTER TABLE battles DROP COLUMN isk_fitted, DROP COLUMN isk_dropped, DROP COLUMN kills_without_parts,
    DROP COLUMN kills_with_unpriced;
ALTER TABLE battle_killmails DROP COLUMN fitted_value, DROP COLUMN dropped_value, DROP COLUMN unpriced_types;
ALTER TABLE mails DROP COLUMN fitted_value, DROP COLUMN dropped_value, DROP COLUMN unpriced_types;
