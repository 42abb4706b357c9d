//! Users for whom another application vouches: (issuer, subject), and their accounts here.

use chinwag_protocol::UserId;

use super::sql::values;
use super::{Change, StoreError, View};

/// The issuer of tokens that are signed with the shared secret. There is one such application, whatever the
/// `iss` of its tokens: when an operator requires an issuer, or another one, everybody keeps their account.
pub(crate) const SHARED_SECRET: &str = "shared-secret";

impl View {
    /// The account of a subject.
    pub(crate) fn user_of_subject(&self, issuer: &str, subject: &str) -> Result<Option<UserId>, StoreError> {
        self.sql.one(
            "SELECT user_id FROM identities WHERE issuer = ?1 AND subject = ?2",
            values![issuer, subject],
            |row| row.get(0),
        )
    }
}

impl Change {
    /// Binds a subject to an account from now on.
    pub(crate) fn bind_subject(
        &mut self,
        issuer: &str,
        subject: &str,
        user_id: UserId,
    ) -> Result<(), StoreError> {
        self.sql.change(
            "INSERT INTO identities (issuer, subject, user_id) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (issuer, subject) DO UPDATE SET user_id = excluded.user_id",
            values![issuer, subject, user_id],
        )?;
        Ok(())
    }
}
