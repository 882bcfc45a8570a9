-- migrate:up
SET lock_timeout = '5s';

-- Links to public cards of battles, by the digest of what opens them.
CREATE TABLE battle_shares (
    token_digest text PRIMARY KEY,
    battle_id uuid NOT NULL,
    expires_at timestamptz,
    is_revoked boolean NOT NULL
);
COMMENT ON COLUMN battle_shares.battle_id IS 'the battle that was shared; it may be merged into another one by now';
ALTER TABLE battles ADD COLUMN merged_into uuid;
COMMENT ON COLUMN battles.merged_into IS 'the battle to which links of this deleted one lead';

GRANT SELECT ON battle_shares TO "search-api";
GRANT SELECT (battle_id, merged_into) ON battles TO "search-api";

-- migrate:down
SET lock_timeout = '5s';

REVOKE SELECT (battle_id, merged_into) ON battles FROM "search-api";
ALTER TABLE battles DROP COLUMN merged_into;
DROP TABLE battle_shares;
