-- migrate:up
-- Each index is written with every row. No statement reads battles by system among the open ones: battle-close reads
-- them by time. A killmail is in one battle, so its id is the key of battle_killmails alone, and
-- battle_killmails_in_time finds the rows of a battle.
SET lock_timeout = '5s';
DROP INDEX battles_open;
ALTER TABLE battle_killmails DROP CONSTRAINT battle_killmails_pkey;
ALTER TABLE battle_killmails DROP CONSTRAINT battle_killmails_killmail_id_key;
ALTER TABLE battle_killmails ADD PRIMARY KEY (killmail_id);

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE battle_killmails DROP CONSTRAINT battle_killmails_pkey;
ALTER TABLE battle_killmails ADD CONSTRAINT battle_killmails_killmail_id_key UNIQUE (killmail_id);
ALTER TABLE battle_killmails ADD PRIMARY KEY (battle_id, killmail_id);
CREATE INDEX battles_open ON battles (system_id) WHERE status = 'open' AND deleted_at IS NULL;
