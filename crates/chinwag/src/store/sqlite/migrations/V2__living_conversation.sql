-- Edits, deletions, reactions, pins, membership: each is an event, and leaves its present state here.

-- The message that an event is about; NULL for the message itself and for events of the conversation.
ALTER TABLE events ADD COLUMN message_id INTEGER;
-- Of a message: how often it was written. Of an edit: which writing this is.
ALTER TABLE events ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
-- What else the event says, as JSON.
ALTER TABLE events ADD COLUMN detail TEXT;
ALTER TABLE events ADD COLUMN deleted_at INTEGER;
CREATE INDEX events_by_message ON events (message_id) WHERE message_id IS NOT NULL;

ALTER TABLE conversations ADD COLUMN topic TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN archived_at INTEGER;

ALTER TABLE participants ADD COLUMN delivered_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE participants ADD COLUMN read_seq INTEGER NOT NULL DEFAULT 0;

ALTER TABLE users ADD COLUMN presence TEXT NOT NULL DEFAULT 'online';
ALTER TABLE users ADD COLUMN presence_text TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN last_seen INTEGER;

CREATE TABLE reactions (
    message_id INTEGER NOT NULL,
    emoji      TEXT NOT NULL,
    user_id    INTEGER NOT NULL,
    PRIMARY KEY (message_id, emoji, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE pins (
    conversation_id INTEGER NOT NULL,
    message_id      INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, message_id)
) STRICT, WITHOUT ROWID;

-- Who is named in which message, for the count of unread mentions.
CREATE TABLE mentions (
    user_id         INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
    PRIMARY KEY (user_id, conversation_id, seq)
) STRICT, WITHOUT ROWID;

-- The current text of every message; trigrams find parts of words and scripts without spaces.
CREATE VIRTUAL TABLE message_text USING fts5 (content, content = '', contentless_delete = 1, tokenize = 'trigram');

-- A refresh token is stored as its SHA-256. One that is used twice ends its session.
CREATE TABLE refresh_tokens (
    hash       BLOB PRIMARY KEY,
    session_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
