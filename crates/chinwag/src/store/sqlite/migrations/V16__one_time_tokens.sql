-- Tokens that work once, as their SHA-256: tickets for sockets, with the token that each stands for, encrypted under a
-- key that only the ticket gives; and setup links.
CREATE TABLE one_time_tokens (
    hash       BLOB PRIMARY KEY,
    purpose    TEXT NOT NULL CHECK (purpose IN ('ticket', 'setup')),
    stands_for BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at);

-- Empty: this database has one server, which writes these bytes.
ALTER TABLE loose_blobs ADD COLUMN begun_by TEXT NOT NULL DEFAULT '';
