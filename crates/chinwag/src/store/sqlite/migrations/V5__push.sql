-- Push notifications and webhooks. Both follow the events' ids, which grow in the order of the commits:
-- one thread writes, so whoever has read up to an id will never see a lower one appear.

-- Which messages notify a participant.
ALTER TABLE participants ADD COLUMN notifications TEXT NOT NULL DEFAULT 'all'
    CHECK (notifications IN ('all', 'mentions', 'none'));

-- A device of a user. It ends with its session; that of another application's token has none.
CREATE TABLE push_subscriptions (
    id         INTEGER PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    session_id TEXT REFERENCES sessions (id) ON DELETE CASCADE,
    endpoint   TEXT NOT NULL UNIQUE,
    host       TEXT NOT NULL,
    p256dh     BLOB NOT NULL,
    auth       BLOB NOT NULL,
    content    TEXT NOT NULL CHECK (content IN ('full', 'none')),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX push_subscriptions_by_user ON push_subscriptions (user_id);
CREATE INDEX push_subscriptions_by_session ON push_subscriptions (session_id) WHERE session_id IS NOT NULL;

-- Whatever revokes a session, another process included, ends its devices in the same transaction.
CREATE TRIGGER push_subscriptions_end AFTER UPDATE OF revoked_at ON sessions
WHEN NEW.revoked_at IS NOT NULL
BEGIN
    DELETE FROM push_subscriptions WHERE session_id = NEW.id;
END;

-- A device that has to be told of a conversation, at most once each: what it is told is decided when it is
-- told. `seq` is the newest message that asks for it.
CREATE TABLE push_jobs (
    subscription_id INTEGER NOT NULL REFERENCES push_subscriptions (id) ON DELETE CASCADE,
    conversation_id INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    due_at          INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (subscription_id, conversation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX push_jobs_by_due ON push_jobs (due_at);

-- Up to which event devices have got their jobs. Nobody is notified of what was there before.
INSERT INTO meta (key, value) SELECT 'push_position', coalesce(max(id), 0) FROM events;

CREATE TABLE webhooks (
    id              INTEGER PRIMARY KEY,
    url             TEXT NOT NULL,
    secret          BLOB NOT NULL,
    conversation_id INTEGER REFERENCES conversations (id),
    -- A JSON list; NULL: all.
    events          TEXT,
    -- The id of the last event that it has passed.
    position        INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    due_at          INTEGER NOT NULL DEFAULT 0,
    failing_since   INTEGER,
    last_error      TEXT,
    disabled_at     INTEGER,
    created_at      INTEGER NOT NULL
) STRICT;
