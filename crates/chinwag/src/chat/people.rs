//! Accounts as an embedding application finds them: by the subject of its tokens, or by their usernames here.

use std::time::Instant;

use chinwag_protocol::rest::{PublicUser, User};
use chinwag_protocol::{ErrorCode, limits};

use super::Chat;
use crate::auth::{Actor, is_subject};
use crate::error::Refusal;

/// The most people that one look-up returns.
const MAX_FOUND_USERS: usize = 50;

impl Chat {
    /// The account with exactly this username. `None` if there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn user_by_name(&self, username: &str) -> Result<Option<User>, Refusal> {
        let username = username.to_owned();
        self.store()
            .read(move |view| {
                let user = view.identity(&username)?.map(|identity| identity.user);
                Ok(user.filter(|user| user.username == username))
            })
            .await
    }

    /// The account of the user with this subject (`sub`) in your tokens; it is created if there is none. A
    /// new account has no password, so nobody signs in with one: your application vouches for the user. It
    /// gets another username if this one is taken.
    ///
    /// # Errors
    /// `BadRequest` if this can't be a `sub`, `Unavailable`.
    pub async fn ensure_user(&self, subject: &str) -> Result<User, Refusal> {
        if !is_subject(subject) {
            return Err(Refusal::BadRequest("this can't be the subject of a token"));
        }
        let user_id = self.provision(subject.to_owned()).await?;
        self.store()
            .read(move |view| view.user(user_id)?.ok_or(Refusal::Unauthenticated("Unknown account")))
            .await
    }

    /// The users with these ids.
    pub(crate) async fn users_by_id(&self, ids: Vec<i64>) -> Result<Vec<PublicUser>, Refusal> {
        self.store().read(move |view| Ok(view.users_by_id(&ids)?)).await
    }

    /// Users whose names contain, for every word of the text, a word that begins with it.
    pub(crate) async fn find_users(&self, actor: &Actor, text: String) -> Result<Vec<PublicUser>, Refusal> {
        self.inner.limits.searches.take(&actor.user_id, Instant::now()).map_err(Refusal::RateLimited)?;
        if text.chars().count() > limits::MAX_NAME_CHARS {
            let (kind, code) = ("string_too_long", ErrorCode::InvalidFrame);
            return Err(Refusal::invalid_as("query", kind, code, "query has more than 64 characters"));
        }
        self.store().read(move |view| Ok(view.users_like(&text, MAX_FOUND_USERS)?)).await
    }
}
