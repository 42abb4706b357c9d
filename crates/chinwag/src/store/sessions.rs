//! Sign-ins. A token names its session, so revoking a session ends its tokens.

use std::sync::Arc;
use std::time::Duration;

use chinwag_protocol::rest::{Session, User};
use chinwag_protocol::{Stamp, Timestamp, UserId};

use super::spelling::rows;
use super::sql::{Value, values};
use super::{Change, Notice, StoreError, View};

/// Sessions whose last access token expired this long ago are deleted, with their refresh tokens: those last
/// 90 days.
const FORGET_AFTER_MS: i64 = 91 * 24 * 60 * 60 * 1000;

/// A sign-in to store.
#[derive(Clone, Debug)]
pub(crate) struct NewSession {
    pub id: String,
    pub user_id: UserId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub user_agent: String,
}

/// Longer names of programs are cut.
const MAX_USER_AGENT_CHARS: usize = 200;

impl NewSession {
    /// A sign-in that begins now, under an id that nobody can guess.
    pub(crate) fn new(user_id: UserId, now: Timestamp, lifetime: Duration, user_agent: &str) -> Self {
        let is_printable = |character: &char| !character.is_control();
        Self {
            id: random_token(),
            user_id,
            created_at: now,
            expires_at: now.after(lifetime),
            user_agent: user_agent.chars().filter(is_printable).take(MAX_USER_AGENT_CHARS).collect(),
        }
    }
}

/// 160 random bits in base32.
pub(crate) fn random_token() -> String {
    (0..4).map(|_| Stamp::from_bits(rand::random()).to_string()).collect()
}

/// The outcome of a refresh token.
#[derive(Clone, Debug)]
pub(crate) enum Spent {
    /// It was valid and is now used up, or was used up a moment ago, at this time. Its session and user.
    Good(String, User, Timestamp),
    /// It was used before: somebody has a copy, so its session has ended.
    Reused(UserId),
    /// It is unknown, too old, or its session has ended.
    Unknown,
}

/// How long a used refresh token returns the same answer again: to a client whose answer was lost, and to
/// tabs that renew at the same time. Not after the next token was used, because then the answer arrived.
const RETRY_MS: i64 = 30_000;

/// A refresh token and its successor, both as hashes.
pub(crate) struct Exchange {
    pub spent: Vec<u8>,
    pub next: Vec<u8>,
    pub next_expires_at: Timestamp,
    /// When the access token that accompanies the successor expires.
    pub session_expires_at: Timestamp,
}

/// A connected user, and the session that admitted them; `None` for a token of another application.
pub(crate) type Stay = (UserId, Option<Arc<str>>);

impl View {
    /// Those whose account is gone or disabled, or whose session has ended, and whether the account is
    /// active.
    pub(crate) fn those_who_may_not_stay(&self, stays: &[Stay]) -> Result<Vec<(Stay, bool)>, StoreError> {
        let stated = rows(stays.iter().map(|(id, session)| (id.0, session.as_deref())));
        let listed_stays = self.sql.spelling().stays;
        let found: Vec<(usize, bool)> = self.sql.all(
            &format!(
                "SELECT stay.place, coalesce(users.is_active, FALSE) FROM {listed_stays} AS stay \
                 LEFT JOIN users ON users.id = stay.user_id \
                 LEFT JOIN sessions ON sessions.id = stay.session_id AND sessions.user_id = users.id \
                                   AND sessions.revoked_at IS NULL \
                 WHERE NOT coalesce(users.is_active, FALSE) \
                    OR (stay.session_id IS NOT NULL AND sessions.id IS NULL)"
            ),
            values![&stated],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let stay = |(place, is_active): (usize, bool)| Some((stays.get(place)?.clone(), is_active));
        Ok(found.into_iter().filter_map(stay).collect())
    }

    /// The user of this session, even if it has ended.
    pub(crate) fn user_of_session(&self, id: &str) -> Result<Option<UserId>, StoreError> {
        self.sql.one("SELECT user_id FROM sessions WHERE id = ?1", values![id], |row| row.get(0))
    }

    /// A user's live sessions, newest first. A session's newest token was always issued for `lifetime`.
    pub(crate) fn sessions(
        &self,
        user_id: UserId,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<Vec<Session>, StoreError> {
        self.sql.all(
            "SELECT id, created_at, expires_at, user_agent FROM sessions \
             WHERE user_id = ?1 AND revoked_at IS NULL \
               AND (expires_at > ?2 OR EXISTS (SELECT 1 FROM refresh_tokens WHERE session_id = sessions.id \
                                               AND used_at IS NULL AND refresh_tokens.expires_at > ?2)) \
             ORDER BY created_at DESC, id",
            values![user_id, now],
            |row| {
                let (created, expires): (i64, i64) = (row.get(1)?, row.get(2)?);
                // If the lifetime has changed since, this would lie outside.
                let renewed = Timestamp(expires).before(lifetime).min(now).0.max(created);
                Ok(Session {
                    id: row.get(0)?,
                    created_at: Timestamp(created).created_at(),
                    expires_at: Timestamp(expires).created_at(),
                    last_used_at: Timestamp(renewed).created_at(),
                    user_agent: row.get(3)?,
                    current: false,
                })
            },
        )
    }
}

impl Change {
    /// Stores a sign-in, and deletes the user's long expired ones.
    pub(crate) fn insert_session(&mut self, session: &NewSession) -> Result<(), StoreError> {
        let forgotten: &[Value<'_>] = values![session.user_id, session.created_at.0 - FORGET_AFTER_MS];
        self.sql.change(
            "DELETE FROM refresh_tokens WHERE session_id IN \
                 (SELECT id FROM sessions WHERE user_id = ?1 AND expires_at < ?2)",
            forgotten,
        )?;
        self.sql.change("DELETE FROM sessions WHERE user_id = ?1 AND expires_at < ?2", forgotten)?;
        self.sql.change(
            "INSERT INTO sessions (id, user_id, created_at, expires_at, user_agent) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            values![
                &session.id,
                session.user_id,
                session.created_at,
                session.expires_at,
                &session.user_agent
            ],
        )?;
        Ok(())
    }

    /// Ends one session of a user. False if they have no such live session.
    pub(crate) fn revoke_session(&mut self, user_id: UserId, id: &str) -> Result<bool, StoreError> {
        let changed = self.sql.change(
            "UPDATE sessions SET revoked_at = ?3 WHERE id = ?2 AND user_id = ?1 AND revoked_at IS NULL",
            values![user_id, id, Timestamp::now()],
        )?;
        if changed > 0 {
            self.tell(Notice::SessionEnded(user_id, id.to_owned()));
        }
        Ok(changed > 0)
    }

    /// Ends every session of a user, for a change of the account that servers notice by themselves.
    pub(crate) fn revoke_sessions(&mut self, user_id: UserId) -> Result<(), StoreError> {
        self.sql.change(
            "UPDATE sessions SET revoked_at = ?2 WHERE user_id = ?1 AND revoked_at IS NULL",
            values![user_id, Timestamp::now()],
        )?;
        Ok(())
    }
}

impl Change {
    /// Stores a refresh token of a session, by its hash.
    pub(crate) fn insert_refresh_token(
        &mut self,
        hash: &[u8],
        session: &str,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.sql.change(
            "INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES (?1, ?2, ?3)",
            values![hash, session, expires_at],
        )?;
        Ok(())
    }

    /// Uses up a refresh token and stores its successor. A second use, unless it is a retry, ends the
    /// session: thief and owner must both sign in again.
    pub(crate) fn spend_refresh_token(
        &mut self,
        exchange: &Exchange,
        now: Timestamp,
    ) -> Result<Spent, StoreError> {
        let found: Option<(String, i64, Option<i64>)> = self.sql.one(
            "SELECT sessions.id, sessions.user_id, used_at FROM refresh_tokens \
             JOIN sessions ON sessions.id = session_id \
             WHERE hash = ?1 AND refresh_tokens.expires_at > ?2 AND revoked_at IS NULL",
            values![&exchange.spent, now],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let Some((session, user_id, used_at)) = found else { return Ok(Spent::Unknown) };
        let Some(user) = self.user(UserId(user_id))?.filter(|user| user.is_active) else {
            return Ok(Spent::Unknown);
        };
        if let Some(used_at) = used_at {
            if (now.0 - used_at).abs() < RETRY_MS && self.is_unused(&exchange.next)? {
                return Ok(Spent::Good(session, user, Timestamp(used_at)));
            }
            self.revoke_session(user.id, &session)?;
            return Ok(Spent::Reused(user.id));
        }
        self.sql.change(
            "UPDATE refresh_tokens SET used_at = ?2 WHERE hash = ?1",
            values![&exchange.spent, now],
        )?;
        self.insert_refresh_token(&exchange.next, &session, exchange.next_expires_at)?;
        self.extend_session(&session, exchange.session_expires_at)?;
        Ok(Spent::Good(session, user, now))
    }

    fn is_unused(&self, hash: &[u8]) -> Result<bool, StoreError> {
        self.sql.single(
            "SELECT EXISTS (SELECT 1 FROM refresh_tokens WHERE hash = ?1 AND used_at IS NULL)",
            values![hash],
            |row| row.get(0),
        )
    }

    /// A session lasts as long as its newest token.
    fn extend_session(&mut self, id: &str, expires_at: Timestamp) -> Result<(), StoreError> {
        self.sql.change(
            "UPDATE sessions SET expires_at = ?2 WHERE id = ?1 AND expires_at < ?2",
            values![id, expires_at],
        )?;
        Ok(())
    }

    /// Ends every session of a user except one.
    pub(crate) fn revoke_other_sessions(
        &mut self,
        user_id: UserId,
        keep: Option<&str>,
    ) -> Result<(), StoreError> {
        self.sql.change(
            "UPDATE sessions SET revoked_at = ?3 WHERE user_id = ?1 AND revoked_at IS NULL AND id IS DISTINCT FROM ?2",
            values![user_id, keep, Timestamp::now()],
        )?;
        self.tell(Notice::OtherSessionsEnded(user_id, keep.map(str::to_owned)));
        Ok(())
    }
}
