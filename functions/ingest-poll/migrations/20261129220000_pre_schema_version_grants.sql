-- migrate:up
SET lock_timeout = '5s';
-- A function is ready once its schema version is in this table of dbmate.
GRANT SELECT ON schema_migrations TO "ingest-api", "ingest-backfill", "ingest-verify";

-- migrate:down
SET lock_timeout = '5s';
REVOKE SELECT ON schema_migrations FROM "ingest-api", "ingest-backfill", "ingest-verify";
