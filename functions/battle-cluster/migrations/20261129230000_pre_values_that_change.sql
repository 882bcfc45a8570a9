-- migrate:up
SET lock_timeout = '5s';

ALTER TABLE mails
    ADD COLUMN value_revision integer NOT NULL DEFAULT 0,
    ADD COLUMN value_version bigint;
CREATE INDEX mails_value_version ON mails (value_version) WHERE value_version IS NOT NULL;
COMMENT ON COLUMN mails.value_revision IS 'how often the feed has changed the value; an event with a lower one changes nothing';
COMMENT ON COLUMN mails.value_version IS 'clustering_configuration.values_version after the last change of the value';

ALTER TABLE clustering_configuration ADD COLUMN values_version bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN clustering_configuration.values_version IS
    'goes up with every changed value, so that processes drop the killmails that they have cached with an older one';

ALTER TABLE battle_revisions
    DROP CONSTRAINT battle_revisions_reason_check,
    ADD CONSTRAINT battle_revisions_reason_check CHECK (reason IN ('created', 'new_killmail', 'retroactive_attribution',
        'recluster', 'merge', 'split', 'edit', 'value_changed', 'merged', 'deleted')) NOT VALID;

-- migrate:down
SET lock_timeout = '5s';
DELETE FROM battle_revisions WHERE reason = 'value_changed';
ALTER TABLE battle_revisions
    DROP CONSTRAINT battle_revisions_reason_check,
    ADD CONSTRAINT battle_revisions_reason_check CHECK (reason IN ('created', 'new_killmail', 'retroactive_attribution',
        'recluster', 'merge', 'split', 'edit', 'merged', 'deleted'));
ALTER TABLE clustering_configuration DROP COLUMN values_version;
ALTER TABLE mails DROP COLUMN value_revision, DROP COLUMN value_version;
