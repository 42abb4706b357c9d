//! Accounts.

use chinwag_protocol::rest::{PresenceStatus, PublicUser, User, UserRole};
use chinwag_protocol::{Timestamp, UserId};

use super::one_time_tokens::TokenPurpose;
use super::spelling::list;
use super::sql::{DatabaseError, Row, values};
use super::words::{self, word};
use super::{Change, StoreError, View};
use crate::unicode::{fold, name_key, search_key};

/// A new account. `password_hash` is `None` if another application vouches for the user.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub username: String,
    pub email: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub password_hash: Option<String>,
    pub role: UserRole,
}

/// What a sign-in needs to know.
pub(crate) struct Identity {
    pub user: User,
    pub password_hash: Option<String>,
}

/// What a token is checked against.
pub(crate) struct AuthRow {
    pub user: User,
    /// Whether the token named a session of this account that is not revoked.
    pub session_is_live: bool,
}

impl AuthRow {
    /// Whether a token with this session admits the account. Tokens of other applications have no session.
    pub(crate) fn admits(&self, session: Option<&str>) -> bool {
        self.user.is_active && (session.is_none() || self.session_is_live)
    }
}

const COLUMNS: &str = "users.id, users.email, users.username, users.first_name, users.last_name, users.role, \
                       users.is_active, users.created_at";

fn user(row: &Row<'_>) -> Result<User, DatabaseError> {
    Ok(User {
        id: row.get(0)?,
        email: row.get(1)?,
        username: row.get(2)?,
        first_name: row.get(3)?,
        last_name: row.get(4)?,
        role: word(row, 5, "users.role")?,
        is_active: row.get(6)?,
        created_at: row.get::<Timestamp>(7)?.created_at(),
    })
}

/// The keys under which an account may be stored. Two older names may fold to one key: the first keeps it,
/// the other keeps its previous key.
fn keys(name: &str) -> [String; 2] {
    [name.to_lowercase(), fold(name)]
}

pub(super) fn public_user(row: &Row<'_>) -> Result<PublicUser, DatabaseError> {
    Ok(PublicUser { id: row.get(0)?, username: row.get(1)?, first_name: row.get(2)?, last_name: row.get(3)? })
}

impl View {
    /// The account with this username or e-mail address, whatever its normal form and case.
    pub(crate) fn identity(&self, name: &str) -> Result<Option<Identity>, StoreError> {
        for key in keys(name) {
            let identity = self.sql.one(
                &format!(
                    "SELECT {COLUMNS}, users.password_hash FROM users WHERE username_key = ?1 \
             UNION ALL SELECT {COLUMNS}, users.password_hash FROM users WHERE email_key = ?1 LIMIT 1"
                ),
                values![&key],
                |row| Ok(Identity { user: user(row)?, password_hash: row.get(8)? }),
            )?;
            if identity.is_some() {
                return Ok(identity);
            }
        }
        Ok(None)
    }

    /// An account, and whether this session of it is live.
    pub(crate) fn auth_row(&self, id: UserId, session: Option<&str>) -> Result<Option<AuthRow>, StoreError> {
        self.sql.one(
            &format!(
                "SELECT {COLUMNS}, sessions.id IS NOT NULL AND sessions.revoked_at IS NULL \
             FROM users LEFT JOIN sessions ON sessions.user_id = users.id AND sessions.id = ?2 \
             WHERE users.id = ?1"
            ),
            values![id, session],
            |row| Ok(AuthRow { user: user(row)?, session_is_live: row.get(8)? }),
        )
    }

    /// Whether anybody has an account.
    pub(crate) fn has_users(&self) -> Result<bool, StoreError> {
        self.sql.single("SELECT EXISTS (SELECT 1 FROM users)", &[], |row| row.get(0))
    }

    /// Whether somebody is an administrator of the server.
    pub(crate) fn has_administrator(&self) -> Result<bool, StoreError> {
        self.sql.single("SELECT EXISTS (SELECT 1 FROM users WHERE role = 'admin')", &[], |row| row.get(0))
    }

    /// Every account, oldest first.
    pub(crate) fn users(&self) -> Result<Vec<User>, StoreError> {
        self.sql.all(&format!("SELECT {COLUMNS} FROM users ORDER BY id"), &[], user)
    }

    /// The account with this id.
    pub(crate) fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.sql.one(&format!("SELECT {COLUMNS} FROM users WHERE id = ?1"), values![id], user)
    }
}

impl Change {
    /// Creates an account. Names are unique regardless of case; the caller checks this.
    pub(crate) fn insert_user(&mut self, account: &Account) -> Result<User, StoreError> {
        let created_at = Timestamp::now();
        let id = self.sql.single(
            "INSERT INTO users (username, username_key, email, email_key, first_name, last_name, name_key, \
                                password_hash, role, is_active, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, TRUE, ?10) RETURNING id",
            values![
                &account.username,
                &fold(&account.username),
                account.email.as_deref(),
                account.email.as_deref().map(fold).as_deref(),
                &account.first_name,
                &account.last_name,
                &name_key(&account.username, &account.first_name, &account.last_name),
                account.password_hash.as_deref(),
                words::text(account.role),
                created_at,
            ],
            |row| row.get(0),
        )?;
        self.void_setup_links(account.role)?;
        Ok(User {
            id,
            email: account.email.clone(),
            username: account.username.clone(),
            first_name: account.first_name.clone(),
            last_name: account.last_name.clone(),
            role: account.role,
            is_active: true,
            created_at: created_at.created_at(),
        })
    }

    /// Gives an account another username, which the caller has found to be free.
    pub(crate) fn set_username(&mut self, id: UserId, username: &str) -> Result<(), StoreError> {
        let Some(user) = self.user(id)? else { return Ok(()) };
        self.sql.change(
            "UPDATE users SET username = ?2, username_key = ?3, name_key = ?4 WHERE id = ?1",
            values![id, username, &fold(username), &name_key(username, &user.first_name, &user.last_name)],
        )?;
        Ok(())
    }

    /// Erases everything of an account except its id, and admits nobody with it. [`IS_ERASED`] finds it.
    pub(crate) fn erase_user(&mut self, id: UserId) -> Result<(), StoreError> {
        // With blanks, so that nobody can choose such a name, or mention it.
        let username = format!("deleted user {id}");
        self.sql.change(
            "UPDATE users SET username = ?2, username_key = ?3, name_key = ?4, \
                              first_name = '', last_name = '', email = NULL, email_key = NULL, \
                              password_hash = NULL, role = 'user', is_active = FALSE, \
                              presence = 'online', presence_text = '' \
             WHERE id = ?1",
            values![id, &username, &fold(&username), &name_key(&username, "", "")],
        )?;
        Ok(())
    }

    /// Enables or disables an account.
    pub(crate) fn set_user_active(&mut self, id: UserId, is_active: bool) -> Result<(), StoreError> {
        self.sql.change("UPDATE users SET is_active = ?2 WHERE id = ?1", values![id, is_active])?;
        Ok(())
    }

    /// Makes a user an administrator of the server, or an ordinary user again.
    pub(crate) fn set_user_role(&mut self, id: UserId, role: UserRole) -> Result<(), StoreError> {
        self.sql.change("UPDATE users SET role = ?2 WHERE id = ?1", values![id, words::text(role)])?;
        self.void_setup_links(role)
    }

    /// The first administrator makes every link void that would make one, also for the time when there is none again.
    fn void_setup_links(&mut self, role: UserRole) -> Result<(), StoreError> {
        match role {
            UserRole::Admin => self.void_one_time_tokens(TokenPurpose::Setup),
            UserRole::User => Ok(()),
        }
    }

    /// Replaces the password.
    pub(crate) fn set_password_hash(&mut self, id: UserId, hash: &str) -> Result<(), StoreError> {
        self.sql.change("UPDATE users SET password_hash = ?2 WHERE id = ?1", values![id, hash])?;
        Ok(())
    }
}

/// Whether an account was ended for good: nobody can choose such a name.
pub(super) const IS_ERASED: &str = "NOT users.is_active AND users.username = 'deleted user ' || users.id";

pub(super) const PRESENCE: &str = "users.presence";

/// A user's own status, and when they were last here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub chosen: PresenceStatus,
    pub text: String,
    pub last_seen: Option<Timestamp>,
}

/// Reads the columns `presence`, `presence_text` and `last_seen`, which come first.
pub(super) fn status(row: &Row<'_>) -> Result<Status, DatabaseError> {
    Ok(Status { chosen: word(row, 0, PRESENCE)?, text: row.get(1)?, last_seen: row.get(2)? })
}

impl View {
    /// A user's status; a new user's if there is no such user.
    pub(crate) fn status(&self, id: UserId) -> Result<Status, StoreError> {
        let found = self.sql.one(
            "SELECT presence, presence_text, last_seen FROM users WHERE id = ?1",
            values![id],
            status,
        )?;
        Ok(found.unwrap_or(Status { chosen: PresenceStatus::Online, text: String::new(), last_seen: None }))
    }

    /// The users with these ids, also inactive ones; unknown ids are skipped.
    pub(crate) fn users_by_id(&self, ids: &[i64]) -> Result<Vec<PublicUser>, StoreError> {
        let listed = self.sql.spelling().listed;
        self.sql.all(
            &format!(
                "SELECT id, username, first_name, last_name FROM users WHERE id IN {listed} ORDER BY id"
            ),
            values![&list(ids.iter().copied())],
            public_user,
        )
    }

    /// Active users, by name, whose names contain a word beginning with each word of the text. Without words,
    /// everybody.
    pub(crate) fn users_like(&self, text: &str, limit: usize) -> Result<Vec<PublicUser>, StoreError> {
        let words = search_key(text).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let is_named = self.sql.spelling().is_named;
        self.sql.all(
            &format!(
                "SELECT id, username, first_name, last_name FROM users WHERE is_active AND {is_named} \
                 ORDER BY username_key LIMIT ?2"
            ),
            values![&serde_json::Value::from(words).to_string(), limit],
            public_user,
        )
    }
}

impl Change {
    /// Stores the status that a user chose.
    pub(crate) fn set_status(
        &mut self,
        id: UserId,
        chosen: PresenceStatus,
        text: &str,
    ) -> Result<(), StoreError> {
        // Nobody chooses to be offline: a user who says so is here.
        let chosen = if chosen == PresenceStatus::Offline { PresenceStatus::Online } else { chosen };
        self.sql.change(
            "UPDATE users SET presence = ?2, presence_text = ?3 WHERE id = ?1",
            values![id, words::text(chosen), text],
        )?;
        Ok(())
    }

    /// Stores when a user was last here.
    pub(crate) fn set_last_seen(&mut self, id: UserId, last_seen: Timestamp) -> Result<(), StoreError> {
        self.sql.change(
            "UPDATE users SET last_seen = ?2 WHERE id = ?1 AND (last_seen IS NULL OR last_seen < ?2)",
            values![id, last_seen],
        )?;
        Ok(())
    }

    /// Changes a user's names.
    pub(crate) fn set_names(&mut self, id: UserId, first: &str, last: &str) -> Result<(), StoreError> {
        let Some(user) = self.user(id)? else { return Ok(()) };
        self.sql.change(
            "UPDATE users SET first_name = ?2, last_name = ?3, name_key = ?4 WHERE id = ?1",
            values![id, first, last, &name_key(&user.username, first, last)],
        )?;
        Ok(())
    }
}
