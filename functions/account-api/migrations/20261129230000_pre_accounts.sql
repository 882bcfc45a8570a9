-- migrate:up
SET lock_timeout = '5s';

CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 128),
    email text CHECK (length(email) <= 254),
    primary_character_id uuid,
    is_super_admin boolean NOT NULL DEFAULT false,
    is_blocked boolean NOT NULL DEFAULT false,
    blocked_reason text,
    blocked_by uuid,
    blocked_at timestamptz,
    deleted_at timestamptz,
    anonymised_at timestamptz,
    terms_accepted_at timestamptz,
    preferences jsonb NOT NULL DEFAULT '{}',
    version bigint NOT NULL DEFAULT 0,
    last_login_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT accounts_anonymised_after_deletion CHECK (anonymised_at IS NULL OR deleted_at IS NOT NULL)
);
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX accounts_to_anonymise ON accounts (deleted_at) WHERE deleted_at IS NOT NULL AND anonymised_at IS NULL;
COMMENT ON COLUMN accounts.version IS 'counts the changes of the account; events and sessions carry it';

CREATE TABLE characters (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    eve_character_id bigint NOT NULL UNIQUE,
    name text NOT NULL,
    owner_hash text NOT NULL,
    corporation_id bigint NOT NULL,
    corporation_name text NOT NULL,
    alliance_id bigint,
    alliance_name text,
    scopes text[] NOT NULL DEFAULT '{}',
    access_token text,
    refresh_token text,
    token_expires_at timestamptz,
    token_state text NOT NULL DEFAULT 'ok' CHECK (token_state IN ('ok', 'refresh_failed', 'revoked')),
    last_refresh_at timestamptz,
    last_verified_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (account_id, id)
);
CREATE INDEX characters_of_account ON characters (account_id, created_at);
COMMENT ON COLUMN characters.access_token IS 'encrypted, as v1.<key id>.<base64>';
COMMENT ON COLUMN characters.refresh_token IS 'encrypted, as v1.<key id>.<base64>';

-- Deferred: a new account and its first character refer to each other.
ALTER TABLE accounts ADD CONSTRAINT accounts_primary_character FOREIGN KEY (id, primary_character_id)
    REFERENCES characters (account_id, id) DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE features (
    key text PRIMARY KEY,
    name text NOT NULL,
    description text NOT NULL
);
INSERT INTO features (key, name, description) VALUES
    ('battle-reports', 'Battle reports', 'Battles with their sides, pilots and losses'),
    ('battle-intel', 'Battle intel', 'Statistics of alliances, corporations and characters');

CREATE TABLE account_roles (
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    feature_key text NOT NULL REFERENCES features (key),
    rank integer NOT NULL CHECK (rank IN (10, 20, 30, 40)),
    granted_by uuid,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, feature_key)
);

-- One row: who may log in.
CREATE TABLE auth_config (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    require_membership boolean NOT NULL,
    allowed_corporation_ids bigint[] NOT NULL DEFAULT '{}',
    allowed_alliance_ids bigint[] NOT NULL DEFAULT '{}',
    denied_corporation_ids bigint[] NOT NULL DEFAULT '{}',
    denied_alliance_ids bigint[] NOT NULL DEFAULT '{}',
    version bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE access_tokens (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    digest text NOT NULL UNIQUE,
    can_write boolean NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX access_tokens_of_account ON access_tokens (account_id, created_at);
COMMENT ON COLUMN access_tokens.digest IS 'SHA-256 of the token in hex; the token itself is stored nowhere';

-- Cooldown of each upstream; it holds for every function of the context and after every restart.
CREATE TABLE upstream_cooldowns (
    upstream text PRIMARY KEY,
    quiet_until timestamptz,
    bans integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    reason text,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Messages are written in the transaction that they describe, and deleted once their Broker has accepted them.
CREATE TABLE outbox_messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    broker text NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    parked_at timestamptz,
    parked_reason text
);
CREATE INDEX outbox_messages_waiting ON outbox_messages (broker, id) WHERE parked_at IS NULL;
CREATE INDEX outbox_messages_parked ON outbox_messages (broker) WHERE parked_at IS NOT NULL;
COMMENT ON COLUMN outbox_messages.parked_at IS 'when the Broker refused the message for good; it waits for an operator';

-- migrate:down
SET lock_timeout = '5s';
ALTER TABLE accounts DROP CONSTRAINT accounts_primary_character;
DROP TABLE outbox_messages, upstream_cooldowns, access_tokens, auth_config, account_roles, features, characters, accounts;
