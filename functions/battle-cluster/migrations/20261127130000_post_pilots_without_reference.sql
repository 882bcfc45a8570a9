-- migrate:up
SET lock_timeout = '5s';
-- Written in the mail's own transaction and removed with it; checking each of six pilots a mail took a third of the
-- time of filing history.
ALTER TABLE mail_pilots DROP CONSTRAINT mail_pilots_killmail_id_fkey;

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE mail_pilots ADD CONSTRAINT mail_pilots_killmail_id_fkey FOREIGN KEY (killmail_id) REFERENCES mails (killmail_id);
