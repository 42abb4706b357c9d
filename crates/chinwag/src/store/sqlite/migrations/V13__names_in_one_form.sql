-- Names and searches compare in one form: composed, and without case as Unicode says. `fold` and `name_key` are
-- functions of the server.

-- Where two accounts have names that are the same now, each keeps the key that it has.
UPDATE OR IGNORE users SET username_key = fold(username);
UPDATE OR IGNORE users SET email_key = fold(email) WHERE email IS NOT NULL;

-- The words of somebody's names, for looking people up.
ALTER TABLE users ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
UPDATE users SET name_key = name_key(username, first_name, last_name);

-- The index has what was written before; the next search makes it anew.
INSERT INTO message_text (message_text) VALUES ('delete-all');
DELETE FROM meta WHERE key = 'indexed_through';
