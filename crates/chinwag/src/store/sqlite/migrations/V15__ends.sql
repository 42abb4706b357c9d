-- A log ends with its newest event. Its conversation keeps only the end of what was removed from it, so an append
-- changes no conversation.
DROP TRIGGER events_are_removed;
ALTER TABLE conversations DROP COLUMN head_position;
ALTER TABLE conversations DROP COLUMN last_message_id;
CREATE TRIGGER events_are_removed AFTER DELETE ON events
BEGIN
    UPDATE removed_events SET position = OLD.id WHERE position < OLD.id;
    UPDATE conversations SET head_seq = OLD.seq, head_stamp = OLD.stamp
    WHERE id = OLD.conversation_id AND head_seq < OLD.seq;
END;
