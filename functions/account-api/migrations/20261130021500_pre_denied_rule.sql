-- migrate:up
SET lock_timeout = '5s';
ALTER TABLE accounts ADD COLUMN denied_rule text CHECK (length(denied_rule) <= 64);
COMMENT ON COLUMN accounts.denied_rule IS
    'the rule that refused the newest login because of the organisation; NULL after one that was allowed';

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE accounts DROP COLUMN denied_rule;
