-- migrate:up
SET lock_timeout = '5s';
-- The rows of a battle are written in one statement with it and deleted in one transaction with it; checking the
-- reference of each cost a thirtieth of the CPU of a backfill.
-- It comes together with the code that deletes the rows itself, because no release precedes either. Had one, it would
-- have waited: the retention of former code deletes a battle alone, and rows that no page shows would stay.
ALTER TABLE battle_killmails DROP CONSTRAINT battle_killmails_battle_id_fkey;
ALTER TABLE battle_links DROP CONSTRAINT battle_links_battle_id_fkey;
ALTER TABLE battle_participants DROP CONSTRAINT battle_participants_battle_id_fkey;
ALTER TABLE battle_participant_ships DROP CONSTRAINT battle_participant_ships_battle_id_fkey;
ALTER TABLE battle_revisions DROP CONSTRAINT battle_revisions_battle_id_fkey;
ALTER TABLE battle_side_parties DROP CONSTRAINT battle_side_parties_battle_id_fkey;
ALTER TABLE battle_sides DROP CONSTRAINT battle_sides_battle_id_fkey;

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE battle_killmails ADD CONSTRAINT battle_killmails_battle_id_fkey FOREIGN KEY (battle_id)
  REFERENCES battles (id) ON DELETE CASCADE;
ALTER TABLE battle_links ADD CONSTRAINT battle_links_battle_id_fkey FOREIGN KEY (battle_id)
  REFERENCES battles (id) ON DELETE CASCADE;
ALTER TABLE battle_participants ADD CONSTRAINT battle_participants_battle_id_fkey FOREIGN KEY (battle_id)
  REFERENCES battles (id) ON DELETE CASCADE;
ALTER TABLE battle_participant_ships ADD CONSTRAINT battle_participant_ships_battle_id_fkey FOREIGN KEY (battle_id)
  REFERENCES battles (id) ON DELETE CASCADE;
ALTER TABLE battle_revisions ADD CONSTRAINT battle_revisions_battle_id_fkey FOREIGN KEY (battle_id)
  REFERENCES battles (id) ON DELETE CASCADE;
ALTER TABLE battle_side_parties ADD CONSTRAINT battle_side_parties_battle_id_fkey FOREIGN KEY (battle_id)
  REFERENCES battles (id) ON DELETE CASCADE;
ALTER TABLE battle_sides ADD CONSTRAINT battle_sides_battle_id_fkey FOREIGN KEY (battle_id)
  REFERENCES battles (id) ON DELETE CASCADE;
