-- Where in the log somebody's part began: the position before the event with which they were added, zero for
-- those who were there from the beginning.
ALTER TABLE participants ADD COLUMN joined_seq INTEGER NOT NULL DEFAULT 0;
UPDATE participants SET joined_seq = added.seq - 1 FROM (
    SELECT conversation_id, json_extract(detail, '$.user_id') AS user_id, max(seq) AS seq
    FROM events WHERE kind = 'participant_added' GROUP BY 1, 2
) AS added
WHERE added.conversation_id = participants.conversation_id AND added.user_id = participants.user_id;

-- How far people had come who went: they go on from there if they are added again.
CREATE TABLE former_participants (
    conversation_id INTEGER NOT NULL,
    user_id         INTEGER NOT NULL,
    delivered_seq   INTEGER NOT NULL,
    read_seq        INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
) STRICT, WITHOUT ROWID;

-- Reactions stand in the order in which they came. `seq` is of the event that added it, `emoji_seq` of the one
-- since which somebody has reacted with this emoji.
ALTER TABLE reactions ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reactions ADD COLUMN emoji_seq INTEGER NOT NULL DEFAULT 0;
UPDATE reactions SET seq = coalesce((
    SELECT max(events.seq) FROM events
    WHERE events.message_id = reactions.message_id AND events.kind = 'reaction_added'
      AND events.actor_id = reactions.user_id AND json_extract(events.detail, '$.emoji') = reactions.emoji
), 0);
UPDATE reactions SET emoji_seq = (
    SELECT min(others.seq) FROM reactions AS others
    WHERE others.message_id = reactions.message_id AND others.emoji = reactions.emoji
);
