-- migrate:up
SET lock_timeout = '5s';

-- A stream that missed entries of the live log reads what was enriched since. Rows are inserted in the order of this
-- time, so that an index of block ranges takes a few kilobytes and next to no time at inserts.
CREATE INDEX enriched_killmails_enriched_at ON enriched_killmails USING brin (enriched_at) WITH (pages_per_range = 32);
GRANT SELECT ON battles TO "killmail-api";
GRANT SELECT (system_id, wormhole_class) ON systems TO "killmail-api";

-- migrate:down
SET lock_timeout = '5s';
REVOKE SELECT (system_id, wormhole_class) ON systems FROM "killmail-api";
REVOKE SELECT ON battles FROM "killmail-api";
DROP INDEX enriched_killmails_enriched_at;
