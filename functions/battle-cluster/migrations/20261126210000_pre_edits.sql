-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE battles
    ADD COLUMN quiet_seconds integer NOT NULL DEFAULT 900,
    ADD COLUMN name text CHECK (length(name) BETWEEN 1 AND 120),
    ADD COLUMN suggestions jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN battles.quiet_seconds IS 'The silence after its last fight mail that ends it, in event time.';
COMMENT ON COLUMN battles.name IS 'What people call it; null while nobody named it.';
COMMENT ON COLUMN battles.suggestions IS 'Splits that people might want: [{"doubt", "first": [ids], "second": [ids]}].';
CREATE INDEX battles_open_end ON battles (last_killmail_at) WHERE status = 'open' AND deleted_at IS NULL;

ALTER TABLE battle_participants
    ADD COLUMN is_awoxer boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN battle_participants.is_awoxer IS 'At least half of the pilot''s victims were of the own party.';

-- For the watermark and for time ranges; without it both would read every killmail.
CREATE INDEX mails_in_time ON mails (occurred_at, killmail_id);

-- What each revision changed and why. Totals are those after the revision; compare two rows for the difference.
CREATE TABLE battle_revisions (
    battle_id uuid NOT NULL REFERENCES battles (id) ON DELETE CASCADE,
    revision integer NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL CHECK (reason IN ('created', 'new_killmail', 'retroactive_attribution', 'recluster', 'merge',
        'split', 'edit', 'merged', 'deleted')),
    cause text NOT NULL,
    added bigint[] NOT NULL,
    removed bigint[] NOT NULL,
    absorbed uuid[] NOT NULL,
    total_kills integer NOT NULL,
    total_participants integer NOT NULL,
    total_isk_destroyed numeric(20, 2) NOT NULL,
    sides smallint NOT NULL,
    PRIMARY KEY (battle_id, revision)
);
COMMENT ON COLUMN battle_revisions.cause IS 'killmail:ID, edit:UUID or recluster:UUID.';

-- Manual edits. They refer to killmails, never to battles, and so outlive every recomputation.
CREATE TABLE battle_edits (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    battle_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('tag', 'split', 'exclude', 'scrub', 'pin', 'rename')),
    killmail_ids bigint[] NOT NULL CHECK (cardinality(killmail_ids) BETWEEN 1 AND 5000),
    data jsonb NOT NULL DEFAULT '{}',
    author text NOT NULL CHECK (length(author) BETWEEN 1 AND 128),
    note text CHECK (length(note) BETWEEN 1 AND 1000),
    made_at timestamptz NOT NULL,
    undone_at timestamptz,
    undone_by text CHECK (length(undone_by) BETWEEN 1 AND 128),
    version bigint NOT NULL UNIQUE,
    applied_version bigint NOT NULL DEFAULT 0
);
CREATE INDEX battle_edits_battle ON battle_edits (battle_id);
CREATE INDEX battle_edits_killmails ON battle_edits USING gin (killmail_ids);
COMMENT ON COLUMN battle_edits.battle_id IS 'The battle it was made on; that battle may be another one''s alias by now.';
COMMENT ON COLUMN battle_edits.killmail_ids IS
    'Whom it concerns. tag: held together as a chain; split: all of data.groups; exclude, scrub: these; pin: mails of '
    'the party, and wherever one of them is, the pin holds; rename: the mail whose battle has the name.';
COMMENT ON COLUMN battle_edits.data IS
    'split {"groups": [[ids], [ids]]}, scrub {"characterId"}, pin {"partyType", "partyId", "sideId"}, rename {"name"}.';
COMMENT ON COLUMN battle_edits.version IS 'clustering_configuration.edits_version after the last change of this row.';
COMMENT ON COLUMN battle_edits.applied_version IS 'The version that battles were last recomputed with; behind: pending.';

ALTER TABLE clustering_configuration
    ADD COLUMN edits_version bigint NOT NULL DEFAULT 0,
    ADD COLUMN auto_clustering boolean NOT NULL DEFAULT true,
    ADD COLUMN updated_by text;
COMMENT ON COLUMN clustering_configuration.edits_version IS
    'Goes up with every edit and undo, so that who remembers the edits knows when to look again.';

-- Reclustering jobs: a time range, part by part; each part is one event and one transaction.
CREATE TABLE reclustering_jobs (
    id uuid PRIMARY KEY,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    reason text NOT NULL
        CHECK (reason IN ('daily_verification', 'gap_detected', 'retention_cleanup', 'manual', 'backfill')),
    dry_run boolean NOT NULL DEFAULT false,
    window_minutes integer CHECK (window_minutes BETWEEN 5 AND 180),
    gap_max_minutes integer CHECK (gap_max_minutes BETWEEN 1 AND 60),
    min_kills integer CHECK (min_kills BETWEEN 1 AND 100),
    requested_by text NOT NULL CHECK (length(requested_by) BETWEEN 1 AND 128),
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    part integer NOT NULL DEFAULT 0,
    position_time timestamptz,
    position_id bigint,
    killmails_total integer NOT NULL DEFAULT 0,
    killmails_processed integer NOT NULL DEFAULT 0,
    killmails_moved integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    cancelled_by text,
    error_message text,
    CHECK (start_time < end_time)
);
CREATE INDEX reclustering_jobs_newest ON reclustering_jobs (created_at DESC);
COMMENT ON COLUMN reclustering_jobs.part IS 'Parts done; the event that asks for another part is an old one.';
COMMENT ON COLUMN reclustering_jobs.window_minutes IS 'Custom rules of this job; null where the configuration decides.';

-- The battles that a job changed, or would change in a dry run.
CREATE TABLE reclustering_changes (
    job_id uuid NOT NULL REFERENCES reclustering_jobs (id) ON DELETE CASCADE,
    battle_id uuid NOT NULL,
    change text NOT NULL CHECK (change IN ('created', 'updated', 'deleted', 'merged')),
    added bigint[] NOT NULL,
    removed bigint[] NOT NULL,
    merged_into uuid,
    PRIMARY KEY (job_id, battle_id)
);

GRANT SELECT ON battle_revisions, battle_edits, clustering_configuration, reclustering_jobs, reclustering_changes
    TO "battle-api";
GRANT SELECT (killmail_id, system_id, occurred_at, component_id) ON mails TO "battle-api";
GRANT INSERT ON battle_edits, reclustering_jobs, outbox TO "battle-api";
GRANT UPDATE (undone_at, undone_by, version) ON battle_edits TO "battle-api";
GRANT UPDATE (edits_version, window_minutes, gap_max_minutes, min_kills, auto_clustering, updated_at, updated_by)
    ON clustering_configuration TO "battle-api";
GRANT UPDATE (status, cancelled_by, completed_at) ON reclustering_jobs TO "battle-api";
GRANT SELECT, DELETE ON outbox TO "battle-api", "battle-close";
GRANT UPDATE (created_at) ON outbox TO "battle-api", "battle-close"; -- row locks while it is being delivered

GRANT SELECT ON battles TO "battle-close";
GRANT UPDATE (status, updated_at) ON battles TO "battle-close";
GRANT SELECT (occurred_at, historical) ON mails TO "battle-close";
GRANT INSERT ON outbox TO "battle-close";
GRANT SELECT, INSERT, UPDATE, DELETE ON event_attempts TO "battle-close";

-- migrate:down
SET lock_timeout = '5s';
REVOKE ALL ON outbox, event_attempts, battles FROM "battle-close";
REVOKE INSERT, DELETE, UPDATE ON outbox FROM "battle-api";
DROP TABLE reclustering_changes, reclustering_jobs, battle_edits, battle_revisions;
ALTER TABLE clustering_configuration
    DROP COLUMN edits_version, DROP COLUMN auto_clustering, DROP COLUMN updated_by;
DROP INDEX mails_in_time, battles_open_end;
ALTER TABLE battle_participants DROP COLUMN is_awoxer;
ALTER TABLE battles DROP COLUMN quiet_seconds, DROP COLUMN name, DROP COLUMN suggestions;
