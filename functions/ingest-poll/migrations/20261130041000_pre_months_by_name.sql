-- migrate:up
SET lock_timeout = '5s';

-- PostgreSQL may read the month from the name of any table before it joins; only CASE keeps the order.
CREATE OR REPLACE FUNCTION drop_killmail_months(before date) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  name text;
  dropped integer := 0;
BEGIN
  FOR name IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'killmail_events'::regclass
      AND CASE WHEN c.relname ~ '^killmail_events_\d{4}_\d{2}$'
        THEN to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= before END
  LOOP
    EXECUTE format('ALTER TABLE killmail_events DETACH PARTITION %I', name);
    EXECUTE format('DROP TABLE %I', name);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;

-- migrate:down
-- The function before fails under some plans, so that it does not come back.
SET lock_timeout = '5s';
