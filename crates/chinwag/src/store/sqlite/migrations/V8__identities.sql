-- Who a user is for an application that vouches for them. Its names are none of ours: an account is found by what
-- stands here, never by its username.
CREATE TABLE identities (
    -- 'shared-secret': the application that shares a secret.
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (id),
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

-- Accounts without a password were made for a token, under its subject. Those with one may be anybody's who took a
-- name of the other application, so they stay on their own.
INSERT INTO identities (issuer, subject, user_id)
SELECT 'shared-secret', username, id FROM users WHERE password_hash IS NULL;

-- Whether there is an administrator is asked at each registration.
CREATE INDEX administrators ON users (role) WHERE role = 'admin';
