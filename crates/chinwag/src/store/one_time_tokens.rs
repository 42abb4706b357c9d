//! Tokens that work once, as their hashes: tickets for sockets, and links that make the first administrator. Rows, so
//! that they work on every server of the database, and after a restart.

use chinwag_protocol::Timestamp;

use super::sql::values;
use super::{Change, StoreError, View};

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenPurpose {
    /// It opens a socket.
    Ticket,
    /// It makes the first administrator.
    Setup,
}

impl TokenPurpose {
    fn word(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Setup => "setup",
        }
    }
}

impl View {
    /// Whether a token can still be spent.
    pub(crate) fn is_one_time_token(
        &self,
        purpose: TokenPurpose,
        hash: &[u8],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.sql.single(
            "SELECT EXISTS (SELECT 1 FROM one_time_tokens WHERE hash = ?1 AND purpose = ?2 AND expires_at > ?3)",
            values![hash, purpose.word(), now],
            |row| row.get(0),
        )
    }
}

impl Change {
    /// Keeps a token until it is spent or too old, and forgets those that are.
    pub(crate) fn keep_one_time_token(
        &mut self,
        purpose: TokenPurpose,
        hash: &[u8],
        stands_for: &[u8],
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.sql.change("DELETE FROM one_time_tokens WHERE expires_at <= ?1", values![Timestamp::now()])?;
        self.sql.change(
            "INSERT INTO one_time_tokens (hash, purpose, stands_for, expires_at) VALUES (?1, ?2, ?3, ?4)",
            values![hash, purpose.word(), stands_for, expires_at],
        )?;
        Ok(())
    }

    /// Spends a token; `None` if it is unknown, spent or too old. Gives what it stands for.
    pub(crate) fn spend_one_time_token(
        &mut self,
        purpose: TokenPurpose,
        hash: &[u8],
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let spent: Option<(Vec<u8>, Timestamp)> = self.sql.one(
            "DELETE FROM one_time_tokens WHERE hash = ?1 AND purpose = ?2 RETURNING stands_for, expires_at",
            values![hash, purpose.word()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(spent.filter(|(_, expires_at)| *expires_at > now).map(|(stands_for, _)| stands_for))
    }

    /// Voids every token of this purpose.
    pub(super) fn void_one_time_tokens(&mut self, purpose: TokenPurpose) -> Result<(), StoreError> {
        self.sql.change("DELETE FROM one_time_tokens WHERE purpose = ?1", values![purpose.word()])?;
        Ok(())
    }
}
