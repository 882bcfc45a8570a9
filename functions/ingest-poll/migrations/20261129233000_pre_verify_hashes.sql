-- migrate:up
SET lock_timeout = '5s';
-- The verification of a day compares the hashes of its list with those of the stored killmails.
GRANT SELECT (killmail_id, occurred_at, zkb_hash) ON killmail_events TO "ingest-verify";

-- migrate:down
SET lock_timeout = '5s';
REVOKE SELECT (killmail_id, occurred_at, zkb_hash) ON killmail_events FROM "ingest-verify";
