-- What the servers of one database share besides its log. Times are Unix milliseconds by the clock of this database,
-- but for those of one-time tokens, which are by the clock of the server that made them.

-- What would otherwise be files in each server's data folder: the keys of tokens and of push messages.
CREATE TABLE secrets (
    name  TEXT COLLATE "C" PRIMARY KEY,
    bytes BYTEA NOT NULL
);

-- Tokens that work once, as their SHA-256: tickets for sockets, with the token that each stands for, encrypted under a
-- key that only the ticket gives; and setup links.
CREATE TABLE one_time_tokens (
    hash       BYTEA PRIMARY KEY,
    purpose    TEXT NOT NULL CHECK (purpose IN ('ticket', 'setup')),
    stands_for BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at);

-- The servers. `folder` is the id of the data folder, `files` says where the bytes of files are.
CREATE TABLE nodes (
    name       TEXT COLLATE "C" PRIMARY KEY,
    folder     TEXT COLLATE "C" NOT NULL UNIQUE,
    files      TEXT NOT NULL,
    version    TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

-- Work that one server does for all: its data folder's id, and how long it may go on.
CREATE TABLE leases (
    name       TEXT COLLATE "C" PRIMARY KEY,
    holder     TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL
);

-- When the failed sign-ins of an account or an address are forgotten; as the SHA-256 of what is counted.
CREATE TABLE failed_sign_ins (
    key          BYTEA PRIMARY KEY,
    forgotten_at BIGINT NOT NULL
);
CREATE INDEX failed_sign_ins_by_time ON failed_sign_ins (forgotten_at);

-- The data folder of the server that writes these bytes.
ALTER TABLE loose_blobs ADD COLUMN begun_by TEXT COLLATE "C" NOT NULL DEFAULT '';
