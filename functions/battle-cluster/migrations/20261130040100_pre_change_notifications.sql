-- migrate:up
SET lock_timeout = '5s';

-- Every instance that caches answers about battles is notified of each commit that changes one. The payload is the ids,
-- separated by commas, or * where they do not fit or are not known.
CREATE FUNCTION notify_battle_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids text;
BEGIN
    SELECT string_agg(id::text, ',') INTO ids FROM (SELECT DISTINCT id FROM changed LIMIT 201) AS first_ids;
    IF ids IS NOT NULL THEN
        PERFORM pg_notify('battle_changes', CASE WHEN length(ids) > 7500 THEN '*' ELSE ids END);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER notify_inserted AFTER INSERT ON battles
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION notify_battle_changes();
CREATE TRIGGER notify_updated AFTER UPDATE ON battles
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION notify_battle_changes();
CREATE TRIGGER notify_deleted AFTER DELETE ON battles
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION notify_battle_changes();

-- An edit is shown with every battle that has its killmails.
CREATE FUNCTION notify_all_battles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('battle_changes', '*');
    RETURN NULL;
END
$$;
CREATE TRIGGER notify_edited AFTER INSERT OR UPDATE ON battle_edits
    FOR EACH STATEMENT EXECUTE FUNCTION notify_all_battles();

-- migrate:down
SET lock_timeout = '5s';
DROP TRIGGER notify_edited ON battle_edits;
DROP TRIGGER notify_deleted ON battles;
DROP TRIGGER notify_updated ON battles;
DROP TRIGGER notify_inserted ON battles;
DROP FUNCTION notify_all_battles;
DROP FUNCTION notify_battle_changes;
