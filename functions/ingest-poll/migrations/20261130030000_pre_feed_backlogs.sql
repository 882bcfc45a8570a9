-- migrate:up
SET lock_timeout = '5s';

-- Files that appeared while nobody polled; they are read beside the newest ones. A row is deleted once all are read.
CREATE TABLE feed_backlogs (
  first_sequence bigint PRIMARY KEY,
  cursor bigint NOT NULL,
  head bigint NOT NULL,
  head_asked_at timestamptz,
  quiet_until timestamptz,
  skip_at timestamptz,
  found_at timestamptz,
  holes integer NOT NULL DEFAULT 0,
  tries integer NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK (first_sequence <= cursor AND cursor < head)
);
COMMENT ON COLUMN feed_backlogs.cursor IS 'this and the following columns: position in the feed';
COMMENT ON COLUMN feed_backlogs.head IS 'the first file that is no part of the backlog';

ALTER TABLE ingestion_stats_hourly ADD COLUMN from_backlog bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN ingestion_stats_hourly.from_backlog IS 'killmails first received from a backlog';

GRANT SELECT ON feed_backlogs TO "ingest-api";

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE ingestion_stats_hourly DROP COLUMN from_backlog;
DROP TABLE feed_backlogs;
