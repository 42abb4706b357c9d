-- The client's own id comes first: one that begins with the time, as a ULID or UUIDv7 does, puts the messages of
-- a moment side by side, whoever sent them, where it took a page of the log for each sender.
DROP INDEX events_by_client_id;
CREATE UNIQUE INDEX events_by_client_id ON events (client_id, actor_id) WHERE client_id IS NOT NULL;
