-- Messages that applications left in transactions of their own. The servers take them into the log once those are
-- committed; what the rules refuse stays here, with the reason.
CREATE TABLE outbox (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id BIGINT NOT NULL,
    sender_id       BIGINT NOT NULL,
    content         TEXT NOT NULL,
    -- The message's client id: what is left twice under one key is one message.
    key             TEXT NOT NULL,
    refused         TEXT
);
CREATE INDEX outbox_waiting ON outbox (id) WHERE refused IS NULL;

-- An application may call this and needs no other right. The table is named with its schema, so that no caller can put one
-- of their own in its place.
CREATE SCHEMA IF NOT EXISTS chinwag;
GRANT USAGE ON SCHEMA chinwag TO PUBLIC;
DO $$
BEGIN
    EXECUTE format($create$
        CREATE FUNCTION chinwag.send(conversation BIGINT, sender BIGINT, content TEXT, key TEXT) RETURNS VOID
        LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
            INSERT INTO %I.outbox (conversation_id, sender_id, content, key)
            VALUES (conversation, sender, content, key);
            SELECT pg_notify('chinwag_outbox', '');
        $body$
    $create$, current_schema());
END $$;
REVOKE ALL ON FUNCTION chinwag.send(BIGINT, BIGINT, TEXT, TEXT) FROM PUBLIC;
