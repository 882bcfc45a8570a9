-- migrate:up
SET lock_timeout = '5s';
-- A function is ready once its schema version is in this table of dbmate.
GRANT SELECT ON schema_migrations TO "killmail-api";

-- migrate:down
SET lock_timeout = '5s';
REVOKE SELECT ON schema_migrations FROM "killmail-api";
