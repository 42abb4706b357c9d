-- What a commit told beside events, as a JSON list, for the other nodes. Numbered without holes under the lock of the log,
-- and removed when every node has read it or has been away for too long. By its stamp a transaction is known again.
CREATE TABLE notices (
    id      BIGINT PRIMARY KEY,
    stamp   TEXT NOT NULL,
    at      TIMESTAMPTZ NOT NULL DEFAULT now(),
    notices TEXT NOT NULL
);
