-- What was made with an Idempotency-Key: a repeat of the request answers it instead of making another. Messages have
-- their own, in the log.
CREATE TABLE made_once (
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key        TEXT    NOT NULL,
    -- SHA-256 of what was asked for.
    request    BLOB    NOT NULL,
    made_id    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;
