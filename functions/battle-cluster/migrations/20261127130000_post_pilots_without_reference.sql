-- migrate:up
SET lock_timeout = '5s';
-- Rows are written and deleted in the killmail's transaction; checking the reference for six pilots a killmail took a
-- third of the time of a backfill.
ALTER TABLE mail_pilots DROP CONSTRAINT mail_pilots_killmail_id_fkey;

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE mail_pilots ADD CONSTRAINT mail_pilots_killmail_id_fkey FOREIGN KEY (killmail_id) REFERENCES mails (killmail_id);
