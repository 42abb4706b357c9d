//! Who is calling: tokens and passwords become an [`Actor`], which every domain function requires.

mod passwords;
mod refusals;
mod sealed;
mod tokens;

use std::sync::Arc;

use chinwag_protocol::rest::UserRole;
use chinwag_protocol::{Timestamp, UserId};

pub(crate) use passwords::{PasswordError, Passwords, hash_now};
pub(crate) use refusals::Refusals;
pub(crate) use sealed::{seal, unseal};
pub(crate) use tokens::{Holder, Tokens, is_subject, over_at};

/// The authenticated caller.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The user's id.
    pub user_id: UserId,
    /// The user's name.
    pub username: Arc<str>,
    /// The role on the whole server.
    pub role: UserRole,
    /// The sign-in behind the token; `None` for a token that another application signed.
    pub session: Option<Arc<str>>,
    /// When the token stops being valid.
    pub expires_at: Timestamp,
}
