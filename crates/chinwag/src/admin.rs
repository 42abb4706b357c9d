//! Changes to a data folder from the command line, even while a server runs on it.
//!
//! No change here writes an event. A running server reads accounts and sessions whenever it sees a token, and
//! checks its connected users, and groups without an owner, when it notices that accounts changed.

use std::path::Path;
use std::time::Duration;

use chinwag_protocol::Timestamp;
use chinwag_protocol::rest::{Register, User, UserRole};

use crate::auth::{Tokens, hash_now};
use crate::chat::{insert_account, is_password, username, validate_account};
use crate::config::Auth;
use crate::error::Refusal;
use crate::secrets;
use crate::server::StartError;
use crate::store::{Account, NewSession, SHARED_SECRET, Store, View};
use crate::store_url::StoreUrl;

/// The accounts of a data folder.
pub struct Accounts {
    store: Store,
    tokens: Tokens,
}

/// An account to create.
#[derive(Clone)]
pub struct NewAccount {
    /// 1 to 64 letters, digits or `. _ -` of one script, no `.` or `-` at its ends.
    pub username: String,
    /// Optional.
    pub email: Option<String>,
    /// 8 to 256 bytes.
    pub password: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// The role on the whole server.
    pub role: UserRole,
}

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No account has this name.
    #[error("there is no user {0}")]
    Unknown(String),
    /// The account is disabled.
    #[error("the user {0} is disabled")]
    Disabled(String),
    /// The change was refused.
    #[error("{0}")]
    Refused(Refusal),
    /// The password can't be hashed, or the token can't be signed.
    #[error("can't compute the secret")]
    Crypto,
}

impl From<Refusal> for AccountError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<crate::store::StoreError> for AccountError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl Accounts {
    /// Opens the accounts of a database, or of the one in the data folder, and creates what is missing. A new database
    /// is for `serve`, never for a demo.
    ///
    /// # Errors
    /// If the folder or its secret can't be used.
    pub fn open(folder: &Path, store: Option<&StoreUrl>) -> Result<Self, StartError> {
        let store = Store::open_beside(folder, store.map(StoreUrl::secret))?;
        let claimed: Result<(), Refusal> = store.write_blocking(|change| match change.mode()? {
            Some(_) => Ok(()),
            None => Ok(change.set_mode("serve")?),
        });
        claimed.map_err(|error| StartError::System(error.to_string()))?;
        let tokens = Tokens::new(&secrets::token_key(&store, folder)?, &Auth::default());
        Ok(Self { store, tokens })
    }

    /// Creates an account.
    ///
    /// # Errors
    /// If a field is invalid, or the name or address is taken.
    pub fn add(&self, new: &NewAccount) -> Result<User, AccountError> {
        let register = Register {
            username: new.username.clone(),
            // An e-mail address is validated only if there is one.
            email: new.email.clone().unwrap_or_else(|| "nobody@example.com".to_owned()),
            password: new.password.clone(),
            first_name: new.first_name.clone(),
            last_name: new.last_name.clone(),
        };
        let valid = validate_account(&register, new.role)?;
        let hash = hash_now(&new.password).map_err(|_| AccountError::Crypto)?;
        let email = valid.email.filter(|_| new.email.is_some());
        let account = Account { password_hash: Some(hash), email, ..valid };
        Ok(self.store.write_blocking(move |change| {
            let user = insert_account(change, &account)?;
            // This tells a server that waits for its first administrator.
            change.count_account_change()?;
            Ok::<_, Refusal>(user)
        })?)
    }

    /// Every account, oldest first.
    ///
    /// # Errors
    /// If the database can't be read.
    pub fn list(&self) -> Result<Vec<User>, AccountError> {
        Ok(self.store.read_blocking(View::users)?)
    }

    /// Enables or disables an account. Disabling also ends all of its sessions.
    ///
    /// # Errors
    /// If there is no such account.
    pub fn set_active(&self, name: &str, is_active: bool) -> Result<(), AccountError> {
        let user = self.find(name)?;
        self.store.write_blocking(move |change| {
            change.set_user_active(user.id, is_active)?;
            if !is_active {
                change.revoke_sessions(user.id)?;
            }
            Ok::<_, Refusal>(change.count_account_change()?)
        })?;
        Ok(())
    }

    /// Makes a user an administrator of the server, or an ordinary user again.
    ///
    /// # Errors
    /// If there is no such account.
    pub fn set_role(&self, name: &str, role: UserRole) -> Result<(), AccountError> {
        let user = self.find(name)?;
        self.store.write_blocking(move |change| {
            change.set_user_role(user.id, role)?;
            Ok::<_, Refusal>(change.count_account_change()?)
        })?;
        Ok(())
    }

    /// Links an account to a user of the application that shares its secret: from now on, tokens with this
    /// `sub` belong to this account and to no other.
    ///
    /// # Errors
    /// If there is no such account.
    pub fn link(&self, name: &str, subject: &str) -> Result<(), AccountError> {
        let (user, subject) = (self.find(name)?, subject.to_owned());
        self.store.write_blocking(move |change| {
            change.bind_subject(SHARED_SECRET, &subject, user.id)?;
            Ok::<_, Refusal>(change.count_account_change()?)
        })?;
        Ok(())
    }

    /// Gives an account another username. Its id, messages, sessions and password stay. Its open sockets
    /// reconnect within a second, under the new name.
    ///
    /// # Errors
    /// If there is no such account, or the name is invalid or taken.
    pub fn rename(&self, name: &str, new: &str) -> Result<(), AccountError> {
        let user = self.find(name)?;
        let new = username(new)?;
        self.store.write_blocking(move |change| {
            if change.identity(&new)?.is_some_and(|taken| taken.user.id != user.id) {
                return Err(Refusal::UsernameTaken);
            }
            change.set_username(user.id, &new)?;
            Ok::<_, Refusal>(change.count_account_change()?)
        })?;
        Ok(())
    }

    /// Deletes an account for good: all of its sessions, its password, and its personal data. Its username
    /// and address are free again. Its messages stay, as those of a deleted user. The server gives groups that the
    /// user alone owned another owner, as when the last owner leaves.
    ///
    /// # Errors
    /// If there is no such account.
    pub fn remove(&self, name: &str) -> Result<(), AccountError> {
        let user = self.find(name)?;
        self.store.write_blocking(move |change| {
            change.erase_user(user.id)?;
            change.revoke_sessions(user.id)?;
            Ok::<_, Refusal>(change.count_account_change()?)
        })?;
        Ok(())
    }

    /// Replaces a password, and ends all sessions of the account.
    ///
    /// # Errors
    /// If there is no such account, or the password is too short or too long.
    pub fn set_password(&self, name: &str, password: &str) -> Result<(), AccountError> {
        let user = self.find(name)?;
        if !is_password(password) {
            return Err(AccountError::Refused(Refusal::BadRequest("a password needs 8 to 256 bytes")));
        }
        let hash = hash_now(password).map_err(|_| AccountError::Crypto)?;
        self.store.write_blocking(move |change| {
            change.set_password_hash(user.id, &hash)?;
            change.revoke_sessions(user.id)?;
            Ok::<_, Refusal>(change.count_account_change()?)
        })?;
        Ok(())
    }

    /// Opens a session for an account and returns its token.
    ///
    /// # Errors
    /// If there is no such account, or it is disabled.
    pub fn token(&self, name: &str, lifetime: Duration) -> Result<String, AccountError> {
        let user = self.find(name)?;
        if !user.is_active {
            return Err(AccountError::Disabled(user.username));
        }
        let now = Timestamp::now();
        let session = NewSession::new(user.id, now, lifetime, "chinwag token");
        let token = self
            .tokens
            .sign(&user.username, &session.id, now, session.expires_at)
            .map_err(|_| AccountError::Crypto)?;
        self.store.write_blocking(move |change| Ok::<_, Refusal>(change.insert_session(&session)?))?;
        Ok(token)
    }

    fn find(&self, name: &str) -> Result<User, AccountError> {
        let identity = self.store.read_blocking(|view| view.identity(name))?;
        identity.map(|identity| identity.user).ok_or_else(|| AccountError::Unknown(name.to_owned()))
    }
}
