-- migrate:up
SET lock_timeout = '5s';

-- Every instance that keeps answers is notified of each commit that changes what searches find: all kept answers are
-- out of date then, because any search may find what is new. With Typesense a change is found once it is copied, so that
-- what leaves the queue of copies counts, too. Equal messages of a transaction are one.
CREATE FUNCTION notify_search_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('search_changes', '*');
    RETURN NULL;
END
$$;
CREATE TRIGGER notify_changed AFTER INSERT OR UPDATE OR DELETE ON killmails
    FOR EACH STATEMENT EXECUTE FUNCTION notify_search_changes();
CREATE TRIGGER notify_changed AFTER INSERT OR UPDATE OR DELETE ON battle_documents
    FOR EACH STATEMENT EXECUTE FUNCTION notify_search_changes();
CREATE TRIGGER notify_changed AFTER UPDATE ON entities
    FOR EACH STATEMENT EXECUTE FUNCTION notify_search_changes();
CREATE TRIGGER notify_copied AFTER DELETE ON engine_queue
    FOR EACH STATEMENT EXECUTE FUNCTION notify_search_changes();

-- migrate:down
SET lock_timeout = '5s';

DROP TRIGGER notify_copied ON engine_queue;
DROP TRIGGER notify_changed ON entities;
DROP TRIGGER notify_changed ON battle_documents;
DROP TRIGGER notify_changed ON killmails;
DROP FUNCTION notify_search_changes;
