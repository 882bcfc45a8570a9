-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE battle_edits
    ADD COLUMN author_account_id uuid,
    ADD COLUMN author_character_id bigint,
    ADD COLUMN undone_by_character_id bigint;
COMMENT ON COLUMN battle_edits.author IS 'the name of the character that was logged in, or what the owner of one machine stated';
COMMENT ON COLUMN battle_edits.author_account_id IS 'who may undo it; NULL for edits of older releases and without logins';
COMMENT ON COLUMN battle_edits.author_character_id IS 'the character of the login; undone_by_character_id likewise';
GRANT UPDATE (undone_by_character_id) ON battle_edits TO "battle-api";

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE battle_edits
    DROP COLUMN author_account_id,
    DROP COLUMN author_character_id,
    DROP COLUMN undone_by_character_id;
