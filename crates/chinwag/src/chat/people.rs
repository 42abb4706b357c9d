//! Accounts as an embedding application asks for them: by what its tokens call its users, or by their names here.

use chinwag_protocol::rest::User;

use super::Chat;
use crate::auth::is_subject;
use crate::error::Refusal;

impl Chat {
    /// The account of this username, written to the letter. `None` if there is none.
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

    /// The account of the user whom your tokens call so (`sub`); it is made if there is none. It has no password
    /// then, so nobody signs in with one: your application vouches for whoever uses it. Its username is another one
    /// if somebody here has that name.
    ///
    /// # Errors
    /// `BadRequest` if no `sub` can be this, `Unavailable`.
    pub async fn ensure_user(&self, subject: &str) -> Result<User, Refusal> {
        if !is_subject(subject) {
            return Err(Refusal::BadRequest("this can't be the subject of a token"));
        }
        let user_id = self.provision(subject.to_owned()).await?;
        self.store()
            .read(move |view| view.user(user_id)?.ok_or(Refusal::Unauthenticated("Unknown account")))
            .await
    }
}
