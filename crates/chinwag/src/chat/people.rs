//! Accounts as an embedding application asks for them: it knows its users by their names.

use chinwag_protocol::rest::User;

use super::Chat;
use super::sessions::AuthError;
use crate::error::Refusal;

impl Chat {
    /// The account of this name, written to the letter. `None` if there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn user_by_name(&self, username: &str) -> Result<Option<User>, Refusal> {
        let username = username.to_owned();
        self.store().read(move |view| Ok(view.auth_row(&username, None)?.map(|row| row.user))).await
    }

    /// The account of this name; it is made if there is none. It has no password then, so nobody signs in with
    /// one: your application vouches for whoever uses it.
    ///
    /// # Errors
    /// `BadRequest` if this can't be a name, or if it is another account's in another spelling.
    pub async fn ensure_user(&self, username: &str) -> Result<User, Refusal> {
        if let Some(user) = self.user_by_name(username).await? {
            return Ok(user);
        }
        self.provision(username).await.map_err(|error| match error {
            AuthError::Store(refusal) => refusal,
            _ => Refusal::BadRequest("this can't be the name of a user"),
        })
    }
}
