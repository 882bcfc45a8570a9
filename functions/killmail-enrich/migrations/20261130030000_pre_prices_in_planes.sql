-- migrate:up
SET lock_timeout = '5s';

-- Series have another layout; their days are loaded again when killmails ask for prices.
DELETE FROM market_prices;
UPDATE market_days SET loaded_rows = NULL, loaded_listed_rows = NULL, loaded_at = NULL WHERE loaded_rows IS NOT NULL;

-- migrate:down
SET lock_timeout = '5s';
DELETE FROM market_prices;
UPDATE market_days SET loaded_rows = NULL, loaded_listed_rows = NULL, loaded_at = NULL WHERE loaded_rows IS NOT NULL;
