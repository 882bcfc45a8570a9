-- migrate:up
SET lock_timeout = '5s';

-- Links to the public card of a battle. The token is stored as it is: whoever reads this table reads the battles too.
CREATE TABLE battle_shares (
    id uuid PRIMARY KEY,
    battle_id uuid NOT NULL REFERENCES battles (id) ON DELETE CASCADE,
    token text NOT NULL UNIQUE,
    created_by uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_by uuid,
    revoked_at timestamptz
);
CREATE INDEX battle_shares_battle ON battle_shares (battle_id, created_at);
COMMENT ON COLUMN battle_shares.battle_id IS 'The battle that was shared; it may be the alias of another one by now.';
COMMENT ON COLUMN battle_shares.created_by IS 'the account; NULL for the owner of one machine without logins; revoked_by likewise';

-- The newest image of each shared battle, rendered once for all instances.
CREATE TABLE battle_cards (
    battle_id uuid PRIMARY KEY REFERENCES battles (id) ON DELETE CASCADE,
    revision integer NOT NULL,
    design integer NOT NULL,
    png bytea NOT NULL
);
ALTER TABLE battle_cards ALTER COLUMN png SET STORAGE EXTERNAL;
COMMENT ON COLUMN battle_cards.revision IS 'of the battle that the image shows';
COMMENT ON COLUMN battle_cards.design IS 'the version of the drawing; another one is drawn again';

GRANT SELECT, INSERT ON battle_shares TO "battle-api";
GRANT UPDATE (revoked_by, revoked_at) ON battle_shares TO "battle-api";
GRANT SELECT, INSERT ON battle_cards TO "battle-api";
GRANT UPDATE (revision, design, png) ON battle_cards TO "battle-api";

-- migrate:down
SET lock_timeout = '5s';
DROP TABLE battle_cards;
DROP TABLE battle_shares;
