//! Users of another application: maps the subject of its token to an account.
//!
//! An account is found by (issuer, subject), never by its username. Usernames go to whoever takes them first,
//! and a user of the application must never get the account of a person who took the same name here.

use chinwag_protocol::UserId;
use chinwag_protocol::limits::MAX_NAME_CHARS;
use chinwag_protocol::rest::UserRole;

use super::{Chat, accounts, names};
use crate::error::Refusal;
use crate::store::{Account, Change, SHARED_SECRET, random_token};

/// The most numbers to try after a taken name. After that a random word is quicker.
const MAX_NUMBER: u32 = 20;
/// For a subject without any character that a username may have.
const NAMELESS: &str = "user";

impl Chat {
    /// Creates the account of a subject that has none, under the most similar free name.
    pub(super) async fn provision(&self, subject: String) -> Result<UserId, Refusal> {
        self.store()
            .write(move |change| {
                // Two first requests may arrive at once.
                if let Some(user_id) = change.user_of_subject(SHARED_SECRET, &subject)? {
                    return Ok(user_id);
                }
                let account = Account {
                    username: free_username(change, &subject)?,
                    email: None,
                    first_name: String::new(),
                    last_name: String::new(),
                    password_hash: None,
                    role: UserRole::User,
                };
                let user = accounts::insert_account(change, &account)?;
                change.bind_subject(SHARED_SECRET, &subject, user.id)?;
                Ok(user.id)
            })
            .await
    }
}

/// `anna` for `anna`, or `anna-2` if that is taken.
fn free_username(change: &Change, subject: &str) -> Result<String, Refusal> {
    let name = names::username_from(subject).unwrap_or_else(|| NAMELESS.to_owned());
    if change.identity(&name)?.is_none() {
        return Ok(name);
    }
    for number in 2..=MAX_NUMBER {
        let candidate = with_suffix(&name, &number.to_string());
        if change.identity(&candidate)?.is_none() {
            return Ok(candidate);
        }
    }
    Ok(with_suffix(&name, &random_token()))
}

fn with_suffix(name: &str, suffix: &str) -> String {
    let room = MAX_NAME_CHARS.saturating_sub(suffix.len() + 1);
    format!("{}-{suffix}", name.chars().take(room).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_has_room_in_every_name() {
        assert_eq!(with_suffix(&"x".repeat(MAX_NAME_CHARS), "12").chars().count(), MAX_NAME_CHARS);
    }
}
