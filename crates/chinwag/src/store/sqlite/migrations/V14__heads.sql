-- A conversation knows where its log ends, so its positions go on from there when events are gone.
ALTER TABLE conversations ADD COLUMN head_seq INTEGER NOT NULL DEFAULT 0;
-- NULL as long as nothing has happened.
ALTER TABLE conversations ADD COLUMN head_stamp TEXT;
-- The id of the newest event, and that of the newest message.
ALTER TABLE conversations ADD COLUMN head_position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN last_message_id INTEGER;
UPDATE conversations SET head_seq = head.seq, head_stamp = head.stamp, head_position = head.id FROM events AS head
WHERE head.conversation_id = conversations.id
  AND head.seq = (SELECT max(seq) FROM events WHERE events.conversation_id = conversations.id);
UPDATE conversations SET last_message_id = (
    SELECT id FROM events WHERE events.conversation_id = conversations.id AND kind = 'message'
    ORDER BY seq DESC LIMIT 1
);

-- The highest id of an event that was removed: none is given a second time.
CREATE TABLE removed_events (position INTEGER NOT NULL) STRICT;
INSERT INTO removed_events (position) VALUES (0);
CREATE TRIGGER events_are_removed AFTER DELETE ON events
BEGIN
    UPDATE removed_events SET position = OLD.id WHERE position < OLD.id;
END;
