-- Times are Unix milliseconds. Names compare by their lower-case key.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    username      TEXT NOT NULL,
    username_key  TEXT NOT NULL UNIQUE,
    email         TEXT,
    email_key     TEXT UNIQUE,
    first_name    TEXT NOT NULL,
    last_name     TEXT NOT NULL,
    -- NULL: vouched for by another application, can't sign in by password.
    password_hash TEXT,
    role          TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    is_active     INTEGER NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    user_agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE conversations (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('direct', 'group')),
    title      TEXT NOT NULL,
    -- 'lower:higher' user id: two people have one direct conversation.
    direct_key TEXT UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE participants (
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    user_id         INTEGER NOT NULL REFERENCES users (id),
    role            TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    PRIMARY KEY (conversation_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX participants_by_user ON participants (user_id, conversation_id);

-- The logs of all conversations. Rows are appended in commit order and never move: a message's id is
-- its row. No foreign keys here: the appending transaction has just read both rows.
CREATE TABLE events (
    id              INTEGER PRIMARY KEY,
    conversation_id INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
    stamp           TEXT NOT NULL,
    ts              INTEGER NOT NULL,
    actor_id        INTEGER NOT NULL,
    kind            TEXT NOT NULL,
    content         TEXT NOT NULL,
    client_id       TEXT
) STRICT;
CREATE UNIQUE INDEX events_by_seq ON events (conversation_id, seq);
CREATE UNIQUE INDEX events_by_client_id ON events (actor_id, client_id) WHERE client_id IS NOT NULL;
