-- Files that people upload. Their bytes are in the store of files, under the name in `blob`: a row is
-- committed after its bytes, and they are removed after it.
CREATE TABLE files (
    -- AUTOINCREMENT: the number of a file that was deleted never names another one.
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id        INTEGER NOT NULL,
    name            TEXT NOT NULL,
    mime            TEXT NOT NULL,
    size            INTEGER NOT NULL,
    sha256          TEXT NOT NULL,
    -- Of a picture.
    width           INTEGER,
    height          INTEGER,
    blob            TEXT NOT NULL UNIQUE,
    created_at      INTEGER NOT NULL,
    -- NULL until a message has the file.
    conversation_id INTEGER,
    message_id      INTEGER
) STRICT;
CREATE INDEX files_by_owner ON files (owner_id, size);
CREATE INDEX files_by_message ON files (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX files_without_message ON files (created_at) WHERE message_id IS NULL;

-- Bytes that no row names: being written, or, if doomed, to be removed.
CREATE TABLE loose_blobs (
    blob      TEXT PRIMARY KEY,
    since     INTEGER NOT NULL,
    is_doomed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
